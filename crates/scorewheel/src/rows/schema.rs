//! The schema of rows that were made for one model: from its inputs, the side file's mapping, and the first row.

use std::sync::Arc;

use scorewheel_columns::{DataType, Field, Schema, TensorElement, schema::fold_name};
use scorewheel_model::{InputField, Mapping, Model, ModelError, ModelErrorKind};

use super::source::{FirstRow, Sample};

/// The schema of the rows of a file, for this model.
///
/// A field an input, of the input's type; where the mapping names the fields of an input, those. A model with one
/// vector input that no field of the first row is named for takes the row's numeric fields in their order, or a lone
/// field that is a list.
///
/// # Errors
/// [`ModelErrorKind::WrongSchema`] if the vector is of another length, [`ModelErrorKind::Invalid`] if two inputs share
/// a name.
pub fn schema_of(
    model: &dyn Model,
    mapping: &Mapping,
    first: Option<&FirstRow>,
) -> Result<Arc<Schema>, ModelError> {
    let inputs = model.inputs();
    let mut fields: Vec<Field> = Vec::new();
    for input in inputs {
        let feeding = match (mapping.fields_of(&input.name), inputs) {
            (Some([field]), _) => vec![field_of(mapping, field.clone(), &input.data_type)],
            (Some(names), _) => {
                let element = element_of(&input.data_type);
                names.iter().map(|name| field_of(mapping, name.clone(), &element)).collect()
            }
            (None, [lone]) => match first {
                Some(first) => lone_input(lone, mapping, first)?,
                None => vec![field_of(mapping, input.name.clone(), &input.data_type)],
            },
            (None, _) => vec![field_of(mapping, input.name.clone(), &input.data_type)],
        };
        for field in feeding {
            // One field may feed several inputs.
            if !fields.iter().any(|known| known.name == field.name) {
                fields.push(field);
            }
        }
    }
    let invalid =
        |error: scorewheel_columns::SchemaError| ModelError::new(ModelErrorKind::Invalid, error.to_string());
    Ok(Arc::new(Schema::new(fields).map_err(invalid)?))
}

/// A field of this name: of strings if the mapping codes it, else of this type.
fn field_of(mapping: &Mapping, name: impl Into<Box<str>>, data_type: &DataType) -> Field {
    let name = name.into();
    let coded = mapping.codes_of(&name).is_some();
    Field::new(name, if coded { DataType::Text } else { data_type.clone() })
}

/// The fields of the first row that feed the only input.
fn lone_input(input: &InputField, mapping: &Mapping, first: &FirstRow) -> Result<Vec<Field>, ModelError> {
    let own = || vec![field_of(mapping, input.name.clone(), &input.data_type)];
    let DataType::Tensor { shape, .. } = &input.data_type else { return Ok(own()) };
    let folded = fold_name(&input.name);
    if first.fields.is_empty() || first.fields.iter().any(|(name, _)| fold_name(name) == folded) {
        return Ok(own());
    }
    if let [(name, Sample::List(_))] = first.fields.as_slice() {
        return Ok(vec![Field::new(name.as_str(), input.data_type.clone())]);
    }
    let width: usize = shape.iter().product();
    let named = |wanted: &[Sample]| -> Vec<&str> {
        let fields = first.fields.iter().filter(|(_, sample)| wanted.contains(sample));
        fields.map(|(name, _)| name.as_str()).collect()
    };
    // A number may be missing from the first row.
    let candidates = [named(&[Sample::Number]), named(&[Sample::Number, Sample::Missing])];
    match candidates.iter().find(|names| names.len() == width) {
        Some(names) => {
            let element = element_of(&input.data_type);
            Ok(names.iter().map(|name| Field::new(*name, element.clone())).collect())
        }
        None => {
            let message = format!(
                "the input {:?} takes {width} numbers; the first row has {} numeric fields ({}); \
                 name the field {:?} and give a list, or map the fields in <model>.toml",
                input.name,
                candidates[0].len(),
                candidates[0].join(", "),
                input.name
            );
            Err(ModelError::new(ModelErrorKind::WrongSchema, message))
        }
    }
}

/// The type of a field that gives one element.
fn element_of(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Tensor { element: TensorElement::F32, .. } => DataType::F32,
        DataType::Tensor { element: TensorElement::F64, .. } => DataType::F64,
        DataType::Tensor { element: TensorElement::I64, .. } => DataType::I64,
        DataType::Tensor { element: TensorElement::Text, .. } => DataType::Text,
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_columns::OutputSchema;
    use scorewheel_model::{BoundModel, InputMapping, Summary};

    #[derive(Debug)]
    struct Inputs(Vec<InputField>, Arc<OutputSchema>);

    impl Model for Inputs {
        fn summary(&self) -> Summary {
            Summary::default()
        }

        fn inputs(&self) -> &[InputField] {
            &self.0
        }

        fn outputs(&self) -> &Arc<OutputSchema> {
            &self.1
        }

        fn bind(&self, _: &Arc<Schema>, _: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
            Err(ModelError::new(ModelErrorKind::Unsupported, "only inputs"))
        }
    }

    fn model(inputs: &[(&str, DataType)]) -> Inputs {
        let inputs = inputs.iter().map(|(name, data_type)| InputField {
            name: (*name).into(),
            data_type: data_type.clone(),
            required: true,
        });
        Inputs(inputs.collect(), Arc::default())
    }

    fn names(model: &Inputs, mapping: &Mapping, first: &[(&str, Sample)]) -> Result<Vec<String>, String> {
        let fields = first.iter().map(|(name, sample)| ((*name).to_owned(), sample.clone())).collect();
        schema_of(model, mapping, Some(&FirstRow { fields }))
            .map(|schema| schema.fields().iter().map(|f| format!("{} {}", f.name, f.data_type)).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_vector_takes_numbers_by_name_by_order_or_a_lone_list() {
        let vector = DataType::Tensor { element: TensorElement::F32, shape: Box::new([2]) };
        let lone = model(&[("dense_input", vector.clone())]);
        let none = Mapping::default();
        let tensor = format!("dense_input {vector}");
        assert_eq!(names(&lone, &none, &[("Dense-Input", Sample::List(vec![2]))]), Ok(vec![tensor.clone()]));
        assert_eq!(names(&lone, &none, &[("x", Sample::List(vec![2]))]), Ok(vec![format!("x {vector}")]));
        let row = [("b", Sample::Number), ("kind", Sample::Other), ("a", Sample::Number)];
        assert_eq!(names(&lone, &none, &row), Ok(vec!["b f32".into(), "a f32".into()]));
        let row = [("b", Sample::Missing), ("a", Sample::Number)];
        assert_eq!(names(&lone, &none, &row), Ok(vec!["b f32".into(), "a f32".into()]));
        let error = names(&lone, &none, &[("a", Sample::Number)]).unwrap_err();
        assert!(error.contains("takes 2 numbers; the first row has 1 numeric fields (a)"), "{error}");
        assert_eq!(schema_of(&lone, &none, None).unwrap().len(), 1);
        assert_eq!(names(&lone, &none, &[]), Ok(vec![tensor]));
    }

    #[test]
    fn a_mapping_names_the_fields() {
        let vector = DataType::Tensor { element: TensorElement::F64, shape: Box::new([2]) };
        let two = model(&[("x", vector), ("y", DataType::Text)]);
        let mapping = Mapping {
            inputs: vec![InputMapping { input: "x".into(), fields: vec!["a".into(), "b".into()] }],
            ..Mapping::default()
        };
        let fields = names(&two, &mapping, &[]);
        assert_eq!(fields, Ok(vec!["a f64".into(), "b f64".into(), "y string".into()]));
    }
}
