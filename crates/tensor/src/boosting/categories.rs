//! The categories of a feature and their codes.

use std::collections::HashMap;

use scorewheel_columns::ErrorCode;

/// The categories that a file lists for a feature; a category's code is its place in the list.
#[derive(Debug)]
pub(crate) struct Categories {
    codes: Codes,
    unknown: Unknown,
}

#[derive(Debug)]
enum Codes {
    Texts(HashMap<Box<str>, u32>),
    /// By the bits of the number, −0 being 0.
    Numbers(HashMap<u64, u32>),
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
        Self { codes: Codes::Numbers(codes), unknown }
    }

    /// True if records carry strings.
    pub fn are_texts(&self) -> bool {
        matches!(self.codes, Codes::Texts(_))
    }

    /// The code of a string; NaN for none, which an empty string is.
    pub fn code_of_text(&self, text: &str) -> Result<f64, ErrorCode> {
        match &self.codes {
            Codes::Texts(codes) if !text.is_empty() => self.known(codes.get(text)),
            _ => Ok(f64::NAN),
        }
    }

    /// The code of a number; NaN for NaN.
    pub fn code_of_number(&self, number: f64) -> Result<f64, ErrorCode> {
        match &self.codes {
            Codes::Numbers(codes) if !number.is_nan() => self.known(codes.get(&bits(number))),
            _ => Ok(f64::NAN),
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
