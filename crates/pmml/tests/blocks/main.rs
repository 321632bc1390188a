//! Elements scored column by column against the same documents scored row by row: the same bits, the same errors, a row
//! alone and in batches of any size.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod documents;
#[path = "../suite/said.rs"]
mod said;

use std::sync::Arc;

use documents::{Dice, ELEMENTS, document};
use proptest::prelude::*;
use scorewheel_columns::{Batch, Cell, Value};
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;
use scorewheel_pmml::score::Bound;

/// More than two blocks.
const ROWS: usize = 600;

fn load(document: &str) -> PmmlModel {
    PmmlModel::load(document.as_bytes(), None, &Mapping::default(), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{document}"))
}

/// Records of which every `rare`-th cell is missing, or no value.
fn records(dice: &mut Dice, model: &PmmlModel, rare: usize) -> Batch {
    let schema = model.schema().unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    for row in 0..ROWS {
        let cells: Vec<Value> = schema
            .fields()
            .iter()
            .map(|field| match &*field.name {
                _ if dice.one_in(rare) => Value::Missing,
                "colour" => Value::from(dice.pick(&["red", "green", "blue", "grey", "pink"])),
                "n" => Value::I64(dice.below(5) as i64 - 1),
                "z" => Value::F64(dice.below(9) as f64 / 4.0 - 1.0),
                "f" => Value::F32(dice.number() as f32),
                _ if dice.one_in(rare) => Value::F64(f64::NAN),
                _ => Value::F64(dice.number()),
            })
            .collect();
        batch.push_row(&cells);
        if dice.one_in(rare) {
            let column = dice.below(schema.fields().len());
            batch.column_mut(column).set_fault(row, Cell::Unparsable, "?");
        }
    }
    batch.settle();
    batch
}

/// Everything that is said of a case; `None` if it is not scored by columns.
fn compared(element: &str, seed: u64) -> Option<Vec<String>> {
    let mut dice = Dice(seed);
    let text = document(&mut dice, element);
    let model = load(&text);
    let rare = dice.pick(&[4, 30, 100_000]);
    let batch = records(&mut dice, &model, rare);
    let bind = || Bound::new(Arc::clone(model.plan()), batch.schema(), &Mapping::default()).unwrap();
    let (columns, rows) = (bind(), bind().row_by_row());
    let whole = said::said(&columns, &batch, ROWS);
    for (row, (one, other)) in whole.iter().zip(said::said(&rows, &batch, ROWS)).enumerate() {
        assert_eq!(*one, other, "row {row} by columns and by rows, {element} {seed}\n{text}");
    }
    for size in [1, 7, 64, 300] {
        for (row, (one, other)) in whole.iter().zip(said::said(&columns, &batch, size)).enumerate() {
            assert_eq!(*one, other, "row {row} in batches of {size}, {element} {seed}\n{text}");
        }
    }
    columns.scores_columns().then_some(whole)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn columns_and_rows_agree(seed in any::<u64>(), element in 0..ELEMENTS.len()) {
        compared(ELEMENTS[element], seed);
    }
}

/// The bits of all answers are the same on every machine.
#[test]
fn the_bits_are_pinned() {
    let mut found = String::new();
    for element in ELEMENTS {
        let (mut by_columns, mut hash) = (0, 0xcbf2_9ce4_8422_2325_u64);
        for seed in 0..12 {
            let Some(said) = compared(element, seed) else { continue };
            by_columns += 1;
            for byte in said.iter().flat_map(|row| row.bytes()) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        found += &format!("{element} {by_columns} {hash:016x}\n");
    }
    assert_eq!(found, include_str!("pinned.txt"));
}
