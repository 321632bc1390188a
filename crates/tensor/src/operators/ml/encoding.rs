//! Categories to codes and back.

use std::collections::HashMap;

use scorewheel_columns::ErrorCode;
use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};
use crate::graph::{Attribute, Attributes, Table};
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::{Tensor, TensorType};

/// A value that can be looked up. Floats are told apart by their bits; all NaNs are one, and so are both zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Text(SmolStr),
    Integer(i64),
    Float(u64),
}

fn float_key(value: f64) -> Key {
    Key::Float(if value.is_nan() {
        f64::NAN.to_bits()
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    })
}

fn keys_of(data: &Data) -> Vec<Key> {
    match data {
        Data::Text(values) => values.iter().cloned().map(Key::Text).collect(),
        Data::I64(values) => values.iter().copied().map(Key::Integer).collect(),
        Data::F32(values) => values.iter().map(|value| float_key(f64::from(*value))).collect(),
        Data::F64(values) => values.iter().copied().map(float_key).collect(),
        Data::Bool(values) => values.iter().map(|value| Key::Integer(i64::from(*value))).collect(),
    }
}

fn key_at(data: &Data, at: usize) -> Key {
    match data {
        Data::Text(values) => Key::Text(values[at].clone()),
        Data::I64(values) => Key::Integer(values[at]),
        Data::F32(values) => float_key(f64::from(values[at])),
        Data::F64(values) => float_key(values[at]),
        Data::Bool(values) => Key::Integer(i64::from(values[at])),
    }
}

/// A list of values under one of the names that attributes of this kind have.
fn list(attributes: &Attributes, prefix: &str) -> Result<Option<(ElementType, Data)>, ModelError> {
    if let Some(tensor) = attributes.tensor(&format!("{prefix}_tensor"))? {
        return Ok(Some((tensor.element, tensor.data.clone())));
    }
    for (name, attribute) in attributes.iter() {
        let Some(kind) = name.strip_prefix(prefix) else { continue };
        let found = match (kind, attribute) {
            ("_strings", Attribute::Texts(texts)) => {
                (ElementType::Text, Data::Text(texts.iter().map(|text| (&**text).into()).collect()))
            }
            ("_int64s", Attribute::Integers(values)) => (ElementType::I64, Data::I64(values.clone())),
            ("_floats", Attribute::Floats(values)) => (ElementType::F32, Data::F32(values.clone())),
            _ => continue,
        };
        if !found.1.is_empty() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn default_value(attributes: &Attributes, element: ElementType, version: i64) -> Result<Data, ModelError> {
    if let Some(tensor) = attributes.tensor("default_tensor")? {
        if tensor.data.len() == 1 && tensor.data.storage() == element.storage() {
            return Ok(tensor.data.clone());
        }
        return Err(invalid("default_tensor is no single value of the values' type"));
    }
    Ok(match element.storage() {
        Storage::Text => {
            let text = attributes.text("default_string")?.map_or("_Unused", |text| &**text);
            Data::Text(vec![text.into()])
        }
        Storage::I64 => Data::I64(vec![attributes.integer_or("default_int64", -1)?]),
        Storage::F32 => {
            let value = if version >= 2 { attributes.float_or("default_float", -0.0)? } else { 0.0 };
            Data::F32(vec![value])
        }
        Storage::F64 => Data::F64(vec![0.0]),
        Storage::Bool => Data::Bool(vec![false]),
    })
}

/// Looks every element up among `keys`; `values` follow the same order, `default` stands for all others.
fn lookup(
    context: &NodeContext<'_>,
    keys: &Data,
    values: Data,
    element: ElementType,
    default: Data,
) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    if keys.len() != values.len() {
        return Err(invalid(format!("{} keys and {} values", keys.len(), values.len())));
    }
    let same = keys.storage() == input.element().storage()
        || (keys.storage() != Storage::Text && input.element() != ElementType::Text);
    if !same || default.storage() != values.storage() {
        return Err(context.no_kernel(input.element()));
    }
    // The first of equal keys counts. Before version 4 no key stands for NaN.
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(keys.len());
    for (index, key) in keys_of(keys).into_iter().enumerate() {
        if context.version() >= 4 || key != float_key(f64::NAN) {
            places.entry(key).or_insert(index);
        }
    }
    let as_integers = keys.storage() == Storage::I64;
    Ok(Computation::one(TensorType::new(element, input.shape()), move |inputs, outputs, _| {
        for at in 0..inputs[0].len() {
            let key = match (inputs[0], as_integers) {
                (Data::F32(values), true) => whole(f64::from(values[at])),
                (Data::F64(values), true) => whole(values[at]),
                (Data::I64(values), false) if keys_are_floats(&places) => float_key(values[at] as f64),
                (data, _) => key_at(data, at),
            };
            match places.get(&key) {
                Some(place) => outputs[0].copy_range(at, &values, *place, 1),
                None => outputs[0].copy_range(at, &default, 0, 1),
            }
        }
        Ok(())
    }))
}

fn keys_are_floats(places: &HashMap<Key, usize>) -> bool {
    matches!(places.keys().next(), Some(Key::Float(_)))
}

fn whole(value: f64) -> Key {
    Key::Integer(value as i64)
}

/// `LookupTableFindV2`: its keys are input 1, its default input 2.
pub(crate) fn table_lookup(context: &NodeContext<'_>, table: &Table) -> Result<Built, ModelError> {
    let default = context.constant(2, "the default of a table")?;
    if default.data.len() != 1 {
        return Err(unsupported("a table with a default that is no single value"));
    }
    let keys = context.inputs.get(1..2).unwrap_or_default();
    let inner = NodeContext { node: context.node, inputs: keys };
    lookup(&inner, &table.keys.data, table.values.data.clone(), table.values.element, default.data.clone())
}

/// `LabelEncoder` of all versions.
pub(crate) fn label_encoder(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let attributes = context.attributes();
    if let Some(classes) = attributes.texts("classes_strings")? {
        return by_position(context, classes.iter().map(|text| (&**text).into()).collect());
    }
    let (_, keys) = list(attributes, "keys")?.ok_or_else(|| invalid("LabelEncoder without keys"))?;
    let (element, values) =
        list(attributes, "values")?.ok_or_else(|| invalid("LabelEncoder without values"))?;
    let default = default_value(attributes, element, context.version())?;
    lookup(context, &keys, values, element, default)
}

/// Strings to their positions, or positions to strings.
fn by_position(context: &NodeContext<'_>, classes: Vec<SmolStr>) -> Result<Built, ModelError> {
    let positions: Vec<i64> = (0..classes.len() as i64).collect();
    let attributes = context.attributes();
    if context.input(0)?.element() == ElementType::Text {
        let default = Data::I64(vec![attributes.integer_or("default_int64", -1)?]);
        return lookup(context, &Data::Text(classes), Data::I64(positions), ElementType::I64, default);
    }
    let text = attributes.text("default_string")?.map_or("_Unused", |text| &**text);
    let default = Data::Text(vec![text.into()]);
    lookup(context, &Data::I64(positions), Data::Text(classes), ElementType::Text, default)
}

/// `CategoryMapper`: strings to integers, or integers to strings.
pub(crate) fn category_mapper(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let attributes = context.attributes();
    let integers = Data::I64(attributes.integers("cats_int64s")?.unwrap_or_default().to_vec());
    let texts = attributes.texts("cats_strings")?.unwrap_or_default();
    let texts = Data::Text(texts.iter().map(|text| (&**text).into()).collect());
    let text_in = context.input(0)?.element() == ElementType::Text;
    let element = if text_in { ElementType::I64 } else { ElementType::Text };
    let default = default_value(attributes, element, context.version())?;
    if text_in {
        lookup(context, &texts, integers, element, default)
    } else {
        lookup(context, &integers, texts, element, default)
    }
}

/// `OneHotEncoder`: one dimension more, with a 1 at the category's place.
pub(crate) fn one_hot_encoder(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let zeros = context.attributes().flag_or("zeros", true)?;
    let (_, categories) = list(context.attributes(), "cats")?.ok_or_else(|| invalid("no categories"))?;
    if (categories.storage() == Storage::Text) != (input.element() == ElementType::Text) {
        return Err(context.no_kernel(input.element()));
    }
    let places = Places::of(&categories);
    let width = categories.len();
    let mut shape = input.shape().to_vec();
    shape.push(width);
    Ok(Computation::one(TensorType::new(ElementType::F32, shape), move |inputs, outputs, _| {
        let out = outputs[0].f32_mut();
        if let (Data::I64(values), Places::Few(categories)) = (inputs[0], &places) {
            let all_known = compare(values, categories, out);
            return if all_known || zeros { Ok(()) } else { Err(ErrorCode::InvalidValue) };
        }
        out.fill(0.0);
        for at in 0..inputs[0].len() {
            match places.find(inputs[0], at) {
                Some(place) => out[at * width + place] = 1.0,
                None if zeros => {}
                None => return Err(ErrorCode::InvalidValue),
            }
        }
        Ok(())
    }))
}

/// Writes of each value which category it is, without a branch; false if one is none of them.
fn compare(values: &[i64], categories: &[i64], out: &mut [f32]) -> bool {
    // Without categories there is nothing to write, and nothing is known.
    let mut all_known = !categories.is_empty() || values.is_empty();
    for (value, out) in values.iter().zip(out.chunks_exact_mut(categories.len().max(1))) {
        let mut known = false;
        for (out, category) in out.iter_mut().zip(categories) {
            let is_this = value == category;
            known |= is_this;
            *out = f32::from(u8::from(is_this));
        }
        all_known &= known;
    }
    all_known
}

/// So few integers are looked through one by one.
const FEW: usize = 32;

/// Where each category stands among them; the first of equal ones counts.
enum Places {
    /// Integers, each once.
    Few(Vec<i64>),
    Many(HashMap<Key, usize>),
}

impl Places {
    fn of(categories: &Data) -> Self {
        match categories {
            Data::I64(integers) if integers.len() <= FEW && are_distinct(integers) => {
                Self::Few(integers.clone())
            }
            categories => {
                let mut places = HashMap::with_capacity(categories.len());
                for (index, key) in keys_of(categories).into_iter().enumerate() {
                    places.entry(key).or_insert(index);
                }
                Self::Many(places)
            }
        }
    }

    /// Numbers are cut to whole ones.
    fn find(&self, data: &Data, at: usize) -> Option<usize> {
        let key = match data {
            Data::F32(values) => whole(f64::from(values[at])),
            Data::F64(values) => whole(values[at]),
            data => key_at(data, at),
        };
        match (self, key) {
            (Self::Few(integers), Key::Integer(key)) => integers.iter().position(|known| *known == key),
            (Self::Few(_), _) => None,
            (Self::Many(places), key) => places.get(&key).copied(),
        }
    }
}

fn are_distinct(integers: &[i64]) -> bool {
    integers.iter().enumerate().all(|(at, integer)| !integers[..at].contains(integer))
}

/// The class labels of a `ZipMap`, for the column that it becomes.
pub(crate) fn zip_map(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::F32])?;
    Ok(Built::View(context.input(0)?.tensor_type.clone()))
}

/// What the labels of a `ZipMap` node are.
pub(crate) fn zip_map_labels(attributes: &Attributes) -> Result<Tensor, ModelError> {
    let (element, data) =
        list(attributes, "classlabels")?.ok_or_else(|| invalid("a ZipMap without class labels"))?;
    Ok(Tensor { element, shape: vec![data.len()], data })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::graph::{Domain, Node};
    use crate::operators::Workspace;
    use crate::operators::context::Input;

    /// What `OneHotEncoder` makes of values, where a value without a category is an error.
    fn one_hot(categories: &[i64], values: &[i64]) -> Result<Vec<f32>, ErrorCode> {
        let list = |values: &[i64]| (vec![values.len()], Data::I64(values.to_vec()));
        let (shape, data) = list(categories);
        let tensor = Tensor { element: ElementType::I64, shape, data };
        let mut attributes = Attributes::default();
        attributes.push("cats_tensor".into(), Attribute::Tensor(Arc::new(tensor)));
        attributes.push("zeros".into(), Attribute::Integer(0));
        let node = Node {
            name: "n".into(),
            domain: Domain::OnnxMl,
            operator: "OneHotEncoder".into(),
            version: 1,
            inputs: vec!["x".into()],
            outputs: vec!["y".into()],
            attributes,
        };
        let (shape, data) = list(values);
        let inputs = [Some(Input { tensor_type: TensorType::new(ElementType::I64, shape), constant: None })];
        let built = one_hot_encoder(&NodeContext { node: &node, inputs: &inputs }).unwrap();
        let Built::Compute(computation) = built else { panic!("nothing is computed") };
        let mut outputs = [Data::F32(vec![f32::NAN; categories.len() * values.len()])];
        (computation.kernel)(&[&data], &mut outputs, &mut Workspace::default())?;
        Ok(outputs[0].f32().to_vec())
    }

    #[test]
    fn a_value_without_a_category_is_an_error_where_zeros_may_not_stand_for_it() {
        assert_eq!(one_hot(&[4, 2], &[2, 4]), Ok(vec![0.0, 1.0, 1.0, 0.0]));
        assert_eq!(one_hot(&[4, 2], &[2, 3]), Err(ErrorCode::InvalidValue));
        assert_eq!(one_hot(&[], &[2]), Err(ErrorCode::InvalidValue));
        assert_eq!(one_hot(&[], &[]), Ok(vec![]));
    }
}
