//! A fault point that fails when it is reached for the n-th time.

use std::sync::atomic::{AtomicUsize, Ordering};

use scorewheel_streams::{FaultPoint, FaultPoints, InjectedFault};

pub struct FaultAt {
    point: FaultPoint,
    remaining: AtomicUsize,
}

impl FaultAt {
    /// The first is 1.
    pub fn nth(point: FaultPoint, nth: usize) -> Self {
        Self { point, remaining: AtomicUsize::new(nth) }
    }
}

impl FaultPoints for FaultAt {
    fn reached(&self, point: FaultPoint) -> Result<(), InjectedFault> {
        if point == self.point && self.remaining.fetch_sub(1, Ordering::Relaxed) == 1 {
            return Err(InjectedFault);
        }
        Ok(())
    }
}
