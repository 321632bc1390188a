//! The closed list of categories that a model can answer with.

use crate::value::Value;

/// One category: its value, and how it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The category as a value of the target's type.
    pub value: Value,
    /// The category as text, as it names an entry of a map of probabilities.
    pub text: Box<str>,
}

/// Categories by code: what a column of label codes and a distribution refer to.
///
/// Shared by `Arc` between a model's outputs and every [`crate::Scores`] that holds its answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    labels: Vec<Label>,
}

impl Labels {
    /// Labels with these values and texts; codes are positions.
    #[must_use]
    pub fn new(labels: Vec<Label>) -> Self {
        Self { labels }
    }

    /// String labels.
    pub fn of_texts<T: Into<Box<str>>>(texts: impl IntoIterator<Item = T>) -> Self {
        let label = |text: T| {
            let text: Box<str> = text.into();
            Label { value: Value::Text(text.clone()), text }
        };
        Self { labels: texts.into_iter().map(label).collect() }
    }

    /// The labels in the order of their codes.
    #[must_use]
    pub fn all(&self) -> &[Label] {
        &self.labels
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True if there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The label of `code`.
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&Label> {
        self.labels.get(code as usize)
    }

    /// The code of the label that is written `text`.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        self.labels.iter().position(|label| &*label.text == text).map(|code| code as u32)
    }
}
