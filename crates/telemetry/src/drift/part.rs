//! What one process has counted, to be merged with that of others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::FEWEST_ROWS;
use super::comparison::{Comparison, Reference, compare};
use super::sketch::{ColumnKind, ColumnSketch};
use super::training::Training;

/// What one process has counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftPart {
    /// By model.
    pub models: Vec<ModelPart>,
}

/// What one process has counted of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelPart {
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Version.
    pub version: String,
    /// Offset of its message on the control log.
    pub control_offset: i64,
    /// When it was first seen to score, milliseconds since the epoch.
    pub since: i64,
    /// About how many rows it has scored since then, looked at or not: batches at which somebody else was at the board
    /// are missing.
    pub rows: u64,
    /// Its inputs by name, in its order.
    pub inputs: Vec<(String, ColumnPart)>,
    /// Its first target.
    pub score: ColumnPart,
    /// Inputs that are not watched; the first of them if there are many.
    pub left_out: Vec<LeftOut>,
    /// All of them.
    pub left_out_count: usize,
}

/// What one process has counted of one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnPart {
    /// What it holds.
    pub kind: ColumnKind,
    /// The reference that the model brings.
    pub training: Option<Training>,
    /// When its first row came, milliseconds since the epoch.
    pub from: Option<i64>,
    /// When the reference was complete.
    pub until: Option<i64>,
    /// The reference that was counted.
    pub reference: ColumnSketch,
    /// Since when the window counts.
    pub since: Option<i64>,
    /// What is in the window.
    pub current: ColumnSketch,
}

/// An input that is not watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Its name.
    pub input: String,
    /// Why.
    pub why: String,
}

impl LeftOut {
    /// This input for this reason.
    #[must_use]
    pub fn new(input: &str, why: &str) -> Self {
        Self { input: input.chars().take(128).collect(), why: why.to_owned() }
    }
}

/// Where a reference comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// What came at the beginning.
    #[default]
    Beginning,
    /// The model's own statistics of its training.
    Training,
}

/// Rows that were looked at, from when to when.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Period {
    /// Milliseconds since the epoch; `None` if not known.
    pub from: Option<i64>,
    /// The same; `None` if it goes on.
    pub until: Option<i64>,
    /// Rows; `None` if a model does not say how many it was trained on.
    pub rows: Option<f64>,
}

/// One column, then and now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnDrift {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Where the reference comes from.
    pub source: Source,
    /// The reference.
    pub reference: Period,
    /// Now.
    pub current: Period,
    /// How both compare; `None` while there are too few rows.
    pub comparison: Option<Comparison>,
}

/// One model: all parts of it as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelDrift {
    /// The route.
    pub data_type: String,
    /// Name within the route.
    pub name: String,
    /// Version.
    pub version: String,
    /// Offset of its message on the control log.
    pub control_offset: i64,
    /// When it was first seen to score, by any of the processes.
    pub since: i64,
    /// About how many rows it has scored since then.
    pub rows: u64,
    /// Its inputs, in its order.
    pub inputs: Vec<ColumnDrift>,
    /// Its first target.
    pub score: ColumnDrift,
    /// Inputs that are not watched; the first of them if there are many.
    pub left_out: Vec<LeftOut>,
    /// All of them.
    pub left_out_count: usize,
}

/// The models of several processes: their counts added, then compared. Of a name only the newest version counts.
#[must_use]
pub fn merge<'a>(parts: impl IntoIterator<Item = &'a DriftPart>) -> Vec<ModelDrift> {
    let mut models: BTreeMap<(&str, &str), Vec<&ModelPart>> = BTreeMap::new();
    for part in parts.into_iter().flat_map(|part| &part.models) {
        let of_name = models.entry((&part.data_type, &part.name)).or_default();
        let newest = of_name.first().map_or(i64::MIN, |known| known.control_offset);
        if part.control_offset > newest {
            of_name.clear();
        }
        if part.control_offset >= newest {
            of_name.push(part);
        }
    }
    models.into_values().filter_map(|parts| model(&parts)).collect()
}

fn model(parts: &[&ModelPart]) -> Option<ModelDrift> {
    let first = parts.first()?;
    let inputs = first.inputs.iter().map(|(name, _)| {
        let of_name = |part: &&'_ ModelPart| {
            part.inputs.iter().find(|(known, _)| known == name).map(|(_, column)| column.clone())
        };
        column(name, parts.iter().filter_map(of_name))
    });
    Some(ModelDrift {
        data_type: first.data_type.clone(),
        name: first.name.clone(),
        version: first.version.clone(),
        control_offset: first.control_offset,
        since: parts.iter().map(|part| part.since).min()?,
        rows: parts.iter().map(|part| part.rows).sum(),
        inputs: inputs.collect(),
        score: column("score", parts.iter().map(|part| part.score.clone())),
        left_out: first.left_out.clone(),
        left_out_count: first.left_out_count,
    })
}

fn column(name: &str, parts: impl Iterator<Item = ColumnPart>) -> ColumnDrift {
    let mut parts: Vec<ColumnPart> = parts.collect();
    // Who has its reference counts; who still counts it does not take it away from the others.
    if parts.iter().any(|part| part.until.is_some()) {
        parts.retain(|part| part.until.is_some());
    }
    let mut all = ColumnPart::default();
    for part in parts {
        // Before its first score a process does not know what they are.
        if all.reference.rows() + all.current.rows() == 0 {
            all.kind = part.kind;
        }
        if part.kind != all.kind && part.reference.rows() + part.current.rows() > 0 {
            continue;
        }
        all.training = all.training.or(part.training);
        all.from = earlier(all.from, part.from);
        all.until = all.until.max(part.until);
        all.since = earlier(all.since, part.since);
        all.reference.merge(&part.reference);
        all.current.merge(&part.current);
    }
    let current = Period { from: all.since, until: None, rows: Some(all.current.rows() as f64) };
    let (source, reference, with) = match &all.training {
        Some(training) => {
            let period = Period { rows: training.rows, ..Period::default() };
            (Source::Training, period, Reference::Training(training))
        }
        None => {
            let rows = Some(all.reference.rows() as f64);
            let period = Period { from: all.from, until: all.until, rows };
            (Source::Beginning, period, Reference::Counted(&all.reference))
        }
    };
    let enough = all.until.is_some() && all.current.rows() >= FEWEST_ROWS;
    let comparison = if enough { compare(all.kind, with, &all.current) } else { None };
    ColumnDrift { name: name.to_owned(), kind: all.kind, source, reference, current, comparison }
}

fn earlier(left: Option<i64>, right: Option<i64>) -> Option<i64> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

#[cfg(test)]
mod tests {
    use super::super::board::{BoardSettings, DriftBoard, Inputs, ModelIdentity};
    use super::super::watch::WatchTimes;
    use super::*;

    /// Scores a row a millisecond on the board that `of` names; both boards see each moment.
    fn boards(rows: i64, of: impl Fn(i64) -> usize) -> [DriftPart; 2] {
        let settings = BoardSettings {
            times: WatchTimes { reference: 4_000, window: 4_000 },
            rows_per_second: 100_000,
            ..BoardSettings::default()
        };
        let boards = [DriftBoard::new(settings), DriftBoard::new(settings)];
        let inputs = || {
            let mut inputs = Inputs::default();
            inputs.watch("x", ColumnKind::Number, || None);
            inputs.watch("c", ColumnKind::Category, || None);
            inputs
        };
        for row in 0..rows {
            let model = ModelIdentity { data_type: "t", name: "m", version: "1", control_offset: 3 };
            boards[of(row)].scored(&model, 1, row, inputs, |watch, _| {
                let x = (row as f64 * 0.618).fract() * if row > 4_500 { 2.0 } else { 1.0 };
                watch.input(0).unwrap().add_number(x);
                watch.input(1).unwrap().add_category(if x < 0.5 { "low" } else { "high" });
                watch.score(ColumnKind::Number).unwrap().add_number(x.floor());
            });
        }
        boards.map(|board| board.part(None, rows))
    }

    #[test]
    fn two_processes_come_to_what_one_would() {
        let halves = boards(9_000, |row| usize::from(row % 2 == 0));
        let together = boards(9_000, |_| 0);
        let [merged, one] = [merge(&halves), merge(&together[..1])];
        for drift in [&merged, &one] {
            for column in drift[0].inputs.iter().chain([&drift[0].score]) {
                // Each process begins its window with a row of its own.
                let (reference, current) = (column.reference.rows.unwrap(), column.current.rows.unwrap());
                assert!(
                    (3_999.0..=4_001.0).contains(&reference) && current >= 2_900.0,
                    "{reference} {current}"
                );
            }
        }
        let psi = |drift: &[ModelDrift]| {
            drift[0].inputs.iter().map(|input| input.comparison.as_ref().unwrap().psi).collect::<Vec<f64>>()
        };
        for (both, alone) in psi(&merged).iter().zip(psi(&one)) {
            assert!((both - alone).abs() < 0.05 && *both > 0.25, "{both} {alone}");
        }
        assert_eq!(merged[0].rows, 9_000);
        // What is sent is what is merged.
        let sent: DriftPart = serde_json::from_str(&serde_json::to_string(&halves[0]).unwrap()).unwrap();
        assert_eq!(sent, halves[0]);
    }

    #[test]
    fn who_has_no_reference_yet_takes_it_from_nobody() {
        let [old, _] = boards(9_000, |_| 0);
        let [young, _] = boards(2_000, |_| 0);
        let [alone, with_young] = [merge([&old]), merge([&old, &young])];
        assert!(alone[0].inputs[0].comparison.is_some());
        assert_eq!(alone[0].inputs, with_young[0].inputs);
        assert_eq!(merge([&young])[0].inputs[0].comparison, None);
    }

    #[test]
    fn the_newest_version_counts() {
        let [old, _] = boards(9_000, |_| 0);
        let mut new = old.clone();
        new.models[0].control_offset = 8;
        new.models[0].version = "2".to_owned();
        for parts in [[&old, &new], [&new, &old]] {
            let merged = merge(parts);
            assert_eq!((merged.len(), merged[0].control_offset, merged[0].rows), (1, 8, 9_000));
        }
        assert!(merge([&DriftPart::default()]).is_empty());
    }
}
