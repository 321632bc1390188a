//! Topologies: how they are made, described, and how batches flow through them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use scorewheel_streams::{
    BatchView, Flow, Parent, Partitioning, Processor, ProcessorContext, ProcessorError, Sink, StoreSpec,
    StreamsBuilder, TestDriverOptions, TestRecord, Topology, TopologyBuilder, TopologyError,
    TopologyTestDriver,
};
use support::{Multiply, Rules};

struct Forward;

impl Processor for Forward {
    fn process(
        &mut self,
        batch: BatchView<'_>,
        context: &mut ProcessorContext<'_>,
    ) -> Result<Flow, ProcessorError> {
        for (index, record) in batch.iter().enumerate() {
            context.outputs.main().copy(index, &record)?;
        }
        Ok(Flow::Continue)
    }
}

fn values(driver: &mut TopologyTestDriver, topic: &str) -> Vec<String> {
    driver.read_output(topic).iter().map(|record| record.value_text().into_owned()).collect()
}

#[test]
fn a_topology_describes_itself_as_kafka_streams_does() {
    let mut builder = TopologyBuilder::new();
    let rules = builder.broadcast("rules", "control", || Ok(Rules::default()));
    builder.store(StoreSpec::memory("sums"));
    builder.source("numbers", "in");
    builder.processor("multiply", move |_| Multiply::new(rules), &["numbers".into()], &["sums"]);
    builder.sink("results", "out", &["multiply".into()]);
    builder.sink("bad", "bad-numbers", &[Parent::output("multiply", "bad")]);
    builder.sink("cut-overs", "cut-overs-topic", &[Parent::output("multiply", "cut-overs")]);
    let topology = builder.build().unwrap();
    let wanted = "Topologies:
   Sub-topology: 0
    Source: numbers (topics: [in])
      --> multiply
    Processor: multiply (stores: [sums])
      --> results, bad [bad], cut-overs [cut-overs]
      <-- numbers
    Sink: results (topic: out)
      <-- multiply
    Sink: bad (topic: bad-numbers)
      <-- multiply
    Sink: cut-overs (topic: cut-overs-topic)
      <-- multiply
   Broadcast: rules (topic: control)";
    assert_eq!(topology.describe().to_string(), wanted);
    assert_eq!(topology.sinks().map(|(input, _)| input).collect::<Vec<_>>(), ["in"; 3]);
    assert_eq!(topology.stores()[0].changelog_topic("app"), "app-sums-changelog");
}

fn broken(build: impl FnOnce(&mut TopologyBuilder)) -> TopologyError {
    let mut builder = TopologyBuilder::new();
    build(&mut builder);
    builder.build().unwrap_err()
}

#[test]
fn mistakes_in_a_topology_are_named() {
    let keep = |_: scorewheel_topics::RecordView<'_>| true;
    let cases: [(TopologyError, TopologyError); 9] = [
        (broken(|_| {}), TopologyError::Empty),
        (
            broken(|b| {
                b.source("a b", "in");
            }),
            TopologyError::BadName { name: "a b".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").source("b", "in");
            }),
            TopologyError::TopicTaken { topic: "in".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").sink("a", "out", &["a".into()]);
            }),
            TopologyError::NameTaken { name: "a".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").sink("out", "out", &["b".into()]);
            }),
            TopologyError::UnknownParent { node: "out".into(), parent: "b".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").sink("x", "out", &["a".into()]).sink("y", "out", &["x".into()]);
            }),
            TopologyError::NoOutput { node: "y".into(), parent: "x".into(), output: String::new() },
        ),
        (
            broken(|b| {
                b.source("a", "in").filter("f", keep, &[]);
            }),
            TopologyError::NoParent { node: "f".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").processor("p", |_| Forward, &["a".into()], &["s"]);
            }),
            TopologyError::UnknownStore { node: "p".into(), store: "s".into() },
        ),
        (
            broken(|b| {
                b.source("a", "in").store(StoreSpec::memory("s"));
            }),
            TopologyError::UnconnectedStore { store: "s".into() },
        ),
    ];
    for (found, wanted) in cases {
        assert_eq!(found, wanted);
    }
    let joined = broken(|b| {
        b.source("a", "in").source("b", "other").filter("f", keep, &["a".into(), "b".into()]);
    });
    assert!(matches!(joined, TopologyError::TwoSources { .. }), "{joined}");
}

fn score_filter_next() -> Topology {
    let builder = StreamsBuilder::new();
    let scores = builder.stream("in").process("score", |_| Forward, &[]);
    scores.to("scores");
    let good = scores.filter(|record| record.value >= Some(b"5"));
    good.to("good");
    let [even, odd] = good.branch([
        Box::new(|record| support::number(record.value).is_some_and(|n| n % 2 == 0)),
        Box::new(|_| true),
    ]);
    even.map_values(|record, value| {
        value.extend_from_slice(b"even ");
        value.extend_from_slice(record.value.unwrap_or_default());
        true
    })
    .to("labelled");
    odd.map_values(|_, _| false).to("labelled-odd");
    builder.build().unwrap()
}

#[test]
fn a_score_is_one_more_step_that_others_build_on() {
    for batch_records in [1, 3, usize::MAX] {
        let options = TestDriverOptions { batch_records, ..TestDriverOptions::default() };
        let mut driver = TopologyTestDriver::with_options(score_filter_next(), options).unwrap();
        driver.pipe("in", 0, ["7", "2", "6", "8", "1", "5"]).unwrap();
        assert_eq!(values(&mut driver, "scores"), ["7", "2", "6", "8", "1", "5"]);
        assert_eq!(values(&mut driver, "good"), ["7", "6", "8", "5"]);
        assert_eq!(values(&mut driver, "labelled"), ["even 6", "even 8"]);
        let odd = driver.read_output("labelled-odd");
        assert_eq!(odd.iter().map(|record| record.value.clone()).collect::<Vec<_>>(), [None, None]);
    }
}

#[test]
fn keys_headers_and_timestamps_reach_the_next_topic() {
    let mut driver = TopologyTestDriver::new(score_filter_next()).unwrap();
    driver.pipe("in", 0, [TestRecord::new("6").key("k").header("h", "v").at(42)]).unwrap();
    for topic in ["scores", "good", "labelled"] {
        let record = &driver.read_output(topic)[0];
        assert_eq!((record.key.as_deref(), record.timestamp), (Some(&b"k"[..]), 42), "{topic}");
        assert_eq!(record.header("h"), Some(&b"v"[..]), "{topic}");
    }
}

#[test]
fn a_sink_chooses_the_partition_it_was_told_to() {
    let builder = StreamsBuilder::new();
    let records = builder.stream("in").process("copy", |_| Forward, &[]);
    records.to("by-input");
    records.to(Sink::new("by-key").partitioned(Partitioning::Key));
    records.to(Sink::new("fixed").partitioned(Partitioning::Fixed(2)));
    let options = TestDriverOptions { partitions: 3, ..TestDriverOptions::default() };
    let mut driver = TopologyTestDriver::with_options(builder.build().unwrap(), options).unwrap();
    driver.pipe("in", 1, [TestRecord::new("a").key("21"), TestRecord::new("b")]).unwrap();
    let partitions = |driver: &mut TopologyTestDriver, topic: &str| {
        driver.read_output(topic).iter().map(|record| record.partition).collect::<Vec<_>>()
    };
    assert_eq!(partitions(&mut driver, "by-input"), [1, 1]);
    assert_eq!(partitions(&mut driver, "fixed"), [2, 2]);
    let keyed = scorewheel_topics::partition_for_key(b"21", 3);
    let mut wanted = vec![keyed, 1];
    wanted.sort_unstable();
    assert_eq!(partitions(&mut driver, "by-key"), wanted);
}

#[test]
fn an_output_that_nobody_reads_is_an_error_only_if_it_is_asked_for() {
    let mut builder = TopologyBuilder::new();
    let rules = builder.broadcast("rules", "control", || Ok(Rules::default()));
    builder.store(StoreSpec::memory("sums"));
    builder.source("numbers", "in");
    builder.processor("multiply", move |_| Multiply::new(rules), &["numbers".into()], &["sums"]);
    builder.sink("results", "out", &["multiply".into()]);
    let mut driver = TopologyTestDriver::new(builder.build().unwrap()).unwrap();
    let error = driver.pipe("in", 0, ["1"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "task 0_0: processor `multiply` failed: no node reads output `bad` of processor `multiply`"
    );
}
