//! Whether a model fails on too many records.

use crate::policy::FailureShare;

/// The last rows that one model scored in one task: which of them failed.
#[derive(Clone, Debug)]
pub(crate) struct FailureWindow {
    failed: Vec<bool>,
    next: usize,
    filled: usize,
    failing: usize,
    limit: usize,
}

impl FailureWindow {
    pub fn new(share: FailureShare) -> Self {
        let rows = share.rows.max(1) as usize;
        let limit = rows_of(share.share * rows as f64).clamp(1, rows);
        Self { failed: vec![false; rows], next: 0, filled: 0, failing: 0, limit }
    }

    pub fn clear(&mut self) {
        self.failed.fill(false);
        (self.next, self.filled, self.failing) = (0, 0, 0);
    }

    /// Adds a row; true if the model now counts as failing.
    pub fn push(&mut self, failed: bool) -> bool {
        let rows = self.failed.len();
        if !failed && self.failing == 0 {
            // All rows are alike, so it does not matter which one leaves.
            self.filled = (self.filled + 1).min(rows);
            return false;
        }
        self.failing -= usize::from(self.failed[self.next]);
        self.failed[self.next] = failed;
        self.failing += usize::from(failed);
        self.next = (self.next + 1) % rows;
        self.filled = (self.filled + 1).min(rows);
        self.filled == rows && self.failing >= self.limit
    }
}

fn rows_of(number: f64) -> usize {
    let floor = number as usize;
    floor + usize::from((floor as f64) < number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_fails_when_enough_of_the_last_rows_do() {
        let mut window = FailureWindow::new(FailureShare { share: 1.0, rows: 3 });
        assert_eq!([true, true, true].map(|row| window.push(row)), [false, false, true]);
        window.clear();
        let rows = [true, true, false, true, true, true, true];
        assert_eq!(rows.map(|row| window.push(row)), [false, false, false, false, false, true, true]);
        let mut window = FailureWindow::new(FailureShare { share: 0.5, rows: 4 });
        let rows = [true, true, false, false, false, true];
        assert_eq!(rows.map(|row| window.push(row)), [false, false, false, true, false, false]);
        window.clear();
        assert!(!window.push(true));
    }

    #[test]
    fn a_share_is_rounded_up_to_rows() {
        for (share, rows, limit) in [(1.0, 1000, 1000), (0.1, 3, 1), (0.5, 5, 3), (0.0, 5, 1), (9.0, 5, 5)] {
            assert_eq!(FailureWindow::new(FailureShare { share, rows }).limit, limit, "{share} of {rows}");
        }
    }
}
