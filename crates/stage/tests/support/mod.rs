//! A stage by hand: streams that a test fills, polled when the test says so.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "../../../serving/tests/common/mod.rs"]
pub mod common;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use common::{TextDecoder, descriptor, judge};
use futures_util::Stream;
use futures_util::task::noop_waker_ref;
use scorewheel_model::TypeNumbering;
use scorewheel_serving::{Answer, LedgerMismatch};
use scorewheel_stage::*;

/// A stream that a test fills.
pub struct Feed<T>(Arc<Mutex<FeedState<T>>>);

struct FeedState<T> {
    items: VecDeque<T>,
    ended: bool,
    waker: Option<Waker>,
}

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Feed<T> {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(FeedState { items: VecDeque::new(), ended: false, waker: None })))
    }

    pub fn push(&self, item: T) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.items.push_back(item);
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    pub fn end(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.ended = true;
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    pub fn left(&self) -> usize {
        self.0.lock().unwrap().items.len()
    }
}

impl<T> Stream for Feed<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock().unwrap();
        match state.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if state.ended => Poll::Ready(None),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

pub type Output = (f64, i64);
pub type Encoder = fn(&Answer<'_>, &Record<i64>) -> Result<Output, EncodeError>;
pub type TestStage = Stage<Feed<Record<i64>>, i64, TextDecoder, Encoder, Output>;

/// The score and the control offset of its model; a score of 99 cannot be encoded.
pub fn encode(answer: &Answer<'_>, _: &Record<i64>) -> Result<Output, EncodeError> {
    let score = answer.scores.get(0, answer.row).as_f64().unwrap();
    if score == 99.0 {
        return Err(EncodeError { kind: "unlucky", reason: "nobody likes 99".into() });
    }
    Ok((score, answer.installed.reference.offset))
}

/// Notes that it was woken.
struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The models of a process, by hand.
pub struct World {
    pub messages: Feed<ModelItem>,
    pub models: Models,
    pub driver: Option<ModelDriver<Feed<ModelItem>>>,
    pub log: Vec<ModelMessage>,
}

/// One stage, by hand.
pub struct Task {
    pub records: Feed<Record<i64>>,
    pub stage: TestStage,
    pub handle: StageHandle,
    pub next: i64,
}

impl World {
    pub fn new() -> Self {
        Self::with(ModelsOptions::default())
    }

    pub fn with(options: ModelsOptions) -> Self {
        let messages = Feed::new();
        let (models, driver) = Models::new(messages.clone(), judge(), options);
        Self { messages, models, driver: Some(driver), log: Vec::new() }
    }

    /// Another process on the same control log, whose stream replays it.
    pub fn replaying(log: &[ModelMessage]) -> Self {
        let mut world = Self::new();
        for message in log {
            world.messages.push(message.clone().into());
        }
        world.log = log.to_vec();
        world.ready();
        world
    }

    pub fn message(&mut self, key: &str, value: Option<Vec<u8>>) -> i64 {
        let offset = self.log.len() as i64;
        let key = Some(Bytes::copy_from_slice(key.as_bytes()));
        let message = ModelMessage { offset, timestamp: 7, key, value: value.map(Bytes::from) };
        self.log.push(message.clone());
        self.messages.push(message.into());
        offset
    }

    /// Publishes a model; its control offset.
    pub fn publish(&mut self, data_type: &str, name: &str, content: &str) -> i64 {
        let value = descriptor(data_type, name, content).encode(TypeNumbering::Original);
        self.message(&format!("{data_type}/{name}"), Some(value.to_vec()))
    }

    pub fn remove(&mut self, data_type: &str, name: &str) -> i64 {
        self.message(&format!("{data_type}/{name}"), None)
    }

    pub fn ready(&mut self) {
        self.messages.push(ModelItem::Ready { end: None });
    }

    /// Polls the driver until it has nothing to do.
    pub fn drive(&mut self) {
        self.try_drive().unwrap();
    }

    pub fn try_drive(&mut self) -> Result<(), ModelsError> {
        let again = Arc::new(Again(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&again));
        while again.0.swap(false, Ordering::Relaxed) {
            let Some(driver) = &mut self.driver else { return Ok(()) };
            if let Poll::Ready(done) = Pin::new(driver).poll(&mut Context::from_waker(&waker)) {
                self.driver = None;
                return done;
            }
        }
        Ok(())
    }

    pub fn stage(&self, options: StageOptions) -> Task {
        self.try_stage(options).unwrap()
    }

    pub fn try_stage(&self, options: StageOptions) -> Result<Task, LedgerMismatch> {
        let records = Feed::new();
        let (stage, handle) =
            self.models.stage(records.clone(), TextDecoder::new(), encode as Encoder, options)?;
        Ok(Task { records, stage, handle, next: 0 })
    }
}

impl Task {
    /// Feeds records, numbered as a partition's offsets are.
    pub fn feed(&mut self, texts: &[&str]) {
        for text in texts {
            let value = (*text != "null").then(|| Bytes::copy_from_slice(text.as_bytes()));
            self.records.push(Record { value, data_type: None, context: self.next });
            self.next += 1;
        }
    }

    /// The next scored record, if there is one now.
    pub fn next(&mut self) -> Option<ScoredRecord<i64, Output>> {
        match Pin::new(&mut self.stage).poll_next(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(next) => next,
            Poll::Pending => None,
        }
    }

    pub fn has_ended(&mut self) -> bool {
        let polled = Pin::new(&mut self.stage).poll_next(&mut Context::from_waker(noop_waker_ref()));
        matches!(polled, Poll::Ready(None))
    }

    /// Everything that comes out now.
    pub fn take(&mut self) -> Vec<ScoredRecord<i64, Output>> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Everything that comes out now, as `offset: score@control`.
    pub fn shown(&mut self) -> Vec<String> {
        self.take().iter().map(shown).collect()
    }
}

pub fn shown(scored: &ScoredRecord<i64, Output>) -> String {
    let cut_over = scored.cut_over.map_or(String::new(), |cut_over| {
        let adopted = cut_over.adopted.map_or("", |adoption| adoption.as_str());
        format!("[{}{adopted}] ", cut_over.revision.control)
    });
    let offset = scored.record.context;
    match &scored.outcome {
        Outcome::Result { output: (score, control), model, .. } => {
            assert_eq!(model.offset, *control);
            format!("{cut_over}{offset}: {score}@{control}")
        }
        Outcome::DeadLetter { step, kind, .. } => format!("{cut_over}{offset}: {step} {kind}"),
        Outcome::Dropped { data_type } => format!("{cut_over}{offset}: dropped {data_type}"),
    }
}
