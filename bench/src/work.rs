//! What `run` does between the client libraries: decode, score, encode.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use prost::Message;
use scorewheel_codecs::{DataTypeDefinition, Lineage, Making, RecordDecoder, ResultEncoder, ResultFormat};
use scorewheel_columns::{Batch, Scores};
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

use crate::clock::rate;
use crate::wine::WineRecord;

/// Rows at once, as the scoring processor takes them.
const BLOCK: usize = 1024;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The default: JSON with lineage.
    Json,
    /// JSON without lineage.
    JsonBare,
    /// The message `Score` with the fields that the Kafka Streams peer writes, without lineage.
    Score,
}

impl Style {
    /// The style of this name.
    pub fn of_name(name: &str) -> Result<Self, String> {
        [Self::Json, Self::JsonBare, Self::Score]
            .into_iter()
            .find(|style| style.name() == name)
            .ok_or_else(|| format!("no style {name}"))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonBare => "json-bare",
            Self::Score => "score",
        }
    }

    /// The settings of `run` that make results so.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Json => &[],
            Self::JsonBare => &["results.lineage=false"],
            Self::Score => &["results.format=protobuf", "results.outputs=false", "results.lineage=false"],
        }
    }

    fn format(self) -> ResultFormat {
        match self {
            Self::Json | Self::JsonBare => ResultFormat::Json,
            Self::Score => ResultFormat::ProtobufWithoutOutputs,
        }
    }
}

/// The value of a result and its header of lineage, which is empty where there is none.
pub type ResultBytes = (Vec<u8>, Vec<u8>);

/// A model, records for it, and how results are written.
pub struct Work {
    model: PmmlModel,
    name: String,
    wine: DataTypeDefinition,
    records: Vec<Vec<u8>>,
    style: Style,
}

impl Work {
    /// Work with this document and the project's own records, or those that `WINE_CSV` names.
    pub fn new(document: &Path, style: Style) -> Result<Self, Box<dyn Error>> {
        let bytes = std::fs::read(document)?;
        let name = document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let model = PmmlModel::load(&bytes, None, &Mapping::default(), &Limits::default())?;
        Ok(Self { model, name, wine: DataTypeDefinition::wine()?, records: wine_records()?, style })
    }

    /// CPU microseconds a record for decode, score and encode, without topics.
    pub fn alone(&self, seconds: f64) -> Result<f64, Box<dyn Error>> {
        let bound = self.model.bind(self.wine.schema(), &Mapping::default())?;
        let mut scratch = bound.new_scratch();
        let mut decoder = self.wine.decoder();
        let mut batch = Batch::new(Arc::clone(self.wine.schema()));
        let mut scores = Scores::new();
        let encoder = ResultEncoder::new(self.style.format(), "wine", bound.outputs());
        let lineage = self.lineage();
        let mut out = Vec::new();
        let rows = self.records.len();
        let records_a_second = rate(seconds, rows, || {
            out.clear();
            for block in self.records.chunks(BLOCK) {
                decode(&mut decoder, block, &mut batch);
                bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
                for row in 0..batch.rows() {
                    if let Some(lineage) = &lineage {
                        lineage.write(3, row as i64 + 1_000_000, &mut out);
                    }
                    encoder.encode(&scores, row, self.making(), &mut out);
                }
            }
            black_box(&out);
        });
        Ok(1e6 / records_a_second)
    }

    /// The result of each record.
    pub fn results(&self) -> Result<Vec<ResultBytes>, Box<dyn Error>> {
        let bound = self.model.bind(self.wine.schema(), &Mapping::default())?;
        let mut batch = Batch::new(Arc::clone(self.wine.schema()));
        decode(&mut self.wine.decoder(), &self.records, &mut batch);
        let mut scores = Scores::new();
        bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
        let encoder = ResultEncoder::new(self.style.format(), "wine", bound.outputs());
        let lineage = self.lineage();
        let result = |row: usize| {
            let (mut value, mut header) = (Vec::new(), Vec::new());
            encoder.encode(&scores, row, self.making(), &mut value);
            if let Some(lineage) = &lineage {
                lineage.write(3, row as i64 + 1_000_000, &mut header);
            }
            (value, header)
        };
        Ok((0..batch.rows()).map(result).collect())
    }

    fn making(&self) -> Making<'_> {
        Making { model: &self.name, duration_ns: 180, model_since: 1_700_000_000_000 }
    }

    fn lineage(&self) -> Option<Lineage> {
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        (self.style == Style::Json).then(|| Lineage::new(&self.name, "@0", digest, 0, "bench-records"))
    }
}

fn decode(decoder: &mut RecordDecoder, records: &[Vec<u8>], batch: &mut Batch) {
    batch.clear();
    batch.resize(records.len());
    decoder.decode_rows(records.iter().map(Vec::as_slice), batch, |_, error| drop(error));
}

/// The rows of a CSV of wines as protobuf: `;` between the eleven features, a header or none.
pub fn wine_records() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let path = crate::place::wine_csv()?;
    let mut records = Vec::new();
    for line in std::fs::read_to_string(&path)?.lines() {
        let cells: Vec<f64> = line.split(';').filter_map(|cell| cell.parse().ok()).collect();
        let [a, b, c, d, e, f, g, h, i, j, k, ..] = cells[..] else { continue };
        let record = WineRecord {
            fixed_acidity: a,
            volatile_acidity: b,
            citric_acid: c,
            residual_sugar: d,
            chlorides: e,
            free_sulfur_dioxide: f,
            total_sulfur_dioxide: g,
            density: h,
            p_h: i,
            sulphates: j,
            alcohol: k,
            data_type: "wine".to_owned(),
        };
        records.push(record.encode_to_vec());
    }
    if records.is_empty() {
        return Err(format!("{} has no records", path.display()).into());
    }
    Ok(records)
}
