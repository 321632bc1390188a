//! A sender of points at work.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::{Collector, Queue, Sender, SenderNote};

/// A sender at work, and what it tells.
pub struct Running {
    /// What it sends from.
    pub queue: Arc<Queue>,
    /// What it tells.
    pub notes: Receiver<SenderNote>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts one.
    pub fn start(settings: InfluxSettings) -> Self {
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

    /// A collector of its points.
    pub fn collector(&self) -> Collector {
        Collector::new(Arc::clone(&self.queue), 0)
    }

    /// The next thing that it tells.
    pub fn note(&self) -> SenderNote {
        self.notes.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Ends the sender and waits for it.
    pub fn close(&mut self) {
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
