//! Replacing what a pattern matches.

use regex::{Captures, Regex};
use scorewheel_model::ModelError;
use smol_str::{SmolStr, SmolStrBuilder};

use super::pattern::pattern_of;
use crate::element::Storage;
use crate::error::{invalid, unsupported};
use crate::operators::{Built, Computation, NodeContext};

/// A piece of what is written for a match.
enum Piece {
    Literal(Box<str>),
    /// What a group matched.
    Group(usize),
}

/// `RegexReplace`, `StaticRegexReplace`: every match, or the first, becomes what the rewrite says.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let attributes = context.attributes();
    let stated = |index: usize, name: &str| -> Result<SmolStr, ModelError> {
        if context.operator() == "StaticRegexReplace" {
            return Ok(attributes.text(name)?.map_or("", |text| &**text).into());
        }
        let what = format!("the {name} of a replacement");
        let text = context.constant(index, &what)?.data.text().first().cloned();
        text.ok_or_else(|| invalid(format!("{what} is no string")))
    };
    let (pattern, rewrite) = (stated(1, "pattern")?, stated(2, "rewrite")?);
    let all = attributes.flag_or("replace_global", true)?;
    let known = Regex::new(&pattern_of(&pattern)?).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default();
        unsupported(format!("the pattern {pattern:?} is none that is known: {reason}"))
    })?;
    let pieces = pieces_of(&rewrite, known.captures_len())
        .ok_or_else(|| invalid(format!("the rewrite {rewrite:?} does not fit the pattern {pattern:?}")))?;
    let output = context.input(0)?.tensor_type.clone();
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let (out, texts) = (outputs[0].text_mut(), inputs[0].text());
        for (out, text) in out.iter_mut().zip(texts) {
            *out = replaced(&known, &pieces, all, text);
        }
        Ok(())
    }))
}

fn replaced(known: &Regex, pieces: &[Piece], all: bool, text: &SmolStr) -> SmolStr {
    let write = |captures: &Captures<'_>| -> SmolStr {
        let mut written = SmolStrBuilder::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => written.push_str(text),
                Piece::Group(group) => {
                    written.push_str(captures.get(*group).map_or("", |group| group.as_str()))
                }
            }
        }
        written.finish()
    };
    // Most texts have nothing to replace, and are handed on without a copy.
    if !known.is_match(text) {
        return text.clone();
    }
    known.replacen(text, usize::from(!all), write).into()
}

/// `\0` to `\9` stand for groups, `\\` for itself; `None` if it is something else.
fn pieces_of(rewrite: &str, groups: usize) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut letters = rewrite.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            literal.push(letter);
            continue;
        }
        match letters.next()? {
            '\\' => literal.push('\\'),
            digit => {
                let group = digit.to_digit(10).map(|digit| digit as usize).filter(|group| *group < groups)?;
                pieces.push(Piece::Literal(std::mem::take(&mut literal).into()));
                pieces.push(Piece::Group(group));
            }
        }
    }
    pieces.push(Piece::Literal(literal.into()));
    Some(pieces)
}
