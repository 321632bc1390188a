//! Rows scored column by column against the same rows scored one by one: the same bits, the same errors.

use std::sync::Arc;

use scorewheel_columns::Batch;
use scorewheel_model::{Mapping, Model};
use scorewheel_pmml::PmmlModel;
use scorewheel_pmml::score::Bound;
use serde_json::{Map, Value as Json};

use crate::record;
use crate::said::said;

/// Records that are made of cells of the given ones, chosen at random.
const MIXED: usize = 90;

/// Compares both ways of scoring; tells whether the document is scored by columns at all, and the first difference.
pub fn compare<'a>(
    model: &PmmlModel,
    records: impl Iterator<Item = &'a Map<String, Json>>,
) -> (bool, Option<String>) {
    let Ok(schema) = model.schema() else { return (false, None) };
    let Ok(fast) = Bound::new(Arc::clone(model.plan()), &schema, &Mapping::default()) else {
        return (false, None);
    };
    let Ok(exact) = Bound::new(Arc::clone(model.plan()), &schema, &Mapping::default()) else {
        return (false, None);
    };
    if !fast.scores_columns() {
        return (false, None);
    }
    let exact = exact.row_by_row();
    let records: Vec<&Map<String, Json>> = records.collect();
    let mut batch = Batch::new(Arc::clone(&schema));
    for record in &records {
        record::push(&mut batch, &schema, record);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..MIXED.min(records.len() * MIXED) {
        let mut mixed = Map::new();
        for field in schema.fields() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let from = records[(state >> 33) as usize % records.len()];
            mixed.insert(field.name.to_string(), from.get(&*field.name).cloned().unwrap_or(Json::Null));
        }
        record::push(&mut batch, &schema, &mixed);
    }
    batch.settle();
    let whole = said(&fast, &batch, batch.rows().max(1));
    for (row, (one, other)) in whole.iter().zip(said(&exact, &batch, batch.rows().max(1))).enumerate() {
        if *one != other {
            return (true, Some(format!("row {row}: {one} by columns, {other} by rows")));
        }
    }
    for size in [1, 13] {
        for (row, (one, other)) in whole.iter().zip(said(&fast, &batch, size)).enumerate() {
            if *one != other {
                return (true, Some(format!("row {row}: {one} in one batch, {other} in batches of {size}")));
            }
        }
    }
    (true, None)
}
