//! Sessions that one thread at a time may use.

use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};

/// A fixed number of equal things, lent one at a time.
pub(crate) struct Pool<T> {
    size: usize,
    free: Mutex<Vec<T>>,
    returned: Condvar,
}

/// A thing that is lent; it goes back when this is dropped.
pub(crate) struct Lent<'a, T> {
    pool: &'a Pool<T>,
    /// `None` only while it goes back.
    item: Option<T>,
}

impl<T> Pool<T> {
    /// A pool of these.
    pub fn new(items: Vec<T>) -> Self {
        Self { size: items.len(), free: Mutex::new(items), returned: Condvar::new() }
    }

    /// One of them; waits until one is free. `None` if the pool never held any.
    pub fn lend(&self) -> Option<Lent<'_, T>> {
        if self.size == 0 {
            return None;
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(item) = free.pop() {
                return Some(Lent { pool: self, item: Some(item) });
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Lent<'_, T> {
    /// The thing.
    pub fn get(&mut self) -> Option<&mut T> {
        self.item.as_mut()
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(item);
            self.pool.returned.notify_one();
        }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("size", &self.size).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_are_lent_than_there_are() {
        let (pool, out, most) = (Pool::new(vec![0, 0]), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let mut lent = pool.lend().unwrap();
                        most.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        *lent.get().unwrap() += 1;
                        out.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 2);
        let runs = [pool.lend().unwrap(), pool.lend().unwrap()].map(|mut lent| *lent.get().unwrap());
        assert_eq!(runs.iter().sum::<i32>(), 800);
        assert!(Pool::<u8>::new(Vec::new()).lend().is_none());
    }
}
