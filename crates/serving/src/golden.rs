//! Golden rows: answers that a model must give before it is accepted.

use std::sync::Arc;

use scorewheel_columns::{Batch, Schema, Scores};
use scorewheel_model::{BoundModel, DataTypeName, GoldenRow};
use serde_json::Value as Json;

use crate::rejection::{Refusal, RefusalKind};

/// Relative difference that is allowed where a golden row states none.
const DEFAULT_TOLERANCE: f64 = 1e-6;

/// Absolute difference that is always allowed, since nothing but itself is relatively near to 0.
const ZERO: f64 = 1e-12;

/// How records and answers are written as JSON: given by the crate that decodes and encodes.
pub trait GoldenCodec: Send + Sync {
    /// Appends the record `json`, an object, as one row.
    ///
    /// # Errors
    /// Why it is not a record of this data type, in words.
    fn read_record(&self, data_type: &DataTypeName, json: &str, batch: &mut Batch) -> Result<(), String>;

    /// The answer of one row: `out` of the command `score`.
    fn outputs(&self, scores: &Scores, row: usize) -> Json;
}

/// Scores each golden row and compares what it states; fields that it leaves out are not compared.
pub(crate) fn check_golden_rows(
    codec: &dyn GoldenCodec,
    data_type: &DataTypeName,
    schema: &Arc<Schema>,
    bound: &dyn BoundModel,
    rows: &[GoldenRow],
) -> Result<usize, Refusal> {
    let refuse = |index: usize, what: String| {
        Refusal::new(RefusalKind::GoldenRow, format!("golden row {}: {what}", index + 1))
    };
    let mut scratch = bound.new_scratch();
    let mut scores = Scores::new();
    let mut batch = Batch::new(Arc::clone(schema));
    for (index, golden) in rows.iter().enumerate() {
        batch.clear();
        codec
            .read_record(data_type, &golden.record, &mut batch)
            .map_err(|error| refuse(index, format!("the record cannot be read: {error}")))?;
        let expected: Json = serde_json::from_str(&golden.expected)
            .map_err(|error| refuse(index, format!("the expected answer is not JSON: {error}")))?;
        bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
        if let Some(error) = scores.error(0) {
            let error = bound.explain(error, &batch, 0);
            return Err(refuse(index, format!("the model has no answer: {error}")));
        }
        let answer = codec.outputs(&scores, 0);
        let tolerance = if golden.tolerance > 0.0 { golden.tolerance } else { DEFAULT_TOLERANCE };
        compare(&expected, &answer, tolerance, "").map_err(|what| refuse(index, what))?;
    }
    Ok(rows.len())
}

fn compare(expected: &Json, answer: &Json, tolerance: f64, path: &str) -> Result<(), String> {
    let differs =
        || Err(format!("{} is {answer} instead of {expected}", if path.is_empty() { "it" } else { path }));
    match (expected, answer) {
        (Json::Object(expected), Json::Object(answer)) => expected.iter().try_for_each(|(name, expected)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            compare(expected, answer.get(name).unwrap_or(&Json::Null), tolerance, &path)
        }),
        (Json::Array(all), Json::Array(answers)) if all.len() == answers.len() => {
            let mut pairs = all.iter().zip(answers).enumerate();
            pairs.try_for_each(|(at, (e, a))| compare(e, a, tolerance, &format!("{path}[{at}]")))
        }
        (Json::Number(expected), Json::Number(answer)) => {
            let (Some(expected), Some(answer)) = (expected.as_f64(), answer.as_f64()) else {
                return differs();
            };
            let difference = (expected - answer).abs();
            let scale = expected.abs().max(answer.abs());
            if difference <= (tolerance * scale).max(ZERO) { Ok(()) } else { differs() }
        }
        _ if expected == answer => Ok(()),
        _ => differs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_may_differ_a_little_and_the_rest_not_at_all() {
        let answer = json!({"y": 5.000001, "label": "red", "list": [1.0, 2.0], "p": {"a": 0.25}, "n": null});
        for good in [
            json!({}),
            json!({"y": 5}),
            json!({"label": "red"}),
            json!({"list": [1, 2]}),
            json!({"p": {"a": 0.25}}),
            json!({"n": null, "absent": null}),
        ] {
            assert_eq!(compare(&good, &answer, 1e-6, ""), Ok(()), "{good}");
        }
        for (bad, path) in [
            (json!({"y": 5.1}), "y is"),
            (json!({"label": "white"}), "label is"),
            (json!({"list": [1]}), "list is"),
            (json!({"list": [1, 3]}), "list[1] is"),
            (json!({"p": {"b": 0.1}}), "p.b is"),
            (json!({"absent": 1}), "absent is"),
            (json!(5), "it is"),
        ] {
            let error = compare(&bad, &answer, 1e-6, "").unwrap_err();
            assert!(error.starts_with(path), "{error}");
        }
    }
}
