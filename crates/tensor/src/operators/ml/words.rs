//! Strings: normalising, putting together, counting n-grams.

use std::collections::HashMap;

use scorewheel_model::ModelError;
use smol_str::{SmolStr, StrExt};

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::operators::context::length;
use crate::operators::ml::rows_and_columns;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// Most columns of counts.
const COLUMNS: usize = 1 << 24;

/// `StringNormalizer`. Words to be left out change the length of a row, which must be known before.
pub(crate) fn normalizer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let attributes = context.attributes();
    if attributes.texts("stopwords")?.is_some_and(|words| !words.is_empty()) {
        return Err(unsupported(
            "StringNormalizer with stopwords: how long its output is depends on the record",
        ));
    }
    let case = attributes.text("case_change_action")?.map_or("NONE", |text| &**text);
    let change: fn(&SmolStr) -> SmolStr = match case {
        "NONE" => SmolStr::clone,
        "LOWER" => |text| text.to_lowercase_smolstr(),
        "UPPER" => |text| text.to_uppercase_smolstr(),
        other => return Err(unsupported(format!("case_change_action {other:?}"))),
    };
    let output = context.input(0)?.tensor_type.clone();
    Ok(Computation::one(output, move |inputs, outputs, _| {
        outputs[0].text_mut().iter_mut().zip(inputs[0].text()).for_each(|(out, text)| *out = change(text));
        Ok(())
    }))
}

/// One step on the way to an n-gram.
type Steps = HashMap<(usize, u32), usize>;

/// The known n-grams as paths: from a state and a word to the next state.
struct Grams {
    words: HashMap<Word, u32>,
    steps: Steps,
    /// The column of the n-gram that ends in a state.
    columns: Vec<Option<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Word {
    Text(SmolStr),
    Integer(i64),
}

impl Grams {
    fn add(&mut self, gram: &[Word], column: usize) {
        let mut state = 0;
        for word in gram {
            let next_word = self.words.len() as u32;
            let word = *self.words.entry(word.clone()).or_insert(next_word);
            let next = self.columns.len();
            state = *self.steps.entry((state, word)).or_insert(next);
            if state == next {
                self.columns.push(None);
            }
        }
        self.columns[state] = Some(column);
    }

    fn word(&self, data: &Data, at: usize) -> Option<u32> {
        let word = match data {
            Data::Text(words) => Word::Text(words[at].clone()),
            Data::I64(words) => Word::Integer(words[at]),
            _ => return None,
        };
        self.words.get(&word).copied()
    }
}

/// `TfIdfVectorizer`: how often each known n-gram occurs, weighted.
pub(crate) fn counts(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    context.storage(0, &[Storage::Text, Storage::I64])?;
    let attributes = context.attributes();
    let required = |name: &str| -> Result<i64, ModelError> {
        attributes.integer(name)?.ok_or_else(|| invalid(format!("{name} is missing")))
    };
    let shortest = length(required("min_gram_length")?, "min_gram_length")?.max(1);
    let longest = length(required("max_gram_length")?, "max_gram_length")?;
    let skips = length(required("max_skip_count")?, "max_skip_count")?;
    let starts = attributes.integers("ngram_counts")?.unwrap_or_default();
    let columns = attributes.integers("ngram_indexes")?.unwrap_or_default();
    let weights = attributes.floats("weights")?.map(<[f32]>::to_vec);
    let pool: Vec<Word> = match attributes.texts("pool_strings")?.filter(|pool| !pool.is_empty()) {
        Some(texts) => texts.iter().map(|text| Word::Text((&**text).into())).collect(),
        None => {
            let integers = attributes.integers("pool_int64s")?.unwrap_or_default();
            integers.iter().copied().map(Word::Integer).collect()
        }
    };
    if weights.as_ref().is_some_and(|weights| weights.len() != columns.len()) {
        return Err(invalid("as many weights as n-grams are needed"));
    }
    let mut width = 0;
    let mut grams = Grams { words: HashMap::new(), steps: Steps::new(), columns: vec![None] };
    let mut column_weights: Vec<(usize, f32)> = Vec::new();
    let mut known = 0;
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(pool.len() as i64, |end| *end);
        let range = usize::try_from(*start).ok().zip(usize::try_from(end).ok());
        let words = range.and_then(|(start, end)| pool.get(start..end));
        let words = words.ok_or_else(|| invalid("ngram_counts do not fit the pool"))?;
        if words.len() % (index + 1) != 0 {
            return Err(invalid(format!("the pool has no whole number of {}-grams", index + 1)));
        }
        for gram in words.chunks_exact(index + 1) {
            let column = *columns.get(known).ok_or_else(|| invalid("fewer ngram_indexes than n-grams"))?;
            let column = length(column, "ngram_indexes")?;
            if column >= COLUMNS {
                return Err(invalid(format!("an n-gram's column is {column}")));
            }
            width = width.max(column + 1);
            if let Some(weights) = &weights {
                column_weights.push((column, weights[known]));
            }
            known += 1;
            if (shortest..=longest).contains(&(index + 1)) {
                grams.add(gram, column);
            }
        }
    }
    let mut weight_of = vec![1.0f32; width];
    for (column, weight) in column_weights {
        weight_of[column] = weight;
    }
    let mode = attributes.text("mode")?.map_or("TF", |text| &**text);
    let score: fn(f32, f32) -> f32 = match mode {
        "TF" => |count, _| count,
        "IDF" => |count, weight| if count > 0.0 { weight } else { 0.0 },
        "TFIDF" => |count, weight| count * weight,
        other => return Err(unsupported(format!("mode {other:?}"))),
    };
    let (_, words) = rows_and_columns(input.shape());
    let mut shape = input.shape().to_vec();
    match shape.last_mut() {
        Some(last) => *last = width,
        None => shape.push(width),
    }
    Ok(Computation::one(TensorType::new(ElementType::F32, shape), move |inputs, outputs, _| {
        let out = outputs[0].f32_mut();
        out.fill(0.0);
        let rows = inputs[0].len() / words.max(1);
        for row in 0..rows {
            let out = &mut out[row * width..(row + 1) * width];
            let ids: Vec<Option<u32>> =
                (0..words).map(|at| grams.word(inputs[0], row * words + at)).collect();
            for distance in 1..=skips + 1 {
                for start in 0..words {
                    let mut state = 0;
                    for (index, at) in (start..words).step_by(distance).take(longest).enumerate() {
                        let Some(next) = ids[at].and_then(|word| grams.steps.get(&(state, word))) else {
                            break;
                        };
                        state = *next;
                        // A single word skips nothing and counts once.
                        if let Some(column) = grams.columns[state].filter(|_| index > 0 || distance == 1) {
                            out[column] += 1.0;
                        }
                    }
                }
            }
            for (out, weight) in out.iter_mut().zip(&weight_of) {
                *out = score(*out, *weight);
            }
        }
        Ok(())
    }))
}

/// `StringConcat`.
pub(crate) fn concatenate(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let renamed = crate::graph::Node { operator: "Add".into(), ..context.node.clone() };
    crate::operators::binary::build(&NodeContext { node: &renamed, inputs: context.inputs })
}
