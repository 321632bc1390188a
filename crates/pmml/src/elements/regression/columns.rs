//! `RegressionModel` on a block of rows.

use scorewheel_trees::exponentials;

use crate::elements::regression::compile::{Plan, Table};
use crate::elements::regression::read::Normalization;
use crate::elements::regression::score::{class_probabilities, inverse_link, power};
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::logistic::logistics;
use crate::score::columnar::{Answers, Frame, Wanted, Work};

/// Adds the columns that the sums read; `None` if some row cannot be summed whatever its fields are.
pub fn columns(plan: &Plan, wanted: &mut Vec<Wanted>) -> Option<()> {
    if plan.contradicts_target {
        return None;
    }
    for table in &plan.tables {
        table.intercept?;
        let numbers = table.numeric.iter().map(|numeric| numeric.slot);
        let factors = table.terms.iter().flat_map(|term| &term.factors).map(|(slot, _)| *slot);
        wanted.extend(numbers.chain(factors).map(Wanted::number));
        let codes = table.categorical.iter().map(|categorical| categorical.slot);
        wanted.extend(codes.map(Wanted::code));
    }
    Some(())
}

/// Scores a block.
pub fn score(plan: &Plan, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
    let precision = Precision::from(model.math_context);
    let rows = frame.rows;
    if !model.is_classification() {
        let table = &plan.tables[0];
        if rows == 1 && table.is_linear && !precision.is_float() {
            // Its fields are the first ones that are wanted.
            let intercept = precision.round(table.intercept.unwrap_or(0.0));
            let terms = table.numeric.iter().zip(frame.row());
            answers
                .numbers
                .push(terms.fold(intercept, |sum, (term, number)| sum + term.coefficient * number));
        } else {
            answers.numbers.resize(rows, 0.0);
            table.sums(frame, precision, &mut answers.numbers);
        }
        if inverse_links(plan.normalization, &mut answers.numbers, precision).is_none() {
            answers.left.mark_all();
        }
        return;
    }
    let width = plan.tables.len();
    answers.probabilities.resize(rows * width, 0.0);
    work.columns.resize(rows, 0.0);
    for (index, table) in plan.tables.iter().enumerate() {
        table.sums(frame, precision, &mut work.columns);
        for (figure, sum) in answers.probabilities.iter_mut().skip(index).step_by(width).zip(&work.columns) {
            *figure = *sum;
        }
    }
    for (row, sums) in answers.probabilities.chunks_exact_mut(width).enumerate() {
        if class_probabilities(plan.normalization, plan.is_ordinal, sums, precision).is_none() {
            answers.left.mark(row);
        }
    }
    answers.elect(width);
}

impl Table {
    /// The sums of all rows; as for one row, term after term.
    fn sums(&self, frame: &Frame<'_>, precision: Precision, sums: &mut [f64]) {
        sums.fill(precision.round(self.intercept.unwrap_or(0.0)));
        for numeric in &self.numeric {
            let coefficient = precision.round(numeric.coefficient);
            let column = frame.column(numeric.slot);
            if numeric.exponent == 1 && !precision.is_float() {
                precision.add_products(sums, coefficient, column);
                continue;
            }
            for (sum, number) in sums.iter_mut().zip(column) {
                let number = power(precision.round(*number), numeric.exponent, precision);
                *sum = precision.add_product(*sum, coefficient, number);
            }
        }
        for categorical in &self.categorical {
            for (sum, value) in sums.iter_mut().zip(frame.column(categorical.slot)) {
                *sum = precision.round(*sum + precision.round(categorical.coefficient(*value)));
            }
        }
        for term in &self.terms {
            for (row, sum) in sums.iter_mut().enumerate() {
                let mut product = precision.round(term.coefficient);
                for (slot, exponent) in &term.factors {
                    let number = precision.round(frame.number(*slot, row));
                    product = precision.round(product * power(number, *exponent, precision));
                }
                *sum = precision.round(*sum + product);
            }
        }
    }
}

/// The predictions of sums; `None` if the normalisation is not one of single sums.
fn inverse_links(normalization: Normalization, numbers: &mut [f64], precision: Precision) -> Option<()> {
    match normalization {
        Normalization::None => {}
        Normalization::Exp => {
            exponentials(numbers);
            precision.round_all(numbers);
        }
        Normalization::Softmax | Normalization::Logit => logistics(numbers, precision),
        _ => {
            for number in numbers {
                *number = inverse_link(normalization, *number, precision)?;
            }
        }
    }
    Some(())
}
