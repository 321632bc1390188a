//! `SupportVectorMachineModel` compiled: vectors in one array, machines as lists of them.

use std::collections::HashMap;

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::support_vector_machine::read::{Document, Kernel, Machine, Method, Representation};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::model::Figures;
use crate::reader::element::parse_number;
use crate::reader::xml::CELL_LIMIT;

/// A compiled `SupportVectorMachineModel`.
#[derive(Debug)]
pub struct Plan {
    /// How near a row is to a support vector.
    pub kernel: Kernel,
    /// The components of vectors.
    pub components: Box<[Component]>,
    /// The vectors that machines use, component by component.
    pub vectors: Box<[f64]>,
    /// The machines.
    pub machines: Box<[MachinePlan]>,
    /// How the machines' figures become a prediction.
    pub decision: Decision,
}

/// A component of vectors.
#[derive(Debug)]
pub struct Component {
    /// The field.
    pub slot: Slot,
    /// Instead of the field itself, a number where it has this value, else 0.
    pub indicator: Option<(f64, f64)>,
    /// Instead of a missing value.
    pub missing: Option<f64>,
}

/// A machine.
#[derive(Debug)]
pub struct MachinePlan {
    /// Vectors with their coefficients; empty if it is linear.
    pub vectors: Box<[(u32, f64)]>,
    /// Coefficients of components; empty if it has vectors.
    pub linear: Box<[f64]>,
    /// Summand.
    pub constant: f64,
    /// Where its two categories meet.
    pub threshold: f64,
    /// Indices of its categories.
    pub categories: (u32, u32),
}

/// How the machines' figures become a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The figure is the prediction.
    Regression,
    /// A figure that rounds to 1 is the category, to 0 the other one.
    Binary,
    /// Each machine votes for one of two categories.
    Votes {
        /// True if a figure above the threshold is for the first of them.
        max_wins: bool,
    },
    /// The category of the smallest figure, or the largest.
    Extreme {
        /// True for the largest.
        max_wins: bool,
    },
}

/// Compiles a `SupportVectorMachineModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let decision = decision(document, context)?;
    let mut components = Vec::with_capacity(document.fields.len());
    for field in &document.fields {
        let slot = context.slot(field.field, field.offset)?;
        components.push(Component {
            slot,
            indicator: field.indicator.map(|(value, number)| (context.value_of(slot, value), number)),
            missing: field.missing.and_then(parse_number),
        });
    }
    let width = components.len();
    let mut known = HashMap::new();
    let mut vectors = Vec::new();
    if document.vectors.len().saturating_mul(width) > CELL_LIMIT {
        let message = format!("support vectors of more than {CELL_LIMIT} components in all");
        return Err(Fault::too_large(context.head.offset, message));
    }
    if document.representation == Representation::SupportVectors {
        for (index, (id, vector)) in document.vectors.iter().enumerate() {
            if vector.len() > width {
                let message = format!("the vector {id:?} has {} components, not {width}", vector.len());
                return Err(Fault::invalid(context.head.offset, message));
            }
            vectors.extend_from_slice(vector);
            vectors.resize((index + 1) * width, 0.0);
            known.insert(*id, index as u32);
        }
    }
    let mut categories = Vec::new();
    let mut machines = Vec::with_capacity(document.machines.len());
    for machine in &document.machines {
        let mut plan = compile_machine(machine, document, width, &known)?;
        if decision != Decision::Regression {
            let alternate = match decision {
                Decision::Binary => document.alternate_category,
                Decision::Votes { .. } => machine.alternate,
                _ => None,
            };
            let mut index = |category: Option<&'a str>| match category {
                None => Ok(u32::MAX),
                Some(text) => {
                    let category = context.category(text, machine.offset)?;
                    Ok(category_index(&mut categories, category))
                }
            };
            plan.categories = (index(machine.category)?, index(alternate)?);
            if plan.categories.0 == u32::MAX {
                return Err(Fault::invalid(
                    machine.offset,
                    "SupportVectorMachine needs the attribute targetCategory",
                ));
            }
        }
        machines.push(plan);
    }
    let plan = Plan {
        kernel: document.kernel,
        components: components.into(),
        vectors: vectors.into(),
        machines: machines.into(),
        decision,
    };
    let probability = matches!(decision, Decision::Votes { .. });
    let figures = Figures { probability, ..Figures::default() };
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::SupportVectorMachine(Box::new(plan))) })
}

fn decision(document: &Document<'_>, context: &ModelContext<'_, '_, '_>) -> Result<Decision> {
    let invalid = |message: &str| Err(Fault::invalid(context.head.offset, message));
    let max_wins = document.max_wins;
    match context.head.function {
        MiningFunction::Regression if document.machines.len() == 1 => Ok(Decision::Regression),
        MiningFunction::Regression => invalid("a regression has one SupportVectorMachine"),
        MiningFunction::Classification => {
            let lone = document.machines.len() == 1 && document.machines[0].alternate.is_none();
            if lone && document.alternate_category.is_some() {
                return Ok(Decision::Binary);
            }
            let paired = document.machines.iter().all(|machine| machine.alternate.is_some());
            match document.method {
                Method::OneAgainstOne if paired => Ok(Decision::Votes { max_wins }),
                Method::OneAgainstOne => invalid(
                    "OneAgainstOne needs the attribute alternateTargetCategory of each SupportVectorMachine",
                ),
                Method::OneAgainstAll => Ok(Decision::Extreme { max_wins }),
            }
        }
        _ => invalid("a SupportVectorMachineModel is for regression or classification"),
    }
}

fn compile_machine(
    machine: &Machine<'_>,
    document: &Document<'_>,
    width: usize,
    known: &HashMap<&str, u32>,
) -> Result<MachinePlan> {
    let mut plan = MachinePlan {
        vectors: Box::default(),
        linear: Box::default(),
        constant: machine.constant,
        threshold: machine.threshold.unwrap_or(document.threshold),
        categories: (u32::MAX, u32::MAX),
    };
    let count = machine.coefficients.len();
    let invalid = |message: String| Err(Fault::invalid(machine.offset, message));
    if document.representation == Representation::Coefficients {
        if count != width {
            return invalid(format!("{count} coefficients for {width} vector fields"));
        }
        if document.kernel != Kernel::Linear {
            return invalid("svmRepresentation=\"Coefficients\" goes with LinearKernelType".to_owned());
        }
        plan.linear = machine.coefficients.clone().into();
        return Ok(plan);
    }
    if count != machine.vectors.len() {
        return invalid(format!("{count} coefficients for {} support vectors", machine.vectors.len()));
    }
    let mut vectors = Vec::with_capacity(count);
    for (id, coefficient) in machine.vectors.iter().zip(&machine.coefficients) {
        match known.get(id) {
            Some(index) => vectors.push((*index, *coefficient)),
            None => return invalid(format!("the vector {id:?} is not in the VectorDictionary")),
        }
    }
    plan.vectors = vectors.into();
    Ok(plan)
}
