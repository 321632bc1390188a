//! Records of the topics, as the heart decodes them.

use std::sync::Arc;

use scorewheel_codecs::{DATA_TYPE_HEADER, DataTypes, RecordDecoder, RecordType, TypeError};
use scorewheel_columns::{Batch, Schema};
use scorewheel_model::{DataTypeName, NameError};
use scorewheel_serving::{DataTypeIndex, DecodeNotes, Decoder, Fault, Records, Stated, Step};
use scorewheel_streams::BatchView;

/// The codecs of all data types. One instance a task.
pub struct RecordCodecs {
    types: Arc<DataTypes>,
    names: Vec<DataTypeName>,
    codecs: Vec<Codec>,
}

struct Codec {
    schema: Arc<Schema>,
    decoder: RecordDecoder,
    /// For each record given to this type in [`Decoder::data_type`] and not decoded yet: whether it stated its type.
    stated: Vec<bool>,
}

impl RecordCodecs {
    /// Codecs with their buffers empty.
    ///
    /// # Errors
    /// If the name of a data type cannot be a route.
    pub fn new(types: Arc<DataTypes>) -> Result<Self, NameError> {
        let names = types
            .all()
            .iter()
            .map(|data_type| DataTypeName::new(data_type.name()))
            .collect::<Result<_, _>>()?;
        let codec = |data_type: &Arc<scorewheel_codecs::DataTypeDefinition>| Codec {
            schema: Arc::clone(data_type.schema()),
            decoder: data_type.decoder(),
            stated: Vec::new(),
        };
        Ok(Self { names, codecs: types.all().iter().map(codec).collect(), types })
    }
}

impl Decoder for RecordCodecs {
    fn data_types(&self) -> &[DataTypeName] {
        &self.names
    }

    fn schema(&self, data_type: DataTypeIndex) -> &Arc<Schema> {
        &self.codecs[data_type].schema
    }

    #[inline]
    fn data_type(&mut self, header: Option<&[u8]>, value: &[u8]) -> Stated {
        match self.types.type_of(header, value) {
            Ok(RecordType { index, stated }) => {
                self.codecs[index].stated.push(stated);
                Stated::Known(index)
            }
            Err(error) => Stated::Refused(fault(&error)),
        }
    }

    fn decode(
        &mut self,
        data_type: DataTypeIndex,
        values: &mut dyn Iterator<Item = &[u8]>,
        batch: &mut Batch,
        notes: &mut DecodeNotes,
    ) {
        let codec = &mut self.codecs[data_type];
        batch.resize(codec.stated.len());
        codec.decoder.decode_rows(values, batch, |row, error| {
            let fault =
                Fault { step: Step::Decode, kind: error.kind.as_str(), reason: error.to_string().into() };
            notes.faults.push((row as u32, fault));
        });
        let routes_by_field =
            self.types.get(data_type).is_some_and(|definition| definition.type_field().is_some());
        if routes_by_field {
            self.route(data_type, batch, notes);
        }
        self.codecs[data_type].stated.clear();
    }
}

impl RecordCodecs {
    /// Looks at the field of the record that names its data type.
    fn route(&self, data_type: DataTypeIndex, batch: &Batch, notes: &mut DecodeNotes) {
        let unreadable = notes.faults.len();
        for (row, stated) in self.codecs[data_type].stated.iter().enumerate() {
            match self.types.route(RecordType { index: data_type, stated: *stated }, batch, row) {
                Ok(named) if named == data_type => {}
                Ok(named) => notes.routes.push((row as u32, named)),
                Err(error) => notes.faults.push((row as u32, fault(&error))),
            }
        }
        if notes.faults.len() > unreadable {
            // Stable: a row that could not be read keeps its first fault in front.
            notes.faults.sort_by_key(|(row, _)| *row);
            notes.faults.dedup_by_key(|(row, _)| *row);
        }
    }
}

fn fault(error: &TypeError) -> Fault {
    let (step, kind) = match error {
        TypeError::Unknown(..) => (Step::Route, "unknown_data_type"),
        TypeError::OtherSchema { .. } => (Step::Route, "other_schema"),
        TypeError::Undecodable(error) => (Step::Decode, error.kind.as_str()),
    };
    Fault { step, kind, reason: error.to_string().into() }
}

/// A batch of a topology, as the heart sees it.
#[derive(Clone, Copy)]
pub(crate) struct ViewRecords<'a>(pub BatchView<'a>);

impl Records for ViewRecords<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> Option<&[u8]> {
        self.0.get(index)?.value
    }

    fn data_type(&self, index: usize) -> Option<&[u8]> {
        let headers = self.0.get(index)?.headers;
        if headers.encoded().is_empty() {
            return None;
        }
        headers.last(DATA_TYPE_HEADER).flatten()
    }
}
