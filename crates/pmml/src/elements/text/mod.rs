//! `TextModel`: the document of a corpus that is nearest to the text of a row.
//!
//! One row is one text. If the dictionary's terms are active fields, they hold how often each term occurs, none where they
//! are missing; else the one active field holds the text, whose words are found as `TextIndex` finds them: split at white space,
//! stripped of punctuation, without regard to case; a term may be several words. The terms are weighed as the
//! documents' are, and the row is compared with each document. The answer is the id of the nearest document, the first of
//! equally near ones; affinities are the similarities or distances. A missing text has no answer, nor has one without
//! any term under the cosine.
//!
//! With t the count of a term in a text, n the number of documents, and the sums over the documents:
//!
//! | weight | local | | global |
//! |---|---|---|---|
//! | `termFrequency` | t | `none` | 1 |
//! | `binary` | 1 if t > 0 | `inverseDocumentFrequency` | log₁₀(n / Σ (t > 0)) |
//! | `logarithmic` | log₁₀(1 + t) | `GFIDF` | Σ t / Σ (t > 0) |
//! | `augmentedNormalizedTermFrequency` | ½ (1 + t / largest t) if t > 0 | `normal` | 1 / √(Σ t²) |
//! | | | `probabilisticInverse` | log₁₀((n − Σ (t > 0)) / Σ (t > 0)) |
//!
//! A term that no document has, or where the weight is not finite, counts nothing. A row costs as many multiplications as
//! the matrix has cells, and a comparison a word and term of several words.

mod compile;
mod read;
mod score;
#[cfg(test)]
mod tests;
mod weight;

pub use compile::{Plan, compile};
pub use read::{Document, read};
