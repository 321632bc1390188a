//! `NaiveBayesModel` compiled: logarithms of probabilities in tables, by value and category.

use crate::compile::model::category_index;
use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::naive_bayes::read::{Distribution, Document, Input};
use crate::fault::{Fault, Result};
use crate::plan::Slot;
use crate::plan::model::Figures;
use crate::value::Datum;

/// A compiled `NaiveBayesModel`.
#[derive(Debug)]
pub struct Plan {
    /// Smallest probability of a value under a distribution.
    pub threshold: f64,
    /// Logarithms of how often each category occurred.
    pub priors: Box<[f64]>,
    /// The inputs.
    pub inputs: Box<[InputPlan]>,
}

/// An input.
#[derive(Debug)]
pub struct InputPlan {
    /// Its slot.
    pub slot: Slot,
    /// What is known of its values.
    pub evidence: Evidence,
}

/// What is known of an input's values.
#[derive(Debug)]
pub enum Evidence {
    /// Logarithms of probabilities.
    Counted {
        /// Values, ascending.
        values: Box<[f64]>,
        /// By value, one entry a category.
        logarithms: Box<[f64]>,
    },
    /// By category.
    Distributed(Box<[Option<Distribution>]>),
}

/// Compiles a `NaiveBayesModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Classification {
        return Err(Fault::invalid(context.head.offset, "a NaiveBayesModel is for classification"));
    }
    let mut categories = Vec::new();
    let mut priors = Vec::new();
    for (category, count) in &document.output.1 {
        let category = context.category(category, context.head.offset)?;
        if category_index(&mut categories, category) as usize == priors.len() {
            priors.push(libm::log(*count));
        }
    }
    let mut inputs = Vec::with_capacity(document.inputs.len());
    for input in &document.inputs {
        let slot = match &input.derived {
            Some(derived) => context.derived(derived)?,
            None => context.slot(input.field, input.offset)?,
        };
        let evidence = if input.distributions.is_empty() {
            counted(input, slot, document.threshold, &categories, context)?
        } else {
            distributed(input, &categories, context)?
        };
        inputs.push(InputPlan { slot, evidence });
    }
    let plan = Plan { threshold: document.threshold, priors: priors.into(), inputs: inputs.into() };
    let figures = Figures { probability: true, ..Figures::default() };
    Ok(Compiled { categories, figures, ..Compiled::new(ElementPlan::NaiveBayes(Box::new(plan))) })
}

fn counted<'a>(
    input: &Input<'a>,
    slot: Slot,
    threshold: f64,
    categories: &[Datum],
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Evidence> {
    let width = categories.len();
    let mut rows: Vec<(f64, Vec<f64>)> = Vec::with_capacity(input.pairs.len());
    let mut totals = vec![0.0; width];
    for (value, counts) in &input.pairs {
        let value = context.value_of(slot, value);
        let mut row = vec![0.0; width];
        for (category, count) in counts {
            let category = context.category(category, input.offset)?;
            if let Some(index) = categories.iter().position(|known| *known == category) {
                row[index] += count;
                totals[index] += count;
            }
        }
        if !value.is_nan() {
            rows.push((value, row));
        }
    }
    rows.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let logarithm = |(count, total): (&f64, &f64)| {
        let probability = count / total;
        libm::log(if probability > 0.0 { probability } else { threshold })
    };
    let logarithms = rows.iter().flat_map(|(_, row)| row.iter().zip(&totals).map(logarithm)).collect();
    Ok(Evidence::Counted { values: rows.iter().map(|(value, _)| *value).collect(), logarithms })
}

fn distributed<'a>(
    input: &Input<'a>,
    categories: &[Datum],
    context: &mut ModelContext<'_, '_, 'a>,
) -> Result<Evidence> {
    let mut distributions = vec![None; categories.len()];
    for (category, distribution) in &input.distributions {
        let category = context.category(category, input.offset)?;
        if let Some(index) = categories.iter().position(|known| *known == category) {
            distributions[index] = Some(*distribution);
        }
    }
    Ok(Evidence::Distributed(distributions.into()))
}
