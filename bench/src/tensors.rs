//! Tensor models by block and by row, from typed values in memory to every output, beside the libraries in processes of
//! their own.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Scores, TensorElement, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, Model};

use crate::clock::{rate, say, thread_seconds};
use crate::peer::Peer;
use crate::spread::{Spread, short};

const ROUNDS: usize = 7;
const SECONDS: f64 = 0.25;
const BATCH: usize = 256;
/// Calls between two looks at the clock, as in the peers: a look costs as much as a small model.
const CALLS: usize = 8;
const EXTENSIONS: [&str; 4] = ["onnx", "pb", "json", "txt"];

/// Prints a row of each table a model of `folder`.
pub fn run(folder: &Path, peer: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut models: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    models.retain(|path| path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end == *known)));
    models.sort();
    say(
        "| model | peer | batch of 256, records per CPU-second | one row | batch / peer | row / peer | load, ms | peer | memory, MB | peer |",
    );
    say("|---|---|---|---|---|---|---|---|---|---|");
    for path in &models {
        // A library's own file is held against the library and, if the same model is there as ONNX, against that.
        let mut rivals = vec![path.clone()];
        let twin = path.with_extension("onnx");
        if twin != *path && twin.is_file() {
            rivals.push(twin);
        }
        for rival in rivals {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match measure(path, &rival, peer) {
                Ok(figures) => say(&format!("| {name} | {figures} |")),
                Err(error) => say(&format!("| {name} | not measured: {error} | | | | | | | | |")),
            }
        }
    }
    Ok(())
}

fn library_of(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("onnx") => "ONNX Runtime",
        Some("pb") => "TensorFlow",
        Some("json") => "XGBoost",
        _ => "LightGBM",
    }
}

/// Numbers without a pattern that a model could like.
struct Numbers(u64);

impl Numbers {
    /// The sum of some even numbers, nearly normal, of deviation 1.
    fn next(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..12 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sum += (self.0 >> 11) as f64 / (1u64 << 53) as f64;
        }
        sum - 6.0
    }

    fn value(&mut self, data_type: &DataType) -> Value {
        let whole = |number: f64| Value::I64((number.abs() as i64).min(2));
        match data_type {
            DataType::I64 => whole(self.next()),
            DataType::Bool => Value::Bool(self.next() > 0.0),
            DataType::Text => Value::from("a"),
            DataType::Tensor { element, shape } => {
                let count = shape.iter().product();
                let one = |numbers: &mut Self| match element {
                    TensorElement::Text => Value::from("a"),
                    TensorElement::I64 => whole(numbers.next()),
                    _ => Value::F64(numbers.next()),
                };
                Value::List((0..count).map(|_| one(self)).collect())
            }
            _ => Value::F64(self.next()),
        }
    }
}

/// Megabytes of memory that this process holds.
fn megabytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * rustix::param::page_size() as f64 / 1e6
}

fn load(path: &Path) -> Result<Arc<dyn Model>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let formats = scorewheel_tensor::formats();
    let format = formats.iter().find(|format| format.recognises(&bytes)).ok_or("no format")?;
    Ok(format.load(&bytes, &Mapping::default(), &Limits::default())?)
}

fn measure(path: &Path, rival: &Path, peer: &[&str]) -> Result<String, Box<dyn Error>> {
    let (before, start) = (megabytes(), thread_seconds());
    let model = load(path)?;
    let bound: Arc<dyn BoundModel> = model.bind(&model.schema()?, &Mapping::default())?;
    let mut batch = Batch::new(model.schema()?);
    let mut numbers = Numbers(1);
    let types: Vec<DataType> = model.inputs().iter().map(|input| input.data_type.clone()).collect();
    batch.push_row(&types.iter().map(|data_type| numbers.value(data_type)).collect::<Vec<_>>());
    let (mut scratch, mut scores) = (bound.new_scratch(), Scores::new());
    bound.score(&batch, 0..1, &mut scratch, &mut scores);
    let loading = ((thread_seconds() - start) * 1e3, megabytes() - before);
    for _ in 1..BATCH {
        batch.push_row(&types.iter().map(|data_type| numbers.value(data_type)).collect::<Vec<_>>());
    }
    if let [(row, error), ..] = scores.errors() {
        return Err(format!("row {row}: {}", bound.explain(*error, &batch, *row as usize)).into());
    }
    let mut peer = Peer::start(peer)?;
    let mut ask = |question: &str| match peer.as_mut() {
        Some(peer) => peer.round(&format!("{} {question}", rival.display())),
        None => Ok(0.0),
    };
    // Once before, so that the library itself is there.
    ask("load")?;
    let their_loading = (ask("load")?, ask("memory")?);
    let mut figures: [Spread; 4] = Default::default();
    let start = thread_seconds();
    bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
    let calls = if thread_seconds() - start < SECONDS / 50.0 { CALLS } else { 1 };
    for _ in 0..ROUNDS {
        let whole = rate(SECONDS, calls * batch.rows(), || {
            for _ in 0..calls {
                bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
                black_box(&scores);
            }
        });
        let theirs = ask(&format!("batch {SECONDS}"))?;
        let mut row = 0;
        let single = rate(SECONDS, CALLS, || {
            for _ in 0..CALLS {
                bound.score(&batch, row..row + 1, &mut scratch, &mut scores);
                black_box(&scores);
                row = (row + 1) % BATCH;
            }
        });
        let their_single = ask(&format!("row {SECONDS}"))?;
        figures[0].push(whole);
        figures[1].push(single);
        if theirs > 0.0 {
            figures[2].push(whole / theirs);
            figures[3].push(single / their_single);
        }
    }
    let [whole, single, batch_ratio, row_ratio] = figures;
    Ok(format!(
        "{} | {} | {} | {batch_ratio} | {row_ratio} | {:.1} | {:.1} | {:.1} | {:.1}",
        library_of(rival),
        short(whole.median()),
        short(single.median()),
        loading.0,
        their_loading.0,
        loading.1,
        their_loading.1
    ))
}
