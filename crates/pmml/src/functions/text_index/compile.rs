//! `TextIndex` with its term and its tokenizer.

use regex::Regex;

use crate::compile::Compiler;
use crate::compile::expression::Standing;
use crate::document::expression::{CountHits, LocalTermWeights, TextIndex, TextIndexNormalization};
use crate::fault::{Fault, Result};
use crate::functions::pattern::Pattern;
use crate::functions::text_index::Tokenizer;
use crate::functions::text_index::tokenizer::Normalization;
use crate::plan::{Expression, Place};

/// A compiled `TextIndex`.
#[derive(Debug)]
pub struct TermPlan {
    /// The text.
    pub text: Expression,
    /// The term.
    pub term: Expression,
    /// Index of the tokenizer of the text within the plan.
    pub text_tokenizer: u32,
    /// Index of the tokenizer of the term: the same without normalisation.
    pub term_tokenizer: u32,
    /// Spelling differences that are tolerated in a hit.
    pub distance: u32,
    /// True if only hits with the fewest differences count.
    pub best_only: bool,
    /// What the frequency counts for.
    pub weights: LocalTermWeights,
    /// Where it stands.
    pub place: Place,
}

/// Compiles a `TextIndex`.
pub fn compile<'d, 'a>(
    compiler: &mut Compiler<'d, 'a>,
    at: Standing<'_, 'a>,
    index: &'d TextIndex<'a>,
    offset: u32,
) -> Result<Expression> {
    let text = compiler.field_ref(at, index.text_field, None, offset)?;
    let term = compiler.expression_at(Standing { expected: None, ..at }, &index.term)?;
    let place = compiler.place(format!("TextIndex of field {:?}", index.text_field));
    let key = |normalized: bool| {
        let rules = if normalized { format!("{:?}", index.normalizations) } else { String::new() };
        let (word, separator) = (index.word, index.word_separator);
        format!("{word:?} {separator:?} {} {} {rules}", index.tokenize, index.is_case_sensitive)
    };
    let mut normalizations = Vec::new();
    for normalization in &index.normalizations {
        normalizations.push(compile_normalization(index, normalization, offset)?);
    }
    let text_tokenizer = compiler.tokenizer(key(true), tokenizer(index, normalizations, offset)?);
    let term_tokenizer = compiler.tokenizer(key(false), tokenizer(index, Vec::new(), offset)?);
    Ok(Expression::Term(Box::new(TermPlan {
        text,
        term,
        text_tokenizer,
        term_tokenizer,
        distance: u32::try_from(index.max_levenshtein_distance).unwrap_or(0),
        best_only: index.count_hits == CountHits::BestHits,
        weights: index.local_term_weights,
        place,
    })))
}

fn tokenizer(index: &TextIndex<'_>, normalizations: Vec<Normalization>, offset: u32) -> Result<Tokenizer> {
    let regex = |pattern: Option<&str>| -> Result<Option<Regex>> {
        match pattern {
            None => Ok(None),
            Some(pattern) => match Pattern::new(pattern, None) {
                Ok(pattern) => Ok(Some(pattern.regex().clone())),
                Err(message) => Err(Fault::unsupported(offset, message)),
            },
        }
    };
    Ok(Tokenizer {
        words: regex(index.word)?,
        separator: regex(index.word_separator)?,
        // Words that are named by an expression are taken as it gives them.
        strip: index.tokenize && index.word.is_none(),
        fold: !index.is_case_sensitive,
        normalizations,
    })
}

fn compile_normalization(
    index: &TextIndex<'_>,
    normalization: &TextIndexNormalization<'_>,
    offset: u32,
) -> Result<Normalization> {
    let Some(table) = &normalization.table else {
        return Err(Fault::unsupported(offset, "TextIndexNormalization needs an InlineTable"));
    };
    let is_case_sensitive = normalization.is_case_sensitive.unwrap_or(index.is_case_sensitive);
    let mut rules = Vec::new();
    for row in table.rows() {
        let (Some(from), Some(to)) = (row.get(normalization.in_field), row.get(normalization.out_field))
        else {
            return Err(Fault::invalid(
                offset,
                format!(
                    "a row of the table lacks the column {:?} or {:?}",
                    normalization.in_field, normalization.out_field
                ),
            ));
        };
        let is_regex =
            row.get(normalization.regex_field).is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        let (pattern, replacement) = if is_regex {
            (from.to_owned(), to.to_owned())
        } else {
            // Whole words: what a tokenizer would split stays apart.
            (format!(r"(?:^|\b)\Q{from}\E(?:\b|$)"), to.replace('\\', r"\\").replace('$', r"\$"))
        };
        let pattern =
            if is_case_sensitive { Pattern::new(&pattern, None) } else { Pattern::ignoring_case(&pattern) };
        rules.push((pattern.map_err(|message| Fault::unsupported(offset, message))?, replacement));
    }
    Ok(Normalization { rules, recursive: normalization.recursive })
}
