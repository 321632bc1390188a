//! What the threads of an instance share.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scorewheel_topics::TopicsError;

use super::config::StreamsConfig;
use super::environment::StreamsEnvironment;
use super::status::{BroadcastStatus, StatusBoard};
use crate::broadcast::{Questions, SnapshotSlot};
use crate::error::{ErrorKind, StreamsError};
use crate::fault_points::{Duty, FaultPoint};
use crate::listener::StreamsEvent;
use crate::state_directory::{StateDirectory, random_id};
use crate::topology::Topology;
use crate::views::StoreViews;

/// What the threads of an instance share.
pub(super) struct Shared {
    pub topology: Topology,
    pub config: StreamsConfig,
    pub environment: StreamsEnvironment,
    pub directory: Option<StateDirectory>,
    pub process_id: String,
    /// One for each broadcast source.
    pub slots: Vec<Arc<SnapshotSlot>>,
    pub questions: Vec<Questions>,
    pub views: StoreViews,
    pub status: StatusBoard,
    partition_counts: Mutex<HashMap<String, u32>>,
    closing: AtomicBool,
}

impl Shared {
    pub fn new(
        topology: Topology,
        config: StreamsConfig,
        environment: StreamsEnvironment,
    ) -> Result<Arc<Self>, StreamsError> {
        config.check()?;
        let directory = match &config.state_directory {
            Some(path) => {
                let process = format!("process {}", std::process::id());
                let holder = if config.holder.is_empty() { &process } else { &config.holder };
                Some(StateDirectory::open(path, holder)?)
            }
            None => None,
        };
        if directory.is_none()
            && let Some(store) = topology.stores.iter().find(|store| store.is_persistent())
        {
            let reason = format!("store `{}` is persistent and there is no state directory", store.name());
            return Err(ErrorKind::Configuration { reason }.into());
        }
        let process_id =
            directory.as_ref().map_or_else(random_id, |directory| directory.process_id().to_owned());
        let broadcasts = &topology.broadcasts;
        let status = StatusBoard::default();
        status.change(|status| {
            status.broadcasts = broadcasts
                .iter()
                .map(|broadcast| BroadcastStatus {
                    name: broadcast.name.to_string(),
                    topic: broadcast.topic.to_string(),
                    end: -1,
                    ..BroadcastStatus::default()
                })
                .collect();
        });
        Ok(Arc::new(Self {
            slots: broadcasts.iter().map(|_| Arc::default()).collect(),
            questions: broadcasts.iter().map(|_| Questions::default()).collect(),
            views: StoreViews::new(topology.stores.iter().map(|store| store.name().into()).collect()),
            status,
            partition_counts: Mutex::default(),
            closing: AtomicBool::new(false),
            topology,
            config,
            environment,
            directory,
            process_id,
        }))
    }

    pub fn event(&self, event: &StreamsEvent<'_>) {
        self.environment.listener.event(event);
    }

    pub fn retrying(&self, what: &str, error: &TopicsError) {
        self.event(&StreamsEvent::Retrying { what, reason: &error.to_string() });
    }

    pub fn fault(&self, point: FaultPoint) -> Result<(), StreamsError> {
        let reached = self.environment.faults.reached(point);
        reached.map_err(|_| ErrorKind::InjectedFault { point: point.as_str() }.into())
    }

    pub fn neglects(&self, duty: Duty) -> bool {
        self.environment.faults.neglects(duty)
    }

    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Number of partitions of a topic of ours; 0 before it was looked at.
    pub fn partitions(&self, topic: &str) -> u32 {
        let counts = self.partition_counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(topic).copied().unwrap_or(0)
    }

    pub fn set_partitions(&self, topic: &str, partitions: u32) {
        let mut counts = self.partition_counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.insert(topic.to_owned(), partitions);
    }

    /// The input topics without repetition.
    pub fn inputs(&self) -> BTreeSet<&str> {
        self.topology.source_topics().collect()
    }
}
