//! Plain loops over numbers, compiled once more for each width of registers that processors have.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::unchecked;

/// What the processor has; each holds what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Registers {
    /// What every processor of the target has.
    Plain = 1,
    /// AVX2 and FMA.
    Avx2 = 2,
    /// AVX-512 of the kinds F, BW, DQ and VL.
    Avx512 = 3,
}

impl Registers {
    /// Those of this machine, asked for once.
    #[inline]
    fn of_this_machine() -> Self {
        static KNOWN: AtomicU8 = AtomicU8::new(0);
        match KNOWN.load(Ordering::Relaxed) {
            1 => Self::Plain,
            2 => Self::Avx2,
            3 => Self::Avx512,
            _ => {
                let found = Self::detect();
                KNOWN.store(found as u8, Ordering::Relaxed);
                found
            }
        }
    }

    #[cold]
    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Self::Avx512,
                (true, false) => Self::Avx2,
                _ => Self::Plain,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Plain
    }
}

/// True if [`vectorised`] compiles for thirty-two registers of sixteen f32: more sums go at once there. What is
/// computed does not depend on it.
#[inline]
#[must_use]
pub fn widest() -> bool {
    Registers::of_this_machine() == Registers::Avx512
}

/// Does the work, compiled for the widest registers at hand.
///
/// The closure must be `#[inline(always)]`, and so must be what it calls and should be wide. The bits are the same at
/// every width: only rows, or sums that know nothing of one another, may stand side by side; a product and a sum are
/// fused only where the work says so by `mul_add`, and the compiler does neither of its own accord.
///
/// ```
/// use scorewheel_trees::vectorised;
///
/// let mut numbers = [1.0, 2.0, 3.0];
/// vectorised(
///     #[inline(always)]
///     || numbers.iter_mut().for_each(|number| *number *= 0.5),
/// );
/// assert_eq!(numbers, [0.5, 1.0, 1.5]);
/// ```
#[inline]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    match Registers::of_this_machine() {
        Registers::Plain => work(),
        registers => unchecked::run_wide(registers, work),
    }
}
