//! The promises, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::evidence::{Evidence, RawRecord};
use super::lineage::Lineage;
use super::rescore::Rescorer;

/// How often a record may be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Each record once.
    ExactlyOnce,
    /// Each record once or more; more than once only those after the last commit.
    AtLeastOnce,
}

/// A promise that was not kept. `partition` and `input` are those of the record, `offset` the result's own.
#[expect(missing_docs, reason = "the fields are said above")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// A result without a readable lineage header.
    NoLineage { partition: u32, offset: i64 },
    /// A result or dead letter of a record that is not there.
    Invented { partition: u32, input: i64 },
    /// A record without any outcome.
    Lost { partition: u32, input: i64 },
    /// A record with more than one outcome, or more than one of a model.
    Twice { partition: u32, input: i64 },
    /// A record that several models score, without the outcome of one of them, or with one too many.
    Incomplete { partition: u32, input: i64, found: Vec<u32>, of: u32 },
    /// Results of one record in another order than that of their models.
    ModelsOutOfOrder { partition: u32, input: i64, place: u32 },
    /// A record that was scored again although it was committed before.
    Repeated { partition: u32, input: i64 },
    /// A result that stands before one of an earlier record.
    OutOfOrder { partition: u32, input: i64 },
    /// A result of an older model after one of a newer.
    ControlFell { partition: u32, input: i64, from: i64, to: i64 },
    /// The result lies in another partition than its record.
    WrongPartition { partition: u32, input: i64 },
    /// Key or timestamp are not the record's.
    NotItsRecord { partition: u32, input: i64 },
    /// The lineage names a model that the control log does not have, or has with another digest.
    UnknownModel { partition: u32, input: i64, control: i64 },
    /// The score is another than the one that the named model gives.
    WrongScore { partition: u32, input: i64, found: String, expected: String },
    /// Statistics disagree with what lies on the topics.
    WrongCount { what: String, counted: u64, found: u64 },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// What was counted on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records.
    pub inputs: u64,
    /// Results, repeated ones included.
    pub results: u64,
    /// Results beyond the first of a record.
    pub duplicates: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Drops.
    pub dropped: u64,
    /// Results by control offset.
    pub by_model: BTreeMap<i64, u64>,
    /// Results by input partition and control offset.
    pub by_partition_and_model: BTreeMap<(u32, i64), u64>,
}

/// Checks everything; no violation means that the promises were kept.
pub fn check(
    evidence: &Evidence,
    guarantee: Guarantee,
    rescorer: &mut Rescorer,
) -> (Summary, Vec<Violation>) {
    let mut summary = Summary::default();
    let mut violations = Vec::new();
    let inputs: BTreeMap<(u32, i64), &RawRecord> = evidence
        .inputs
        .iter()
        .flat_map(|(partition, records)| {
            records.iter().map(move |record| ((*partition, record.offset), record))
        })
        .collect();
    summary.inputs = inputs.len() as u64;
    let mut outcomes = Outcomes::default();

    for (&partition, results) in &evidence.results {
        let mut last_input = -1;
        let mut last_control = -1;
        let mut last_place = 0;
        for result in results {
            summary.results += 1;
            let lineage =
                result.header("scorewheel-lineage").and_then(|text| serde_json::from_str(text).ok());
            let Some(lineage): Option<Lineage> = lineage else {
                violations.push(Violation::NoLineage { partition, offset: result.offset });
                continue;
            };
            let input = lineage.offset;
            let Some(record) = inputs.get(&(lineage.partition, input)) else {
                violations.push(Violation::Invented { partition: lineage.partition, input });
                continue;
            };
            if lineage.partition != partition {
                violations.push(Violation::WrongPartition { partition, input });
            }
            if !outcomes.insert((lineage.partition, input), lineage.place, lineage.of) {
                summary.duplicates += 1;
                if guarantee == Guarantee::ExactlyOnce {
                    violations.push(Violation::Twice { partition, input });
                } else if input < committed_before(evidence, partition, result.offset) {
                    violations.push(Violation::Repeated { partition, input });
                }
            } else if input < last_input {
                violations.push(Violation::OutOfOrder { partition, input });
            } else if input == last_input && lineage.place <= last_place {
                violations.push(Violation::ModelsOutOfOrder { partition, input, place: lineage.place });
            }
            // Among the models of one record the offsets follow no order; those of the first ones must not fall.
            if lineage.place == 1 {
                if lineage.control < last_control && guarantee == Guarantee::ExactlyOnce {
                    let (from, to) = (last_control, lineage.control);
                    violations.push(Violation::ControlFell { partition, input, from, to });
                }
                last_control = lineage.control;
            }
            last_place = lineage.place;
            last_input = last_input.max(input);
            if result.key != record.key || result.timestamp != record.timestamp {
                violations.push(Violation::NotItsRecord { partition, input });
            }
            *summary.by_model.entry(lineage.control).or_default() += 1;
            *summary.by_partition_and_model.entry((partition, lineage.control)).or_default() += 1;
            violations.extend(rescorer.check(partition, record, &lineage, result));
        }
    }
    for (&partition, letters) in &evidence.dead_letters {
        for letter in letters {
            summary.dead_letters += 1;
            let input =
                letter.header("__streams.errors.offset").and_then(|text| text.parse().ok()).unwrap_or(-1);
            if !inputs.contains_key(&(partition, input)) {
                violations.push(Violation::Invented { partition, input });
            } else if !outcomes.insert_dead_letter((partition, input), letter) {
                summary.duplicates += 1;
                if guarantee == Guarantee::ExactlyOnce {
                    violations.push(Violation::Twice { partition, input });
                }
            }
        }
    }
    violations.extend(outcomes.incomplete());
    missing(evidence, &inputs, &outcomes, &mut summary, &mut violations);
    (summary, violations)
}

/// What was found of each record: the places of the models whose outcomes they are, and how many were asked.
#[derive(Default)]
struct Outcomes {
    records: BTreeMap<(u32, i64), (BTreeSet<u32>, u32)>,
}

/// The place of a dead letter of the whole record, beside which nothing else stands.
const WHOLE: u32 = 0;

impl Outcomes {
    /// Takes note of an outcome; false if there was one of this model before, or one that leaves no room for it. After a revision with another number of
    /// models a repeated record has other places: those of the greater number count.
    fn insert(&mut self, record: (u32, i64), place: u32, of: u32) -> bool {
        let (places, asked) = self.records.entry(record).or_default();
        *asked = of.max(*asked);
        let alone = if place == WHOLE { places.is_empty() } else { !places.contains(&WHOLE) };
        places.insert(place) && alone
    }

    /// A dead letter is that of one model if it says so, else of the whole record.
    fn insert_dead_letter(&mut self, record: (u32, i64), letter: &RawRecord) -> bool {
        let lineage = letter.header("scorewheel.errors.lineage");
        let lineage: Option<Lineage> = lineage.and_then(|text| serde_json::from_str(text).ok());
        let (place, of) = lineage.map_or((WHOLE, 0), |lineage| (lineage.place, lineage.of));
        self.insert(record, place, of)
    }

    /// Records that lack the outcome of a model.
    fn incomplete(&self) -> impl Iterator<Item = Violation> {
        let lacks = |(places, of): &(BTreeSet<u32>, u32)| {
            !places.contains(&WHOLE) && !places.iter().copied().eq(1..=*of)
        };
        self.records.iter().filter(move |(_, found)| lacks(found)).map(
            |((partition, input), (places, of))| {
                let found = places.iter().copied().collect();
                Violation::Incomplete { partition: *partition, input: *input, found, of: *of }
            },
        )
    }
}

/// What was committed of a partition for certain when a result was written.
fn committed_before(evidence: &Evidence, partition: u32, result: i64) -> i64 {
    let commits = evidence.commits.get(&partition).map_or(&[][..], Vec::as_slice);
    let before = commits.partition_point(|commit| commit.results_end <= result);
    before.checked_sub(1).map_or(0, |last| commits[last].committed)
}

/// Records without outcome: only those that the statistics say were dropped.
fn missing(
    evidence: &Evidence,
    inputs: &BTreeMap<(u32, i64), &RawRecord>,
    outcomes: &Outcomes,
    summary: &mut Summary,
    violations: &mut Vec<Violation>,
) {
    let mut without: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for (partition, input) in inputs.keys().filter(|place| !outcomes.records.contains_key(place)) {
        without.entry(*partition).or_default().push(*input);
    }
    let partitions: BTreeSet<u32> = evidence.dropped.keys().chain(without.keys()).copied().collect();
    for partition in partitions {
        let dropped = evidence.dropped.get(&partition).copied().unwrap_or(0);
        let without = without.remove(&partition).unwrap_or_default();
        summary.dropped += dropped;
        if dropped == 0 {
            violations.extend(without.into_iter().map(|input| Violation::Lost { partition, input }));
        } else if dropped != without.len() as u64 {
            let what = format!("drops of partition {partition}");
            violations.push(Violation::WrongCount { what, counted: without.len() as u64, found: dropped });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Commit;
    use super::*;

    fn record(offset: i64) -> RawRecord {
        RawRecord { offset, timestamp: 100 + offset, value: Some(vec![]), ..RawRecord::default() }
    }

    fn result(offset: i64, input: i64, control: i64) -> RawRecord {
        let lineage = format!(
            r#"{{"model":"m","version":"1","sha256":"00","control":{control},"topic":"in","partition":0,"offset":{input}}}"#
        );
        RawRecord {
            offset,
            headers: vec![("scorewheel-lineage".into(), Some(lineage.into_bytes()))],
            timestamp: 100 + input,
            ..record(offset)
        }
    }

    fn evidence(results: &[(i64, i64)]) -> Evidence {
        let results =
            results.iter().enumerate().map(|(at, (input, control))| result(at as i64, *input, *control));
        Evidence {
            inputs: [(0, (0..4).map(record).collect())].into(),
            results: [(0, results.collect())].into(),
            ..Evidence::default()
        }
    }

    fn found(evidence: &Evidence, guarantee: Guarantee) -> Vec<Violation> {
        check(evidence, guarantee, &mut Rescorer::blind()).1
    }

    #[test]
    fn what_keeps_the_promises_passes() {
        let evidence = evidence(&[(0, 1), (1, 1), (2, 5), (3, 5)]);
        let (summary, violations) = check(&evidence, Guarantee::ExactlyOnce, &mut Rescorer::blind());
        assert_eq!(violations, []);
        assert_eq!((summary.inputs, summary.results), (4, 4));
        assert_eq!(summary.by_model, [(1, 2), (5, 2)].into());
    }

    #[test]
    fn each_broken_promise_is_found() {
        let lost = Violation::Lost { partition: 0, input: 2 };
        assert_eq!(found(&evidence(&[(0, 1), (1, 1), (3, 1)]), Guarantee::ExactlyOnce), [lost]);
        let twice = [(0, 1), (1, 1), (1, 1), (2, 1), (3, 1)];
        assert_eq!(
            found(&evidence(&twice), Guarantee::ExactlyOnce),
            [Violation::Twice { partition: 0, input: 1 }]
        );
        assert_eq!(found(&evidence(&twice), Guarantee::AtLeastOnce), []);
        let mut committed = evidence(&twice);
        committed.commits = [(0, vec![Commit { results_end: 1, committed: 1 }])].into();
        assert_eq!(found(&committed, Guarantee::AtLeastOnce), []);
        committed.commits = [(0, vec![Commit { results_end: 2, committed: 2 }])].into();
        assert_eq!(
            found(&committed, Guarantee::AtLeastOnce),
            [Violation::Repeated { partition: 0, input: 1 }]
        );
        assert_eq!(
            found(&evidence(&[(0, 1), (2, 1), (1, 1), (3, 1)]), Guarantee::ExactlyOnce),
            [Violation::OutOfOrder { partition: 0, input: 1 }]
        );
        assert_eq!(
            found(&evidence(&[(0, 1), (1, 5), (2, 1), (3, 5)]), Guarantee::ExactlyOnce),
            [Violation::ControlFell { partition: 0, input: 2, from: 5, to: 1 }]
        );
        assert_eq!(
            found(&evidence(&[(0, 1), (1, 1), (2, 1), (3, 1), (9, 1)]), Guarantee::ExactlyOnce),
            [Violation::Invented { partition: 0, input: 9 }]
        );
        let mut other = evidence(&[(0, 1), (1, 1), (2, 1), (3, 1)]);
        other.results.get_mut(&0).unwrap()[3].timestamp = 0;
        other.results.get_mut(&0).unwrap()[0].headers.clear();
        let violations = found(&other, Guarantee::ExactlyOnce);
        assert!(violations.contains(&Violation::NotItsRecord { partition: 0, input: 3 }), "{violations:?}");
        assert!(violations.contains(&Violation::NoLineage { partition: 0, offset: 0 }), "{violations:?}");
    }

    #[test]
    fn drops_are_believed_only_if_they_add_up() {
        let mut evidence = evidence(&[(2, 1), (3, 1)]);
        evidence.dropped = [(0, 2)].into();
        assert_eq!(found(&evidence, Guarantee::ExactlyOnce), []);
        evidence.dropped = [(0, 1)].into();
        let what = "drops of partition 0".to_owned();
        assert_eq!(
            found(&evidence, Guarantee::ExactlyOnce),
            [Violation::WrongCount { what, counted: 2, found: 1 }]
        );
    }

    #[test]
    fn each_of_several_models_answers_once_and_in_order() {
        let several = |results: &[(i64, i64, u32, u32)]| {
            let mut evidence = evidence(&[]);
            evidence.inputs = [(0, (0..2).map(record).collect())].into();
            let results = results.iter().enumerate().map(|(at, (input, control, place, of))| {
                let mut result = result(at as i64, *input, *control);
                let header = result.headers[0].1.as_mut().unwrap();
                header.pop();
                header.extend_from_slice(format!(r#","place":{place},"of":{of}}}"#).as_bytes());
                result
            });
            evidence.results = [(0, results.collect())].into();
            evidence
        };
        let good = [(0, 7, 1, 2), (0, 3, 2, 2), (1, 7, 1, 2), (1, 3, 2, 2)];
        assert_eq!(found(&several(&good), Guarantee::ExactlyOnce), []);
        assert_eq!(
            found(&several(&good[..3]), Guarantee::ExactlyOnce),
            [Violation::Incomplete { partition: 0, input: 1, found: vec![1], of: 2 }]
        );
        let twice = [good[0], good[1], good[1], good[2], good[3]];
        assert_eq!(
            found(&several(&twice), Guarantee::ExactlyOnce),
            [Violation::Twice { partition: 0, input: 0 }]
        );
        let swapped = [good[1], good[0], good[2], good[3]];
        assert_eq!(
            found(&several(&swapped), Guarantee::ExactlyOnce),
            [Violation::ModelsOutOfOrder { partition: 0, input: 0, place: 1 }]
        );
        // One model's dead letter stands for its result.
        let mut evidence = several(&good[..3]);
        let lineage = evidence.results[&0][1].headers[0].1.clone();
        let mut letter =
            RawRecord { headers: vec![("__streams.errors.offset".into(), Some(b"1".to_vec()))], ..record(0) };
        letter.headers.push(("scorewheel.errors.lineage".into(), lineage));
        evidence.dead_letters = [(0, vec![letter.clone()])].into();
        assert_eq!(found(&evidence, Guarantee::ExactlyOnce), []);
        // One of the whole record stands beside no result, whichever place that has.
        letter.headers.pop();
        for at in [2, 3] {
            let mut evidence = several(&[good[0], good[1], good[at]]);
            evidence.dead_letters = [(0, vec![letter.clone()])].into();
            assert_eq!(
                found(&evidence, Guarantee::ExactlyOnce),
                [Violation::Twice { partition: 0, input: 1 }]
            );
        }
    }

    #[test]
    fn dead_letters_are_outcomes() {
        let mut evidence = evidence(&[(0, 1), (1, 1), (3, 1)]);
        let letter =
            RawRecord { headers: vec![("__streams.errors.offset".into(), Some(b"2".to_vec()))], ..record(0) };
        evidence.dead_letters = [(0, vec![letter.clone()])].into();
        assert_eq!(found(&evidence, Guarantee::ExactlyOnce), []);
        evidence.dead_letters = [(0, vec![letter.clone(), letter])].into();
        assert_eq!(found(&evidence, Guarantee::ExactlyOnce), [Violation::Twice { partition: 0, input: 2 }]);
    }
}
