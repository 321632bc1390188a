//! `NearestNeighborModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::measure::rank;
use crate::elements::nearest_neighbor::compile::{Answers, Plan, Points};
use crate::elements::nearest_neighbor::read::{CategoricalMethod, ContinuousMethod};
use crate::plan::ModelPlan;
use crate::score::output::entity_name;
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let Some(point) = self.measure.point(row)? else {
            return Err(row.error(ErrorCode::MissingValue, model.place));
        };
        let mut outcome = Ok(());
        match self.points(row) {
            Ok(points) => {
                for instance in points.chunks_exact(self.measure.fields.len()) {
                    match self.measure.figure(row, &point, instance) {
                        Ok(figure) => prediction.affinities.push(figure),
                        Err(error) => {
                            outcome = Err(error);
                            break;
                        }
                    }
                }
            }
            Err(error) => outcome = Err(error),
        }
        row.give_numbers(point.values);
        outcome?;
        rank(&mut prediction.ranking, &prediction.affinities, self.measure.function.is_similarity());
        prediction.entity = prediction.ranking.first().copied();
        if self.answers.is_empty() {
            prediction.value = prediction.entity.and_then(|winner| entity_name(model, row, winner));
            return Ok(());
        }
        for target in 1..self.answers.len() {
            let mut more = row.take_prediction(model.id);
            more.target = target as u32;
            more.affinities.extend_from_slice(&prediction.affinities);
            more.ranking.extend_from_slice(&prediction.ranking);
            more.entity = prediction.entity;
            more.value = Some(self.answer(target, prediction, model, row)?);
            prediction.more.push(more);
        }
        prediction.value = Some(self.answer(0, prediction, model, row)?);
        Ok(())
    }
}

impl Plan {
    fn points(&self, row: &Row<'_>) -> Result<&[f64], RowError> {
        match &self.points {
            Points::Known(points) => Ok(points),
            Points::Derived { raw, found } => found
                .get_or_init(|| raw.points(row.plan, &self.measure.fields))
                .as_ref()
                .map(|points| &**points)
                .map_err(|error| *error),
        }
    }

    /// What the nearest instances say of a target; an error where all are infinitely far and so weigh nothing.
    fn answer(
        &self,
        target: usize,
        prediction: &Prediction,
        model: &ModelPlan,
        row: &mut Row<'_>,
    ) -> Result<Datum, RowError> {
        let nearest = &prediction.ranking[..self.neighbors];
        let weight = |instance: u32| 1.0 / (prediction.affinities[instance as usize] + self.threshold);
        match &self.answers[target] {
            Answers::Numbers(numbers) => {
                let number = |instance: u32| numbers[instance as usize];
                Ok(Datum::double(match self.continuous {
                    ContinuousMethod::Average => {
                        nearest.iter().map(|instance| number(*instance)).sum::<f64>() / nearest.len() as f64
                    }
                    ContinuousMethod::WeightedAverage => {
                        let (mut sum, mut weights) = (0.0, 0.0);
                        for instance in nearest {
                            sum += weight(*instance) * number(*instance);
                            weights += weight(*instance);
                        }
                        if weights == 0.0 {
                            return Err(row.error(ErrorCode::NoAnswer, model.place));
                        }
                        sum / weights
                    }
                    ContinuousMethod::Median => {
                        let mut values = row.take_numbers();
                        values.extend(nearest.iter().map(|instance| number(*instance)));
                        values.sort_by(f64::total_cmp);
                        let median = match values.len() {
                            count if count % 2 == 1 => values[count / 2],
                            count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
                        };
                        row.give_numbers(values);
                        median
                    }
                }))
            }
            Answers::Categories { of, categories, precedence } => {
                let mut votes = row.take_numbers();
                votes.resize(categories.len(), 0.0);
                for instance in nearest {
                    votes[of[*instance as usize] as usize] += match self.categorical {
                        CategoricalMethod::MajorityVote => 1.0,
                        CategoricalMethod::WeightedMajorityVote => weight(*instance),
                    };
                }
                let mut winner = precedence[0];
                for category in &precedence[1..] {
                    if votes[*category as usize] > votes[winner as usize] {
                        winner = *category;
                    }
                }
                row.give_numbers(votes);
                Ok(categories[winner as usize])
            }
        }
    }
}
