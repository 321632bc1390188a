//! A record into columns, beside prost's generated struct for the same bytes.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use prost::Message;
use scorewheel_codecs::DataTypeDefinition;
use scorewheel_columns::Batch;

use crate::clock::{rate, say};
use crate::reading::{self, Reading};
use crate::spread::Spread;
use crate::wine::{WineRecord, records};
use crate::work::wine_records;

const ROUNDS: usize = 11;
const SECONDS: f64 = 0.2;

/// Prints a row for each kind of records: both rates and the ratio of times, ours / prost.
pub fn run() -> Result<(), Box<dyn Error>> {
    say(&format!(
        "| decode, batches of 1,000, records per CPU-second, {ROUNDS} interleaved rounds | ours, into columns | prost, into a struct | time ours / prost |"
    ));
    say("|---|---|---|---|");
    let wine = DataTypeDefinition::wine()?;
    compare::<WineRecord>("wine, every number set", &wine, &records(1_000));
    // Zeros are absent in proto3, so these lie in several ways.
    let typical: Vec<Vec<u8>> = wine_records()?.into_iter().cycle().take(1_000).collect();
    compare::<WineRecord>("wine, as in the CSV", &wine, &typical);
    compare::<Reading>("nested, repeated, enums, strings", &reading::data_type()?, &reading::records(1_000));
    Ok(())
}

fn compare<M: Message + Default>(what: &str, data_type: &DataTypeDefinition, records: &[Vec<u8>]) {
    let mut decoder = data_type.decoder();
    let mut batch = Batch::new(Arc::clone(data_type.schema()));
    let (mut ours, mut prost, mut ratio) = (Spread::default(), Spread::default(), Spread::default());
    for _ in 0..ROUNDS {
        let columns = rate(SECONDS, records.len(), || {
            batch.clear();
            batch.resize(records.len());
            decoder.decode_rows(records.iter().map(Vec::as_slice), &mut batch, |_, error| drop(error));
            black_box(&batch);
        });
        let structs = rate(SECONDS, records.len(), || {
            for bytes in records {
                black_box(M::decode(bytes.as_slice()).ok());
            }
        });
        ours.push(columns);
        prost.push(structs);
        ratio.push(structs / columns);
    }
    say(&format!("| {what} | {ours} | {prost} | {ratio} |"));
}
