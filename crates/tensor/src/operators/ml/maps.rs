//! Maps to tensors. A map comes as a vector with an entry a key; see [`crate::maps`].

use std::collections::HashMap;

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::Name;
use crate::operators::context::length;
use crate::operators::ml::rows_and_columns;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// The attribute that names the key of each entry. No file states it: its name is none that a file can give an attribute
/// of these operators.
pub(crate) const KEYS: &str = "scorewheel.keys";

fn keys<'a>(context: &NodeContext<'a>) -> Result<&'a [Name], ModelError> {
    let keys = context.node.attributes.texts(KEYS)?;
    let keys = keys.ok_or_else(|| unsupported("a map that is no input of the model"))?;
    let (_, columns) = rows_and_columns(context.input(0)?.shape());
    if columns == keys.len() {
        Ok(keys)
    } else {
        Err(invalid("a map with another number of entries than keys"))
    }
}

/// `DictVectorizer`: the entry of each known key, 0 where there is none.
pub(crate) fn vectorizer(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::F32, Storage::F64, Storage::I64])?;
    let keys = keys(context)?;
    let attributes = context.attributes();
    let texts = attributes.texts("string_vocabulary")?.unwrap_or_default().iter().cloned();
    let integers = attributes.integers("int64_vocabulary")?.unwrap_or_default();
    let known: Vec<Name> = texts.chain(integers.iter().map(|key| key.to_string().into())).collect();
    let by_key: HashMap<&Name, usize> = keys.iter().enumerate().map(|(at, key)| (key, at)).collect();
    let places: Vec<Option<usize>> = known.iter().map(|key| by_key.get(key).copied()).collect();
    let input = context.input(0)?;
    let (rows, columns) = rows_and_columns(input.shape());
    let width = places.len();
    let output = TensorType::new(input.element(), [rows, width]);
    let zero = Data::zeros(input.element(), 1);
    Ok(Computation::one(output, move |inputs, outputs, _| {
        for row in 0..inputs[0].len() / columns.max(1) {
            for (at, place) in places.iter().enumerate() {
                match place {
                    Some(place) => {
                        outputs[0].copy_range(row * width + at, inputs[0], row * columns + place, 1);
                    }
                    None => outputs[0].copy_range(row * width + at, &zero, 0, 1),
                }
            }
        }
        Ok(())
    }))
}

/// `CastMap`: the entries in the order of their keys, or each at the place that its key says.
pub(crate) fn cast(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let storage = context.storage(0, &[Storage::F32, Storage::Text])?;
    let keys = keys(context)?;
    let attributes = context.attributes();
    let input = context.input(0)?;
    let (rows, columns) = rows_and_columns(input.shape());
    let sparse = attributes.text("map_form")?.is_some_and(|form| &**form == "SPARSE");
    let width = if sparse { length(attributes.integer_or("max_map", 1)?, "max_map")? } else { columns };
    let mut places: Vec<Option<usize>> = (0..width).map(|at| (!sparse).then_some(at)).collect();
    if sparse {
        for (at, key) in keys.iter().enumerate() {
            let place = key.parse().ok().and_then(|key: usize| places.get_mut(key));
            if let Some(place) = place {
                *place = Some(at);
            }
        }
    }
    let to = match attributes.text("cast_to")?.map_or("TO_FLOAT", |to| &**to) {
        "TO_FLOAT" => ElementType::F32,
        "TO_INT64" => ElementType::I64,
        "TO_STRING" => ElementType::Text,
        other => return Err(unsupported(format!("cast_to {other:?}"))),
    };
    let output = TensorType::new(to, [rows, width]);
    Ok(Computation::one(output, move |inputs, outputs, _| {
        for row in 0..inputs[0].len() / columns.max(1) {
            for (at, place) in places.iter().enumerate() {
                let from = place.map(|place| row * columns + place);
                let out = row * width + at;
                match storage {
                    Storage::Text => {
                        let text = from.map(|from| inputs[0].text()[from].as_str());
                        of_text(text.filter(|text| !text.is_empty()), &mut outputs[0], out)?;
                    }
                    _ => of_number(from.map(|from| inputs[0].f32()[from]), &mut outputs[0], out),
                }
            }
        }
        Ok(())
    }))
}

/// What stands where a map has no entry, in a tensor of strings.
const NO_TEXT: &str = "0.f";

fn of_number(value: Option<f32>, out: &mut Data, at: usize) {
    match (out, value.filter(|value| !value.is_nan())) {
        (Data::F32(out), value) => out[at] = value.unwrap_or(0.0),
        (Data::I64(out), value) => out[at] = value.unwrap_or(0.0) as i64,
        (Data::Text(out), Some(value)) => out[at] = smol_str::format_smolstr!("{value:.6}"),
        (Data::Text(out), None) => out[at] = SmolStr::new_static(NO_TEXT),
        _ => {}
    }
}

fn of_text(text: Option<&str>, out: &mut Data, at: usize) -> Result<(), ErrorCode> {
    match out {
        Data::F32(out) => out[at] = text.map_or(Ok(0.0), str::parse).map_err(|_| ErrorCode::BadArgument)?,
        Data::I64(out) => out[at] = text.map_or(Ok(0), str::parse).map_err(|_| ErrorCode::BadArgument)?,
        Data::Text(out) => out[at] = text.unwrap_or(NO_TEXT).into(),
        _ => {}
    }
    Ok(())
}
