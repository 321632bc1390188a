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
        let winner = nearest(&prediction.affinities, self.measure.function.is_similarity());
        prediction.entity = winner.map(|winner| winner as u32);
        prediction.value = winner.map(|winner| self.names[winner]);
        Ok(())
    }
}

/// The first of the smallest distances or largest similarities.
fn nearest(figures: &[f64], is_similarity: bool) -> Option<usize> {
    let nearer = |a: f64, b: f64| if is_similarity { a > b } else { a < b };
    (0..figures.len()).reduce(|best, next| if nearer(figures[next], figures[best]) { next } else { best })
}
