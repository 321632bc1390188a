//! What the heart asks of a codec.

use std::sync::Arc;

use scorewheel_columns::{Batch, Schema};
use scorewheel_model::DataTypeName;

use crate::outcome::Step;

/// Index of a data type among [`Decoder::data_types`].
pub type DataTypeIndex = usize;

/// Turns the bytes of records into columns. One instance a task, used by one thread.
pub trait Decoder {
    /// The configured data types.
    fn data_types(&self) -> &[DataTypeName];

    /// What the records of a data type look like.
    fn schema(&self, data_type: DataTypeIndex) -> &Arc<Schema>;

    /// The data type that a record states before it is decoded: in its header, in its text, or by default.
    fn data_type(&mut self, header: Option<&[u8]>, value: &[u8]) -> Stated;

    /// Appends exactly one row for each value, also for those that cannot be read: such a row's cells mean nothing.
    fn decode(
        &mut self,
        data_type: DataTypeIndex,
        values: &mut dyn Iterator<Item = &[u8]>,
        batch: &mut Batch,
        notes: &mut DecodeNotes,
    );
}

/// The data type that a record states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stated {
    /// One of the configured.
    Known(DataTypeIndex),
    /// None: the record becomes a dead letter.
    Refused(Fault),
}

/// Why a record cannot be read, or belongs to no data type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The step: decode, or route for an unknown data type.
    pub step: Step,
    /// The kind, a word.
    pub kind: &'static str,
    /// What is wrong, in words.
    pub reason: Box<str>,
}

/// What a codec says about single rows, by row, ascending.
#[derive(Clone, Debug, Default)]
pub struct DecodeNotes {
    /// Rows that could not be read or routed.
    pub faults: Vec<(u32, Fault)>,
    /// Rows whose bytes name another data type of the same schema, which is then their route.
    pub routes: Vec<(u32, DataTypeIndex)>,
}

impl DecodeNotes {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.faults.clear();
        self.routes.clear();
    }
}

/// The records of one partition, as the heart sees them: by index, from 0.
pub trait Records {
    /// Number of records.
    fn len(&self) -> usize;

    /// True if there is no record.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value; `None` is null.
    fn value(&self, index: usize) -> Option<&[u8]>;

    /// The header `scorewheel-data-type`, if the record has one.
    fn data_type(&self, index: usize) -> Option<&[u8]>;
}
