//! A record into columns, beside prost's generated struct for the same bytes.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use prost::Message;
use scorewheel_codecs::DataTypeDefinition;
use scorewheel_columns::Batch;

use crate::clock::{rate, say};
use crate::spread::Spread;
use crate::wine::{WineRecord, records};

const ROUNDS: usize = 11;
const SECONDS: f64 = 0.2;

/// Prints one row of a table: both rates and the ratio of times, ours / prost.
pub fn run() -> Result<(), Box<dyn Error>> {
    let records = records(1_000);
    let wine = DataTypeDefinition::wine()?;
    let mut decoder = wine.decoder();
    let mut batch = Batch::new(Arc::clone(wine.schema()));
    let (mut ours, mut prost, mut ratio) = (Spread::default(), Spread::default(), Spread::default());
    for _ in 0..ROUNDS {
        let columns = rate(SECONDS, records.len(), || {
            batch.clear();
            batch.resize(records.len());
            for (row, bytes) in records.iter().enumerate() {
                if decoder.decode(bytes, &mut batch, row).is_err() {
                    batch.reset_row(row);
                }
            }
            batch.settle();
            black_box(&batch);
        });
        let structs = rate(SECONDS, records.len(), || {
            for bytes in &records {
                black_box(WineRecord::decode(bytes.as_slice()).ok());
            }
        });
        ours.push(columns);
        prost.push(structs);
        ratio.push(structs / columns);
    }
    say(
        "| decode a wine record (protobuf), records per CPU-second | ours, into columns | prost, into a struct | time ours / prost |",
    );
    say("|---|---|---|---|");
    say(&format!("| 1,000 records a batch, {ROUNDS} interleaved rounds | {ours} | {prost} | {ratio} |"));
    Ok(())
}
