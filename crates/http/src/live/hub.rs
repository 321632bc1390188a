//! A frame a second for whoever looks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::figures::LiveFigures;
use super::frame::Frame;
use super::history::History;
use super::together::{Known, Together};
use crate::page;
use crate::snapshot::Engine;
use crate::state::QueryState;

/// Time between two frames.
const TICK: Duration = Duration::from_secs(1);
/// How long after a frame was asked for somebody is taken to look: a page without a script asks every five seconds.
const INTEREST: Duration = Duration::from_secs(10);

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
    /// The other instances, where there can be any.
    together: Option<Together>,
    /// When a frame was asked for last.
    asked: Mutex<Option<Instant>>,
}

impl Hub {
    /// Nothing is kept yet.
    #[must_use]
    pub fn new(
        engine: Engine,
        state: Arc<dyn QueryState>,
        figures: Arc<dyn LiveFigures>,
        together: Option<Together>,
    ) -> Self {
        let (sender, _) = watch::channel(Arc::default());
        Self { engine, state, figures, history: Mutex::default(), sender, together, asked: Mutex::default() }
    }

    /// Takes note of the state as it is, and sends a frame if anybody looks. To be called once a second.
    pub fn tick(&self) {
        let snapshot = self.state.snapshot();
        let (now, latency) = (self.figures.now(), self.figures.latency());
        let known = self.together.as_ref().and_then(Together::known);
        let frame = {
            let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
            history.sample(now, &snapshot, latency);
            if self.sender.receiver_count() == 0 {
                return;
            }
            Frame::of(self.engine, &snapshot, &history, &*self.figures, known.as_deref())
        };
        self.sender.send_replace(Sent::new(frame));
    }

    /// The frame now. Whoever looks first waits for the other instances.
    pub async fn frame(&self) -> Frame {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let known: Option<Arc<Known>> = match &self.together {
            Some(together) => Some(together.recent(|| self.state.snapshot(), || self.figures.now()).await),
            None => None,
        };
        let snapshot = self.state.snapshot();
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        Frame::of(self.engine, &snapshot, &history, &*self.figures, known.as_deref())
    }

    fn is_looked_at(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        self.sender.receiver_count() > 0 || asked.is_some_and(|asked| asked.elapsed() < INTEREST)
    }

    /// The frames from now on, the first at once.
    pub async fn subscribe(&self) -> watch::Receiver<Arc<Sent>> {
        let mut receiver = self.sender.subscribe();
        // What lies in the channel may be from when somebody looked last.
        self.sender.send_replace(Sent::new(self.frame().await));
        receiver.mark_changed();
        receiver
    }

    /// Ticks until `stopping` becomes true.
    pub async fn run(&self, mut stopping: watch::Receiver<bool>) {
        let ticks = async {
            let mut ticks = seconds();
            loop {
                ticks.tick().await;
                self.tick();
            }
        };
        tokio::select! {
            () = ticks => {}
            () = self.keep_asking() => {}
            // An error means that nobody is left to say stop, which is a reason to stop.
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Asks the other instances while somebody looks, beside the ticks: one that does not answer holds up no frame.
    async fn keep_asking(&self) {
        let Some(together) = &self.together else { return std::future::pending().await };
        let mut ticks = seconds();
        loop {
            ticks.tick().await;
            if self.is_looked_at() {
                together.ask(|| self.state.snapshot(), || self.figures.now()).await;
            }
        }
    }
}

fn seconds() -> Interval {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
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
