//! `BaselineModel` compiled: the field's slot, mean and standard deviation.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::elements::ElementPlan;
use crate::elements::baseline::read::Document;
use crate::fault::{Fault, Result};
use crate::plan::Slot;

/// A compiled `BaselineModel`.
#[derive(Debug)]
pub struct Plan {
    /// The field that is observed.
    pub slot: Slot,
    /// Its usual mean.
    pub mean: f64,
    /// Its usual standard deviation.
    pub deviation: f64,
}

/// Compiles a `BaselineModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    if context.head.function != MiningFunction::Regression {
        return Err(Fault::invalid(context.head.offset, "a BaselineModel is for regression"));
    }
    let slot = context.slot(document.field, document.offset)?;
    let plan = Plan { slot, mean: document.mean, deviation: document.variance.sqrt() };
    Ok(Compiled::new(ElementPlan::Baseline(Box::new(plan))))
}
