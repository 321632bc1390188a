//! What scoring and the run time tell, as telemetry.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scorewheel_scoring::{Observer, ScoringEvent};
use scorewheel_streams::{Listener, StreamsEvent, TaskId};
use scorewheel_telemetry::{Event, Telemetry};
use scorewheel_topics::TopicPartition;

use crate::clock::now;

/// Takes the events of scoring and of the run time.
pub struct Events {
    telemetry: Arc<Telemetry>,
    records_topic: String,
    partitions: Mutex<BTreeSet<String>>,
    assigned: AtomicBool,
    /// What is waited for, said once as long as it stays the same.
    waiting: Mutex<String>,
}

impl Events {
    /// Tells `telemetry`; tasks are called by the partitions of this topic.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, records_topic: &str) -> Self {
        Self {
            telemetry,
            records_topic: records_topic.to_owned(),
            partitions: Mutex::default(),
            assigned: AtomicBool::new(false),
            waiting: Mutex::default(),
        }
    }

    /// Whether the group has told this instance its partitions, if only that there are none for it.
    #[must_use]
    pub fn is_assigned(&self) -> bool {
        self.assigned.load(Ordering::Acquire)
    }

    fn partition_of(&self, task: TaskId) -> String {
        format!("{}-{}", self.records_topic, task.partition)
    }

    fn rebalanced(&self, come: &[TopicPartition], gone: &[TopicPartition], lost: bool) {
        let partitions = {
            let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
            partitions.extend(come.iter().map(ToString::to_string));
            for partition in gone {
                partitions.remove(&partition.to_string());
            }
            partitions.iter().cloned().collect()
        };
        self.telemetry.record(&Event::Rebalanced { partitions, lost });
    }

    fn wait_for(&self, what: String) {
        let news = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let news = *waiting != what;
            waiting.clone_from(&what);
            news
        };
        if news {
            self.telemetry.record(&Event::Waiting { reason: what });
        }
    }
}

impl Observer for Events {
    fn observe(&self, event: &ScoringEvent) {
        let event = match event {
            ScoringEvent::Installed { model, milliseconds, notes } => Event::Installed {
                model: model.key.to_string(),
                version: model.version.to_string(),
                control_offset: model.offset,
                took: Duration::from_millis(u64::try_from(*milliseconds).unwrap_or(0)),
                notes: notes.clone(),
            },
            ScoringEvent::Rejected(rejection) => Event::Rejected {
                control_offset: rejection.offset,
                model: match (&rejection.data_type, &rejection.name) {
                    (Some(data_type), Some(name)) => Some(format!("{data_type}/{name}")),
                    (_, name) => name.clone(),
                },
                kind: rejection.kind.clone(),
                reason: rejection.reason.clone(),
            },
            ScoringEvent::Removed { model, control } => {
                Event::Removed { model: model.clone(), control_offset: *control }
            }
            ScoringEvent::Postponed { reason, .. } => return self.wait_for(reason.clone()),
            ScoringEvent::Published(_) => return,
            ScoringEvent::CutOver(cutover) => Event::CutOver {
                partition: cutover.key(),
                offset: cutover.offset,
                control_offset: cutover.revision,
            },
            ScoringEvent::Scored { rows, nanoseconds } => {
                Event::BatchScored { rows: *rows, took: Duration::from_nanos(*nanoseconds) }
            }
            ScoringEvent::DeadLettered { step, records } => {
                Event::DeadLettered { step: step.as_str(), records: *records }
            }
            ScoringEvent::ModelFails(alarm) => Event::Alarm {
                kind: "model_fails",
                message: format!(
                    "the model {}/{} at control offset {} fails on its records{}",
                    alarm.data_type,
                    alarm.model,
                    alarm.control,
                    if alarm.paused {
                        "; its partition waits, with all other data types in it, until another model is published"
                    } else {
                        ""
                    }
                ),
            },
            ScoringEvent::Diverged(divergence) => {
                Event::Alarm { kind: "diverged", message: divergence.to_string() }
            }
            ScoringEvent::Quarantined { message, .. } => {
                Event::Alarm { kind: "quarantined", message: message.clone() }
            }
        };
        self.telemetry.record(&event);
    }
}

impl Listener for Events {
    fn event(&self, event: &StreamsEvent<'_>) {
        let event = match event {
            StreamsEvent::WaitingForTopics { topics } => {
                return self.wait_for(format!("topics that are not there yet: {}", topics.join(", ")));
            }
            StreamsEvent::Retrying { what, reason } => return self.wait_for(format!("{what}: {reason}")),
            StreamsEvent::TopicCreated { topic, partitions }
            | StreamsEvent::TopicWidened { topic, partitions } => {
                Event::TopicCreated { topic: (*topic).to_owned(), partitions: *partitions }
            }
            StreamsEvent::Assigned { partitions, .. } => {
                self.assigned.store(true, Ordering::Release);
                return self.rebalanced(partitions, &[], false);
            }
            StreamsEvent::Revoked { partitions, .. } => return self.rebalanced(&[], partitions, false),
            StreamsEvent::Lost { partitions, .. } => return self.rebalanced(&[], partitions, true),
            StreamsEvent::StoreWiped { reason, .. } => {
                Event::Waiting { reason: format!("a store that is restored from its beginning: {reason}") }
            }
            StreamsEvent::Restored { task, records, duration } => {
                Event::Restored { partition: self.partition_of(*task), records: *records, took: *duration }
            }
            StreamsEvent::WaitingForSnapshot { task, mark, .. } => {
                let position = mark.map_or(-1, |mark| mark.position);
                let partition = self.partition_of(*task);
                return self.wait_for(format!("{partition}: the revision at control offset {position}"));
            }
            StreamsEvent::Paused { task, reason, .. } => {
                Event::Paused { partition: self.partition_of(*task), reason: (*reason).to_owned() }
            }
            StreamsEvent::Resumed { task } => Event::Resumed { partition: self.partition_of(*task) },
            StreamsEvent::Committed { duration, oldest, .. } => Event::Committed {
                took: *duration,
                oldest: oldest
                    .map(|timestamp| Duration::from_millis(u64::try_from(now() - timestamp).unwrap_or(0))),
            },
            StreamsEvent::Aborted { reason, .. } | StreamsEvent::WriterRecreated { reason, .. } => {
                Event::Aborted { reason: (*reason).to_owned() }
            }
            _ => return,
        };
        self.telemetry.record(&event);
    }
}
