//! Where a stage starts: at the mark of its checkpoint, or anew.

use std::sync::{Arc, Mutex, PoisonError};

use scorewheel_serving::{Adoption, Marking};

/// The mark that a stage waits for, and how that stands.
#[derive(Debug)]
pub(crate) struct Start {
    pub marking: Marking,
    answer: Mutex<Answer>,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Not yet, for this reason.
    Waiting(Arc<str>),
    /// The stage scores.
    Go(Option<Adoption>),
}

impl Start {
    pub fn new(marking: Marking) -> Self {
        Self { marking, answer: Mutex::new(Answer::Waiting("the models are not ready".into())) }
    }

    pub fn answer(&self) -> Answer {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the answer; a stage that scores does not stop. True if it is news.
    pub fn set(&self, answer: Answer) -> bool {
        let mut current = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let news = *current != answer && !matches!(*current, Answer::Go(_));
        if news {
            *current = answer;
        }
        news
    }

    pub fn is_settled(&self) -> bool {
        matches!(self.answer(), Answer::Go(_))
    }
}
