//! Stores in the test driver: read-your-writes, rollback, restore, views, custom stores, foreign changelogs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::any::Any;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use scorewheel_streams::{
    BatchView, ChangelogWriter, Checkpoint, ErrorKind, Flow, KeyValueStore, KeyValueView, Processor,
    ProcessorContext, ProcessorError, ReadOnlyKeyValueStore, StateStore, StoreError, StoreSpec,
    StreamsBuilder, TestDriverOptions, TestRecord, Topology, TopologyTestDriver,
};
use scorewheel_topics::Offset;

/// Counts records by key in store `counts` and writes each new count; a null value deletes the key.
struct Count;

impl Processor for Count {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        let store = context.stores.key_value("counts")?;
        for (index, record) in batch.iter().enumerate() {
            let key = record.key.unwrap_or_default();
            if record.value.is_none() {
                store.delete(key);
                continue;
            }
            let count = store.get(key)?.map_or(0, |count| count[0]) + 1;
            store.put(key, &[count]);
            let mut output = context.outputs.main();
            let mut record = output.record(index, record.timestamp, Some(key));
            record.value().extend_from_slice(count.to_string().as_bytes());
            record.finish()?;
        }
        Ok(Flow::Continue)
    }
}

fn counting(store: StoreSpec) -> Topology {
    let builder = StreamsBuilder::new();
    builder.store(store);
    builder.stream("in").process("count", |_| Count, &["counts"]).to("out");
    builder.build().unwrap()
}

fn driver(auto_commit: bool) -> TopologyTestDriver {
    let options = TestDriverOptions { auto_commit, ..TestDriverOptions::default() };
    TopologyTestDriver::with_options(counting(StoreSpec::memory("counts")), options).unwrap()
}

fn keys(keys: &[&str]) -> Vec<TestRecord> {
    keys.iter().map(|key| TestRecord::new("x").key(key)).collect()
}

fn entries(store: &dyn ReadOnlyKeyValueStore) -> Vec<(String, u8)> {
    let entries = store.entries().unwrap();
    entries.into_iter().map(|(key, value)| (String::from_utf8(key).unwrap(), value[0])).collect()
}

#[test]
fn a_transaction_reads_its_own_writes_and_others_only_what_is_committed() {
    let mut driver = driver(false);
    driver.pipe("in", 0, keys(&["a", "b", "a"])).unwrap();
    let view = driver.view::<KeyValueView>(0, "counts").unwrap();
    let (content, checkpoint) = view.snapshot().unwrap();
    assert_eq!((entries(&*content), checkpoint.input), (vec![], -1));
    assert_eq!(entries(driver.key_value(0, "counts").unwrap()), [("a".into(), 2), ("b".into(), 1)]);
    driver.commit().unwrap();
    let (committed, checkpoint) = view.snapshot().unwrap();
    assert_eq!(entries(&*committed), [("a".into(), 2), ("b".into(), 1)]);
    assert_eq!((checkpoint.input, checkpoint.changelog), (3, 2));
    driver.pipe("in", 0, keys(&["a"])).unwrap();
    driver.commit().unwrap();
    // A snapshot does not change while it is held.
    assert_eq!(entries(&*committed), [("a".into(), 2), ("b".into(), 1)]);
    assert_eq!(view.snapshot().unwrap().1.input, 4);
}

#[test]
fn an_abort_rolls_the_store_back() {
    let mut driver = driver(false);
    driver.pipe("in", 0, keys(&["a", "b"])).unwrap();
    driver.commit().unwrap();
    driver.pipe("in", 0, keys(&["a", "a"])).unwrap();
    driver.abort().unwrap();
    assert_eq!(entries(driver.key_value(0, "counts").unwrap()), [("a".into(), 1), ("b".into(), 1)]);
    driver.pipe("in", 0, keys(&["b"])).unwrap();
    driver.commit().unwrap();
    let written: Vec<_> =
        driver.read_output("out").iter().map(|record| record.value_text().into_owned()).collect();
    assert_eq!(written, ["1", "1", "2", "3", "2"]);
}

#[test]
fn a_restart_restores_the_fold_of_the_changelog() {
    let mut driver = driver(true);
    driver.pipe("in", 0, keys(&["a", "b", "c"])).unwrap();
    driver.pipe("in", 0, [TestRecord::tombstone("b")]).unwrap();
    driver.pipe("in", 0, keys(&["a"])).unwrap();
    driver.restart().unwrap();
    assert_eq!(entries(driver.key_value(0, "counts").unwrap()), [("a".into(), 2), ("c".into(), 1)]);
    let view = driver.view::<KeyValueView>(0, "counts").unwrap();
    assert_eq!(view.snapshot().unwrap().1.input, 5);
    let changelog = driver.output("test-counts-changelog");
    assert!(changelog.iter().all(|record| record.header("scorewheel-store") == Some(b"key-value/1")));
}

#[test]
fn a_store_without_changelog_begins_empty() {
    let topology = counting(StoreSpec::memory("counts").without_changelog());
    let mut driver = TopologyTestDriver::new(topology).unwrap();
    driver.pipe("in", 0, keys(&["a"])).unwrap();
    driver.restart().unwrap();
    driver.pipe("in", 0, keys(&["b"])).unwrap();
    assert_eq!(entries(driver.key_value(0, "counts").unwrap()), [("b".into(), 1)]);
    assert_eq!(driver.output("test-counts-changelog"), []);
}

#[test]
fn a_scan_merges_the_transaction_into_what_is_committed() {
    let mut driver = driver(false);
    driver.pipe("in", 0, keys(&["b", "d", "f"])).unwrap();
    driver.commit().unwrap();
    let store = driver.key_value(0, "counts").unwrap();
    store.put(b"a", &[9]);
    store.put(b"d", &[8]);
    store.put(b"e", &[7]);
    store.put(b"g", &[6]);
    store.delete(b"f");
    store.delete(b"z");
    let all: Vec<_> = entries(store).into_iter().map(|(key, value)| format!("{key}{value}")).collect();
    assert_eq!(all, ["a9", "b1", "d8", "e7", "g6"]);
    let scan = |store: &KeyValueStore, from: Bound<&[u8]>, to: Bound<&[u8]>, most: usize| {
        let mut found = Vec::new();
        store
            .scan((from, to), &mut |key, _| {
                found.push(key[0] as char);
                found.len() < most
            })
            .unwrap();
        found.into_iter().collect::<String>()
    };
    assert_eq!(scan(store, Bound::Included(b"b"), Bound::Excluded(b"g"), 9), "bde");
    assert_eq!(scan(store, Bound::Excluded(b"b"), Bound::Unbounded, 2), "de");
    assert_eq!(scan(store, Bound::Unbounded, Bound::Unbounded, 1), "a");
    assert_eq!(scan(store, Bound::Included(b"g"), Bound::Included(b"b"), 9), "");
    assert_eq!(scan(store, Bound::Excluded(b"b"), Bound::Excluded(b"b"), 9), "");
}

#[test]
fn a_change_that_the_changelog_refuses_aborts_the_transaction() {
    let mut driver = driver(true);
    driver.limit_record_size("test-counts-changelog", 120);
    driver.pipe("in", 0, keys(&["a"])).unwrap();
    let error = driver.pipe("in", 0, keys(&[&"k".repeat(100)])).unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::Store { source: StoreError::TooLarge(_), .. }), "{error}");
    assert_eq!(entries(driver.key_value(0, "counts").unwrap()), [("a".into(), 1)]);
}

/// A store of one number under the key 42, with a view of its own.
struct Total {
    committed: u64,
    current: u64,
    view: Arc<Mutex<(u64, Offset)>>,
    kind: &'static str,
}

const KEY: [u8; 4] = 42_u32.to_be_bytes();

impl StateStore for Total {
    fn kind(&self) -> &str {
        self.kind
    }

    fn flush(&mut self, changelog: &mut ChangelogWriter<'_>) -> Result<(), StoreError> {
        if self.current != self.committed {
            changelog.put(&KEY, &self.current.to_be_bytes())?;
        }
        Ok(())
    }

    fn commit(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.committed = self.current;
        *self.view.lock().unwrap() = (self.committed, checkpoint.input);
        Ok(())
    }

    fn rollback(&mut self) {
        self.current = self.committed;
    }

    fn restore(&mut self, records: BatchView<'_>, _checkpoint: &Checkpoint) -> Result<(), StoreError> {
        for record in records.iter() {
            let value = record.value.and_then(|value| value.try_into().ok());
            let Some(value) = value.filter(|_| record.key == Some(&KEY)) else {
                return Err(StoreError::ForeignChangelog {
                    found: "no total".into(),
                    expected: self.kind.into(),
                });
            };
            self.current = u64::from_be_bytes(value);
        }
        self.committed = self.current;
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StoreError> {
        (self.current, self.committed) = (0, 0);
        Ok(())
    }

    fn view(&self) -> Arc<dyn Any + Send + Sync> {
        self.view.clone()
    }
}

struct AddUp;

impl Processor for AddUp {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        context.stores.get::<Total>("total")?.current += batch.len() as u64;
        Ok(Flow::Continue)
    }
}

fn totalling(kind: &'static str) -> Topology {
    let builder = StreamsBuilder::new();
    builder.store(StoreSpec::custom("total", move |_| {
        Ok(Total { committed: 0, current: 0, view: Arc::default(), kind })
    }));
    builder.stream("in").process("add-up", |_| AddUp, &["total"]);
    builder.build().unwrap()
}

#[test]
fn a_custom_store_has_its_own_changelog_and_view() {
    let mut driver = TopologyTestDriver::new(totalling("total/1")).unwrap();
    driver.pipe("in", 0, ["a", "b"]).unwrap();
    driver.pipe("in", 0, ["c"]).unwrap();
    let changelog = driver.output("test-total-changelog");
    assert_eq!(changelog.iter().map(|record| record.key.as_deref()).collect::<Vec<_>>(), [Some(&KEY[..]); 2]);
    driver.restart().unwrap();
    assert_eq!(*driver.view::<Mutex<(u64, Offset)>>(0, "total").unwrap().lock().unwrap(), (3, 3));
    assert_eq!(driver.store::<Total>(0, "total").unwrap().current, 3);
    assert!(driver.store::<KeyValueStore>(0, "total").is_err());
}

#[test]
fn a_changelog_of_another_kind_of_store_is_refused() {
    // The supplier is asked once a task: the second one, after the restart, writes another version.
    let asked = Arc::new(Mutex::new(0));
    let builder = StreamsBuilder::new();
    builder.store(StoreSpec::custom("total", move |_| {
        *asked.lock().unwrap() += 1;
        let kind = if *asked.lock().unwrap() == 1 { "total/1" } else { "total/2" };
        Ok(Total { committed: 0, current: 0, view: Arc::default(), kind })
    }));
    builder.stream("in").process("add-up", |_| AddUp, &["total"]);
    let mut driver = TopologyTestDriver::new(builder.build().unwrap()).unwrap();
    driver.pipe("in", 0, ["a"]).unwrap();
    let error = driver.restart().unwrap_err();
    assert_eq!(
        error.to_string(),
        "task 0_0: store `total`: the changelog holds records of `total/1`, this store writes total/2; run it with \
         the store that wrote it, or begin the store anew with `reset --store`"
    );
}
