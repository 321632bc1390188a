//! Arrow record batches into batches, and scores into record batches.
#![cfg(feature = "arrow")]
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use scorewheel_columns::edges::arrow::{
    ArrowEdgeError, BatchReader, ScoresWriter, arrow_array, arrow_schema, schema_of,
};
use scorewheel_columns::{
    Auxiliary, Batch, Cell, DataType, ErrorCode, Field, Labels, OutputField, OutputSchema, OutputType,
    OutputValues, Role, RowError, Schema, Scores, TensorElement, Value,
};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int8Type, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Date64Array, DictionaryArray, FixedSizeListArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, ListArray,
    NullArray, RecordBatch, StringArray, StringViewArray, StructArray, Time32SecondArray,
    Time64NanosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};

fn tensor(element: TensorElement, shape: &[usize]) -> DataType {
    DataType::Tensor { element, shape: shape.into() }
}

/// An array, the type of its column, and what becomes of it.
type Case = (ArrayRef, DataType, [Result<Value, Cell>; 2]);

/// What becomes of one array in a column of this type; faults as their kind.
fn read(array: ArrayRef, data_type: DataType) -> Vec<Result<Value, Cell>> {
    let schema = Arc::new(Schema::new(vec![Field::new("a", data_type)]).unwrap());
    let mut batch = Batch::new(Arc::clone(&schema));
    // Twice, and a slice: what was there before is forgotten, and offsets count.
    let records = RecordBatch::try_from_iter([("A", array)]).unwrap();
    let reader = BatchReader::new(&schema, &records.schema()).unwrap();
    let mut all = Vec::new();
    for _ in 0..2 {
        reader.read(&records, &mut batch).unwrap();
        all = contents(&batch);
    }
    let tail = records.slice(1, records.num_rows() - 1);
    reader.read(&tail, &mut batch).unwrap();
    assert_eq!(contents(&batch), all[1..], "the slice");
    all
}

fn contents(batch: &Batch) -> Vec<Result<Value, Cell>> {
    let column = batch.column(0);
    let content = |row| match column.cell(row) {
        cell if cell.is_fault() => Err(cell),
        _ => Ok(column.get(row)),
    };
    (0..batch.rows()).map(content).collect()
}

#[test]
fn every_type_of_number_feeds_numbers() {
    macro_rules! integers {
        ($($array:ident),*) => {
            vec![$(Arc::new($array::from(vec![Some(3), None, Some(1)])) as ArrayRef),*]
        };
    }
    let integers = integers!(
        Int8Array,
        Int16Array,
        Int32Array,
        Int64Array,
        UInt8Array,
        UInt16Array,
        UInt32Array,
        UInt64Array
    );
    for array in integers {
        let name = array.data_type().clone();
        let (three, one) = (Value::F64(3.0), Value::F64(1.0));
        assert_eq!(read(array.clone(), DataType::F64), [Ok(three), Ok(Value::Missing), Ok(one)], "{name}");
        let wanted = [Err(Cell::WrongType), Ok(Value::Missing), Ok(Value::Bool(true))];
        assert_eq!(read(array.clone(), DataType::Bool), wanted, "{name}");
        let wanted = [Ok(Value::I64(3)), Ok(Value::Missing), Ok(Value::I64(1))];
        assert_eq!(read(array, DataType::I64), wanted, "{name}");
    }
    let big: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    assert_eq!(read(big, DataType::I64), [Ok(Value::I64(0)), Err(Cell::WrongType)]);
    let floats: ArrayRef = Arc::new(Float32Array::from(vec![Some(0.5), None, Some(2.0)]));
    assert_eq!(
        read(floats.clone(), DataType::F64),
        [Ok(Value::F64(0.5)), Ok(Value::Missing), Ok(Value::F64(2.0))]
    );
    assert_eq!(
        read(floats.clone(), DataType::F32),
        [Ok(Value::F32(0.5)), Ok(Value::Missing), Ok(Value::F32(2.0))]
    );
    let wanted = [Err(Cell::WrongType), Ok(Value::Missing), Ok(Value::I64(2))];
    assert_eq!(read(floats.clone(), DataType::I64), wanted);
    let list = |number| Value::List(vec![Value::F64(number)]);
    let wanted = [Ok(list(0.5)), Ok(Value::Missing), Ok(list(2.0))];
    assert_eq!(read(floats, tensor(TensorElement::F64, &[1])), wanted);
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(0.1)]));
    assert_eq!(read(doubles, DataType::F64), [Ok(Value::Missing), Ok(Value::F64(0.1))]);
    let nothing: ArrayRef = Arc::new(NullArray::new(2));
    assert_eq!(read(nothing, DataType::TextList), [Ok(Value::Missing), Ok(Value::Missing)]);
    let truths: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
    assert_eq!(read(truths, DataType::Bool), [Ok(Value::Bool(true)), Ok(Value::Missing)]);
}

#[test]
fn every_type_of_string_feeds_strings_and_what_is_read_from_them() {
    let texts = vec![Some("red"), None, Some("1"), Some("red")];
    let dictionary: DictionaryArray<Int8Type> = texts.iter().copied().collect();
    // A string of the dictionary that is null, and one that no row has.
    let keys = Int8Array::from(vec![Some(3), Some(0), Some(2), None]);
    let values = StringArray::from(vec![None, Some("unused"), Some("1"), Some("red")]);
    let holes = DictionaryArray::new(keys, Arc::new(values));
    let arrays: [ArrayRef; 4] = [
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from(texts)),
        Arc::new(dictionary),
    ];
    let (red, one) = (Ok(Value::from("red")), Ok(Value::from("1")));
    for array in arrays {
        let name = array.data_type().clone();
        let wanted = [red.clone(), Ok(Value::Missing), one.clone(), red.clone()];
        assert_eq!(read(array.clone(), DataType::Text), wanted, "{name}");
        let bad = Err(Cell::Unparsable);
        let wanted = [bad.clone(), Ok(Value::Missing), Ok(Value::F64(1.0)), bad];
        assert_eq!(read(array, DataType::F64), wanted, "{name}");
    }
    let wanted = [red, Ok(Value::Missing), one, Ok(Value::Missing)];
    assert_eq!(read(Arc::new(holes), DataType::Text), wanted);
    let none: DictionaryArray<Int8Type> = vec![None::<&str>, None].into_iter().collect();
    assert_eq!(read(Arc::new(none), DataType::Text), [Ok(Value::Missing), Ok(Value::Missing)]);
    let days: ArrayRef = Arc::new(StringArray::from(vec!["1970-01-03", "soon"]));
    assert_eq!(read(days, DataType::Date), [Ok(Value::Date(2)), Err(Cell::Unparsable)]);
}

#[test]
fn dates_and_times_are_brought_to_days_and_microseconds() {
    let date_time = |micros| Ok(Value::DateTime(micros));
    let cases: [Case; 7] = [
        (
            Arc::new(Date32Array::from(vec![Some(2), None])),
            DataType::Date,
            [Ok(Value::Date(2)), Ok(Value::Missing)],
        ),
        (
            Arc::new(Date64Array::from(vec![-1, 86_400_000])),
            DataType::Date,
            [Ok(Value::Date(-1)), Ok(Value::Date(1))],
        ),
        (
            Arc::new(Time32SecondArray::from(vec![1, 2])),
            DataType::Time,
            [Ok(Value::Time(1_000_000)), Ok(Value::Time(2_000_000))],
        ),
        (
            Arc::new(Time64NanosecondArray::from(vec![1_999, 2_000])),
            DataType::Time,
            [Ok(Value::Time(1)), Ok(Value::Time(2))],
        ),
        (
            Arc::new(TimestampMillisecondArray::from(vec![1, -1]).with_timezone("+02:00")),
            DataType::DateTime,
            [date_time(1_000), date_time(-1_000)],
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![1, -1])),
            DataType::DateTime,
            [date_time(0), date_time(-1)],
        ),
        (
            Arc::new(TimestampSecondArray::from(vec![1, i64::MAX])),
            DataType::DateTime,
            [date_time(1_000_000), Err(Cell::WrongType)],
        ),
    ];
    for (array, data_type, wanted) in cases {
        let name = array.data_type().clone();
        assert_eq!(read(array, data_type), wanted, "{name}");
    }
}

#[test]
fn lists_feed_tensors_and_lists_of_strings() {
    let rows = vec![Some(vec![Some(1.0), Some(2.0)]), None, Some(vec![Some(3.0), Some(4.0)])];
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows.clone(), 2);
    let free = ListArray::from_iter_primitive::<Float32Type, _, _>(rows);
    let numbers = |a: f32, b: f32| Ok(Value::List(vec![Value::F32(a), Value::F32(b)]));
    let wanted = [numbers(1.0, 2.0), Ok(Value::Missing), numbers(3.0, 4.0)];
    assert_eq!(read(Arc::new(fixed.clone()), tensor(TensorElement::F32, &[2])), wanted);
    assert_eq!(read(Arc::new(free), tensor(TensorElement::F32, &[2])), wanted);
    let wrong = Err(Cell::WrongType);
    let wanted = [wrong.clone(), Ok(Value::Missing), wrong.clone()];
    assert_eq!(read(Arc::new(fixed), tensor(TensorElement::F64, &[3])), wanted);

    let holes = vec![Some(vec![Some(1), None]), Some(vec![Some(3), Some(4)])];
    let holes = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(holes, 2);
    let integers = Ok(Value::List(vec![Value::I64(3), Value::I64(4)]));
    assert_eq!(read(Arc::new(holes), tensor(TensorElement::I64, &[2])), [wrong.clone(), integers]);

    let mut texts = arrow_array::builder::ListBuilder::new(arrow_array::builder::StringBuilder::new());
    texts.append_value([Some("bread"), Some("wine")]);
    texts.append_null();
    texts.append_value([Some("bread"), None]);
    texts.append_value([Some("wine")]);
    let list = |texts: &[&str]| Ok(Value::List(texts.iter().map(|text| Value::from(*text)).collect()));
    let wanted = [list(&["bread", "wine"]), Ok(Value::Missing), wrong, list(&["wine"])];
    assert_eq!(read(Arc::new(texts.finish()), DataType::TextList), wanted);
}

#[test]
fn structs_feed_dotted_names_and_their_nulls_count() {
    let country: ArrayRef = Arc::new(StringArray::from(vec!["Portugal", "Spain"]));
    let member = Arc::new(arrow_schema::Field::new("country", arrow_schema::DataType::Utf8, true));
    let maker = StructArray::new(vec![member].into(), vec![country], Some(vec![true, false].into()));
    let records = RecordBatch::try_from_iter([("maker", Arc::new(maker) as ArrayRef)]).unwrap();
    let schema = Arc::new(schema_of(&records.schema()).unwrap());
    assert_eq!(schema.fields(), [Field::new("maker.country", DataType::Text)]);
    let mut batch = Batch::new(Arc::clone(&schema));
    BatchReader::new(&schema, &records.schema()).unwrap().read(&records, &mut batch).unwrap();
    assert_eq!(contents(&batch), [Ok(Value::from("Portugal")), Ok(Value::Missing)]);
}

#[test]
fn a_type_that_cannot_feed_a_field_is_named() {
    let schema = |fields: Vec<Field>| Arc::new(Schema::new(fields).unwrap());
    let alcohol = schema(vec![Field::new("alcohol", DataType::F64)]);
    let column = |name: &str, data_type| arrow_schema::Field::new(name, data_type, true);
    let duration = arrow_schema::DataType::Duration(arrow_schema::TimeUnit::Second);
    let arrow = Arc::new(arrow_schema::Schema::new(vec![column("Alcohol", duration)]));
    let error = BatchReader::new(&alcohol, &arrow).unwrap_err().to_string();
    assert_eq!(
        error,
        "column \"Alcohol\" is Duration(s), which cannot feed the field \"alcohol\", f64; cast it first"
    );
    let error = schema_of(&arrow).unwrap_err();
    assert!(matches!(&error, ArrowEdgeError::NoSuchField { column, .. } if column == "Alcohol"), "{error}");
    for (from, to) in [
        (arrow_schema::DataType::Boolean, DataType::F64),
        (arrow_schema::DataType::Int64, DataType::Text),
        (arrow_schema::DataType::Date32, DataType::DateTime),
        (arrow_schema::DataType::Float64, tensor(TensorElement::F64, &[2])),
        (arrow_schema::DataType::new_list(arrow_schema::DataType::Utf8, true), DataType::Text),
    ] {
        let arrow = Arc::new(arrow_schema::Schema::new(vec![column("a", from.clone())]));
        let error = BatchReader::new(&schema(vec![Field::new("a", to.clone())]), &arrow);
        assert!(matches!(error, Err(ArrowEdgeError::UnsupportedType { .. })), "{from} to {to}");
    }

    // An exact name goes first; two that only fold to it are one too many; another schema is noticed.
    let floats = |names: &[&str]| {
        let fields = names.iter().map(|name| column(name, arrow_schema::DataType::Float64));
        Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()))
    };
    assert!(BatchReader::new(&alcohol, &floats(&["Alcohol", "alcohol", "other"])).is_ok());
    let error = BatchReader::new(&alcohol, &floats(&["Alcohol", "ALCOHOL"])).unwrap_err();
    assert!(matches!(error, ArrowEdgeError::DoubledColumn { .. }), "{error}");
    let reader = BatchReader::new(&alcohol, &floats(&["alcohol"])).unwrap();
    let other = RecordBatch::new_empty(floats(&["other"]));
    let error = reader.read(&other, &mut Batch::new(alcohol)).unwrap_err();
    assert!(matches!(error, ArrowEdgeError::OtherSchema), "{error}");
}

#[test]
fn scores_become_a_record_batch_with_nulls_and_errors() {
    let labels = Arc::new(Labels::of_texts(["low", "high"]));
    let field =
        |name: Option<&str>, role, output_type| OutputField { name: name.map(Into::into), role, output_type };
    let about = |what| Role::Auxiliary { target: 0, what };
    let schema = Arc::new(OutputSchema::new(vec![
        field(None, Role::Target, OutputType::Label(Arc::clone(&labels))),
        field(Some("points"), Role::Output, OutputType::F64),
        field(Some("error"), Role::Output, OutputType::Text),
        field(Some("at"), Role::Output, OutputType::Date),
        field(Some("cube"), Role::Output, OutputType::Tensor(Box::new([1, 2]))),
        field(Some("any"), Role::Output, OutputType::Any),
        field(None, about(Auxiliary::Probability), OutputType::Distribution(Arc::clone(&labels))),
        field(None, about(Auxiliary::EntityIdRanking), OutputType::Ranking(labels)),
    ]));
    let mut scores = Scores::new();
    scores.reset(&schema, 3);
    for column in scores.columns_mut() {
        match &mut column.values {
            OutputValues::Label(codes) => codes[0] = 1,
            OutputValues::F64(values) => values.copy_from_slice(&[88.0, 1.0, 2.0]),
            OutputValues::Text { bytes, ends } => {
                bytes.push_str("fine");
                ends.resize(3, 4);
            }
            OutputValues::I64(values) => values.copy_from_slice(&[2, i64::MAX, 0]),
            OutputValues::Numbers { numbers, .. } => {
                numbers.copy_from_slice(&[1.0, 0.0, 0.5, 0.5, 0.0, -1.0])
            }
            OutputValues::Any(values) => {
                let list = Value::List(vec![Value::F64(f64::INFINITY), Value::from("a\"\n"), Value::Date(2)]);
                values[0] = Value::Map(vec![("k".into(), list), ("n".into(), Value::F64(1.0))]);
                values[2] = Value::from("plain");
            }
            _ => {}
        }
    }
    scores.columns_mut()[1].set_missing(2);
    scores.set_error(1, RowError::new(ErrorCode::NoAnswer));
    let writer = ScoresWriter::new(&schema);
    let records = writer.write(&scores, |error, row| format!("row {row}: {}", error.code)).unwrap();
    let names: Vec<&str> = records.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(
        names,
        ["score", "points", "error", "at", "cube", "any", "probability", "entityIdRanking", "error_"]
    );
    let column = |name: &str| records.column_by_name(name).unwrap();
    for name in &names[..8] {
        assert!(column(name).is_null(1), "{name} of a row with an error");
        assert!(column(name).is_valid(0), "{name}");
    }
    let quality = column("score").as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
    assert_eq!(quality.into_iter().collect::<Vec<_>>(), [Some("high"), None, Some("low")]);
    let points = column("points").as_primitive::<arrow_array::types::Float64Type>();
    assert_eq!(points.iter().collect::<Vec<_>>(), [Some(88.0), None, None]);
    let any: Vec<_> = column("any").as_string::<i32>().iter().collect();
    assert_eq!(any, [Some(r#"{"k":["Infinity","a\"\n","1970-01-03"],"n":1.0}"#), None, Some("plain")]);
    let high = column("probability").as_struct().column_by_name("high").unwrap();
    assert_eq!(high.as_primitive::<arrow_array::types::Float64Type>().values()[..1], [0.0]);
    let ranks: Vec<usize> =
        (0..3).map(|row| column("entityIdRanking").as_list::<i32>().value(row).len()).collect();
    assert_eq!(ranks, [2, 0, 1]);
    let cube = column("cube").as_fixed_size_list().value(2);
    assert_eq!(cube.as_fixed_size_list().value(0).len(), 2);
    let errors: Vec<_> = column("error_").as_string::<i32>().iter().collect();
    assert_eq!(errors, [None, Some("row 1: no_answer"), None]);
    assert_eq!(writer.clone().without_errors().schema().fields().len(), 8);

    // Out again and in: what was written is read.
    let back = RecordBatch::try_from_iter([("score", Arc::clone(column("score")))]).unwrap();
    let fields = Arc::new(schema_of(&back.schema()).unwrap());
    let mut batch = Batch::new(Arc::clone(&fields));
    BatchReader::new(&fields, &back.schema()).unwrap().read(&back, &mut batch).unwrap();
    assert_eq!(contents(&batch), [Ok(Value::from("high")), Ok(Value::Missing), Ok(Value::from("low"))]);

    // A date that is an answer and beyond the type is said, with its row.
    scores.reset(&schema, 1);
    if let OutputValues::I64(values) = &mut scores.columns_mut()[3].values {
        values[0] = i64::MAX;
    }
    let error = writer.write(&scores, |_, _| String::new()).unwrap_err().to_string();
    assert!(error.starts_with("answer \"at\" of row 0"), "{error}");
}
