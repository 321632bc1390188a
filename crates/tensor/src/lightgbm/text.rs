//! Sections of `key=value` lines.

use std::collections::HashMap;
use std::str::FromStr;

use scorewheel_model::ModelError;

use crate::error::{invalid, malformed};

/// The lines of a section by key; lines without `=` have no value.
#[derive(Debug, Default)]
pub(crate) struct Section<'a> {
    lines: HashMap<&'a str, &'a str>,
}

/// A file cut into its parts.
#[derive(Debug)]
pub(crate) struct Sections<'a> {
    pub header: Section<'a>,
    pub trees: Vec<Section<'a>>,
    /// Training parameters, written as `[key: value]`.
    pub parameters: HashMap<&'a str, &'a str>,
    /// JSON after `pandas_categorical:`.
    pub pandas_categorical: Option<&'a str>,
}

/// Cuts a file.
///
/// # Errors
/// It ends before `end of trees`.
pub(crate) fn read_sections(text: &str) -> Result<Sections<'_>, ModelError> {
    let mut sections = Sections {
        header: Section::default(),
        trees: Vec::new(),
        parameters: HashMap::new(),
        pandas_categorical: None,
    };
    let mut ended = false;
    for line in text.lines().map(str::trim_end) {
        if line == "end of trees" {
            ended = true;
        } else if line.starts_with("Tree=") {
            sections.trees.push(Section::default());
        } else if let Some(json) = line.strip_prefix("pandas_categorical:") {
            sections.pandas_categorical = Some(json);
        } else if ended {
            let inner = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            if let Some((key, value)) = inner.and_then(|line| line.split_once(':')) {
                sections.parameters.insert(key.trim(), value.trim());
            }
        } else {
            let section = sections.trees.last_mut().unwrap_or(&mut sections.header);
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            section.lines.insert(key, value);
        }
    }
    if ended {
        Ok(sections)
    } else {
        Err(malformed("the LightGBM file ends before its line \"end of trees\""))
    }
}

impl<'a> Section<'a> {
    /// The value of a key; `None` if there is no such line.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.lines.get(key).copied()
    }

    /// The value of a key that must be there.
    pub fn one<T: FromStr>(&self, key: &str) -> Result<T, ModelError> {
        let text = self.get(key).ok_or_else(|| invalid(format!("{key:?} is missing")))?;
        text.trim().parse().map_err(|_| invalid(format!("{key:?} is {text:?}")))
    }

    /// The values of a key, apart by spaces; none if there is no such line.
    pub fn many<T: FromStr>(&self, key: &str) -> Result<Vec<T>, ModelError> {
        let wrong = |word: &str| invalid(format!("{key:?} holds {word:?}"));
        let words = self.get(key).unwrap_or_default().split_ascii_whitespace();
        words.map(|word| word.parse().map_err(|_| wrong(word))).collect()
    }

    /// As [`Section::many`], of which there must be this many.
    pub fn exactly<T: FromStr>(&self, key: &str, count: usize) -> Result<Vec<T>, ModelError> {
        let values = self.many(key)?;
        if values.len() == count {
            Ok(values)
        } else {
            Err(invalid(format!("{key:?} holds {} values, not {count}", values.len())))
        }
    }
}
