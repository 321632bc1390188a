//! A model that loads is scored: in a batch, and row by row, with the same bits.

use std::sync::Arc;

use scorewheel_columns::{Batch, Scores, Value};
use scorewheel_model::{Format, Limits, Mapping, Model};

use super::records::value;
use crate::mutate::Random;

/// What a model of a few kilobytes may take. Far below the product's own limits, so that a run gets somewhere.
fn limits() -> Limits {
    Limits { bytes: 1 << 20, depth: 64, nodes: 200_000, unpacked_bytes: 8 << 20 }
}

/// Loads bytes as a format says, and scores what loads.
pub fn load_and_score(format: &dyn Format, bytes: &[u8]) {
    format.recognises(bytes);
    let mapping = Mapping::default();
    let Ok(model) = format.load(bytes, &mapping, &limits()) else { return };
    model.summary();
    model.verify();
    let seed = bytes.iter().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    score(&*model, &mut Random::new(seed));
}

fn score(model: &dyn Model, random: &mut Random) {
    let Ok(schema) = model.schema() else { return };
    let Ok(bound) = model.bind(&schema, &Mapping::default()) else { return };
    let mut batch = Batch::new(Arc::clone(&schema));
    for _ in 0..5 {
        let row: Vec<Value> =
            schema.fields().iter().map(|field| value(&field.data_type, random.bits() >> 3)).collect();
        batch.push_row(&row);
    }
    let (mut together, mut alone) = (Scores::new(), Scores::new());
    bound.score(&batch, 0..5, &mut bound.new_scratch(), &mut together);
    let mut scratch = bound.new_scratch();
    for row in 0..5 {
        bound.score(&batch, row..row + 1, &mut scratch, &mut alone);
        assert_eq!(together.error(row), alone.error(0), "row {row}");
        if let Some(error) = together.error(row) {
            bound.explain(error, &batch, row);
            continue;
        }
        for column in 0..together.schema().fields.len() {
            let (batch, single) = (together.get(column, row), alone.get(column, 0));
            assert_eq!(format!("{batch:?}"), format!("{single:?}"), "row {row}, column {column}");
        }
    }
}
