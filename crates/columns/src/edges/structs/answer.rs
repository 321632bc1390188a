//! One row of scores to a struct, a map or a single value.

use std::fmt;
use std::sync::Arc;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};

use crate::edges::answers::{Answer, AnswerNames};
use crate::scores::Scores;

/// Why the answers of a row do not make what is asked for: the asker is at fault, not the record or the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AnswerError {
    message: String,
}

impl Error for AnswerError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string() }
    }
}

impl AnswerError {
    fn of(self, name: &str) -> Self {
        Self { message: format!("answer {name:?}: {}", self.message) }
    }
}

/// A field of a struct, and the column that gives it.
type Wanted = (&'static str, usize);

/// Reads rows of scores as whatever can be deserialised; one for each thread, and made once: it remembers which field
/// of a struct is which column.
///
/// - A struct has fields of the [`AnswerNames`], matched like names of records; others are left out.
/// - A map has all answers.
/// - A number, a truth value, a string or an enum is the first target alone.
///
/// A label is a string, or the number that it is; a distribution is a map or struct by label, a ranking and a tensor
/// are sequences; dates and times are ISO 8601; what is missing fits `Option`.
#[derive(Clone, Debug)]
pub struct AnswerReader {
    names: AnswerNames,
    /// Fields of structs that were asked for. There are as many as the program has types.
    known: Vec<(&'static [&'static str], Arc<[Wanted]>)>,
}

impl AnswerReader {
    /// A reader of answers with these names.
    #[must_use]
    pub fn new(names: AnswerNames) -> Self {
        Self { names, known: Vec::new() }
    }

    /// The names of the answers.
    #[must_use]
    pub fn names(&self) -> &AnswerNames {
        &self.names
    }

    /// The answers of `row`; all are missing if it has an error.
    ///
    /// # Errors
    /// [`AnswerError`] with the name of the answer that does not fit.
    pub fn read<'s, R: Deserialize<'s>>(&mut self, scores: &'s Scores, row: usize) -> Result<R, AnswerError> {
        R::deserialize(RowDeserializer { reader: self, scores, row })
    }

    fn wanted(&mut self, fields: &'static [&'static str]) -> Arc<[Wanted]> {
        if let Some((_, wanted)) = self.known.iter().find(|(known, _)| std::ptr::eq(*known, fields)) {
            return Arc::clone(wanted);
        }
        let mut wanted: Vec<Wanted> = Vec::with_capacity(fields.len());
        for field in fields {
            // Of a name and its aliases only one may be given.
            if let Some(column) = self.names.find(field)
                && wanted.iter().all(|(_, known)| *known != column)
            {
                wanted.push((field, column));
            }
        }
        let wanted: Arc<[Wanted]> = wanted.into();
        self.known.push((fields, Arc::clone(&wanted)));
        wanted
    }
}

struct RowDeserializer<'r, 's> {
    reader: &'r mut AnswerReader,
    scores: &'s Scores,
    row: usize,
}

impl<'s> RowDeserializer<'_, 's> {
    fn score(&self) -> Answer<'s> {
        match self.scores.schema().score() {
            Some(column) => Answer::of(self.scores, column, self.row),
            None => Answer::Missing,
        }
    }
}

macro_rules! of_the_score {
    ($($method:ident),*) => {
        $(fn $method<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
            self.score().$method(visitor)
        })*
    };
}

impl<'s> Deserializer<'s> for RowDeserializer<'_, 's> {
    type Error = AnswerError;

    fn deserialize_any<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        let Self { reader, scores, row } = self;
        let columns = reader.names.all().iter().enumerate().map(|(column, name)| (&**name, column));
        visitor.visit_map(Columns { wanted: columns, scores, row, next: None })
    }

    fn deserialize_struct<V: Visitor<'s>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, AnswerError> {
        let Self { reader, scores, row } = self;
        let wanted = reader.wanted(fields);
        visitor.visit_map(Columns { wanted: wanted.iter().copied(), scores, row, next: None })
    }

    fn deserialize_enum<V: Visitor<'s>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, AnswerError> {
        self.score().deserialize_enum(name, variants, visitor)
    }

    /// Whether there is something is asked of the only answer that is asked for.
    fn deserialize_option<V: Visitor<'s>>(self, visitor: V) -> Result<V::Value, AnswerError> {
        match self.score() {
            Answer::Missing => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'s>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, AnswerError> {
        visitor.visit_newtype_struct(self)
    }

    of_the_score!(
        deserialize_bool,
        deserialize_i8,
        deserialize_i16,
        deserialize_i32,
        deserialize_i64,
        deserialize_i128,
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64,
        deserialize_u128,
        deserialize_f32,
        deserialize_f64,
        deserialize_char,
        deserialize_str,
        deserialize_string
    );

    serde_core::forward_to_deserialize_any! {
        <V: Visitor<'s>>
        bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// Names and the columns behind them, as a map.
struct Columns<'s, I> {
    wanted: I,
    scores: &'s Scores,
    row: usize,
    /// The answer whose name was given last.
    next: Option<(String, usize)>,
}

impl<'s, 'n, I: Iterator<Item = (&'n str, usize)>> MapAccess<'s> for Columns<'s, I> {
    type Error = AnswerError;

    fn next_key_seed<K: DeserializeSeed<'s>>(&mut self, seed: K) -> Result<Option<K::Value>, AnswerError> {
        let Some((name, column)) = self.wanted.next() else { return Ok(None) };
        self.next = Some((name.to_owned(), column));
        let name: StrDeserializer<'_, AnswerError> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'s>>(&mut self, seed: V) -> Result<V::Value, AnswerError> {
        let Some((name, column)) = self.next.take() else {
            return Err(AnswerError::custom("an answer is asked for before its name"));
        };
        seed.deserialize(Answer::of(self.scores, column, self.row)).map_err(|error| error.of(&name))
    }
}
