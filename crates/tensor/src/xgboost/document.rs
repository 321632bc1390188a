//! What XGBoost's JSON and UBJSON files are made of, and how their parts are asked for.

use scorewheel_model::{Limits, ModelError};

use crate::error::{invalid, too_large};

/// Deepest nesting that any version of the library writes, with much to spare.
const MAX_DEPTH: usize = 64;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Document {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    /// A list of nothing but numbers, the empty one included.
    Numbers(Vec<f64>),
    List(Vec<Document>),
    Object(Vec<(Box<str>, Document)>),
}

/// What is left of the limits while a document is read.
#[derive(Debug)]
pub(crate) struct Bounds {
    nodes: usize,
    depth: usize,
}

impl Bounds {
    pub fn new(limits: &Limits) -> Self {
        Self { nodes: limits.nodes, depth: limits.depth.min(MAX_DEPTH) }
    }

    /// Counts values.
    pub fn take(&mut self, count: usize) -> Result<(), ModelError> {
        self.nodes =
            self.nodes.checked_sub(count).ok_or_else(|| too_large("more values than the limit of nodes"))?;
        Ok(())
    }

    pub fn enter(&mut self) -> Result<(), ModelError> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| too_large(format!("lists and objects nest deeper than {MAX_DEPTH}")))?;
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth += 1;
    }
}

impl Document {
    /// The value of a key; `None` if there is none or this is no object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| &**name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &str) -> Result<&Self, ModelError> {
        self.get(key).ok_or_else(|| invalid(format!("{key:?} is missing")))
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, also where it is written as a string, as parameters are.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The items of a list that is not all numbers, and of an empty one.
    pub fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// A count among the parameters; `absent` where the key is not there.
    pub fn count(&self, key: &str, absent: usize) -> Result<usize, ModelError> {
        let Some(value) = self.get(key) else { return Ok(absent) };
        match value.number() {
            Some(number) if (0.0..4e9).contains(&number) && libm::trunc(number) == number => {
                Ok(number as usize)
            }
            _ => Err(invalid(format!("{key:?} is no count: {value:?}"))),
        }
    }

    /// A list of numbers; empty where the key is not there.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>, ModelError> {
        let wrong = || invalid(format!("{key:?} is no list of numbers"));
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Self::Numbers(numbers)) => Ok(numbers.clone()),
            // Truth values stand for 0 and 1 in older files.
            Some(Self::List(items)) => items.iter().map(|item| item.number().ok_or_else(wrong)).collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// A list of integers; empty where the key is not there.
    pub fn integers(&self, key: &str) -> Result<Vec<i64>, ModelError> {
        let whole = |number: f64| {
            let fits = number.abs() < 9e15 && libm::trunc(number) == number;
            fits.then_some(number as i64).ok_or_else(|| invalid(format!("{key:?} holds {number}")))
        };
        self.numbers(key)?.into_iter().map(whole).collect()
    }
}
