//! The watched models of a process.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::part::{ColumnPart, DriftPart, LeftOut, ModelPart};
use super::sketch::{ColumnKind, ColumnSketch};
use super::training::Training;
use super::watch::{ColumnWatch, WatchTimes};

/// Models that are watched: a further one has to wait until one of them has not scored for a window.
const MOST_MODELS: usize = 12;
/// Inputs of a model that are watched: the first.
const MOST_INPUTS: usize = 64;
/// Inputs that are named among those that are not: the first.
const MOST_NAMED: usize = 64;

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

/// The inputs of a model, as many as are watched, and those that are not.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    watched: Vec<WatchedColumn>,
    left_out: Vec<LeftOut>,
    left_out_count: usize,
}

/// An input to be watched.
#[derive(Clone, Debug)]
struct WatchedColumn {
    name: Box<str>,
    kind: ColumnKind,
    training: Option<Training>,
}

impl Inputs {
    /// The next input is to be watched. `training` says its distribution in training, if the model does; it is not asked
    /// where the model has too many inputs.
    pub fn watch(&mut self, name: &str, kind: ColumnKind, training: impl FnOnce() -> Option<Training>) {
        if self.watched.len() == MOST_INPUTS {
            return self.leave_out(name, "the model has too many inputs");
        }
        self.watched.push(WatchedColumn { name: name.into(), kind, training: training() });
    }

    /// This input is not watched.
    pub fn leave_out(&mut self, name: &str, why: &str) {
        self.left_out_count += 1;
        if self.left_out.len() < MOST_NAMED {
            self.left_out.push(LeftOut::new(name, why));
        }
    }
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
    left_out_count: usize,
    /// Rows that may be looked at now, in thousandths.
    allowance: u64,
    /// When that was so: when it scored last.
    allowed_at: i64,
    /// Batches, for a first row that is not always the same.
    batches: u64,
    /// Rows scored, looked at or not; without those of batches at which somebody else was at the board.
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
            left_out_count: self.left_out_count,
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

    /// A model has scored so many rows now: `take` is called with the rows to look at, if there are any. `inputs` says
    /// what the model's inputs are when its watch begins.
    ///
    /// Somebody else may be at the board at this moment; the rows are then neither looked at nor counted. Nor are they
    /// while as many other models as can be watched score.
    pub fn scored(
        &self,
        model: &ModelIdentity<'_>,
        rows: usize,
        now: i64,
        inputs: impl FnOnce() -> Inputs,
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
            if found.is_none() && models.len() >= MOST_MODELS {
                // Who still scores keeps its place: of models that take each other's none would ever be compared.
                let idle =
                    |watch: &ModelWatch| now.saturating_sub(watch.allowed_at) >= self.settings.times.window;
                if !models.first().is_some_and(idle) {
                    return;
                }
                models.remove(0);
            }
            let before = found.map(|place| models.remove(place));
            models.push(self.begin(model, now, inputs(), before));
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
        inputs: Inputs,
        before: Option<ModelWatch>,
    ) -> ModelWatch {
        let mut earlier = match self.settings.inputs {
            InputsReference::Version => Vec::new(),
            InputsReference::Name => before.map(|before| before.inputs).unwrap_or_default(),
        };
        let watched = inputs.watched.into_iter().map(|WatchedColumn { name, kind, training }| {
            let kept = earlier.iter().position(|(known, watch)| {
                training.is_none() && *known == name && watch.kind() == kind && watch.training().is_none()
            });
            let watch =
                kept.map_or_else(|| ColumnWatch::new(kind, training), |place| earlier.swap_remove(place).1);
            (name, watch)
        });
        ModelWatch {
            data_type: model.data_type.into(),
            name: model.name.into(),
            version: model.version.into(),
            control_offset: model.control_offset,
            since: now,
            inputs: watched.collect(),
            score: ColumnWatch::new(ColumnKind::Number, None),
            left_out: inputs.left_out,
            left_out_count: inputs.left_out_count,
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
mod tests;
