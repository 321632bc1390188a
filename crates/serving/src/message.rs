//! One message of the control log, read but not judged.

use bytes::Bytes;
use scorewheel_model::{
    Content, DescriptorError, Digest, ModelDescriptor, ModelErrorKind, ModelKey, TypeNumbering,
};

use crate::reference::ModelReference;
use crate::rejection::{Refusal, RefusalKind};

/// Longest version text, in bytes: it travels in a header of every result.
pub const VERSION_LIMIT: usize = 128;

/// A record of the control log.
#[derive(Clone, Debug)]
pub struct ControlRecord<'a> {
    /// Its offset: the identity of the message.
    pub offset: i64,
    /// The producer's timestamp, milliseconds since the epoch.
    pub timestamp: i64,
    /// The key; `None` is null.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// What a record of the control log says.
#[derive(Clone, Debug)]
pub enum ControlMessage {
    /// A model arrives, by value or by reference.
    Put(Box<Put>),
    /// A model is removed.
    Remove {
        /// Which.
        key: ModelKey,
        /// Digest of the message.
        digest: Digest,
    },
    /// It cannot be used, whatever the model is.
    Refused {
        /// What is known of the model.
        partial: Partial,
        /// Why.
        refusal: Refusal,
    },
}

/// A model that arrived.
#[derive(Clone, Debug)]
pub struct Put {
    /// What is kept of the message when the bytes are gone.
    pub reference: ModelReference,
    /// The decoded message.
    pub descriptor: ModelDescriptor,
}

impl Put {
    /// Where the model is, if it came by reference.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        match &self.descriptor.content {
            Content::Data(_) => None,
            Content::Location(location) => Some(location),
        }
    }

    /// The same with the bytes that its location names, whose digest is `sha256`: from here on as if it had come by
    /// value.
    #[must_use]
    pub fn supplied(mut self, data: Bytes, sha256: Digest) -> Self {
        self.descriptor.content = Content::Data(data);
        self.reference.sha256 = sha256;
        self
    }

    /// The refusal of a model by reference where nobody fetches models.
    pub(crate) fn not_enabled(location: &str) -> Refusal {
        let reason = format!(
            "the model is at {:?}, and models by reference are not enabled; publish it by value, or allow its place \
             with [[references]]",
            cut(location)
        );
        Refusal::new(RefusalKind::ByReference, reason)
    }
}

/// What could be read of a message that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Data type as written, if it could be read.
    pub data_type: Option<String>,
    /// Name as written, if it could be read.
    pub name: Option<String>,
    /// Version, if it could be read.
    pub version: Option<String>,
    /// Digest of the model's bytes, if they are there.
    pub sha256: Option<Digest>,
    /// Digest of the message.
    pub digest: Digest,
}

impl ControlMessage {
    /// Reads a record. The same record always reads the same.
    ///
    /// The data of a model is hashed once and not copied. The digest of a message covers its key and all its
    /// fields, the data by its own digest.
    #[must_use]
    pub fn read(record: &ControlRecord<'_>, numbering: TypeNumbering) -> Self {
        match &record.value {
            None => read_tombstone(record.key),
            Some(value) => read_descriptor(record, value, numbering),
        }
    }

    /// The digest of the message, by which another message at the same offset is told apart.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Put(put) => put.reference.message,
            Self::Remove { digest, .. } => *digest,
            Self::Refused { partial, .. } => partial.digest,
        }
    }
}

fn read_tombstone(key: Option<&[u8]>) -> ControlMessage {
    let digest = digest_of(b"remove", key, &[]);
    let refused = |kind, reason: String| ControlMessage::Refused {
        partial: Partial { data_type: None, name: None, version: None, sha256: None, digest },
        refusal: Refusal::new(kind, reason),
    };
    let Some(key) = key else {
        let reason = "a message without value removes a model, but without a key it names none; set the key to \
                      dataType/name";
        return refused(RefusalKind::KeylessTombstone, reason.to_owned());
    };
    match std::str::from_utf8(key).map_err(|_| None).and_then(|text| ModelKey::parse(text).map_err(Some)) {
        Ok(key) => ControlMessage::Remove { key, digest },
        Err(None) => refused(RefusalKind::BadName, "the key is not UTF-8 text".to_owned()),
        Err(Some(error)) => refused(RefusalKind::BadName, error.to_string()),
    }
}

fn read_descriptor(record: &ControlRecord<'_>, value: &Bytes, numbering: TypeNumbering) -> ControlMessage {
    let descriptor = match ModelDescriptor::decode(value.clone(), numbering) {
        Ok(descriptor) => descriptor,
        Err(error) => {
            let partial = Partial {
                data_type: None,
                name: record.key.map(|key| String::from_utf8_lossy(key).into_owned()),
                version: None,
                sha256: None,
                digest: digest_of(b"raw", record.key, Digest::of(value).as_bytes()),
            };
            return ControlMessage::Refused { partial, refusal: error.into() };
        }
    };
    let sha256 = descriptor.digest();
    let digest = digest_of_descriptor(record.key, &descriptor, sha256, numbering);
    let partial = |descriptor: &ModelDescriptor| Partial {
        data_type: Some(cut(&descriptor.data_type)),
        name: Some(cut(&descriptor.name)),
        version: descriptor.version.as_deref().map(cut),
        sha256,
        digest,
    };
    let key = match descriptor.key(record.key) {
        Ok(key) => key,
        Err(error) => {
            return ControlMessage::Refused { partial: partial(&descriptor), refusal: error.into() };
        }
    };
    let refused = |kind, reason: String| ControlMessage::Refused {
        partial: partial(&descriptor),
        refusal: Refusal::new(kind, reason),
    };
    if let (Some(sha256), Some(stated)) = (sha256, descriptor.sha256)
        && stated != sha256
    {
        let reason = format!("the data's SHA-256 is {sha256}, but the field sha256 says {stated}");
        return refused(RefusalKind::DigestMismatch, reason);
    }
    // What is not stated is known when the model is there.
    let sha256 = sha256.or(descriptor.sha256).unwrap_or(ModelReference::UNKNOWN);
    let version = match &descriptor.version {
        None => format!("@{}", record.offset),
        Some(version) if version.len() > VERSION_LIMIT => {
            let reason = format!("the version has {} bytes, more than {VERSION_LIMIT}", version.len());
            return refused(RefusalKind::BadName, reason);
        }
        Some(version) => version.clone(),
    };
    let reference = ModelReference {
        offset: record.offset,
        key,
        version: version.into(),
        sha256,
        message: digest,
        timestamp: record.timestamp,
    };
    ControlMessage::Put(Box::new(Put { reference, descriptor }))
}

fn digest_of(kind: &[u8], key: Option<&[u8]>, content: &[u8]) -> Digest {
    let mut text = kind.to_vec();
    match key {
        None => text.push(0),
        Some(key) => {
            text.push(1);
            text.extend_from_slice(&(key.len() as u64).to_be_bytes());
            text.extend_from_slice(key);
        }
    }
    text.extend_from_slice(content);
    Digest::of(&text)
}

fn digest_of_descriptor(
    key: Option<&[u8]>,
    descriptor: &ModelDescriptor,
    sha256: Option<Digest>,
    numbering: TypeNumbering,
) -> Digest {
    let content = match (&descriptor.content, sha256) {
        (Content::Data(_), Some(sha256)) => Content::Data(Bytes::copy_from_slice(sha256.as_bytes())),
        (content, _) => content.clone(),
    };
    let light = ModelDescriptor { content, ..descriptor.clone() };
    digest_of(b"put", key, &light.encode(numbering))
}

/// At most 200 bytes of a text that somebody else wrote.
fn cut(text: &str) -> String {
    let mut end = text.len().min(200);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

impl From<DescriptorError> for Refusal {
    fn from(error: DescriptorError) -> Self {
        let kind = match &error {
            DescriptorError::Undecodable(_) => RefusalKind::Undecodable,
            DescriptorError::UnknownType(_) => RefusalKind::UnknownType,
            DescriptorError::UnknownLabelRule(_) | DescriptorError::UnknownRunTime(_) => {
                RefusalKind::Model(ModelErrorKind::Unsupported)
            }
            DescriptorError::NoContent => RefusalKind::NoContent,
            DescriptorError::BadDigestLength(_) => RefusalKind::DigestMismatch,
            DescriptorError::Name(_) => RefusalKind::BadName,
            DescriptorError::KeyDisagrees { .. } => RefusalKind::KeyDisagrees,
        };
        Self::new(kind, error.to_string())
    }
}
