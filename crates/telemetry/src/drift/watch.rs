//! A reference of the beginning, and a window that moves on.

use super::FEWEST_ROWS;
use super::sketch::{ColumnKind, ColumnSketch};
use super::training::Training;

/// Parts of the window: the oldest is forgotten when a new one begins.
const SLICES: usize = 4;

/// How long is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchTimes {
    /// How long the reference is counted, milliseconds.
    pub reference: i64,
    /// How far back now reaches, milliseconds.
    pub window: i64,
}

/// One column of one model: its reference, and what came since.
#[derive(Clone, Debug, Default)]
pub struct ColumnWatch {
    kind: ColumnKind,
    /// The reference, if the model brings one.
    training: Option<Training>,
    /// The reference otherwise: what came at the beginning.
    reference: ColumnSketch,
    /// When the first row came.
    from: Option<i64>,
    /// When the reference was complete.
    until: Option<i64>,
    /// The parts of the window, in a ring.
    slices: [ColumnSketch; SLICES],
    /// When each began.
    begun: [i64; SLICES],
    /// The one that is counted in.
    slice: usize,
}

impl ColumnWatch {
    /// A column of which nothing was seen yet.
    #[must_use]
    pub fn new(kind: ColumnKind, training: Option<Training>) -> Self {
        Self { kind, training, ..Self::default() }
    }

    /// Says what the column holds, before anything was counted.
    pub fn set_kind(&mut self, kind: ColumnKind) {
        self.kind = kind;
    }

    /// What the column holds.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// The reference that the model brings.
    #[must_use]
    pub fn training(&self) -> Option<&Training> {
        self.training.as_ref()
    }

    /// What the next rows, which come now, are counted in: the reference, or a part of the window.
    pub fn counting(&mut self, now: i64, times: WatchTimes) -> &mut ColumnSketch {
        let from = *self.from.get_or_insert(now);
        if self.until.is_none() {
            let over = now.saturating_sub(from) >= times.reference && self.reference.rows() >= FEWEST_ROWS;
            if self.training.is_none() && !over {
                return &mut self.reference;
            }
            self.until = Some(now);
            self.begun = [i64::MIN; SLICES];
            self.begun[self.slice] = now;
        }
        let length = (times.window / SLICES as i64).max(1);
        if now.saturating_sub(self.begun[self.slice]) >= length {
            self.slice = (self.slice + 1) % SLICES;
            self.slices[self.slice].clear();
            self.begun[self.slice] = now;
        }
        &mut self.slices[self.slice]
    }

    /// The reference that was counted: when its first row came, when it was complete, the rows.
    #[must_use]
    pub fn reference(&self) -> (Option<i64>, Option<i64>, &ColumnSketch) {
        (self.from, self.until, &self.reference)
    }

    /// What is in the window now, and since when.
    #[must_use]
    pub fn current(&self, now: i64, times: WatchTimes) -> (Option<i64>, ColumnSketch) {
        let mut current = ColumnSketch::default();
        let mut since = None;
        if self.until.is_some() {
            for (slice, begun) in self.slices.iter().zip(self.begun) {
                if begun > now.saturating_sub(times.window) {
                    current.merge(slice);
                    since = Some(since.map_or(begun, |since: i64| since.min(begun)));
                }
            }
        }
        (since, current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: WatchTimes = WatchTimes { reference: 1_000, window: 400 };

    fn count(watch: &mut ColumnWatch, now: i64, rows: u64) {
        let sketch = watch.counting(now, TIMES);
        (0..rows).for_each(|row| sketch.add_number(row as f64));
    }

    #[test]
    fn the_reference_ends_after_its_time_and_with_enough_rows() {
        let mut watch = ColumnWatch::new(ColumnKind::Number, None);
        count(&mut watch, 50, 10);
        count(&mut watch, 1_049, 500);
        assert_eq!(watch.reference().1, None, "the time is not over");
        count(&mut watch, 2_000, 490);
        assert_eq!(
            (watch.reference().1, watch.reference().2.rows()),
            (None, 1_000),
            "there were too few rows"
        );
        assert_eq!(watch.current(2_000, TIMES).1.rows(), 0);
        count(&mut watch, 2_001, 7);
        assert_eq!((watch.reference().0, watch.reference().1), (Some(50), Some(2_001)));
        assert_eq!((watch.reference().2.rows(), watch.current(2_001, TIMES).1.rows()), (1_000, 7));
    }

    #[test]
    fn the_window_moves_on() {
        let mut watch = ColumnWatch::new(ColumnKind::Number, Some(Training::default()));
        for now in (0..1_000).step_by(50) {
            count(&mut watch, now, 1);
        }
        // Of the last 400 ms, and of no more than that.
        let (since, current) = watch.current(950, TIMES);
        assert_eq!((since, current.rows()), (Some(600), 8));
        // Nothing comes any more: what is old is not now.
        assert_eq!(watch.current(1_250, TIMES).1.rows(), 2);
        assert_eq!(watch.current(5_000, TIMES).1.rows(), 0);
        count(&mut watch, 9_000, 3);
        assert_eq!(watch.current(9_000, TIMES).1.rows(), 3);
        // A clock that is set back loses nothing and does not panic.
        count(&mut watch, 10, 2);
        count(&mut watch, i64::MIN, 2);
        count(&mut watch, i64::MAX, 2);
        assert_eq!(watch.current(i64::MAX, TIMES).1.rows(), 2);
    }
}
