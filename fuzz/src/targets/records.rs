//! Records, in each of their codecs.

use std::sync::LazyLock;

use scorewheel_codecs::{
    Codec, CsvDecoder, CsvOptions, CsvRows, DataTypeDefinition, ProtobufMessage, RecordDecoder,
};
use scorewheel_columns::{Batch, Cell, DataType, Field, TensorElement, Value};
use scorewheel_http::RecordLine;

/// A message with all that a schema can hold.
const BASKET: &str = r#"
syntax = "proto3";
message Basket {
  message Item { string name = 1; double price = 2; repeated int32 sizes = 3; }
  enum Colour { NONE = 0; RED = 1; GREEN = 2; }
  double weight = 1;
  float share = 2;
  int64 count = 3;
  sint32 change = 4;
  uint64 number = 5;
  fixed32 low = 6;
  sfixed64 high = 7;
  bool paid = 8;
  string note = 9;
  Colour colour = 10;
  Item first = 11;
  repeated string tags = 12;
  repeated double position = 13;
  optional bytes blob = 14;
}
"#;

/// The built-in type, one with all kinds of fields of protobuf, and one with all types of columns, in JSON.
pub(crate) static TYPES: LazyLock<Vec<DataTypeDefinition>> = LazyLock::new(|| {
    let declared =
        [Field::new("position", DataType::Tensor { element: TensorElement::F64, shape: [3].into() })];
    let basket = ProtobufMessage::compile(&[("basket.proto", BASKET)], "Basket", &declared);
    let made = basket.map(|message| DataTypeDefinition::of_message("basket", Codec::Protobuf, message));
    let all = [DataTypeDefinition::wine().ok(), made.ok(), json_type()];
    let made: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(made.len(), 3, "the declarations of this file do not compile");
    made
});

fn json_type() -> Option<DataTypeDefinition> {
    let tensor = DataType::Tensor { element: TensorElement::F32, shape: [2, 2].into() };
    let fields = [
        ("f64", DataType::F64),
        ("f32", DataType::F32),
        ("i64", DataType::I64),
        ("bool", DataType::Bool),
        ("text", DataType::Text),
        ("date", DataType::Date),
        ("time", DataType::Time),
        ("datetime", DataType::DateTime),
        ("list", DataType::TextList),
        ("tensor", tensor),
    ];
    let fields = fields.map(|(name, data_type)| Field::new(name, data_type)).to_vec();
    DataTypeDefinition::of_fields("all", Codec::Json, fields).ok()
}

/// The cells of one row, for comparison; texts, so that NaN equals itself.
fn cells(batch: &Batch, row: usize) -> Vec<(Cell, String)> {
    batch.columns().iter().map(|column| (column.cell(row), format!("{:?}", column.get(row)))).collect()
}

/// Decodes a record after another one, which stays as it is.
fn decode(definition: &DataTypeDefinition, decoder: &mut RecordDecoder, bytes: &[u8]) -> Option<Batch> {
    let mut batch = Batch::new(definition.schema().clone());
    batch.resize(2);
    let before = cells(&batch, 0);
    let read = decoder.decode(bytes, &mut batch, 1);
    assert_eq!(cells(&batch, 0), before);
    if read.is_err() {
        assert_eq!(cells(&batch, 1), before, "a record that is refused leaves no trace");
        return None;
    }
    Some(batch)
}

fn round_trip(definition: &DataTypeDefinition, bytes: &[u8]) {
    let mut decoder = definition.decoder();
    let Some(batch) = decode(definition, &mut decoder, bytes) else { return };
    let mut encoded = Vec::new();
    if definition.encoder().encode(&batch, 1, &mut encoded).is_err() {
        return;
    }
    let again = decode(definition, &mut decoder, &encoded);
    let again = again.unwrap_or_else(|| panic!("what was encoded is not decoded: {encoded:?}"));
    let (first, second) = (cells(&batch, 1), cells(&again, 1));
    // A fault cannot be written; it is missing in what is encoded.
    for ((cell, value), (cell_again, value_again)) in first.iter().zip(&second) {
        if *cell == Cell::Value && *cell_again == Cell::Value {
            assert_eq!(value, value_again, "in {encoded:?}");
        }
    }
}

/// A record in protobuf, of the built-in message and of one with all kinds of fields.
pub fn protobuf(bytes: &[u8]) {
    TYPES[..2].iter().for_each(|definition| round_trip(definition, bytes));
}

/// A record in JSON.
pub fn json(bytes: &[u8]) {
    TYPES.iter().for_each(|definition| round_trip(definition, bytes));
}

/// A file of CSV.
pub fn csv(bytes: &[u8]) {
    let definition = &TYPES[2];
    let names: Vec<String> =
        definition.schema().fields().iter().map(|field| field.name.to_string()).collect();
    for (delimiter, names) in [(b',', None), (b';', Some(names))] {
        let options = CsvOptions { delimiter, header: names.is_none(), names };
        let Ok(mut rows) = CsvRows::new(bytes, &options) else { continue };
        let Ok(decoder) = CsvDecoder::new(definition.schema(), rows.names()) else { continue };
        let mut batch = Batch::new(definition.schema().clone());
        while let Ok(Some(row)) = rows.next_row() {
            batch.resize(1);
            // Refused or not: the row can be looked at.
            let _ = decoder.decode(row, &mut batch, 0);
            let seen = cells(&batch, 0);
            assert_eq!(seen.len(), definition.schema().len());
            batch.resize(0);
        }
    }
}

/// Records as the HTTP interface takes them.
pub fn line(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for record in RecordLine::parse_all(text).into_iter().flatten() {
        let rendered = record.render();
        let again = scorewheel_http::record_line::parse_rendered(&rendered);
        assert_eq!(again.as_ref(), Ok(&record), "{rendered}");
    }
}

/// A value of a type, by a random number; each oddity is among them.
pub(crate) fn value(data_type: &DataType, random: u64) -> Value {
    let pick = (random >> 8) as usize;
    let double = [0.0, -1.0, 0.5, 3.0, 1e300, f64::INFINITY, f64::NAN, -0.0][pick % 8];
    let integer = [0, 1, -1, 7, 18_000, i64::MAX, i64::MIN][pick % 7];
    match (data_type, random % 6) {
        (_, 0) => Value::Missing,
        (DataType::F64, _) => Value::F64(double),
        (DataType::F32, _) => Value::F32(double as f32),
        (DataType::I64, _) => Value::I64(integer),
        (DataType::Bool, at) => Value::Bool(at % 2 == 0),
        (DataType::Date, _) => Value::Date(integer),
        (DataType::Time, _) => Value::Time(integer),
        (DataType::DateTime, _) => Value::DateTime(integer),
        (DataType::Text, _) => Value::from(["", "a", "1", "é", "true", "red"][pick % 6]),
        _ => Value::Missing,
    }
}
