//! An HTTP server that answers as a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub target: String,
    pub headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer with a length.
    Whole(u16, Vec<u8>),
    /// A redirect.
    Redirect(u16, String),
    /// An answer in chunks, without a length.
    Chunked(Vec<u8>),
    /// Promises more than it sends.
    Truncated(Vec<u8>, usize),
    /// Ends with its connection, without saying how long it is.
    Unbounded(Vec<u8>),
    /// Says how long the body is and sends none of it for a long time.
    Stalls(usize),
    /// Does not answer.
    Silent,
}

impl Reply {
    pub fn ok(body: &[u8]) -> Self {
        Self::Whole(200, body.to_vec())
    }
}

type Answer = dyn FnMut(&Request) -> Reply + Send;

/// A server on loopback.
pub struct Server {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<Request>>>,
    stopping: Arc<AtomicBool>,
}

impl Server {
    pub fn start(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let (seen, stops) = (Arc::clone(&requests), Arc::clone(&stopping));
        let answer: Arc<Mutex<Box<Answer>>> = Arc::new(Mutex::new(Box::new(answer)));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if stops.load(Ordering::Relaxed) {
                    return;
                }
                let (seen, stops, answer) = (Arc::clone(&seen), Arc::clone(&stops), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let _ = serve(connection.unwrap(), &seen, &stops, &answer);
                });
            }
        });
        Self { address, requests, stopping }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    mut connection: TcpStream,
    seen: &Mutex<Vec<Request>>,
    stops: &AtomicBool,
    answer: &Mutex<Box<Answer>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let request = Request { target, headers };
    let reply = (answer.lock().unwrap())(&request);
    seen.lock().unwrap().push(request);
    let mut head = |text: String| write!(connection, "HTTP/1.1 {text}connection: close\r\n\r\n");
    match reply {
        Reply::Whole(status, body) => {
            head(format!("{status} x\r\ncontent-length: {}\r\n", body.len()))?;
            connection.write_all(&body)
        }
        Reply::Redirect(status, to) => head(format!("{status} x\r\ncontent-length: 0\r\nlocation: {to}\r\n")),
        Reply::Chunked(body) => {
            head("200 x\r\ntransfer-encoding: chunked\r\n".into())?;
            for chunk in body.chunks(3) {
                write!(connection, "{:x}\r\n", chunk.len())?;
                connection.write_all(chunk)?;
                connection.write_all(b"\r\n")?;
            }
            connection.write_all(b"0\r\n\r\n")
        }
        Reply::Truncated(body, length) => {
            head(format!("200 x\r\ncontent-length: {length}\r\n"))?;
            connection.write_all(&body)
        }
        Reply::Unbounded(body) => {
            head("200 x\r\n".into())?;
            connection.write_all(&body)
        }
        Reply::Stalls(length) => {
            head(format!("200 x\r\ncontent-length: {length}\r\n"))?;
            wait(stops);
            Ok(())
        }
        Reply::Silent => {
            wait(stops);
            Ok(())
        }
    }
}

/// Until the test is over.
fn wait(stops: &AtomicBool) {
    while !stops.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(5));
    }
}
