//! What lies on the topics in the end: every record accounted for, counted anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scorewheel_codecs::LINEAGE_HEADER;
use scorewheel_scoring::dead_letter::OFFSET_HEADER;
use scorewheel_serving::StoredStatistics;
use scorewheel_topics::{Backend, Offset, RecordView, TopicsError};

use crate::clients::{Tail, TailStart};
use crate::config::Config;
use crate::running::parts::STORE;

/// What became of the records of all partitions, counted from the topics alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recount {
    /// Records on the input topic.
    pub records: u64,
    /// Results.
    pub results: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Records counted as dropped by the committed statistics, read from their changelog.
    pub drops: u64,
    /// What does not add up, partition by partition.
    pub violations: Vec<String>,
}

/// What became of the records of one partition.
#[derive(Default)]
struct Partition {
    inputs: BTreeSet<Offset>,
    done: BTreeSet<Offset>,
    drops: u64,
    counted: u64,
}

impl Recount {
    /// Reads records, results, dead letters and the changelog of the statistics from their first record to their end.
    ///
    /// # Errors
    /// Those of reading.
    pub fn of(backend: &dyn Backend, config: &Config) -> Result<Self, TopicsError> {
        let mut recount = Self::default();
        let mut partitions: BTreeMap<u32, Partition> = BTreeMap::new();
        let topics = &config.topics;
        read(backend, &topics.records, |number, record| {
            recount.records += 1;
            partitions.entry(number).or_default().inputs.insert(record.offset);
        })?;
        let mut violations = Vec::new();
        let mut last: BTreeMap<u32, Offset> = BTreeMap::new();
        read(backend, &topics.results, |number, record| {
            recount.results += 1;
            let origin = lineage_offset(record);
            let partition = partitions.entry(number).or_default();
            take(partition, number, "result", record.offset, origin, &mut violations);
            if let Some(origin) = origin
                && last.insert(number, origin).is_some_and(|before| before >= origin)
            {
                violations.push(format!("partition {number}: results are out of order at {origin}"));
            }
        })?;
        read(backend, &topics.dead_letters, |number, record| {
            recount.dead_letters += 1;
            let partition = partitions.entry(number).or_default();
            take(partition, number, "dead letter", record.offset, header_offset(record), &mut violations);
        })?;
        let changelog = format!("{}-{STORE}-changelog", config.application.id);
        read(backend, &changelog, |number, record| {
            let (Some(key), Some(value)) = (record.key, record.value) else { return };
            if let Some(StoredStatistics::Totals(totals)) = StoredStatistics::decode(key, value) {
                let partition = partitions.entry(number).or_default();
                partition.drops = totals.conservation.drops;
                partition.counted = totals.conservation.records;
            }
        })?;
        for (number, partition) in &partitions {
            recount.drops += partition.drops;
            let unanswered = partition.inputs.difference(&partition.done).count() as u64;
            if unanswered != partition.drops {
                violations.push(format!(
                    "partition {number}: {unanswered} records have neither result nor dead letter, and {} are counted \
                     as dropped",
                    partition.drops
                ));
            }
            if partition.counted != partition.inputs.len() as u64 {
                violations.push(format!(
                    "partition {number}: {} records lie on the topic, and {} are counted as taken in",
                    partition.inputs.len(),
                    partition.counted
                ));
            }
        }
        recount.violations = violations;
        Ok(recount)
    }

    /// True if every record is accounted for, once.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty() && self.records == self.results + self.dead_letters + self.drops
    }
}

impl fmt::Display for Recount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, results, dead_letters, drops, .. } = self;
        let (verb, sign) = if self.holds() { ("holds", "=") } else { ("does NOT hold", "≠") };
        write!(
            f,
            "conservation {verb}: {records} records {sign} {results} results + {dead_letters} dead letters + {drops} \
             drops"
        )?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}

/// Notes that a record was answered.
fn take(
    partition: &mut Partition,
    number: u32,
    what: &str,
    at: Offset,
    origin: Option<Offset>,
    violations: &mut Vec<String>,
) {
    match origin {
        None => violations.push(format!("partition {number}: the {what} at {at} does not say what it is of")),
        Some(origin) if !partition.inputs.contains(&origin) => {
            violations.push(format!("partition {number}: a {what} of record {origin}, which is not there"));
        }
        Some(origin) if !partition.done.insert(origin) => {
            violations.push(format!("partition {number}: record {origin} was answered twice"));
        }
        Some(_) => {}
    }
}

fn lineage_offset(record: &RecordView<'_>) -> Option<Offset> {
    let header = record.headers.last(LINEAGE_HEADER).flatten()?;
    serde_json::from_slice::<serde_json::Value>(header).ok()?["offset"].as_i64()
}

fn header_offset(record: &RecordView<'_>) -> Option<Offset> {
    let header = record.headers.last(OFFSET_HEADER).flatten()?;
    std::str::from_utf8(header).ok()?.parse().ok()
}

/// All records of a topic that is there, from first to last.
fn read(
    backend: &dyn Backend,
    topic: &str,
    mut take: impl FnMut(u32, &RecordView<'_>),
) -> Result<(), TopicsError> {
    let mut tail = Tail::open(backend, topic, None, TailStart::Start)?;
    while !tail.at_end() {
        let Some(batch) = tail.next_batch()? else { continue };
        let partition = batch.source().partition();
        batch.iter().for_each(|record| take(partition, &record));
    }
    Ok(())
}
