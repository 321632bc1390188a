//! Sums, means, medians and votes of segments.

use scorewheel_columns::{ErrorCode, RowError};

use crate::document::MiningFunction;
use crate::elements::mining::compile::{Plan, Segment};
use crate::elements::mining::read::{Method, MissingPrediction};
use crate::functions::statistics;
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::prediction::largest;
use crate::score::{Prediction, Row};
use crate::value::{Datum, Kind};

/// What is known of the segments that took part.
struct Tally {
    /// Segments that took part, results or not.
    members: f64,
    /// Those without a result.
    missing: f64,
    /// Weights of those with a result; 1 each where the method has no weights.
    weights: f64,
    /// The same of those without, where these are skipped.
    missing_weights: f64,
}

impl Plan {
    pub(super) fn combine(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        if let Some(place) = self.misplaced {
            return Err(row.error(ErrorCode::UnsupportedElement, place));
        }
        if self.forest.as_ref().is_some_and(|forest| forest.score(model, row, prediction)) {
            return Ok(());
        }
        match model.function {
            MiningFunction::Regression => self.combine_numbers(model, row, prediction),
            MiningFunction::Classification | MiningFunction::Clustering => match self.method {
                Method::MajorityVote | Method::WeightedMajorityVote => self.vote(model, row, prediction),
                _ => self.combine_distributions(model, row, prediction),
            },
            _ => Err(row.error(ErrorCode::UnsupportedElement, model.place)),
        }
    }

    fn is_weighted(&self) -> bool {
        matches!(
            self.method,
            Method::WeightedAverage
                | Method::WeightedMedian
                | Method::XWeightedMedian
                | Method::WeightedSum
                | Method::XWeightedSum
                | Method::WeightedMajorityVote
        )
    }

    /// Scores the segments that take part, one after another. `take` sees the results that are there.
    fn each_member(
        &self,
        row: &mut Row<'_>,
        mut take: impl FnMut(&mut Row<'_>, &Segment, f64, &Prediction) -> Result<(), RowError>,
    ) -> Result<Tally, RowError> {
        let mut tally = Tally { members: 0.0, missing: 0.0, weights: 0.0, missing_weights: 0.0 };
        for segment in &self.segments {
            if row.test(&segment.predicate)? != Some(true) {
                continue;
            }
            self.fits(segment, row)?;
            tally.members += 1.0;
            let mut own = row.take_prediction(segment.model);
            let scored = match row.score(segment.model, &mut own) {
                Ok(()) if own.value.is_none() => {
                    tally.missing += 1.0;
                    match self.missing_prediction {
                        MissingPrediction::ReturnMissing => {
                            // Decided: the segments after it are not read.
                            row.give_prediction(own);
                            return Ok(tally);
                        }
                        MissingPrediction::SkipSegment => {
                            self.weight(segment, row).map(|weight| tally.missing_weights += weight)
                        }
                        MissingPrediction::Continue => Ok(()),
                    }
                }
                Ok(()) => match self.weight(segment, row) {
                    Ok(weight) => {
                        tally.weights += weight;
                        take(row, segment, weight, &own)
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            row.give_prediction(own);
            scored?;
        }
        Ok(tally)
    }

    fn weight(&self, segment: &Segment, row: &mut Row<'_>) -> Result<f64, RowError> {
        if !self.is_weighted() {
            return Ok(1.0);
        }
        let Some(slot) = segment.weight_slot else { return Ok(segment.weight) };
        match row.number(slot)? {
            Some(weight) => Ok(weight),
            None => Err(row.error_of(ErrorCode::MissingValue, slot)),
        }
    }

    /// True if too many segments lack a result for the whole to have one.
    fn lacks(&self, tally: &Tally) -> bool {
        match self.missing_prediction {
            _ if tally.members == tally.missing => true,
            MissingPrediction::SkipSegment => {
                let all = tally.missing_weights + tally.weights;
                tally.missing_weights / all > self.missing_threshold
            }
            MissingPrediction::ReturnMissing | MissingPrediction::Continue => tally.missing > 0.0,
        }
    }

    fn combine_numbers(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        let mut numbers = row.take_numbers();
        let mut sum = 0.0;
        let place = model.place;
        let method = self.method;
        let tally = self.each_member(row, |row, _, weight, own| {
            let Some(datum) = own.value else { return Ok(()) };
            let number = match datum.as_number() {
                Some(number) => number,
                None => match datum.cast(Kind::Double, &mut row.texts) {
                    Ok(datum) => datum.number,
                    Err(code) => return Err(row.error(code, place)),
                },
            };
            let number = precision.round(number);
            match method {
                Method::Median | Method::WeightedMedian | Method::XWeightedMedian => {
                    numbers.extend([number, weight]);
                }
                Method::Sum | Method::Average => sum = precision.round(sum + number),
                _ => sum = precision.add_product(sum, precision.round(weight), number),
            }
            Ok(())
        });
        let result = match tally {
            Ok(tally) if self.lacks(&tally) => Ok(None),
            Ok(tally) => match self.method {
                Method::Sum | Method::WeightedSum | Method::XWeightedSum => Ok(Some(sum)),
                Method::Average | Method::WeightedAverage => {
                    Ok(Some(precision.round(sum / precision.round(tally.weights))))
                }
                Method::Median => {
                    let mut values: Vec<f64> = numbers.iter().step_by(2).copied().collect();
                    Ok(Some(precision.round(statistics::median(&mut values))))
                }
                Method::WeightedMedian | Method::XWeightedMedian => {
                    Ok(Some(weighted_median(&numbers, tally.weights)))
                }
                _ => Err(row.error(ErrorCode::UnsupportedElement, model.place)),
            },
            Err(error) => Err(error),
        };
        row.give_numbers(numbers);
        prediction.value = result?.map(Datum::double);
        Ok(())
    }

    fn combine_distributions(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        let width = model.categories().len();
        let place = model.place;
        let method = self.method;
        let mut figures = row.take_numbers();
        figures.resize(width, 0.0);
        let mut all: Vec<Vec<f64>> = Vec::new();
        let mut best = f64::NEG_INFINITY;
        let tally = self.each_member(row, |row, segment, weight, own| {
            let source = row.plan.model(own.model);
            if own.probabilities.is_empty() {
                return Err(row.error(ErrorCode::UnsupportedElement, place));
            }
            let index = |category: usize| -> Option<usize> {
                if own.model == segment.model {
                    segment.categories.get(category).map(|index| *index as usize)
                } else {
                    let datum = source.categories().get(category)?;
                    model.categories().iter().position(|known| known == datum)
                }
            };
            match method {
                Method::Max => {
                    let top = own.probabilities.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    if top > best {
                        best = top;
                        figures.fill(0.0);
                        for (category, probability) in own.probabilities.iter().enumerate() {
                            if let Some(index) = index(category) {
                                figures[index] = *probability;
                            }
                        }
                    }
                }
                Method::Median => {
                    let mut one = vec![0.0; width];
                    for (category, probability) in own.probabilities.iter().enumerate() {
                        if let Some(index) = index(category) {
                            one[index] = *probability;
                        }
                    }
                    all.push(one);
                }
                _ => {
                    for (category, probability) in own.probabilities.iter().enumerate() {
                        if let Some(index) = index(category) {
                            let number = precision.round(*probability);
                            figures[index] = if method == Method::Average {
                                precision.round(figures[index] + number)
                            } else {
                                precision.add_product(figures[index], precision.round(weight), number)
                            };
                        }
                    }
                }
            }
            Ok(())
        });
        let answer = match tally {
            Ok(tally) if self.lacks(&tally) => Ok(false),
            Ok(tally) => match method {
                Method::Average | Method::WeightedAverage => {
                    for figure in &mut figures {
                        *figure = precision.round(*figure / precision.round(tally.weights));
                    }
                    Ok(true)
                }
                Method::Max => Ok(true),
                Method::Median => {
                    figures.copy_from_slice(median_of(&all, width));
                    Ok(true)
                }
                _ => Err(row.error(ErrorCode::UnsupportedElement, model.place)),
            },
            Err(error) => Err(error),
        };
        if let Ok(true) = answer {
            prediction.probabilities.extend_from_slice(&figures);
            prediction.value = largest(&figures).map(|winner| model.categories()[winner]);
        }
        row.give_numbers(figures);
        answer.map(|_| ())
    }

    /// Votes: of equal ones the category that was voted for first wins. A missing result votes too, unless told
    /// otherwise.
    fn vote(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let width = model.categories().len();
        let mut votes = row.take_numbers();
        votes.resize(width, 0.0);
        let mut order: Vec<usize> = Vec::new();
        let tally = self.each_member(row, |_, _, weight, own| {
            let voted = model.categories().iter().position(|known| Some(*known) == own.value);
            if let Some(index) = voted {
                if !order.contains(&index) {
                    order.push(index);
                }
                votes[index] += weight;
            }
            Ok(())
        });
        let result = match tally {
            Ok(tally) => self.elect(model, row, &tally, &votes, &order, prediction),
            Err(error) => Err(error),
        };
        row.give_numbers(votes);
        result
    }

    fn elect(
        &self,
        model: &ModelPlan,
        row: &Row<'_>,
        tally: &Tally,
        votes: &[f64],
        order: &[usize],
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        match self.missing_prediction {
            MissingPrediction::Continue if order.is_empty() && tally.members > 0.0 => {
                return Err(row.error(ErrorCode::NoAnswer, model.place));
            }
            MissingPrediction::Continue => {}
            _ if self.lacks(tally) => return Ok(()),
            _ => {}
        }
        let mut winner = None;
        for index in order {
            if winner.is_none_or(|best: usize| votes[*index] > votes[best]) {
                winner = Some(*index);
            }
        }
        let Some(winner) = winner else { return Ok(()) };
        if self.missing_prediction == MissingPrediction::Continue && tally.missing > votes[winner] {
            return Ok(());
        }
        let total: f64 = votes.iter().sum();
        prediction.probabilities.extend(votes.iter().map(|vote| vote / total));
        prediction.value = Some(model.categories()[winner]);
        Ok(())
    }
}

/// The distribution that holds the largest of the lower medians of all categories.
fn median_of(all: &[Vec<f64>], width: usize) -> &[f64] {
    let middle = |category: usize| {
        let mut order: Vec<&Vec<f64>> = all.iter().collect();
        order.sort_by(|a, b| a[category].total_cmp(&b[category]));
        order[(order.len() - 1) / 2]
    };
    let mut best = middle(0);
    let mut largest = best[0];
    for category in 1..width {
        let found = middle(category);
        if found[category] > largest {
            largest = found[category];
            best = found;
        }
    }
    best
}

/// The number at which half of the weight is reached. `numbers` holds pairs of number and weight.
fn weighted_median(numbers: &[f64], total: f64) -> f64 {
    let mut pairs: Vec<(f64, f64)> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut below = 0.0;
    for (number, weight) in &pairs {
        below += weight;
        if below >= total / 2.0 {
            return *number;
        }
    }
    pairs.last().map_or(f64::NAN, |(number, _)| *number)
}
