//! Weights of terms.

use crate::document::table::Matrix;
use crate::elements::text::read::{DocumentNormalization, GlobalWeights, LocalWeights, Normalization};

/// What each term is worth in the corpus.
#[must_use]
pub fn global_weights(weights: GlobalWeights, matrix: &Matrix) -> Vec<f64> {
    let documents = matrix.rows as f64;
    let of_term = |term: usize| {
        let counts = || matrix.cells[term..].iter().step_by(matrix.columns);
        let holders = counts().filter(|count| **count > 0.0).count() as f64;
        let weight = match weights {
            GlobalWeights::None => 1.0,
            GlobalWeights::InverseDocumentFrequency => libm::log10(documents / holders),
            GlobalWeights::Gfidf => counts().sum::<f64>() / holders,
            GlobalWeights::Normal => 1.0 / counts().map(|count| count * count).sum::<f64>().sqrt(),
            GlobalWeights::ProbabilisticInverse => libm::log10((documents - holders) / holders),
        };
        if weight.is_finite() { weight } else { 0.0 }
    };
    (0..matrix.columns).map(of_term).collect()
}

/// Weighs the counts of one text in place.
pub fn weigh(normalization: Normalization, global: &[f64], counts: &mut [f64]) {
    let largest = counts.iter().copied().fold(0.0, f64::max);
    for (count, global) in counts.iter_mut().zip(global) {
        let local = match normalization.local {
            _ if *count == 0.0 => 0.0,
            LocalWeights::TermFrequency => *count,
            LocalWeights::Binary => 1.0,
            LocalWeights::Logarithmic => libm::log10(1.0 + *count),
            LocalWeights::AugmentedNormalizedTermFrequency => 0.5 * (1.0 + *count / largest),
        };
        *count = local * global;
    }
    if normalization.document == DocumentNormalization::Cosine {
        let length = length(counts);
        if length > 0.0 {
            counts.iter_mut().for_each(|weight| *weight /= length);
        }
    }
}

/// The length of a text as a vector.
#[must_use]
pub fn length(weights: &[f64]) -> f64 {
    weights.iter().map(|weight| weight * weight).sum::<f64>().sqrt()
}
