//! SavedModels against TensorFlow's own answers.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells what it saw")]

mod support;

use scorewheel_columns::{Scores, Value};
use scorewheel_model::{Format, Limits, Mapping};
use scorewheel_tensor::ArchiveFormat;
use support::{near, packed_folder, wine};

#[test]
fn the_originals_saved_model_agrees_with_tensorflow() {
    let Some(bytes) = packed_folder("data/wine/saved_model") else { return };
    let Some(expected) = support::reference("saved_model.tensorflow.csv") else { return };
    let Some(batch) = wine() else { return };
    assert!(ArchiveFormat.recognises(&bytes));
    let model = ArchiveFormat.load(&bytes, &Mapping::default(), &Limits::default()).unwrap();
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    assert_eq!(scores.rows(), expected.len());
    for (row, expected) in expected.iter().enumerate() {
        let (argmax, probabilities) = expected.split_last().unwrap();
        assert_eq!(scores.get(0, row), Value::I64(*argmax as i64), "row {row}");
        let Value::List(found) = scores.get(1, row) else { panic!("row {row}: no list") };
        assert_eq!(found.len(), probabilities.len());
        for (found, expected) in found.iter().zip(probabilities) {
            assert!(near(found.as_f64().unwrap(), *expected, 1e-5), "row {row}: {found} {expected}");
        }
    }
}
