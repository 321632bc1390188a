//! Strings, one by one: other letters, lengths, replacements, numbers written out.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | letters, spaces and lengths |
//! | [`replace`] | replacing what a pattern matches |
//! | [`pattern`] | patterns of RE2, as TensorFlow's files hold them, in the words of the engine here |
//! | [`words`] | texts split into words, and put together again |
//! | [`written`] | numbers as `printf` writes them |

pub(crate) mod pattern;
pub(crate) mod replace;
pub(crate) mod words;
pub(crate) mod written;

use scorewheel_model::ModelError;
use smol_str::{SmolStr, StrExt};

use crate::element::{ElementType, Storage};
use crate::error::unsupported;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `StringLower`, `StringUpper`, `StringStrip`. Without an encoding only ASCII has two cases.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let unicode =
        match context.attributes().text("encoding")?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("") => false,
            Some("utf-8") => true,
            Some(other) => {
                return Err(unsupported(format!("encoding {other:?}; only \"utf-8\" and none are known")));
            }
        };
    let change: fn(&SmolStr) -> SmolStr = match (context.operator(), unicode) {
        // As a whole: how a sigma looks depends on its place in the word.
        ("StringLower", true) => |text| SmolStr::new(text.to_lowercase()),
        ("StringLower", false) => |text| text.to_ascii_lowercase_smolstr(),
        ("StringUpper", true) => |text| text.to_uppercase_smolstr(),
        ("StringUpper", false) => |text| text.to_ascii_uppercase_smolstr(),
        _ => |text| SmolStr::new(text.trim_matches(is_space)),
    };
    let output = context.input(0)?.tensor_type.clone();
    Ok(Computation::one(output, move |inputs, outputs, _| {
        outputs[0].text_mut().iter_mut().zip(inputs[0].text()).for_each(|(out, text)| *out = change(text));
        Ok(())
    }))
}

/// What `isspace` of C takes for a space.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t'..='\r')
}

/// `StringLength`: in bytes, or in characters.
pub(crate) fn length(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let count: fn(&str) -> usize = match context.attributes().text("unit")?.map_or("BYTE", |text| &**text) {
        "BYTE" => str::len,
        "UTF8_CHAR" => |text| text.chars().count(),
        other => {
            return Err(unsupported(format!("unit {other:?}; lengths are of \"BYTE\" or \"UTF8_CHAR\"")));
        }
    };
    let output = TensorType::new(ElementType::I32, context.input(0)?.shape());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = outputs[0].i64_mut().iter_mut();
        out.zip(inputs[0].text()).for_each(|(out, text)| *out = count(text) as i64);
        Ok(())
    }))
}
