//! Exact predictions of a stationary process from all values of a short series.
//!
//! The process in state-space form: the state holds what is known of this step and the next ones; it starts with its
//! stationary distribution and takes in one value after another.

use crate::elements::time_series::polynomial::at;

/// Longest polynomial that is predicted so.
pub const STATE_LIMIT: usize = 128;

/// Expected values of `count` steps after the end of `series`, which has the mean 0 and is
/// autoregressive by `ar`, with shocks that go on by `ma`. `None` if it is not stationary.
#[must_use]
pub fn predict(ar: &[f64], ma: &[f64], series: &[f64], count: usize) -> Option<Vec<f64>> {
    let size = (ar.len() - 1).max(ma.len());
    let phi: Vec<f64> =
        (0..size).map(|lag| ar.get(lag + 1).map_or(0.0, |coefficient| -coefficient)).collect();
    let shock: Vec<f64> = (0..size).map(|lag| ma.get(lag).copied().unwrap_or(0.0)).collect();
    let mut covariance = stationary(&phi, &shock)?;
    let mut state = vec![0.0; size];
    for value in series {
        let variance = covariance[0];
        if variance.is_nan() || variance <= 0.0 {
            return None;
        }
        let gain: Vec<f64> = (0..size).map(|row| covariance[row * size] / variance).collect();
        let error = value - state[0];
        state.iter_mut().zip(&gain).for_each(|(state, gain)| *state += gain * error);
        let first = covariance[..size].to_vec();
        for (row, gain) in gain.iter().enumerate() {
            for (cell, first) in covariance[row * size..][..size].iter_mut().zip(&first) {
                *cell -= gain * first;
            }
        }
        state = step(&phi, &state);
        covariance = next(&phi, &shock, &covariance);
    }
    let mut expected = Vec::with_capacity(count);
    for _ in 0..count {
        expected.push(state[0]);
        state = step(&phi, &state);
    }
    Some(expected)
}

/// The state one step later.
fn step(phi: &[f64], state: &[f64]) -> Vec<f64> {
    let following = state.iter().skip(1).copied().chain([0.0]);
    phi.iter().zip(following).map(|(phi, next)| phi * state[0] + next).collect()
}

/// The covariance one step later.
fn next(phi: &[f64], shock: &[f64], covariance: &[f64]) -> Vec<f64> {
    let size = phi.len();
    let cell = |row: usize, column: usize| {
        if row < size && column < size { covariance[row * size + column] } else { 0.0 }
    };
    let mut moved = Vec::with_capacity(size * size);
    for row in 0..size {
        for column in 0..size {
            let carried = phi[row] * phi[column] * cell(0, 0)
                + phi[row] * cell(0, column + 1)
                + phi[column] * cell(row + 1, 0)
                + cell(row + 1, column + 1);
            moved.push(carried + shock[row] * shock[column]);
        }
    }
    moved
}

/// The covariance of a state of which nothing is known, by doubling the number of shocks that it is made of.
fn stationary(phi: &[f64], shock: &[f64]) -> Option<Vec<f64>> {
    let size = phi.len();
    let mut transition = vec![0.0; size * size];
    for (row, phi) in phi.iter().enumerate() {
        transition[row * size] = *phi;
        if row + 1 < size {
            transition[row * size + row + 1] = 1.0;
        }
    }
    let mut covariance: Vec<f64> =
        (0..size * size).map(|cell| shock[cell / size] * shock[cell % size]).collect();
    // After n rounds the shocks of 2ⁿ steps are in it.
    for _ in 0..64 {
        let half = multiply(&transition, &covariance, size);
        let added = multiply_by_transposed(&half, &transition, size);
        let largest = covariance.iter().fold(0.0, |largest, cell| f64::max(largest, cell.abs()));
        covariance.iter_mut().zip(&added).for_each(|(cell, added)| *cell += added);
        transition = multiply(&transition, &transition, size);
        if added.iter().all(|added| added.abs() <= largest * 1e-17) {
            return Some(covariance);
        }
        if covariance.iter().any(|cell| !cell.is_finite()) {
            return None;
        }
    }
    None
}

fn multiply(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for row in 0..size {
        for inner in 0..size {
            let factor = left[row * size + inner];
            if factor != 0.0 {
                for column in 0..size {
                    product[row * size + column] += factor * right[inner * size + column];
                }
            }
        }
    }
    product
}

fn multiply_by_transposed(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = Vec::with_capacity(size * size);
    for row in left.chunks_exact(size) {
        for column in right.chunks_exact(size) {
            product.push(row.iter().zip(column).map(|(a, b)| a * b).sum());
        }
    }
    product
}

/// Shocks of a series of mean 0, as if there had been none before the first value that has all its predecessors.
#[must_use]
pub fn conditional_shocks(ar: &[f64], ma: &[f64], series: &[f64]) -> Vec<f64> {
    let mut shocks = vec![0.0; series.len()];
    for index in ar.len() - 1..series.len() {
        let mut shock = 0.0;
        for (lag, coefficient) in ar.iter().enumerate() {
            shock += coefficient * at(series, index, lag);
        }
        for (lag, coefficient) in ma.iter().enumerate().skip(1) {
            shock -= coefficient * at(&shocks, index, lag);
        }
        shocks[index] = shock;
    }
    shocks
}
