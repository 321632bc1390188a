//! Models by reference that are to be installed: those that are here, and those that are on their way.

use std::collections::HashMap;
use std::fmt;
use std::task::Waker;
use std::time::Duration;

use crate::fetch::{Fetched, Fetcher, WantedModel};
use crate::message::Put;
use crate::reference::ModelReference;
use crate::rejection::Refusal;
use crate::view::ModelView;

/// Pause before it is asked again for a model that is on its way, and for one that is delayed.
const COMING: Duration = Duration::from_millis(50);
const DELAYED: Duration = Duration::from_millis(250);

/// The models by reference that an installer waits for. Without a fetcher every message passes as it is.
#[derive(Default)]
pub struct Arrivals {
    fetcher: Option<Box<dyn Fetcher>>,
    waiting: HashMap<i64, Waiting>,
}

struct Waiting {
    put: Box<Put>,
    /// Why it does not come.
    delay: Option<String>,
}

/// What came of asking for a model.
#[derive(Debug)]
pub enum Arrival {
    /// It can be judged.
    Here(Box<Put>),
    /// It is refused.
    Refused(Refusal),
    /// It is on its way; `Some` says, once, why it does not come.
    Coming(Option<String>),
}

impl Arrivals {
    /// With what fetches, if somebody does.
    #[must_use]
    pub fn new(fetcher: Option<Box<dyn Fetcher>>) -> Self {
        Self { fetcher, waiting: HashMap::new() }
    }

    /// Whether anybody fetches models by reference.
    #[must_use]
    pub fn are_allowed(&self) -> bool {
        self.fetcher.is_some()
    }

    /// The message at `control`, if its model is on its way; to be given to [`Arrivals::ask`] again.
    #[must_use]
    pub fn take(&self, control: i64) -> Option<Box<Put>> {
        Some(self.waiting.get(&control)?.put.clone())
    }

    /// Asks for the model of a message.
    pub fn ask(&mut self, put: Box<Put>) -> Arrival {
        self.ask_with(put, Waker::noop())
    }

    /// The same; `waker` is woken when the answer may have changed.
    pub fn ask_with(&mut self, put: Box<Put>, waker: &Waker) -> Arrival {
        let (Some(fetcher), Some(wanted)) = (&mut self.fetcher, WantedModel::of(&put)) else {
            return Arrival::Here(put);
        };
        let control = wanted.control;
        let delay = match fetcher.fetch(&wanted, waker) {
            Fetched::Here { data, sha256 } => {
                self.waiting.remove(&control);
                return Arrival::Here(Box::new(put.supplied(data, sha256)));
            }
            Fetched::Refused(refusal) => {
                self.waiting.remove(&control);
                return Arrival::Refused(refusal);
            }
            Fetched::Coming => None,
            Fetched::Delayed(reason) => Some(reason),
        };
        let waiting = self.waiting.entry(control).or_insert_with(|| Waiting { put, delay: None });
        let news = delay.clone().filter(|_| waiting.delay != delay);
        // A further try does not make a store that failed a good one.
        if delay.is_some() {
            waiting.delay = delay;
        }
        Arrival::Coming(news)
    }

    /// Why the model at `control` does not come, if its last try failed, for people.
    #[must_use]
    pub fn postponed(&self, control: i64) -> Option<String> {
        Some(not_loaded(control, self.waiting.get(&control)?.delay.as_deref()?))
    }

    /// When to ask again.
    #[must_use]
    pub fn pause(&self) -> Duration {
        let comes = self.waiting.values().any(|waiting| waiting.delay.is_none());
        if comes { COMING } else { DELAYED }
    }

    /// What is still of interest: the models in force, and those that are being loaded.
    pub fn keep(&mut self, in_force: &[ModelView], loading: &[ModelReference]) {
        self.waiting.retain(|control, _| loading.iter().any(|reference| reference.offset == *control));
        if let Some(fetcher) = &mut self.fetcher {
            let in_force: Vec<_> = in_force.iter().map(|model| model.reference.clone()).collect();
            fetcher.keep(&in_force, loading);
        }
    }
}

/// That the model at `control` is not loaded, and why, for people.
#[must_use]
pub fn not_loaded(control: i64, reason: &str) -> String {
    format!("the model at control offset {control} is not loaded: {reason}")
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrivals").field("waiting", &self.waiting.keys()).finish_non_exhaustive()
    }
}
