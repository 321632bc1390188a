//! Messages as another library encodes them come out as the columns that they mean, by row and by many rows.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value as Given,
};
use scorewheel_codecs::{Codec, DataTypeDefinition, ProtobufMessage};
use scorewheel_columns::{Batch, DataType, Field, TensorElement, Value};

const READING: &str = include_str!("reading.proto");
const WINE: &str = include_str!("../../../proto/wine_record.proto");

/// Length of the field `vibration`.
const WIDTH: usize = 3;

fn descriptor(text: &str, name: &str) -> MessageDescriptor {
    let file = protox::file::File::from_source("a.proto", text).unwrap();
    let mut pool = prost_reflect::DescriptorPool::new();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
    pool.get_message_by_name(name).unwrap()
}

fn reading() -> (MessageDescriptor, DataTypeDefinition) {
    let shape = DataType::Tensor { element: TensorElement::F64, shape: Box::new([WIDTH]) };
    let declared = [Field::new("vibration", shape)];
    let message = ProtobufMessage::compile(&[("a.proto", READING)], "plant.Reading", &declared).unwrap();
    let data_type = DataTypeDefinition::of_message("reading", Codec::Protobuf, message);
    (descriptor(READING, "plant.Reading"), data_type)
}

fn wine() -> (MessageDescriptor, DataTypeDefinition) {
    (descriptor(WINE, "WineRecord"), DataTypeDefinition::wine().unwrap())
}

/// What the field of a message means, as the contents page of the codec says; `None` stands for an absent message.
fn meant(message: Option<&DynamicMessage>, field: &FieldDescriptor) -> Value {
    let Some(message) = message else { return Value::Missing };
    let given = message.get_field(field);
    if field.is_list() {
        let items = given.as_list().unwrap();
        if field.name() == "vibration" && items.is_empty() {
            return Value::Missing;
        }
        return Value::List(items.iter().map(|item| scalar(item, field)).collect());
    }
    if field.supports_presence() && !message.has_field(field) {
        return Value::Missing;
    }
    scalar(&given, field)
}

fn scalar(given: &Given, field: &FieldDescriptor) -> Value {
    match given {
        Given::Bool(value) => Value::Bool(*value),
        Given::I32(value) => Value::I64(i64::from(*value)),
        Given::I64(value) => Value::I64(*value),
        Given::U32(value) => Value::I64(i64::from(*value)),
        Given::U64(value) => i64::try_from(*value).map_or(Value::Missing, Value::I64),
        Given::F32(value) => Value::F32(*value),
        Given::F64(value) => Value::F64(*value),
        Given::String(value) => Value::from(value.as_str()),
        Given::EnumNumber(number) => {
            let Kind::Enum(kind) = field.kind() else { panic!("{field:?}") };
            let name = kind.get_value(*number).map(|value| value.name().to_owned());
            Value::from(name.unwrap_or_else(|| number.to_string()).as_str())
        }
        other => panic!("{other:?}"),
    }
}

/// The row that the schema's columns should hold.
fn row(message: &DynamicMessage, names: &[&str]) -> Vec<Value> {
    let mut values = Vec::new();
    for name in names {
        let value = match name.split_once('.') {
            None => meant(Some(message), &message.descriptor().get_field_by_name(name).unwrap()),
            Some((outer, inner)) => {
                let outer = message.descriptor().get_field_by_name(outer).unwrap();
                let Kind::Message(kind) = outer.kind() else { panic!("{outer:?}") };
                let given = message.get_field(&outer);
                let nested = message.has_field(&outer).then(|| given.as_message().unwrap());
                meant(nested, &kind.get_field_by_name(inner).unwrap())
            }
        };
        values.push(value);
    }
    values
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![3 => -1e6..1e6_f64, 1 => Just(0.0), 1 => Just(f64::INFINITY), 1 => Just(-0.0)]
}

fn text() -> impl Strategy<Value = String> {
    // Short, so that neighbours are often alike; longer than a one-byte length now and then.
    prop_oneof![4 => "[ab]{0,2}", 1 => "\\PC{0,5}", 1 => "x{120,140}"]
}

fn value(kind: &Kind) -> BoxedStrategy<Given> {
    match kind {
        Kind::Double => number().prop_map(Given::F64).boxed(),
        Kind::Float => (-1e6..1e6_f32).prop_map(Given::F32).boxed(),
        Kind::Int32 | Kind::Sint32 => any::<i32>().prop_map(Given::I32).boxed(),
        Kind::Uint64 => any::<u64>().prop_map(Given::U64).boxed(),
        Kind::Fixed32 => any::<u32>().prop_map(Given::U32).boxed(),
        Kind::Bool => any::<bool>().prop_map(Given::Bool).boxed(),
        Kind::String => text().prop_map(Given::String).boxed(),
        // 3 has no name.
        Kind::Enum(_) => prop::sample::select(vec![0, 1, 3, 5]).prop_map(Given::EnumNumber).boxed(),
        Kind::Message(message) => messages(message.clone()).prop_map(Given::Message).boxed(),
        other => panic!("{other:?}"),
    }
}

/// Messages with most fields set.
fn messages(descriptor: MessageDescriptor) -> BoxedStrategy<DynamicMessage> {
    let fields: Vec<_> = descriptor
        .fields()
        .map(|field| {
            let value = value(&field.kind());
            let given = match (field.is_list(), field.name()) {
                (true, "vibration") => prop_oneof![
                    Just(Given::List(Vec::new())),
                    prop::collection::vec(value, WIDTH).prop_map(Given::List)
                ]
                .boxed(),
                (true, _) => prop::collection::vec(value, 0..4).prop_map(Given::List).boxed(),
                (false, _) => value,
            };
            prop::option::weighted(0.8, given.prop_map(move |given| (field.clone(), given)))
        })
        .collect();
    fields
        .prop_map(move |fields| {
            let mut message = DynamicMessage::new(descriptor.clone());
            for (field, given) in fields.into_iter().flatten() {
                message.set_field(&field, given);
            }
            message
        })
        .boxed()
}

/// The bytes of a message, its fields from `cut` on in front: any order is allowed.
fn bytes(message: &DynamicMessage, cut: u32) -> Vec<u8> {
    let part = |keep: &dyn Fn(u32) -> bool| {
        let mut part = message.clone();
        for field in message.descriptor().fields().filter(|field| !keep(field.number())) {
            part.clear_field(&field);
        }
        part.encode_to_vec()
    };
    let mut bytes = part(&|number| number >= cut);
    bytes.extend(part(&|number| number < cut));
    bytes
}

/// Decodes the records in two batches, and checks each row; undecodable records stand among them.
fn check(data_type: &DataTypeDefinition, given: &[(DynamicMessage, u32, bool)]) -> Result<(), TestCaseError> {
    let names: Vec<&str> = data_type.schema().fields().iter().map(|field| &*field.name).collect();
    let records: Vec<(Option<Vec<Value>>, Vec<u8>)> = given
        .iter()
        .map(|(message, cut, broken)| {
            let mut bytes = bytes(message, *cut);
            if *broken {
                // A tag of field 1 without its value.
                bytes.push(1 << 3 | 1);
            }
            ((!broken).then(|| row(message, &names)), bytes)
        })
        .collect();
    let mut decoder = data_type.decoder();
    let mut batch = Batch::new(Arc::clone(data_type.schema()));
    for half in [&records[..records.len() / 2], &records[..], &records[..]] {
        batch.clear();
        batch.resize(half.len());
        let mut failed = HashSet::new();
        decoder.decode_rows(half.iter().map(|(_, bytes)| bytes.as_slice()), &mut batch, |row, _| {
            failed.insert(row);
        });
        for (index, (wanted, _)) in half.iter().enumerate() {
            prop_assert_eq!(wanted.is_none(), failed.contains(&index));
            let Some(wanted) = wanted else { continue };
            let found: Vec<Value> = batch.columns().iter().map(|column| column.get(index)).collect();
            prop_assert_eq!(&found, wanted, "row {}", index);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nested_repeated_and_enumerated_fields_are_what_they_mean(
        given in prop::collection::vec((messages(reading().0), prop_oneof![Just(0), 1..12_u32], prop::bool::weighted(0.1)), 1..40)
    ) {
        check(&reading().1, &given)?;
    }

    #[test]
    fn wine_records_are_what_they_mean(
        given in prop::collection::vec((messages(wine().0), prop_oneof![4 => Just(0), 1 => 1..12_u32], prop::bool::weighted(0.1)), 1..40)
    ) {
        check(&wine().1, &given)?;
    }
}

/// A stream as it is in practice: many records of few layouts, absent zeros, another producer after a while.
#[test]
fn many_records_of_few_layouts() {
    let (descriptor, data_type) = wine();
    let mut given = Vec::new();
    for index in 0..2_000_u32 {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let number = field.number();
            let value = match field.kind() {
                Kind::String => {
                    Given::String(if index < 1_500 { "wine" } else { "a longer name" }.to_owned())
                }
                // Field 3 is zero, and so absent, in every seventh record; others in every hundred and first.
                _ if number == 3 && index % 7 == 0 || (index + number) % 101 == 0 => continue,
                _ => Given::F64(f64::from(index) + f64::from(number) / 16.0),
            };
            message.set_field(&field, value);
        }
        let cut = if index < 1_000 { 0 } else { 6 };
        given.push((message, cut, index % 333 == 5));
    }
    check(&data_type, &given).unwrap();
}

/// Optional numbers are columns with missing cells; a record of a layout fills them again.
#[test]
fn optional_numbers_by_layout() {
    let text = r#"syntax = "proto3"; message M { optional double a = 1; optional float b = 2; optional string c = 3; }"#;
    let message = ProtobufMessage::compile(&[("a.proto", text)], "M", &[]).unwrap();
    let data_type = DataTypeDefinition::of_message("m", Codec::Protobuf, message);
    let descriptor = descriptor(text, "M");
    let mut given = Vec::new();
    for index in 0..500_u16 {
        let mut message = DynamicMessage::new(descriptor.clone());
        for (name, value) in [
            ("a", Given::F64(f64::from(index))),
            ("b", Given::F32(f32::from(index))),
            ("c", Given::String("é".to_owned())),
        ] {
            if index % 5 != 4 || name == "b" {
                message.set_field_by_name(name, value);
            }
        }
        given.push((message, 0, false));
    }
    check(&data_type, &given).unwrap();
}
