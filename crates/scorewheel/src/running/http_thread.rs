//! The HTTP server on a thread of its own.

use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scorewheel_http::{Application, Server};
use tokio::sync::watch;

use crate::exit_code::Failure;

/// How long requests under way may take when the process ends.
const LINGER: Duration = Duration::from_secs(2);

/// A server at work.
pub struct HttpThread {
    stopping: watch::Sender<bool>,
    thread: JoinHandle<io::Result<()>>,
}

impl HttpThread {
    /// Serves; `application` makes what is served, given what tells it that the process ends.
    ///
    /// # Errors
    /// If the system refuses the thread or what asynchronous input and output need.
    pub fn start(
        server: Server,
        application: impl FnOnce(watch::Receiver<bool>) -> Application,
    ) -> Result<Self, Failure> {
        let refused = |error: io::Error| Failure::run_time(format!("HTTP cannot be served: {error}"));
        let (stopping, stops) = watch::channel(false);
        let application = application(stops);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let thread = std::thread::Builder::new()
            .name("http".into())
            .spawn(move || {
                let served = runtime.block_on(server.serve(application));
                // Long polls on blocking threads end by themselves.
                runtime.shutdown_background();
                served
            })
            .map_err(refused)?;
        Ok(Self { stopping, thread })
    }

    /// Stops; waits for requests under way, but not for ever.
    pub fn stop(self) {
        // An error means that nobody listens any more, which is what is wanted.
        let _ = self.stopping.send(true);
        let deadline = Instant::now() + LINGER;
        while !self.thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
