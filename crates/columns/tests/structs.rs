//! Structs as records, and answers as structs.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scorewheel_columns::{
    AnswerNames, AnswerReader, Auxiliary, Batch, Cell, DataType, ErrorCode, Field, Labels, OutputField,
    OutputSchema, OutputType, OutputValues, RecordWriter, Role, RowError, Schema, Scores, TensorElement,
    Value, WriteError,
};
use serde::{Deserialize, Serialize};

fn tensor(shape: &[usize]) -> DataType {
    DataType::Tensor { element: TensorElement::F32, shape: shape.into() }
}

fn schema() -> Arc<Schema> {
    let fields = [
        ("fixed acidity", DataType::F64),
        ("year", DataType::I64),
        ("colour", DataType::Text),
        ("bottled", DataType::Date),
        ("maker.country", DataType::Text),
        ("maker.address.zip", DataType::I64),
        ("flavours", DataType::TextList),
        ("image", tensor(&[2, 2])),
        ("organic", DataType::Bool),
    ];
    Arc::new(Schema::new(fields.map(|(name, data_type)| Field::new(name, data_type)).into()).unwrap())
}

#[derive(Serialize)]
enum Colour {
    #[serde(rename = "red")]
    Red,
}

#[derive(Serialize, Default)]
struct Address {
    zip: u32,
}

#[derive(Serialize, Default)]
struct Maker {
    country: &'static str,
    address: Option<Address>,
}

#[derive(Serialize, Default)]
struct Wine {
    fixed_acidity: f64,
    year: Option<i16>,
    colour: Option<Colour>,
    bottled: String,
    maker: Maker,
    flavours: Vec<&'static str>,
    image: [[f32; 2]; 2],
    organic: bool,
    unknown: u8,
}

fn written<T: Serialize>(records: &[T]) -> (Batch, Vec<Result<(), WriteError>>) {
    let schema = schema();
    let mut writer = RecordWriter::new(&schema);
    let mut batch = Batch::new(schema);
    batch.resize(records.len());
    let results =
        records.iter().enumerate().map(|(row, record)| writer.write(&mut batch, row, record)).collect();
    (batch, results)
}

fn row(batch: &Batch, row: usize) -> Vec<Value> {
    batch.columns().iter().map(|column| column.get(row)).collect()
}

#[test]
fn every_kind_of_field_finds_its_column() {
    let wine = Wine {
        fixed_acidity: 7.4,
        year: Some(2011),
        colour: Some(Colour::Red),
        bottled: "2012-03-01".into(),
        maker: Maker { country: "Portugal", address: Some(Address { zip: 4050 }) },
        flavours: vec!["plum", "oak"],
        image: [[1.0, 2.0], [3.0, 4.0]],
        organic: true,
        unknown: 1,
    };
    let (batch, results) = written(&[Wine::default(), wine, Wine::default()]);
    assert_eq!(results, [Ok(()), Ok(()), Ok(())]);
    let texts = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::from(*text)).collect());
    let numbers = |numbers: &[f32]| Value::List(numbers.iter().map(|number| Value::F32(*number)).collect());
    assert_eq!(
        row(&batch, 1),
        [
            Value::F64(7.4),
            Value::I64(2011),
            Value::from("red"),
            Value::Date(15_400),
            Value::from("Portugal"),
            Value::I64(4050),
            texts(&["plum", "oak"]),
            numbers(&[1.0, 2.0, 3.0, 4.0]),
            Value::Bool(true),
        ]
    );
    let cells: Vec<Cell> = batch.columns().iter().map(|column| column.cell(2)).collect();
    use Cell::{Missing, Unparsable, Value as Good};
    assert_eq!(cells, [Good, Missing, Missing, Unparsable, Good, Missing, Good, Good, Good]);
    assert_eq!(batch.column(6).get(2), texts(&[]));
}

#[test]
fn what_does_not_fit_is_a_fault_of_its_cell() {
    #[derive(Serialize)]
    struct Odd {
        fixed_acidity: (),
        year: f32,
        colour: i8,
        maker: f64,
        flavours: (&'static str, u8),
        image: Vec<Vec<f32>>,
        organic: Vec<bool>,
    }
    let odd = Odd {
        fixed_acidity: (),
        year: 2.5,
        colour: 3,
        maker: 1.0,
        flavours: ("plum", 1),
        image: vec![vec![1.0, 2.0, 3.0], vec![4.0]],
        organic: vec![true],
    };
    let (batch, results) = written(&[odd]);
    assert_eq!(results, [Ok(())]);
    let cells: Vec<Cell> = batch.columns().iter().map(|column| column.cell(0)).collect();
    use Cell::{Missing, WrongType};
    assert_eq!(
        cells,
        [Missing, WrongType, WrongType, Missing, Missing, Missing, WrongType, WrongType, WrongType]
    );
    let texts = [1, 6, 7].map(|column| batch.column(column).fault_text(0).unwrap_or_default());
    assert_eq!(
        texts,
        ["2.5", "a list with an item that is no string", "a list with an element of another type"]
    );
}

#[test]
fn names_in_another_order_and_depth_are_not_taken_for_one_another() {
    // Keys in the same order, of which the last is nested in one record and not in the other.
    let schema = Schema::new(vec![
        Field::new("a.x", DataType::I64),
        Field::new("a.y", DataType::I64),
        Field::new("y", DataType::I64),
    ]);
    let schema = Arc::new(schema.unwrap());
    let mut batch = Batch::new(Arc::clone(&schema));
    batch.resize(3);
    let mut writer = RecordWriter::new(&schema);
    let records = [r#"{"a":{"x":1},"y":2}"#, r#"{"a":{"x":3,"y":4}}"#, r#"{"y":5,"a":{"x":6}}"#];
    for (at, record) in records.into_iter().enumerate() {
        let record: serde_json::Value = serde_json::from_str(record).unwrap();
        writer.write(&mut batch, at, &record).unwrap();
    }
    assert_eq!(row(&batch, 0), [Value::I64(1), Value::Missing, Value::I64(2)]);
    assert_eq!(row(&batch, 1), [Value::I64(3), Value::I64(4), Value::Missing]);
    assert_eq!(row(&batch, 2), [Value::I64(6), Value::Missing, Value::I64(5)]);
}

#[test]
fn a_record_that_cannot_be_written_leaves_its_row_and_neighbours_alone() {
    let record = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let twice = record(r#"{"flavours":["a"],"fixed_acidity":1,"fixed acidity":2}"#);
    let good = record(r#"{"flavours":["b"]}"#);
    let (batch, results) = written(&[good.clone(), twice, record("[1]"), good]);
    let doubled = WriteError::DoubledName { field: "fixed acidity".into(), name: "fixed_acidity".into() };
    assert_eq!(results[1], Err(doubled));
    assert_eq!(results[2], Err(WriteError::NoRecord("a sequence")));
    for (at, flavour) in [(0, Some("b")), (1, None), (2, None), (3, Some("b"))] {
        let wanted = flavour.map_or(Value::Missing, |text| Value::List(vec![Value::from(text)]));
        assert_eq!(batch.column(6).get(at), wanted, "row {at}");
        assert_eq!(batch.column(0).cell(at), Cell::Missing, "row {at}");
    }
}

#[test]
fn names_without_a_field_are_refused_on_request() {
    let schema = schema();
    let mut batch = Batch::new(Arc::clone(&schema));
    batch.resize(1);
    let mut writer = RecordWriter::new(&schema).refuse_unknown_names();
    let nested = HashMap::from([("maker", HashMap::from([("county", "Douro")]))]);
    let error = writer.write(&mut batch, 0, &nested).unwrap_err();
    assert!(matches!(&error, WriteError::UnknownName { name, .. } if &**name == "maker.county"), "{error}");
    assert!(writer.write(&mut batch, 0, &HashMap::from([("Maker", ())])).is_ok());
    let map = Value::Map(vec![("county".into(), Value::from("Douro"))]);
    assert_eq!(writer.write_map(&mut batch, 0, [("maker", map)]), Err(error));
}

/// A label, a distribution and a number of each type; the second row has an error, the third nothing.
fn scores() -> (AnswerReader, Scores) {
    let labels = Arc::new(Labels::of_texts(["low", "high"]));
    let field =
        |name: Option<&str>, role, output_type| OutputField { name: name.map(Into::into), role, output_type };
    let about = |what| Role::Auxiliary { target: 0, what };
    let schema = Arc::new(OutputSchema::new(vec![
        field(Some("predictedQuality"), Role::Target, OutputType::Label(Arc::clone(&labels))),
        field(Some("points"), Role::Output, OutputType::F64),
        field(Some("at"), Role::Output, OutputType::Date),
        field(Some("vector"), Role::Output, OutputType::Tensor(Box::new([2, 1]))),
        field(None, about(Auxiliary::Probability), OutputType::Distribution(Arc::clone(&labels))),
        field(None, about(Auxiliary::EntityIdRanking), OutputType::Ranking(labels)),
        field(Some("any"), Role::Output, OutputType::Any),
    ]));
    let mut scores = Scores::new();
    scores.reset(&schema, 3);
    for column in scores.columns_mut() {
        match &mut column.values {
            OutputValues::Label(codes) => codes[0] = 1,
            OutputValues::F64(values) => values[0] = 88.0,
            OutputValues::I64(values) => values[0] = 15_400,
            OutputValues::Numbers { numbers, .. } => numbers[..2].copy_from_slice(&[0.0, 1.0]),
            OutputValues::Any(values) => {
                values[0] = Value::Map(vec![("k".into(), Value::List(vec![Value::I64(1)]))]);
            }
            _ => {}
        }
        column.set_missing(2);
    }
    scores.set_error(1, RowError::new(ErrorCode::NoAnswer));
    (AnswerReader::new(AnswerNames::new(&schema)), scores)
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Quality {
    Low,
    High,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Tasting {
    predicted_quality: Option<Quality>,
    points: Option<u8>,
    at: Option<String>,
    #[serde(default)]
    vector: Option<Vec<[f64; 1]>>,
    probability: Option<BTreeMap<String, f64>>,
    entity_id_ranking: Option<Vec<String>>,
    any: Option<HashMap<String, Vec<i64>>>,
    elsewhere: Option<f64>,
}

#[test]
fn answers_are_read_by_the_type_that_is_asked_for() {
    let (mut reader, scores) = scores();
    let tasting: Tasting = reader.read(&scores, 0).unwrap();
    let wanted = Tasting {
        predicted_quality: Some(Quality::High),
        points: Some(88),
        at: Some("2012-03-01".into()),
        vector: Some(vec![[0.0], [1.0]]),
        probability: Some(BTreeMap::from([("low".into(), 0.0), ("high".into(), 1.0)])),
        entity_id_ranking: Some(vec!["low".into(), "high".into()]),
        any: Some(HashMap::from([("k".into(), vec![1])])),
        elsewhere: None,
    };
    assert_eq!(tasting, wanted);
    let none: Tasting = reader.read(&scores, 2).unwrap();
    assert!(none.predicted_quality.is_none() && none.probability.is_none() && none.at.is_none());

    // The score alone, and all answers as a map.
    assert_eq!(reader.read::<Quality>(&scores, 0).unwrap(), Quality::High);
    assert_eq!(reader.read::<&str>(&scores, 0).unwrap(), "high");
    assert_eq!(reader.read::<Option<String>>(&scores, 2).unwrap(), None);
    let all: BTreeMap<String, serde_json::Value> = reader.read(&scores, 0).unwrap();
    assert_eq!(all.len(), 7);
    assert_eq!(all["probability"], serde_json::json!({"low": 0.0, "high": 1.0}));
    assert_eq!(all["predictedQuality"], "high");
}

#[test]
fn an_answer_that_does_not_fit_is_named() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it cannot be made")]
    struct Wrong {
        at: f64,
    }
    let (mut reader, scores) = scores();
    let error = reader.read::<Wrong>(&scores, 0).unwrap_err().to_string();
    assert!(error.starts_with("answer \"at\": invalid type: string \"2012-03-01\""), "{error}");
    let error = reader.read::<Wrong>(&scores, 2).unwrap_err().to_string();
    assert!(error.starts_with("answer \"at\": invalid type"), "{error}");
}
