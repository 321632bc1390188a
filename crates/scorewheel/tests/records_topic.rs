//! `produce` on topics in memory.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use scorewheel::clients::{Tail, TailStart};
use scorewheel::config::{Config, Create};
use scorewheel::{Command, CommandLine, ExitCode, Failure};
use scorewheel_codecs::DataTypeDefinition;
use scorewheel_columns::{Batch, Value};
use scorewheel_topics::{Backend, MemoryBackend, TopicsError};

#[derive(Default)]
struct World {
    backend: MemoryBackend,
    config: Config,
    pauses: Vec<Duration>,
}

/// A record as it lies on the topic.
#[derive(Debug, PartialEq)]
struct Found {
    partition: u32,
    key: Option<Vec<u8>>,
    value: Vec<u8>,
    data_type: Option<String>,
}

impl World {
    fn run(&mut self, arguments: &[&str]) -> Result<(ExitCode, String), Failure> {
        let arguments = ["scorewheel", "produce"].iter().chain(arguments);
        let Command::Produce(arguments) = CommandLine::try_parse_from(arguments).unwrap().command else {
            panic!()
        };
        let mut out = Vec::new();
        let pauses = &mut self.pauses;
        let code =
            arguments.produce(&self.backend, &self.config, &mut out, &mut |pause| pauses.push(pause))?;
        Ok((code, String::from_utf8(out).unwrap()))
    }

    fn records(&self, topic: &str) -> Vec<Found> {
        let mut tail = Tail::open(&self.backend, topic, None, TailStart::Start).unwrap();
        let mut found = Vec::new();
        while !tail.at_end() {
            let Some(batch) = tail.next_batch().unwrap() else { continue };
            found.extend(batch.iter().map(|record| {
                Found {
                    partition: batch.source().partition(),
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.unwrap().to_vec(),
                    data_type: record
                        .headers
                        .into_iter()
                        .find(|header| header.name == b"scorewheel-data-type")
                        .map(|header| String::from_utf8(header.value.unwrap().to_vec()).unwrap()),
                }
            }));
        }
        found
    }
}

fn demo() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/records.csv").display().to_string()
}

fn wine(value: &[u8]) -> Vec<Value> {
    let wine = DataTypeDefinition::wine().unwrap();
    let mut batch = Batch::new(wine.schema().clone());
    batch.resize(1);
    wine.decoder().decode(value, &mut batch, 0).unwrap();
    batch.columns().iter().map(|column| column.get(0)).collect()
}

#[test]
fn the_originals_file_becomes_the_originals_records() {
    let mut world = World::default();
    world.config.topics.partitions = 3;
    let arguments = [&*demo(), "--delimiter", ";", "--no-header", "-n", "6"];
    let (code, said) = world.run(&arguments).unwrap();
    assert_eq!(code, ExitCode::Success);
    assert_eq!(said, "created topic models_data (partitions: 3)\nproduced 6 records to models_data\n");
    assert_eq!(world.pauses, [Duration::from_secs(1); 5]);
    let mut records = world.records("models_data");
    records.sort_by_key(|record| record.partition);
    let partitions: Vec<u32> = records.iter().map(|record| record.partition).collect();
    assert_eq!(partitions, [0, 0, 1, 1, 2, 2]);
    let first = wine(&records[0].value);
    assert_eq!(
        (&first[0], &first[10], &first[11]),
        (&Value::F64(6.96353), &Value::F64(9.70965), &Value::from("wine"))
    );
    assert!(records.iter().all(|record| record.key.is_none() && record.data_type.is_none()));
}

#[test]
fn a_file_is_begun_again_until_the_count_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.csv");
    std::fs::write(&file, "alcohol,pH\n1,2\n3,4\n").unwrap();
    let mut world = World::default();
    let file = file.display().to_string();
    let (_, said) = world.run(&[&file, "--loop", "-n", "5", "--rate", "max", "--key", "pH"]).unwrap();
    assert!(said.ends_with("produced 5 records to models_data\n"), "{said}");
    assert!(world.pauses.is_empty());
    let keys: Vec<_> = world.records("models_data").into_iter().map(|record| record.key.unwrap()).collect();
    assert_eq!(keys, [b"2", b"4", b"2", b"4", b"2"]);
}

#[test]
fn lines_of_json_and_another_data_type() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("beer.proto");
    std::fs::write(&schema, "syntax = \"proto3\"; message Beer { double bitterness = 1; string name = 2; }")
        .unwrap();
    let file = folder.path().join("records.jsonl");
    std::fs::write(&file, "{\"bitterness\": 1.5, \"name\": \"ale\"}\n\nnonsense\n").unwrap();
    let mut world = World::default();
    world.config.data_types = vec![scorewheel::config::DataTypeConfig {
        name: "beer".into(),
        schema: Some(schema),
        ..Default::default()
    }];
    let file = file.display().to_string();
    let (code, said) =
        world.run(&[&file, "--data-type", "beer", "--topic", "beers", "--rate", "max"]).unwrap();
    assert_eq!(code, ExitCode::RunTime);
    assert!(said.ends_with("produced 1 records to beers, 1 left out\n"), "{said}");
    let records = world.records("beers");
    let value = b"\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x12\x03ale".to_vec();
    assert_eq!(records, [Found { partition: 0, key: None, value, data_type: Some("beer".into()) }]);
}

#[test]
fn what_is_missing_is_said() {
    let mut world = World::default();
    assert_eq!(world.run(&[]).unwrap_err().code, ExitCode::Usage);
    assert_eq!(world.run(&["/nonexistent.csv"]).unwrap_err().code, ExitCode::FileNotFound);
    assert_eq!(world.run(&[&demo(), "--data-type", "beer"]).unwrap_err().code, ExitCode::Usage);
    let error = world.run(&[&demo(), "--delimiter", ";"]).unwrap_err();
    assert!(error.message.contains("--no-header"), "{error}");
    assert!(world.backend.admin().unwrap().topics().unwrap().is_empty(), "nothing was created on the way");
    world.config.topics.create = Create::None;
    let error = world.run(&[&demo(), "--delimiter", ";", "--no-header"]).unwrap_err();
    assert_eq!(error.message, TopicsError::UnknownTopic { topic: "models_data".into() }.to_string());
}

#[test]
fn a_row_that_is_too_short_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let mut world = World::default();
    let short = file("short.csv", "alcohol,pH\n9\n9,3\n9,3,1\n");
    let (code, said) = world.run(&[&short, "--rate", "max"]).unwrap();
    assert_eq!(code, ExitCode::RunTime);
    assert!(said.ends_with("produced 1 records to models_data, 2 left out\n"), "{said}");
    // Without a header a row may have more columns than the data type has fields, and not fewer.
    let bare = file("bare.csv", "1,2,3,4,5,6,7,8,9,10,11,12\n1,2,3\n");
    let (_, said) = world.run(&[&bare, "--no-header", "--rate", "max"]).unwrap();
    assert!(said.ends_with("produced 1 records to models_data, 1 left out\n"), "{said}");
}

#[test]
fn topics_of_the_application_are_not_for_records() {
    let mut world = World::default();
    let topics = world.config.topics.clone();
    let changelog = format!("{}-modelStore-changelog", world.config.application.id);
    for topic in [&topics.models, &topics.results, &topics.dead_letters, &topics.rejections, &changelog] {
        let error = world
            .run(&[&demo(), "--delimiter", ";", "--no-header", "-n", "1", "--topic", topic])
            .unwrap_err();
        assert_eq!(error.code, ExitCode::Usage);
        assert!(error.message.starts_with(&format!("--topic {topic}: it is ")), "{error}");
    }
    assert!(world.backend.admin().unwrap().topics().unwrap().is_empty(), "nothing was created");
    let error = world.run(&["-", "--loop"]).unwrap_err();
    assert_eq!(error.code, ExitCode::Usage);
}
