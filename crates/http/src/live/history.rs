//! Rates, latencies and the time line of models, of the last minutes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use super::figures::Latency;
use crate::snapshot::{Cutover, Snapshot};

/// Seconds that are kept.
pub const SECONDS: usize = 300;
/// Models of one lane that are kept.
const MOST_SPANS: usize = 120;
/// Lanes that are kept: data types with a model.
pub const MOST_LANES: usize = 16;
/// Cut-overs and rejections that are kept with the time at which they were seen.
const MOST_MARKS: usize = 200;

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Second {
    /// When it ended, milliseconds since the epoch.
    pub at: i64,
    /// Records committed a second.
    pub records_per_second: f64,
    /// Dead letters a second.
    pub dead_letters_per_second: f64,
    /// Latencies.
    pub latency: Latency,
}

/// A model in force, from when to when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its control offset.
    pub control_offset: i64,
    /// Its colour: a number from 0, as different as can be from its neighbours'.
    pub colour: u8,
    /// When it was first seen in force, milliseconds since the epoch.
    pub from: i64,
    /// When it was first seen not to be; `null` while it is.
    pub to: Option<i64>,
}

/// The models of one data type, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The data type.
    pub data_type: String,
    /// Its models.
    pub spans: Vec<Span>,
}

/// A cut-over and when it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenCutover {
    /// When, milliseconds since the epoch.
    pub at: i64,
    /// The cut-over.
    #[serde(flatten)]
    pub cutover: Cutover,
}

/// How things have been moving. Told once a second; the time is the caller's.
#[derive(Clone, Debug, Default)]
pub struct History {
    first: Option<i64>,
    last: Option<(i64, BTreeMap<Partition, Counts>)>,
    seconds: VecDeque<Second>,
    rates: BTreeMap<Partition, f64>,
    lanes: Vec<Lane>,
    colours: u8,
    cutovers: VecDeque<SeenCutover>,
    /// Those of the state when it was last looked at.
    known_cutovers: Vec<Cutover>,
    rejections: VecDeque<(i64, i64)>,
    newest_rejection: Option<i64>,
}

/// Topic and partition.
type Partition = (String, u32);

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    records: u64,
    dead_letters: u64,
}

/// Colours that models have in turn.
pub const COLOURS: u8 = 8;

impl History {
    /// Takes note of the state at `now`, in milliseconds since the epoch, and of the latencies since the last time.
    pub fn sample(&mut self, now: i64, snapshot: &Snapshot, latency: Latency) {
        self.first.get_or_insert(now);
        self.count(now, snapshot, latency);
        self.draw_lanes(now, snapshot);
        self.mark(now, snapshot);
    }

    fn count(&mut self, now: i64, snapshot: &Snapshot, latency: Latency) {
        let counts: BTreeMap<Partition, Counts> = snapshot
            .tasks
            .iter()
            .map(|task| {
                let counts = Counts { records: task.records, dead_letters: task.dead_letters };
                ((task.topic.clone(), task.partition), counts)
            })
            .collect();
        if let Some((then, before)) = &self.last {
            let seconds = (now - then).max(1) as f64 / 1000.0;
            let mut second = Second { at: now, latency, ..Second::default() };
            self.rates.clear();
            // A partition that has just come brings what it has done elsewhere: no rate yet.
            for (partition, counts) in &counts {
                let Some(before) = before.get(partition) else { continue };
                let rate = counts.records.saturating_sub(before.records) as f64 / seconds;
                self.rates.insert(partition.clone(), rate);
                second.records_per_second += rate;
                second.dead_letters_per_second +=
                    counts.dead_letters.saturating_sub(before.dead_letters) as f64 / seconds;
            }
            if self.seconds.len() == SECONDS {
                self.seconds.pop_front();
            }
            self.seconds.push_back(second);
        }
        self.last = Some((now, counts));
    }

    fn draw_lanes(&mut self, now: i64, snapshot: &Snapshot) {
        for route in snapshot.routes.iter().take(MOST_LANES) {
            let found = self.lanes.iter().position(|lane| lane.data_type == route.data_type);
            let Some(model) = &route.in_force else {
                if let Some(index) = found {
                    end(&mut self.lanes[index], now);
                }
                continue;
            };
            let index = found.unwrap_or_else(|| {
                if self.lanes.len() == MOST_LANES {
                    self.lanes.remove(0);
                }
                self.lanes.push(Lane { data_type: route.data_type.clone(), spans: Vec::new() });
                self.lanes.len() - 1
            });
            let lane = &mut self.lanes[index];
            let same = lane
                .spans
                .last()
                .is_some_and(|span| span.to.is_none() && span.control_offset == model.control_offset);
            if same {
                continue;
            }
            end(lane, now);
            if lane.spans.len() == MOST_SPANS {
                lane.spans.remove(0);
            }
            lane.spans.push(Span {
                name: model.name.clone(),
                version: model.version.clone(),
                control_offset: model.control_offset,
                colour: self.colours,
                from: now,
                to: None,
            });
            self.colours = (self.colours + 1) % COLOURS;
        }
        let there = |lane: &Lane| snapshot.routes.iter().any(|route| route.data_type == lane.data_type);
        for lane in self.lanes.iter_mut().filter(|lane| !there(lane)) {
            end(lane, now);
        }
    }

    fn mark(&mut self, now: i64, snapshot: &Snapshot) {
        // What lies in the state when it is first looked at is older than this process knows.
        let first = self.last.is_none() || self.seconds.is_empty();
        // Mostly nothing has changed.
        if self.known_cutovers != snapshot.cutovers {
            let known: BTreeSet<_> = self.known_cutovers.iter().map(place).collect();
            for cutover in snapshot.cutovers.iter().rev() {
                if !first && !known.contains(&place(cutover)) {
                    if self.cutovers.len() == MOST_MARKS {
                        self.cutovers.pop_front();
                    }
                    self.cutovers.push_back(SeenCutover { at: now, cutover: cutover.clone() });
                }
            }
            drop(known);
            self.known_cutovers.clone_from(&snapshot.cutovers);
        }
        for rejection in snapshot.rejections.iter().rev() {
            if !first && self.newest_rejection.is_none_or(|newest| rejection.control_offset > newest) {
                if self.rejections.len() == MOST_MARKS {
                    self.rejections.pop_front();
                }
                self.rejections.push_back((rejection.control_offset, now));
            }
        }
        let newest = snapshot.rejections.iter().map(|rejection| rejection.control_offset).max();
        self.newest_rejection = self.newest_rejection.max(newest);
    }

    /// When the first note was taken, milliseconds since the epoch.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.first
    }

    /// The seconds, oldest first.
    pub fn seconds(&self) -> impl Iterator<Item = &Second> {
        self.seconds.iter()
    }

    /// Records a second of a partition, as of the last second.
    #[must_use]
    pub fn rate_of(&self, topic: &str, partition: u32) -> Option<f64> {
        self.rates.get(&(topic.to_owned(), partition)).copied()
    }

    /// The models by data type, as far as they were in force at `from` or later.
    #[must_use]
    pub fn lanes(&self, from: i64) -> Vec<Lane> {
        let lanes = self.lanes.iter().map(|lane| Lane {
            data_type: lane.data_type.clone(),
            spans: lane.spans.iter().filter(|span| span.to.is_none_or(|to| to >= from)).cloned().collect(),
        });
        lanes.filter(|lane| !lane.spans.is_empty()).collect()
    }

    /// The cut-overs that were seen at `from` or later, oldest first.
    #[must_use]
    pub fn cutovers(&self, from: i64) -> Vec<SeenCutover> {
        self.cutovers.iter().filter(|seen| seen.at >= from).cloned().collect()
    }

    /// When a rejection was seen, if it was not there from the beginning.
    #[must_use]
    pub fn rejected_at(&self, control_offset: i64) -> Option<i64> {
        self.rejections.iter().find(|(offset, _)| *offset == control_offset).map(|(_, at)| *at)
    }

    /// The colour of a model on the time line.
    #[must_use]
    pub fn colour_of(&self, control_offset: i64) -> Option<u8> {
        let mut spans = self.lanes.iter().flat_map(|lane| &lane.spans);
        spans.find(|span| span.control_offset == control_offset).map(|span| span.colour)
    }
}

/// What tells a cut-over from others: input topic, partition and offset, control offset of its revision.
pub(super) fn place(cutover: &Cutover) -> (&str, u32, i64, i64) {
    (&cutover.topic, cutover.partition, cutover.offset, cutover.revision.control_offset)
}

fn end(lane: &mut Lane, now: i64) {
    if let Some(span) = lane.spans.last_mut() {
        span.to.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{ModelReference, Rejection, Revision, Route, Task};

    fn route(data_type: &str, model: Option<(&str, i64)>) -> Route {
        let in_force = model.map(|(name, control_offset)| ModelReference {
            name: name.into(),
            control_offset,
            ..ModelReference::default()
        });
        Route { data_type: data_type.into(), in_force, ..Route::default() }
    }

    fn task(partition: u32, records: u64) -> Task {
        Task { topic: "models_data".into(), partition, records, ..Task::default() }
    }

    #[test]
    fn rates_are_of_partitions_that_were_there_before() {
        let mut history = History::default();
        let at = |tasks| Snapshot { tasks, ..Snapshot::default() };
        history.sample(1_000, &at(vec![task(0, 100)]), Latency::default());
        assert_eq!(history.seconds().count(), 0);
        history.sample(3_000, &at(vec![task(0, 300), task(1, 1_000_000)]), Latency::default());
        assert_eq!(history.seconds().map(|second| second.records_per_second).collect::<Vec<_>>(), [100.0]);
        assert_eq!(
            (history.rate_of("models_data", 0), history.rate_of("models_data", 1)),
            (Some(100.0), None)
        );
        for second in 0..2 * SECONDS as i64 {
            history.sample(4_000 + second * 1_000, &at(vec![task(0, 300)]), Latency::default());
        }
        assert_eq!(history.seconds().count(), SECONDS);
    }

    #[test]
    fn models_follow_one_another_on_their_lane() {
        let mut history = History::default();
        let at = |routes| Snapshot { routes, ..Snapshot::default() };
        history.sample(1, &at(vec![route("wine", None)]), Latency::default());
        history.sample(2, &at(vec![route("wine", Some(("tree", 0)))]), Latency::default());
        history.sample(3, &at(vec![route("wine", Some(("tree", 0)))]), Latency::default());
        history.sample(4, &at(vec![route("wine", Some(("forest", 1)))]), Latency::default());
        history.sample(5, &at(vec![route("wine", None)]), Latency::default());
        let lanes = history.lanes(0);
        let told: Vec<_> =
            lanes[0].spans.iter().map(|span| (span.name.as_str(), span.from, span.to)).collect();
        assert_eq!(told, [("tree", 2, Some(4)), ("forest", 4, Some(5))]);
        assert_ne!(history.colour_of(0), history.colour_of(1));
        assert_eq!(history.lanes(5)[0].spans.len(), 1);
        for control in 2..1_000 {
            history.sample(control, &at(vec![route("wine", Some(("m", control)))]), Latency::default());
        }
        assert_eq!(history.lanes(0)[0].spans.len(), MOST_SPANS);
    }

    #[test]
    fn marks_have_the_time_at_which_they_came() {
        let cutover = |offset| Cutover {
            topic: "models_data".into(),
            offset,
            revision: Revision { control_offset: offset, digest: None },
            ..Cutover::default()
        };
        let rejection = |control_offset| Rejection { control_offset, ..Rejection::default() };
        let at = |offsets: &[i64]| Snapshot {
            cutovers: offsets.iter().map(|offset| cutover(*offset)).collect(),
            rejections: offsets.iter().map(|offset| rejection(*offset)).collect(),
            ..Snapshot::default()
        };
        let mut history = History::default();
        history.sample(10, &at(&[1]), Latency::default());
        history.sample(20, &at(&[2, 1]), Latency::default());
        history.sample(30, &at(&[2, 1]), Latency::default());
        let told: Vec<_> = history.cutovers(0).iter().map(|seen| (seen.at, seen.cutover.offset)).collect();
        assert_eq!(told, [(20, 2)]);
        assert_eq!((history.rejected_at(1), history.rejected_at(2)), (None, Some(20)));
    }
}
