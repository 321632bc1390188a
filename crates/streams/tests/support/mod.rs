//! Small processors and handlers that the tests build topologies of.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test that cannot go on fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scorewheel_streams::{
    BatchView, Broadcast, BroadcastHandler, BuildContext, CommitContext, CutOver, Flow, InitContext,
    OutputId, Processor, ProcessorContext, ProcessorError, Published, Reached, ReadOnlyKeyValueStore,
};
use scorewheel_topics::{Offset, RecordView};

/// What [`Rules`] folds: the factor by which values are multiplied.
#[derive(Debug, PartialEq, Eq)]
pub struct Factor {
    /// `None` while the control log has no number.
    pub factor: Option<u64>,
    pub position: Offset,
}

impl Drop for Factor {
    fn drop(&mut self) {
        ALIVE.with(|alive| alive.fetch_sub(1, Ordering::Relaxed));
    }
}

thread_local! {
    static ALIVE: AtomicU64 = const { AtomicU64::new(0) };
}

/// Snapshots alive on this thread's driver.
pub fn alive() -> u64 {
    ALIVE.with(|alive| alive.load(Ordering::Relaxed))
}

/// A handler whose topic holds numbers; the last one is the factor. The record `retry` asks for another build a second
/// later, `fail` stops the application, any other text is ignored.
#[derive(Debug, Default)]
pub struct Rules {
    factor: Option<u64>,
    position: Option<Offset>,
    /// The position of the current snapshot; none before the first.
    published: Option<Offset>,
    retry: bool,
    fail: bool,
}

impl BroadcastHandler for Rules {
    type Snapshot = Factor;

    fn record(&mut self, record: RecordView<'_>) {
        match std::str::from_utf8(record.value.unwrap_or_default()) {
            Ok("retry") => self.retry = true,
            Ok("fail") => self.fail = true,
            Ok(text) => {
                if let Ok(factor) = text.parse() {
                    self.factor = Some(factor);
                    self.position = Some(record.offset);
                }
            }
            Err(_) => {}
        }
    }

    fn build(&mut self, context: &mut BuildContext<'_>) -> Option<Published<Factor>> {
        if self.fail {
            context.fail("told to fail");
            return None;
        }
        if std::mem::take(&mut self.retry) {
            context.retry_after(Duration::from_secs(1));
            return None;
        }
        let position = self.position.unwrap_or(-1);
        if self.published == Some(position) {
            return None;
        }
        self.published = Some(position);
        ALIVE.with(|alive| alive.fetch_add(1, Ordering::Relaxed));
        let snapshot = Arc::new(Factor { factor: self.factor, position });
        Some(Published { snapshot, position, mark: format!("factor:{}", self.factor.unwrap_or_default()) })
    }

    fn reached(&self, mark: &str) -> Reached {
        let here = format!("factor:{}", self.factor.unwrap_or_default());
        if mark == here || mark == "factor:0" {
            Reached::Yes
        } else {
            Reached::Never(format!("the log ends with {here}, committed is {mark}"))
        }
    }
}

/// Multiplies numbers by the factor, sums them up in store `sums`, pauses without a factor; a record that is no number
/// goes to output `bad`; cut-overs go to output `cut-overs`.
pub struct Multiply {
    pub rules: Broadcast<Factor>,
    pub bad: OutputId,
    pub cut_overs: OutputId,
    /// The sum of this transaction, kept aside until the commit.
    pending: u64,
}

impl Multiply {
    pub fn new(rules: Broadcast<Factor>) -> Self {
        Self { rules, bad: OutputId::MAIN, cut_overs: OutputId::MAIN, pending: 0 }
    }
}

pub fn number(bytes: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(bytes?).ok()?.parse().ok()
}

impl Processor for Multiply {
    fn init(&mut self, context: &mut InitContext<'_>) -> Result<(), ProcessorError> {
        self.bad = context.output("bad")?;
        self.cut_overs = context.output("cut-overs")?;
        Ok(())
    }

    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let rules = context.snapshots.get(&self.rules)?;
        let Some(factor) = rules.factor else {
            return Ok(Flow::PauseAt { record: 0, reason: "no factor".into() });
        };
        for (index, record) in batch.iter().enumerate() {
            match number(record.value) {
                Some(_) if factor == 13 => {
                    return Ok(Flow::PauseAt { record: index, reason: "an unlucky factor".into() });
                }
                Some(value) => {
                    self.pending += value * factor;
                    let mut output = context.outputs.main();
                    let mut result = output.record(index, record.timestamp, record.key);
                    result.header("offset", record.offset.to_string().as_bytes());
                    result.value().extend_from_slice((value * factor).to_string().as_bytes());
                    result.finish()?;
                }
                None if record.value == Some(b"error") => return Err("told to fail".into()),
                None => context.outputs.at(self.bad).copy(index, &record)?,
            }
        }
        Ok(Flow::Continue)
    }

    fn cut_over(
        &mut self,
        cut_over: &CutOver<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<(), ProcessorError> {
        let from = cut_over.from.map_or_else(|| "nothing".to_owned(), |mark| mark.mark.to_string());
        let line = format!("{} at {}: {from} -> {}", cut_over.input, cut_over.first_offset, cut_over.to.mark);
        let mut output = context.outputs.at(self.cut_overs);
        let mut record = output.record(0, 0, None);
        record.value().extend_from_slice(line.as_bytes());
        record.finish()?;
        Ok(())
    }

    fn before_commit(&mut self, context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        let store = context.stores.key_value("sums")?;
        let before = number(store.get(b"sum")?.as_deref()).unwrap_or(0);
        store.put(b"sum", (before + std::mem::take(&mut self.pending)).to_string().as_bytes());
        Ok(())
    }

    fn rolled_back(&mut self, _context: &mut CommitContext<'_>) -> Result<(), ProcessorError> {
        self.pending = 0;
        Ok(())
    }
}
