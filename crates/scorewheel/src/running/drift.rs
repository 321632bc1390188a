//! Inputs and scores under watch: what scoring shows becomes what the drift board counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use scorewheel_columns::{Cell, Column, DataType, Values};
use scorewheel_http::{
    Change, ColumnDrift, DriftBin, DriftReference, DriftRows, DriftState, LeftOut, ModelDrift, Snapshot,
};
use scorewheel_model::{FieldStatistics, TrainedValues};
use scorewheel_scoring::FirstTarget;
use scorewheel_serving::{FedField, ScoredRows, Watch, Watcher};
use scorewheel_telemetry::drift::{
    self, Bin, BoardSettings, ColumnKind, ColumnSketch, DriftBoard, DriftPart, Inputs, InputsReference,
    ModelIdentity, ModelWatch, Period, Sample, Source, Training, TrainingCell, WatchTimes,
};
use scorewheel_telemetry::{Exposition, Metric};
use serde::Deserialize;
use serde_json::Value;

use crate::config::{Config, DriftInputs};

/// The time, milliseconds since the epoch.
type Clock = dyn Fn() -> i64 + Send + Sync;

/// Watches the models of a process.
pub struct DriftFeed {
    board: Arc<DriftBoard>,
    clock: Box<Clock>,
}

impl DriftFeed {
    /// Watches from now on; `None` if that is switched off.
    #[must_use]
    pub fn start(config: &Config) -> Option<Arc<Self>> {
        let watched = &config.drift;
        let milliseconds =
            |period: crate::config::Period| i64::try_from(period.0.as_millis()).unwrap_or(i64::MAX);
        let settings = BoardSettings {
            times: WatchTimes {
                reference: milliseconds(watched.reference),
                window: milliseconds(watched.window),
            },
            rows_per_second: watched.rows_per_second,
            inputs: match watched.inputs {
                DriftInputs::Version => InputsReference::Version,
                DriftInputs::Name => InputsReference::Name,
            },
        };
        watched.enabled.then(|| Arc::new(Self::new(settings, crate::clock::now)))
    }

    /// Watches by this clock.
    #[must_use]
    pub fn new(settings: BoardSettings, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self { board: Arc::new(DriftBoard::new(settings)), clock: Box::new(clock) }
    }

    /// What this process sees, compared.
    #[must_use]
    pub fn models(&self) -> Vec<ModelDrift> {
        self.compare(None, &[]).0
    }

    /// Figures of the models in force.
    pub fn expose(&self, snapshot: &Snapshot, exposition: &mut Exposition) {
        let part = self.board.part(None, (self.clock)());
        for model in drift::part::merge([&part]) {
            // Only models of the revision: names that come from outside must not pile up.
            let mut in_force = snapshot.routes.iter().flat_map(scorewheel_http::Route::asked);
            if !in_force.any(|asked| asked.control_offset == model.control_offset && asked.name == model.name)
            {
                continue;
            }
            let labels = [model.data_type.as_str(), model.name.as_str()];
            let rows = model.score.current.rows.unwrap_or(0.0);
            exposition.sample(Metric::DriftRows, &labels, rows);
            if let Some(comparison) = &model.score.comparison {
                exposition.sample(Metric::DriftScorePsi, &labels, comparison.psi);
            }
            // Of names that are cut to the same one, the first: two series of one name make all figures unreadable.
            let mut shown = BTreeSet::new();
            for input in &model.inputs {
                let Some(comparison) = &input.comparison else { continue };
                let name: String = input.name.chars().take(LONGEST_LABEL).collect();
                if !shown.contains(&name) {
                    exposition.sample(Metric::DriftInputPsi, &[labels[0], labels[1], &name], comparison.psi);
                    shown.insert(name);
                }
            }
        }
    }
}

/// Characters of a label.
const LONGEST_LABEL: usize = 128;

impl Watch for DriftFeed {
    fn watcher(&self) -> Box<dyn Watcher> {
        Box::new(BoardWatcher(Arc::clone(&self.board)))
    }
}

struct BoardWatcher(Arc<DriftBoard>);

impl Watcher for BoardWatcher {
    fn scored(&mut self, rows: &ScoredRows<'_>, now: i64) {
        let reference = &rows.installed.reference;
        let model = ModelIdentity {
            data_type: reference.key.data_type.as_str(),
            name: reference.key.name.as_str(),
            version: &reference.version,
            control_offset: reference.offset,
        };
        let inputs = || inputs(rows);
        self.0.scored(&model, rows.rows.len(), now, inputs, |watch, sample| look(watch, sample, rows));
    }
}

/// What a field holds, as far as it can be compared; else why it cannot.
fn kind_of(data_type: &DataType) -> Result<ColumnKind, &'static str> {
    match data_type {
        DataType::F64 | DataType::F32 | DataType::I64 => Ok(ColumnKind::Number),
        DataType::Text | DataType::Bool => Ok(ColumnKind::Category),
        DataType::Date | DataType::Time | DataType::DateTime => Err("dates and times always move on"),
        DataType::TextList | DataType::Tensor { .. } => Err("lists and tensors are not compared"),
    }
}

/// The fields that are watched, in order.
fn watched<'a>(rows: &ScoredRows<'a>) -> impl Iterator<Item = &'a FedField> {
    let fields = rows.batch.schema().fields();
    let kind = |fed: &FedField| kind_of(&fields.get(fed.field)?.data_type).ok();
    rows.installed.fed.iter().filter(move |fed| kind(fed).is_some())
}

fn inputs(rows: &ScoredRows<'_>) -> Inputs {
    let fields = rows.batch.schema().fields();
    let mut inputs = Inputs::default();
    for fed in rows.installed.fed.iter() {
        let Some(data_type) = fields.get(fed.field).map(|field| &field.data_type) else { continue };
        match kind_of(data_type) {
            Ok(kind) => inputs.watch(&fed.name, kind, || training(fed.training.as_ref()?, data_type)),
            Err(why) => inputs.leave_out(&fed.name, why),
        }
    }
    inputs
}

/// A model's statistics as a reference, if they are of the kind of the column.
fn training(statistics: &FieldStatistics, data_type: &DataType) -> Option<Training> {
    // Where values are narrow, an edge written as 0.1 is the narrow 0.1 that they can be.
    let edge = |number: f64| match data_type {
        DataType::F32 => f64::from(number as f32),
        _ => number,
    };
    let found = match (&statistics.values, kind_of(data_type).ok()?) {
        (TrainedValues::Categories(categories), ColumnKind::Category) => {
            Training::of_categories(categories.iter().map(|(name, weight)| (&**name, *weight)))
        }
        (TrainedValues::Categories(categories), ColumnKind::Number) => {
            let cells: Option<Vec<TrainingCell>> = categories
                .iter()
                .map(|(text, weight)| {
                    let number = edge(text.trim().parse().ok()?);
                    TrainingCell::new((number, true), (number, true), *weight)
                })
                .collect();
            Training::of_numbers(cells?)
        }
        (TrainedValues::Intervals(intervals), ColumnKind::Number) => {
            let cells: Option<Vec<TrainingCell>> = intervals
                .iter()
                .map(|interval| {
                    let (from, to) = (interval.from, interval.to);
                    TrainingCell::new((edge(from.0), from.1), (edge(to.0), to.1), interval.weight)
                })
                .collect();
            Training::of_numbers(cells?)
        }
        (TrainedValues::Intervals(_), ColumnKind::Category) => None,
    };
    let (rows, missing, invalid) = (statistics.rows, statistics.missing, statistics.invalid);
    found.map(|found| Training { rows, missing, invalid, ..found })
}

/// Counts some of the rows.
fn look(watch: &mut ModelWatch, sample: Sample, rows: &ScoredRows<'_>) {
    let chosen = || (sample.start..rows.rows.len()).step_by(sample.step);
    for (index, fed) in watched(rows).enumerate() {
        let Some(sketch) = watch.input(index) else { break };
        let column = rows.batch.column(fed.field);
        chosen().for_each(|row| count(sketch, column, rows.rows.start + row));
    }
    for row in chosen() {
        if rows.scores.error(row).is_some() {
            continue;
        }
        match FirstTarget::of(rows.scores, row) {
            FirstTarget::Number(number) => match watch.score(ColumnKind::Number) {
                Some(sketch) => sketch.add_number(number),
                None => watch.other_score().add_invalid(),
            },
            FirstTarget::Label(label) => match watch.score(ColumnKind::Category) {
                Some(sketch) => sketch.add_category(label),
                None => watch.other_score().add_invalid(),
            },
            FirstTarget::Other => watch.other_score().add_missing(),
        }
    }
}

fn count(sketch: &mut ColumnSketch, column: &Column, row: usize) {
    match column.cell(row) {
        Cell::Value => {}
        Cell::Missing => return sketch.add_missing(),
        _ => return sketch.add_invalid(),
    }
    match column.values() {
        Values::F64(numbers) => sketch.add_number(numbers[row]),
        Values::F32(numbers) => sketch.add_number(f64::from(numbers[row])),
        Values::I64(numbers) => sketch.add_number(numbers[row] as f64),
        Values::Bool(truths) => sketch.add_category(if truths[row] { "true" } else { "false" }),
        Values::Text { codes, dictionary } => sketch.add_category(dictionary.get(codes[row])),
        // Not watched.
        _ => {}
    }
}

impl DriftState for DriftFeed {
    fn part(&self, of: Option<(&str, &str)>) -> Value {
        serde_json::to_value(self.board.part(of, (self.clock)())).unwrap_or_default()
    }

    fn compare(&self, of: Option<(&str, &str)>, others: &[Value]) -> (Vec<ModelDrift>, Vec<(usize, String)>) {
        let mut parts = vec![self.board.part(of, (self.clock)())];
        let mut unreadable = Vec::new();
        for (place, part) in others.iter().enumerate() {
            match DriftPart::deserialize(part) {
                Ok(part) => parts.push(part),
                Err(error) => unreadable.push((place, format!("its counts cannot be read: {error}"))),
            }
        }
        (drift::part::merge(&parts).into_iter().map(shown).collect(), unreadable)
    }
}

fn shown(model: drift::ModelDrift) -> ModelDrift {
    ModelDrift {
        data_type: model.data_type,
        name: model.name,
        version: model.version,
        control_offset: model.control_offset,
        since: model.since,
        rows: model.rows,
        score: shown_column(model.score),
        inputs: model.inputs.into_iter().map(shown_column).collect(),
        left_out: model
            .left_out
            .into_iter()
            .map(|left_out| LeftOut { input: left_out.input, why: left_out.why })
            .collect(),
        left_out_count: model.left_out_count,
    }
}

fn shown_column(column: drift::ColumnDrift) -> ColumnDrift {
    let rows = |period: Period| DriftRows { from: period.from, until: period.until, rows: period.rows };
    let psi = column.comparison.as_ref().map(|comparison| comparison.psi);
    ColumnDrift {
        name: column.name,
        kind: match column.kind {
            ColumnKind::Number => "number".to_owned(),
            ColumnKind::Category => "category".to_owned(),
        },
        psi,
        change: Change::of(psi),
        reference: DriftReference {
            source: match column.source {
                Source::Beginning => "beginning".to_owned(),
                Source::Training => "training".to_owned(),
            },
            complete: column.source == Source::Training || column.reference.until.is_some(),
            rows: rows(column.reference),
        },
        current: rows(column.current),
        bins: column.comparison.into_iter().flat_map(|comparison| comparison.bins).map(shown_bin).collect(),
    }
}

fn shown_bin((bin, reference, current): (Bin, f64, f64)) -> DriftBin {
    let (name, from, to, category) = match bin {
        Bin::Below(to) => ("below", None, Some(to), None),
        Bin::Range(from, to) => ("range", Some(from), Some(to), None),
        Bin::Above(from) => ("above", Some(from), None, None),
        Bin::Category(category) => ("category", None, None, category),
        Bin::Others => ("others", None, None, None),
        Bin::New => ("new", None, None, None),
        Bin::Missing => ("missing", None, None, None),
        Bin::Invalid => ("invalid", None, None, None),
    };
    DriftBin { bin: name.to_owned(), from, to, category, reference, current }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;
    use std::sync::atomic::{AtomicI64, Ordering};

    use scorewheel_columns::{
        Batch, ErrorCode, Field, Labels, OutputField, OutputSchema, OutputType, OutputValues, Role, RowError,
        Schema, Scores, TensorElement, Value as Given,
    };
    use scorewheel_http::{ModelReference as ShownModel, Route};
    use scorewheel_model::{
        BoundModel, Digest, ModelKey, ModelType, RecordError, Scratch, Summary, TrainedInterval,
    };
    use scorewheel_serving::{InstalledModel, ModelReference};

    struct Unasked(Arc<OutputSchema>);

    impl BoundModel for Unasked {
        fn outputs(&self) -> &Arc<OutputSchema> {
            &self.0
        }

        fn new_scratch(&self) -> Scratch {
            Scratch::new(())
        }

        fn score(&self, _: &Batch, _: Range<usize>, _: &mut Scratch, _: &mut Scores) {}

        fn explain(&self, error: RowError, _: &Batch, _: usize) -> RecordError {
            RecordError { error, message: String::new() }
        }
    }

    /// A model, its records, and who watches it, at a time that the test sets.
    struct World {
        installed: InstalledModel,
        batch: Batch,
        scores: Scores,
        feed: DriftFeed,
        watcher: Box<dyn Watcher>,
        now: Arc<AtomicI64>,
    }

    fn world(fields: Vec<Field>, output_type: OutputType, training: Option<FieldStatistics>) -> World {
        let target = OutputField { name: None, role: Role::Target, output_type };
        let outputs = Arc::new(OutputSchema::new(vec![target]));
        let reference = ModelReference {
            offset: 3,
            key: ModelKey::parse("t/m").unwrap(),
            version: "1".into(),
            sha256: Digest::of(b"model"),
            message: Digest::of(b"message"),
            timestamp: 0,
        };
        let fed = fields
            .iter()
            .enumerate()
            .map(|(field, of)| FedField { name: of.name.clone(), field, training: training.clone() })
            .collect();
        let bound = Arc::new(Unasked(Arc::clone(&outputs)));
        let installed =
            InstalledModel::new(reference, "", ModelType::Pmml, Summary::default(), 0, bound).with_fed(fed);
        let settings = BoardSettings {
            times: WatchTimes { reference: 1_000, window: 60_000 },
            rows_per_second: 1_000_000,
            ..BoardSettings::default()
        };
        let now = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&now);
        let feed = DriftFeed::new(settings, move || clock.load(Ordering::Relaxed));
        let mut scores = Scores::new();
        scores.reset(&outputs, 0);
        World {
            installed,
            batch: Batch::new(Arc::new(Schema::new(fields).unwrap())),
            scores,
            watcher: feed.watcher(),
            feed,
            now,
        }
    }

    impl World {
        /// Scores these rows a second later.
        fn score(&mut self, rows: &[Vec<Given>], answer: impl Fn(&mut OutputValues, usize)) {
            self.batch.clear();
            rows.iter().for_each(|row| self.batch.push_row(row));
            let outputs = Arc::clone(self.installed.bound.outputs());
            self.scores.reset(&outputs, rows.len());
            (0..rows.len()).for_each(|row| answer(&mut self.scores.columns_mut()[0].values, row));
            self.show();
        }

        fn show(&mut self) {
            let rows = 0..self.batch.rows();
            let now = self.now.fetch_add(1_000, Ordering::Relaxed) + 1_000;
            let shown = ScoredRows {
                installed: &self.installed,
                batch: &self.batch,
                rows: &rows,
                scores: &self.scores,
            };
            self.watcher.scored(&shown, now);
        }

        fn drift(&self) -> ModelDrift {
            self.feed.models().remove(0)
        }
    }

    fn number(values: &mut OutputValues, row: usize, number: f64) {
        let OutputValues::F64(numbers) = values else { panic!("numbers") };
        numbers[row] = number;
    }

    #[test]
    fn columns_are_counted_by_their_types_and_others_named() {
        let tensor = DataType::Tensor { element: TensorElement::F32, shape: Box::new([2]) };
        let fields = vec![
            Field::new("x", DataType::F64),
            Field::new("n", DataType::I64),
            Field::new("c", DataType::Text),
            Field::new("b", DataType::Bool),
            Field::new("when", DataType::DateTime),
            Field::new("image", tensor),
        ];
        let mut world = world(fields, OutputType::F64, None);
        let row = |index: usize| {
            let colour = if index.is_multiple_of(4) { "red" } else { "white" };
            vec![
                Given::F64(index as f64),
                Given::I64((index % 3) as i64),
                Given::from(colour),
                Given::Bool(index.is_multiple_of(2)),
            ]
        };
        let rows: Vec<_> = (0..1_200).map(row).collect();
        world.score(&rows, |values, row| number(values, row, row as f64));
        // A second batch of the same; then one of anything.
        world.score(&rows, |values, row| number(values, row, row as f64));
        let same = world.drift();
        let told: Vec<_> =
            same.inputs.iter().map(|input| (input.name.as_str(), input.kind.as_str(), input.psi)).collect();
        let (n, c) = ("number", "category");
        assert_eq!(
            told,
            [("x", n, Some(0.0)), ("n", n, Some(0.0)), ("c", c, Some(0.0)), ("b", c, Some(0.0))]
        );
        assert_eq!((same.score.psi, same.rows, same.since), (Some(0.0), 2_400, 1_000));
        let left_out: Vec<_> = same.left_out.iter().map(|left_out| left_out.input.as_str()).collect();
        assert_eq!(left_out, ["when", "image"]);
        let huge = "x".repeat(1 << 20);
        let hostile = |index: usize| {
            let x = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX][index % 4];
            let c = if index.is_multiple_of(2) { Given::from(huge.as_str()) } else { Given::Missing };
            vec![Given::F64(x), Given::from("no number"), c, Given::Missing]
        };
        let rows: Vec<_> = (0..1_200).map(hostile).collect();
        world.score(&rows, |values, row| number(values, row, f64::NAN));
        let after = world.drift();
        assert!(after.inputs.iter().all(|input| input.change == Change::Large), "{after:?}");
        assert_eq!(after.score.change, Change::Large);
        let share = |input: usize, bin: &str| {
            let bins = &after.inputs[input].bins;
            bins.iter().find(|found| found.bin == bin).map(|found| found.current)
        };
        // Half of the window is of the batch before.
        assert_eq!(
            (share(0, "invalid"), share(0, "above"), share(0, "below")),
            (Some(0.125), Some(0.25), Some(0.125))
        );
        assert_eq!(
            (share(1, "invalid"), share(2, "new"), share(2, "missing")),
            (Some(0.5), Some(0.25), Some(0.25))
        );
    }

    #[test]
    fn rows_without_an_answer_are_not_among_the_scores() {
        let labels = Arc::new(Labels::of_texts(["low", "high"]));
        let mut world = world(vec![Field::new("x", DataType::F64)], OutputType::Label(labels), None);
        let rows = vec![vec![Given::F64(1.0)]; 1_000];
        let label = |values: &mut OutputValues, row: usize| {
            let OutputValues::Label(codes) = values else { panic!("labels") };
            codes[row] = u32::from(row >= 600);
        };
        world.score(&rows, label);
        world.score(&rows, label);
        (0..500).for_each(|row| world.scores.set_error(row, RowError::new(ErrorCode::NoAnswer)));
        world.show();
        let score = world.drift().score;
        let told: Vec<_> =
            score.bins.iter().map(|bin| (bin.category.as_deref(), bin.reference, bin.current)).collect();
        assert_eq!((score.kind.as_str(), score.current.rows), ("category", Some(1_500.0)));
        assert_eq!(told, [(Some("low"), 0.6, 700.0 / 1_500.0), (Some("high"), 0.4, 800.0 / 1_500.0)]);
    }

    #[test]
    fn statistics_of_training_are_the_reference_at_once() {
        let interval = |from, to, weight| TrainedInterval { from: (from, true), to: (to, false), weight };
        let statistics = FieldStatistics {
            rows: Some(5_000.0),
            values: TrainedValues::Intervals(vec![interval(0.0, 1.0, 50.0), interval(1.0, 2.0, 50.0)]),
            ..FieldStatistics::default()
        };
        let mut world = world(vec![Field::new("x", DataType::F64)], OutputType::F64, Some(statistics));
        let rows: Vec<_> = (0..1_000).map(|index| vec![Given::F64(f64::from(index) / 2_000.0)]).collect();
        world.score(&rows, |values, row| number(values, row, 1.0));
        let drift = world.drift();
        let input = &drift.inputs[0];
        assert_eq!((input.reference.source.as_str(), input.reference.complete), ("training", true));
        let bins: Vec<_> = input.bins.iter().map(|bin| (bin.reference, bin.current)).collect();
        assert_eq!(bins, [(0.5, 1.0), (0.5, 0.0)]);
        // 0.5 · ln 2 + (5e-4 − 0.5) · ln 1e-3
        assert!((input.psi.unwrap_or(0.0) - 3.796_997_352_131_55).abs() < 1e-9, "{:?}", input.psi);
        assert_eq!((drift.score.psi, drift.score.reference.complete), (None, false));
        // Those of another kind than the column are none.
        let categories = TrainedValues::Categories(vec![("a".into(), 1.0)]);
        let statistics = FieldStatistics { values: categories, ..FieldStatistics::default() };
        assert!(training(&statistics, &DataType::F64).is_none());
        assert!(training(&statistics, &DataType::Text).is_some());
        let numbers = TrainedValues::Categories(vec![("3".into(), 1.0), (" 4.5 ".into(), 1.0)]);
        let statistics = FieldStatistics { values: numbers, ..FieldStatistics::default() };
        assert!(training(&statistics, &DataType::I64).is_some());
    }

    /// The narrow 0.1 is more than the wide one.
    #[test]
    fn edges_of_training_are_as_narrow_as_the_values() {
        let interval = |from, to| TrainedInterval { from: (from, false), to: (to, true), weight: 50.0 };
        let statistics = FieldStatistics {
            values: TrainedValues::Intervals(vec![interval(0.0, 0.1), interval(0.1, 0.2)]),
            ..FieldStatistics::default()
        };
        let mut world = world(vec![Field::new("x", DataType::F32)], OutputType::F64, Some(statistics));
        let rows: Vec<_> = (0..1_000).map(|row| vec![Given::F32([0.1, 0.2][row % 2])]).collect();
        world.score(&rows, |values, row| number(values, row, 1.0));
        let drift = world.drift();
        let bins: Vec<_> = drift.inputs[0].bins.iter().map(|bin| (bin.reference, bin.current)).collect();
        assert_eq!(bins, [(0.5, 0.5), (0.5, 0.5)]);
    }

    #[test]
    fn metrics_are_of_models_in_force() {
        let long =
            |end: &str| Field::new(format!("{}{end}", "y".repeat(LONGEST_LABEL)).as_str(), DataType::F64);
        let fields = vec![Field::new("x\"", DataType::F64), long("1"), long("2")];
        let mut world = world(fields, OutputType::F64, None);
        let rows: Vec<_> = (0..1_000).map(|index| vec![Given::F64(f64::from(index)); 3]).collect();
        world.score(&rows, |values, row| number(values, row, row as f64));
        let snapshot = |control_offset| {
            let model = ShownModel {
                data_type: "t".into(),
                name: "m".into(),
                control_offset,
                ..ShownModel::default()
            };
            let route = Route { data_type: "t".into(), in_force: Some(model), ..Route::default() };
            Snapshot { routes: vec![route], ..Snapshot::default() }
        };
        let text = |world: &World, control_offset| {
            let mut exposition = Exposition::new();
            world.feed.expose(&snapshot(control_offset), &mut exposition);
            exposition.render()
        };
        assert!(!text(&world, 3).contains("psi{"), "there is nothing to compare yet");
        world.score(&rows, |values, row| number(values, row, row as f64));
        let shown = text(&world, 3);
        for line in [
            "scorewheel_drift_input_psi{data_type=\"t\",model=\"m\",input=\"x\\\"\"} 0\n",
            "scorewheel_drift_score_psi{data_type=\"t\",model=\"m\"} 0\n",
            "scorewheel_drift_rows{data_type=\"t\",model=\"m\"} 1000\n",
        ] {
            assert!(shown.contains(line), "{line} is not in\n{shown}");
        }
        assert_eq!(shown.matches("input=\"yyy").count(), 1, "no two series have one name:\n{shown}");
        assert_eq!(text(&world, 2), "", "another version is in force");
    }

    #[test]
    fn parts_of_others_are_added_or_said_to_be_unreadable() {
        let mut world = world(vec![Field::new("x", DataType::F64)], OutputType::F64, None);
        let rows: Vec<_> = (0..1_000).map(|index| vec![Given::F64(f64::from(index))]).collect();
        world.score(&rows, |values, row| number(values, row, row as f64));
        world.score(&rows, |values, row| number(values, row, row as f64));
        let part = world.feed.part(Some(("t", "m")));
        let others = [part, Value::from("rubbish"), serde_json::json!({"models": [{"name": 5}]})];
        let (models, unreadable) = world.feed.compare(Some(("t", "m")), &others);
        assert_eq!(
            (models.len(), models[0].rows, models[0].inputs[0].current.rows),
            (1, 4_000, Some(2_000.0))
        );
        assert_eq!(unreadable.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 2]);
        assert!(world.feed.compare(Some(("t", "other")), &[]).0.is_empty());
    }
}
