//! Training instances: columns of the table, and derived fields computed from them once the plan is complete.

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Field, Schema, Value};
use scorewheel_model::ModelErrorKind;

use crate::elements::ElementPlan;
use crate::elements::nearest_neighbor::read::Document;
use crate::fault::{Fault, Result};
use crate::plan::{Plan, Slot};
use crate::score::block::Columns;
use crate::score::bound::InputBinding;
use crate::score::row::{Row, RowMemory};

/// What is left to be computed of instances: derived fields that the table does not hold.
#[derive(Debug)]
pub struct Pending {
    offset: u32,
    /// Position among the compared fields, slot, and whether its values are numbers.
    computed: Vec<(usize, Slot, bool)>,
    names: Vec<Box<str>>,
    rows: Vec<Vec<Option<Box<str>>>>,
}

/// Notes which derived fields are to be computed, and from what.
pub fn pending(document: &Document<'_>, computed: Vec<(usize, Slot, bool)>) -> Option<Box<Pending>> {
    if computed.is_empty() {
        return None;
    }
    let rows = document.training.table.rows().map(|row| {
        let cells = document.training.fields.iter().map(|(_, column)| row.get(column).map(Box::from));
        cells.collect()
    });
    Some(Box::new(Pending {
        offset: document.training.table.offset,
        computed,
        names: document.training.fields.iter().map(|(name, _)| Box::from(*name)).collect(),
        rows: rows.collect(),
    }))
}

/// Computes what is left to be computed of the training instances of a plan's models.
///
/// # Errors
/// [`Fault`] if a derived field fails on an instance.
pub fn transform(plan: &mut Plan) -> Result<()> {
    for model in 0..plan.models.len() {
        let ElementPlan::NearestNeighbor(element) = &mut plan.models[model].element else { continue };
        let Some(pending) = element.pending.take() else { continue };
        let computed = compute(plan, &pending)?;
        let ElementPlan::NearestNeighbor(element) = &mut plan.models[model].element else { continue };
        for (row, values) in computed.chunks_exact(pending.computed.len()).enumerate() {
            for ((at, _, _), value) in pending.computed.iter().zip(values) {
                element.instances.set(row, *at, *value);
            }
        }
    }
    Ok(())
}

/// The values of the computed fields, instance by instance.
fn compute(plan: &mut Plan, pending: &Pending) -> Result<Vec<f64>> {
    let bad =
        |message: String| Fault { kind: ModelErrorKind::Invalid, message, offset: Some(pending.offset) };
    let fields = pending.names.iter().map(|name| Field::new(name.clone(), DataType::Text)).collect();
    let schema = Schema::new(fields).map_err(|error| bad(format!("the instance fields: {error}")))?;
    let mut batch = Batch::new(Arc::new(schema));
    for row in &pending.rows {
        let cells: Vec<Value> =
            row.iter().map(|cell| cell.as_deref().map_or(Value::Missing, Value::from)).collect();
        batch.push_row(&cells);
    }
    let bindings: Vec<InputBinding> = plan
        .inputs
        .iter()
        .map(|input| InputBinding { column: pending.names.iter().position(|name| *name == input.name) })
        .collect();
    let mut columns = Columns::default();
    columns.clear(plan.slots.len(), 1);
    let mut memory = RowMemory::default();
    memory.codes.resize_with(bindings.len(), Vec::new);
    let mut values = Vec::with_capacity(pending.rows.len() * pending.computed.len());
    // Strings that only the instances hold get codes of the plan when all rows are done.
    let mut texts = Vec::new();
    let mut row = Row::new(plan, &bindings, &batch, &columns, &mut memory);
    for at in 0..pending.rows.len() {
        row.go_to(at, 0);
        for (_, slot, is_number) in &pending.computed {
            let fails =
                || bad(format!("training instance {}: a derived field that is compared fails", at + 1));
            let value = if *is_number { row.number(*slot) } else { row.raw(*slot) };
            let value = value.map_err(|_| fails())?.ok_or_else(fails)?;
            if plan.slots[slot.index()].kind.is_none_or(|kind| kind == crate::value::Kind::Text) {
                texts.push((values.len(), row.texts.get(value as u32).to_owned()));
            }
            values.push(value);
        }
    }
    for (at, text) in texts {
        values[at] = f64::from(plan.texts.intern(&text));
    }
    Ok(values)
}
