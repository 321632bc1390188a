//! Holds the answers to one case against the reference's.

use std::path::Path;
use std::sync::Arc;

use scorewheel_columns::{Batch, Scores};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;
use serde_json::{Map, Value as Json};

use crate::record;

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Every row agrees.
    Exact,
    /// We answer what the reference does not support, cannot load, or fails on in every row; listed.
    Beyond,
    /// Differs; listed.
    Deviation,
    /// Beyond, and not listed.
    Unlisted,
    /// Only rows with missing or invalid input differ.
    Valid,
    /// Other rows differ.
    Differs,
    /// We refuse what the reference answers.
    Refused,
}

impl Verdict {
    pub const ALL: [Self; 7] = [
        Self::Exact,
        Self::Beyond,
        Self::Deviation,
        Self::Unlisted,
        Self::Valid,
        Self::Differs,
        Self::Refused,
    ];

    pub fn is_good(self) -> bool {
        matches!(self, Self::Exact | Self::Beyond | Self::Deviation)
    }
}

/// A loaded document, or why it is refused.
pub type Loaded = Result<PmmlModel, String>;

/// A document, its rows, and what the reference says of them.
pub struct Case {
    pub element: String,
    head: Json,
    rows: Vec<Json>,
    document: Vec<u8>,
}

impl Case {
    pub fn read(folder: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
        let mut lines = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let head = lines.next().unwrap();
        let text_of = |key: &str| head[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let element = text_of("modelclass").or_else(|| text_of("model")).unwrap_or_else(|| "-".to_owned());
        let document = std::fs::read(folder.join(format!("{name}.pmml"))).unwrap();
        Self { element, rows: lines.collect(), head, document }
    }

    /// The records of the case.
    pub fn inputs(&self) -> impl Iterator<Item = &Map<String, Json>> {
        self.rows.iter().filter_map(|row| row["in"].as_object())
    }

    fn tolerance(&self) -> f64 {
        let float = b"athContext=\"float\"";
        if self.document.windows(float.len()).any(|window| window == float) { 1e-5 } else { 1e-9 }
    }

    /// The document, loaded.
    pub fn load(&self) -> Loaded {
        PmmlModel::load(&self.document, None, &Mapping::default(), &Limits::default())
            .map_err(|error| error.to_string())
    }

    fn answers(&self, model: &Loaded) -> Result<Vec<Json>, String> {
        let model = model.as_ref().map_err(Clone::clone)?;
        let schema = model.schema().map_err(|error| error.to_string())?;
        let bound: Arc<dyn BoundModel> =
            model.bind(&schema, &Mapping::default()).map_err(|error| error.to_string())?;
        let mut batch = Batch::new(Arc::clone(&schema));
        for row in &self.rows {
            record::push(&mut batch, &schema, row["in"].as_object().unwrap());
        }
        let mut scores = Scores::new();
        bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
        let answer = |row: usize| match scores.error(row) {
            None => record::answer(&scores, row),
            Some(error) => {
                let message = bound.explain(error, &batch, row).message;
                serde_json::json!({"error": {"kind": error.code.as_str(), "message": message}})
            }
        };
        Ok((0..self.rows.len()).map(answer).collect())
    }

    pub fn judge(&self, model: &Loaded) -> (Verdict, String) {
        let load_error = self.head["status"] == "load_error";
        let all_failed = !self.rows.is_empty() && self.rows.iter().all(|row| row.get("err").is_some());
        let answers = match self.answers(model) {
            Ok(answers) => answers,
            Err(_) if load_error || all_failed => return (Verdict::Exact, String::new()),
            Err(error) => return (Verdict::Refused, error),
        };
        let all_errors = answers.iter().all(|answer| answer.get("error").is_some());
        if load_error || all_failed {
            let exact = all_errors && !answers.is_empty();
            return (if exact { Verdict::Exact } else { Verdict::Beyond }, String::new());
        }
        let mut bad: Vec<(&str, String)> = Vec::new();
        let mut beyond = false;
        for (row, answer) in self.rows.iter().zip(&answers) {
            let Some(why) = self.difference(row, answer) else { continue };
            let error = row["err"].as_str().unwrap_or("");
            if ["Unsupported", "NotImplemented", "NullPointer"].iter().any(|word| error.contains(word)) {
                beyond = true;
            } else {
                bad.push((row["k"].as_str().unwrap_or(""), why));
            }
        }
        let is_soft = |kind: &str| matches!(kind, "inval" | "miss");
        let hard = bad.iter().find(|(kind, _)| !is_soft(kind));
        match (hard, bad.first()) {
            (_, None) => (if beyond { Verdict::Beyond } else { Verdict::Exact }, String::new()),
            (Some((kind, why)), _) => (Verdict::Differs, format!("{} rows; {kind}: {why}", bad.len())),
            (None, Some((kind, why))) => (Verdict::Valid, format!("{} rows; {kind}: {why}", bad.len())),
        }
    }

    /// Prints every difference.
    pub fn show(&self, model: &Loaded) {
        let Ok(answers) = self.answers(model) else { return };
        for (row, answer) in self.rows.iter().zip(&answers) {
            if let Some(why) = self.difference(row, answer) {
                println!("  {} {}\n    {why}", row["k"], row["in"]);
                println!("    want {} {} {} {}", row["out"], row["aux"], row["err"], row["msg"]);
                println!("    got  {answer}");
            }
        }
    }

    /// What is wrong with an answer, if anything.
    fn difference(&self, want: &Json, got: &Json) -> Option<String> {
        let tolerance = self.tolerance();
        if let Some(error) = want.get("err") {
            let message = &want["msg"];
            return got
                .get("out")
                .map(|out| format!("the reference fails ({error} {message}), we answer {out}"));
        }
        if let Some(error) = got.get("error") {
            return Some(format!("we fail: {error}"));
        }
        let out = got["out"].as_object()?;
        for (field, value) in want["out"].as_object()? {
            if !out.contains_key(field) && !value.is_null() {
                return Some(format!("no field {field}"));
            }
            let found = out.get(field).unwrap_or(&Json::Null);
            if !same(value, found, tolerance) {
                return Some(format!("{field}: {found}, not {value}"));
            }
        }
        let none = Map::new();
        for (target, kinds) in want["aux"].as_object().unwrap_or(&none) {
            let ours = &got["aux"][target];
            for (kind, value) in kinds.as_object()? {
                let ours = &ours[kind];
                let Json::Object(figures) = value else {
                    if !same(value, ours, tolerance) {
                        return Some(format!("{kind}: {ours}, not {value}"));
                    }
                    continue;
                };
                if ours.is_null() && !figures.is_empty() {
                    return Some(format!("no {kind} of {target}, which is {value}"));
                }
                for (category, figure) in figures {
                    if !same(figure, &ours[category], tolerance) {
                        return Some(format!("{kind}({category}): {}, not {figure}", ours[category]));
                    }
                }
            }
        }
        None
    }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn same(want: &Json, got: &Json, tolerance: f64) -> bool {
    if want.is_null() || got.is_null() {
        return want.is_null() && got.is_null();
    }
    if let Json::Array(want) = want {
        let Json::Array(got) = got else { return false };
        return want.len() == got.len() && want.iter().zip(got).all(|(want, got)| same(want, got, tolerance));
    }
    let (Some(x), Some(y)) = (number(want), number(got)) else {
        return std::mem::discriminant(want) == std::mem::discriminant(got) && want == got;
    };
    if x.is_nan() || y.is_nan() {
        return x.is_nan() && y.is_nan();
    }
    if x.is_infinite() || y.is_infinite() || want.as_i64().is_some() {
        return x == y;
    }
    x == y || (x - y).abs() <= (tolerance * x.abs().max(y.abs())).max(tolerance * 1e-4)
}
