//! `GeneralRegressionModel` on a block of rows.

use scorewheel_trees::{exponentials, vectorised};

use crate::elements::general_regression::compile::{Addend, Amount, Factor, Kind, Plan};
use crate::elements::general_regression::link::Link;
use crate::elements::regression::divide_by_sum;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::logistic::logistics;
use crate::score::columnar::{Answers, Frame, Wanted, Work};

/// Adds the columns that the sums read; `None` for what only rows are scored by.
pub fn columns(plan: &Plan, wanted: &mut Vec<Wanted>) -> Option<()> {
    if matches!(plan.kind, Kind::Hazard(_) | Kind::Unlinked) {
        return None;
    }
    for amount in [plan.offset, plan.trials] {
        if let Amount::Field(slot) = amount {
            wanted.push(Wanted::number(slot));
        }
    }
    for factor in plan.sums.iter().flatten().flat_map(|addend| &addend.factors) {
        match factor {
            Factor::Power { slot, .. } => wanted.push(Wanted::number(*slot)),
            Factor::Equals { slot, .. } | Factor::Contrast { slot, .. } => wanted.push(Wanted::code(*slot)),
        }
    }
    Some(())
}

/// Scores a block.
pub fn score(plan: &Plan, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
    let rows = frame.rows;
    if let (Kind::Mean { link, parameter }, Amount::Constant(trials)) = (&plan.kind, plan.trials)
        && rows == 1
        && let Some(sum) = plan.sum_of_row(frame.row())
    {
        answers.numbers.push(sum);
        inverse(*link, *parameter, &mut answers.numbers);
        answers.numbers[0] *= trials;
        return;
    }
    let count = plan.sums.len();
    // The sums stand one after another, and behind them a product.
    work.columns.clear();
    work.columns.resize((count + 1) * rows, 0.0);
    let (sums, product) = work.columns.split_at_mut(count * rows);
    for (addends, sums) in plan.sums.iter().zip(sums.chunks_exact_mut(rows)) {
        for addend in addends {
            addend.add(frame, sums, product, answers);
        }
        match plan.offset {
            Amount::Constant(offset) => sums.iter_mut().for_each(|sum| *sum += offset),
            Amount::Field(slot) => {
                sums.iter_mut().zip(frame.column(slot)).for_each(|(sum, offset)| *sum += offset);
            }
        }
    }
    if let Kind::Mean { link, parameter } = plan.kind {
        answers.numbers.extend_from_slice(&sums[..rows]);
        inverse(link, parameter, &mut answers.numbers);
        match plan.trials {
            Amount::Constant(trials) => answers.numbers.iter_mut().for_each(|number| *number *= trials),
            Amount::Field(slot) => {
                answers
                    .numbers
                    .iter_mut()
                    .zip(frame.column(slot))
                    .for_each(|(number, trials)| *number *= trials);
            }
        }
        return;
    }
    let precision = Precision::from(model.math_context);
    let width = model.categories().len();
    answers.probabilities.resize(rows * width, 0.0);
    if let Kind::Multinomial { reference } = plan.kind {
        // As `Plan::probabilities`, the exponentials of all rows side by side.
        for (index, sums) in sums.chunks_exact_mut(rows).enumerate() {
            if reference.is_some_and(|reference| reference as usize == index) {
                sums.fill(1.0);
            } else {
                vectorised(
                    #[inline(always)]
                    || exponentials(sums),
                );
            }
            let figures = answers.probabilities.iter_mut().skip(index).step_by(width);
            figures.zip(&*sums).for_each(|(figure, exponential)| *figure = *exponential);
        }
        for figures in answers.probabilities.chunks_exact_mut(width) {
            divide_by_sum(&mut figures[..count], precision);
        }
        answers.elect(width);
        return;
    }
    for (row, into) in answers.probabilities.chunks_exact_mut(width).enumerate() {
        work.row.clear();
        work.row.extend(sums.iter().skip(row).step_by(rows));
        work.row.resize(count.max(width), 0.0);
        plan.probabilities(&work.row[..count], precision, into);
    }
    answers.elect(width);
}

impl Plan {
    /// The sum of a single row; `None` if it is made of more than numbers and their coefficients.
    fn sum_of_row(&self, row: &[f64]) -> Option<f64> {
        let (Amount::Constant(offset), [addends]) = (self.offset, &self.sums[..]) else { return None };
        // Its fields are all that is wanted, in the order of the addends.
        let mut numbers = row.iter();
        let mut sum = 0.0;
        for addend in addends {
            sum += match &addend.factors[..] {
                [] => addend.beta,
                [Factor::Power { exponent: 1.0, .. }] => addend.beta * numbers.next()?,
                _ => return None,
            };
        }
        Some(sum + offset)
    }
}

impl Addend {
    /// Adds the products of all rows to their sums.
    fn add(&self, frame: &Frame<'_>, sums: &mut [f64], product: &mut [f64], answers: &mut Answers) {
        match &self.factors[..] {
            [] => sums.iter_mut().for_each(|sum| *sum += self.beta),
            [Factor::Power { slot, exponent: 1.0 }] => {
                let column = frame.column(*slot);
                sums.iter_mut().zip(column).for_each(|(sum, number)| *sum += self.beta * number);
            }
            factors => {
                product.fill(self.beta);
                for factor in factors {
                    factor.multiply(frame, product, answers);
                }
                // Nought, whatever the other factors are, where a field does not have the value.
                for factor in factors {
                    if let Factor::Equals { slot, value } = factor {
                        let column = frame.column(*slot);
                        for (product, number) in product.iter_mut().zip(column) {
                            *product = if number == value { *product } else { 0.0 };
                        }
                    }
                }
                sums.iter_mut().zip(&*product).for_each(|(sum, product)| *sum += product);
            }
        }
    }
}

impl Factor {
    fn multiply(&self, frame: &Frame<'_>, product: &mut [f64], answers: &mut Answers) {
        match self {
            Self::Power { slot, exponent } => {
                for (product, number) in product.iter_mut().zip(frame.column(*slot)) {
                    *product *= if *exponent == 1.0 { *number } else { libm::pow(*number, *exponent) };
                }
            }
            Self::Equals { .. } => {}
            Self::Contrast { slot, figures } => {
                for (row, (product, number)) in product.iter_mut().zip(frame.column(*slot)).enumerate() {
                    match figures.binary_search_by(|(known, _)| known.total_cmp(&(number + 0.0))) {
                        Ok(index) => *product *= figures[index].1,
                        Err(_) => answers.left.mark(row),
                    }
                }
            }
        }
    }
}

/// The means of sums.
fn inverse(link: Link, parameter: f64, numbers: &mut [f64]) {
    match link {
        Link::Identity => {}
        Link::Log => vectorised(
            #[inline(always)]
            || exponentials(numbers),
        ),
        Link::Logit => logistics(numbers, Precision::double()),
        _ => numbers.iter_mut().for_each(|number| *number = link.inverse(*number, parameter)),
    }
}
