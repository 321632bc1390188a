//! `NearestNeighborModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::nearest_neighbor::compile::{Plan, TargetValues};
use crate::elements::nearest_neighbor::read::ContinuousMethod;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        self.measure.rank(model, row, &self.instances, prediction)?;
        for (target, values) in self.targets.iter().enumerate() {
            let value = self.agree(model, row, values, prediction)?;
            if target == 0 {
                prediction.value = value;
                continue;
            }
            let mut more = row.take_prediction(model.id);
            more.target = target as u32;
            more.value = value;
            more.entity = prediction.entity;
            more.ranking.extend_from_slice(&prediction.ranking);
            more.affinities.extend_from_slice(&prediction.affinities);
            let applied = crate::score::target::apply(model, row, &mut more);
            prediction.more.push(more);
            applied?;
        }
        Ok(())
    }
}

impl Plan {
    /// What the neighbours agree on.
    fn agree(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        values: &TargetValues,
        prediction: &Prediction,
    ) -> Result<Option<Datum>, RowError> {
        let precision = Precision::from(model.math_context);
        let neighbors = &prediction.ranking[..self.neighbors];
        let weight = |neighbor: u32| 1.0 / (prediction.affinities[neighbor as usize] + self.threshold);
        match values {
            TargetValues::Numbers { values, method } => {
                let number = match method {
                    ContinuousMethod::Average => {
                        let mut sum = 0.0;
                        for neighbor in neighbors {
                            sum = precision.round(sum + values[*neighbor as usize]);
                        }
                        precision.round(sum / neighbors.len() as f64)
                    }
                    ContinuousMethod::WeightedAverage => {
                        let (mut sum, mut whole) = (0.0, 0.0);
                        for neighbor in neighbors {
                            let weight = precision.round(weight(*neighbor));
                            sum = precision.add_product(sum, weight, values[*neighbor as usize]);
                            whole = precision.round(whole + weight);
                        }
                        precision.round(sum / whole)
                    }
                    ContinuousMethod::Median => {
                        let mut sorted = row.take_numbers();
                        sorted.extend(neighbors.iter().map(|neighbor| values[*neighbor as usize]));
                        sorted.sort_by(f64::total_cmp);
                        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
                        row.give_numbers(sorted);
                        precision.round((low + high) / 2.0)
                    }
                };
                if number.is_nan() {
                    return Err(row.error(ErrorCode::ResultNotANumber, model.place));
                }
                Ok(Some(Datum::double(number)))
            }
            TargetValues::Categories { values, categories, is_weighted } => {
                let mut votes = row.take_numbers();
                votes.resize(categories.len(), 0.0);
                for neighbor in neighbors {
                    let vote = if *is_weighted { precision.round(weight(*neighbor)) } else { 1.0 };
                    let votes = &mut votes[values[*neighbor as usize] as usize];
                    *votes = precision.round(*votes + vote);
                }
                let winner = largest(&votes).map(|winner| categories[winner]);
                row.give_numbers(votes);
                Ok(winner)
            }
        }
    }
}
