//! PMML documents by batch and by row, from typed values in memory to every output, beside JPMML in its own process.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, Scores, Value};
use scorewheel_model::{BoundModel, Limits, Mapping, Model, Scratch};
use scorewheel_pmml::PmmlModel;

use crate::clock::{rate, say};
use crate::peer::Peer;
use crate::spread::{Spread, short};

/// Interleaved rounds.
pub const ROUNDS: usize = 7;
/// CPU-seconds a round.
pub const SECONDS: f64 = 0.3;
/// Rows of a batch.
pub const BATCH: usize = 1_000;

/// Records: numbers, and in columns named `…[]` lists whose items are separated by blanks.
pub struct Data {
    header: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Data {
    /// Reads a CSV with a header.
    pub fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(path)?;
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().ok_or("no header")?.split(',').collect();
        let cell = |(name, text): (&&str, &str)| -> Result<Value, Box<dyn Error>> {
            Ok(match name.ends_with("[]") {
                true => Value::List(text.split_whitespace().map(Value::from).collect()),
                false => Value::F64(text.parse()?),
            })
        };
        let rows = lines.map(|line| header.iter().zip(line.split(',')).map(cell).collect());
        let rows = rows.collect::<Result<_, _>>()?;
        let header = header.iter().map(|name| name.trim_end_matches("[]").to_owned()).collect();
        Ok(Self { header, rows })
    }

    fn batch(&self, model: &PmmlModel) -> Result<Batch, Box<dyn Error>> {
        let mut batch = Batch::new(model.schema()?);
        let column = |name: &str| self.header.iter().position(|column| column == name);
        let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| column(&input.name)).collect();
        for row in self.rows.iter().take(BATCH) {
            let value = |column: &Option<usize>| column.map_or(Value::Missing, |at| row[at].clone());
            batch.push_row(&columns.iter().map(value).collect::<Vec<Value>>());
        }
        Ok(batch)
    }
}

/// Prints one row of a table a document of `folder`.
pub fn run(folder: &Path, data: &Path, peer: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut documents: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "pmml"));
    documents.sort();
    let data = Data::read(data)?;
    let mut peer = Peer::start(peer)?;
    say(
        "| document | batch of 1,000, records per CPU-second | one row | peer | batch / peer | row / peer | batch / row |",
    );
    say("|---|---|---|---|---|---|---|");
    for document in &documents {
        let name = document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match measure(document, &data, peer.as_mut()) {
            Ok(figures) => say(&format!("| {name} | {figures} |")),
            Err(error) => say(&format!("| {name} | not measured: {error} | | | | | |")),
        }
    }
    Ok(())
}

/// A document bound to its rows, with what scoring reuses.
pub struct Loaded {
    bound: Arc<dyn BoundModel>,
    batch: Batch,
    scratch: Scratch,
    scores: Scores,
}

impl Loaded {
    /// Loads a document and scores its rows once.
    pub fn new(document: &Path, data: &Data) -> Result<Self, Box<dyn Error>> {
        let bytes = std::fs::read(document)?;
        let model = PmmlModel::load(&bytes, None, &Mapping::default(), &Limits::default())?;
        let batch = data.batch(&model)?;
        let bound: Arc<dyn BoundModel> = model.bind(batch.schema(), &Mapping::default())?;
        let (mut scratch, mut scores) = (bound.new_scratch(), Scores::new());
        bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
        if let [(row, error), ..] = scores.errors() {
            return Err(format!("row {row}: {}", bound.explain(*error, &batch, *row as usize)).into());
        }
        Ok(Self { bound, batch, scratch, scores })
    }

    /// Records per CPU-second in batches of `size`.
    pub fn rate(&mut self, size: usize) -> f64 {
        let Self { bound, batch, scratch, scores } = self;
        rate(SECONDS, batch.rows(), || {
            for first in (0..batch.rows()).step_by(size) {
                bound.score(batch, first..batch.rows().min(first + size), scratch, scores);
                black_box(&*scores);
            }
        })
    }
}

fn measure(document: &Path, data: &Data, mut peer: Option<&mut Peer>) -> Result<String, Box<dyn Error>> {
    let mut loaded = Loaded::new(document, data)?;
    let mut figures: [Spread; 6] = Default::default();
    for _ in 0..ROUNDS {
        let whole = loaded.rate(BATCH);
        let single = loaded.rate(1);
        figures[0].push(whole);
        figures[1].push(single);
        figures[5].push(whole / single);
        if let Some(peer) = peer.as_deref_mut() {
            let theirs = peer.round(&format!("{} {SECONDS}", document.display()))?;
            figures[2].push(theirs);
            figures[3].push(whole / theirs);
            figures[4].push(single / theirs);
        }
    }
    let [whole, single, theirs, batch_ratio, row_ratio, own] = figures;
    Ok(format!(
        "{} | {} | {} | {batch_ratio} | {row_ratio} | {own}",
        short(whole.median()),
        short(single.median()),
        short(theirs.median())
    ))
}
