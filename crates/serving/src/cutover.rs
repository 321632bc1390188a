//! The entry that says from which record on a revision scores a partition.

use serde::{Deserialize, Serialize};

use crate::revision::RevisionId;

/// Why a partition took over a revision that its committed mark did not lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adoption {
    /// The committed offset carried no mark of ours: the newest revision is adopted.
    Newest,
    /// The control log is another one; the operator said `--adopt-log`.
    Log,
    /// This instance holds another set at that control offset; the operator said `--adopt-revision`.
    Revision,
}

impl Adoption {
    /// The word in the entry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Log => "log",
            Self::Revision => "revision",
        }
    }
}

/// An entry of the cut-overs topic: from this input offset on, this revision.
///
/// It is written in the transaction of the first outcome that it governs, so an abort takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cutover {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// First input offset that the revision governs.
    pub offset: i64,
    /// Control offset of the revision; −1 if no model is in force yet.
    pub revision: i64,
    /// Set digest, hexadecimal; absent before the first model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Said if the revision was not reached from the committed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adoption>,
}

impl Cutover {
    /// The entry for a partition whose record at `offset` is the first under `revision`.
    #[must_use]
    pub fn new(
        topic: &str,
        partition: u32,
        offset: i64,
        revision: RevisionId,
        adopted: Option<Adoption>,
    ) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
            offset,
            revision: revision.control,
            set: revision.set.map(|digest| digest.to_string()),
            adopted,
        }
    }

    /// The key of its record: `topic/partition`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.topic, self.partition)
    }

    /// The value of its record: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        // Strings and integers serialise always.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a record's value; `None` if it is not an entry.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        serde_json::from_slice(value).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::Digest;

    #[test]
    fn an_entry_survives_the_topic() {
        let id = RevisionId { control: 4, set: Some(Digest::of(b"x")) };
        let entry = Cutover::new("models_data", 3, 17, id, Some(Adoption::Log));
        assert_eq!(Cutover::read(&entry.value()), Some(entry));
        let entry = Cutover::new("models_data", 3, 0, RevisionId::EMPTY, None);
        let text = r#"{"topic":"models_data","partition":3,"offset":0,"revision":-1}"#;
        assert_eq!(String::from_utf8(entry.value()).unwrap(), text);
        assert_eq!(Cutover::read(b"{"), None);
    }
}
