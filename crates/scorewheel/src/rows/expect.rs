//! Scores from elsewhere, row by row.

use std::path::Path;

use scorewheel_codecs::{CsvOptions, CsvRows};
use serde_json::{Map, Value};

use super::source::RowFormat;
use crate::exit_code::{ExitCode, Failure};

/// What is expected of each row, in order.
pub struct Expectations {
    rows: Vec<Expected>,
    tolerance: f64,
}

enum Expected {
    /// A JSON line of the shape that the command `score` writes.
    Answer(Map<String, Value>),
    /// Cells of a CSV file: column and text.
    Cells(Vec<(String, String)>),
}

impl Expectations {
    /// Reads JSON lines, or CSV with a header.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if the file cannot be read, [`ExitCode::Usage`] if a line is no JSON object.
    pub fn read(path: &Path, tolerance: f64) -> Result<Self, Failure> {
        let unreadable = |error: &dyn std::fmt::Display| {
            Failure::new(ExitCode::FileNotFound, format!("cannot read {}: {error}", path.display()))
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
        let mut rows = Vec::new();
        match RowFormat::of_path(path) {
            RowFormat::Json => {
                for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
                    if line.trim_ascii().is_empty() {
                        continue;
                    }
                    let answer = serde_json::from_slice(line).map_err(|error| {
                        let place = format!("{}, line {}", path.display(), number + 1);
                        Failure::new(ExitCode::Usage, format!("{place}: not a JSON object: {error}"))
                    })?;
                    rows.push(Expected::Answer(answer));
                }
            }
            RowFormat::Csv => {
                let mut file =
                    CsvRows::new(&*bytes, &CsvOptions::default()).map_err(|error| unreadable(&error))?;
                let names = file.names().to_vec();
                while let Some(row) = file.next_row().map_err(|error| unreadable(&error))? {
                    let cells = names.iter().cloned().zip(row.cells().map(|cell| cell.into_owned()));
                    rows.push(Expected::Cells(cells.collect()));
                }
            }
        }
        Ok(Self { rows, tolerance })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The differences of the answer to row `row` (a line as the command `score` writes it) from what is expected, one
    /// text each; and how many values were compared.
    #[must_use]
    pub fn compare(&self, row: usize, answer: &[u8]) -> (Vec<String>, usize) {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let mut comparison = Comparison { tolerance: self.tolerance, differences: Vec::new(), compared: 0 };
        match self.rows.get(row) {
            None => comparison.differences.push("no such row is expected".into()),
            Some(Expected::Answer(expected)) => comparison.answer(expected, &answer),
            Some(Expected::Cells(cells)) => comparison.cells(cells, &answer),
        }
        (comparison.differences, comparison.compared)
    }
}

struct Comparison {
    tolerance: f64,
    differences: Vec<String>,
    compared: usize,
}

impl Comparison {
    fn answer(&mut self, expected: &Map<String, Value>, answer: &Value) {
        match (expected.get("error"), answer.get("error")) {
            (Some(_), Some(_)) => self.compared += 1,
            (Some(_), None) => self.note("error", "an error", answer.get("out").unwrap_or(&Value::Null)),
            (None, Some(error)) => self.note("out", "an answer", error),
            (None, None) => {
                for part in ["out", "aux"] {
                    if let Some(expected) = expected.get(part) {
                        self.value(part, expected, answer.get(part).unwrap_or(&Value::Null));
                    }
                }
            }
        }
    }

    fn value(&mut self, path: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::Object(members), _) => {
                for (name, expected) in members {
                    self.value(&format!("{path}.{name}"), expected, &found[name.as_str()]);
                }
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
                for (index, (expected, found)) in items.iter().zip(others).enumerate() {
                    self.value(&format!("{path}[{index}]"), expected, found);
                }
            }
            _ => {
                self.compared += 1;
                if !self.same(expected, found) {
                    self.note(path, &expected.to_string(), found);
                }
            }
        }
    }

    /// A column is an output, or `probability(category)` and the like of any target; other columns are passed over.
    fn cells(&mut self, cells: &[(String, String)], answer: &Value) {
        for (name, text) in cells {
            let found = answer["out"].get(name).or_else(|| figure(answer, name));
            let Some(found) = found else {
                if answer.get("error").is_some() && !text.is_empty() {
                    self.compared += 1;
                    self.note(name, text, &answer["error"]);
                }
                continue;
            };
            self.compared += 1;
            let same = match found {
                Value::Null => text.is_empty(),
                Value::Bool(value) => text.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
                Value::String(value) => {
                    value == text
                        || (number(found).is_some() && self.same(&Value::from(text.as_str()), found))
                }
                Value::Number(_) => text
                    .trim()
                    .parse::<f64>()
                    .is_ok_and(|expected| number(found).is_some_and(|found| self.near(expected, found))),
                other => {
                    serde_json::from_str::<Value>(text).is_ok_and(|expected| self.same(&expected, other))
                }
            };
            if !same {
                self.note(name, text, found);
            }
        }
    }

    fn note(&mut self, path: &str, expected: &str, found: &Value) {
        self.differences.push(format!("{path}: {found} instead of {expected}"));
    }

    fn same(&self, expected: &Value, found: &Value) -> bool {
        match (number(expected), number(found)) {
            (Some(expected), Some(found)) => self.near(expected, found),
            _ => expected == found,
        }
    }

    fn near(&self, expected: f64, found: f64) -> bool {
        if expected.is_nan() || found.is_nan() {
            return expected.is_nan() && found.is_nan();
        }
        let scale = expected.abs().max(found.abs());
        expected == found
            || (scale.is_finite() && (expected - found).abs() <= self.tolerance * scale.max(1e-4))
    }
}

/// The figure that a column such as `probability(red)` names.
fn figure<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    let (kind, category) = name.strip_suffix(')')?.split_once('(')?;
    answer.get("aux")?.as_object()?.values().find_map(|target| target.get(kind)?.get(category))
}

/// The number that a value is; non-finite ones are written as strings.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(name: &str, expected: &str, answer: &str) -> (Vec<String>, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, expected).unwrap();
        Expectations::read(&path, 1e-6).unwrap().compare(0, answer.as_bytes())
    }

    #[test]
    fn json_lines_are_compared_within_the_tolerance() {
        let answer = r#"{"out":{"y":1.0000001,"z":"NaN"},"aux":{"y":{"probability":{"a":0.5}}}}"#;
        for (expected, wanted) in [
            (r#"{"out":{"y":1.0,"z":"NaN"}}"#, vec![]),
            (r#"{"out":{"y":1.1}}"#, vec!["out.y: 1.0000001 instead of 1.1"]),
            (r#"{"out":{"other":1}}"#, vec!["out.other: null instead of 1"]),
            (r#"{"aux":{"y":{"probability":{"a":0.6}}}}"#, vec!["aux.y.probability.a: 0.5 instead of 0.6"]),
        ] {
            assert_eq!(differences("e.jsonl", expected, answer).0, wanted, "{expected}");
        }
        let error = r#"{"error":{"kind":"k","message":"m"}}"#;
        assert_eq!(differences("e.jsonl", r#"{"error":{}}"#, error), (vec![], 1));
        assert_eq!(differences("e.jsonl", r#"{"out":{"y":1}}"#, error).0.len(), 1);
        assert_eq!(differences("e.jsonl", r#"{"error":{}}"#, answer).0.len(), 1);
        assert_eq!(differences("e.jsonl", "", answer).0, ["no such row is expected"]);
    }

    #[test]
    fn csv_columns_are_outputs_or_figures() {
        let answer = r#"{"out":{"quality":5},"aux":{"quality":{"probability":{"5":0.75,"6":0.25}}}}"#;
        let expected = "row,quality,probability(5),probability(6)\n0,5,0.75,0.25\n";
        assert_eq!(differences("e.csv", expected, answer), (vec![], 3));
        let (found, compared) = differences("e.csv", &expected.replace("0.75", "0.8"), answer);
        assert_eq!((found, compared), (vec!["probability(5): 0.75 instead of 0.8".to_owned()], 3));
        let error = r#"{"error":{"kind":"k","message":"m"}}"#;
        assert_eq!(differences("e.csv", "quality\n5\n", error).0.len(), 1);
    }
}
