//! `BayesianNetworkModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::bayesian_network::compile::{Conditional, DistributionPlan, Plan, Query};
use crate::elements::bayesian_network::density::Density;
use crate::elements::bayesian_network::elimination::each;
use crate::plan::ModelPlan;
use crate::plan::model::Uncertainty;
use crate::precision::Precision;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// Marks a node of which nothing is observed.
const HIDDEN: f64 = -1.0;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        match &self.query {
            Query::Discrete => {
                let probabilities = &mut prediction.probabilities;
                self.infer(row, |_, _, joint| {
                    let sum: f64 = joint.iter().sum();
                    probabilities.extend(joint.iter().map(|figure| figure / sum));
                    Ok(())
                })?;
                prediction.value = prediction.most_probable().map(|index| model.categories()[index]);
            }
            Query::Continuous(_) => {
                let moments = self.moments(row)?;
                let precision = Precision::from(model.math_context);
                prediction.value = moments.map(|(mean, _)| Datum::double(precision.round(mean)));
            }
        }
        Ok(())
    }

    fn tells_uncertainty(&self) -> bool {
        matches!(self.query, Query::Continuous(_))
    }

    fn uncertainty(&self, model: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        if let Uncertainty::Bound(_) = wanted {
            // A mixture has no interval of so many deviations.
            return Err(row.error(ErrorCode::UnsupportedElement, model.place));
        }
        Ok(self.moments(row)?.map(|(_, variance)| Datum::double(variance.sqrt())))
    }
}

/// Which states a variable can be in.
type States<'s> = dyn Fn(u32) -> (usize, usize) + 's;

impl Plan {
    /// Calls `work` with the joint probabilities, to a factor, of what is asked for, given what the row holds.
    fn infer<T>(
        &self,
        row: &mut Row<'_>,
        work: impl FnOnce(&mut Row<'_>, &States<'_>, &[f64]) -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        row.spend(self.elimination.work)?;
        let mut observed = row.take_numbers();
        let mut computed = row.take_numbers();
        let result = self.infer_in(row, &mut observed, &mut computed, work);
        row.give_numbers(observed);
        row.give_numbers(computed);
        result
    }

    fn infer_in<T>(
        &self,
        row: &mut Row<'_>,
        observed: &mut Vec<f64>,
        computed: &mut Vec<f64>,
        work: impl FnOnce(&mut Row<'_>, &States<'_>, &[f64]) -> Result<T, RowError>,
    ) -> Result<T, RowError> {
        for variable in &self.variables {
            let value = match variable.slot {
                Some(slot) => row.raw(slot)?.map(|value| (slot, value)),
                None => None,
            };
            observed.push(match value {
                None => HIDDEN,
                Some((slot, value)) => match variable.states.iter().position(|state| *state == value) {
                    Some(state) => state as f64,
                    None => return Err(row.error_of(ErrorCode::InvalidValue, slot)),
                },
            });
        }
        let observed = &*observed;
        let states = |variable: u32| match observed[variable as usize] {
            HIDDEN => (0, self.variables[variable as usize].states.len()),
            state => (state as usize, state as usize + 1),
        };
        computed.resize(self.elimination.memory, 0.0);
        for evidence in &self.evidence {
            let conditional = &evidence.conditional;
            let cells = &mut computed[evidence.start..evidence.start + conditional.cases.len()];
            match row.number(evidence.slot)? {
                None => cells.fill(1.0),
                Some(_) if evidence.depends_on_target => {
                    return Err(row.error(ErrorCode::UnsupportedElement, self.place));
                }
                Some(value) => self.likelihoods(row, conditional, value, &states, cells)?,
            }
        }
        if !self.elimination.run(&self.tables, computed, &states) {
            return Err(row.error(ErrorCode::NoAnswer, self.place));
        }
        work(row, &states, &computed[self.elimination.result..])
    }

    /// How likely an observed number is by the parents' values, relative to the likeliest.
    fn likelihoods(
        &self,
        row: &mut Row<'_>,
        conditional: &Conditional,
        value: f64,
        states: &States<'_>,
        cells: &mut [f64],
    ) -> Result<(), RowError> {
        let mut failed = None;
        let mut largest = f64::NEG_INFINITY;
        each(&conditional.parents, states, |index| {
            if failed.is_some() {
                return;
            }
            let at = conditional.at(index);
            match self.log_density(row, &conditional.cases[at], value) {
                Ok(found) => {
                    cells[at] = found;
                    largest = largest.max(found);
                }
                Err(error) => failed = Some(error),
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        each(&conditional.parents, states, |index| {
            let cell = &mut cells[conditional.at(index)];
            *cell = match largest {
                f64::NEG_INFINITY => 0.0,
                // What is certain outweighs all that is only likely.
                f64::INFINITY => f64::from(u8::from(*cell == largest)),
                _ => libm::exp(*cell - largest),
            };
        });
        Ok(())
    }

    /// The logarithm of the density of a number under distributions that weigh the same.
    fn log_density(
        &self,
        row: &mut Row<'_>,
        distributions: &[DistributionPlan],
        value: f64,
    ) -> Result<f64, RowError> {
        let mut logs = row.take_numbers();
        for distribution in distributions {
            match self.density(row, distribution) {
                Ok(Some(density)) => logs.push(density.log(value)),
                // The distribution of an effect without its cause would be an integral.
                Ok(None) => {
                    row.give_numbers(logs);
                    return Err(row.error(ErrorCode::UnsupportedElement, self.place));
                }
                Err(error) => {
                    row.give_numbers(logs);
                    return Err(error);
                }
            }
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let found = if logs.len() == 1 || largest.is_infinite() {
            largest
        } else {
            let sum: f64 = logs.iter().map(|log| libm::exp(log - largest)).sum();
            largest + libm::log(sum / logs.len() as f64)
        };
        row.give_numbers(logs);
        Ok(found)
    }

    /// A distribution with the row's parameters; missing if one of them is.
    fn density(
        &self,
        row: &mut Row<'_>,
        distribution: &DistributionPlan,
    ) -> Result<Option<Density>, RowError> {
        let mut density = Density { shape: distribution.shape, parameters: [0.0; 3] };
        for (parameter, expression) in density.parameters.iter_mut().zip(&distribution.parameters) {
            let Some(datum) = row.evaluate(expression)? else { return Ok(None) };
            let number = datum.cast(Kind::Double, &mut row.texts);
            *parameter = number.map_err(|code| row.error(code, self.place))?.number;
        }
        if density.is_one() { Ok(Some(density)) } else { Err(row.error(ErrorCode::BadArgument, self.place)) }
    }

    /// Mean and variance of a continuous target; missing if a parameter is.
    fn moments(&self, row: &mut Row<'_>) -> Result<Option<(f64, f64)>, RowError> {
        let Query::Continuous(conditional) = &self.query else { return Ok(None) };
        self.infer(row, |row, states, joint| {
            // Weight, mean and variance of each part of the mixture.
            let mut parts = row.take_numbers();
            let found = self.parts(row, conditional, states, joint, &mut parts);
            let moments = found.map(|is_whole| is_whole.then(|| mixture(&parts)));
            row.give_numbers(parts);
            moments
        })
    }

    /// Collects the parts of a mixture; false if a parameter is missing.
    fn parts(
        &self,
        row: &mut Row<'_>,
        conditional: &Conditional,
        states: &States<'_>,
        joint: &[f64],
        parts: &mut Vec<f64>,
    ) -> Result<bool, RowError> {
        let mut found = Ok(true);
        each(&conditional.parents, states, |index| {
            let at = conditional.at(index);
            let weight = joint[at];
            if weight == 0.0 || !matches!(found, Ok(true)) {
                return;
            }
            let distributions = &conditional.cases[at];
            for distribution in distributions {
                match self.density(row, distribution) {
                    Ok(Some(density)) => {
                        let (mean, variance) = density.moments();
                        parts.extend([weight / distributions.len() as f64, mean, variance]);
                    }
                    Ok(None) => found = Ok(false),
                    Err(error) => found = Err(error),
                }
            }
        });
        found
    }
}

impl Conditional {
    /// The case of a combination of states.
    fn at(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.strides).map(|(state, stride)| state * stride).sum()
    }
}

/// Mean and variance of a mixture: weight, mean and variance of each part.
fn mixture(parts: &[f64]) -> (f64, f64) {
    let (mut whole, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for part in parts.chunks_exact(3) {
        whole += part[0];
        sum += part[0] * part[1];
    }
    let mean = sum / whole;
    for part in parts.chunks_exact(3) {
        let distance = part[1] - mean;
        squares += part[0] * (part[2] + distance * distance);
    }
    (mean, squares / whole)
}
