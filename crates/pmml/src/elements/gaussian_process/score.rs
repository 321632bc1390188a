//! `GaussianProcessModel` on one row.

use scorewheel_columns::RowError;

use crate::elements::Element;
use crate::elements::gaussian_process::compile::Plan;
use crate::elements::gaussian_process::matrix::dot;
use crate::plan::ModelPlan;
use crate::plan::model::Uncertainty;
use crate::precision::Precision;
use crate::score::row::Evaluated;
use crate::score::{Prediction, Row};
use crate::value::Datum;

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let precision = Precision::from(model.math_context);
        prediction.value = self.with_kernels(row, |kernels| {
            let products = kernels.iter().zip(&self.weights);
            products.fold(0.0, |sum, (kernel, weight)| precision.add_product(sum, *kernel, *weight))
        })?;
        Ok(())
    }

    fn tells_uncertainty(&self) -> bool {
        true
    }

    fn uncertainty(&self, _: &ModelPlan, row: &mut Row<'_>, wanted: Uncertainty) -> Evaluated {
        row.spend(self.weights.len() * self.weights.len() / 2)?;
        self.with_kernels(row, |kernels| {
            let mean = dot(kernels, &self.weights);
            self.factor.solve_lower(kernels);
            // Below nought by no more than what rounding makes.
            let variance = (self.kernel.gamma - dot(kernels, kernels)).max(0.0) + self.noise_variance;
            match wanted {
                Uncertainty::StandardError | Uncertainty::StandardDeviation => variance.sqrt(),
                Uncertainty::Bound(errors) => mean + errors * variance.sqrt(),
            }
        })
    }
}

impl Plan {
    /// What `work` makes of the kernels of the row with all instances; missing if a feature is.
    fn with_kernels(&self, row: &mut Row<'_>, work: impl FnOnce(&mut [f64]) -> f64) -> Evaluated {
        row.spend(self.weights.len())?;
        let mut point = row.take_numbers();
        for feature in &self.features {
            match row.number(*feature) {
                Ok(Some(number)) => point.push(number),
                other => {
                    row.give_numbers(point);
                    return other.map(|_| None);
                }
            }
        }
        let mut kernels = row.take_numbers();
        let width = self.features.len();
        kernels.extend(
            (0..self.weights.len())
                .map(|at| self.kernel.of(&self.instances[at * width..(at + 1) * width], &point)),
        );
        let found = work(&mut kernels);
        row.give_numbers(point);
        row.give_numbers(kernels);
        Ok(Some(Datum::double(found)))
    }
}
