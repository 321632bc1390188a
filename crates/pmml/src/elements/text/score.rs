//! `TextModel` on one row.

use scorewheel_columns::{ErrorCode, RowError};

use crate::elements::Element;
use crate::elements::measure::{Keys, order};
use crate::elements::text::compile::{Plan, TermSource};
use crate::elements::text::read::Similarity;
use crate::elements::text::weight::{length, weigh};
use crate::plan::ModelPlan;
use crate::precision::Precision;
use crate::score::{Prediction, Row};

impl Element for Plan {
    fn score(
        &self,
        model: &ModelPlan,
        row: &mut Row<'_>,
        prediction: &mut Prediction,
    ) -> Result<(), RowError> {
        let mut weights = row.take_numbers();
        weights.resize(self.global.len(), 0.0);
        let found = self.count(row, &mut weights);
        if found == Ok(true) {
            weigh(self.normalization, &self.global, &mut weights);
            self.compare(Precision::from(model.math_context), &weights, prediction, row.keys);
        }
        row.give_numbers(weights);
        found.map(|_| ())
    }
}

impl Plan {
    /// Counts the terms of a row; false if it has no text.
    fn count(&self, row: &mut Row<'_>, counts: &mut [f64]) -> Result<bool, RowError> {
        match &self.source {
            TermSource::Counts(slots) => {
                let mut any = false;
                for (slot, count) in slots.iter().zip(counts) {
                    let Some(found) = row.number(*slot)? else { continue };
                    if found < 0.0 || !found.is_finite() {
                        return Err(row.error_of(ErrorCode::InvalidValue, *slot));
                    }
                    *count = found;
                    any = true;
                }
                Ok(any)
            }
            TermSource::Text { slot, tokenizer, words, phrases } => {
                let Some(text) = row.get(*slot)?.and_then(|datum| datum.as_text()) else { return Ok(false) };
                let plan = row.plan;
                let split = &plan.tokenizers[*tokenizer as usize];
                let (start, end) = row.tokens.range(*tokenizer, split, text, &mut row.texts);
                let found = &row.tokens.words()[start..end];
                for word in found {
                    let first = words.partition_point(|(known, _)| known < word);
                    for (_, term) in words[first..].iter().take_while(|(known, _)| known == word) {
                        counts[*term as usize] += 1.0;
                    }
                }
                for (phrase, term) in phrases {
                    let hits = found.windows(phrase.len()).filter(|window| *window == &**phrase).count();
                    counts[*term as usize] += hits as f64;
                }
                Ok(true)
            }
        }
    }

    /// Compares a weighed text with all documents. `keys` is a buffer.
    fn compare(&self, precision: Precision, weights: &[f64], prediction: &mut Prediction, keys: &mut Keys) {
        let documents = self.documents.chunks_exact(weights.len()).zip(&self.lengths);
        match self.similarity {
            Similarity::Euclidean => {
                prediction.affinities.extend(documents.map(|(document, _)| {
                    let squares = document.iter().zip(weights).map(|(a, b)| (a - b) * (a - b));
                    precision.round(squares.sum::<f64>().sqrt())
                }));
            }
            Similarity::Cosine => {
                let own = length(weights);
                prediction.affinities.extend(documents.map(|(document, length)| {
                    let product: f64 = document.iter().zip(weights).map(|(a, b)| a * b).sum();
                    let lengths = own * length;
                    if lengths > 0.0 { precision.round(product / lengths) } else { 0.0 }
                }));
                // A text without any term is like no document.
                if own == 0.0 {
                    return;
                }
            }
        }
        order(
            &mut prediction.ranking,
            &prediction.affinities,
            self.similarity == Similarity::Cosine,
            usize::MAX,
            keys,
        );
        prediction.entity = prediction.ranking.first().copied();
        prediction.value = prediction.entity.map(|nearest| self.answers[nearest as usize]);
    }
}
