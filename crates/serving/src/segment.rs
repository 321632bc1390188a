//! A run of rows scored by one model in one call, or row by row after a panic.

use std::ops::Range;

use scorewheel_columns::{Batch, Scores};
use scorewheel_model::Scratch;

use crate::decoder::DataTypeIndex;
use crate::guard::guard;
use crate::meter::Meter;
use crate::outcome::DeadReason;
use crate::revision::InstalledModel;
use crate::watcher::ScoredRows;

/// Rows scored by one call.
pub(crate) struct Segment {
    /// Rows of the group.
    pub rows: Range<u32>,
    /// Index of the model in the revision.
    pub model: usize,
    /// The route.
    pub data_type: DataTypeIndex,
    pub scores: Scores,
    /// Scoring time divided by rows.
    pub nanoseconds: u64,
    /// The message of the panic, if all of its rows (after a rerun: its only row) are lost to one.
    pub panic: Option<Box<str>>,
}

impl Segment {
    /// Why this row has no answer, if it has none.
    pub fn failure(&self, row: u32) -> Option<DeadReason> {
        if let Some(panic) = &self.panic {
            return Some(DeadReason::Panicked(panic.clone()));
        }
        if self.scores.errors().is_empty() {
            return None;
        }
        let error = self.scores.error((row - self.rows.start) as usize)?;
        Some(DeadReason::Row { error, row })
    }
}

/// Scores segments and keeps the buffers of past ones.
#[derive(Default)]
pub(crate) struct SegmentPool {
    spare: Vec<Scores>,
}

/// Buffers that are kept; more are only needed after a panic.
const SPARE: usize = 8;

impl SegmentPool {
    /// Takes the buffers of a past batch.
    pub fn take_back(&mut self, segments: &mut Vec<Segment>) {
        for segment in segments.drain(..) {
            if self.spare.len() < SPARE && segment.panic.is_none() {
                self.spare.push(segment.scores);
            }
        }
    }

    /// Scores `rows` with one call. After a panic the scratch is discarded and each row scored alone, so that only
    /// guilty rows are lost.
    #[expect(clippy::too_many_arguments, reason = "parts of the scorer that are borrowed side by side")]
    pub fn score(
        &mut self,
        installed: &InstalledModel,
        model: usize,
        data_type: DataTypeIndex,
        batch: &Batch,
        rows: Range<u32>,
        scratch: &mut Option<Scratch>,
        meter: &mut dyn Meter,
        segments: &mut Vec<Segment>,
    ) {
        let first = scratch.is_none();
        if first {
            meter.before_first_batch(installed);
        }
        let before = meter.nanoseconds();
        let whole = self.attempt(installed, batch, rows.clone(), scratch);
        let nanoseconds =
            meter.nanoseconds().saturating_sub(before) / u64::from(rows.end - rows.start).max(1);
        let mut push = |rows: Range<u32>, scores: Scores, nanoseconds: u64, panic: Option<Box<str>>| {
            segments.push(Segment { rows, model, data_type, scores, nanoseconds, panic });
        };
        match whole {
            Ok(scores) => {
                let scored = rows.start as usize..rows.end as usize;
                meter.scored(&ScoredRows { installed, batch, rows: &scored, scores: &scores });
                push(rows, scores, nanoseconds, None);
            }
            Err(_) => {
                for row in rows {
                    let before = meter.nanoseconds();
                    let alone = self.attempt(installed, batch, row..row + 1, scratch);
                    let nanoseconds = meter.nanoseconds().saturating_sub(before);
                    match alone {
                        Ok(scores) => push(row..row + 1, scores, nanoseconds, None),
                        Err(panic) => push(row..row + 1, Scores::new(), nanoseconds, Some(panic.into())),
                    }
                }
            }
        }
        if first {
            meter.after_first_batch(installed);
        }
    }

    fn attempt(
        &mut self,
        installed: &InstalledModel,
        batch: &Batch,
        rows: Range<u32>,
        slot: &mut Option<Scratch>,
    ) -> Result<Scores, String> {
        let rows = rows.start as usize..rows.end as usize;
        let expected = rows.len();
        let mut scores = self.spare.pop().unwrap_or_default();
        // Taken out, so that a panic loses it.
        let kept = slot.take();
        let (scratch, scores) = guard(|| {
            let mut scratch = kept.unwrap_or_else(|| installed.bound.new_scratch());
            installed.bound.score(batch, rows, &mut scratch, &mut scores);
            (scratch, scores)
        })?;
        *slot = Some(scratch);
        if scores.rows() == expected {
            Ok(scores)
        } else {
            Err(format!("the model answered {} rows of {expected}", scores.rows()))
        }
    }
}
