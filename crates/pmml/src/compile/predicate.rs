//! Predicates with names resolved and constants typed.

use crate::compile::{Compiler, ScopeId};
use crate::document::predicate::{Operator, PredicateNode, SetOperator};
use crate::fault::Result;
use crate::plan::Predicate;
use crate::plan::predicate::Comparison;
use crate::value::Kind;

impl<'d, 'a> Compiler<'d, 'a> {
    /// Compiles a predicate.
    pub fn predicate(
        &mut self,
        scope: ScopeId,
        predicate: &crate::document::Predicate<'a>,
    ) -> Result<Predicate> {
        let offset = predicate.offset;
        Ok(match &predicate.node {
            PredicateNode::Absent => {
                self.reserve("an element has no predicate where one must be");
                Predicate::Absent(self.place("an element without a predicate"))
            }
            PredicateNode::True => Predicate::True,
            PredicateNode::False => Predicate::False,
            PredicateNode::Simple { field, operator, value } => {
                let slot = self.resolve(scope, field, offset)?;
                match (Comparison::of(*operator), value) {
                    (Some(operator), Some(value)) => self.comparison(slot, operator, value),
                    _ if *operator == Operator::IsMissing => Predicate::Missing(slot),
                    _ => Predicate::Present(slot),
                }
            }
            PredicateNode::Set { field, operator, values } => {
                let slot = self.resolve(scope, field, offset)?;
                let kind = self.slot_plan(slot).kind.unwrap_or(Kind::Text);
                let mut set: Vec<f64> = Vec::with_capacity(values.entries.len());
                for entry in &values.entries {
                    match self.constant_of_field(kind, entry) {
                        // Adding nought makes both noughts the same.
                        Some(number) => set.push(number + 0.0),
                        None => return Ok(self.unfit("SimpleSetPredicate", slot, kind, entry)),
                    }
                }
                set.sort_by(f64::total_cmp);
                set.dedup();
                Predicate::InSet { slot, set: set.into(), negated: *operator == SetOperator::IsNotIn }
            }
            PredicateNode::Compound { operator, parts } => {
                let parts = self.nested(offset, |compiler| {
                    parts.iter().map(|part| compiler.predicate(scope, part)).collect::<Result<Vec<_>>>()
                })?;
                Predicate::Compound { operator: *operator, parts: parts.into() }
            }
        })
    }

    fn comparison(&mut self, slot: crate::plan::Slot, operator: Comparison, value: &str) -> Predicate {
        let plan = self.slot_plan(slot);
        let name = plan.name.clone();
        let needs_words = plan.kind.is_none()
            || operator.needs_order() && (plan.kind == Some(Kind::Text) || plan.order.is_some());
        let kind = plan.kind.unwrap_or(Kind::Text);
        if needs_words {
            let place = self.place(format!("SimplePredicate of field {name:?}"));
            let text = self.text(value);
            return Predicate::CompareText { slot, operator, text, place };
        }
        match self.constant_of_field(kind, value) {
            Some(constant) => Predicate::Compare { slot, operator, constant },
            None => self.unfit("SimplePredicate", slot, kind, value),
        }
    }

    /// A predicate whose constant is no value of its field's type: unknown for a missing value, else an error.
    fn unfit(&mut self, element: &str, slot: crate::plan::Slot, kind: Kind, value: &str) -> Predicate {
        let name = self.slot_plan(slot).name.clone();
        let words =
            format!("{element} of field {name:?}, whose constant {value:?} is not {}", kind.describe());
        self.reserve(format!("a {words}"));
        Predicate::Unfit { slot, place: self.place(words) }
    }

    /// A constant that is compared with a field of this kind. A fraction may be compared with an integer.
    pub fn constant_of_field(&mut self, kind: Kind, text: &str) -> Option<f64> {
        match kind {
            Kind::Integer => crate::value::parsing::parse_double(text),
            Kind::Boolean => match self.parse(kind, text) {
                Some(datum) => Some(datum.number),
                None => crate::value::parsing::parse_double(text),
            },
            _ => self.parse(kind, text).map(|datum| datum.number),
        }
    }
}
