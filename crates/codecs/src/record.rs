//! Records of one data type: bytes ↔ one row of a batch.

use std::sync::Arc;

use scorewheel_columns::{Batch, Schema};

use crate::data_type::Codec;
use crate::error::{DecodeError, DecodeErrorKind, EncodeError};
use crate::json::{self, JsonDecoder};
use crate::protobuf::{ProtobufDecoder, ProtobufEncoder, ProtobufMessage, Run};

/// Decodes records of one data type into rows of a batch, in place; one for each thread.
///
/// The batch is grown by the number of records at hand ([`Batch::resize`]); rows are decoded in ascending order. A
/// record that cannot be decoded leaves its row as it was, so that the next record may take it; at the end the batch
/// is cut to the rows that were used, and settled ([`Batch::settle`]).
#[derive(Clone, Debug)]
pub struct RecordDecoder {
    codec: Codec,
    protobuf: Option<ProtobufDecoder>,
    json: JsonDecoder,
}

impl RecordDecoder {
    pub(crate) fn new(codec: Codec, schema: &Arc<Schema>, message: Option<&ProtobufMessage>) -> Self {
        Self { codec, protobuf: message.map(ProtobufDecoder::new), json: JsonDecoder::new(schema) }
    }

    /// Decodes a record into `row` of a batch of the data type's schema.
    ///
    /// # Errors
    /// [`DecodeError`] if the record as a whole cannot be read; `row` is then as before.
    #[inline]
    pub fn decode(&mut self, value: &[u8], batch: &mut Batch, row: usize) -> Result<(), DecodeError> {
        if self.codec.is_json(value) {
            return self.json.decode(value, batch, row);
        }
        match &mut self.protobuf {
            Some(protobuf) => protobuf.decode(value, batch, row),
            None => Err(DecodeErrorKind::NotJson.at(0)),
        }
    }
}

impl RecordDecoder {
    /// Decodes records into the rows of a batch from row 0 on, and settles it. A record that cannot be read is given to
    /// `failed` with its row, whose cells mean nothing; later rows are untouched by that.
    ///
    /// Much faster than one [`decode`](Self::decode) for each, where records lie in their bytes as others did.
    pub fn decode_rows<'v>(
        &mut self,
        values: impl Iterator<Item = &'v [u8]>,
        batch: &mut Batch,
        mut failed: impl FnMut(usize, DecodeError),
    ) {
        let mut run = Run::default();
        for (row, value) in values.enumerate() {
            let decoded = match &mut self.protobuf {
                Some(protobuf) if !self.codec.is_json(value) => {
                    protobuf.decode_in(&mut run, value, batch, row)
                }
                _ => self.decode(value, batch, row),
            };
            if let Err(error) = decoded {
                failed(row, error);
            }
        }
        if let Some(protobuf) = &self.protobuf {
            protobuf.finish(&mut run, batch);
        }
        batch.settle();
    }
}

/// Encodes rows of a batch as records of one data type.
#[derive(Clone, Debug)]
pub struct RecordEncoder {
    protobuf: Option<ProtobufEncoder>,
}

impl RecordEncoder {
    pub(crate) fn new(message: Option<&ProtobufMessage>) -> Self {
        Self { protobuf: message.map(ProtobufEncoder::new) }
    }

    /// Appends a row as protobuf, or as JSON where the data type is that.
    ///
    /// # Errors
    /// [`EncodeError`] if the row holds what the protobuf message cannot: a fault, a number out of the field's range.
    /// Nothing is appended then.
    pub fn encode(&self, batch: &Batch, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &self.protobuf {
            Some(protobuf) => protobuf.encode(batch, row, out),
            None => {
                json::write_row(batch, row, out);
                Ok(())
            }
        }
    }
}

/// Appends a row as a JSON object, whatever the codec of its data type; missing fields are left out.
pub fn write_json(batch: &Batch, row: usize, out: &mut Vec<u8>) {
    json::write_row(batch, row, out);
}
