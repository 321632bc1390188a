//! The constants that a field is compared with, and ranks of values among them.

use scorewheel_trees::vectorised;

use crate::plan::Slot;
use crate::value::missing::lacks_some;

/// Constants of one field at most: ranks fit into 16 bits.
pub const MOST_CUTS: usize = 32_000;

/// Up to this many constants are counted, more are searched.
const FEW_CUTS: usize = 20;

/// Values that are ranked side by side.
const LANES: usize = 8;

/// The distinct constants that a field is compared with, ascending.
#[derive(Debug)]
pub struct Cuts {
    /// The field.
    pub slot: Slot,
    /// The constants; padded with infinity to one less than a power of two, so that a search always takes as many steps.
    padded: Box<[f64]>,
    count: usize,
}

/// Ranks of a column.
#[derive(Debug)]
pub enum RankColumn {
    /// Of few constants.
    Small(Vec<u8>),
    /// Of many.
    Large(Vec<u16>),
}

impl Default for RankColumn {
    fn default() -> Self {
        Self::Small(Vec::new())
    }
}

impl Cuts {
    /// Puts constants in order; `None` if there are too many. NaN, which nothing equals, is none of them.
    #[must_use]
    pub fn new(slot: Slot, mut constants: Vec<f64>) -> Option<Self> {
        constants.retain(|constant| !constant.is_nan());
        constants.iter_mut().for_each(|constant| *constant += 0.0);
        constants.sort_unstable_by(f64::total_cmp);
        constants.dedup();
        let count = constants.len();
        if count > MOST_CUTS {
            return None;
        }
        if count > FEW_CUTS {
            constants.resize((count + 1).next_power_of_two() - 1, f64::INFINITY);
        }
        Some(Self { slot, padded: constants.into(), count })
    }

    /// The constants.
    #[must_use]
    pub fn constants(&self) -> &[f64] {
        &self.padded[..self.count]
    }

    /// The rank of a missing value; those of values are smaller.
    #[must_use]
    pub fn missing(&self) -> usize {
        2 * self.count + 1
    }

    /// The rank of a value.
    #[must_use]
    pub fn rank(&self, value: f64) -> usize {
        let below = self.constants().partition_point(|constant| *constant < value);
        2 * below + usize::from(self.constants().get(below) == Some(&value))
    }

    /// The ranks of a column.
    pub fn ranks(&self, values: &[f64], into: &mut RankColumn) {
        let is_small = self.missing() <= usize::from(u8::MAX);
        if is_small != matches!(into, RankColumn::Small(_)) {
            *into = if is_small { RankColumn::Small(Vec::new()) } else { RankColumn::Large(Vec::new()) };
        }
        match into {
            RankColumn::Small(ranks) => self.fill(values, ranks, |rank| rank as u8),
            RankColumn::Large(ranks) => self.fill(values, ranks, |rank| rank as u16),
        }
    }

    fn fill<R: Copy + Default>(&self, values: &[f64], ranks: &mut Vec<R>, make: impl Fn(u64) -> R + Copy) {
        ranks.resize(values.len(), R::default());
        vectorised(
            #[inline(always)]
            || RanksOf { cuts: self, values, ranks, make }.run(),
        );
        if lacks_some(values) {
            for (rank, _) in ranks.iter_mut().zip(values).filter(|(_, value)| value.is_nan()) {
                *rank = make(self.missing() as u64);
            }
        }
    }
}

struct RanksOf<'r, R, F> {
    cuts: &'r Cuts,
    values: &'r [f64],
    ranks: &'r mut [R],
    make: F,
}

impl<R: Copy, F: Fn(u64) -> R> RanksOf<'_, R, F> {
    #[inline(always)]
    fn run(self) {
        let Self { cuts, values, ranks, make } = self;
        let (groups, rest) = values.as_chunks::<LANES>();
        let (rank_groups, rest_ranks) = ranks.as_chunks_mut::<LANES>();
        for (group, ranks) in groups.iter().zip(rank_groups) {
            let found = cuts.of_group(group);
            for lane in 0..LANES {
                ranks[lane] = make(found[lane]);
            }
        }
        for (value, rank) in rest.iter().zip(rest_ranks) {
            *rank = make(cuts.rank(*value) as u64);
        }
    }
}

impl Cuts {
    #[inline(always)]
    fn of_group(&self, values: &[f64; LANES]) -> [u64; LANES] {
        let mut ranks = [0_u64; LANES];
        if self.count <= FEW_CUTS {
            for cut in &self.padded {
                for lane in 0..LANES {
                    ranks[lane] += u64::from(values[lane] > *cut) + u64::from(values[lane] >= *cut);
                }
            }
            return ranks;
        }
        // Every lane halves the same stretch.
        let mut below = [0_usize; LANES];
        let mut step = self.padded.len().div_ceil(2);
        while step > 0 {
            for lane in 0..LANES {
                let is_below = self.padded[below[lane] + step - 1] < values[lane];
                below[lane] += if is_below { step } else { 0 };
            }
            step /= 2;
        }
        for lane in 0..LANES {
            let equal = below[lane] < self.count && self.padded[below[lane]] == values[lane];
            ranks[lane] = 2 * below[lane] as u64 + u64::from(equal);
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::missing::MISSING;

    #[test]
    fn ranks_are_even_between_constants_and_odd_at_one() {
        for count in [0, 1, 2, 19, 20, 21, 31, 32, 100, 127, 128, 1_000] {
            let constants: Vec<f64> = (0..count).rev().map(|at| f64::from(at) - 10.0).collect();
            let cuts = Cuts::new(Slot(0), constants.iter().copied().chain([f64::NAN]).collect()).unwrap();
            assert_eq!(cuts.constants().len(), count as usize);
            let mut values = vec![f64::NEG_INFINITY, f64::INFINITY, -0.0, 0.0, MISSING];
            for at in 0..count {
                values.extend([f64::from(at) - 10.0, f64::from(at) - 9.5]);
            }
            let mut ranks = RankColumn::default();
            cuts.ranks(&values, &mut ranks);
            let ranks: Vec<usize> = match ranks {
                RankColumn::Small(ranks) => ranks.into_iter().map(usize::from).collect(),
                RankColumn::Large(ranks) => ranks.into_iter().map(usize::from).collect(),
            };
            for (value, rank) in values.iter().zip(ranks) {
                let below = constants.iter().filter(|constant| *constant < value).count();
                let expected = match value.is_nan() {
                    true => cuts.missing(),
                    false => 2 * below + usize::from(constants.contains(value)),
                };
                assert_eq!(rank, expected, "{value} of {count}");
                assert!(value.is_nan() || cuts.rank(*value) == expected);
            }
        }
        assert!(Cuts::new(Slot(0), (0..=MOST_CUTS).map(|at| at as f64).collect()).is_none());
    }
}
