//! The thread that folds the models topic and loads models.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use scorewheel_scoring::control_topic::{ControlTopicError, check_control_log};
use scorewheel_scoring::{ControlAccess, TopicsAccess};
use scorewheel_serving::{Adopt, Fetcher, Judge, Selections};
use scorewheel_stage::{ModelItem, ModelMessage, Models, ModelsError, ModelsOptions};
use scorewheel_streams::FaultPoint;
use scorewheel_topics::{
    Backend, ReaderEvent, ReaderOptions, RecordBatch, Remedy, StartPosition, TopicPartition, TopicsError,
};

use super::polling::{Again, Queue};
use super::shared::{StageShared, lock};
use crate::exit_code::{ExitCode, Failure};

const POLL: Duration = Duration::from_millis(20);
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const THREAD: &str = "models";

/// What the thread works with.
pub struct ModelsThread {
    /// What the threads share.
    pub shared: Arc<StageShared>,
    /// The topics.
    pub backend: Arc<dyn Backend>,
    /// The models topic.
    pub topic: String,
    /// The rejections topic, the records topic, the group.
    pub access: TopicsAccess,
    /// Judges models.
    pub judge: Judge,
    /// Names this process in rejections.
    pub instance: String,
    /// What the operator has said about a ledger that does not match.
    pub adopt: Adopt,
    /// Fetches models by reference, if that is allowed.
    pub fetcher: Option<Box<dyn Fetcher>>,
    /// Which models of a route are asked.
    pub selections: Selections,
}

impl ModelsThread {
    /// Works until the instance ends.
    ///
    /// # Errors
    /// What it cannot go on with.
    pub fn work(mut self) -> Result<(), Failure> {
        if !self.wait_for_topic()? {
            return Ok(());
        }
        let known = self.access.rejections()?;
        let queue = Queue::default();
        let shared = Arc::clone(&self.shared);
        let options = ModelsOptions {
            instance: self.instance.clone(),
            rejections: known,
            quarantined: shared.markers.quarantined().into_iter().map(|(control, _)| control).collect(),
            adopt: self.adopt,
            fetcher: self.fetcher,
            selections: self.selections,
            surroundings: shared.clone(),
        };
        let (models, driver) = Models::new(queue.stream(), self.judge, options);
        *lock(&shared.models) = Some(models);
        let mut driver = pin!(driver);
        let again = Arc::new(Again::default());
        let waker = again.waker();
        let mut context = Context::from_waker(&waker);
        let partition = TopicPartition::new(self.topic.as_str(), 0);
        let mut reader = self.backend.assigned_reader(&ReaderOptions::default())?;
        reader.assign(&[(partition.clone(), StartPosition::Earliest)])?;
        let end = reader.end_offset(&partition)?;
        let mut batch = RecordBatch::new();
        let mut ready = false;
        while !shared.is_stopping() {
            match reader.poll(POLL, &mut batch) {
                Ok(ReaderEvent::Batch) => {
                    for record in batch.iter() {
                        let message = ModelMessage {
                            offset: record.offset,
                            timestamp: record.timestamp,
                            key: record.key.map(Bytes::copy_from_slice),
                            value: record.value.map(Bytes::copy_from_slice),
                        };
                        queue.push(ModelItem::Message(message));
                    }
                }
                Ok(ReaderEvent::EndOfPartition(_) | ReaderEvent::Nothing) => {}
                Err(error) if error.remedy() == Remedy::Retry => {
                    shared.wait_for(THREAD, Some(error.to_string()));
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            shared.wait_for(THREAD, None);
            if !ready && reader.position(&partition).is_some_and(|position| position >= end) {
                ready = true;
                queue.push(ModelItem::Ready { end: Some(end) });
            }
            if !queue.is_empty() {
                shared.fault(FaultPoint::BeforeBuild)?;
            }
            loop {
                match driver.as_mut().poll(&mut context) {
                    Poll::Ready(Err(ModelsError::Ledger(mismatch))) => {
                        return Err(Failure::new(ExitCode::LedgerMismatch, mismatch.to_string()));
                    }
                    Poll::Ready(Err(error)) => return Err(Failure::run_time(error.to_string())),
                    Poll::Ready(Ok(())) => return Ok(()),
                    Poll::Pending if again.take() && !shared.is_stopping() => {}
                    Poll::Pending => break,
                }
            }
            while let Some(rejection) = shared.rejections.pop() {
                if let Err(error) = self.access.reject(&rejection, crate::clock::now()) {
                    // Kept for the next round; it is known here, and only others are told later.
                    shared.wait_for(THREAD, Some(format!("a rejection is not written: {error}")));
                    shared.rejections.push(rejection);
                    break;
                }
            }
        }
        Ok(())
    }

    /// False if the instance is to end before there is one.
    fn wait_for_topic(&self) -> Result<bool, Failure> {
        while !self.shared.is_stopping() {
            let found = self.backend.admin().map_err(ControlTopicError::from);
            match found.and_then(|admin| check_control_log(&*admin, &self.topic)) {
                Ok(_) => {
                    self.shared.wait_for(THREAD, None);
                    return Ok(true);
                }
                Err(error @ ControlTopicError::Missing(_)) => {
                    self.shared.wait_for(THREAD, Some(error.to_string()));
                }
                Err(error @ ControlTopicError::Partitions { .. }) => {
                    return Err(Failure::new(ExitCode::Configuration, error.to_string()));
                }
                Err(ControlTopicError::Topics(error)) => retry(&self.shared, THREAD, error)?,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(false)
    }
}

/// Goes on if the error passes by itself, and says so.
pub(super) fn retry(
    shared: &StageShared,
    thread: &'static str,
    error: TopicsError,
) -> Result<(), TopicsError> {
    if error.remedy() != Remedy::Retry {
        return Err(error);
    }
    shared.wait_for(thread, Some(error.to_string()));
    Ok(())
}
