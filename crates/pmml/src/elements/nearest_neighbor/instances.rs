//! Instances that are given before the model's transformations: computed by them once.

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Field, RowError, Schema, Value};

use crate::elements::measure::FieldPlan;
use crate::elements::nearest_neighbor::read::Document;
use crate::fault::{Fault, Result};
use crate::plan::Plan;
use crate::score::Row;
use crate::score::block::Columns;
use crate::score::bound::InputBinding;
use crate::score::row::RowMemory;

/// The table of instances as a batch of text, whose columns are named like the fields.
#[derive(Debug)]
pub struct Raw {
    batch: Batch,
}

impl Raw {
    /// The instances of a document.
    pub fn new(document: &Document<'_>) -> Result<Self> {
        let fields = document.columns.iter().map(|(name, _)| Field::new(*name, DataType::Text)).collect();
        let schema = Schema::new(fields)
            .map_err(|error| Fault::invalid(document.table.offset, format!("InstanceFields: {error}")))?;
        let mut batch = Batch::new(Arc::new(schema));
        for row in document.table.rows() {
            let value = |(_, column): &(&str, &str)| row.get(column).map_or(Value::Missing, Value::from);
            batch.push_row(&document.columns.iter().map(value).collect::<Vec<Value>>());
        }
        batch.settle();
        Ok(Self { batch })
    }

    /// The points of all instances: one value a field, instance by instance. A missing one is near to nothing.
    pub fn points(&self, plan: &Plan, fields: &[FieldPlan]) -> std::result::Result<Box<[f64]>, RowError> {
        let bind = |name: &str| InputBinding { column: self.batch.schema().find_exact(name) };
        let bindings: Vec<InputBinding> = plan.inputs.iter().map(|input| bind(&input.name)).collect();
        let mut memory = RowMemory::default();
        memory.codes.resize(plan.inputs.len(), Vec::new());
        let mut columns = Columns::default();
        columns.clear(plan.slots.len(), 1);
        let mut row = Row::new(plan, &bindings, &self.batch, &columns, &mut memory);
        let mut points = Vec::with_capacity(self.batch.rows() * fields.len());
        for instance in 0..self.batch.rows() {
            row.go_to(instance, 0);
            for field in fields {
                let value = if field.is_number { row.number(field.slot)? } else { row.raw(field.slot)? };
                // Codes of strings that the document does not name mean something else in another batch.
                let is_known = |value: &f64| field.is_number || *value < plan.texts.len() as f64;
                points.push(value.filter(is_known).unwrap_or(f64::NAN));
            }
        }
        Ok(points.into())
    }
}
