//! One answer to whatever is asked for.

use serde_core::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde_core::de::{Deserializer, Error, IntoDeserializer, Visitor};

use super::answer::AnswerError;
use crate::coerce::whole;
use crate::edges::answers::Answer;
use crate::temporal;
use crate::value::Value;

impl<'s> Answer<'s> {
    /// The answer as text, if it is a label or a string.
    fn text(self) -> Option<&'s str> {
        match self {
            Self::Label(label) => Some(&label.text),
            Self::Text(text) => Some(text),
            Self::Value(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The answer as an integer, if it is a number that is whole.
    fn integer(self) -> Option<i64> {
        match self {
            Self::F64(value) => whole(value),
            Self::F32(value) => whole(f64::from(value)),
            Self::I64(value) => Some(value),
            Self::Label(label) => Answer::Value(&label.value).integer(),
            Self::Value(Value::F64(value)) => whole(*value),
            Self::Value(Value::F32(value)) => whole(f64::from(*value)),
            Self::Value(Value::I64(value)) => Some(*value),
            _ => None,
        }
    }
}

/// Dates and times as ISO 8601.
fn shown(write: impl FnOnce(&mut String) -> std::fmt::Result) -> Result<String, AnswerError> {
    let mut text = String::new();
    write(&mut text).map_err(AnswerError::custom)?;
    Ok(text)
}

fn visit_tensor<'s, V: Visitor<'s>>(
    shape: &'s [usize],
    numbers: &'s [f64],
    visitor: V,
) -> Result<V::Value, AnswerError> {
    match shape {
        [] => match numbers.first() {
            Some(number) => visitor.visit_f64(*number),
            None => visitor.visit_unit(),
        },
        [_] => visitor.visit_seq(SeqDeserializer::new(numbers.iter().copied())),
        [_, inner @ ..] => {
            let step = inner.iter().product::<usize>().max(1);
            let parts = numbers.chunks_exact(step).map(|part| Answer::Tensor(inner, part));
            visitor.visit_seq(SeqDeserializer::new(parts))
        }
    }
}

fn visit_value<'s, V: Visitor<'s>>(value: &'s Value, visitor: V) -> Result<V::Value, AnswerError> {
    let scalar = match value {
        Value::Missing => Answer::Missing,
        Value::F64(value) => Answer::F64(*value),
        Value::F32(value) => Answer::F32(*value),
        Value::I64(value) => Answer::I64(*value),
        Value::Bool(value) => Answer::Bool(*value),
        Value::Text(value) => Answer::Text(value),
        Value::Date(value) => Answer::Date(*value),
        Value::Time(value) => Answer::Time(*value),
        Value::DateTime(value) => Answer::DateTime(*value),
        Value::List(items) => {
            return visitor.visit_seq(SeqDeserializer::new(items.iter().map(Answer::Value)));
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, value)| (&**name, Answer::Value(value)));
            return visitor.visit_map(MapDeserializer::new(entries));
        }
    };
    scalar.deserialize_any(visitor)
}

macro_rules! integers {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
            match self.integer() {
                Some(value) => visitor.visit_i64(value),
                None => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'s> Deserializer<'s> for Answer<'s> {
    type Error = AnswerError;

    fn deserialize_any<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        match self {
            Self::Missing => visitor.visit_unit(),
            Self::F64(value) => visitor.visit_f64(value),
            Self::F32(value) => visitor.visit_f32(value),
            Self::I64(value) => visitor.visit_i64(value),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Label(label) => visit_value(&label.value, visitor),
            Self::Text(text) => visitor.visit_borrowed_str(text),
            Self::Date(days) => visitor.visit_string(shown(|out| temporal::write_date(out, days))?),
            Self::Time(micros) => visitor.visit_string(shown(|out| temporal::write_time(out, micros))?),
            Self::DateTime(micros) => {
                visitor.visit_string(shown(|out| temporal::write_date_time(out, micros))?)
            }
            Self::Distribution(labels, numbers) => {
                let entries = labels.all().iter().zip(numbers).map(|(label, number)| (&*label.text, *number));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            Self::Ranking(labels, codes) => {
                visitor.visit_seq(SeqDeserializer::new(Answer::ranked(labels, codes).map(Answer::Label)))
            }
            Self::Tensor(shape, numbers) => visit_tensor(shape, numbers, visitor),
            Self::Value(value) => visit_value(value, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        match self {
            Self::Missing | Self::Value(Value::Missing) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        match self.text() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_enum<V: Visitor<'s>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, AnswerError> {
        match self.text() {
            Some(text) => visitor.visit_enum(BorrowedStrDeserializer::<AnswerError>::new(text)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'s>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, AnswerError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        visitor.visit_unit()
    }

    integers!(
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_i128,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64,
        deserialize_u128
    );

    serde_core::forward_to_deserialize_any! {
        <V: Visitor<'s>>
        bool f32 f64 bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

impl<'s> IntoDeserializer<'s, AnswerError> for Answer<'s> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
