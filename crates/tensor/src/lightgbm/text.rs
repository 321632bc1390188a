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
    /// True if the file seems to end before the line `pandas_categorical`, which only the Python package writes. Nothing
    /// else is lost then, so that this matters to features with categories alone.
    pub is_cut: bool,
}

/// Where in a file a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Trees,
    Importances,
    Parameters,
    /// Behind the library's own lines: what its Python package adds.
    End,
}

/// Cuts a file.
///
/// # Errors
/// It is not whole, as far as its form shows that.
pub(crate) fn read_sections(text: &str) -> Result<Sections<'_>, ModelError> {
    let mut sections = Sections {
        header: Section::default(),
        trees: Vec::new(),
        parameters: HashMap::new(),
        pandas_categorical: None,
        is_cut: false,
    };
    let mut place = Place::Trees;
    let (mut ended, mut importances) = (false, false);
    for line in text.lines().map(str::trim_end) {
        match (place, line) {
            (Place::Trees, "end of trees") => {
                ended = true;
                place = Place::Importances;
            }
            (Place::Trees, _) if line.starts_with("Tree=") => sections.trees.push(Section::default()),
            (_, _) if line.starts_with("pandas_categorical:") => {
                sections.pandas_categorical = line.strip_prefix("pandas_categorical:");
                sections.is_cut = false;
            }
            (Place::Trees, _) => {
                let section = sections.trees.last_mut().unwrap_or(&mut sections.header);
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                section.lines.insert(key, value);
            }
            (Place::Importances, "feature_importances:" | "feature importances:") => importances = true,
            (Place::Importances, "parameters:") => place = Place::Parameters,
            (Place::Importances, _) => {}
            (Place::Parameters, "end of parameters") => place = Place::End,
            (Place::Parameters, _) => {
                let inner = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
                if let Some((key, value)) = inner.and_then(|line| line.split_once(':')) {
                    sections.parameters.insert(key.trim(), value.trim());
                }
            }
            // The library itself writes nothing more, its Python package first an empty line.
            (Place::End, "") => sections.is_cut = sections.pandas_categorical.is_none(),
            (Place::End, _) if "pandas_categorical:".starts_with(line) => {
                return Err(cut("within its last line, \"pandas_categorical\""));
            }
            (Place::End, _) => {}
        }
    }
    if !ended {
        return Err(cut("before its line \"end of trees\""));
    }
    if place == Place::Parameters {
        return Err(cut("before its line \"end of parameters\""));
    }
    // Every version that writes one of these numbers goes on with importances, and then with parameters if the model
    // has any. A file without may have been cut within the importances, behind all that is needed but categories.
    if matches!(sections.header.get("version"), Some("v3" | "v4")) {
        if !importances {
            return Err(cut("behind its line \"end of trees\""));
        }
        sections.is_cut |= place == Place::Importances && sections.pandas_categorical.is_none();
    }
    if sections.header.get("tree_sizes").is_some() {
        let (stated, found) = (sections.header.many::<u64>("tree_sizes")?.len(), sections.trees.len());
        if stated != found {
            return Err(malformed(format!(
                "the LightGBM file holds {found} trees, but its line \"tree_sizes\" lists {stated}"
            )));
        }
    }
    Ok(sections)
}

fn cut(place: &str) -> ModelError {
    malformed(format!("the LightGBM file ends {place}"))
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
