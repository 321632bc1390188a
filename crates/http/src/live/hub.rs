//! A frame a second for whoever looks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::figures::LiveFigures;
use super::frame::Frame;
use super::history::History;
use crate::page;
use crate::snapshot::Engine;
use crate::state::QueryState;

/// Time between two frames.
const TICK: Duration = Duration::from_secs(1);

/// A frame as it is sent, made once in each form that somebody asks for. Whoever is slow sees the newest, never a queue of
/// old ones.
#[derive(Debug, Default)]
pub struct Sent {
    frame: Frame,
    json: OnceLock<String>,
    html: OnceLock<String>,
}

impl Sent {
    fn new(frame: Frame) -> Arc<Self> {
        Arc::new(Self { frame, ..Self::default() })
    }

    /// The frame as JSON.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| serde_json::to_string(&self.frame).unwrap_or_default())
    }

    /// The frame as the page's content.
    #[must_use]
    pub fn html(&self) -> &str {
        self.html.get_or_init(|| page::content(&self.frame))
    }
}

/// Keeps the history and makes frames.
pub struct Hub {
    engine: Engine,
    state: Arc<dyn QueryState>,
    figures: Arc<dyn LiveFigures>,
    history: Mutex<History>,
    sender: watch::Sender<Arc<Sent>>,
}

impl Hub {
    /// Nothing is kept yet.
    #[must_use]
    pub fn new(engine: Engine, state: Arc<dyn QueryState>, figures: Arc<dyn LiveFigures>) -> Self {
        let (sender, _) = watch::channel(Arc::default());
        Self { engine, state, figures, history: Mutex::default(), sender }
    }

    /// Takes note of the state as it is, and sends a frame if anybody looks. To be called once a second.
    pub fn tick(&self) {
        let snapshot = self.state.snapshot();
        let (now, latency) = (self.figures.now(), self.figures.latency());
        let frame = {
            let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
            history.sample(now, &snapshot, latency);
            if self.sender.receiver_count() == 0 {
                return;
            }
            Frame::of(self.engine, &snapshot, &history, &*self.figures)
        };
        self.sender.send_replace(Sent::new(frame));
    }

    /// The frame now.
    #[must_use]
    pub fn frame(&self) -> Frame {
        let snapshot = self.state.snapshot();
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        Frame::of(self.engine, &snapshot, &history, &*self.figures)
    }

    /// The frames from now on, the first at once.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Sent>> {
        let mut receiver = self.sender.subscribe();
        // What lies in the channel may be from when somebody looked last.
        self.sender.send_replace(Sent::new(self.frame()));
        receiver.mark_changed();
        receiver
    }

    /// Ticks until `stopping` becomes true.
    pub async fn run(&self, mut stopping: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.tick(),
                // An error means that nobody is left to say stop, which is a reason to stop.
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_made_once_and_only_in_the_form_that_is_asked_for() {
        let sent = Sent::new(Frame { at: 7, ..Frame::default() });
        assert!(sent.json().starts_with("{\"at\":7,"), "{}", sent.json());
        assert!(sent.html.get().is_none());
        let first = sent.json().as_ptr();
        assert_eq!(first, sent.json().as_ptr());
        assert!(sent.html().contains("<h2 id=\"models\">"));
    }
}
