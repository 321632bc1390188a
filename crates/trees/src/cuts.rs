//! The sorted cuts of a feature, and the rank of a value among them.

use crate::columns::SEGMENT;

/// Cuts in one block of the pyramid.
pub(crate) const FAN: usize = 16;

/// Cuts that may share one f32 before the search by way of f32 is given up.
const MAX_SHARED: usize = 4;

/// The distinct cuts of a feature, ascending.
///
/// Beside the cuts stands a pyramid of f32 for SIMD: its lowest level holds the cuts in blocks of [`FAN`], padded with
/// infinity; the level above the largest cut of each block, infinity for the last; and so on until one block is left.
/// Rounding is monotone, so that cuts whose f32 is smaller than the value's are smaller themselves; the few that share
/// the value's f32 are compared exactly afterwards.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// Empty where cuts are f32 themselves; else ends with infinity.
    exact: Vec<f64>,
    pyramid: Vec<f32>,
    /// Where each level begins, top level first.
    levels: Vec<u32>,
    len: usize,
}

impl Cuts {
    /// Sorts cuts, drops duplicates (−0 is 0) and builds the pyramid. `single` says that all are f32.
    pub(crate) fn new(mut cuts: Vec<f64>, single: bool) -> Self {
        cuts.sort_unstable_by(f64::total_cmp);
        cuts.dedup_by(|a, b| a == b);
        let len = cuts.len();
        let singles: Vec<f32> = cuts.iter().map(|cut| *cut as f32).collect();
        let shared = singles.windows(MAX_SHARED + 1).any(|run| run[0] == run[MAX_SHARED]);
        let mut this = Self { exact: Vec::new(), pyramid: Vec::new(), levels: Vec::new(), len };
        if single || !shared {
            this.build(singles);
        }
        if !single {
            cuts.push(f64::INFINITY);
            cuts.shrink_to_fit();
            this.exact = cuts;
        }
        this
    }

    fn build(&mut self, cuts: Vec<f32>) {
        let mut levels = vec![pad(cuts)];
        while let Some(level) = levels.last().filter(|level| level.len() > FAN) {
            let mut above: Vec<f32> = level.chunks_exact(FAN).map(|block| block[FAN - 1]).collect();
            if let Some(last) = above.last_mut() {
                *last = f32::INFINITY;
            }
            levels.push(pad(above));
        }
        self.pyramid = Vec::with_capacity(levels.iter().map(Vec::len).sum());
        for level in levels.iter().rev() {
            self.levels.push(self.pyramid.len() as u32);
            self.pyramid.extend_from_slice(level);
        }
    }

    /// Number of cuts.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of cuts smaller than the value; 0 for NaN. Of cuts in f32 the value must be an f32 too.
    pub(crate) fn rank(&self, value: f64) -> u32 {
        if self.exact.is_empty() {
            let cuts = self.levels.last().map_or(&[][..], |start| &self.pyramid[*start as usize..]);
            cuts[..self.len].partition_point(|cut| f64::from(*cut) < value) as u32
        } else {
            self.exact[..self.len].partition_point(|cut| *cut < value) as u32
        }
    }

    /// The pyramid and where its levels begin, top first; none where too many cuts share an f32.
    pub(crate) fn pyramid(&self) -> (&[f32], &[u32]) {
        (&self.pyramid, &self.levels)
    }

    /// The cut of a bound among those of a segment, where cuts are f64: ranks below the bound are values up to it.
    pub(crate) fn of_bound(&self, segment: u32, bound: u32) -> Option<f64> {
        let index = (segment as usize * SEGMENT + bound as usize).checked_sub(1)?;
        self.exact.get(..self.len)?.get(index).copied()
    }

    /// The cuts in f64 with an infinity at the end; empty where they are f32.
    pub(crate) fn exact(&self) -> &[f64] {
        &self.exact
    }
}

fn pad(mut level: Vec<f32>) -> Vec<f32> {
    level.resize(level.len().div_ceil(FAN).max(1) * FAN, f32::INFINITY);
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_smaller_cuts() {
        for single in [false, true] {
            for count in [0, 1, 15, 16, 17, 255, 256, 257, 4_096, 5_000] {
                let values: Vec<f64> = (0..count).map(|at| f64::from(at) * 0.5).collect();
                let cuts = Cuts::new(values.iter().rev().copied().chain([-0.0]).collect(), single);
                assert_eq!(cuts.len(), (count as usize).max(1));
                assert_eq!(cuts.rank(f64::NEG_INFINITY), 0);
                assert_eq!(cuts.rank(f64::NAN), 0);
                assert_eq!(cuts.rank(f64::INFINITY) as usize, cuts.len());
                for (index, value) in values.iter().enumerate() {
                    assert_eq!(cuts.rank(*value) as usize, index, "{value} of {count}");
                    assert_eq!(cuts.rank(value + 0.25) as usize, index + 1, "{value} of {count}");
                }
                let (pyramid, levels) = cuts.pyramid();
                assert_eq!(levels.first(), Some(&0));
                assert!(pyramid.len() <= FAN * (count as usize / 15 + 4), "{} for {count}", pyramid.len());
            }
        }
    }

    #[test]
    fn cuts_closer_than_f32_are_told_apart() {
        let next = 1.0_f64.next_up();
        let cuts = Cuts::new(vec![1.0, next, 2.0], false);
        assert_eq!([1.0, next, next.next_up()].map(|value| cuts.rank(value)), [0, 1, 2]);
        assert!(!cuts.pyramid().1.is_empty());
        let many = Cuts::new((0..6).map(|at| 1.0 + f64::from(at) * f64::EPSILON).collect(), false);
        assert!(many.pyramid().1.is_empty());
        assert_eq!(many.rank(2.0), 6);
    }
}
