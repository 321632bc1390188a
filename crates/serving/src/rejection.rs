//! Why a control message is refused, and the record that says so.

use scorewheel_model::{Digest, ModelError, ModelErrorKind};
use serde::{Deserialize, Serialize};

use crate::message::Partial;
use crate::reference::ModelReference;

/// Longest reason that is kept, in bytes.
const REASON_LIMIT: usize = 2000;

/// Why a control message is refused: what its publisher must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The value is not a descriptor.
    Undecodable,
    /// The descriptor's type number is not known.
    UnknownType,
    /// Neither data nor location.
    NoContent,
    /// The data is not what the field `sha256` promises.
    DigestMismatch,
    /// Name, data type, version or key cannot be an identity.
    BadName,
    /// Key and fields name different models.
    KeyDisagrees,
    /// A tombstone that does not say what to remove.
    KeylessTombstone,
    /// Models by reference are not enabled, or this one does not state its digest where it must.
    ByReference,
    /// A location that cannot be read.
    BadLocation,
    /// A location outside the places that are allowed.
    NotAllowed,
    /// There is nothing at the location.
    NotFound,
    /// No data type of this name is configured.
    UnknownDataType,
    /// A golden row is not reproduced.
    GoldenRow,
    /// Loading or checking the model panicked; a defect of ours.
    EnginePanicked,
    /// The model itself is bad.
    Model(ModelErrorKind),
}

impl RefusalKind {
    /// Those that are not of the model itself.
    const OF_MESSAGES: [Self; 14] = [
        Self::Undecodable,
        Self::UnknownType,
        Self::NoContent,
        Self::DigestMismatch,
        Self::BadName,
        Self::KeyDisagrees,
        Self::KeylessTombstone,
        Self::ByReference,
        Self::BadLocation,
        Self::NotAllowed,
        Self::NotFound,
        Self::UnknownDataType,
        Self::GoldenRow,
        Self::EnginePanicked,
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let of_models = ModelErrorKind::ALL.into_iter().map(Self::Model);
        Self::OF_MESSAGES.into_iter().chain(of_models)
    }

    /// The kind in words, as rejection records and labels of metrics have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownType => "unknown_type",
            Self::NoContent => "no_content",
            Self::DigestMismatch => "digest_mismatch",
            Self::BadName => "bad_name",
            Self::KeyDisagrees => "key_disagrees",
            Self::KeylessTombstone => "keyless_tombstone",
            Self::ByReference => "by_reference",
            Self::BadLocation => "bad_location",
            Self::NotAllowed => "not_allowed",
            Self::NotFound => "not_found",
            Self::UnknownDataType => "unknown_data_type",
            Self::GoldenRow => "golden_row",
            Self::EnginePanicked => "engine_panicked",
            Self::Model(kind) => kind.as_str(),
        }
    }
}

/// A verdict against a control message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What must change.
    pub kind: RefusalKind,
    /// What is wrong, where, and what would be right.
    pub reason: String,
}

impl Refusal {
    /// A refusal; the reason is cut to 2,000 bytes.
    #[must_use]
    pub fn new(kind: RefusalKind, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > REASON_LIMIT {
            let mut end = REASON_LIMIT;
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            reason.truncate(end);
            reason.push('…');
        }
        Self { kind, reason }
    }
}

impl From<ModelError> for Refusal {
    fn from(error: ModelError) -> Self {
        Self::new(RefusalKind::Model(error.kind), error.to_string())
    }
}

/// A refused control message, as it stands in the rejections topic under its control offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Control offset of the message.
    #[serde(skip)]
    pub offset: i64,
    /// Data type as written.
    #[serde(rename = "dataType", default, skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// Name as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of the model's bytes, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Digest of the message, hexadecimal: a message with another digest at this offset is not meant.
    pub digest: String,
    /// Kind of the refusal: [`RefusalKind::as_str`].
    pub kind: String,
    /// The reason in words.
    pub reason: String,
    /// Who refused it: application and instance.
    #[serde(default)]
    pub instance: String,
    /// Version of the engine that refused it.
    #[serde(default)]
    pub engine: String,
}

impl Rejection {
    /// The rejection of a message that was not even a model.
    #[must_use]
    pub fn of_message(offset: i64, partial: Partial, refusal: &Refusal, instance: &str) -> Self {
        Self {
            offset,
            data_type: partial.data_type,
            name: partial.name,
            version: partial.version,
            sha256: partial.sha256.map(|digest| digest.to_string()),
            digest: partial.digest.to_string(),
            kind: refusal.kind.as_str().to_owned(),
            reason: refusal.reason.clone(),
            instance: instance.to_owned(),
            engine: crate::ENGINE_VERSION.to_owned(),
        }
    }

    /// The rejection of a model.
    #[must_use]
    pub fn of_model(reference: &ModelReference, refusal: &Refusal, instance: &str) -> Self {
        let partial = Partial {
            data_type: Some(reference.key.data_type.to_string()),
            name: Some(reference.key.name.to_string()),
            version: Some(reference.version.to_string()),
            sha256: reference.known_sha256(),
            digest: reference.message,
        };
        Self::of_message(reference.offset, partial, refusal, instance)
    }

    /// The key of its record: the control offset in decimal digits.
    #[must_use]
    pub fn key(&self) -> String {
        self.offset.to_string()
    }

    /// The value of its record: JSON.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        // A struct of strings serialises always.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a record of the rejections topic; `None` if it is not one of ours.
    #[must_use]
    pub fn read(key: Option<&[u8]>, value: &[u8]) -> Option<Self> {
        let offset = std::str::from_utf8(key?).ok()?.parse().ok()?;
        let read: Self = serde_json::from_slice(value).ok()?;
        Digest::from_hex(&read.digest)?;
        Some(Self { offset, ..read })
    }

    /// The message's digest.
    #[must_use]
    pub fn message(&self) -> Option<Digest> {
        Digest::from_hex(&self.digest)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_kinds_are_listed_once() {
        let words: BTreeSet<&str> = RefusalKind::all().map(RefusalKind::as_str).collect();
        assert_eq!(words.len(), 22, "{words:?}");
        // A kind that is new must be counted here, and stand in the list.
        let place = |kind: RefusalKind| match kind {
            RefusalKind::Undecodable => 0,
            RefusalKind::UnknownType => 1,
            RefusalKind::NoContent => 2,
            RefusalKind::DigestMismatch => 3,
            RefusalKind::BadName => 4,
            RefusalKind::KeyDisagrees => 5,
            RefusalKind::KeylessTombstone => 6,
            RefusalKind::ByReference => 7,
            RefusalKind::BadLocation => 8,
            RefusalKind::NotAllowed => 9,
            RefusalKind::NotFound => 10,
            RefusalKind::UnknownDataType => 11,
            RefusalKind::GoldenRow => 12,
            RefusalKind::EnginePanicked => 13,
            RefusalKind::Model(kind) => 14 + ModelErrorKind::ALL.iter().position(|one| *one == kind).unwrap(),
        };
        assert!(RefusalKind::all().map(place).eq(0..22));
    }

    #[test]
    fn a_rejection_survives_the_topic() {
        let partial = Partial {
            data_type: Some("wine".into()),
            name: None,
            version: Some("7".into()),
            sha256: None,
            digest: Digest::of(b"x"),
        };
        let refusal = Refusal::new(RefusalKind::Undecodable, "é".repeat(2000));
        let rejection = Rejection::of_message(12, partial, &refusal, "scorewheel@host");
        assert!(rejection.reason.len() <= 2003);
        let read = Rejection::read(Some(rejection.key().as_bytes()), &rejection.value());
        assert_eq!(read, Some(rejection));
    }

    #[test]
    fn foreign_records_are_nobodys_verdict() {
        let digest = Digest::of(b"x").to_string();
        let value = format!(r#"{{"digest":"{digest}","kind":"k","reason":"r","more":1}}"#);
        assert!(Rejection::read(Some(b"3"), value.as_bytes()).is_some());
        for (key, value) in [
            (None, value.as_str()),
            (Some(&b"x"[..]), value.as_str()),
            (Some(b"3"), "{}"),
            (Some(b"3"), r#"{"digest":"ab","kind":"k","reason":"r"}"#),
            (Some(b"3"), ""),
        ] {
            assert_eq!(Rejection::read(key, value.as_bytes()), None, "{key:?} {value}");
        }
    }
}
