//! `StateSpaceModel`: a state that moves by a matrix, of which another matrix shows the series.

use crate::document::table::Matrix;
use crate::elements::time_series::arima::read_matrix;
use crate::elements::time_series::forecast::{Forecast, horizon};
use crate::elements::time_series::read::{Transformation, read_values};
use crate::fault::{Fault, Result};
use crate::reader::{Element, Xml};

closed_list! {
    /// What an intercept is added to.
    enum InterceptKind {
        State = "state",
        Observation = "observation",
    }
}

/// `StateSpaceModel`.
#[derive(Clone, Debug)]
pub struct StateSpace {
    offset: u32,
    intercept: f64,
    /// Factor of all covariances.
    variance: Option<f64>,
    state: Vec<f64>,
    /// Added to the state at each step.
    drift: Vec<f64>,
    transition: Option<Matrix>,
    measurement: Option<Matrix>,
    /// Covariance of the state at the last known step.
    covariance: Option<Matrix>,
    /// Covariance of what is added to the state by chance at each step.
    disturbance: Option<Matrix>,
    observation: Option<Matrix>,
}

impl StateSpace {
    /// Reads a `StateSpaceModel` to its end.
    pub fn read<'a>(xml: &mut Xml<'a>, mut element: Element<'a>) -> Result<Self> {
        let mut model = Self {
            offset: element.offset,
            intercept: element.number("intercept")?.unwrap_or(0.0),
            variance: element.number("variance")?,
            state: Vec::new(),
            drift: Vec::new(),
            transition: None,
            measurement: None,
            covariance: None,
            disturbance: None,
            observation: None,
        };
        // The matrices tell of seasons by themselves.
        element.ignore(&["period"]);
        element.finish()?;
        while let Some(mut child) = xml.child()? {
            if child.name == "InterceptVector" {
                let kind = child.choice("type")?.unwrap_or(InterceptKind::State);
                child.finish()?;
                let values = read_values(xml, "InterceptVector")?;
                match (kind, &*values) {
                    (InterceptKind::State, _) => model.drift = values,
                    (InterceptKind::Observation, [intercept]) => model.intercept += intercept,
                    _ => return Err(child.invalid("an InterceptVector of the observation has one value")),
                }
                continue;
            }
            let matrix = match child.name {
                "StateVector" => {
                    child.finish()?;
                    model.state = read_values(xml, "StateVector")?;
                    continue;
                }
                "TransitionMatrix" => &mut model.transition,
                "MeasurementMatrix" => &mut model.measurement,
                "PredictedStateCovarianceMatrix" => &mut model.covariance,
                "SelectedStateCovarianceMatrix" => &mut model.disturbance,
                "ObservationVarianceMatrix" => &mut model.observation,
                "DynamicRegressor" | "PsiVector" => return Err(child.not_evaluated("StateSpaceModel")),
                _ => return Err(child.unexpected("StateSpaceModel")),
            };
            child.finish()?;
            *matrix = read_matrix(xml, child.name)?;
        }
        model.check(&element)?;
        Ok(model)
    }

    fn check(&self, element: &Element<'_>) -> Result<()> {
        let size = self.state.len();
        if size == 0 {
            return Err(element.lacks("StateVector"));
        }
        let (Some(transition), Some(measurement)) = (&self.transition, &self.measurement) else {
            let lacking = if self.transition.is_none() { "TransitionMatrix" } else { "MeasurementMatrix" };
            return Err(element.lacks(lacking));
        };
        let square = |matrix: &Matrix| (matrix.rows, matrix.columns) == (size, size);
        let mismatch = if (measurement.rows, measurement.columns) != (1, size) {
            Some("MeasurementMatrix")
        } else if !square(transition) {
            Some("TransitionMatrix")
        } else if self.covariance.as_ref().is_some_and(|matrix| !square(matrix)) {
            Some("PredictedStateCovarianceMatrix")
        } else if self.disturbance.as_ref().is_some_and(|matrix| !square(matrix)) {
            Some("SelectedStateCovarianceMatrix")
        } else if self.observation.as_ref().is_some_and(|matrix| matrix.cells.len() != 1) {
            Some("ObservationVarianceMatrix")
        } else if !self.drift.is_empty() && self.drift.len() != size {
            Some("InterceptVector")
        } else {
            None
        };
        match mismatch {
            Some(name) => {
                Err(element.invalid(format!("the size of {name} does not fit a state of {size} values")))
            }
            None => Ok(()),
        }
    }

    /// The forecasts.
    ///
    /// # Errors
    /// [`Fault`] if the matrices are too large for a single step.
    pub fn forecast(&self) -> Result<Forecast> {
        let (Some(transition), Some(measurement)) = (&self.transition, &self.measurement) else {
            return Ok(Forecast::default());
        };
        let size = self.state.len();
        let steps = horizon(4 * size * size);
        if steps == 0 {
            return Err(Fault::too_large(self.offset, format!("a state of {size} values")));
        }
        let mut forecast = Forecast { transformation: Transformation::None, ..Forecast::default() };
        let mut state = self.state.clone();
        for _ in 0..steps {
            forecast.values.push(self.intercept + dot(&measurement.cells, &state));
            let moved = transition.cells.chunks_exact(size).map(|row| dot(row, &state));
            state = moved.zip(self.drift.iter().chain(std::iter::repeat(&0.0))).map(|(a, b)| a + b).collect();
        }
        if let (Some(covariance), Some(disturbance)) = (&self.covariance, &self.disturbance) {
            let observation = self.observation.as_ref().map_or(0.0, |matrix| matrix.cells[0]);
            let scale = self.variance.unwrap_or(1.0);
            // The measurement of the state h steps ago: Z Tʰ.
            let mut weights = measurement.cells.clone();
            let mut disturbed = 0.0;
            for _ in 0..steps {
                disturbed += quadratic(&weights, disturbance);
                weights = (0..size)
                    .map(|column| {
                        let cells = transition.cells[column..].iter().step_by(size);
                        weights.iter().zip(cells).map(|(a, b)| a * b).sum()
                    })
                    .collect();
                let variance = quadratic(&weights, covariance) + disturbed + observation;
                forecast.errors.push((variance * scale).sqrt());
            }
        }
        Ok(forecast)
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// w M wᵀ
fn quadratic(weights: &[f64], matrix: &Matrix) -> f64 {
    let rows = matrix.cells.chunks_exact(weights.len());
    rows.zip(weights).map(|(row, weight)| weight * dot(row, weights)).sum()
}
