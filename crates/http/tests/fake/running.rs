//! A server at work in front of a fake.
#![allow(dead_code, reason = "one of the tests that share this file drives the router without a server")]

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use scorewheel_http::{AccessRules, Application, Engine, Server};
use tokio::sync::watch;

use super::Fake;

/// Longest time that an answer is waited for.
const LONGEST: Duration = Duration::from_secs(20);

/// What is served of a fake, without results, records and other instances.
pub fn application(fake: &Arc<Fake>, stopping: watch::Receiver<bool>) -> Application {
    Application {
        engine: Engine::Streams,
        state: fake.clone(),
        cluster: None,
        metrics: fake.clone(),
        live: fake.clone(),
        results: None,
        gateway: None,
        access: AccessRules { loopback: true, ..AccessRules::default() },
        max_body_bytes: 1024,
        stopping,
    }
}

/// A server on a free port, on a thread of its own; it ends when this is dropped.
pub struct Running {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Running {
    /// Serves a fake; `change` may add to what is served, once the address is known.
    pub fn start(fake: &Arc<Fake>, change: impl FnOnce(SocketAddr, &mut Application)) -> Self {
        let server = Server::bind("127.0.0.1:0").unwrap();
        assert!(server.is_loopback());
        let address = server.address();
        assert_eq!(server.url(), format!("http://{address}"));
        let (stop, stopping) = watch::channel(false);
        let mut application = application(fake, stopping);
        change(address, &mut application);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().unwrap();
            runtime.block_on(server.serve(application))
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Asks for a path; the answer can be read.
    pub fn ask(&self, path: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONGEST)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        BufReader::new(stream)
    }

    /// Says that the process stops.
    pub fn stop(&self) {
        self.stop.send(true).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.stop.send(true);
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}
