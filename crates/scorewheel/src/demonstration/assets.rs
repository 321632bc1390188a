//! The records and models, part of the binary: made by `demo/make` from a fixed seed.

use scorewheel_codecs::{CsvDecoder, CsvOptions, CsvRows, DataTypeDefinition};
use scorewheel_columns::Batch;
use scorewheel_model::ModelType;

use crate::exit_code::Failure;
use crate::formats::Formats;

const RECORDS: &[u8] = include_bytes!("../../../../demo/records.csv");

/// A model of the demonstration.
#[derive(Clone, Copy, Debug)]
pub struct DemoModel {
    /// Its name.
    pub name: &'static str,
    /// What its descriptor says that it is.
    pub model_type: ModelType,
    /// Its bytes.
    pub bytes: &'static [u8],
}

macro_rules! model {
    ($name:literal, $model_type:ident, $file:literal) => {
        DemoModel {
            name: $name,
            model_type: ModelType::$model_type,
            bytes: include_bytes!(concat!("../../../../demo/models/", $file)),
        }
    };
}

/// The one that every build refuses.
pub const REFUSED: &str = "refused";

const MODELS: [DemoModel; 8] = [
    model!("linear", Pmml, "1-linear.pmml"),
    model!("tree", Pmml, "2-tree.pmml"),
    model!("forest", Pmml, "3-forest.pmml"),
    model!("refused", Pmml, "6-refused.pmml"),
    model!("network", Pmml, "4-network.pmml"),
    model!("graph", TensorFlow, "5-graph.pb"),
    model!("onnx", Onnx, "7-network.onnx"),
    model!("boosted", XgBoost, "8-boosted.json"),
];

/// The models in the order in which they are published; those of formats that this build does not know are left out.
#[must_use]
pub fn models() -> Vec<DemoModel> {
    let formats = Formats::all();
    let known = |model: &DemoModel| {
        model.name == REFUSED || formats.find(model.bytes, Some(model.model_type)).is_ok()
    };
    MODELS.into_iter().filter(known).collect()
}

/// The records, encoded as they lie on the topic.
///
/// # Errors
/// None in practice: the file is a part of the build.
pub fn records() -> Result<Vec<Vec<u8>>, Failure> {
    read().map_err(|reason| Failure::run_time(format!("the demonstration's records cannot be read: {reason}")))
}

fn read() -> Result<Vec<Vec<u8>>, String> {
    let wine = DataTypeDefinition::wine().map_err(|error| error.to_string())?;
    let schema = wine.schema();
    // The eleven features in the schema's order, and then the quality, which no model gets to see.
    let mut names: Vec<String> = (schema.fields().iter().enumerate())
        .filter(|(index, _)| Some(*index) != wine.type_field())
        .map(|(_, field)| field.name.to_string())
        .collect();
    names.push("quality".to_owned());
    let options = CsvOptions { delimiter: b';', names: Some(names), header: false };
    let mut rows = CsvRows::new(RECORDS, &options).map_err(|error| error.to_string())?;
    let decoder = CsvDecoder::new(schema, rows.names()).map_err(|error| error.to_string())?;
    let encoder = wine.encoder();
    let mut batch = Batch::new(schema.clone());
    let mut records = Vec::new();
    loop {
        batch.clear();
        batch.resize(1);
        let Some(cells) = rows.next_row().map_err(|error| error.to_string())? else { break };
        decoder.decode(cells, &mut batch, 0).map_err(|error| error.to_string())?;
        if let Some(field) = wine.type_field() {
            batch.column_mut(field).write_text(0, wine.name());
        }
        batch.settle();
        let mut record = Vec::new();
        encoder.encode(&batch, 0, &mut record).map_err(|error| error.to_string())?;
        records.push(record);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_models_are_there() {
        assert_eq!(records().unwrap().len(), 1200);
        let models = models();
        assert!(models.len() >= 6, "{models:?}");
        assert!(models.iter().any(|model| model.name == REFUSED));
    }
}
