//! Hits of a term in a text, and what they count for.

use crate::document::expression::LocalTermWeights;
use crate::functions::text_index::TermPlan;
use crate::score::Row;
use crate::score::row::Evaluated;
use crate::value::{Datum, Kind, Texts};

impl Row<'_> {
    /// Evaluates a `TextIndex`: missing if text or term is.
    pub fn term(&mut self, term: &TermPlan) -> Evaluated {
        let Some(text) = self.text_of(&term.text, term)? else { return Ok(None) };
        let Some(wanted) = self.text_of(&term.term, term)? else { return Ok(None) };
        let plan = self.plan;
        let tokenizer = |index: u32| &plan.tokenizers[index as usize];
        let cache = &mut *self.tokens;
        let found = cache.range(term.text_tokenizer, tokenizer(term.text_tokenizer), text, &mut self.texts);
        let sought =
            cache.range(term.term_tokenizer, tokenizer(term.term_tokenizer), wanted, &mut self.texts);
        let words = &cache.words()[found.0..found.1];
        let phrase = &cache.words()[sought.0..sought.1];
        let hits = count(words, phrase, term, &self.texts);
        let frequency = f64::from(hits);
        let value = match term.weights {
            LocalTermWeights::TermFrequency => Datum::integer(i64::from(hits)),
            LocalTermWeights::Binary => Datum::integer(i64::from(hits > 0)),
            LocalTermWeights::Logarithmic => Datum::double(libm::log10(1.0 + frequency)),
            LocalTermWeights::AugmentedNormalizedTermFrequency => {
                let most = most_frequent(words);
                let share = if hits == 0 { 0.0 } else { 0.5 * (1.0 + frequency / f64::from(most.max(hits))) };
                Datum::double(share)
            }
        };
        Ok(Some(value))
    }

    /// The code of an argument as a string.
    fn text_of(
        &mut self,
        expression: &crate::plan::Expression,
        term: &TermPlan,
    ) -> Result<Option<u32>, scorewheel_columns::RowError> {
        match self.evaluate(expression)? {
            None => Ok(None),
            Some(datum) => match datum.cast(Kind::Text, &mut self.texts) {
                Ok(text) => Ok(text.as_text()),
                Err(code) => Err(self.error(code, term.place)),
            },
        }
    }
}

/// How often a phrase occurs among words, with the tolerated number of spelling differences.
fn count(words: &[u32], phrase: &[u32], term: &TermPlan, texts: &Texts<'_>) -> u32 {
    if phrase.is_empty() || words.len() < phrase.len() {
        return 0;
    }
    let windows = words.windows(phrase.len());
    if term.distance == 0 {
        return windows.filter(|window| *window == phrase).count() as u32;
    }
    let mut fewest = u32::MAX;
    let mut hits = 0;
    for window in windows {
        let mut distance = 0;
        for (word, wanted) in window.iter().zip(phrase) {
            if word != wanted {
                distance += levenshtein(texts.get(*word), texts.get(*wanted));
            }
            if distance > term.distance {
                break;
            }
        }
        if distance > term.distance {
            continue;
        }
        if term.best_only && distance < fewest {
            fewest = distance;
            hits = 0;
        }
        if !term.best_only || distance == fewest {
            hits += 1;
        }
    }
    hits
}

/// How often the most frequent word occurs.
fn most_frequent(words: &[u32]) -> u32 {
    let mut sorted = words.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|run| run.len() as u32).max().unwrap_or(0)
}

/// Characters that have to be inserted, deleted or replaced.
fn levenshtein(left: &str, right: &str) -> u32 {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<u32> = (0..=right.len() as u32).collect();
    for (line, character) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line as u32 + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + u32::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_differences_are_counted() {
        for (left, right, expected) in
            [("", "abc", 3), ("kitten", "sitting", 3), ("quick", "quik", 1), ("é", "e", 1)]
        {
            assert_eq!(levenshtein(left, right), expected);
            assert_eq!(levenshtein(right, left), expected);
        }
    }

    #[test]
    fn the_most_frequent_word_is_found() {
        assert_eq!(most_frequent(&[3, 1, 3, 2, 3]), 3);
        assert_eq!(most_frequent(&[]), 0);
    }
}
