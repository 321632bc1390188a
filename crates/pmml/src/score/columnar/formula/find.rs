//! From an expression to a formula.

use crate::functions::{Builtin, FunctionName as Name, arithmetic};
use crate::plan::expression::{self, Expression, Function, OneRecordFunction};
use crate::plan::predicate::Comparison;
use crate::plan::{Plan, Slot};
use crate::score::columnar::formula::conversion::{Conversion, Type};
use crate::score::columnar::formula::evaluate::constant;
use crate::score::columnar::formula::node::{Call, Defined, Formula, Operation};
use crate::score::columnar::formula::tables::{Bins, Curve, Table};
use crate::value::missing::MISSING;
use crate::value::{Datum, Kind};

/// Nodes of all formulas of one program. Functions of the document stand wherever they are called.
pub const NODE_LIMIT: usize = 1 << 20;

/// Finds formulas.
pub struct Finder<'f> {
    plan: &'f Plan,
    /// The fields that were met.
    pub fields: Vec<Slot>,
    /// Nodes that may still be made.
    pub nodes: usize,
}

impl<'f> Finder<'f> {
    /// A finder that may make so many nodes.
    #[must_use]
    pub fn new(plan: &'f Plan, nodes: usize) -> Self {
        Self { plan, fields: Vec::new(), nodes }
    }

    /// The formula of an expression with the type of its values; `None` if only rows tell.
    pub fn formula(&mut self, expression: &Expression, parameters: &[Type]) -> Option<(Formula, Type)> {
        self.nodes = self.nodes.checked_sub(1)?;
        Some(match expression {
            Expression::Constant(datum) => {
                let of = datum.map_or(Type::Never, |datum| Type::Of(datum.kind));
                (Formula::Constant(number(*datum)), plain(of)?)
            }
            Expression::Field { slot, missing } => {
                self.fields.push(*slot);
                let of = plain(Type::Of(self.plan.slots[slot.index()].kind?))?;
                (Formula::Field { slot: *slot, missing: number(*missing) }, of.or_datum(*missing)?)
            }
            Expression::Parameter { index, missing } => {
                let of = *parameters.get(*index as usize)?;
                (Formula::Parameter { index: *index, missing: number(*missing) }, of.or_datum(*missing)?)
            }
            Expression::Piecewise(piecewise) => {
                let (argument, of) = self.formula(&piecewise.argument, parameters)?;
                of.counts().then_some(())?;
                let curve = Curve::new(piecewise, argument)?;
                let is_constant = curve.argument.is_constant();
                (folded(Formula::Curve(Box::new(curve)), is_constant), Type::Of(Kind::Double))
            }
            Expression::Indicator(indicator) => {
                let (argument, of) = self.formula(&indicator.argument, parameters)?;
                let value = indicator.value?;
                (of == Type::Of(value.kind)).then_some(())?;
                let formula = Formula::Indicator {
                    argument: Box::new(argument),
                    value: value.number,
                    missing: indicator.missing.unwrap_or(MISSING),
                };
                (formula, Type::Of(Kind::Double))
            }
            Expression::Bins(bins) => {
                let (argument, of) = self.formula(&bins.argument, parameters)?;
                of.counts().then_some(())?;
                let results = bins.bins.iter().map(|(_, datum)| Some(*datum));
                let of = same_kind(results.chain([bins.missing, bins.default]), bins.kind)?;
                (Formula::Bins(Box::new(Bins::new(bins, argument))), of)
            }
            Expression::Lookup(lookup) => {
                let mut arguments = Vec::with_capacity(lookup.arguments.len());
                for (argument, own) in lookup.arguments.iter().zip(&lookup.kinds) {
                    let (formula, of) = self.formula(argument, parameters)?;
                    (of == Type::Of((*own)?)).then_some(())?;
                    arguments.push(formula);
                }
                let results = lookup.results.iter().copied();
                let of = same_kind(results.chain([lookup.missing, lookup.default]), lookup.kind)?;
                (Formula::Table(Box::new(Table::new(lookup, arguments))), of)
            }
            Expression::Call(call) => self.call(call, parameters)?,
            Expression::OneRecord(one) if one.what == OneRecordFunction::Value => {
                self.formula(&one.argument, parameters)?
            }
            Expression::Term(_) | Expression::OneRecord(_) | Expression::Unsupported(_) => return None,
        })
    }

    fn call(&mut self, call: &expression::Call, parameters: &[Type]) -> Option<(Formula, Type)> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        let mut types = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let (formula, of) = self.formula(argument, parameters)?;
            arguments.push(formula);
            types.push(of);
        }
        let (operation, of) = match &call.function {
            Function::Builtin(builtin) => builtin_operation(builtin, &types)?,
            Function::Defined(index) => self.defined(*index, &types)?,
        };
        let of = of.or_datum(call.missing)?.or_datum(call.default)?;
        let is_constant = arguments.iter().all(Formula::is_constant);
        let is_defined = matches!(operation, Operation::Defined(_));
        let formula = Formula::Call(Box::new(Call {
            operation,
            arguments: arguments.into(),
            missing: number(call.missing),
            default: number(call.default),
            invalid_as_missing: call.invalid_as_missing,
        }));
        // The body of a function may read fields.
        Some((folded(formula, is_constant && !is_defined), of))
    }

    /// A function of the document with its body.
    fn defined(&mut self, index: u32, types: &[Type]) -> Option<(Operation, Type)> {
        let plan = self.plan;
        let function = plan.functions.get(index as usize)?;
        let mut conversions = Vec::with_capacity(types.len());
        let mut own = Vec::with_capacity(types.len());
        for (of, kind) in types.iter().zip(&function.parameters) {
            conversions.push(kind.map_or(Some(Conversion::None), |kind| Conversion::of(*of, kind))?);
            own.push(kind.map_or(*of, Type::Of));
        }
        let (body, of) = self.formula(&function.body, &own)?;
        let result = function.kind.map_or(Some(Conversion::None), |kind| Conversion::of(of, kind))?;
        let defined = Defined { parameters: conversions.into(), body, result };
        Some((Operation::Defined(Box::new(defined)), function.kind.map_or(of, Type::Of)))
    }
}

impl Formula {
    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

/// The one value of a formula that reads nothing.
fn folded(formula: Formula, is_constant: bool) -> Formula {
    if is_constant { Formula::Constant(constant(&formula)) } else { formula }
}

fn number(datum: Option<Datum>) -> f64 {
    datum.map_or(MISSING, |datum| datum.number)
}

/// A type whose values are numbers of their own.
fn plain(of: Type) -> Option<Type> {
    (of != Type::Of(Kind::List)).then_some(of)
}

/// The one type of all results that are there, if it is also the declared one.
fn same_kind(results: impl Iterator<Item = Option<Datum>>, declared: Option<Kind>) -> Option<Type> {
    let mut kinds = results.flatten().map(|datum| datum.kind);
    let first = kinds.next()?;
    kinds.chain(declared).all(|kind| kind == first).then_some(Type::Of(first))
}

/// What a function of the standard does with arguments of these types, and the type of its results.
fn builtin_operation(builtin: &Builtin, types: &[Type]) -> Option<(Operation, Type)> {
    let truth = Type::Of(Kind::Boolean);
    let of_truths = || types.iter().all(|of| matches!(of, Type::Of(Kind::Boolean) | Type::Never));
    Some(match builtin.name {
        Name::IsMissing | Name::IsNotValid => (Operation::IsMissing, truth),
        Name::IsNotMissing | Name::IsValid => (Operation::IsPresent, truth),
        Name::Equal => (compare(Comparison::Equal, types)?, truth),
        Name::NotEqual => (compare(Comparison::NotEqual, types)?, truth),
        Name::LessThan => (compare(Comparison::Less, types)?, truth),
        Name::LessOrEqual => (compare(Comparison::LessOrEqual, types)?, truth),
        Name::GreaterThan => (compare(Comparison::Greater, types)?, truth),
        Name::GreaterOrEqual => (compare(Comparison::GreaterOrEqual, types)?, truth),
        Name::And if of_truths() => (Operation::All, truth),
        Name::Or if of_truths() => (Operation::Any, truth),
        Name::Not if of_truths() => (Operation::Not, truth),
        Name::IsIn | Name::IsNotIn => {
            let (value, others) = types.split_first()?;
            others.iter().all(|other| can_be_compared(*value, *other)).then_some(())?;
            (Operation::Among(builtin.name == Name::IsIn), truth)
        }
        Name::If if of_truths_of(types.first()) => {
            let taken = *types.get(1)?;
            let other = types.get(2).copied().unwrap_or(Type::Never);
            (Operation::If, taken.or(other)?)
        }
        Name::Min | Name::Max | Name::Sum | Name::Product | Name::Avg | Name::Median => {
            let kinds = types.iter().map(|of| exact_number(*of)).collect::<Option<Box<[Kind]>>>()?;
            let mut of = Type::Never;
            for kind in &kinds {
                of = of.or(Type::Of(*kind))?;
            }
            let is_mean = matches!(builtin.name, Name::Avg | Name::Median);
            let of = if is_mean { Type::Of(Kind::Double) } else { of };
            (Operation::Aggregate { name: builtin.name, kinds }, of)
        }
        name => arithmetic_operation(name, types)?,
    })
}

fn of_truths_of(condition: Option<&Type>) -> bool {
    matches!(condition, Some(Type::Of(Kind::Boolean) | Type::Never))
}

/// A comparison of two values that takes no look at the row.
fn compare(comparison: Comparison, types: &[Type]) -> Option<Operation> {
    let [left, right] = types else { return None };
    let has_texts = *left == Type::Of(Kind::Text) || *right == Type::Of(Kind::Text);
    let can = can_be_compared(*left, *right) && !(comparison.needs_order() && has_texts);
    can.then_some(Operation::Compare(comparison))
}

/// True if values of two types are compared by their numbers.
fn can_be_compared(left: Type, right: Type) -> bool {
    let is_truth = |of: Type| of == Type::Of(Kind::Boolean);
    let is_number = |of: Type| match of {
        Type::Of(kind) => kind.is_number(),
        Type::Number => true,
        Type::Never => false,
    };
    left == right
        || left == Type::Never
        || right == Type::Never
        || left.counts() && right.counts()
        || is_truth(left) && is_number(right)
        || is_number(left) && is_truth(right)
}

/// The type of numbers, if every row has the same; counts of days and seconds are computed with as integers.
fn exact_number(of: Type) -> Option<Kind> {
    match of {
        Type::Of(kind) if kind.is_number() => Some(kind),
        Type::Of(kind) if kind.counts() => Some(Kind::Integer),
        _ => None,
    }
}

/// A function of one or two numbers; where a type differs by row it must not matter.
fn arithmetic_operation(name: Name, types: &[Type]) -> Option<(Operation, Type)> {
    let (first, last) = match types {
        [only] => (*only, *only),
        [first, last] => (*first, *last),
        _ => return None,
    };
    let can_be = |of: Type| match of {
        Type::Number => Some([Kind::Double, Kind::Integer]),
        of => exact_number(of).map(|kind| [kind; 2]),
    };
    let (first, last) = (can_be(first)?, can_be(last)?);
    let mut kinds = [first[0], last[0]];
    let count = types.len();
    let result = arithmetic::result_kind(name, &kinds[..count])?;
    if result == Kind::Double && arithmetic::is_operator(name) {
        // A mixture is computed with as doubles.
        kinds = [Kind::Double; 2];
    }
    for first in first {
        for last in last {
            let other = arithmetic::result_kind(name, &[first, last][..count])?;
            (other == result).then_some(())?;
        }
    }
    Some((Operation::Arithmetic { name, kinds }, Type::Of(result)))
}
