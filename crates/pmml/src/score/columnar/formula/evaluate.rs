//! A formula on a block of rows.

use scorewheel_trees::{exponentials, vectorised};

use crate::functions::FunctionName as Name;
use crate::plan::Slot;
use crate::plan::predicate::Comparison;
use crate::score::columnar::formula::call::boolean;
use crate::score::columnar::formula::node::{Call, Defined, Formula, Operation};
use crate::score::columnar::frame::Frame;
use crate::value::Kind;
use crate::value::missing::{is_missing, lacks_some};

/// What computing works in.
#[derive(Debug, Default)]
pub struct Buffers {
    /// Columns that are free.
    spare: Vec<Vec<f64>>,
    /// Arguments of the calls under way.
    arguments: Vec<Vec<f64>>,
    /// One row of numbers.
    row: Vec<f64>,
}

/// Formulas on one block.
pub struct Evaluation<'e> {
    frame: Option<&'e Frame<'e>>,
    rows: usize,
    buffers: &'e mut Buffers,
    /// Where the arguments of the function of the document under way begin.
    base: usize,
}

/// The value of a formula that reads nothing.
#[must_use]
pub fn constant(formula: &Formula) -> f64 {
    let (mut buffers, mut into) = (Buffers::default(), Vec::new());
    Evaluation { frame: None, rows: 1, buffers: &mut buffers, base: 0 }.evaluate(formula, &mut into);
    into.first().copied().unwrap_or(f64::NAN)
}

/// An argument: a column, or the same for all rows.
#[derive(Clone, Copy)]
enum Operand<'o> {
    Column(&'o [f64]),
    Number(f64),
}

impl Operand<'_> {
    fn lacks_some(self) -> bool {
        match self {
            Self::Column(column) => lacks_some(column),
            Self::Number(number) => number.is_nan(),
        }
    }

    fn number(self, row: usize) -> f64 {
        match self {
            Self::Column(column) => column[row],
            Self::Number(number) => number,
        }
    }
}

impl<'e> Evaluation<'e> {
    /// Formulas over the columns of a block.
    pub fn new(frame: &'e Frame<'e>, buffers: &'e mut Buffers) -> Self {
        let base = buffers.arguments.len();
        Self { frame: Some(frame), rows: frame.rows, buffers, base }
    }

    /// Computes a formula for all rows.
    pub fn evaluate(&mut self, formula: &Formula, into: &mut Vec<f64>) {
        into.clear();
        match formula {
            Formula::Constant(number) => into.resize(self.rows, *number),
            Formula::Field { slot, missing } => {
                into.extend_from_slice(self.column(*slot));
                replace_missing(into, *missing);
            }
            Formula::Parameter { index, missing } => {
                into.extend_from_slice(&self.buffers.arguments[self.base + *index as usize]);
                replace_missing(into, *missing);
            }
            Formula::Curve(curve) => {
                self.evaluate(&curve.argument, into);
                curve.apply(into);
            }
            Formula::Indicator { argument, value, missing } => {
                self.evaluate(argument, into);
                let lacks = lacks_some(into);
                vectorised(
                    #[inline(always)]
                    || {
                        Map(into, |number: f64| match number {
                            number if lacks && is_missing(number) => *missing,
                            number if lacks && number.is_nan() => number,
                            number => boolean(number == *value),
                        })
                        .run()
                    },
                );
            }
            Formula::Bins(bins) => {
                self.evaluate(&bins.argument, into);
                bins.apply(into);
            }
            Formula::Table(table) => {
                let first = self.push(&table.arguments);
                into.resize(self.rows, 0.0);
                let Buffers { arguments, row, .. } = &mut *self.buffers;
                table.apply(&arguments[first..], row, into);
                self.pop(first);
            }
            Formula::Call(call) => self.call(call, into),
        }
        debug_assert_eq!(into.len(), self.rows);
    }

    fn column(&self, slot: Slot) -> &'e [f64] {
        self.frame.map_or(&[], |frame| frame.column(slot))
    }

    /// Evaluates formulas onto the stack of arguments; gives where they begin.
    fn push(&mut self, formulas: &[Formula]) -> usize {
        let first = self.buffers.arguments.len();
        for formula in formulas {
            let mut column = self.buffers.spare.pop().unwrap_or_default();
            self.evaluate(formula, &mut column);
            self.buffers.arguments.push(column);
        }
        first
    }

    fn pop(&mut self, first: usize) {
        let Buffers { arguments, spare, .. } = &mut *self.buffers;
        spare.extend(arguments.drain(first..));
    }

    /// An argument: a field's column as it stands, a constant, or what is computed into the buffer.
    fn operand<'o>(&mut self, formula: &Formula, buffer: &'o mut Vec<f64>) -> Operand<'o>
    where
        'e: 'o,
    {
        match formula {
            Formula::Constant(number) => Operand::Number(*number),
            Formula::Field { slot, missing } if is_missing(*missing) => Operand::Column(self.column(*slot)),
            _ => {
                self.evaluate(formula, buffer);
                Operand::Column(buffer)
            }
        }
    }

    fn call(&mut self, call: &Call, into: &mut Vec<f64>) {
        match (&call.operation, &*call.arguments) {
            (Operation::Defined(defined), arguments) => self.defined(call, defined, arguments, into),
            (_, [only]) => {
                let mut buffer = self.buffers.spare.pop().unwrap_or_default();
                let operand = self.operand(only, &mut buffer);
                self.unary(call, operand, into);
                self.buffers.spare.push(buffer);
            }
            (_, [left, right]) => {
                let mut buffers = [(); 2].map(|()| self.buffers.spare.pop().unwrap_or_default());
                let [first, second] = &mut buffers;
                let left = self.operand(left, first);
                let right = self.operand(right, second);
                self.binary(call, left, right, into);
                self.buffers.spare.extend(buffers);
            }
            (Operation::If, [condition, taken, other]) => {
                let mut buffers = [(); 3].map(|()| self.buffers.spare.pop().unwrap_or_default());
                let [first, second, third] = &mut buffers;
                let condition = self.operand(condition, first);
                let taken = self.operand(taken, second);
                let other = self.operand(other, third);
                self.choose(call, condition, taken, other, into);
                self.buffers.spare.extend(buffers);
            }
            (_, arguments) => {
                let first = self.push(arguments);
                into.resize(self.rows, 0.0);
                let Buffers { arguments, row, .. } = &mut *self.buffers;
                for (at, into) in into.iter_mut().enumerate() {
                    row.clear();
                    row.extend(arguments[first..].iter().map(|column| column[at]));
                    *into = call.of_row(row);
                }
                self.pop(first);
            }
        }
    }

    fn unary(&mut self, call: &Call, argument: Operand<'_>, into: &mut Vec<f64>) {
        into.resize(self.rows, 0.0);
        match (&call.operation, argument) {
            (Operation::Arithmetic { name, kinds: [Kind::Double, _] }, Operand::Column(column))
                if matches!(name, Name::Abs | Name::Sqrt | Name::Exp | Name::Ln) && !lacks_some(column) =>
            {
                match name {
                    Name::Abs => vectorised(
                        #[inline(always)]
                        || MapFrom(column, into, f64::abs).run(),
                    ),
                    Name::Sqrt => vectorised(
                        #[inline(always)]
                        || MapFrom(column, into, f64::sqrt).run(),
                    ),
                    Name::Exp => {
                        into.copy_from_slice(column);
                        vectorised(
                            #[inline(always)]
                            || exponentials(into),
                        );
                    }
                    _ => MapFrom(column, into, libm::log).run(),
                }
                finish(call, into);
            }
            _ => {
                for (row, into) in into.iter_mut().enumerate() {
                    *into = call.of_row(&[argument.number(row)]);
                }
            }
        }
    }

    fn binary(&mut self, call: &Call, left: Operand<'_>, right: Operand<'_>, into: &mut Vec<f64>) {
        into.resize(self.rows, 0.0);
        if !left.lacks_some() && !right.lacks_some() {
            let zip = Zip { left, right, into };
            let done = match &call.operation {
                Operation::Arithmetic { name, kinds: [Kind::Double, Kind::Double] } => match name {
                    Name::Plus => zip.run(|a, b| a + b),
                    Name::Minus => zip.run(|a, b| a - b),
                    Name::Times => zip.run(|a, b| a * b),
                    Name::Divide => zip.run(|a, b| a / b),
                    _ => false,
                },
                Operation::Compare(comparison) => match comparison {
                    Comparison::Equal => zip.run(|a, b| boolean(a == b)),
                    Comparison::NotEqual => zip.run(|a, b| boolean(a != b)),
                    Comparison::Less => zip.run(|a, b| boolean(a < b)),
                    Comparison::LessOrEqual => zip.run(|a, b| boolean(a <= b)),
                    Comparison::Greater => zip.run(|a, b| boolean(a > b)),
                    Comparison::GreaterOrEqual => zip.run(|a, b| boolean(a >= b)),
                },
                // Truth values are 0 and 1.
                Operation::All => zip.run(|a, b| f64::from_bits(a.to_bits() & b.to_bits())),
                Operation::Any => zip.run(|a, b| f64::from_bits(a.to_bits() | b.to_bits())),
                _ => false,
            };
            if done {
                finish(call, into);
                return;
            }
        }
        for (row, into) in into.iter_mut().enumerate() {
            *into = call.of_row(&[left.number(row), right.number(row)]);
        }
    }

    /// `if`: rows without a number in the branch that is not taken are as good as others.
    fn choose(
        &mut self,
        call: &Call,
        condition: Operand<'_>,
        taken: Operand<'_>,
        other: Operand<'_>,
        into: &mut Vec<f64>,
    ) {
        into.resize(self.rows, 0.0);
        let Operand::Column(conditions) = condition else {
            for (row, into) in into.iter_mut().enumerate() {
                *into = call.of_row(&[condition.number(row), taken.number(row), other.number(row)]);
            }
            return;
        };
        if lacks_some(conditions) {
            for (row, into) in into.iter_mut().enumerate() {
                *into = call.of_row(&[conditions[row], taken.number(row), other.number(row)]);
            }
            return;
        }
        match other {
            Operand::Column(other) => into.copy_from_slice(other),
            Operand::Number(other) => into.fill(other),
        }
        match taken {
            Operand::Column(taken) => vectorised(
                #[inline(always)]
                || Choose(conditions, taken, into).run(),
            ),
            Operand::Number(taken) => vectorised(
                #[inline(always)]
                || ChooseNumber(conditions, taken, into).run(),
            ),
        }
        if !is_missing(call.missing) {
            replace_missing(into, call.missing);
        }
        replace_missing(into, call.default);
    }

    fn defined(&mut self, call: &Call, defined: &Defined, arguments: &[Formula], into: &mut Vec<f64>) {
        let first = self.push(arguments);
        for (column, conversion) in self.buffers.arguments[first..].iter_mut().zip(&defined.parameters) {
            conversion.apply(column);
        }
        let base = std::mem::replace(&mut self.base, first);
        self.evaluate(&defined.body, into);
        self.base = base;
        defined.result.apply(into);
        replace_missing(into, call.default);
        // The first argument that is missing, where that decides, or an error.
        for column in self.buffers.arguments[first..].iter().rev().filter(|column| lacks_some(column)) {
            for (into, number) in into.iter_mut().zip(column).filter(|(_, number)| number.is_nan()) {
                if !is_missing(*number) {
                    *into = f64::NAN;
                } else if !is_missing(call.missing) {
                    *into = call.missing;
                }
            }
        }
        self.pop(first);
    }
}

/// What becomes of results that are not a number.
fn finish(call: &Call, numbers: &mut [f64]) {
    if lacks_some(numbers) {
        numbers.iter_mut().for_each(|number| *number = call.finished(*number));
    }
}

fn replace_missing(numbers: &mut [f64], with: f64) {
    if !is_missing(with) && lacks_some(numbers) {
        numbers.iter_mut().filter(|number| is_missing(**number)).for_each(|number| *number = with);
    }
}

/// A function of every number, in its place.
struct Map<'m, F>(&'m mut [f64], F);

impl<F: Fn(f64) -> f64> Map<'_, F> {
    #[inline(always)]
    fn run(self) {
        self.0.iter_mut().for_each(|number| *number = self.1(*number));
    }
}

/// A function of every number.
struct MapFrom<'m, F>(&'m [f64], &'m mut [f64], F);

impl<F: Fn(f64) -> f64> MapFrom<'_, F> {
    #[inline(always)]
    fn run(self) {
        self.1.iter_mut().zip(self.0).for_each(|(into, number)| *into = self.2(*number));
    }
}

/// Takes numbers where a condition holds.
struct Choose<'m>(&'m [f64], &'m [f64], &'m mut [f64]);

impl Choose<'_> {
    #[inline(always)]
    fn run(self) {
        for ((into, taken), condition) in self.2.iter_mut().zip(self.1).zip(self.0) {
            *into = if *condition != 0.0 { *taken } else { *into };
        }
    }
}

/// Takes a number where a condition holds.
struct ChooseNumber<'m>(&'m [f64], f64, &'m mut [f64]);

impl ChooseNumber<'_> {
    #[inline(always)]
    fn run(self) {
        for (into, condition) in self.2.iter_mut().zip(self.0) {
            *into = if *condition != 0.0 { self.1 } else { *into };
        }
    }
}

/// A function of two numbers for every row.
struct Zip<'z> {
    left: Operand<'z>,
    right: Operand<'z>,
    into: &'z mut [f64],
}

impl Zip<'_> {
    /// Applies it; true, since it is done.
    fn run<F: Fn(f64, f64) -> f64>(self, function: F) -> bool {
        match (self.left, self.right) {
            (Operand::Column(left), Operand::Column(right)) => {
                vectorised(
                    #[inline(always)]
                    || ZipColumns(left, right, self.into, function).run(),
                );
            }
            (Operand::Column(left), Operand::Number(right)) => {
                vectorised(
                    #[inline(always)]
                    || MapFrom(left, self.into, |left| function(left, right)).run(),
                );
            }
            (Operand::Number(left), Operand::Column(right)) => {
                vectorised(
                    #[inline(always)]
                    || MapFrom(right, self.into, |right| function(left, right)).run(),
                );
            }
            (Operand::Number(left), Operand::Number(right)) => self.into.fill(function(left, right)),
        }
        true
    }
}

struct ZipColumns<'m, F>(&'m [f64], &'m [f64], &'m mut [f64], F);

impl<F: Fn(f64, f64) -> f64> ZipColumns<'_, F> {
    #[inline(always)]
    fn run(self) {
        for ((into, left), right) in self.2.iter_mut().zip(self.0).zip(self.1) {
            *into = self.3(*left, *right);
        }
    }
}
