//! The header that names the model.

use serde::Deserialize;

/// What a result says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// Offset of its message on the control log.
    pub control: i64,
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
    /// Input offset.
    pub offset: i64,
    /// Which of its record's results it is, from 1, where several models score it.
    #[serde(default = "one")]
    pub place: u32,
    /// How many models score it.
    #[serde(default = "one")]
    pub of: u32,
}

fn one() -> u32 {
    1
}
