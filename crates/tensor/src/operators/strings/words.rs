//! Splitting texts into words and putting what became of them back to their texts. How places without a word are kept
//! apart is told in [`crate::engine::words`].

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;
use smol_str::SmolStr;

use super::is_space;
use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::engine::words::WORDS;
use crate::error::{invalid, unsupported};
use crate::operators::context::length;
use crate::operators::counts::{COUNTED, Counted};
use crate::operators::strided::same_kind;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `StringSplitV2` at spaces: of each place for a word the number of its text, and the word. A text of more than
/// [`WORDS`] words is an error of its record.
pub(crate) fn split(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let separator = context.constant(1, "the separator")?;
    if separator.data.text().first().is_none_or(|separator| !separator.is_empty()) {
        return Err(unsupported("a split at something else than spaces"));
    }
    if context.attributes().integer_or("maxsplit", -1)? >= 0 {
        return Err(unsupported("a split with maxsplit"));
    }
    let input = context.input(0)?;
    let [texts] = *input.shape() else { return Err(invalid("a split of what is no vector")) };
    let places = length((texts.saturating_mul(WORDS)) as i64, "the number of words")?;
    let outputs =
        vec![TensorType::new(ElementType::I64, [places]), TensorType::new(ElementType::Text, [places])];
    Ok(Computation::many(outputs, move |inputs, outputs, _| {
        let [numbers, words] = outputs else { return Ok(()) };
        let mut at = 0;
        let (numbers, words) = (numbers.i64_mut(), words.text_mut());
        for (text, letters) in inputs[0].text().iter().enumerate() {
            let end = at + WORDS;
            for word in letters.split(is_space).filter(|word| !word.is_empty()) {
                if at == end {
                    return Err(ErrorCode::BadArgument);
                }
                (numbers[at], words[at]) = (text as i64, SmolStr::new(word));
                at += 1;
            }
        }
        numbers[at..].fill(texts as i64);
        words[at..].fill(SmolStr::default());
        Ok(())
    }))
}

/// `RaggedTensorToTensor`: the values of each row side by side, cut or filled up to one length.
pub(crate) fn rows(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let shape = context.integers(0, "the shape of rows of one length")?;
    let values = context.input(1)?;
    let default = context.constant(2, "what rows are filled up with")?;
    if default.data.len() != 1 || default.data.storage() != values.element().storage() {
        return Err(unsupported("rows that are filled up with more than one value"));
    }
    let default = default.data.clone();
    let [count] = *values.shape() else {
        return Err(unsupported("rows of values that are no single ones"));
    };
    let kinds = context.attributes().texts("row_partition_types")?.unwrap_or_default();
    let kinds: Vec<&str> = kinds.iter().map(|kind| &**kind).collect();
    let splits = match kinds.as_slice() {
        ["ROW_SPLITS"] => true,
        ["FIRST_DIM_SIZE", "VALUE_ROWIDS"] => false,
        other => return Err(unsupported(format!("rows that are told by {other:?}"))),
    };
    let rows = if splits {
        context.input(3)?.tensor_type.len().saturating_sub(1)
    } else {
        if context.input(4)?.tensor_type.len() != count {
            return Err(invalid("not as many numbers of rows as values"));
        }
        length(
            context.integers(3, "the number of rows")?.first().copied().unwrap_or(-1),
            "the number of rows",
        )?
    };
    let width = match *shape.as_slice() {
        [-1] => -1,
        [stated, width] if stated == -1 || stated == rows as i64 => width,
        _ => return Err(invalid(format!("{rows} rows of the shape {shape:?}"))),
    };
    if width < 0 {
        return Err(unsupported(
            "rows as long as the longest, which depends on the record; state a length (Keras: output_sequence_length)",
        ));
    }
    let width = length(width, "the length of a row")?;
    Ok(Computation::one(TensorType::new(values.element(), [rows, width]), move |inputs, outputs, _| {
        same_kind!(&default, &mut outputs[0], |default, out| out.fill(default[0].clone()));
        if width == 0 {
            return Ok(());
        }
        same_kind!(inputs[1], &mut outputs[0], |values, out| {
            let mut filled = vec![0; rows];
            let mut put = |row: usize, value: usize| {
                if let Some(filled) = filled.get_mut(row).filter(|filled| **filled < width) {
                    out[row * width + *filled] = values[value].clone();
                    *filled += 1;
                }
            };
            if splits {
                for (row, bounds) in inputs[3].i64().windows(2).enumerate() {
                    places(bounds, values.len())?.for_each(|value| put(row, value));
                }
            } else {
                let numbers = inputs[4].i64().iter().enumerate();
                numbers.for_each(|(value, row)| put(usize::try_from(*row).unwrap_or(usize::MAX), value));
            }
        });
        Ok(())
    }))
}

/// The places of a row, given where it begins and ends.
fn places(bounds: &[i64], count: usize) -> Result<std::ops::Range<usize>, ErrorCode> {
    let place = |at: usize| bounds.get(at).and_then(|place| usize::try_from(*place).ok());
    match (place(0), place(1)) {
        (Some(start), Some(end)) if start <= end && end <= count => Ok(start..end),
        _ => Err(ErrorCode::BadArgument),
    }
}

/// `RaggedBincount`: of each row, told by where it begins, how often each number from 0 to `size` occurs.
pub(crate) fn counts(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::I64])?;
    context.storage(1, &[Storage::I64])?;
    let size = context.integers(2, "how many numbers are counted")?.first().copied();
    let size = size.filter(|size| (0..=COUNTED).contains(size));
    let size = length(size.ok_or_else(|| invalid("how many numbers are counted is no size"))?, "size")?;
    context.storage(3, &[Storage::I64, Storage::F32, Storage::F64])?;
    let weights = context.input(3)?;
    if !weights.tensor_type.is_empty() {
        return Err(unsupported("weights for rows of several lengths"));
    }
    let presence = context.attributes().flag_or("binary_output", false)?;
    let rows = context.input(0)?.tensor_type.len().saturating_sub(1);
    Ok(Computation::one(TensorType::new(weights.element(), [rows, size]), move |inputs, outputs, _| {
        let numbers = inputs[1].i64();
        let counted = Counted { size, presence };
        match &mut outputs[0] {
            Data::I64(out) => out.fill(0),
            Data::F32(out) => out.fill(0.0),
            Data::F64(out) => out.fill(0.0),
            Data::Bool(_) | Data::Text(_) => {}
        }
        for (row, bounds) in inputs[0].i64().windows(2).enumerate() {
            for number in &numbers[places(bounds, numbers.len())?] {
                counted.count(row, *number, &mut outputs[0])?;
            }
        }
        Ok(())
    }))
}
