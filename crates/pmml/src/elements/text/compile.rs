//! `TextModel` compiled: documents weighed, terms to codes of words.

use crate::compile::{Compiled, ModelContext};
use crate::document::MiningFunction;
use crate::document::schema::Usage;
use crate::elements::ElementPlan;
use crate::elements::text::read::{Document, Normalization, Similarity};
use crate::elements::text::weight::{global_weights, length, weigh};
use crate::fault::{Fault, Result};
use crate::functions::text_index::Tokenizer;
use crate::plan::Slot;
use crate::plan::model::{Entities, Figures};
use crate::value::{Datum, Kind};

/// A compiled `TextModel`.
#[derive(Debug)]
pub struct Plan {
    /// Where the counts of terms come from.
    pub source: TermSource,
    /// How counts are weighed.
    pub normalization: Normalization,
    /// What each term is worth in the corpus.
    pub global: Box<[f64]>,
    /// Weighed documents, document by document.
    pub documents: Box<[f64]>,
    /// Their lengths as vectors.
    pub lengths: Box<[f64]>,
    /// How near two texts are.
    pub similarity: Similarity,
    /// By document: what the model answers with.
    pub answers: Box<[Datum]>,
}

/// Where the counts of terms come from.
#[derive(Debug)]
pub enum TermSource {
    /// By term: the field that counts it.
    Counts(Box<[Slot]>),
    /// A text that is split into words.
    Text {
        /// The field.
        slot: Slot,
        /// How it is split.
        tokenizer: u32,
        /// Codes of words that are terms by themselves, ascending, with their term.
        words: Box<[(u32, u32)]>,
        /// Terms of several words.
        phrases: Box<[(Box<[u32]>, u32)]>,
    },
}

/// Compiles a `TextModel`.
pub fn compile<'d, 'a>(
    document: &'d Document<'a>,
    context: &mut ModelContext<'_, 'd, 'a>,
) -> Result<Compiled> {
    let is_classification = match context.head.function {
        MiningFunction::Classification => true,
        MiningFunction::Clustering => false,
        _ => {
            let message = "a TextModel answers with a document: it is for classification or clustering";
            return Err(Fault::unsupported(context.head.offset, message));
        }
    };
    let mut names = Vec::with_capacity(document.documents.len());
    let mut answers = Vec::with_capacity(document.documents.len());
    for id in &document.documents {
        let code = context.text(id);
        if names.contains(&code) {
            return Err(Fault::invalid(context.head.offset, format!("two documents have the id {id:?}")));
        }
        names.push(code);
        answers.push(if is_classification {
            context.category(id, context.head.offset)?
        } else {
            Datum::text(code)
        });
    }
    let global = global_weights(document.normalization.global, &document.matrix);
    let mut documents = document.matrix.cells.clone();
    for counts in documents.chunks_exact_mut(document.terms.len()) {
        weigh(document.normalization, &global, counts);
    }
    let plan = Plan {
        source: source(document, context)?,
        normalization: document.normalization,
        lengths: documents.chunks_exact(document.terms.len()).map(length).collect(),
        global: global.into(),
        documents: documents.into(),
        similarity: document.similarity,
        answers: answers.clone().into(),
    };
    Ok(Compiled {
        categories: if is_classification { answers } else { Vec::new() },
        entities: Entities::Named(names.into()),
        figures: Figures { affinity: true, entity: true, ranking: true, ..Figures::default() },
        ..Compiled::new(ElementPlan::Text(Box::new(plan)))
    })
}

/// Fields that count the terms, if there is one for each of them; else the one field that holds the text.
fn source<'a>(document: &Document<'a>, context: &mut ModelContext<'_, '_, 'a>) -> Result<TermSource> {
    let fields = context.head.mining_schema.fields.iter();
    let active: Vec<_> = fields.filter(|field| field.usage == Usage::Active).collect();
    if document.terms.iter().all(|term| active.iter().any(|field| field.name == *term)) {
        let mut slots = Vec::with_capacity(document.terms.len());
        for term in &document.terms {
            slots.push(context.slot(term, context.head.offset)?);
        }
        return Ok(TermSource::Counts(slots.into()));
    }
    let [field] = active[..] else {
        let message = "a TextModel has one active field, the text, or one for each term of its dictionary";
        return Err(Fault::unsupported(context.head.offset, message));
    };
    let slot = context.slot(field.name, field.offset)?;
    if context.kind(slot) != Kind::Text {
        let message =
            format!("the text of a TextModel is a string, and not {}", context.kind(slot).describe());
        return Err(Fault::unsupported(field.offset, message));
    }
    let tokenizer =
        || Tokenizer { words: None, separator: None, strip: true, fold: true, normalizations: Vec::new() };
    let (mut words, mut phrases) = (Vec::new(), Vec::new());
    for (index, term) in document.terms.iter().enumerate() {
        let mut codes = Vec::new();
        tokenizer().split(term, |word| codes.push(context.text(word)));
        match &*codes {
            [] => return Err(Fault::invalid(context.head.offset, format!("the term {term:?} has no word"))),
            [word] => words.push((*word, index as u32)),
            _ => phrases.push((codes.into(), index as u32)),
        }
    }
    words.sort_unstable();
    let tokenizer = context.compiler.tokenizer("TextModel".to_owned(), tokenizer());
    Ok(TermSource::Text { slot, tokenizer, words: words.into(), phrases: phrases.into() })
}
