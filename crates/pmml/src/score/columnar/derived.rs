//! Derived fields of a block of rows.
//!
//! An expression gives NaN where the exact path would give anything but a number: such rows are left to it.

use crate::compile::expression::hash_keys;
use crate::functions::{FunctionName as Name, arithmetic};
use crate::plan::expression::{Bins, Call, Function, Lookup, Piecewise};
use crate::plan::{Expression, Plan, Slot};
use crate::score::columnar::answers::Left;
use crate::score::columnar::frame::Frame;
use crate::score::expression::normalize;
use crate::value::datum::whole;
use crate::value::{Datum, Kind};

/// The type of an expression's values, if columns of them can be computed; `read` is told every field.
pub fn kind(
    expression: &Expression,
    plan: &Plan,
    read: &mut impl FnMut(Slot, Kind) -> Option<()>,
) -> Option<Kind> {
    match expression {
        Expression::Constant(constant) => {
            constant.filter(|datum| datum.kind != Kind::List).map(|datum| datum.kind)
        }
        Expression::Field { slot, .. } => {
            let kind = plan.slots[slot.index()].kind?;
            read(*slot, kind)?;
            Some(kind)
        }
        Expression::Piecewise(piecewise) => {
            kind(&piecewise.argument, plan, read)?.counts().then_some(Kind::Double)
        }
        Expression::Indicator(indicator) => {
            let argument = kind(&indicator.argument, plan, read)?;
            (indicator.value?.kind == argument).then_some(Kind::Double)
        }
        Expression::Bins(bins) => {
            kind(&bins.argument, plan, read)?.counts().then_some(())?;
            let mut kinds =
                bins.bins.iter().map(|(_, datum)| datum.kind).chain(bins.default.map(|datum| datum.kind));
            let first = kinds.next()?;
            kinds.chain(bins.kind).all(|kind| kind == first).then_some(first)
        }
        Expression::Lookup(lookup) => {
            for (argument, own) in lookup.arguments.iter().zip(&lookup.kinds) {
                let found = kind(argument, plan, read)?;
                (*own == Some(found)).then_some(())?;
            }
            let mut kinds = lookup.results.iter().flatten().map(|datum| datum.kind);
            let first = kinds.next()?;
            kinds
                .chain(lookup.default.map(|datum| datum.kind))
                .chain(lookup.kind)
                .all(|kind| kind == first)
                .then_some(first)
        }
        Expression::Call(call) => {
            let Function::Builtin(builtin) = &call.function else { return None };
            let mut kinds = [Kind::Double; 2];
            if call.arguments.len() > kinds.len() {
                return None;
            }
            for (kind_of, argument) in kinds.iter_mut().zip(&call.arguments) {
                *kind_of = kind(argument, plan, read)?;
                kind_of.is_number().then_some(())?;
            }
            arithmetic::result_kind(builtin.name, &kinds[..call.arguments.len()])
        }
        Expression::Parameter { .. }
        | Expression::Term(_)
        | Expression::OneRecord(_)
        | Expression::Unsupported(_) => None,
    }
}

/// True if values of one type can be told as another without a look at the row.
#[must_use]
pub fn converts(from: Kind, to: Kind) -> bool {
    from == to || from.is_number() && to.is_number()
}

/// Makes values of one type those of another; NaN where they do not fit.
pub fn convert(from: Kind, to: Kind, numbers: &mut [f64]) {
    match (from, to) {
        (Kind::Double, Kind::Float) => {
            numbers.iter_mut().for_each(|number| *number = f64::from(*number as f32))
        }
        (Kind::Integer, Kind::Float) => {
            numbers.iter_mut().for_each(|number| *number = f64::from(*number as f32))
        }
        (Kind::Double | Kind::Float, Kind::Integer) => {
            numbers.iter_mut().for_each(|number| *number = whole(*number).unwrap_or(f64::NAN));
        }
        _ => {}
    }
}

/// What computing needs beside the columns.
pub struct Evaluation<'e> {
    /// The plan.
    pub plan: &'e Plan,
    /// Rows that are left.
    pub left: &'e mut Left,
    /// Columns to be used again.
    pub spare: &'e mut Vec<Vec<f64>>,
}

impl Evaluation<'_> {
    /// Computes an expression for all rows.
    pub fn evaluate(&mut self, expression: &Expression, frame: &Frame<'_>, into: &mut Vec<f64>) {
        into.clear();
        match expression {
            Expression::Constant(constant) => {
                into.resize(frame.rows, constant.map_or(f64::NAN, |datum| datum.number));
            }
            Expression::Field { slot, .. } => into.extend_from_slice(frame.column(*slot)),
            Expression::Piecewise(piecewise) => {
                self.evaluate(&piecewise.argument, frame, into);
                into.iter_mut().for_each(|number| *number = piece(piecewise, *number));
            }
            Expression::Indicator(indicator) => {
                self.evaluate(&indicator.argument, frame, into);
                let value = indicator.value.map_or(f64::NAN, |datum| datum.number);
                into.iter_mut().for_each(|number| *number = f64::from(u8::from(*number == value)));
            }
            Expression::Bins(bins) => {
                self.evaluate(&bins.argument, frame, into);
                into.iter_mut().for_each(|number| *number = bin(bins, *number));
            }
            Expression::Lookup(lookup) => self.look_up(lookup, frame, into),
            Expression::Call(call) => self.call(call, frame, into),
            _ => into.resize(frame.rows, f64::NAN),
        }
        self.left.mark_nan(into);
    }

    fn look_up(&mut self, lookup: &Lookup, frame: &Frame<'_>, into: &mut Vec<f64>) {
        let width = lookup.arguments.len();
        let mut keys = vec![0.0; frame.rows * width];
        for (at, argument) in lookup.arguments.iter().enumerate() {
            self.evaluate(argument, frame, into);
            keys.iter_mut().skip(at).step_by(width).zip(&*into).for_each(|(key, number)| *key = *number);
        }
        into.clear();
        into.extend(keys.chunks_exact(width).map(|keys| {
            let found = lookup.index.find(hash_keys(keys), |row| {
                let row = *row as usize * width;
                lookup.keys[row..row + width] == *keys
            });
            let result = found.map_or(lookup.default, |row| lookup.results[*row as usize]);
            result.map_or(f64::NAN, |datum| datum.number)
        }));
    }

    fn call(&mut self, call: &Call, frame: &Frame<'_>, into: &mut Vec<f64>) {
        let Function::Builtin(builtin) = &call.function else {
            into.resize(frame.rows, f64::NAN);
            return;
        };
        let kind_of = |argument: &Expression| kind(argument, self.plan, &mut |_, _| Some(()));
        let kinds = [call.arguments.first(), call.arguments.get(1)]
            .map(|argument| argument.and_then(kind_of).unwrap_or(Kind::Double));
        match &call.arguments[..] {
            [only] => {
                self.evaluate(only, frame, into);
                into.iter_mut().for_each(|number| {
                    *number = arithmetic::apply(builtin.name, &[Datum::new(kinds[0], *number)]);
                });
            }
            [left, right] => {
                let mut other = self.spare.pop().unwrap_or_default();
                self.evaluate(left, frame, into);
                self.evaluate(right, frame, &mut other);
                let pairs = into.iter_mut().zip(&other);
                match (builtin.name, kinds) {
                    (Name::Plus, [Kind::Double, Kind::Double]) => pairs.for_each(|(a, b)| *a += b),
                    (Name::Minus, [Kind::Double, Kind::Double]) => pairs.for_each(|(a, b)| *a -= b),
                    (Name::Times, [Kind::Double, Kind::Double]) => pairs.for_each(|(a, b)| *a *= b),
                    (Name::Divide, [Kind::Double, Kind::Double]) => pairs.for_each(|(a, b)| *a /= b),
                    _ => pairs.for_each(|(a, b)| {
                        let arguments = [Datum::new(kinds[0], *a), Datum::new(kinds[1], *b)];
                        *a = arithmetic::apply(builtin.name, &arguments);
                    }),
                }
                self.spare.push(other);
            }
            _ => into.resize(frame.rows, f64::NAN),
        }
    }
}

fn piece(piecewise: &Piecewise, number: f64) -> f64 {
    normalize(piecewise, number).unwrap_or(f64::NAN)
}

fn bin(bins: &Bins, number: f64) -> f64 {
    // Of bins that overlap the last one counts.
    let found = bins.bins.iter().rfind(|(interval, _)| interval.contains(number));
    found.map(|(_, datum)| *datum).or(bins.default).map_or(f64::NAN, |datum| datum.number)
}
