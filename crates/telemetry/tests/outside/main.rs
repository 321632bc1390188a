//! InfluxDB, Grafana and a collector of traces, as servers of ours that answer as theirs do.
//!
//! | file | what it holds |
//! |---|---|
//! | `doubles` | a server of ours that answers as it is told and keeps what it gets |
//! | `version_two` | InfluxDB 2 against its documented interface |
//! | `misfits` | wrong addresses, credentials, other servers instead of InfluxDB |
//! | `grafana` | Grafana's documented interface, with what a person changes |
//! | `traces` | a collector of traces: what it gets, and that nobody waits for it |
//!
//! The real InfluxDB is in the tests of services.

#![allow(clippy::unwrap_used, reason = "a test")]

mod doubles;
mod grafana;
mod misfits;
mod traces;
mod version_two;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::{Collector, Queue, Sender, SenderNote};

/// A sender at work, and what it tells.
struct Running {
    queue: Arc<Queue>,
    notes: Receiver<SenderNote>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(settings: InfluxSettings) -> Self {
        let queue = Arc::new(Queue::new(settings.capacity, settings.thinning));
        let sender = Sender::new(Arc::clone(&queue), settings).unwrap();
        let (tell, notes) = channel();
        // Nobody listens any more once the test is over.
        let thread = std::thread::spawn(move || {
            sender.run(move |note| {
                let _ = tell.send(note);
            });
        });
        Self { queue, notes, thread: Some(thread) }
    }

    fn collector(&self) -> Collector {
        Collector::new(Arc::clone(&self.queue), 0)
    }

    fn note(&self) -> SenderNote {
        self.notes.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Ends the sender and waits for it.
    fn close(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}
