//! `NearestNeighborModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::nearest_neighbor::compile::{Plan, TargetValues};
use crate::elements::nearest_neighbor::read::ContinuousMethod;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::columnar::{Answers, Frame, Wanted, Work};
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

    fn columns(&self, model: &ModelPlan, wanted: &mut Vec<Wanted>) -> Option<()> {
        let has_one_target = match &*self.targets {
            [TargetValues::Numbers { .. }] => !model.is_classification(),
            [TargetValues::Categories { .. }] => model.is_classification(),
            _ => false,
        };
        let can = has_one_target && self.pending.is_none() && self.instances.count() > 0;
        can.then(|| self.measure.columns(wanted))
    }

    fn score_columns(&self, model: &ModelPlan, frame: &Frame<'_>, work: &mut Work, answers: &mut Answers) {
        self.measure.rank_block(&self.instances, frame, work, answers);
        let precision = Precision::from(model.math_context);
        let count = self.instances.count();
        let Answers { numbers, winners, affinities, rankings, left, .. } = answers;
        let ranked = rankings.len() / frame.rows.max(1);
        for (row, (affinities, ranking)) in
            affinities.chunks_exact(count).zip(rankings.chunks_exact(ranked.max(1))).enumerate()
        {
            let neighbors = self.neighbors(affinities, ranking, precision);
            match &self.targets[0] {
                TargetValues::Numbers { values, method } => {
                    let number = neighbors.number(values, *method, &mut work.row);
                    if number.is_nan() {
                        left.mark(row);
                    }
                    numbers.push(number);
                }
                TargetValues::Categories { values, categories, is_weighted } => {
                    let winner = neighbors.category(values, categories.len(), *is_weighted, &mut work.row);
                    if winner.is_none() {
                        left.mark(row);
                    }
                    winners.push(winner.unwrap_or(0) as u32);
                }
            }
        }
    }
}

/// The neighbours of one row.
struct Neighbors<'n> {
    affinities: &'n [f64],
    nearest: &'n [u32],
    threshold: f64,
    precision: Precision,
}

impl Plan {
    fn neighbors<'n>(
        &self,
        affinities: &'n [f64],
        ranking: &'n [u32],
        precision: Precision,
    ) -> Neighbors<'n> {
        let nearest = &ranking[..self.neighbors];
        Neighbors { affinities, nearest, threshold: self.threshold, precision }
    }

    /// What the neighbours agree on.
    fn agree(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        values: &TargetValues,
        prediction: &Prediction,
    ) -> Result<Option<Datum>, RowError> {
        let precision = Precision::from(model.math_context);
        let neighbors = self.neighbors(&prediction.affinities, &prediction.ranking, precision);
        let mut buffer = row.take_numbers();
        let found = match values {
            TargetValues::Numbers { values, method } => {
                Some(Datum::double(neighbors.number(values, *method, &mut buffer)))
            }
            TargetValues::Categories { values, categories, is_weighted } => neighbors
                .category(values, categories.len(), *is_weighted, &mut buffer)
                .map(|winner| categories[winner]),
        };
        row.give_numbers(buffer);
        match found {
            Some(datum) if matches!(values, TargetValues::Numbers { .. }) && datum.number.is_nan() => {
                Err(row.error(ErrorCode::ResultNotANumber, model.place))
            }
            found => Ok(found),
        }
    }
}

impl Neighbors<'_> {
    fn weight(&self, neighbor: u32) -> f64 {
        self.precision.round(1.0 / (self.affinities[neighbor as usize] + self.threshold))
    }

    /// The number that they agree on; possibly none.
    fn number(&self, values: &[f64], method: ContinuousMethod, sorted: &mut Vec<f64>) -> f64 {
        if self.nearest.is_empty() {
            return f64::NAN;
        }
        let precision = self.precision;
        let value = |neighbor: &u32| values[*neighbor as usize];
        match method {
            ContinuousMethod::Average => {
                let sum =
                    self.nearest.iter().fold(0.0, |sum, neighbor| precision.round(sum + value(neighbor)));
                precision.round(sum / self.nearest.len() as f64)
            }
            ContinuousMethod::WeightedAverage => {
                let (mut sum, mut whole) = (0.0, 0.0);
                for neighbor in self.nearest {
                    let weight = self.weight(*neighbor);
                    sum = precision.add_product(sum, weight, value(neighbor));
                    whole = precision.round(whole + weight);
                }
                precision.round(sum / whole)
            }
            ContinuousMethod::Median => {
                sorted.clear();
                sorted.extend(self.nearest.iter().map(value));
                sorted.sort_by(f64::total_cmp);
                let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
                precision.round((low + high) / 2.0)
            }
        }
    }

    /// The index of the category that they vote for.
    fn category(
        &self,
        values: &[u32],
        categories: usize,
        is_weighted: bool,
        votes: &mut Vec<f64>,
    ) -> Option<usize> {
        votes.clear();
        votes.resize(categories, 0.0);
        for neighbor in self.nearest {
            let vote = if is_weighted { self.weight(*neighbor) } else { 1.0 };
            let votes = &mut votes[values[*neighbor as usize] as usize];
            *votes = self.precision.round(*votes + vote);
        }
        largest(votes)
    }
}
