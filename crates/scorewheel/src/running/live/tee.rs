//! Several followers of the scores as one.

use std::sync::Arc;

use scorewheel_scoring::{FirstTarget, ScoreFollower, Scores};
use scorewheel_serving::ModelReference;
use scorewheel_topics::TopicPartition;

/// Tells each of these in turn.
pub struct Tee(pub Vec<Arc<dyn Scores>>);

impl Scores for Tee {
    fn follow(&self, input: &TopicPartition) -> Box<dyn ScoreFollower> {
        Box::new(Followers(self.0.iter().map(|scores| scores.follow(input)).collect()))
    }
}

struct Followers(Vec<Box<dyn ScoreFollower>>);

impl ScoreFollower for Followers {
    fn scored(&mut self, model: &ModelReference, score: FirstTarget<'_>, nanoseconds: u64) {
        for follower in &mut self.0 {
            follower.scored(model, score, nanoseconds);
        }
    }

    fn committed(&mut self) {
        for follower in &mut self.0 {
            follower.committed();
        }
    }

    fn rolled_back(&mut self) {
        for follower in &mut self.0 {
            follower.rolled_back();
        }
    }
}
