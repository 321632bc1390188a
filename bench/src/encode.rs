//! The encode step: a result's value with and without its lineage header.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use scorewheel_codecs::{DataTypeDefinition, Lineage, Making, ResultEncoder, ResultFormat};
use scorewheel_columns::{Batch, Scores};
use scorewheel_model::{Limits, Mapping, Model};
use scorewheel_pmml::PmmlModel;

use crate::clock::{rate, say};
use crate::spread::Spread;
use crate::wine::records;

const ROUNDS: usize = 11;
const SECONDS: f64 = 0.2;

/// Prints one row of a table: microseconds a record with lineage, without, and the difference.
pub fn run() -> Result<(), Box<dyn Error>> {
    let records = records(1_000);
    let wine = DataTypeDefinition::wine()?;
    let mut decoder = wine.decoder();
    let mut batch = Batch::new(Arc::clone(wine.schema()));
    batch.resize(records.len());
    for (row, bytes) in records.iter().enumerate() {
        decoder.decode(bytes, &mut batch, row)?;
    }
    batch.settle();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/models/2-tree.pmml");
    let model = PmmlModel::load(&std::fs::read(document)?, None, &Mapping::default(), &Limits::default())?;
    let bound = model.bind(wine.schema(), &Mapping::default())?;
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    let encoder = ResultEncoder::new(ResultFormat::Json, "wine", bound.outputs());
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let lineage = Lineage::new("2-tree", "@12", digest, 12, "models_data");
    let mut out = Vec::new();
    let [mut bare, mut whole, mut header] = [Spread::default(), Spread::default(), Spread::default()];
    for _ in 0..ROUNDS {
        let without = 1e6
            / rate(SECONDS, records.len(), || {
                out.clear();
                for row in 0..records.len() {
                    encoder.encode(&scores, row, Making::default(), &mut out);
                }
                black_box(&out);
            });
        let with = 1e6
            / rate(SECONDS, records.len(), || {
                out.clear();
                for row in 0..records.len() {
                    encoder.encode(&scores, row, Making::default(), &mut out);
                    lineage.write(3, row as i64 + 1_000_000, &mut out);
                }
                black_box(&out);
            });
        bare.push(without);
        whole.push(with);
        header.push(with - without);
    }
    say("| encode a result, CPU µs a record | value alone | value and lineage | lineage |");
    say("|---|---|---|---|");
    say(&format!("| JSON, decision tree, {ROUNDS} interleaved rounds | {bare} | {whole} | {header} |"));
    Ok(())
}
