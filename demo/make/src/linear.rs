//! Least squares.

use std::fmt::Write;

use crate::pmml::{Target, document, mining_schema};
use crate::records::{FEATURES, Sample};

/// Intercept and one coefficient a feature.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The value where all features are zero.
    pub intercept: f64,
    /// What one unit of each feature adds.
    pub coefficients: [f64; 11],
}

/// The coefficients that minimise the squared error: normal equations over centred features.
#[must_use]
pub fn fit(samples: &[Sample]) -> Linear {
    let count = samples.len() as f64;
    let mean: [f64; 11] = std::array::from_fn(|j| samples.iter().map(|s| s.features[j]).sum::<f64>() / count);
    let mean_quality = samples.iter().map(|s| s.quality as f64).sum::<f64>() / count;
    let mut system = [[0.0; 12]; 11];
    for sample in samples {
        let centred: [f64; 11] = std::array::from_fn(|j| sample.features[j] - mean[j]);
        for row in 0..11 {
            for column in 0..11 {
                system[row][column] += centred[row] * centred[column];
            }
            system[row][11] += centred[row] * (sample.quality as f64 - mean_quality);
        }
    }
    let coefficients = solve(system);
    let intercept = mean_quality - coefficients.iter().zip(mean).map(|(c, m)| c * m).sum::<f64>();
    Linear { intercept, coefficients }
}

/// Gauss–Jordan elimination with row pivots.
fn solve(mut system: [[f64; 12]; 11]) -> [f64; 11] {
    for column in 0..11 {
        let pivot = (column..11).fold(column, |best, row| {
            if system[row][column].abs() > system[best][column].abs() { row } else { best }
        });
        system.swap(column, pivot);
        let divisor = system[column][column];
        for value in &mut system[column] {
            *value /= divisor;
        }
        let pivot_row = system[column];
        for (row, values) in system.iter_mut().enumerate() {
            let factor = values[column];
            if row != column && factor != 0.0 {
                for (value, pivot) in values.iter_mut().zip(pivot_row) {
                    *value -= factor * pivot;
                }
            }
        }
    }
    std::array::from_fn(|row| system[row][11])
}

/// The model as a `RegressionModel`.
#[must_use]
pub fn to_pmml(linear: &Linear) -> String {
    let mut body = String::from("<RegressionModel functionName=\"regression\" modelName=\"linear\">\n");
    body.push_str(&mining_schema(true));
    let _ = writeln!(body, "<RegressionTable intercept=\"{}\">", linear.intercept);
    for (name, coefficient) in FEATURES.iter().zip(linear.coefficients) {
        let _ = writeln!(body, "<NumericPredictor name=\"{name}\" coefficient=\"{coefficient}\"/>");
    }
    body.push_str("</RegressionTable>\n</RegressionModel>\n");
    document(Target::Number, &body)
}
