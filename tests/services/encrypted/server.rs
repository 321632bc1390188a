//! An HTTPS server that notes what it is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use native_tls::{Identity, TlsAcceptor};

use super::authority::Certificate;

type Answer = dyn Fn(&str) -> (u16, Vec<u8>) + Send + Sync;

/// A server on loopback. One connection, one request.
pub struct Server {
    pub address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
    stopping: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request line with a status and a body.
    pub fn start(
        certificate: &Certificate,
        answer: impl Fn(&str) -> (u16, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        let pem = |path| std::fs::read(path).unwrap();
        let identity = Identity::from_pkcs8(&pem(&certificate.certificate), &pem(&certificate.key)).unwrap();
        let acceptor = TlsAcceptor::new(identity).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let (noted, stops) = (Arc::clone(&lines), Arc::clone(&stopping));
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if stops.load(Ordering::Acquire) {
                    return;
                }
                let (acceptor, noted, answer) = (acceptor.clone(), Arc::clone(&noted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that does not trust us leaves in the middle of it.
                    let Ok(stream) = acceptor.accept(connection.unwrap()) else { return };
                    let _ = serve(stream, &noted, &*answer);
                });
            }
        });
        Self { address, lines, stopping }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The request lines that have come.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: impl Read + Write, noted: &Mutex<Vec<String>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some((_, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
    let (status, body) = answer(first.trim());
    noted.lock().unwrap().push(first.trim().to_owned());
    let stream = reader.get_mut();
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)?;
    stream.flush()
}
