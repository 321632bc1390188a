//! Golden rows, in JSON.

use std::sync::{Arc, Mutex, PoisonError};

use scorewheel_codecs::{Codec, DataTypeDefinition, DataTypes, OutputEncoder, RecordDecoder};
use scorewheel_columns::{Batch, Scores};
use scorewheel_model::DataTypeName;
use scorewheel_serving::GoldenCodec;
use serde_json::Value;

/// Reads golden records as JSON objects, whatever the codec of their data type is, and writes answers as the command
/// `score` does.
pub struct JsonGolden {
    /// Decoders keep what they learn about keys, and golden rows are rare.
    decoders: Vec<(Box<str>, Mutex<RecordDecoder>)>,
}

impl JsonGolden {
    /// For the records of these data types.
    #[must_use]
    pub fn new(data_types: &Arc<DataTypes>) -> Self {
        let decoders = data_types.all().iter().filter_map(|data_type| {
            let fields = data_type.schema().fields().to_vec();
            let json = DataTypeDefinition::of_fields(data_type.name(), Codec::Json, fields).ok()?;
            Some((data_type.name().into(), Mutex::new(json.decoder())))
        });
        Self { decoders: decoders.collect() }
    }
}

impl GoldenCodec for JsonGolden {
    fn read_record(&self, data_type: &DataTypeName, json: &str, batch: &mut Batch) -> Result<(), String> {
        let decoder = self.decoders.iter().find(|(name, _)| **name == *data_type.as_str());
        let (_, decoder) = decoder.ok_or_else(|| format!("the data type {data_type} is not configured"))?;
        let row = batch.rows();
        batch.resize(row + 1);
        let mut decoder = decoder.lock().unwrap_or_else(PoisonError::into_inner);
        let read = decoder.decode(json.as_bytes(), batch, row).map_err(|error| error.to_string());
        batch.settle();
        read
    }

    fn outputs(&self, scores: &Scores, row: usize) -> Value {
        let mut text = Vec::new();
        OutputEncoder::new(scores.schema()).write_outputs(scores, row, &mut text);
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
