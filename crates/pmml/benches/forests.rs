//! Forests of PMML compiled together against the same forests scored segment by segment, in one run.
//!
//! Reads `../shared/data/forests` beside the repository; says so where there is none. A segment with an output of its
//! own keeps a forest from being compiled, and changes nothing else.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a script")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use scorewheel_columns::{Batch, Scores, Value};
use scorewheel_model::{BoundModel, Format, Limits, Mapping};
use scorewheel_pmml::PmmlFormat;

fn load(document: &str, rows: &[f64]) -> (Arc<dyn BoundModel>, Batch) {
    let model = PmmlFormat.load(document.as_bytes(), &Mapping::default(), &Limits::default()).unwrap();
    let schema = model.schema().unwrap();
    let bound = model.bind(&schema, &Mapping::default()).unwrap();
    let mut batch = Batch::new(Arc::clone(&schema));
    for row in rows.chunks_exact(30) {
        let value = |name: &str| row[name.trim_start_matches('x').parse::<usize>().unwrap() - 1];
        let values = schema.fields().iter().map(|field| Value::F64(value(&field.name)));
        batch.push_row(&values.collect::<Vec<_>>());
    }
    (bound, batch)
}

/// Best of several runs, nanoseconds a row, in batches of `size`.
fn time(bound: &dyn BoundModel, batch: &Batch, size: usize) -> f64 {
    let (mut scratch, mut scores) = (bound.new_scratch(), Scores::new());
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for first in (0..batch.rows()).step_by(size) {
            bound.score(batch, first..batch.rows().min(first + size), &mut scratch, &mut scores);
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / batch.rows() as f64);
    }
    best
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forests");
    let Ok(raw) = std::fs::read(folder.join("Xte.f64")) else {
        println!("skipped: {} not found", folder.display());
        return;
    };
    let values: Vec<f64> = raw
        .chunks_exact(8)
        .take(2_000 * 30)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    for file in ["xgb500d6.pmml", "lgbm500d6.pmml", "rf100d10.pmml"] {
        let document = std::fs::read_to_string(folder.join(file)).unwrap();
        let tree = document.find("<TreeModel").unwrap();
        let place = tree + document[tree..].find("<Node").unwrap();
        let output = "<Output><OutputField name=\"own\" feature=\"predictedValue\"/></Output>";
        let spoilt = format!("{}{output}{}", &document[..place], &document[place..]);
        let ((fast, batch), (slow, _)) = (load(&document, &values), load(&spoilt, &values));
        for size in [1, 256] {
            let (fast, slow) = (time(&*fast, &batch, size), time(&*slow, &batch, size));
            println!(
                "{file}, batches of {size}: {:.1} times as fast ({fast:.0} and {slow:.0} ns a row)",
                slow / fast
            );
        }
    }
}
