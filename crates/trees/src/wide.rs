//! Plain loops over numbers, compiled a second time for processors with wider registers.

use crate::unchecked::{self, Simd};

/// Work on numbers that stand side by side.
///
/// [`Wide::run`] must be `#[inline(always)]`, and so must be what it calls and should be wide. The bits are the same
/// either way: only rows, or sums that know nothing of one another, may stand side by side, and nothing is fused.
pub trait Wide {
    /// What it gives.
    type Output;

    /// Does the work.
    fn run(self) -> Self::Output;
}

/// Does the work, with AVX2 where the CPU has it.
///
/// ```
/// use scorewheel_trees::{Wide, wide};
///
/// struct Scale<'a>(&'a mut [f64], f64);
///
/// impl Wide for Scale<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         self.0.iter_mut().for_each(|number| *number *= self.1);
///     }
/// }
///
/// let mut numbers = [1.0, 2.0, 3.0];
/// wide(Scale(&mut numbers, 0.5));
/// assert_eq!(numbers, [0.5, 1.0, 1.5]);
/// ```
#[inline]
pub fn wide<W: Wide>(work: W) -> W::Output {
    match Simd::detect() {
        Some(simd) => unchecked::run_wide(simd, work),
        None => work.run(),
    }
}
