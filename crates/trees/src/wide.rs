//! Plain loops over numbers, compiled once more for each width of registers that processors have.

use std::sync::OnceLock;

use crate::unchecked;

/// Proof that the processor has registers of this width: only [`Registers::of_this_machine`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(Width);

/// What a processor has; each holds what those before it have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// What every processor of the target has.
    Plain,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 of the kinds F, BW, DQ and VL.
    Avx512,
}

impl Registers {
    /// Those of this machine, asked for once.
    #[inline]
    fn of_this_machine() -> Self {
        static FOUND: OnceLock<Registers> = OnceLock::new();
        *FOUND.get_or_init(|| Self(Self::detect()))
    }

    /// How wide they are.
    #[inline]
    pub(crate) fn width(self) -> Width {
        self.0
    }

    #[cold]
    fn detect() -> Width {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Width::Avx512,
                (true, false) => Width::Avx2,
                _ => Width::Plain,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Width::Plain
    }
}

/// True if [`vectorised`] compiles for thirty-two registers of sixteen f32: more sums go at once there. What is
/// computed does not depend on it.
#[inline]
#[must_use]
pub fn widest() -> bool {
    Registers::of_this_machine().width() == Width::Avx512
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
    unchecked::run_wide(Registers::of_this_machine(), work)
}
