//! `SupportVectorMachineModel` on a block of rows: every vector once for all machines, rows side by side.

use scorewheel_trees::{exponentials, vectorised};

use crate::elements::support_vector_machine::compile::{Decision, MachinePlan, Plan};
use crate::elements::support_vector_machine::read::Kernel;
use crate::elements::support_vector_machine::score::Winner;
use crate::plan::ModelPlan;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::value::missing::is_missing;

/// Rows that go through all machines together.
const ROWS: usize = 16;

/// Vectors whose distances become kernels while they are at hand.
const VECTORS: usize = 16;

/// Adds the fields of all components.
pub fn columns(plan: &Plan, wanted: &mut Vec<Wanted>) {
    wanted.extend(plan.components.iter().map(|component| match component {
        component if component.indicator.is_some() => Wanted::code(component.slot),
        component if component.missing.is_some() => Wanted::number(component.slot).or_missing(),
        component => Wanted::number(component.slot),
    }));
}

/// Scores a block.
pub fn score(plan: &Plan, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
    let width = model.categories().len();
    let count = plan.machines.len();
    // The figures of all machines, row by row.
    let mut figures = std::mem::take(&mut work.row);
    figures.clear();
    figures.resize(frame.rows * count, 0.0);
    if frame.rows == 1 {
        plan.tile::<1>(frame, 0, &mut work.columns, &mut figures);
    } else {
        for first in (0..frame.rows).step_by(ROWS) {
            plan.tile::<ROWS>(frame, first, &mut work.columns, &mut figures);
        }
    }
    let is_vote = matches!(plan.decision, Decision::Votes { .. });
    if is_vote {
        answers.probabilities.resize(frame.rows * width, 0.0);
    }
    for (row, figures) in figures.chunks_exact(count.max(1)).enumerate() {
        let votes =
            if is_vote { &mut answers.probabilities[row * width..(row + 1) * width] } else { &mut [][..] };
        match plan.decide(figures, votes, &mut work.by_row) {
            Some(Winner::Number(number)) => answers.numbers.push(number),
            Some(Winner::Category(category)) => answers.winners.push(category),
            None => {
                answers.winners.push(0);
                answers.left.mark(row);
            }
        }
    }
    work.row = figures;
}

impl Plan {
    /// The figures of all machines for `T` rows, or as many as are left.
    fn tile<const T: usize>(
        &self,
        frame: &Frame<'_>,
        first: usize,
        columns: &mut Vec<f64>,
        figures: &mut [f64],
    ) {
        let width = self.components.len();
        let count = self.vectors.len().checked_div(width).unwrap_or(0);
        let rows = T.min(frame.rows - first);
        columns.clear();
        columns.resize((width + count) * T, 0.0);
        let (tiles, _) = columns.as_chunks_mut::<T>();
        let (values, kernels) = tiles.split_at_mut(width);
        for (component, values) in self.components.iter().zip(&mut *values) {
            let column = &frame.column(component.slot)[first..first + rows];
            for (value, number) in values.iter_mut().zip(column) {
                *value = match (component.indicator, component.missing) {
                    (Some((wanted, number_then)), _) => {
                        if *number == wanted {
                            number_then
                        } else {
                            0.0
                        }
                    }
                    (None, Some(missing)) if is_missing(*number) => missing,
                    _ => *number,
                };
            }
        }
        let into = &mut figures[first * self.machines.len()..(first + rows) * self.machines.len()];
        vectorised(
            #[inline(always)]
            || Tile { plan: self, values, kernels, into }.run(),
        );
    }
}

/// So many rows.
struct Tile<'t, const T: usize> {
    plan: &'t Plan,
    /// By component.
    values: &'t [[f64; T]],
    /// By vector, how near it is.
    kernels: &'t mut [[f64; T]],
    /// The figures, row by row.
    into: &'t mut [f64],
}

impl<const T: usize> Tile<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Self { plan, values, kernels, into } = self;
        plan.kernel.of_tile(&plan.vectors, values, kernels);
        for (at, machine) in plan.machines.iter().enumerate() {
            let sums = machine.sums(values, kernels);
            for (into, sum) in into.chunks_exact_mut(plan.machines.len()).zip(sums) {
                into[at] = sum;
            }
        }
    }
}

impl Kernel {
    /// The same as [`Kernel::of`] for every vector and row.
    #[inline(always)]
    fn of_tile<const T: usize>(self, vectors: &[f64], values: &[[f64; T]], kernels: &mut [[f64; T]]) {
        let width = values.len().max(1);
        for (vectors, kernels) in vectors.chunks(VECTORS * width).zip(kernels.chunks_mut(VECTORS)) {
            self.of_some(vectors, values, kernels);
        }
    }

    #[inline(always)]
    fn of_some<const T: usize>(self, vectors: &[f64], values: &[[f64; T]], kernels: &mut [[f64; T]]) {
        let vectors = vectors.chunks_exact(values.len().max(1));
        if let Self::RadialBasis { gamma } = self {
            for (vector, kernels) in vectors.zip(&mut *kernels) {
                *kernels = square_distances(vector, values);
                for number in kernels {
                    *number *= -gamma;
                }
            }
        } else {
            for (vector, kernels) in vectors.zip(&mut *kernels) {
                *kernels = dots(vector, values);
            }
        }
        let numbers = kernels.as_flattened_mut();
        match self {
            Self::Linear => {}
            Self::Polynomial { gamma, constant, degree } => {
                for number in numbers {
                    *number = libm::pow(gamma * *number + constant, degree);
                }
            }
            Self::RadialBasis { .. } => exponentials(numbers),
            Self::Sigmoid { gamma, constant } => {
                for number in numbers {
                    *number = libm::tanh(gamma * *number + constant);
                }
            }
        }
    }
}

impl MachinePlan {
    #[inline(always)]
    fn sums<const T: usize>(&self, values: &[[f64; T]], kernels: &[[f64; T]]) -> [f64; T] {
        let mut sums = [0.0; T];
        for (index, coefficient) in &self.vectors {
            let kernels = &kernels[*index as usize];
            for lane in 0..T {
                sums[lane] += coefficient * kernels[lane];
            }
        }
        if !self.linear.is_empty() {
            let dots = dots(&self.linear, values);
            for lane in 0..T {
                sums[lane] += dots[lane];
            }
        }
        for sum in &mut sums {
            *sum += self.constant;
        }
        sums
    }
}

#[inline(always)]
fn dots<const T: usize>(vector: &[f64], values: &[[f64; T]]) -> [f64; T] {
    let mut sums = [0.0; T];
    for (own, values) in vector.iter().zip(values) {
        for lane in 0..T {
            sums[lane] += own * values[lane];
        }
    }
    sums
}

#[inline(always)]
fn square_distances<const T: usize>(vector: &[f64], values: &[[f64; T]]) -> [f64; T] {
    let mut sums = [0.0; T];
    for (own, values) in vector.iter().zip(values) {
        for lane in 0..T {
            let difference = own - values[lane];
            sums[lane] += difference * difference;
        }
    }
    sums
}
