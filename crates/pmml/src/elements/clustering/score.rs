//! `ClusteringModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::clustering::compile::Plan;
use crate::plan::ModelPlan;
use crate::score::{Prediction, Row};

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
        for center in self.centers.chunks_exact(self.measure.fields.len()) {
            match self.measure.figure(row, &point, center) {
                Ok(figure) => prediction.affinities.push(figure),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        row.give_numbers(point.values);
        outcome?;
        rank(&mut prediction.ranking, &prediction.affinities, self.measure.function.is_similarity());
        prediction.entity = prediction.ranking.first().copied();
        prediction.value = prediction.entity.map(|winner| self.names[winner as usize]);
        Ok(())
    }
}

/// Clusters by growing distance or falling similarity; as near ones in their own order.
///
/// What is not a number is larger than all that are.
fn rank(ranking: &mut Vec<u32>, figures: &[f64], is_similarity: bool) {
    let figure = |cluster: u32| match figures[cluster as usize] {
        figure if figure.is_nan() => f64::NAN,
        figure => figure + 0.0,
    };
    ranking.extend(0..figures.len() as u32);
    if is_similarity {
        ranking.sort_by(|a, b| figure(*b).total_cmp(&figure(*a)));
    } else {
        ranking.sort_by(|a, b| figure(*a).total_cmp(&figure(*b)));
    }
}
