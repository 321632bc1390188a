//! Futures and streams, polled by a thread that has other things to wait for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Wake, Waker};

use futures_util::Stream;
use futures_util::stream::poll_fn;

/// Notes that what is polled wants to be polled again.
#[derive(Debug, Default)]
pub struct Again {
    woken: AtomicBool,
}

impl Again {
    /// A waker that notes it here.
    #[must_use]
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Whether it was woken since the last time.
    #[must_use]
    pub fn take(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
    }
}

/// Items on their way into a stream, put there by the thread that polls it.
#[derive(Debug)]
pub struct Queue<T> {
    items: Arc<Mutex<VecDeque<T>>>,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { items: Arc::clone(&self.items) }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { items: Arc::default() }
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item at the end.
    pub fn push(&self, item: T) {
        self.lock().push_back(item);
    }

    /// Takes the first item.
    #[must_use]
    pub fn pop(&self) -> Option<T> {
        self.lock().pop_front()
    }

    /// Items that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// True if nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items as a stream that never ends. Nobody is woken: whoever puts an item in polls it next.
    pub fn stream(&self) -> impl Stream<Item = T> + use<T> {
        let queue = self.clone();
        poll_fn(move |_| queue.pop().map_or(Poll::Pending, |item| Poll::Ready(Some(item))))
    }
}
