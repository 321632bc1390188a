//! From one row of a batch to bytes.

use std::borrow::Cow;
use std::sync::Arc;

use scorewheel_columns::coerce::whole;
use scorewheel_columns::{Batch, Cell, Column, Values, temporal};

use super::declare::ProtobufMessage;
use super::plan::{Kind, Node, Plan, Step, Target};
use super::wire;
use crate::error::EncodeError;

/// Encodes rows as messages of one type.
#[derive(Clone, Debug)]
pub(crate) struct ProtobufEncoder {
    plan: Arc<Plan>,
}

/// One value on its way to the wire.
enum Scalar<'a> {
    Double(f64),
    Float(f32),
    Integer(i64),
    Bool(bool),
    Text(Cow<'a, str>),
}

impl ProtobufEncoder {
    pub(crate) fn new(message: &ProtobufMessage) -> Self {
        Self { plan: Arc::clone(message.plan()) }
    }

    /// Appends `row` as a message. Fields in the order of their numbers; zeros are left out where absent means zero.
    pub(crate) fn encode(&self, batch: &Batch, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        let result = self.message(&self.plan.nodes[0], batch, row, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn message(&self, node: &Node, batch: &Batch, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        for step in &node.steps {
            match step.target {
                Target::Message(inner) => {
                    let inner = &self.plan.nodes[inner as usize];
                    if !self.present(inner, batch, row) {
                        continue;
                    }
                    wire::write_tag(out, step.number, wire::LENGTH);
                    let mut result = Ok(());
                    wire::write_nested(out, |out| result = self.message(inner, batch, row, out));
                    result?;
                }
                _ => self.field(step, batch.column(step.column), row, out)?,
            }
        }
        Ok(())
    }

    /// Whether any column below the node has something.
    fn present(&self, node: &Node, batch: &Batch, row: usize) -> bool {
        node.steps.iter().any(|step| match step.target {
            Target::Message(inner) => self.present(&self.plan.nodes[inner as usize], batch, row),
            _ => batch.column(step.column).cell(row) != Cell::Missing,
        })
    }

    fn field(&self, step: &Step, column: &Column, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match column.cell(row) {
            Cell::Value => {}
            Cell::Missing => return Ok(()),
            fault => {
                let text = column.fault_text(row).unwrap_or_default();
                return Err(self.error(step, format!("{text:?} is {}", fault.describe())));
            }
        }
        match (column.values(), step.target) {
            (_, Target::Timestamp) => {
                let Some(Scalar::Integer(micros)) = cell(column, row) else { return Ok(()) };
                let second = temporal::MICROS_PER_DAY / 86_400;
                wire::write_tag(out, step.number, wire::LENGTH);
                wire::write_nested(out, |out| {
                    for (number, value) in
                        [(1, micros.div_euclid(second)), (2, micros.rem_euclid(second) * 1000)]
                    {
                        if value != 0 {
                            wire::write_tag(out, number, wire::VARINT);
                            wire::write_varint(out, value.cast_unsigned());
                        }
                    }
                });
                Ok(())
            }
            (Values::TextList(list), _) => {
                let texts = list.row(row).iter().map(|code| list.dictionary.get(*code));
                self.repeated(step, texts.map(|text| Scalar::Text(text.into())), out)
            }
            (Values::TensorF64 { width, elements }, _) => {
                let elements = elements[row * width..(row + 1) * width].iter();
                self.repeated(step, elements.map(|value| Scalar::Double(*value)), out)
            }
            (Values::TensorF32 { width, elements }, _) => {
                let elements = elements[row * width..(row + 1) * width].iter();
                self.repeated(step, elements.map(|value| Scalar::Float(*value)), out)
            }
            (Values::TensorI64 { width, elements }, _) => {
                let elements = elements[row * width..(row + 1) * width].iter();
                self.repeated(step, elements.map(|value| Scalar::Integer(*value)), out)
            }
            (Values::TensorText { width, codes, dictionary }, _) => {
                let codes = codes[row * width..(row + 1) * width].iter();
                self.repeated(step, codes.map(|code| Scalar::Text(dictionary.get(*code).into())), out)
            }
            _ => {
                let Some(scalar) = cell(column, row) else { return Ok(()) };
                let scalar = match (step.target, scalar) {
                    (Target::Temporal, Scalar::Integer(value)) if step.kind == Kind::String => {
                        Scalar::Text(temporal_text(column.values(), value).into())
                    }
                    (_, scalar) => scalar,
                };
                if !step.presence && self.is_zero(step, &scalar) {
                    return Ok(());
                }
                wire::write_tag(out, step.number, step.kind.wire());
                self.scalar(step, &scalar, out)
            }
        }
    }

    fn repeated<'a>(
        &self,
        step: &Step,
        values: impl Iterator<Item = Scalar<'a>>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return Ok(());
        }
        if step.packed && step.kind != Kind::String {
            let mut result = Ok(());
            wire::write_tag(out, step.number, wire::LENGTH);
            wire::write_nested(out, |out| {
                result = values.try_for_each(|value| self.scalar(step, &value, out));
            });
            return result;
        }
        values.try_for_each(|value| {
            wire::write_tag(out, step.number, step.kind.wire());
            self.scalar(step, &value, out)
        })
    }

    fn is_zero(&self, step: &Step, scalar: &Scalar<'_>) -> bool {
        match scalar {
            // -0.0 is not the zero of proto3.
            Scalar::Double(value) => value.to_bits() == 0,
            Scalar::Float(value) => value.to_bits() == 0,
            Scalar::Integer(value) => *value == 0,
            Scalar::Bool(value) => !value,
            Scalar::Text(text) if step.kind == Kind::Enum => {
                self.plan.enumerations[step.enumeration].number(text) == Some(0)
            }
            Scalar::Text(text) => text.is_empty(),
        }
    }

    /// Appends one value without its tag.
    fn scalar(&self, step: &Step, scalar: &Scalar<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match (step.kind, scalar) {
            (Kind::Double, Scalar::Double(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Double, Scalar::Float(value)) => out.extend_from_slice(&f64::from(*value).to_le_bytes()),
            (Kind::Float, Scalar::Float(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Float, Scalar::Double(value)) => out.extend_from_slice(&(*value as f32).to_le_bytes()),
            (Kind::Bool, Scalar::Bool(value)) => out.push(u8::from(*value)),
            (Kind::String, Scalar::Text(text)) => wire::write_bytes(out, text.as_bytes()),
            (Kind::Enum, Scalar::Text(text)) => {
                let Some(number) = self.plan.enumerations[step.enumeration].number(text) else {
                    return Err(self.error(step, format!("{text:?} is no value of the enum")));
                };
                wire::write_varint(out, i64::from(number).cast_unsigned());
            }
            (_, Scalar::Integer(value)) => return self.integer(step, *value, out),
            // A tensor of floating point that a repeated integer feeds.
            (_, Scalar::Double(value)) => return self.whole(step, *value, out),
            (_, Scalar::Float(value)) => return self.whole(step, f64::from(*value), out),
            _ => return Err(self.error(step, "the column is of another type".into())),
        }
        Ok(())
    }

    fn whole(&self, step: &Step, value: f64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match whole(value) {
            Some(value) => self.integer(step, value, out),
            None => Err(self.error(step, format!("{value} is no integer"))),
        }
    }

    fn integer(&self, step: &Step, value: i64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let range = || self.error(step, format!("{value} is out of the range of {:?}", step.kind));
        let signed = || i32::try_from(value).map_err(|_| range());
        let unsigned = || u32::try_from(value).map_err(|_| range());
        match step.kind {
            Kind::Int32 => wire::write_varint(out, i64::from(signed()?).cast_unsigned()),
            Kind::Int64 => wire::write_varint(out, value.cast_unsigned()),
            Kind::Uint32 => wire::write_varint(out, u64::from(unsigned()?)),
            Kind::Uint64 => wire::write_varint(out, u64::try_from(value).map_err(|_| range())?),
            Kind::Sint32 => wire::write_varint(out, wire::zigzag(i64::from(signed()?))),
            Kind::Sint64 => wire::write_varint(out, wire::zigzag(value)),
            Kind::Fixed32 => out.extend_from_slice(&unsigned()?.to_le_bytes()),
            Kind::Fixed64 => out.extend_from_slice(&u64::try_from(value).map_err(|_| range())?.to_le_bytes()),
            Kind::Sfixed32 => out.extend_from_slice(&signed()?.to_le_bytes()),
            Kind::Sfixed64 => out.extend_from_slice(&value.to_le_bytes()),
            _ => return Err(self.error(step, "the column is of another type".into())),
        }
        Ok(())
    }

    fn error(&self, step: &Step, reason: String) -> EncodeError {
        let field = self.plan.schema.fields().get(step.column);
        EncodeError { field: field.map_or_else(Box::default, |field| field.name.clone()), reason }
    }
}

/// The single value of a cell; of lists and tensors none.
fn cell(column: &Column, row: usize) -> Option<Scalar<'_>> {
    Some(match column.values() {
        Values::F64(values) => Scalar::Double(values[row]),
        Values::F32(values) => Scalar::Float(values[row]),
        Values::I64(values) | Values::Date(values) | Values::Time(values) | Values::DateTime(values) => {
            Scalar::Integer(values[row])
        }
        Values::Bool(values) => Scalar::Bool(values[row]),
        Values::Text { codes, dictionary } => Scalar::Text(dictionary.get(codes[row]).into()),
        _ => return None,
    })
}

/// A date, time or date-time as text.
fn temporal_text(values: &Values, value: i64) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    match values {
        Values::Date(_) => temporal::write_date(&mut text, value).ok(),
        Values::Time(_) => temporal::write_time(&mut text, value).ok(),
        _ => temporal::write_date_time(&mut text, value).ok(),
    };
    text
}
