//! Faults on order: the n-th operation of a kind fails, waits, is the client's last, or meets a rebalance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::TopicsError;

/// What a client does with the broker, as the protocol would name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// A poll, of either kind of reader.
    Poll,
    /// Taking assigned partitions on.
    AcknowledgeAssigned,
    /// Letting revoked or lost partitions go.
    AcknowledgeRevoked,
    /// Asking for committed offsets.
    FetchOffsets,
    /// Committing offsets outside a transaction.
    CommitOffsets,
    /// A transactional writer's start, which fences its predecessors.
    Initialise,
    /// Records of all buffers on their way, once a send, flush or commit that has any.
    Produce,
    /// Offsets joining a transaction.
    SendOffsets,
    /// The end of a transaction that commits.
    Commit,
    /// The end of a transaction that aborts.
    Abort,
    /// Any question or change of an admin.
    Admin,
}

/// What happens at an operation.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not done, and this comes back.
    Fail(TopicsError),
    /// It is done, but this comes back: the answer got lost.
    FailAfter(TopicsError),
    /// So much time passes before it is done.
    Delay(Duration),
    /// The client dies before it is done: all readers and writers with its client id answer nothing but errors from
    /// then on, leave no group and end no transaction.
    Crash,
    /// The client dies after it is done and before it hears of it.
    CrashAfter,
    /// All groups rebalance before it is done, and partitions move where there are two members.
    Rebalance,
}

#[derive(Debug)]
struct Order {
    client_id: Option<String>,
    operation: Operation,
    remaining: u64,
    fault: Fault,
}

/// The faults that a broker is to meet, and a count of the operations it has seen. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    orders: Vec<Order>,
    counts: HashMap<Operation, u64>,
    alive: HashMap<String, Arc<AtomicBool>>,
}

impl Faults {
    /// Orders a fault for the `nth` operation of this kind from now on, by any client; the first is 1.
    pub fn at(&self, operation: Operation, nth: u64, fault: Fault) {
        self.order(None, operation, nth, fault);
    }

    /// Orders a fault for the `nth` operation of this kind from now on by the clients with this id; the first is 1.
    pub fn at_client(&self, client_id: &str, operation: Operation, nth: u64, fault: Fault) {
        self.order(Some(client_id.to_owned()), operation, nth, fault);
    }

    /// How many operations of this kind were begun since the broker was made: to try a fault at each in turn.
    #[must_use]
    pub fn count(&self, operation: Operation) -> u64 {
        self.lock().counts.get(&operation).copied().unwrap_or(0)
    }

    /// Orders that were not met yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().orders.len()
    }

    /// The clients with this id die now; those made afterwards live.
    pub fn crash(&self, client_id: &str) {
        if let Some(alive) = self.lock().alive.remove(client_id) {
            alive.store(false, Ordering::Release);
        }
    }

    fn order(&self, client_id: Option<String>, operation: Operation, nth: u64, fault: Fault) {
        self.lock().orders.push(Order { client_id, operation, remaining: nth.max(1), fault });
    }

    pub(super) fn client(&self, id: &str) -> Client {
        let alive =
            self.lock().alive.entry(id.to_owned()).or_insert_with(|| Arc::new(AtomicBool::new(true))).clone();
        Client { id: id.to_owned(), alive }
    }

    /// The fault that this operation meets.
    pub(super) fn next(&self, operation: Operation, client: &Client) -> Option<Fault> {
        let mut state = self.lock();
        *state.counts.entry(operation).or_insert(0) += 1;
        let mut met = None;
        for (index, order) in state.orders.iter_mut().enumerate() {
            let concerns = order.operation == operation
                && order.client_id.as_ref().is_none_or(|client_id| *client_id == client.id);
            if concerns {
                order.remaining -= 1;
                if order.remaining == 0 && met.is_none() {
                    met = Some(index);
                }
            }
        }
        let met = met.map(|index| state.orders.remove(index).fault);
        // Two orders for one operation: the first is met, the other with the next one.
        for order in &mut state.orders {
            order.remaining = order.remaining.max(1);
        }
        met
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader or writer, as the broker knows it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    id: String,
    alive: Arc<AtomicBool>,
}

impl Client {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    pub fn check(&self) -> Result<(), TopicsError> {
        if self.is_alive() { Ok(()) } else { Err(self.dead()) }
    }

    pub fn dead(&self) -> TopicsError {
        TopicsError::Fatal { reason: format!("client {} has crashed", self.id) }
    }
}
