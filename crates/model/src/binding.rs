//! Which fields of a schema feed which input.

use std::sync::Arc;

use scorewheel_columns::{DataType, Field, FieldIndex, Schema, SchemaError};

use crate::contract::InputField;
use crate::error::{ModelError, ModelErrorKind};
use crate::mapping::Mapping;

/// What feeds one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundInput {
    /// One field.
    Field(FieldIndex),
    /// The fields of a vector, in order.
    Vector(Vec<FieldIndex>),
    /// Nothing: always missing.
    Absent,
}

/// Finds the fields that feed `inputs`: by `mapping`, else by name, exactly or folded.
///
/// A model whose only input is a vector, and whose name no field has, takes the numeric fields in schema order; a
/// lone input of another kind takes a lone field.
///
/// # Errors
/// [`ModelErrorKind::WrongSchema`] that names the input and, where there is one, a field with a similar name.
pub fn resolve_inputs(
    schema: &Schema,
    inputs: &[InputField],
    mapping: &Mapping,
) -> Result<Vec<BoundInput>, ModelError> {
    for stated in &mapping.inputs {
        if !inputs.iter().any(|input| input.name == stated.input) {
            let names: Vec<&str> = inputs.iter().map(|input| &*input.name).collect();
            let message = format!("the mapping names the input {:?}; the model has {names:?}", stated.input);
            return Err(ModelError::new(ModelErrorKind::WrongSchema, message));
        }
    }
    for (index, stated) in mapping.inputs.iter().enumerate() {
        if mapping.inputs[..index].iter().any(|earlier| earlier.input == stated.input) {
            let message = format!("the mapping names the input {:?} twice", stated.input);
            return Err(ModelError::new(ModelErrorKind::WrongSchema, message));
        }
    }
    let lone = inputs.len() == 1;
    inputs.iter().map(|input| resolve(schema, input, mapping, lone)).collect()
}

fn resolve(
    schema: &Schema,
    input: &InputField,
    mapping: &Mapping,
    lone: bool,
) -> Result<BoundInput, ModelError> {
    let wrong = |message: String| ModelError::new(ModelErrorKind::WrongSchema, message);
    if let Some(fields) = mapping.fields_of(&input.name) {
        let find = |name: &str| {
            schema.find(name).map_err(|error| wrong(format!("input {:?} is mapped, but {error}", input.name)))
        };
        return match fields {
            [] => Err(wrong(format!("input {:?} is mapped to no field", input.name))),
            [field] => Ok(BoundInput::Field(find(field)?)),
            fields => {
                Ok(BoundInput::Vector(fields.iter().map(|field| find(field)).collect::<Result<_, _>>()?))
            }
        };
    }
    match schema.find(&input.name) {
        Ok(field) => return Ok(BoundInput::Field(field)),
        Err(error @ SchemaError::AmbiguousField { .. }) => return Err(wrong(error.to_string())),
        Err(_) => {}
    }
    if lone {
        if let DataType::Tensor { shape, .. } = &input.data_type {
            let numeric: Vec<FieldIndex> =
                (0..schema.len()).filter(|index| schema.fields()[*index].data_type.is_numeric()).collect();
            let width: usize = shape.iter().product();
            if numeric.len() == width && width > 0 && shape.len() <= 1 {
                return Ok(BoundInput::Vector(numeric));
            }
        }
        if schema.len() == 1 {
            return Ok(BoundInput::Field(0));
        }
    }
    if !input.required {
        return Ok(BoundInput::Absent);
    }
    let names: Vec<&str> = schema.fields().iter().map(|field| &*field.name).collect();
    Err(wrong(format!(
        "input {:?} ({}) has no field; the records have {names:?}",
        input.name, input.data_type
    )))
}

/// The schema with one optional field an input.
///
/// # Errors
/// [`ModelErrorKind::Invalid`] if two inputs share a name.
pub fn schema_of_inputs(inputs: &[InputField]) -> Result<Arc<Schema>, ModelError> {
    let fields = inputs.iter().map(|input| Field::new(input.name.clone(), input.data_type.clone())).collect();
    let invalid = |error: SchemaError| ModelError::new(ModelErrorKind::Invalid, error.to_string());
    Ok(Arc::new(Schema::new(fields).map_err(invalid)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::InputMapping;
    use scorewheel_columns::TensorElement;

    fn input(name: &str, data_type: DataType, required: bool) -> InputField {
        InputField { name: name.into(), data_type, required }
    }

    fn wine() -> Schema {
        let names = ["fixed_acidity", "pH", "alcohol"];
        let mut fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::F64)).collect();
        fields.push(Field::new("dataType", DataType::Text));
        Schema::new(fields).unwrap()
    }

    fn vector(width: usize) -> DataType {
        DataType::Tensor { element: TensorElement::F32, shape: Box::new([width]) }
    }

    #[test]
    fn by_name_by_folded_name_or_absent() {
        let inputs = [
            input("fixed acidity", DataType::F64, true),
            input("alcohol", DataType::F64, true),
            input("colour", DataType::Text, false),
        ];
        let bound = resolve_inputs(&wine(), &inputs, &Mapping::default()).unwrap();
        assert_eq!(bound, [BoundInput::Field(0), BoundInput::Field(2), BoundInput::Absent]);
        let error =
            resolve_inputs(&wine(), &[input("sugar", DataType::F64, true)], &Mapping::default()).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::WrongSchema);
    }

    #[test]
    fn a_lone_vector_takes_the_numeric_fields() {
        let bound =
            resolve_inputs(&wine(), &[input("dense_1_input", vector(3), true)], &Mapping::default()).unwrap();
        assert_eq!(bound, [BoundInput::Vector(vec![0, 1, 2])]);
        assert!(
            resolve_inputs(&wine(), &[input("dense_1_input", vector(4), true)], &Mapping::default()).is_err()
        );
    }

    #[test]
    fn a_mapping_goes_first() {
        let mapping = Mapping {
            inputs: vec![InputMapping { input: "x".into(), fields: vec!["alcohol".into(), "pH".into()] }],
            ..Mapping::default()
        };
        let bound = resolve_inputs(&wine(), &[input("x", vector(2), true)], &mapping).unwrap();
        assert_eq!(bound, [BoundInput::Vector(vec![2, 1])]);
        assert!(resolve_inputs(&wine(), &[input("y", vector(2), true)], &mapping).is_err());
    }
}
