//! Documents of the rarer model elements, made by the scripts of this folder, with numbers that other libraries and the
//! specification's formulas give. Each is scored as a whole and row by row: the bits are the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../suite/record.rs"]
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use scorewheel_columns::{Batch, Schema, Scores};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;
use serde_json::{Map, Value as Json, json};

/// A document with its rows.
struct Case {
    name: String,
    bound: Arc<dyn BoundModel>,
    schema: Arc<Schema>,
    rows: Vec<Json>,
}

fn documents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rare_elements/documents");
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "pmml"));
    found.sort();
    found
}

impl Case {
    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(path).unwrap();
        let model = PmmlModel::load(&bytes, None, &Mapping::default(), &Limits::default());
        let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
        let schema = model.schema().unwrap();
        let bound = model.bind(&schema, &Mapping::default()).unwrap();
        let rows = std::fs::read_to_string(path.with_extension("jsonl")).unwrap();
        let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { name, bound, schema, rows }
    }

    fn batch(&self, records: &[Map<String, Json>]) -> Batch {
        let mut batch = Batch::new(Arc::clone(&self.schema));
        for record in records {
            record::push(&mut batch, &self.schema, record);
        }
        batch
    }

    fn answers(&self, records: &[Map<String, Json>]) -> Vec<Json> {
        let batch = self.batch(records);
        let mut scores = Scores::new();
        self.bound.score(&batch, 0..batch.rows(), &mut self.bound.new_scratch(), &mut scores);
        let answer = |row: usize| match scores.error(row) {
            Some(error) => json!({"error": error.code.as_str()}),
            None => json!({"out": record::answer(&scores, row)["out"]}),
        };
        (0..records.len()).map(answer).collect()
    }

    /// A batch gives each of its rows what the row alone gets, to the last bit.
    fn batch_is_its_rows(&self, records: &[Map<String, Json>]) {
        let batch = self.batch(records);
        let (mut together, mut alone) = (Scores::new(), Scores::new());
        self.bound.score(&batch, 0..batch.rows(), &mut self.bound.new_scratch(), &mut together);
        let mut scratch = self.bound.new_scratch();
        for (row, record) in records.iter().enumerate() {
            self.bound.score(&batch, row..row + 1, &mut scratch, &mut alone);
            let place = format!("{}, {record:?}", self.name);
            assert_eq!(together.error(row), alone.error(0), "{place}");
            if together.error(row).is_some() {
                continue;
            }
            for column in 0..together.schema().fields.len() {
                let (batch, single) = (together.get(column, row), alone.get(column, 0));
                assert_eq!(format!("{batch:?}"), format!("{single:?}"), "{place}, column {column}");
            }
        }
    }
}

/// Numbers agree within 1e-9 of their size, or of 1 where they are smaller: probabilities and tails.
fn agree(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(found), Json::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
        }
        _ => found == expected,
    }
}

fn input(row: &Json) -> Map<String, Json> {
    row["in"].as_object().unwrap().clone()
}

#[test]
fn answers_are_those_of_other_libraries() {
    let mut wrong = Vec::new();
    for path in documents() {
        let case = Case::read(&path);
        let records: Vec<_> = case.rows.iter().map(input).collect();
        for ((row, found), record) in case.rows.iter().zip(case.answers(&records)).zip(&records) {
            let is_right = match (row.get("error"), found.get("error")) {
                (None, None) => {
                    let (expected, found) = (row["out"].as_object().unwrap(), &found["out"]);
                    let names = found.as_object().unwrap().keys();
                    names.clone().all(|name| expected.contains_key(name))
                        && expected
                            .iter()
                            .all(|(name, expected)| agree(found.get(name).unwrap_or(&Json::Null), expected))
                }
                (expected, error) => expected == error,
            };
            if !is_right {
                wrong.push(format!("{}: {record:?}\n  expected {row}\n  found    {found}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_element_has_its_documents_with_missing_and_invalid_input() {
    for element in [
        "anomaly",
        "baseline",
        "bayesian_network",
        "composition",
        "cox",
        "gaussian_process",
        "sequence",
        "text",
        "time_series",
    ] {
        let paths: Vec<_> = documents()
            .into_iter()
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(element))
            .collect();
        assert!(paths.len() >= 5, "{element}: {} documents", paths.len());
        let cases: Vec<Case> = paths.iter().map(|path| Case::read(path)).collect();
        let rows = || cases.iter().flat_map(|case| &case.rows);
        assert!(rows().any(|row| row["error"] == "invalid_value"), "{element}");
        assert!(
            rows().any(|row| input(row).is_empty() || row["out"].to_string().contains("null")),
            "{element}"
        );
    }
}

#[test]
fn a_batch_is_its_rows() {
    for path in documents() {
        let case = Case::read(&path);
        let names: Vec<&str> = case.schema.fields().iter().map(|field| &*field.name).collect();
        // What each field holds in some row, and what no row should hold.
        let odd =
            [Json::Null, json!("NaN"), json!("x"), json!(1e300), json!(-1.5), json!(0), json!("Infinity")];
        let pools: Vec<Vec<Json>> = names
            .iter()
            .map(|name| {
                let seen = case.rows.iter().filter_map(|row| row["in"].get(*name).cloned());
                seen.chain(odd.iter().cloned()).collect()
            })
            .collect();
        let generator = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), generator);
        let row: Vec<_> = pools.iter().map(|pool| 0..pool.len()).collect();
        let rows = vec(row, 1..60);
        for _ in 0..8 {
            let picked = rows.new_tree(&mut runner).unwrap().current();
            let records: Vec<Map<String, Json>> = picked
                .iter()
                .map(|row| {
                    let cells = row.iter().zip(&pools).map(|(at, pool)| pool[*at].clone());
                    names.iter().map(|name| (*name).to_owned()).zip(cells).collect()
                })
                .collect();
            case.batch_is_its_rows(&records);
        }
    }
}
