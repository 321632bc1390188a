//! The categories of a feature and their codes.

use std::collections::HashMap;

use scorewheel_columns::{DataType, ErrorCode};

/// The categories that a file lists for a feature; a category's code is its place in the list.
#[derive(Debug)]
pub(crate) struct Categories {
    codes: Codes,
    unknown: Unknown,
}

#[derive(Debug)]
enum Codes {
    Texts(HashMap<Box<str>, u32>),
    /// By the bits of the number, −0 being 0; truth values are 0 and 1.
    Numbers {
        codes: HashMap<u64, u32>,
        data_type: DataType,
    },
}

/// What a category is that the file does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// An error of the row (XGBoost).
    Error,
    /// Missing (LightGBM).
    Missing,
}

impl Categories {
    /// Categories that are strings.
    pub fn of_texts<T: Into<Box<str>>>(texts: impl IntoIterator<Item = T>, unknown: Unknown) -> Self {
        let codes = texts.into_iter().zip(0..).map(|(text, code)| (text.into(), code)).collect();
        Self { codes: Codes::Texts(codes), unknown }
    }

    /// Categories that are numbers.
    pub fn of_numbers(numbers: impl IntoIterator<Item = f64>, unknown: Unknown) -> Self {
        let codes = numbers.into_iter().zip(0..).map(|(number, code)| (bits(number), code)).collect();
        Self { codes: Codes::Numbers { codes, data_type: DataType::F64 }, unknown }
    }

    /// Categories that are truth values.
    pub fn of_truths(truths: impl IntoIterator<Item = bool>, unknown: Unknown) -> Self {
        let number = |truth| bits(f64::from(u8::from(truth)));
        let codes = truths.into_iter().zip(0..).map(|(truth, code)| (number(truth), code)).collect();
        Self { codes: Codes::Numbers { codes, data_type: DataType::Bool }, unknown }
    }

    /// True if records carry strings.
    pub fn are_texts(&self) -> bool {
        matches!(self.codes, Codes::Texts(_))
    }

    /// What records carry.
    pub fn data_type(&self) -> DataType {
        match &self.codes {
            Codes::Texts(_) => DataType::Text,
            Codes::Numbers { data_type, .. } => data_type.clone(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.codes {
            Codes::Texts(codes) => codes.len(),
            Codes::Numbers { codes, .. } => codes.len(),
        }
    }

    /// The code of a string, of which the empty one is one like any other.
    pub fn code_of_text(&self, text: &str) -> Result<f64, ErrorCode> {
        match &self.codes {
            Codes::Texts(codes) => self.known(codes.get(text)),
            Codes::Numbers { .. } => self.known(None),
        }
    }

    /// The code of a number; NaN for NaN.
    pub fn code_of_number(&self, number: f64) -> Result<f64, ErrorCode> {
        match &self.codes {
            _ if number.is_nan() => Ok(f64::NAN),
            Codes::Numbers { codes, .. } => self.known(codes.get(&bits(number))),
            Codes::Texts(_) => self.known(None),
        }
    }

    fn known(&self, code: Option<&u32>) -> Result<f64, ErrorCode> {
        match (code, self.unknown) {
            (Some(code), _) => Ok(f64::from(*code)),
            (None, Unknown::Missing) => Ok(f64::NAN),
            (None, Unknown::Error) => Err(ErrorCode::InvalidValue),
        }
    }
}

fn bits(number: f64) -> u64 {
    if number == 0.0 { 0 } else { number.to_bits() }
}
