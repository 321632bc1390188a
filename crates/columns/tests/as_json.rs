//! A record as a struct means what it means as JSON: cell by cell, faults included.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scorewheel_codecs::{Codec, DataTypeDefinition};
use scorewheel_columns::{Batch, Cell, DataType, Field, RecordWriter, Schema, TensorElement, Value};

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-7",
    "2.5",
    "3.0",
    "1e300",
    "18446744073709551615",
    "\"\"",
    "\"red\"",
    "\" 8 \"",
    "\"8.0\"",
    "\"8.5\"",
    "\"12,5\"",
    "\"NaN\"",
    "\"-Infinity\"",
    "\"TRUE\"",
    "\"2024-02-29\"",
    "\"2024-02-30\"",
    "\"12:00:00\"",
    "\"2024-02-29T12:00:00+01:00\"",
    "[]",
    "[1]",
    "[[1]]",
    "[1,2]",
    "[1,2,3,4]",
    "[[1,2],[3,4]]",
    "[[1,2],[3]]",
    "[[1],[2],[3],[4]]",
    "[1,null,3,4]",
    "[1,[2],3,4]",
    "[1,{\"a\":2},3,4]",
    "[\"a\",{\"b\":[\"c\"]}]",
    "[\"a\",[\"b\"]]",
    "[\"a\",\"b\"]",
    "[\"a\",1]",
    "[\"a\",\"b\",\"c\",\"d\"]",
    "[true,false,true,2.5]",
    "[[[[1,2,3,4]]]]",
    "{}",
    "{\"a\":1}",
    "{\"x\":5}",
    "{\"x\":{\"y\":6}}",
    "{\"X\":[1]}",
];

fn data_types() -> Vec<DataType> {
    let tensor = |element, shape: &[usize]| DataType::Tensor { element, shape: shape.into() };
    vec![
        DataType::F64,
        DataType::F32,
        DataType::I64,
        DataType::Bool,
        DataType::Text,
        DataType::Date,
        DataType::Time,
        DataType::DateTime,
        DataType::TextList,
        tensor(TensorElement::F32, &[2, 2]),
        tensor(TensorElement::F64, &[4]),
        tensor(TensorElement::I64, &[2, 2]),
        tensor(TensorElement::Text, &[4]),
        tensor(TensorElement::F32, &[1]),
        tensor(TensorElement::F64, &[]),
    ]
}

/// Cells, values and the texts of faults of a row; NaN, which equals nothing, as its text, and numbers in one spelling.
fn contents(batch: &Batch, row: usize) -> Vec<(Cell, String, Option<String>)> {
    let content = |column: &scorewheel_columns::Column| {
        let value = column.get(row);
        let spelled = |text: &str| text.parse::<f64>().map_or(text.to_owned(), |number| number.to_string());
        (column.cell(row), format!("{value:?}"), column.fault_text(row).map(spelled))
    };
    batch.columns().iter().map(content).collect()
}

#[test]
fn every_value_makes_the_cell_that_it_makes_as_json() {
    for data_type in data_types() {
        let fields = vec![
            Field::new("a-b", data_type.clone()),
            Field::new("a-b.x", DataType::I64),
            Field::new("a-b.x.y", DataType::F64),
            Field::new("after", DataType::TextList),
        ];
        let definition = DataTypeDefinition::of_fields("a", Codec::Json, fields).unwrap();
        let (schema, mut decoder) = (Arc::clone(definition.schema()), definition.decoder());
        let mut writer = RecordWriter::new(&schema);
        let (mut decoded, mut written) = (Batch::new(Arc::clone(&schema)), Batch::new(Arc::clone(&schema)));
        decoded.resize(VALUES.len());
        written.resize(VALUES.len());
        for (row, value) in VALUES.iter().enumerate() {
            let text = format!("{{\"A_B\":{value},\"other\":1,\"after\":[\"z\"]}}");
            decoder.decode(text.as_bytes(), &mut decoded, row).unwrap();
            let record: serde_json::Value = serde_json::from_str(&text).unwrap();
            writer.write(&mut written, row, &record).unwrap();
            let (json, structs) = (contents(&decoded, row), contents(&written, row));
            assert_eq!(json, structs, "{value} for {data_type}: JSON (left), struct (right)");
            assert_eq!(written.column(3).get(row), Value::List(vec![Value::from("z")]), "{value}");
        }
    }
}

#[test]
fn maps_of_values_follow_the_same_rules() {
    for data_type in data_types() {
        let schema = Arc::new(Schema::new(vec![Field::new("a", data_type.clone())]).unwrap());
        let mut writer = RecordWriter::new(&schema);
        let mut batch = Batch::new(Arc::clone(&schema));
        batch.resize(2 * VALUES.len());
        for (at, text) in VALUES.iter().enumerate() {
            let json: serde_json::Value = serde_json::from_str(text).unwrap();
            let Some(value) = value_of(&json) else { continue };
            writer.write(&mut batch, 2 * at, &serde_json::json!({ "a": json })).unwrap();
            writer.write_map(&mut batch, 2 * at + 1, [("a", value)]).unwrap();
            let (as_struct, as_map) = (contents(&batch, 2 * at), contents(&batch, 2 * at + 1));
            assert_eq!(as_struct, as_map, "{text} for {data_type}: struct (left), map (right)");
        }
    }
}

/// The same as a [`Value`]; `None` for a number that is none.
fn value_of(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => Value::Missing,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(value) => Value::I64(value),
            None if number.is_u64() => return None,
            None => Value::F64(number.as_f64()?),
        },
        serde_json::Value::String(text) => Value::from(&**text),
        serde_json::Value::Array(items) => Value::List(items.iter().map(value_of).collect::<Option<_>>()?),
        serde_json::Value::Object(members) => {
            let entry =
                |(name, value): (&String, &serde_json::Value)| Some((name.as_str().into(), value_of(value)?));
            Value::Map(members.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
