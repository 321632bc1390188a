//! No silent drop: what went in came out, one way or another.

use std::ops::{Add, AddAssign};

use serde::Serialize;

use crate::compact::{Reader, put_integer};
use crate::outcome::Step;
use crate::tally::Tally;
use crate::task_statistics::Ending;

const VERSION: u8 = 1;

/// With `further`; written only where there is any, so that builds that do not know it read all else.
const VERSION_WITH_FURTHER: u8 = 2;

/// Records of one partition, and what became of them: at a commit, in + further = results + dead letters + drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conservation {
    /// Records taken from the input.
    pub records: u64,
    /// Results written.
    pub results: u64,
    /// Dead letters written at decode, route, score, encode.
    pub dead_letters: [u64; 4],
    /// Records dropped because no model was in force.
    pub drops: u64,
    /// Results and dead letters beyond the first of their record: a route that asks several models has one of each.
    #[serde(skip_serializing_if = "is_zero")]
    pub further: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(figure: &u64) -> bool {
    *figure == 0
}

impl Conservation {
    /// Adds a batch: `records` as counted at the input, the rest as counted at the outputs.
    pub fn add_batch(&mut self, records: u64, tally: &Tally) {
        *self += Self {
            records,
            results: tally.all_results(),
            dead_letters: Step::ALL.map(|step| tally.dead_letters(step)),
            drops: tally.drops(),
            further: tally.all_further(),
        };
    }

    /// Adds one record.
    pub fn add_record(&mut self, ending: Ending<'_>) {
        self.records += 1;
        self.end(ending);
    }

    /// Adds what another model has made of the record added last.
    pub fn add_further(&mut self, ending: Ending<'_>) {
        self.further += 1;
        self.end(ending);
    }

    fn end(&mut self, ending: Ending<'_>) {
        match ending {
            Ending::Result(..) => self.results += 1,
            Ending::DeadLetter(step) => self.dead_letters[step as usize] += 1,
            Ending::Dropped => self.drops += 1,
        }
    }

    /// Dead letters of all steps.
    #[must_use]
    pub fn all_dead_letters(&self) -> u64 {
        self.dead_letters.iter().sum()
    }

    /// True if every record is accounted for.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.records + self.further == self.results + self.all_dead_letters() + self.drops
    }

    /// The counts as the value of a store: a version byte, then variable-length integers.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(if self.further == 0 { VERSION } else { VERSION_WITH_FURTHER });
        for figure in [self.records, self.results, self.drops].iter().chain(&self.dead_letters) {
            put_integer(out, *figure);
        }
        if self.further > 0 {
            put_integer(out, self.further);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let version = reader.byte()?;
        if version != VERSION && version != VERSION_WITH_FURTHER {
            return None;
        }
        let (records, results, drops) = (reader.integer()?, reader.integer()?, reader.integer()?);
        let mut dead_letters = [0; 4];
        for figure in &mut dead_letters {
            *figure = reader.integer()?;
        }
        let further = if version == VERSION { 0 } else { reader.integer()? };
        Some(Self { records, results, dead_letters, drops, further })
    }
}

impl AddAssign for Conservation {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.results += other.results;
        self.drops += other.drops;
        self.further += other.further;
        for (sum, figure) in self.dead_letters.iter_mut().zip(other.dead_letters) {
            *sum += figure;
        }
    }
}

impl Add for Conservation {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}
