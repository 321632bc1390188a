//! `NearestNeighborModel` compiled: instances in one array, typed by the fields that are compared.

use crate::compile::{Compiled, ModelContext};
use crate::document::{MiningFunction, OpType};
use crate::elements::ElementPlan;
use crate::elements::measure::{Measure, Points, compile_field};
use crate::elements::nearest_neighbor::instances::{Pending, pending};
use crate::elements::nearest_neighbor::read::{CategoricalMethod, ContinuousMethod, Document};
use crate::fault::{Fault, Result};
use crate::plan::model::{Entities, Figures};
use crate::value::{Datum, Kind};

/// A compiled `NearestNeighborModel`.
#[derive(Debug)]
pub struct Plan {
    /// How near two instances are.
    pub measure: Measure,
    /// The instances, one value a field.
    pub instances: Points,
    /// How many neighbours agree.
    pub neighbors: usize,
    /// Added to distances, so that none is nought.
    pub threshold: f64,
    /// By target: what the instances know of it. Empty if neighbours are only ranked.
    pub targets: Box<[TargetValues]>,
    /// What is left to be computed of the instances when the plan is complete.
    pub pending: Option<Box<Pending>>,
}

/// What the instances know of a target.
#[derive(Debug)]
pub enum TargetValues {
    /// Numbers.
    Numbers {
        /// One an instance.
        values: Box<[f64]>,
        /// How neighbours agree.
        method: ContinuousMethod,
    },
    /// Categories.
    Categories {
        /// One an instance: its position among `categories`.
        values: Box<[u32]>,
        /// The categories, in the order in which ties are decided.
        categories: Box<[Datum]>,
        /// True if near neighbours count more.
        is_weighted: bool,
    },
}

/// Compiles a `NearestNeighborModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let mut fields = Vec::with_capacity(document.inputs.len());
    for input in &document.inputs {
        fields.push(compile_field(input, &document.measure, context)?);
    }
    let count = document.training.table.len();
    let mut instances = vec![f64::NAN; count * fields.len()];
    let mut computed = Vec::new();
    for (at, (input, field)) in document.inputs.iter().zip(&fields).enumerate() {
        match document.training.column(input.field) {
            Some(column) => {
                let values = document.training.values(column, |text| {
                    let value = context.value_of(field.slot, text);
                    if value.is_nan() && !text.trim().eq_ignore_ascii_case("nan") {
                        None
                    } else {
                        Some(value)
                    }
                })?;
                for (row, value) in values.into_iter().enumerate() {
                    instances[row * fields.len() + at] = value;
                }
            }
            None if document.training.is_transformed => {
                let message = format!("no InstanceField tells of the KNNInput {:?}", input.field);
                return Err(Fault::invalid(input.offset, message));
            }
            None => computed.push((at, field.slot, field.is_number)),
        }
    }
    let (targets, categories) = match context.head.function {
        MiningFunction::Clustering => (Vec::new(), Vec::new()),
        MiningFunction::Classification | MiningFunction::Regression | MiningFunction::Mixed => {
            targets(document, context)?
        }
        _ => {
            let message = "a NearestNeighborModel is for regression, classification, clustering or mixed";
            return Err(Fault::invalid(context.head.offset, message));
        }
    };
    let entities = match document.id_variable.and_then(|name| document.training.column(name)) {
        Some(column) => {
            let ids = document.training.values(column, |text| Some(f64::from(context.text(text))))?;
            Entities::Named(ids.into_iter().map(|code| code as u32).collect())
        }
        None => Entities::Positions(count as u32),
    };
    let place = context.place("ComparisonMeasure");
    let instances = Points::new(&instances, fields.len());
    let measure = Measure {
        function: document.measure.function,
        missing_weights: vec![1.0; fields.len()].into(),
        fields: fields.into(),
        ranked: usize::MAX,
        place,
    };
    let plan = Plan {
        measure,
        instances,
        neighbors: document.neighbors.min(count),
        threshold: document.threshold,
        targets: targets.into(),
        pending: pending(document, computed),
    };
    let figures = Figures { affinity: true, entity: true, ranking: true, ..Figures::default() };
    let element = ElementPlan::NearestNeighbor(Box::new(plan));
    Ok(Compiled { entities, figures, categories, ..Compiled::new(element) })
}

/// What the instances know of each target, and the categories of the first.
fn targets<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<(Vec<TargetValues>, Vec<Datum>)> {
    let function = context.head.function;
    let mut targets = Vec::new();
    for field in context.head.mining_schema.targets() {
        let Some(data) = context.compiler.data_field(field.name) else {
            return Err(Fault::invalid(field.offset, format!("the target {:?} is not defined", field.name)));
        };
        let Some(column) = document.training.column(field.name) else {
            let message = format!("no InstanceField tells of the target {:?}", field.name);
            return Err(Fault::invalid(document.offset, message));
        };
        let is_number = match function {
            MiningFunction::Regression => true,
            MiningFunction::Classification => false,
            _ => field.op_type.unwrap_or(data.op_type) == OpType::Continuous,
        };
        let kind = Kind::of(data.data_type);
        let mut parse = |text: &str| context.compiler.parse(kind, text).map(|datum| datum.number);
        let values = document.training.values(column, &mut parse)?;
        let is_weighted = if is_number {
            document.continuous == ContinuousMethod::WeightedAverage
        } else {
            document.categorical == CategoricalMethod::WeightedMajorityVote
        };
        if is_weighted && document.measure.function.is_similarity() {
            let message = "neighbours are weighted by distances only, not by similarities";
            return Err(Fault::unsupported(document.offset, message));
        }
        targets.push(if is_number {
            TargetValues::Numbers { values: values.into(), method: document.continuous }
        } else {
            categories(context, kind, &values, is_weighted)
        });
    }
    if targets.is_empty() {
        return Err(Fault::invalid(context.head.offset, "the NearestNeighborModel has no target"));
    }
    let first = match &targets[0] {
        TargetValues::Categories { categories, .. } => categories.to_vec(),
        TargetValues::Numbers { .. } => Vec::new(),
    };
    Ok((targets, first))
}

/// Ties go to the category with most instances, then to the smallest: strings by their letters.
fn categories(
    context: &ModelContext<'_, '_, '_>,
    kind: Kind,
    values: &[f64],
    is_weighted: bool,
) -> TargetValues {
    let mut counted: Vec<(f64, usize)> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for value in values {
        let at = *positions.entry(value.to_bits()).or_insert_with(|| {
            counted.push((*value, 0));
            counted.len() - 1
        });
        counted[at].1 += 1;
    }
    let texts = &context.compiler.texts;
    counted.sort_by(|(a, times_a), (b, times_b)| {
        times_b.cmp(times_a).then_with(|| match kind {
            Kind::Text => texts.get(*a as u32).cmp(texts.get(*b as u32)),
            _ => a.total_cmp(b),
        })
    });
    for (at, (value, _)) in counted.iter().enumerate() {
        positions.insert(value.to_bits(), at);
    }
    TargetValues::Categories {
        values: values.iter().map(|value| positions[&value.to_bits()] as u32).collect(),
        categories: counted.iter().map(|(value, _)| Datum::new(kind, *value)).collect(),
        is_weighted,
    }
}
