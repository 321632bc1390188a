//! A batch of records through decode, route and score, with an outcome for each in input order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::Batch;
use scorewheel_model::DataTypeName;

use crate::decoder::{DataTypeIndex, DecodeNotes, Decoder, Records, Stated};
use crate::meter::Meter;
use crate::outcome::{Alarm, Answer, DeadLetter, DeadReason, Outcome, Step, Wait};
use crate::policy::{NoModel, OnModelFailure, Policies};
use crate::revision::{InstalledModel, Revision};
use crate::segment::{Segment, SegmentPool};
use crate::selection::Order;
use crate::served::ServedModels;
use crate::tally::Tally;

/// Scores the records of one partition, batch by batch, in buffers that are used again.
///
/// Records are grouped by data type, decoded and scored as columns, and come out in input order. What a batch is
/// scored with is the revision of that call; between batches the scorer holds no model.
pub struct Scorer<D> {
    decoder: D,
    policies: Policies,
    groups: Vec<Group>,
    slots: Vec<Slot>,
    reasons: Vec<(Step, DeadReason, Option<Place>)>,
    /// Rows that a model beyond the first has no answer for: record, position of the model, index among the reasons;
    /// ascending.
    further_dead: Vec<(u32, u32, u32)>,
    paused: BTreeMap<DataTypeIndex, i64>,
    served: ServedModels,
    pool: SegmentPool,
    tally: Tally,
}

/// The records of one data type in a batch.
struct Group {
    batch: Batch,
    /// Index of each row's record, ascending.
    records: Vec<u32>,
    notes: DecodeNotes,
    /// Rows that another data type's model scores, with that data type.
    strays: Vec<(u32, DataTypeIndex)>,
    /// Scored by the first model of each route.
    segments: Vec<Segment>,
    /// By the second and those after it, where a route asks more than one.
    further: Vec<Vec<Segment>>,
}

/// A row of a group.
#[derive(Clone, Copy)]
struct Place {
    group: u32,
    row: u32,
}

/// What is known of one record.
#[derive(Clone, Copy)]
enum Slot {
    Row(Place),
    /// Index among the reasons.
    Dead(u32),
    Dropped(u32),
}

/// A scored batch: outcomes in input order.
pub struct Scored<'s, D> {
    scorer: &'s Scorer<D>,
    revision: &'s Revision,
    start: usize,
    wait: Option<Wait>,
    alarms: Vec<Alarm>,
}

impl<D: Decoder> Scorer<D> {
    /// A scorer with its buffers empty.
    #[must_use]
    pub fn new(decoder: D, policies: Policies) -> Self {
        let types = decoder.data_types().len();
        let group = |data_type| Group {
            batch: Batch::new(Arc::clone(decoder.schema(data_type))),
            records: Vec::new(),
            notes: DecodeNotes::default(),
            strays: Vec::new(),
            segments: Vec::new(),
            further: Vec::new(),
        };
        Self {
            policies,
            groups: (0..types).map(group).collect(),
            slots: Vec::new(),
            reasons: Vec::new(),
            further_dead: Vec::new(),
            paused: BTreeMap::new(),
            served: ServedModels::new(types, policies.failure),
            pool: SegmentPool::default(),
            tally: Tally::default(),
            decoder,
        }
    }

    /// The routes that are paused because their model fails, with the model's control offset.
    pub fn paused(&self) -> impl Iterator<Item = (&DataTypeName, i64)> {
        self.paused.iter().map(|(data_type, control)| (&self.decoder.data_types()[*data_type], *control))
    }

    /// Sets what is paused: from committed state, after a start or a rollback. Rows counted so far are forgotten.
    pub fn restore_paused<'a>(&mut self, paused: impl IntoIterator<Item = (&'a str, i64)>) {
        let types = self.decoder.data_types();
        let index = |name: &str| types.iter().position(|data_type| data_type.as_str() == name);
        self.paused =
            paused.into_iter().filter_map(|(name, control)| Some((index(name)?, control))).collect();
        self.served.clear_windows();
    }

    /// Scores the records of `range` with `revision`.
    ///
    /// The outcomes end before the first record that has to wait, if one has; nothing is counted for it or for those
    /// after it.
    pub fn score<'s, R: Records>(
        &'s mut self,
        revision: &'s Revision,
        records: &R,
        range: Range<usize>,
        meter: &mut dyn Meter,
    ) -> Scored<'s, D> {
        let start = range.start;
        self.begin();
        self.sort(records, range);
        self.decode(records, start);
        let routes: Vec<&[usize]> =
            self.decoder.data_types().iter().map(|data_type| revision.route(data_type)).collect();
        self.served.follow(revision, &routes);
        let mut wait = self.find_wait(revision, &routes);
        let end = wait.as_ref().map_or(self.slots.len(), |(at, _)| *at);
        self.slots.truncate(end);
        self.score_groups(revision, &routes, end, meter);
        let mut alarms = Vec::new();
        if let Some(cut) = self.settle(revision, &mut alarms) {
            let paused = cut.1;
            wait = Some((cut.0, paused));
        }
        Scored { scorer: self, revision, start, wait: wait.map(|(_, wait)| wait), alarms }
    }

    fn begin(&mut self) {
        self.slots.clear();
        self.reasons.clear();
        self.further_dead.clear();
        self.tally.clear();
        for group in &mut self.groups {
            group.batch.clear();
            group.records.clear();
            group.notes.clear();
            group.strays.clear();
            self.pool.take_back(&mut group.segments);
            for segments in &mut group.further {
                self.pool.take_back(segments);
            }
        }
    }

    /// Gives each record to the group of the data type that it states.
    fn sort<R: Records>(&mut self, records: &R, range: Range<usize>) {
        let start = range.start;
        for index in range {
            let Some(value) = records.value(index) else {
                self.push_dead(Step::Decode, DeadReason::NoValue);
                continue;
            };
            match self.decoder.data_type(records.data_type(index), value) {
                Stated::Known(data_type) => {
                    let group = &mut self.groups[data_type];
                    let place = Place { group: data_type as u32, row: group.records.len() as u32 };
                    group.records.push((index - start) as u32);
                    self.slots.push(Slot::Row(place));
                }
                Stated::Refused(fault) => self.push_dead(fault.step, DeadReason::Fault(fault)),
            }
        }
    }

    fn push_dead(&mut self, step: Step, reason: DeadReason) {
        self.slots.push(Slot::Dead(self.reasons.len() as u32));
        self.reasons.push((step, reason, None));
    }

    fn decode<R: Records>(&mut self, records: &R, start: usize) {
        for data_type in 0..self.groups.len() {
            let group = &mut self.groups[data_type];
            if group.records.is_empty() {
                continue;
            }
            let mut values = group
                .records
                .iter()
                .map(|record| records.value(start + *record as usize).unwrap_or_default());
            self.decoder.decode(data_type, &mut values, &mut group.batch, &mut group.notes);
            for (row, fault) in std::mem::take(&mut group.notes.faults) {
                let record = group.records[row as usize] as usize;
                self.slots[record] = Slot::Dead(self.reasons.len() as u32);
                self.reasons.push((fault.step, DeadReason::Fault(fault), None));
            }
            for (row, named) in std::mem::take(&mut group.notes.routes) {
                let record = group.records[row as usize] as usize;
                if named == data_type || matches!(self.slots[record], Slot::Dead(_)) {
                    continue;
                }
                if self.decoder.schema(named) == self.decoder.schema(data_type) {
                    group.strays.push((row, named));
                    continue;
                }
                let name = |data_type: DataTypeIndex| self.decoder.data_types()[data_type].clone();
                let reason = DeadReason::OtherSchema { decoded_as: name(data_type), named: name(named) };
                self.slots[record] = Slot::Dead(self.reasons.len() as u32);
                self.reasons.push((Step::Route, reason, None));
            }
        }
    }

    /// The first record that has to wait: its data type has no model, or one that fails.
    fn find_wait(&mut self, revision: &Revision, routes: &[&[usize]]) -> Option<(usize, Wait)> {
        self.paused.retain(|data_type, control| {
            routes[*data_type].iter().any(|model| revision.models()[*model].reference.offset == *control)
        });
        let waits_without_model = self.policies.no_model == NoModel::Wait;
        if self.paused.is_empty() && !(waits_without_model && routes.iter().any(|route| route.is_empty())) {
            return None;
        }
        let waits = |data_type: DataTypeIndex| {
            let name = || self.decoder.data_types()[data_type].clone();
            if let Some(control) = self.paused.get(&data_type) {
                return Some(Wait::ModelFails { data_type: name(), control: *control });
            }
            let waits = waits_without_model && routes[data_type].is_empty();
            waits.then(|| Wait::NoModel { data_type: name() })
        };
        self.slots.iter().enumerate().find_map(|(record, slot)| match slot {
            Slot::Row(place) => waits(self.data_type_of(*place)).map(|wait| (record, wait)),
            _ => None,
        })
    }

    fn data_type_of(&self, place: Place) -> DataTypeIndex {
        self.groups[place.group as usize].data_type(place.group as usize, place.row)
    }

    /// Scores the rows of records before `end`, run by run of one model.
    fn score_groups(&mut self, revision: &Revision, routes: &[&[usize]], end: usize, meter: &mut dyn Meter) {
        for own_type in 0..self.groups.len() {
            let group = &mut self.groups[own_type];
            let rows = group.records.partition_point(|record| (*record as usize) < end) as u32;
            let mut row = 0;
            while row < rows {
                let (data_type, run_end) = group.run(own_type, row, rows);
                for (position, model) in routes[data_type].iter().enumerate() {
                    let installed = &revision.models()[*model];
                    let scratch = &mut self.served.at(data_type, position).scratch;
                    let run = row..run_end;
                    let (batch, segments) = group.at_position(position);
                    self.pool.score(installed, *model, data_type, batch, run, scratch, meter, segments);
                }
                row = run_end;
            }
        }
    }

    /// Turns rows without an answer into dead letters or drops, in input order; cuts the batch where a model comes to
    /// count as failing.
    fn settle(&mut self, revision: &Revision, alarms: &mut Vec<Alarm>) -> Option<(usize, Wait)> {
        let mut pause = None;
        for record in 0..self.slots.len() {
            let place = match self.slots[record] {
                Slot::Row(place) => place,
                Slot::Dead(reason) => {
                    self.tally.dead_letter(self.reasons[reason as usize].0);
                    continue;
                }
                Slot::Dropped(_) => continue,
            };
            let Some(mut fails) = self.settle_row(revision, record, place, 0, alarms) else {
                self.without_model(record, place);
                continue;
            };
            if self.served.several() {
                // Every model's outcome is kept, also of the record at which one comes to count as failing.
                let mut position = 1;
                while let Some(also) = self.settle_row(revision, record, place, position, alarms) {
                    fails = fails.or(also);
                    position += 1;
                }
            }
            if let Some((data_type, control)) = fails {
                pause = Some((record, data_type, control));
                break;
            }
        }
        let (record, data_type, control) = pause?;
        self.slots.truncate(record + 1);
        self.paused.insert(data_type, control);
        let data_type = self.decoder.data_types()[data_type].clone();
        Some((record + 1, Wait::ModelFails { data_type, control }))
    }

    /// Counts the answer of the model at `position` to one row. `None` if there is no such model; else the route and
    /// the model's control offset if it is to be paused.
    fn settle_row(
        &mut self,
        revision: &Revision,
        record: usize,
        place: Place,
        position: usize,
        alarms: &mut Vec<Alarm>,
    ) -> Option<Option<(DataTypeIndex, i64)>> {
        let group = &self.groups[place.group as usize];
        let segment = group.segment(position, place.row)?;
        let installed = &revision.models()[segment.model];
        let data_type = segment.data_type;
        let reason = segment.failure(place.row);
        let counts = reason.as_ref().is_none_or(|reason| !is_fault_of_input(reason));
        if reason.is_none() {
            let among = self.served.count(data_type) as usize;
            self.tally.result(segment.model, segment.nanoseconds, among);
        }
        if position > 0 {
            self.tally.further();
        }
        let failed = reason.is_some();
        if let Some(reason) = reason {
            let dead = self.reasons.len() as u32;
            match position {
                0 => self.slots[record] = Slot::Dead(dead),
                _ => self.further_dead.push((record as u32, position as u32, dead)),
            }
            self.reasons.push((Step::Score, reason, Some(place)));
            self.tally.dead_letter(Step::Score);
        }
        let pauses = counts && self.count(data_type, position, installed, failed, alarms);
        Some(pauses.then_some((data_type, installed.reference.offset)))
    }

    /// Counts a scored row; true if its route is to be paused.
    fn count(
        &mut self,
        data_type: DataTypeIndex,
        position: usize,
        installed: &InstalledModel,
        failed: bool,
        alarms: &mut Vec<Alarm>,
    ) -> bool {
        let served = self.served.at(data_type, position);
        let failing = served.window.push(failed);
        if !failing {
            served.alarmed = false;
            return false;
        }
        let paused = self.policies.on_model_failure == OnModelFailure::Pause;
        if !std::mem::replace(&mut served.alarmed, true) || paused {
            alarms.push(Alarm {
                data_type: self.decoder.data_types()[data_type].clone(),
                model: installed.reference.key.name.to_string(),
                control: installed.reference.offset,
                paused,
            });
        }
        paused
    }

    fn without_model(&mut self, record: usize, place: Place) {
        let data_type = self.data_type_of(place);
        if self.policies.no_model == NoModel::DeadLetter {
            let name = self.decoder.data_types()[data_type].clone();
            self.slots[record] = Slot::Dead(self.reasons.len() as u32);
            self.reasons.push((Step::Route, DeadReason::NoModel(name), None));
            self.tally.dead_letter(Step::Route);
        } else {
            self.slots[record] = Slot::Dropped(data_type as u32);
            self.tally.dropped();
        }
    }
}

fn is_fault_of_input(reason: &DeadReason) -> bool {
    matches!(reason, DeadReason::Row { error, .. } if error.code.is_fault_of_input())
}

impl Group {
    /// The data type whose model scores this row.
    fn data_type(&self, own_type: DataTypeIndex, row: u32) -> DataTypeIndex {
        match self.strays.binary_search_by_key(&row, |(row, _)| *row) {
            Ok(stray) => self.strays[stray].1,
            Err(_) => own_type,
        }
    }

    /// The data type of `row`, and where rows of another one begin.
    fn run(&self, own_type: DataTypeIndex, row: u32, rows: u32) -> (DataTypeIndex, u32) {
        if self.strays.is_empty() {
            return (own_type, rows);
        }
        let data_type = self.data_type(own_type, row);
        let mut end = row + 1;
        while end < rows && self.data_type(own_type, end) == data_type {
            end += 1;
        }
        (data_type, end)
    }

    /// The batch, and where the segments of a route's model at this position go.
    fn at_position(&mut self, position: usize) -> (&Batch, &mut Vec<Segment>) {
        let Some(further) = position.checked_sub(1) else { return (&self.batch, &mut self.segments) };
        if self.further.len() <= further {
            self.further.resize_with(further + 1, Vec::new);
        }
        (&self.batch, &mut self.further[further])
    }

    /// What the model at `position` of the row's route made of it.
    fn segment(&self, position: usize, row: u32) -> Option<&Segment> {
        let segments = match position {
            0 => &self.segments,
            _ => self.further.get(position - 1)?,
        };
        let after = segments.partition_point(|segment| segment.rows.start <= row);
        let segment = &segments[after.checked_sub(1)?];
        segment.rows.contains(&row).then_some(segment)
    }
}

impl<'s, D: Decoder> Scored<'s, D> {
    /// Number of records with an outcome: from the start of the range to the first record that waits.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.scorer.slots.len()
    }

    /// Why the record after the last one taken has to wait, if it has.
    #[must_use]
    pub fn wait(&self) -> Option<&Wait> {
        self.wait.as_ref()
    }

    /// Models that came to count as failing within this batch.
    #[must_use]
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// What became of the records, counted.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.scorer.tally
    }

    /// Each record's index in the batch and its outcome, in input order. Where a route asks several models, its records
    /// have an outcome of each, one after the other, in the order in which they are asked; one that is no model's doing
    /// stands alone.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes<'_, 's, D> {
        Outcomes { scored: self, record: 0, position: 0 }
    }

    fn outcome(&self, slot: Slot) -> Outcome<'_> {
        match slot {
            Slot::Row(place) => self.answer(place, 0).map_or_else(
                || {
                    Outcome::DeadLetter(DeadLetter {
                        step: Step::Score,
                        reason: &DeadReason::NoValue,
                        batch: None,
                        model: None,
                        order: Order { place: 1, of: 1 },
                    })
                },
                Outcome::Result,
            ),
            Slot::Dead(reason) => self.dead(reason, 0),
            Slot::Dropped(data_type) => {
                Outcome::Dropped(&self.scorer.decoder.data_types()[data_type as usize])
            }
        }
    }

    fn dead(&self, reason: u32, position: usize) -> Outcome<'_> {
        let (step, reason, place) = &self.scorer.reasons[reason as usize];
        let group = place.map(|place| &self.scorer.groups[place.group as usize]);
        let segment = place.zip(group).and_then(|(place, group)| group.segment(position, place.row));
        Outcome::DeadLetter(DeadLetter {
            step: *step,
            reason,
            batch: group.map(|group| &group.batch),
            model: segment.map(|segment| (segment.model, &*self.revision.models()[segment.model])),
            order: self.order(segment, position),
        })
    }

    fn order(&self, segment: Option<&Segment>, position: usize) -> Order {
        let of = segment.map_or(1, |segment| self.scorer.served.count(segment.data_type));
        Order { place: position as u32 + 1, of }
    }

    /// What a model beyond the first made of a record; `None` if its route has none there.
    fn further(&self, record: usize, position: usize) -> Option<Outcome<'_>> {
        let place = match self.scorer.slots[record] {
            Slot::Row(place) => place,
            Slot::Dead(reason) => self.scorer.reasons[reason as usize].2?,
            Slot::Dropped(_) => return None,
        };
        let at = (record as u32, position as u32);
        match self.scorer.further_dead.binary_search_by_key(&at, |(record, position, _)| (*record, *position))
        {
            Ok(dead) => Some(self.dead(self.scorer.further_dead[dead].2, position)),
            Err(_) => self.answer(place, position).map(Outcome::Result),
        }
    }

    fn answer(&self, place: Place, position: usize) -> Option<Answer<'_>> {
        let segment = self.scorer.groups[place.group as usize].segment(position, place.row)?;
        Some(Answer {
            model: segment.model,
            installed: &self.revision.models()[segment.model],
            scores: &segment.scores,
            row: (place.row - segment.rows.start) as usize,
            data_type: &self.scorer.decoder.data_types()[segment.data_type],
            nanoseconds: segment.nanoseconds,
            order: self.order(Some(segment), position),
        })
    }
}

/// The outcomes of a batch: [`Scored::outcomes`].
pub struct Outcomes<'a, 's, D> {
    scored: &'a Scored<'s, D>,
    record: usize,
    /// Of the model whose outcome is next.
    position: usize,
}

impl<'a, D: Decoder> Iterator for Outcomes<'a, '_, D> {
    type Item = (usize, Outcome<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let scored = self.scored;
        if self.position > 0 {
            if let Some(outcome) = scored.further(self.record, self.position) {
                self.position += 1;
                return Some((scored.start + self.record, outcome));
            }
            self.record += 1;
            self.position = 0;
        }
        let record = self.record;
        let slot = *scored.scorer.slots.get(record)?;
        if scored.scorer.served.several() {
            self.position = 1;
        } else {
            self.record += 1;
        }
        Some((scored.start + record, scored.outcome(slot)))
    }
}
