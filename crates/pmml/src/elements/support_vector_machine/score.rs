//! `SupportVectorMachineModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::support_vector_machine::columns;
use crate::elements::support_vector_machine::compile::{Decision, MachinePlan, Plan};
use crate::elements::support_vector_machine::read::Kernel;
use crate::plan::ModelPlan;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut vector = row.take_numbers();
        let mut figures = row.take_numbers();
        let outcome = self.read(row, &mut vector);
        if outcome.is_ok() {
            figures.extend(self.machines.iter().map(|machine| self.figure(machine, &vector)));
        }
        let winner = outcome.map(|()| {
            if matches!(self.decision, Decision::Votes { .. }) {
                prediction.probabilities.resize(model.categories().len(), 0.0);
            }
            self.decide(&figures, &mut prediction.probabilities, &mut prediction.order)
        });
        prediction.order.clear();
        row.give_numbers(vector);
        row.give_numbers(figures);
        match winner? {
            Some(Winner::Number(number)) => prediction.value = Some(Datum::double(number)),
            Some(Winner::Category(index)) => prediction.value = Some(model.categories()[index as usize]),
            None => return Err(row.error(ErrorCode::NoAnswer, model.place)),
        }
        Ok(())
    }

    fn columns(&self, _: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        columns::columns(self, wanted);
        Some(())
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        columns::score(self, model, frame, work, answers);
    }
}

/// What the machines decide for.
pub(super) enum Winner {
    Number(f64),
    Category(u32),
}

impl Plan {
    fn read(&self, row: &mut Row<'_>, vector: &mut Vec<f64>) -> Result<(), RowError> {
        for component in &self.components {
            let missing = |row: &Row<'_>| row.error_of(ErrorCode::MissingValue, component.slot);
            vector.push(match component.indicator {
                Some((value, number)) => match row.raw(component.slot)? {
                    Some(found) => {
                        if found == value {
                            number
                        } else {
                            0.0
                        }
                    }
                    None => return Err(missing(row)),
                },
                None => match row.number(component.slot)?.or(component.missing) {
                    Some(number) => number,
                    None => return Err(missing(row)),
                },
            });
        }
        Ok(())
    }

    fn figure(&self, machine: &MachinePlan, vector: &[f64]) -> f64 {
        let width = vector.len();
        let mut sum = 0.0;
        for (index, coefficient) in &machine.vectors {
            let start = *index as usize * width;
            sum += coefficient * self.kernel.of(&self.vectors[start..start + width], vector);
        }
        if !machine.linear.is_empty() {
            sum += dot(&machine.linear, vector);
        }
        sum + machine.constant
    }

    /// What the machines' figures decide for. Votes come as noughts, one a category; `order` is a buffer.
    pub(super) fn decide(&self, figures: &[f64], votes: &mut [f64], order: &mut Vec<u32>) -> Option<Winner> {
        match self.decision {
            Decision::Regression => Some(Winner::Number(figures[0])),
            Decision::Binary => {
                let (category, alternate) = self.machines[0].categories;
                match libm::floor(figures[0] + 0.5) {
                    1.0 => Some(Winner::Category(category)),
                    0.0 => Some(Winner::Category(alternate)),
                    _ => None,
                }
            }
            Decision::Votes { max_wins } => {
                order.clear();
                for (machine, figure) in self.machines.iter().zip(figures) {
                    let (category, alternate) = machine.categories;
                    let first =
                        if max_wins { *figure > machine.threshold } else { *figure < machine.threshold };
                    let voted = if first { category } else { alternate };
                    if !order.contains(&voted) {
                        order.push(voted);
                    }
                    votes[voted as usize] += 1.0;
                }
                // Of categories with as many votes the first one voted for.
                let winner = order.iter().copied().reduce(|best, next| {
                    if votes[next as usize] > votes[best as usize] { next } else { best }
                });
                for votes in votes.iter_mut() {
                    *votes /= figures.len() as f64;
                }
                winner.map(Winner::Category)
            }
            Decision::Extreme { max_wins } => {
                // What is not a number never wins over one; of machines for one category the last counts.
                let beats = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
                    (true, _) => false,
                    (false, true) => true,
                    _ if max_wins => a > b,
                    _ => a < b,
                };
                let category = |machine: usize| self.machines[machine].categories.0;
                let counts = |machine: &usize| {
                    (*machine + 1..figures.len()).all(|later| category(later) != category(*machine))
                };
                let winner = (0..figures.len()).filter(counts).reduce(|best, next| {
                    let is_first = figures[next] == figures[best] && category(next) < category(best);
                    if is_first || beats(figures[next], figures[best]) { next } else { best }
                });
                winner.map(|winner| Winner::Category(category(winner)))
            }
        }
    }
}

impl Kernel {
    /// How near two vectors are.
    #[must_use]
    pub fn of(self, left: &[f64], right: &[f64]) -> f64 {
        match self {
            Self::Linear => dot(left, right),
            Self::Polynomial { gamma, constant, degree } => {
                libm::pow(gamma * dot(left, right) + constant, degree)
            }
            Self::RadialBasis { gamma } => {
                let mut square = 0.0;
                for (left, right) in left.iter().zip(right) {
                    square += (left - right) * (left - right);
                }
                libm::exp(-gamma * square)
            }
            Self::Sigmoid { gamma, constant } => libm::tanh(gamma * dot(left, right) + constant),
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (left, right) in left.iter().zip(right) {
        sum += left * right;
    }
    sum
}
