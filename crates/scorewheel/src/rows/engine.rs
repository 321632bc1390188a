//! A model bound to the schema of rows, scoring batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use scorewheel_columns::{Batch, ErrorCode, RowError, Scores};
use scorewheel_model::{BoundModel, Scratch};

/// A bound model with its working memory. A panic of the model is an error of the rows that cause it.
pub struct Engine {
    model: Arc<dyn BoundModel>,
    scratch: Scratch,
}

impl Engine {
    /// An engine for one thread.
    #[must_use]
    pub fn new(model: Arc<dyn BoundModel>) -> Self {
        Self { scratch: model.new_scratch(), model }
    }

    /// The bound model.
    #[must_use]
    pub fn model(&self) -> &Arc<dyn BoundModel> {
        &self.model
    }

    /// Scores the whole batch and hands each part of the answers to `take`: the rows of the batch from which they
    /// start, and the answers. Mostly that is one part; after a panic it is one a row.
    pub fn score(&mut self, batch: &Batch, scores: &mut Scores, mut take: impl FnMut(usize, &Scores)) {
        if self.guarded(batch, 0..batch.rows(), scores) {
            take(0, scores);
            return;
        }
        for row in 0..batch.rows() {
            if !self.guarded(batch, row..row + 1, scores) {
                scores.reset(self.model.outputs(), 1);
                scores.set_error(0, RowError::new(ErrorCode::EnginePanicked));
            }
            take(row, scores);
        }
    }

    fn guarded(&mut self, batch: &Batch, rows: std::ops::Range<usize>, scores: &mut Scores) -> bool {
        let (model, scratch) = (&self.model, &mut self.scratch);
        let work = AssertUnwindSafe(|| model.score(batch, rows, scratch, scores));
        let done = catch_unwind(work).is_ok();
        if !done {
            self.scratch = self.model.new_scratch();
        }
        done
    }
}

/// The error of a row of the batch in words.
#[must_use]
pub fn explain(model: &dyn BoundModel, error: RowError, batch: &Batch, row: usize) -> String {
    if error.code == ErrorCode::EnginePanicked {
        return "the engine failed on this row; this is a defect of Scorewheel, please report it".into();
    }
    model.explain(error, batch, row).message
}
