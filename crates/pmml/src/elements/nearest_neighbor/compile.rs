//! `NearestNeighborModel` compiled: instances in one array, typed by the fields that are compared.

use std::collections::HashMap;
use std::sync::OnceLock;

use scorewheel_columns::RowError;

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::table::TableRow;
use crate::document::{MiningFunction, OpType};
use crate::elements::ElementPlan;
use crate::elements::measure::{Measure, compile_field};
use crate::elements::nearest_neighbor::instances::Raw;
use crate::elements::nearest_neighbor::read::{CategoricalMethod, ContinuousMethod, Document};
use crate::fault::{Fault, Result};
use crate::plan::TargetPlan;
use crate::plan::model::{Entities, Figures};
use crate::reader::element::parse_number;
use crate::value::{Datum, Kind};

/// A compiled `NearestNeighborModel`.
#[derive(Debug)]
pub struct Plan {
    /// How near a row is to an instance.
    pub measure: Measure,
    /// How many instances answer.
    pub neighbors: usize,
    /// Added to distances, so that their reciprocals are finite.
    pub threshold: f64,
    /// How numbers become one.
    pub continuous: ContinuousMethod,
    /// How categories become one.
    pub categorical: CategoricalMethod,
    /// One value a field that is compared, instance by instance.
    pub points: Points,
    /// By target: what the instances say; empty if they are only to be found.
    pub answers: Box<[Answers]>,
    /// Number of instances.
    pub count: usize,
}

/// The instances as points.
#[derive(Debug)]
pub enum Points {
    /// As the table has them.
    Known(Box<[f64]>),
    /// Computed by the model's own transformations from the table, when the first row is scored.
    Derived {
        /// What the table has.
        raw: Raw,
        /// The points, or the error of computing them.
        found: OnceLock<std::result::Result<Box<[f64]>, RowError>>,
    },
}

/// What the instances say of one target.
#[derive(Debug)]
pub enum Answers {
    /// A number each.
    Numbers(Box<[f64]>),
    /// A category each.
    Categories {
        /// By instance, index of its category.
        of: Box<[u32]>,
        /// The categories.
        categories: Box<[Datum]>,
        /// Categories from the one that wins a tie to the one that loses it.
        precedence: Box<[u32]>,
    },
}

/// Compiles a `NearestNeighborModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let offset = context.head.offset;
    let column_of: HashMap<&str, &str> = document.columns.iter().copied().collect();
    if document.table.is_empty() {
        return Err(Fault::invalid(document.table.offset, "there are no training instances"));
    }
    let mut fields = Vec::with_capacity(document.inputs.len());
    for input in &document.inputs {
        fields.push(compile_field(input, &document.measure, context)?);
    }
    let points = if document.inputs.iter().all(|input| column_of.contains_key(input.field)) {
        let mut points = Vec::with_capacity(document.table.len() * fields.len());
        for row in document.table.rows() {
            for (input, field) in document.inputs.iter().zip(&fields) {
                let text = cell(document, row, column_of[input.field])?;
                points.push(if field.is_number {
                    parse_number(text).ok_or_else(|| not_a_number(document, text))?
                } else {
                    context.value_of(field.slot, text)
                });
            }
        }
        Points::Known(points.into())
    } else {
        Points::Derived { raw: Raw::new(document)?, found: OnceLock::new() }
    };
    let ids = match document.instance_id {
        None => Entities::Positions(document.table.len() as u32),
        Some(field) => {
            let column = column_of.get(field).copied().unwrap_or(field);
            let id = |row| cell(document, row, column).map(|text| context.compiler.text(text));
            Entities::Named(document.table.rows().map(id).collect::<Result<_>>()?)
        }
    };
    let mut targets = Vec::new();
    let mut answers = Vec::new();
    if context.head.function != MiningFunction::Clustering {
        for target in context.head.mining_schema.targets() {
            let Some(data) = context.compiler.data_field(target.name) else { continue };
            let kind = Kind::of(data.data_type);
            let is_number = match context.head.function {
                MiningFunction::Regression => true,
                MiningFunction::Classification => false,
                _ => data.op_type == OpType::Continuous,
            };
            let Some(column) = column_of.get(target.name) else {
                let message = format!("no InstanceField tells of the target {:?}", target.name);
                return Err(Fault::invalid(document.table.offset, message));
            };
            let (found, categories) = answers_of(document, column, kind, is_number, context)?;
            answers.push(found);
            targets.push(TargetPlan {
                name: Some(target.name.into()),
                kind,
                categories,
                rules: None,
                displays: Vec::new(),
            });
        }
        if answers.is_empty() {
            return Err(Fault::invalid(offset, "a NearestNeighborModel for its function needs a target"));
        }
    }
    let missing_weights = vec![1.0; fields.len()];
    let place = context.place("ComparisonMeasure");
    let function = document.measure.function;
    let plan = Plan {
        measure: Measure { function, fields: fields.into(), missing_weights: missing_weights.into(), place },
        neighbors: usize::try_from(document.neighbors).unwrap_or(usize::MAX).min(document.table.len()),
        threshold: document.threshold,
        continuous: document.continuous,
        categorical: document.categorical,
        points,
        answers: answers.into(),
        count: document.table.len(),
    };
    let categories = targets.first().map(|target| target.categories.clone()).unwrap_or_default();
    let figures = Figures { affinity: true, entity: true, ranking: true, ..Figures::default() };
    let element = ElementPlan::NearestNeighbor(Box::new(plan));
    let targets = (targets.len() > 1).then_some(targets);
    Ok(Compiled { categories, entities: ids, figures, targets, ..Compiled::new(element) })
}

/// What the instances say of one target, and its categories.
fn answers_of<'a>(
    document: &Document<'a>,
    column: &str,
    kind: Kind,
    is_number: bool,
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<(Answers, Vec<Datum>)> {
    if is_number {
        let mut numbers = Vec::with_capacity(document.table.len());
        for row in document.table.rows() {
            let text = cell(document, row, column)?;
            numbers.push(parse_number(text).ok_or_else(|| not_a_number(document, text))?);
        }
        return Ok((Answers::Numbers(numbers.into()), Vec::new()));
    }
    let mut categories = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    let mut of = Vec::with_capacity(document.table.len());
    for row in document.table.rows() {
        let text = cell(document, row, column)?;
        let Some(datum) = context.compiler.parse(kind, text) else {
            let message = format!("{text:?} in column {column:?} is not {}", kind.describe());
            return Err(Fault::invalid(document.table.offset, message));
        };
        let index = category_index(&mut categories, datum);
        if index as usize == texts.len() {
            texts.push(text);
        }
        of.push(index);
    }
    let cases = |category: u32| of.iter().filter(|index| **index == category).count();
    let counts: Vec<usize> = (0..categories.len() as u32).map(cases).collect();
    let mut precedence: Vec<u32> = (0..categories.len() as u32).collect();
    // A tie is won by the category with more instances, then by the lexically smaller one.
    precedence.sort_by(|a, b| {
        let (a, b) = (*a as usize, *b as usize);
        counts[b].cmp(&counts[a]).then_with(|| texts[a].cmp(texts[b]))
    });
    let answers = Answers::Categories {
        of: of.into(),
        categories: categories.clone().into(),
        precedence: precedence.into(),
    };
    Ok((answers, categories))
}

fn cell<'a>(document: &Document<'a>, row: TableRow<'_, 'a>, column: &str) -> Result<&'a str> {
    row.get(column).ok_or_else(|| {
        Fault::invalid(document.table.offset, format!("a training instance has no column {column:?}"))
    })
}

fn not_a_number(document: &Document<'_>, text: &str) -> Fault {
    Fault::invalid(document.table.offset, format!("{text:?} of a training instance is not a number"))
}
