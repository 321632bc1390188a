//! Committed results as they come.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scorewheel_http::{ResultEvent, ResultsFeed};
use scorewheel_topics::{Backend, TopicsError};
use tokio::sync::broadcast;

use crate::clients::{RecordReader, Tail, TailStart};
use crate::config::Config;

/// Results that a slow reader may be behind before it loses the oldest.
const BEHIND: usize = 4096;
/// How long to wait before a topic that could not be read is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// The results topic, read from its end while anybody listens.
pub struct ResultsTail {
    backend: Arc<dyn Backend>,
    config: Config,
    sender: broadcast::Sender<ResultEvent>,
    stopping: Arc<AtomicBool>,
    /// Whether the thread that reads is there.
    reading: Arc<Mutex<bool>>,
}

impl ResultsTail {
    /// Nobody listens yet, so nothing is read.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, config: Config, stopping: Arc<AtomicBool>) -> Self {
        let (sender, _) = broadcast::channel(BEHIND);
        Self { backend, config, sender, stopping, reading: Arc::default() }
    }

    fn start_reading(&self) {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if *reading {
            return;
        }
        let reader = Reader {
            backend: Arc::clone(&self.backend),
            config: self.config.clone(),
            sender: self.sender.clone(),
            stopping: Arc::clone(&self.stopping),
            reading: Arc::clone(&self.reading),
        };
        // Refused by the system: the next reader asks again.
        *reading = std::thread::Builder::new().name("results".into()).spawn(move || reader.run()).is_ok();
    }
}

impl ResultsFeed for ResultsTail {
    fn subscribe(&self) -> broadcast::Receiver<ResultEvent> {
        let receiver = self.sender.subscribe();
        self.start_reading();
        receiver
    }
}

struct Reader {
    backend: Arc<dyn Backend>,
    config: Config,
    sender: broadcast::Sender<ResultEvent>,
    stopping: Arc<AtomicBool>,
    reading: Arc<Mutex<bool>>,
}

impl Reader {
    fn run(self) {
        // What fails passes or ends the instance anyhow; here it is only tried again.
        while !self.is_done() {
            if self.read().is_err() {
                std::thread::sleep(TRY_AGAIN);
            }
        }
    }

    /// True if nobody listens any more; whoever comes next starts another reader.
    fn is_done(&self) -> bool {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.stopping.load(Ordering::Acquire) || self.sender.receiver_count() == 0;
        *reading = !done;
        done
    }

    fn read(&self) -> Result<(), TopicsError> {
        let topic = &self.config.topics.results;
        let Ok(mut decoder) = RecordReader::new(&self.config) else {
            return Ok(());
        };
        let mut tail = Tail::open(&*self.backend, topic, None, TailStart::End)?;
        while !self.stopping.load(Ordering::Acquire) && self.sender.receiver_count() > 0 {
            let Some(batch) = tail.next_batch()? else { continue };
            let partition = batch.source().partition();
            for record in batch.iter() {
                let json = decoder.read(topic, partition, &record).to_string();
                let event = ResultEvent { partition, offset: record.offset, json: json.into() };
                if self.sender.send(event).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}
