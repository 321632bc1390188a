//! What became of the records of one batch, counted.

use crate::outcome::Step;

/// Counts of one batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    dead_letters: [u64; 4],
    dropped: u64,
    further: u64,
    results: Vec<Results>,
}

/// Rows of one model that took the same time each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    /// Index of the model in the revision.
    pub model: usize,
    /// Rows.
    pub count: u64,
    /// Duration of each, nanoseconds.
    pub nanoseconds: u64,
}

impl Tally {
    pub(crate) fn clear(&mut self) {
        self.dead_letters = [0; 4];
        self.dropped = 0;
        self.further = 0;
        self.results.clear();
    }

    pub(crate) fn dead_letter(&mut self, step: Step) {
        self.dead_letters[step as usize] += 1;
    }

    pub(crate) fn dropped(&mut self) {
        self.dropped += 1;
    }

    pub(crate) fn further(&mut self) {
        self.further += 1;
    }

    /// A result of a record that so many models score.
    pub(crate) fn result(&mut self, model: usize, nanoseconds: u64, among: usize) {
        let same = |results: &&mut Results| results.model == model && results.nanoseconds == nanoseconds;
        match self.results.iter_mut().rev().take(4 * among).find(same) {
            Some(results) => results.count += 1,
            None => self.results.push(Results { model, count: 1, nanoseconds }),
        }
    }

    /// Turns a result into a dead letter of the step `encode`: its bytes could not be made.
    pub fn encode_failed(&mut self, model: usize, nanoseconds: u64) {
        let same = |results: &&mut Results| results.model == model && results.nanoseconds == nanoseconds;
        if let Some(results) = self.results.iter_mut().find(same) {
            results.count -= 1;
            self.dead_letter(Step::Encode);
        }
    }

    /// Dead letters of one step.
    #[must_use]
    pub fn dead_letters(&self, step: Step) -> u64 {
        self.dead_letters[step as usize]
    }

    /// Dead letters of all steps.
    #[must_use]
    pub fn all_dead_letters(&self) -> u64 {
        self.dead_letters.iter().sum()
    }

    /// Records dropped because no model was in force.
    #[must_use]
    pub fn drops(&self) -> u64 {
        self.dropped
    }

    /// Results and dead letters beyond the first of their record: where a route asks several models.
    #[must_use]
    pub fn all_further(&self) -> u64 {
        self.further
    }

    /// Results by model and duration.
    #[must_use]
    pub fn results(&self) -> &[Results] {
        &self.results
    }

    /// Results of all models.
    #[must_use]
    pub fn all_results(&self) -> u64 {
        self.results.iter().map(|results| results.count).sum()
    }
}
