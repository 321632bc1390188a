//! How ranks are found.

use crate::cuts::Cuts;
use crate::rank::BLOCK;

/// A way to find ranks; all give the same.
pub(crate) trait Search: Copy {
    /// The rank of each value.
    fn ranks(self, cuts: &Cuts, values: &[f64; BLOCK], ranks: &mut [u32; BLOCK]);
    /// The rank of one value.
    fn rank(self, cuts: &Cuts, value: f64) -> u32;
}

/// Binary search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bisection;

impl Search for Bisection {
    fn ranks(self, cuts: &Cuts, values: &[f64; BLOCK], ranks: &mut [u32; BLOCK]) {
        for (rank, value) in ranks.iter_mut().zip(values) {
            *rank = cuts.rank(*value);
        }
    }

    fn rank(self, cuts: &Cuts, value: f64) -> u32 {
        cuts.rank(value)
    }
}
