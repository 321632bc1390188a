//! What waits to be sent.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::point::Point;
use super::rate::{Rate, Thinning};

/// Points between the tasks and the sender, at most so many. Nobody waits to put one in.
#[derive(Debug)]
pub struct Queue {
    inner: Mutex<Inner>,
    arrived: Condvar,
    capacity: usize,
    pub(super) thinning: Thinning,
    pub(super) rate: Rate,
}

#[derive(Debug, Default)]
struct Inner {
    points: VecDeque<Point>,
    counts: Counts,
    /// Points that the sender has taken and nothing has become of yet.
    in_hand: usize,
    /// Told by the tasks, taken by the sender: whether aggregates are sent from now on.
    mode: Option<bool>,
    closed: bool,
}

/// What has become of the points of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken by the server.
    pub written: u64,
    /// Did not fit, because the server was slow or away.
    pub dropped: u64,
    /// Refused by the server.
    pub refused: u64,
    /// Waiting now, those on their way included.
    pub waiting: u64,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(capacity: usize, thinning: Thinning) -> Self {
        Self { inner: Mutex::default(), arrived: Condvar::new(), capacity, thinning, rate: Rate::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts points in; those that do not fit are counted and forgotten.
    pub(super) fn offer(&self, points: &mut Vec<Point>) {
        if points.is_empty() {
            return;
        }
        let mut inner = self.inner();
        let room = self.capacity.saturating_sub(inner.points.len() + inner.in_hand);
        inner.counts.dropped += points.len().saturating_sub(room) as u64;
        points.truncate(room);
        inner.points.extend(points.drain(..));
        drop(inner);
        self.arrived.notify_one();
    }

    /// Says that scores are sent as aggregates from now on, or as points again.
    pub(super) fn change_mode(&self, aggregates: bool) {
        self.inner().mode = Some(aggregates);
    }

    pub(super) fn take_mode(&self) -> Option<bool> {
        self.inner().mode.take()
    }

    /// Waits for points: at most `most`, once so many are there or the first has waited for `linger`. Empty when the
    /// queue was closed and nothing is left, or nothing came within a second.
    pub(super) fn take(&self, most: usize, linger: Duration, batch: &mut Vec<Point>) {
        let patience = |inner: MutexGuard<'_, Inner>, time: Duration, enough: usize| {
            let deadline = Instant::now() + time;
            let mut inner = inner;
            while inner.points.len() < enough && !inner.closed {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let waited = self.arrived.wait_timeout(inner, left);
                inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(inner);
        };
        patience(self.inner(), Duration::from_secs(1), 1);
        patience(self.inner(), linger, most);
        let mut inner = self.inner();
        let count = inner.points.len().min(most);
        batch.extend(inner.points.drain(..count));
        inner.in_hand += count;
    }

    /// No points come any more; who waits for them is woken.
    pub fn close(&self) {
        self.inner().closed = true;
        self.arrived.notify_all();
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner().closed
    }

    /// Waits as long as this, or until the queue is closed.
    pub(super) fn pause(&self, time: Duration) {
        let deadline = Instant::now() + time;
        let mut inner = self.inner();
        while !inner.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            inner = self.arrived.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Counts what has become of all points that were taken.
    pub(super) fn settle(&self, change: impl FnOnce(&mut Counts, u64)) {
        let mut inner = self.inner();
        let points = std::mem::take(&mut inner.in_hand) as u64;
        change(&mut inner.counts, points);
    }

    /// Counts a point that did not come so far.
    pub(super) fn drop_one(&self) {
        self.inner().counts.dropped += 1;
    }

    /// Counts what waits as dropped: nobody sends it any more.
    pub(super) fn give_up(&self) {
        let mut inner = self.inner();
        let lost = std::mem::take(&mut inner.in_hand) + inner.points.len();
        inner.points.clear();
        inner.counts.dropped += lost as u64;
    }

    /// What has become of the points.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let inner = self.inner();
        Counts { waiting: (inner.points.len() + inner.in_hand) as u64, ..inner.counts }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::influx::Series;

    fn points(count: i64) -> Vec<Point> {
        let series =
            Arc::new(Series { model: "m".into(), version: "1".into(), partition: 0, outcome: "result" });
        (0..count)
            .map(|timestamp| Point {
                series: Arc::clone(&series),
                timestamp,
                calculated: Some(1.0),
                duration: 1,
                count: 1,
            })
            .collect()
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nobody_waits() {
        let queue = Queue::new(3, Thinning::Every);
        queue.offer(&mut points(2));
        queue.offer(&mut points(5));
        assert_eq!(queue.counts(), Counts { dropped: 4, waiting: 3, ..Counts::default() });
        let mut batch = Vec::new();
        queue.take(2, Duration::ZERO, &mut batch);
        assert_eq!(batch.len(), 2);
        queue.offer(&mut points(1));
        assert_eq!(queue.counts(), Counts { dropped: 5, waiting: 3, ..Counts::default() }, "full as before");
        queue.close();
        queue.take(2, Duration::from_secs(60), &mut batch);
        assert_eq!((batch.len(), queue.counts().waiting), (3, 3), "nothing has become of them yet");
        queue.settle(|counts, points| counts.written += points);
        assert_eq!(queue.counts(), Counts { dropped: 5, written: 3, ..Counts::default() });
    }
}
