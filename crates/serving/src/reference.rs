//! What is kept of a model message when its bytes are gone.

use std::sync::Arc;

use scorewheel_model::{DataTypeName, Digest, ModelKey, ModelName};

use crate::compact::{Reader, put_signed, put_text};

/// A model by reference: where on the control log it lies and what it is. Never bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReference {
    /// Control offset: the identity of the message.
    pub offset: i64,
    /// Route and name.
    pub key: ModelKey,
    /// Descriptor field 100, else `@<control offset>`.
    pub version: Arc<str>,
    /// SHA-256 of the model's bytes; [`ModelReference::UNKNOWN`] for a model that lies elsewhere, whose publisher does
    /// not state it, until it is there.
    pub sha256: Digest,
    /// Digest of the whole message.
    pub message: Digest,
    /// When it was published, milliseconds since the epoch.
    pub timestamp: i64,
}

impl ModelReference {
    /// Stands for the digest of a model that is not there yet.
    pub const UNKNOWN: Digest = Digest::from_bytes([0; 32]);

    /// The digest of the model's bytes, if it is known.
    #[must_use]
    pub fn known_sha256(&self) -> Option<Digest> {
        Some(self.sha256).filter(|sha256| *sha256 != Self::UNKNOWN)
    }

    /// Appends the reference as a part of a store's value.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_signed(out, self.offset);
        put_signed(out, self.timestamp);
        for text in [self.key.data_type.as_str(), self.key.name.as_str(), &self.version] {
            put_text(out, text);
        }
        out.extend_from_slice(self.sha256.as_bytes());
        out.extend_from_slice(self.message.as_bytes());
    }

    /// Takes a reference off the front of `bytes`; `None` if there is none.
    pub fn decode(bytes: &mut &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (offset, timestamp) = (reader.signed()?, reader.signed()?);
        let data_type = DataTypeName::new(reader.text()?).ok()?;
        let name = ModelName::new(reader.text()?).ok()?;
        let version = reader.text()?.into();
        let (sha256, rest) = reader.0.split_first_chunk()?;
        let (message, rest) = rest.split_first_chunk()?;
        *bytes = rest;
        Some(Self {
            offset,
            key: ModelKey { data_type, name },
            version,
            sha256: Digest::from_bytes(*sha256),
            message: Digest::from_bytes(*message),
            timestamp,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_reference_comes_back(offset in any::<i64>(), timestamp in any::<i64>(), version in ".{0,40}", rest in any::<[u8; 3]>()) {
            let reference = ModelReference {
                offset,
                key: ModelKey::parse("wine/forest").unwrap(),
                version: version.into(),
                sha256: Digest::of(b"a"),
                message: Digest::of(b"b"),
                timestamp,
            };
            let mut bytes = Vec::new();
            reference.encode(&mut bytes);
            bytes.extend_from_slice(&rest);
            let mut left = bytes.as_slice();
            prop_assert_eq!(ModelReference::decode(&mut left), Some(reference));
            prop_assert_eq!(left, &rest[..]);
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = ModelReference::decode(&mut bytes.as_slice());
        }
    }
}
