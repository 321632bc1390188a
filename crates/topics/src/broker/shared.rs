//! The broker's state, its lock, and how an operation goes through it.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::faults::{Client, Fault, Faults, Operation};
use super::group::Group;
use super::log::PartitionLog;
use super::storage::Storage;
use super::topics::Topic;
use super::transactions::Transactions;
use crate::clock::Clock;
use crate::error::TopicsError;
use crate::partition::TopicPartition;

/// What all readers and writers of one broker share.
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    pub clock: Arc<dyn Clock>,
    pub faults: Faults,
}

/// Everything that the broker knows.
pub(super) struct State {
    pub topics: BTreeMap<String, Topic>,
    pub groups: BTreeMap<String, Group>,
    pub transactions: Transactions,
    pub storage: Box<dyn Storage>,
    pub clock: Arc<dyn Clock>,
}

impl Shared {
    pub fn new(state: State, faults: Faults) -> Self {
        let clock = state.clock.clone();
        Self { state: Mutex::new(state), changed: Condvar::new(), clock, faults }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        // The state is changed last in each operation, so one that panicked has not left it torn.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn notify(&self) {
        self.changed.notify_all();
    }

    /// Lets an operation meet its fault and do its work under the lock; wakes those that wait.
    pub fn operate<T>(
        &self,
        operation: Operation,
        client: &Client,
        work: impl FnOnce(&mut State) -> Result<T, TopicsError>,
    ) -> Result<T, TopicsError> {
        let after = self.meet_fault(operation, client)?;
        let mut state = self.lock();
        state.expire(self.clock.monotonic());
        let outcome = work(&mut state);
        drop(state);
        self.notify();
        let outcome = outcome?;
        after.map_or(Ok(outcome), |after| Err(self.lost_answer(after, client)))
    }

    /// What is to happen to an operation before it; what remains to happen after it comes back.
    pub fn meet_fault(&self, operation: Operation, client: &Client) -> Result<Option<Fault>, TopicsError> {
        client.check()?;
        match self.faults.next(operation, client) {
            None => Ok(None),
            Some(Fault::Fail(error)) => Err(error),
            Some(Fault::Delay(duration)) => {
                self.clock.sleep(duration);
                Ok(None)
            }
            Some(Fault::Crash) => {
                self.faults.crash(client.id());
                Err(client.dead())
            }
            Some(Fault::Rebalance) => {
                self.lock().groups.values_mut().for_each(Group::force_rebalance);
                self.notify();
                Ok(None)
            }
            Some(fault @ (Fault::FailAfter(_) | Fault::CrashAfter)) => Ok(Some(fault)),
        }
    }

    pub fn lost_answer(&self, fault: Fault, client: &Client) -> TopicsError {
        match fault {
            Fault::FailAfter(error) => error,
            _ => {
                self.faults.crash(client.id());
                client.dead()
            }
        }
    }

    /// Waits until something has changed, something is due, or the deadline has come: false if nothing more can come
    /// before the deadline.
    pub fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Duration,
    ) -> (MutexGuard<'a, State>, bool) {
        let now = self.clock.monotonic();
        if now >= deadline || !self.clock.runs() {
            return (state, false);
        }
        let until = state.next_due().map_or(deadline, |due| due.clamp(now, deadline));
        // Due things are done when their time has passed, not when it has come.
        let wait = (until - now).max(Duration::from_millis(1));
        let (mut state, _) = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
        state.expire(self.clock.monotonic());
        (state, true)
    }
}

impl State {
    pub fn log(&self, partition: &TopicPartition) -> Result<&PartitionLog, TopicsError> {
        let topic = self.topics.get(partition.topic());
        let topic = topic.ok_or_else(|| TopicsError::UnknownTopic { topic: partition.topic().to_owned() })?;
        topic
            .partitions
            .get(partition.partition() as usize)
            .ok_or_else(|| TopicsError::UnknownPartition { partition: partition.clone() })
    }

    /// Ends what has waited too long: members that do not poll, transactions that do not end.
    pub fn expire(&mut self, now: Duration) {
        for group in self.groups.values_mut() {
            group.expire(now);
        }
        self.expire_transactions(now);
    }

    fn next_due(&self) -> Option<Duration> {
        let groups = self.groups.values().filter_map(Group::next_expiry).min();
        groups.into_iter().chain(self.transactions.next_expiry()).min()
    }

    /// Frees memory of what is stored, if the storage asks for it.
    pub fn evict(&mut self) {
        let Some(budget) = self.storage.memory_budget() else { return };
        let partitions: usize = self.topics.values().map(|topic| topic.partitions.len()).sum();
        for topic in self.topics.values_mut() {
            for log in &mut topic.partitions {
                log.evict(budget / partitions.max(1));
            }
        }
    }
}
