//! Documents that fail for every record, since what is read first of every record fails whenever it is read.
//!
//! Reading is lazy, so that a name that nothing defines is an error of those records whose path comes to it. Only where
//! all paths begin with it the document is refused.

use crate::elements::ElementPlan;
use crate::elements::tree::Test;
use crate::fault::{Fault, Result};
use crate::plan::expression::Call;
use crate::plan::{Expression, ModelId, ModelPlan, Place, Predicate, Slot, SlotPlan, Source};

/// What fails whenever it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A name that nothing defines.
    Name(Slot),
    /// A call of a function that is not known.
    Call(Place),
}

/// Refuses a document whose root model reads first of every record what fails.
///
/// # Errors
/// The fault that `failing` knows of it.
pub fn refuse(
    models: &[ModelPlan],
    root: ModelId,
    slots: &[SlotPlan],
    failing: &[(Failing, Fault)],
) -> Result<()> {
    if failing.is_empty() {
        return Ok(());
    }
    let found = first_of_model(models, root).and_then(|slot| first_of_slot(slots, slot));
    match failing.iter().find(|(known, _)| Some(*known) == found) {
        Some((_, fault)) => {
            let message = format!("{}, and every record reads it", fault.message);
            Err(Fault { message, ..fault.clone() })
        }
        None => Ok(()),
    }
}

/// The slot that a model reads first, whatever the record holds; `None` if that is not known.
fn first_of_model(models: &[ModelPlan], id: ModelId) -> Option<Slot> {
    match &models.get(id.0 as usize)?.element {
        ElementPlan::Regression(regression) => regression.tables.iter().find_map(|table| {
            let numeric = table.numeric.first().map(|numeric| numeric.slot);
            let categorical = table.categorical.first().map(|categorical| categorical.slot);
            let factor = table.terms.first().and_then(|term| term.factors.first()).map(|(slot, _)| *slot);
            numeric.or(categorical).or(factor)
        }),
        ElementPlan::Tree(tree) => {
            let first = tree.nodes.iter().take(2).find(|node| node.test() != Test::True)?;
            match first.test() {
                Test::True => None,
                Test::Compare(_) => Some(Slot(first.slot())),
                Test::Predicate => first_of_predicate(tree.predicates.get(first.slot() as usize)?),
            }
        }
        // What an embedded model does not find is missing to the others.
        ElementPlan::Mining(mining) if !mining.is_composition => {
            let first = mining.segments.first()?;
            match &first.predicate {
                Predicate::True => first_of_model(models, first.model),
                predicate => first_of_predicate(predicate),
            }
        }
        _ => None,
    }
}

fn first_of_predicate(predicate: &Predicate) -> Option<Slot> {
    match predicate {
        Predicate::True | Predicate::False | Predicate::Absent(_) => None,
        Predicate::Missing(slot)
        | Predicate::Present(slot)
        | Predicate::Compare { slot, .. }
        | Predicate::CompareText { slot, .. }
        | Predicate::InSet { slot, .. }
        | Predicate::Unfit { slot, .. } => Some(*slot),
        Predicate::Compound { parts, .. } => first_of_predicate(parts.first()?),
    }
}

/// What fails where a slot is read. Derived fields read others at most [`DEPTH_LIMIT`] deep.
///
/// [`DEPTH_LIMIT`]: crate::compile::compiler::DEPTH_LIMIT
fn first_of_slot(slots: &[SlotPlan], slot: Slot) -> Option<Failing> {
    match &slots.get(slot.index())?.source {
        Source::Undefined => Some(Failing::Name(slot)),
        Source::Derived { expression, .. } => first_of_expression(slots, expression),
        Source::Input { .. } | Source::Field { .. } | Source::Output => None,
    }
}

fn first_of_expression(slots: &[SlotPlan], expression: &Expression) -> Option<Failing> {
    match expression {
        Expression::Unsupported(place) => Some(Failing::Call(*place)),
        Expression::Field { slot, .. } => first_of_slot(slots, *slot),
        Expression::Piecewise(piecewise) => first_of_expression(slots, &piecewise.argument),
        Expression::Indicator(indicator) => first_of_expression(slots, &indicator.argument),
        Expression::Bins(bins) => first_of_expression(slots, &bins.argument),
        Expression::Lookup(lookup) => first_of_expression(slots, lookup.arguments.first()?),
        // The first argument is evaluated always, that of `if` as well.
        Expression::Call(call) => {
            let Call { arguments, .. } = &**call;
            first_of_expression(slots, arguments.first()?)
        }
        Expression::Constant(_)
        | Expression::Parameter { .. }
        | Expression::Term(_)
        | Expression::OneRecord(_) => None,
    }
}
