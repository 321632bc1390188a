//! Memory over a thousand swaps of a model, on each run time.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use scorewheel_columns::{Batch, DataType, Scores, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, RunTimeChoice};
use scorewheel_runtimes::onnxruntime::OnnxRuntimeSettings;
use scorewheel_runtimes::tensorflow::TensorFlowSettings;
use scorewheel_runtimes::{OnnxRuntime, TensorFlow};
use scorewheel_tensor::formats_with;
use scorewheel_tensor::run_time::{RunTime, RunTimes};

use crate::clock::{rate, say};
use crate::spread::Spread;

const SWAPS: usize = 1000;
/// After so many swaps allocators have what they keep.
const SETTLED: usize = 100;
/// Rows that every model scores before the next one takes over.
const ROWS: usize = 100;

/// Swaps the model at `path` a thousand times, on the run time of this name; prints a row of a table.
pub fn run(path: &Path, run_time: &str, library: Option<&str>) -> Result<(), Box<dyn Error>> {
    let choice = RunTimeChoice::parse(run_time).ok_or("no such run time")?;
    let run_times = match (choice, library) {
        (RunTimeChoice::OnnxRuntime, Some(library)) => {
            vec![Arc::new(OnnxRuntime::new(library, OnnxRuntimeSettings::default())) as Arc<dyn RunTime>]
        }
        (RunTimeChoice::TensorFlow, Some(library)) => {
            vec![Arc::new(TensorFlow::new(library, TensorFlowSettings::default())) as Arc<dyn RunTime>]
        }
        _ => Vec::new(),
    };
    let formats = formats_with(&RunTimes::new(run_times));
    let bytes = fs::read(path)?;
    let format = formats.iter().find(|format| format.recognises(&bytes)).ok_or("no format")?;
    let mapping = Mapping { run_time: choice, ..Mapping::default() };
    let (mut loads, mut settled) = (Spread::default(), 0);
    let mut current: Option<Arc<dyn BoundModel>> = None;
    let mut scores = Scores::new();
    let mut engine = String::new();
    let mut row_rate = 0.0;
    for swap in 0..SWAPS {
        let start = Instant::now();
        let model = format.load(&bytes, &mapping, &Limits::default())?;
        let schema = model.schema()?;
        let bound = model.bind(&schema, &mapping)?;
        loads.push(start.elapsed().as_secs_f64() * 1e3);
        // The old model goes only once the new one is there.
        drop(current.replace(Arc::clone(&bound)));
        let mut batch = Batch::new(Arc::clone(&schema));
        for row in 0..ROWS {
            let value = |data_type: &DataType| value_of(data_type, row);
            let fields: Vec<Value> = schema.fields().iter().map(|field| value(&field.data_type)).collect();
            batch.push_row(&fields);
        }
        let mut scratch = bound.new_scratch();
        bound.score(&batch, 0..ROWS, &mut scratch, &mut scores);
        if let Some(error) = (0..ROWS).find_map(|row| scores.error(row)) {
            return Err(format!("a row has the error {}", error.code).into());
        }
        if swap + 1 == SETTLED {
            settled = resident_kib()?;
        }
        if swap + 1 == SWAPS {
            engine = model.summary().engine;
            row_rate = rate(0.5, 1, || bound.score(&batch, 0..1, &mut scratch, &mut scores));
        }
    }
    let end = resident_kib()?;
    say(&format!(
        "| {} | {engine} | {loads} | {:.2} | {:.1} | {:.1} | {:+.1} % |",
        path.file_name().unwrap_or_default().to_string_lossy(),
        1e6 / row_rate,
        settled as f64 / 1024.0,
        end as f64 / 1024.0,
        (end as f64 / settled as f64 - 1.0) * 100.0
    ));
    Ok(())
}

/// A value that any model takes: small numbers that differ by row.
fn value_of(data_type: &DataType, row: usize) -> Value {
    let number = |index: usize| Value::F64(((row * 7 + index * 3) % 11) as f64 / 4.0);
    match data_type {
        DataType::Text => Value::from("a"),
        DataType::I64 => Value::I64(0),
        DataType::Tensor { shape, .. } => Value::List((0..shape.iter().product()).map(number).collect()),
        _ => number(0),
    }
}

/// What this process holds in memory.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
