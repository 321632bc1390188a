//! The watched models of a process.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::part::{ColumnPart, DriftPart, LeftOut, ModelPart};
use super::sketch::{ColumnKind, ColumnSketch};
use super::training::Training;
use super::watch::{ColumnWatch, WatchTimes};

/// Models that are watched: those that scored last.
const MOST_MODELS: usize = 12;
/// Inputs of a model that are watched: the first.
pub const MOST_INPUTS: usize = 64;

/// What becomes of the reference of a model's inputs when another version of the model comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputsReference {
    /// Each version has its own: it was trained on what it is to be compared with.
    #[default]
    Version,
    /// It is kept for all versions of one name.
    Name,
}

/// How is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardSettings {
    /// How long is looked.
    pub times: WatchTimes,
    /// Rows of a model that are looked at, a second at most.
    pub rows_per_second: u32,
    /// What becomes of references when another version comes.
    pub inputs: InputsReference,
}

impl Default for BoardSettings {
    fn default() -> Self {
        let hour = 3_600_000;
        Self {
            times: WatchTimes { reference: hour, window: hour },
            rows_per_second: 500,
            inputs: InputsReference::Version,
        }
    }
}

/// Which model it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelIdentity<'a> {
    /// The route.
    pub data_type: &'a str,
    /// Name within the route.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
    /// Offset of its message on the control log.
    pub control_offset: i64,
}

/// An input to be watched.
#[derive(Clone, Debug)]
pub struct WatchedColumn {
    /// Its name.
    pub name: Box<str>,
    /// What it holds.
    pub kind: ColumnKind,
    /// Its distribution in training, if the model says it.
    pub training: Option<Training>,
}

/// The rows of a batch that are looked at: from a first one on, every so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The first.
    pub start: usize,
    /// From one to the next, at least 1.
    pub step: usize,
}

/// One model under watch.
#[derive(Debug)]
pub struct ModelWatch {
    data_type: Box<str>,
    name: Box<str>,
    version: Box<str>,
    control_offset: i64,
    since: i64,
    inputs: Vec<(Box<str>, ColumnWatch)>,
    score: ColumnWatch,
    left_out: Vec<LeftOut>,
    /// Rows that may be looked at now, in thousandths.
    allowance: u64,
    /// When that was so.
    allowed_at: i64,
    /// Batches, for a first row that is not always the same.
    batches: u64,
    /// Rows scored, looked at or not.
    rows: u64,
    times: WatchTimes,
    now: i64,
}

impl ModelWatch {
    fn is(&self, model: &ModelIdentity<'_>) -> bool {
        *self.name == *model.name && *self.data_type == *model.data_type
    }

    /// What an input's values are counted in; `None` if it is not watched.
    pub fn input(&mut self, index: usize) -> Option<&mut ColumnSketch> {
        let (now, times) = (self.now, self.times);
        self.inputs.get_mut(index).map(|(_, watch)| watch.counting(now, times))
    }

    /// What scores of this kind are counted in; `None` if the model gave scores of the other kind before.
    pub fn score(&mut self, kind: ColumnKind) -> Option<&mut ColumnSketch> {
        if self.score.kind() != kind {
            if self.score.reference().2.values().total() > 0 {
                return None;
            }
            self.score.set_kind(kind);
        }
        Some(self.score.counting(self.now, self.times))
    }

    /// What scores that are neither are counted in.
    pub fn other_score(&mut self) -> &mut ColumnSketch {
        self.score.counting(self.now, self.times)
    }

    /// The rows of a batch that are looked at, as many as the allowance has.
    fn sample(&mut self, rows: usize, now: i64, rows_per_second: u32) -> Option<Sample> {
        let per_second = u64::from(rows_per_second);
        let passed = u64::try_from(now.saturating_sub(self.allowed_at)).unwrap_or(0);
        let most = per_second * 1_000;
        self.allowance = self.allowance.saturating_add(passed.saturating_mul(per_second)).min(most);
        self.allowed_at = now;
        self.rows += rows as u64;
        let affordable = usize::try_from(self.allowance / 1_000).unwrap_or(usize::MAX).min(rows);
        if affordable == 0 {
            return None;
        }
        let step = rows.div_ceil(affordable);
        // The golden ratio's steps are even over any step.
        self.batches = self.batches.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let start = ((u128::from(self.batches) * step as u128) >> 64) as usize;
        let taken = rows.saturating_sub(start).div_ceil(step);
        self.allowance = self.allowance.saturating_sub(taken as u64 * 1_000);
        self.now = now;
        (taken > 0).then_some(Sample { start, step })
    }

    fn part(&self, now: i64) -> ModelPart {
        let column = |watch: &ColumnWatch| {
            let (from, until, reference) = watch.reference();
            let (since, current) = watch.current(now, self.times);
            ColumnPart {
                kind: watch.kind(),
                training: watch.training().cloned(),
                from,
                until,
                reference: reference.clone(),
                since,
                current,
            }
        };
        ModelPart {
            data_type: self.data_type.to_string(),
            name: self.name.to_string(),
            version: self.version.to_string(),
            control_offset: self.control_offset,
            since: self.since,
            rows: self.rows,
            inputs: self.inputs.iter().map(|(name, watch)| (name.to_string(), column(watch))).collect(),
            score: column(&self.score),
            left_out: self.left_out.clone(),
        }
    }
}

/// The watched models of a process. Shared by reference: scoring threads never wait for it.
#[derive(Debug)]
pub struct DriftBoard {
    settings: BoardSettings,
    /// The one that scored last stands last.
    models: Mutex<Vec<ModelWatch>>,
}

impl DriftBoard {
    /// Nothing is watched yet.
    #[must_use]
    pub fn new(settings: BoardSettings) -> Self {
        Self { settings, models: Mutex::default() }
    }

    /// How is watched.
    #[must_use]
    pub fn settings(&self) -> BoardSettings {
        self.settings
    }

    /// A model has scored so many rows now: `take` is called with the rows to look at, if there are any. `columns` says
    /// what the model's inputs are when it is seen for the first time.
    ///
    /// Somebody else may be at the board at this moment; the rows are then not looked at.
    pub fn scored(
        &self,
        model: &ModelIdentity<'_>,
        rows: usize,
        now: i64,
        columns: impl FnOnce() -> (Vec<WatchedColumn>, Vec<LeftOut>),
        take: impl FnOnce(&mut ModelWatch, Sample),
    ) {
        let mut models = match self.models.try_lock() {
            Ok(models) => models,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let last = models.len().wrapping_sub(1);
        let found = match models.get(last).is_some_and(|watch| watch.is(model)) {
            true => Some(last),
            false => models.iter().position(|watch| watch.is(model)),
        };
        let known = found.map(|place| models[place].control_offset);
        if known.is_some_and(|known| known > model.control_offset) {
            // A partition that has not gone over to the newer version yet.
            return;
        }
        if known != Some(model.control_offset) {
            let before = found.map(|place| models.remove(place));
            if models.len() >= MOST_MODELS {
                models.remove(0);
            }
            models.push(self.begin(model, now, columns(), before));
        } else if let Some(place) = found.filter(|place| *place != last) {
            let watch = models.remove(place);
            models.push(watch);
        }
        let Some(watch) = models.last_mut() else { return };
        if let Some(sample) = watch.sample(rows, now, self.settings.rows_per_second) {
            take(watch, sample);
        }
    }

    fn begin(
        &self,
        model: &ModelIdentity<'_>,
        now: i64,
        (columns, mut left_out): (Vec<WatchedColumn>, Vec<LeftOut>),
        before: Option<ModelWatch>,
    ) -> ModelWatch {
        let mut earlier = match self.settings.inputs {
            InputsReference::Version => Vec::new(),
            InputsReference::Name => before.map(|before| before.inputs).unwrap_or_default(),
        };
        let mut inputs = Vec::new();
        for WatchedColumn { name, kind, training } in columns {
            if inputs.len() == MOST_INPUTS {
                left_out.push(LeftOut::new(&name, "the model has too many inputs"));
                continue;
            }
            let kept = earlier.iter().position(|(known, watch)| {
                training.is_none() && *known == name && watch.kind() == kind && watch.training().is_none()
            });
            let watch =
                kept.map_or_else(|| ColumnWatch::new(kind, training), |place| earlier.swap_remove(place).1);
            inputs.push((name, watch));
        }
        ModelWatch {
            data_type: model.data_type.into(),
            name: model.name.into(),
            version: model.version.into(),
            control_offset: model.control_offset,
            since: now,
            inputs,
            score: ColumnWatch::new(ColumnKind::Number, None),
            left_out,
            allowance: u64::from(self.settings.rows_per_second) * 1_000,
            allowed_at: now,
            batches: 0,
            rows: 0,
            times: self.settings.times,
            now,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ModelWatch>> {
        // A panic while counting leaves a count that is off by a row at worst.
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this process has counted until now: of one model, by its data type and name, or of all.
    #[must_use]
    pub fn part(&self, of: Option<(&str, &str)>, now: i64) -> DriftPart {
        let models = self.lock();
        let asked = |watch: &&ModelWatch| {
            of.is_none_or(|(data_type, name)| *watch.data_type == *data_type && *watch.name == *name)
        };
        DriftPart { models: models.iter().filter(asked).map(|watch| watch.part(now)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::part::{self, Source};
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn identity(control_offset: i64) -> ModelIdentity<'static> {
        ModelIdentity { data_type: "wine", name: "m", version: "1", control_offset }
    }

    fn columns(training: Option<Training>) -> (Vec<WatchedColumn>, Vec<LeftOut>) {
        let column = WatchedColumn { name: "alcohol".into(), kind: ColumnKind::Number, training };
        (vec![column], vec![LeftOut::new("when", "times always move on")])
    }

    /// Scores batches of a thousand rows, one every ten seconds, whose values begin at `from`.
    fn score(board: &DriftBoard, control_offset: i64, begin: i64, batches: u32, from: f64) -> i64 {
        let mut now = begin;
        for batch in 0..batches {
            board.scored(
                &identity(control_offset),
                1_000,
                now,
                || columns(None),
                |watch, sample| {
                    let rows = (sample.start..1_000)
                        .step_by(sample.step)
                        .map(|row| from + (f64::from(batch) * 0.618 + row as f64 * 0.414).fract());
                    let rows: Vec<f64> = rows.collect();
                    rows.iter().for_each(|row| watch.input(0).unwrap().add_number(*row));
                    rows.iter()
                        .for_each(|row| watch.score(ColumnKind::Number).unwrap().add_number(row * 2.0));
                },
            );
            now += 10_000;
        }
        now
    }

    fn drift(board: &DriftBoard, now: i64) -> part::ModelDrift {
        part::merge([&board.part(None, now)]).remove(0)
    }

    #[test]
    fn a_stream_that_stays_and_one_that_shifts() {
        let board = DriftBoard::new(BoardSettings::default());
        let now = score(&board, 5, 0, 360, 9.0);
        let begun = drift(&board, now);
        assert_eq!(
            (begun.inputs[0].comparison.as_ref(), begun.rows),
            (None, 360_000),
            "the first hour is not over"
        );
        let now = score(&board, 5, now, 360, 9.0);
        let same = drift(&board, now);
        let psi = |column: &part::ColumnDrift| column.comparison.as_ref().unwrap().psi;
        assert!(psi(&same.inputs[0]) < 0.1 && psi(&same.score) < 0.1, "{same:?}");
        assert_eq!((same.inputs[0].source, same.inputs[0].reference.until), (Source::Beginning, Some(HOUR)));
        let now = score(&board, 5, now, 360, 9.5);
        let shifted = drift(&board, now);
        assert!(psi(&shifted.inputs[0]) > 0.25 && psi(&shifted.score) > 0.25, "{shifted:?}");
        assert_eq!((shifted.left_out_count, shifted.left_out[0].input.as_str()), (1, "when"));
    }

    #[test]
    fn another_version_has_a_reference_of_its_own_unless_the_name_keeps_it() {
        for (inputs, kept) in [(InputsReference::Version, false), (InputsReference::Name, true)] {
            let board = DriftBoard::new(BoardSettings { inputs, ..BoardSettings::default() });
            let now = score(&board, 5, 0, 400, 9.0);
            let now = score(&board, 6, now, 100, 9.5);
            // A partition that has not gone over yet changes nothing.
            let now = score(&board, 5, now, 10, 100.0);
            let after = drift(&board, now);
            assert_eq!((after.control_offset, after.inputs[0].comparison.is_some()), (6, kept));
            assert_eq!(after.score.comparison, None, "scores of another version are other scores");
        }
    }

    #[test]
    fn looking_is_bounded() {
        let settings = BoardSettings { rows_per_second: 100, ..BoardSettings::default() };
        let board = DriftBoard::new(settings);
        let looked = std::cell::Cell::new(0);
        let score = |rows: usize, now: i64| {
            board.scored(
                &identity(1),
                rows,
                now,
                || columns(None),
                |_, sample| {
                    assert!(sample.start < rows && sample.step >= 1);
                    looked.set(looked.get() + (sample.start..rows).step_by(sample.step).count());
                },
            );
        };
        // Ten seconds of a hundred batches a second.
        for batch in 0..1_000 {
            score(1_024, batch * 10);
        }
        let many = looked.take();
        assert!((900..=1_100).contains(&many), "{many} rows");
        // One a time, and not too many of them: all.
        for row in 0..500 {
            score(1, 20_000 + row * 20);
        }
        assert_eq!(looked.take(), 500);
        score(0, 100_000);
        score(5, i64::MAX);
        score(5, i64::MIN);
    }

    #[test]
    fn models_and_inputs_are_bounded() {
        let board = DriftBoard::new(BoardSettings::default());
        let many = || {
            let column = |index: usize| WatchedColumn {
                name: index.to_string().into(),
                kind: ColumnKind::Number,
                training: None,
            };
            ((0..1_000).map(column).collect(), Vec::new())
        };
        for index in 0..100 {
            let name = index.to_string();
            let model = ModelIdentity { data_type: "t", name: &name, version: "", control_offset: index };
            board.scored(&model, 10, 0, many, |watch, _| assert!(watch.input(MOST_INPUTS).is_none()));
        }
        let part = board.part(None, 0);
        assert_eq!(part.models.len(), MOST_MODELS);
        assert_eq!(
            (part.models[0].inputs.len(), part.models[0].left_out.len()),
            (MOST_INPUTS, 1_000 - MOST_INPUTS)
        );
        assert_eq!(board.part(Some(("t", "99")), 0).models.len(), 1);
        assert_eq!(board.part(Some(("t", "1")), 0).models.len(), 0);
    }

    #[test]
    fn nobody_waits_for_the_board() {
        let board = DriftBoard::new(BoardSettings::default());
        let held = board.lock();
        board.scored(&identity(1), 10, 0, || columns(None), |_, _| unreachable!("somebody else is there"));
        drop(held);
    }

    #[test]
    fn the_kind_of_a_score_is_that_of_the_first() {
        let board = DriftBoard::new(BoardSettings::default());
        board.scored(
            &identity(1),
            10,
            0,
            || columns(None),
            |watch, _| {
                watch.other_score().add_missing();
                watch.score(ColumnKind::Category).unwrap().add_category("good");
                assert!(watch.score(ColumnKind::Number).is_none());
                assert!(watch.score(ColumnKind::Category).is_some());
            },
        );
    }
}
