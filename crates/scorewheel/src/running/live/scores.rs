//! How the scores of each model are distributed, and how long its rows take.

use std::sync::{Arc, Mutex, PoisonError};

use scorewheel_http::{LabelCount, MOST_MODELS, ScoreDistribution, Snapshot};
use scorewheel_scoring::{FirstTarget, ScoreFollower, Scores};
use scorewheel_serving::ModelReference;
use scorewheel_telemetry::sketch::{BUCKETS, bucket_of};
use scorewheel_telemetry::{Exposition, Metric, RowTimes, Sketch};
use scorewheel_topics::TopicPartition;

/// Commits without a score of a model after which another one may take its place: some seconds, if there are many
/// partitions. So routes that together ask more than [`MOST_MODELS`] models do not displace one another with every
/// commit; those that came last are left out.
const FORGOTTEN: u64 = 1024;
/// Labels of a model that are told apart; scores of further ones count as neither number nor label.
const MOST_LABELS: usize = 24;
/// Bins of a distribution as it is shown.
const BINS: usize = 30;

/// The distributions of a process: of as many models as the page lists, 32 KiB each. Only what is committed counts.
#[derive(Default)]
pub struct ScoreSketches {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    models: Vec<ModelScores>,
    /// Commits of all tasks that brought a score.
    commits: u64,
}

impl Kept {
    /// What is kept of a model; `None` if there is no room for it.
    fn of(&mut self, model: &ModelReference) -> Option<&mut ModelScores> {
        let place = match self.models.iter().position(|scores| same(&scores.model, model)) {
            Some(place) => place,
            None if self.models.len() < MOST_MODELS => {
                self.models.push(ModelScores::new(model));
                self.models.len() - 1
            }
            None => {
                let (place, oldest) =
                    self.models.iter_mut().enumerate().min_by_key(|(_, scores)| scores.last_commit)?;
                if self.commits - oldest.last_commit < FORGOTTEN {
                    return None;
                }
                *oldest = ModelScores::new(model);
                place
            }
        };
        let scores = &mut self.models[place];
        scores.last_commit = self.commits;
        Some(scores)
    }
}

struct ModelScores {
    model: ModelReference,
    sketch: Sketch,
    labels: Labels,
    others: u64,
    times: RowTimes,
    last_commit: u64,
}

impl ModelScores {
    fn new(model: &ModelReference) -> Self {
        Self {
            model: model.clone(),
            sketch: Sketch::default(),
            labels: Labels::default(),
            others: 0,
            times: RowTimes::default(),
            last_commit: 0,
        }
    }
}

/// How often each label was given; bounded.
#[derive(Default)]
struct Labels(Vec<(Box<str>, u64)>);

impl Labels {
    /// False if there are too many.
    fn add(&mut self, label: &str, count: u64) -> bool {
        if let Some((_, counted)) = self.0.iter_mut().find(|(known, _)| **known == *label) {
            *counted += count;
            return true;
        }
        let room = self.0.len() < MOST_LABELS;
        if room {
            self.0.push((label.into(), count));
        }
        room
    }
}

impl ScoreSketches {
    /// The distributions, newest model first.
    #[must_use]
    pub fn now(&self) -> Vec<ScoreDistribution> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shown: Vec<ScoreDistribution> = kept.models.iter().map(shown).collect();
        drop(kept);
        shown.sort_by_key(|scores| std::cmp::Reverse(scores.control_offset));
        shown
    }

    /// How long the rows of the models in force take.
    pub fn expose(&self, snapshot: &Snapshot, exposition: &mut Exposition) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Only models of the revision: versions that come from outside must not pile up.
        let in_force = |model: &ModelReference| {
            let mut asked = snapshot.routes.iter().flat_map(scorewheel_http::Route::asked);
            asked.any(|asked| asked.control_offset == model.offset && asked.name == model.key.name.as_str())
        };
        for scores in kept.models.iter().filter(|scores| in_force(&scores.model)) {
            let model = &scores.model;
            let labels = [model.key.data_type.as_str(), model.key.name.as_str(), &*model.version];
            exposition.row_times(Metric::RowSeconds, &labels, &scores.times);
        }
    }
}

fn shown(scores: &ModelScores) -> ScoreDistribution {
    let sketch = &scores.sketch;
    let extremes = sketch.extremes();
    ScoreDistribution {
        data_type: scores.model.key.data_type.to_string(),
        name: scores.model.key.name.to_string(),
        version: scores.model.version.to_string(),
        control_offset: scores.model.offset,
        count: sketch.count(),
        labels: labels(&scores.labels),
        others: scores.others,
        min: extremes.map(|(min, _)| min),
        quartile: sketch.quantile(0.25),
        median: sketch.quantile(0.5),
        upper_quartile: sketch.quantile(0.75),
        max: extremes.map(|(_, max)| max),
        bins: if extremes.is_some() { sketch.bins(BINS) } else { Vec::new() },
    }
}

/// By name: numbers before texts, in order of size.
fn labels(labels: &Labels) -> Vec<LabelCount> {
    let mut shown: Vec<LabelCount> = labels
        .0
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(label, count)| LabelCount { label: label.to_string(), count: *count })
        .collect();
    let number = |label: &LabelCount| label.label.parse::<f64>().unwrap_or(f64::INFINITY);
    shown.sort_by(|left, right| {
        number(left).total_cmp(&number(right)).then_with(|| left.label.cmp(&right.label))
    });
    shown
}

impl Scores for ScoreSketches {
    fn follow(&self, _: &TopicPartition) -> Box<dyn ScoreFollower> {
        Box::new(Follower { kept: Arc::clone(&self.kept), pending: Vec::new(), current: 0 })
    }
}

/// Counts in a space of its own; what is shared is touched once a commit.
struct Follower {
    kept: Arc<Mutex<Kept>>,
    /// At most [`MOST_MODELS`], 16 KiB each.
    pending: Vec<Pending>,
    /// The place in `pending` of the last score's model: the next one is mostly of the same.
    current: usize,
}

/// What a model has scored since the last commit.
struct Pending {
    model: ModelReference,
    counts: Box<[u32]>,
    /// The buckets whose count is not zero.
    touched: Vec<u16>,
    labels: Labels,
    others: u64,
    times: RowTimes,
    min: f64,
    max: f64,
}

impl Pending {
    fn new(model: &ModelReference) -> Self {
        Self {
            model: model.clone(),
            counts: vec![0; BUCKETS].into_boxed_slice(),
            touched: Vec::new(),
            labels: Labels::default(),
            others: 0,
            times: RowTimes::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    fn add(&mut self, score: FirstTarget<'_>) {
        let score = match score {
            FirstTarget::Number(number) => number,
            FirstTarget::Label(label) => {
                self.others += u64::from(!self.labels.add(label, 1));
                return;
            }
            FirstTarget::Other => {
                self.others += 1;
                return;
            }
        };
        let Some(bucket) = bucket_of(score) else {
            self.others += 1;
            return;
        };
        if self.counts[bucket] == 0 {
            // There are less buckets than this type counts.
            self.touched.push(bucket as u16);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.min = self.min.min(score);
        self.max = self.max.max(score);
    }

    fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.others == 0 && self.labels.0.iter().all(|(_, count)| *count == 0)
    }

    fn clear(&mut self) {
        for bucket in self.touched.drain(..) {
            self.counts[usize::from(bucket)] = 0;
        }
        for (_, count) in &mut self.labels.0 {
            *count = 0;
        }
        self.times.clear();
        (self.others, self.min, self.max) = (0, f64::INFINITY, f64::NEG_INFINITY);
    }
}

fn same(left: &ModelReference, right: &ModelReference) -> bool {
    left.offset == right.offset && left.key == right.key
}

impl Follower {
    /// The place of a model; `None` if there are too many.
    fn place(&mut self, model: &ModelReference) -> Option<usize> {
        if self.pending.get(self.current).is_some_and(|pending| same(&pending.model, model)) {
            return Some(self.current);
        }
        let found = self.pending.iter().position(|pending| same(&pending.model, model));
        let place = match found {
            Some(place) => place,
            None if self.pending.len() < MOST_MODELS => {
                self.pending.push(Pending::new(model));
                self.pending.len() - 1
            }
            None => return None,
        };
        self.current = place;
        Some(place)
    }
}

impl ScoreFollower for Follower {
    fn scored(&mut self, model: &ModelReference, score: FirstTarget<'_>, nanoseconds: u64) {
        if let Some(place) = self.place(model) {
            self.pending[place].add(score);
            self.pending[place].times.add(nanoseconds);
        }
    }

    fn committed(&mut self) {
        // Models that have not scored make room.
        self.pending.retain(|pending| !pending.is_empty());
        self.current = 0;
        if self.pending.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.commits += 1;
        for pending in &mut self.pending {
            let Some(scores) = kept.of(&pending.model) else {
                pending.clear();
                continue;
            };
            for bucket in &pending.touched {
                let bucket = usize::from(*bucket);
                scores.sketch.add_bucket(bucket, u64::from(pending.counts[bucket]));
            }
            scores.sketch.widen(pending.min, pending.max);
            scores.others += pending.others;
            scores.times.merge(&pending.times);
            for (label, count) in &pending.labels.0 {
                let room = scores.labels.add(label, *count);
                scores.others += if room { 0 } else { *count };
            }
            pending.clear();
        }
    }

    fn rolled_back(&mut self) {
        self.pending.iter_mut().for_each(Pending::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::{Digest, ModelKey};

    fn model(offset: i64) -> ModelReference {
        ModelReference {
            key: ModelKey::parse("wine/m").unwrap(),
            version: "1".into(),
            sha256: Digest::of(b"model"),
            message: Digest::of(b"message"),
            timestamp: 0,
            offset,
        }
    }

    #[test]
    fn only_committed_scores_count() {
        let sketches = ScoreSketches::default();
        let mut follower = sketches.follow(&TopicPartition::new("models_data", 0));
        follower.scored(&model(1), FirstTarget::Number(3.0), 1);
        follower.rolled_back();
        follower.scored(&model(1), FirstTarget::Number(5.0), 1);
        follower.scored(&model(1), FirstTarget::Number(7.0), 1);
        follower.scored(&model(1), FirstTarget::Other, 1);
        follower.scored(&model(2), FirstTarget::Number(f64::NAN), 1);
        assert!(sketches.now().is_empty());
        follower.committed();
        follower.committed();
        let found = sketches.now();
        let told: Vec<_> =
            found.iter().map(|m| (m.control_offset, m.count, m.others, m.min, m.max)).collect();
        assert_eq!(told, [(2, 0, 1, None, None), (1, 2, 1, Some(5.0), Some(7.0))]);
        assert_eq!(found[1].bins.iter().sum::<f64>(), 2.0);
    }

    #[test]
    fn labels_are_counted_in_order_and_bounded() {
        let sketches = ScoreSketches::default();
        let mut follower = sketches.follow(&TopicPartition::new("models_data", 0));
        for label in ["10", "good", "9", "9"] {
            follower.scored(&model(1), FirstTarget::Label(label), 1);
        }
        follower.committed();
        follower.scored(&model(1), FirstTarget::Label("bad"), 1);
        follower.rolled_back();
        follower.committed();
        let found = sketches.now();
        let told: Vec<_> = found[0].labels.iter().map(|label| (label.label.as_str(), label.count)).collect();
        assert_eq!(told, [("9", 2), ("10", 1), ("good", 1)]);
        for label in 0..100 {
            follower.scored(&model(2), FirstTarget::Label(&label.to_string()), 1);
        }
        follower.committed();
        let found = sketches.now();
        assert_eq!((found[0].labels.len(), found[0].others), (MOST_LABELS, 100 - MOST_LABELS as u64));
    }

    #[test]
    fn models_of_a_wide_route_keep_their_counts_and_further_ones_wait_until_some_have_gone() {
        let sketches = ScoreSketches::default();
        let mut follower = sketches.follow(&TopicPartition::new("models_data", 0));
        let most = MOST_MODELS as i64;
        for _ in 0..3 {
            for offset in 0..2 * most {
                follower.scored(&model(offset), FirstTarget::Number(1.0), 1);
            }
            follower.committed();
        }
        let told = |sketches: &ScoreSketches| -> Vec<(i64, u64)> {
            sketches.now().iter().map(|model| (model.control_offset, model.count)).collect()
        };
        assert_eq!(told(&sketches), (0..most).rev().map(|offset| (offset, 3)).collect::<Vec<_>>());
        // Another task's models find no room either, until the first have not scored for long.
        let mut other = sketches.follow(&TopicPartition::new("models_data", 1));
        other.scored(&model(2 * most), FirstTarget::Number(1.0), 1);
        other.committed();
        assert_eq!(told(&sketches)[0], (most - 1, 3));
        for _ in 0..FORGOTTEN {
            follower.scored(&model(1), FirstTarget::Number(1.0), 1);
            follower.committed();
        }
        other.scored(&model(2 * most), FirstTarget::Number(1.0), 1);
        other.committed();
        let told = told(&sketches);
        assert_eq!((told.len(), told[0]), (MOST_MODELS, (2 * most, 1)));
        assert!(told.contains(&(1, 3 + FORGOTTEN)) && !told.contains(&(0, 3)), "{told:?}");
    }

    #[test]
    fn tasks_are_counted_together() {
        let sketches = ScoreSketches::default();
        for partition in 0..3 {
            let mut follower = sketches.follow(&TopicPartition::new("models_data", partition));
            follower.scored(&model(1), FirstTarget::Number(f64::from(partition)), 1);
            follower.committed();
        }
        assert_eq!(sketches.now()[0].count, 3);
    }
}
