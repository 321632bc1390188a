//! Records of `crates/codecs/tests/reading.proto` as bytes: nested, repeated, enums, strings.

use prost::{Enumeration, Message, Oneof};
use scorewheel_codecs::{Codec, DataTypeDefinition, DeclarationError, ProtobufMessage};
use scorewheel_columns::{DataType, Field, TensorElement};

const PROTO: &str = include_str!("../../crates/codecs/tests/reading.proto");

/// The enum `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum State {
    /// 0.
    Idle = 0,
    /// 1.
    Running = 1,
    /// 5.
    Faulty = 5,
}

/// The message `Motor`.
#[derive(Clone, PartialEq, Message)]
pub struct Motor {
    /// Field 1.
    #[prost(double, tag = "1")]
    pub current: f64,
    /// Field 2.
    #[prost(float, optional, tag = "2")]
    pub temperature: Option<f32>,
    /// Field 3.
    #[prost(sint32, tag = "3")]
    pub turns: i32,
    /// Field 4.
    #[prost(enumeration = "State", tag = "4")]
    pub state: i32,
}

/// The message `Reading`.
#[derive(Clone, PartialEq, Message)]
pub struct Reading {
    /// Field 1.
    #[prost(string, tag = "1")]
    pub machine: String,
    /// Field 2.
    #[prost(enumeration = "State", tag = "2")]
    pub state: i32,
    /// Field 3.
    #[prost(message, optional, tag = "3")]
    pub motor: Option<Motor>,
    /// Field 4.
    #[prost(string, repeated, tag = "4")]
    pub alarms: Vec<String>,
    /// Field 5.
    #[prost(double, repeated, tag = "5")]
    pub vibration: Vec<f64>,
    /// Field 6.
    #[prost(bool, tag = "6")]
    pub guarded: bool,
    /// Field 7.
    #[prost(uint64, tag = "7")]
    pub hours: u64,
    /// Fields 8 and 9.
    #[prost(oneof = "Place", tags = "8, 9")]
    pub place: Option<Place>,
    /// Field 10.
    #[prost(enumeration = "State", repeated, tag = "10")]
    pub history: Vec<i32>,
    /// Field 11.
    #[prost(fixed32, tag = "11")]
    pub serial: u32,
    /// Field 20.
    #[prost(string, optional, tag = "20")]
    pub note: Option<String>,
}

/// The oneof `place`.
#[derive(Clone, PartialEq, Oneof)]
pub enum Place {
    /// Field 8.
    #[prost(string, tag = "8")]
    Hall(String),
    /// Field 9.
    #[prost(int32, tag = "9")]
    Gate(i32),
}

/// The data type, its vibration a tensor of three.
pub fn data_type() -> Result<DataTypeDefinition, DeclarationError> {
    let shape = DataType::Tensor { element: TensorElement::F64, shape: Box::new([3]) };
    let declared = [Field::new("vibration", shape)];
    let message = ProtobufMessage::compile(&[("reading.proto", PROTO)], "plant.Reading", &declared)?;
    Ok(DataTypeDefinition::of_message("reading", Codec::Protobuf, message))
}

/// `count` encoded records, no two alike.
pub fn records(count: usize) -> Vec<Vec<u8>> {
    let states = [State::Idle, State::Running, State::Faulty];
    let record = |row: usize| {
        let state = |step: usize| states[row / step % 3] as i32;
        Reading {
            machine: format!("machine-{}", row % 40),
            state: state(1),
            motor: (!row.is_multiple_of(8)).then(|| Motor {
                current: row as f64 / 7.0,
                temperature: (!row.is_multiple_of(3)).then_some(row as f32 / 3.0),
                turns: row as i32 - 500,
                state: state(2),
            }),
            alarms: (0..row % 3).map(|alarm| format!("alarm {alarm}")).collect(),
            vibration: [1.0, 2.0, 3.0].map(|part| part + row as f64 / 11.0).to_vec(),
            guarded: row.is_multiple_of(2),
            hours: row as u64 * 977,
            place: Some(match row % 2 {
                0 => Place::Hall(format!("hall {}", row % 5)),
                _ => Place::Gate(row as i32),
            }),
            history: (0..row % 4).map(|past| state(past + 1)).collect(),
            serial: row as u32 ^ 0x5eed_0001,
            note: row.is_multiple_of(10).then(|| "looked after".to_owned()),
        }
    };
    (0..count).map(|row| record(row).encode_to_vec()).collect()
}
