//! Documents of our own whose answers come from a script beside them, never from this engine.
//!
//! One folder a topic: `make.py` writes `<case>.pmml` and `<case>.jsonl`, one row a line: `in` (field → value), and `out`
//! (field → value; the nameless target is `null`), `aux` where it is looked at, or `error` with the kind of the error.

#![allow(clippy::unwrap_used)]

#[path = "../suite/record.rs"]
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use scorewheel_columns::{Batch, Schema, Scores};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;
use serde_json::{Map, Value as Json};

/// Topics, each with the least number of its documents.
const TOPICS: &[(&str, usize)] =
    &[("composition", 5), ("cox", 5), ("sequence", 5), ("text", 5), ("time_series", 5)];

fn folder(topic: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripted").join(topic)
}

/// A document with its rows.
struct Case {
    name: String,
    schema: Arc<Schema>,
    bound: Arc<dyn BoundModel>,
    rows: Vec<Json>,
}

fn cases(topic: &str) -> Vec<Case> {
    let mut names: Vec<String> = std::fs::read_dir(folder(topic))
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".pmml")?.to_owned()))
        .collect();
    names.sort();
    let read = |name: &String, extension: &str| {
        std::fs::read_to_string(folder(topic).join(format!("{name}.{extension}"))).unwrap()
    };
    let case = |name: String| {
        let text = read(&name, "pmml");
        let model = PmmlModel::load(text.as_bytes(), None, &Mapping::default(), &Limits::default())
            .unwrap_or_else(|error| panic!("{topic}/{name}: {error}"));
        let schema = model.schema().unwrap();
        let bound: Arc<dyn BoundModel> = model.bind(&schema, &Mapping::default()).unwrap();
        let rows = read(&name, "jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Case { name: format!("{topic}/{name}"), schema, bound, rows }
    };
    names.into_iter().map(case).collect()
}

impl Case {
    /// Answers to records, scored together.
    fn answers(&self, records: &[&Map<String, Json>]) -> Vec<Json> {
        let mut batch = Batch::new(Arc::clone(&self.schema));
        for record in records {
            record::push(&mut batch, &self.schema, record);
        }
        let mut scores = Scores::new();
        self.bound.score(&batch, 0..batch.rows(), &mut self.bound.new_scratch(), &mut scores);
        let answer = |row: usize| match scores.error(row) {
            None => record::answer(&scores, row),
            Some(error) => serde_json::json!({"error": error.code.as_str()}),
        };
        (0..records.len()).map(answer).collect()
    }
}

fn differs(wanted: &Json, found: &Json) -> bool {
    match (wanted, found) {
        (Json::Number(wanted), Json::Number(found)) => {
            let (wanted, found) = (wanted.as_f64().unwrap(), found.as_f64().unwrap());
            (wanted - found).abs() > 1e-9 * wanted.abs().max(found.abs()).max(1e-3)
        }
        (Json::Array(wanted), Json::Array(found)) => {
            wanted.len() != found.len() || wanted.iter().zip(found).any(|(a, b)| differs(a, b))
        }
        // Only what is written is looked at.
        (Json::Object(wanted), Json::Object(found)) => {
            wanted.iter().any(|(name, value)| differs(value, found.get(name).unwrap_or(&Json::Null)))
        }
        (wanted, found) => wanted != found,
    }
}

#[test]
fn documents_answer_as_their_scripts_do() {
    for (topic, least) in TOPICS {
        let cases = cases(topic);
        assert!(cases.len() >= *least, "{topic}: {} documents", cases.len());
        for case in &cases {
            let records: Vec<_> = case.rows.iter().map(|row| row["in"].as_object().unwrap()).collect();
            assert!(!records.is_empty(), "{}", case.name);
            for (row, found) in case.rows.iter().zip(case.answers(&records)) {
                let mut wanted = row.clone();
                wanted.as_object_mut().unwrap().remove("in");
                assert!(
                    !differs(&wanted, &found),
                    "{}: {} gives {found}, not {wanted}",
                    case.name,
                    row["in"]
                );
            }
        }
    }
}

/// A record with some fields missing, strange or taken from another one.
fn disturbed(records: &[&Map<String, Json>], picks: &[(prop::sample::Index, u8)]) -> Map<String, Json> {
    let mut record = picks[0].0.get(records).to_owned().clone();
    let names: Vec<String> = record.keys().cloned().collect();
    for ((other, what), name) in picks.iter().zip(names.iter().cycle().skip(usize::from(picks[0].1))) {
        let value = match what % 16 {
            0 => Json::Null,
            1 => Json::from("strange"),
            2 => Json::from(-1.5),
            3 => Json::from(3),
            4 => serde_json::json!([]),
            5 => serde_json::json!(["strange", "strange"]),
            6..10 => other.get(records).get(name).cloned().unwrap_or_default(),
            _ => continue,
        };
        record.insert(name.clone(), value);
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_batch_answers_as_its_rows_do(
        rows in prop::collection::vec(prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..5), 1..40)
    ) {
        for (topic, _) in TOPICS {
            for case in cases(topic) {
                let known: Vec<_> = case.rows.iter().map(|row| row["in"].as_object().unwrap()).collect();
                let records: Vec<_> = rows.iter().map(|picks| disturbed(&known, picks)).collect();
                let together = case.answers(&records.iter().collect::<Vec<_>>());
                for (record, answer) in records.iter().zip(&together) {
                    // Numbers are written so that they are read back with the same bits.
                    let alone = case.answers(&[record]);
                    prop_assert_eq!(&alone[0], answer, "{}: {:?}", case.name, record);
                }
            }
        }
    }
}
