//! The application of the cluster: passes records on under the version in force, and counts them by key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scorewheel_streams::{
    BatchView, Broadcast, BroadcastHandler, BuildContext, Flow, Processor, ProcessorContext, ProcessorError,
    Published, Reached, ReadOnlyKeyValueStore, Sink, StoreSpec, StreamsBuilder, Topology,
};
use scorewheel_topics::{Offset, RecordView};

/// Holds an instance's builds back while it is closed.
#[derive(Clone)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn open() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub fn set_open(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The version in force; none before the first.
#[derive(Clone, Default)]
pub struct Version(Option<String>);

struct Versions {
    gate: Gate,
    newest: Version,
    folded: Offset,
    published: Option<Offset>,
}

impl BroadcastHandler for Versions {
    type Snapshot = Version;

    fn record(&mut self, record: RecordView<'_>) {
        self.newest = Version(record.value.map(|value| String::from_utf8_lossy(value).into_owned()));
        self.folded = record.offset;
    }

    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<Published<Version>> {
        if !self.gate.is_open() {
            context.retry_after(Duration::from_millis(10));
            return None;
        }
        if self.published == Some(self.folded) {
            return None;
        }
        self.published = Some(self.folded);
        let snapshot = Arc::new(self.newest.clone());
        Some(Published { snapshot, position: self.folded, mark: self.folded.to_string() })
    }

    fn reached(&self, mark: &str) -> Reached {
        match mark.parse::<Offset>() {
            Ok(mark) if self.published.is_some_and(|published| published >= mark) => Reached::Yes,
            Ok(mark) if self.folded >= mark => Reached::NotYet,
            _ => Reached::Never(format!("the log ends at {}, committed is {mark}", self.folded)),
        }
    }
}

struct PassOn {
    versions: Broadcast<Version>,
}

impl Processor for PassOn {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let version = context.snapshots.get(&self.versions)?;
        let Some(version) = &version.snapshot().0 else {
            return Ok(Flow::PauseAt { record: 0, reason: "no version".into() });
        };
        let waits = version == "v1";
        let counts = context.stores.key_value("counts")?;
        for (index, record) in batch.iter().enumerate() {
            if record.value == Some(b"poison") {
                return Err("poison".into());
            }
            if waits && record.value == Some(b"stop") {
                return Ok(Flow::PauseAt { record: index, reason: "told to stop".into() });
            }
            let key = record.key.unwrap_or_default();
            let before =
                counts.get(key)?.and_then(|count| String::from_utf8(count).ok()?.parse::<u64>().ok());
            counts.put(key, (before.unwrap_or(0) + 1).to_string().as_bytes());
            let mut output = context.outputs.main();
            let mut result = output.record(index, record.timestamp, record.key);
            let value = result.value();
            value.extend_from_slice(record.value.unwrap_or_default());
            value.push(b'|');
            value.extend_from_slice(version.as_bytes());
            result.finish()?;
        }
        Ok(Flow::Continue)
    }
}

/// `in` → `out`, waiting at a record `stop` while the version is `v1`, with store `counts` and control topic `control`.
pub fn topology(gate: Gate) -> Topology {
    let builder = StreamsBuilder::new();
    let versions = builder.broadcast("versions", "control", move || {
        Ok(Versions { gate: gate.clone(), newest: Version::default(), folded: -1, published: None })
    });
    builder.store(StoreSpec::persistent("counts"));
    let records = builder.stream("in");
    records
        .process("pass-on", move |_| PassOn { versions }, &["counts"])
        .to(Sink::new("out").owned(&[("cleanup.policy", "delete")]));
    builder.build().unwrap()
}
