//! What the stream of models carries.

use bytes::Bytes;
use scorewheel_serving::ControlRecord;

/// An item of the stream of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelItem {
    /// A message of the control log. Messages come in the order of their offsets.
    Message(ModelMessage),
    /// Everything that was on the log when the stream began has been handed out. Nothing is scored before this.
    Ready {
        /// The end of the log where it is known: past the last message if transaction markers follow it.
        end: Option<i64>,
    },
}

/// A message of the control log. After a restart the stream replays them, with the same offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelMessage {
    /// Its offset: the identity of the message.
    pub offset: i64,
    /// The producer's timestamp, milliseconds since the epoch.
    pub timestamp: i64,
    /// `dataType/name`, or none.
    pub key: Option<Bytes>,
    /// A model descriptor; none removes the model of the key.
    pub value: Option<Bytes>,
}

impl ModelMessage {
    pub(crate) fn as_record(&self) -> ControlRecord<'_> {
        ControlRecord {
            offset: self.offset,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.clone(),
        }
    }
}

impl From<ModelMessage> for ModelItem {
    fn from(message: ModelMessage) -> Self {
        Self::Message(message)
    }
}
