//! Conditions on a block of rows: a byte a row, 1 where they hold.

use scorewheel_trees::vectorised;

use crate::document::predicate::BooleanOperator;
use crate::score::columnar::Frame;
use crate::score::columnar::predicates::condition::{Condition, RankTest};
use crate::score::columnar::predicates::cuts::RankColumn;
use crate::score::columnar::predicates::find::Predicates;

/// What conditions are tested in.
#[derive(Debug, Default)]
pub struct Memory {
    ranks: Vec<RankColumn>,
    spare: Vec<Vec<u8>>,
    mask: Vec<u8>,
}

/// Predicates with the ranks of one block.
pub struct Ranked<'r> {
    predicates: &'r Predicates,
    rows: usize,
    ranks: &'r [RankColumn],
    spare: &'r mut Vec<Vec<u8>>,
    mask: &'r mut Vec<u8>,
}

impl Predicates {
    /// Ranks the fields of a block.
    pub fn rank<'r>(&'r self, frame: &Frame<'_>, memory: &'r mut Memory) -> Ranked<'r> {
        let Memory { ranks, spare, mask } = memory;
        if ranks.len() < self.fields.len() {
            ranks.resize_with(self.fields.len(), RankColumn::default);
        }
        for (cuts, ranks) in self.fields.iter().zip(&mut *ranks) {
            cuts.ranks(frame.column(cuts.slot), ranks);
        }
        Ranked { predicates: self, rows: frame.rows, ranks, spare, mask }
    }
}

impl Ranked<'_> {
    /// The ranks of a field.
    #[must_use]
    pub fn ranks(&self, field: usize) -> &RankColumn {
        &self.ranks[field]
    }

    /// Tests conditions one after another: each is given, by index, with a byte a row.
    pub fn each(&mut self, conditions: std::ops::Range<usize>, visit: impl FnMut(usize, &mut [u8])) {
        let mut mask = std::mem::take(self.mask);
        mask.clear();
        mask.resize(self.rows, 0);
        vectorised(
            #[inline(always)]
            || Each { ranked: self, conditions, mask: &mut mask, visit }.run(),
        );
        *self.mask = mask;
    }

    /// Finds where a condition holds.
    fn holds(&mut self, condition: &Condition, mask: &mut [u8]) {
        match condition {
            Condition::Joined { operator: BooleanOperator::And, parts } => {
                mask.fill(1);
                self.join(parts, mask, |mask, part| *mask &= part);
            }
            Condition::Joined { operator: BooleanOperator::Or, parts } => {
                mask.fill(0);
                self.join(parts, mask, |mask, part| *mask |= part);
            }
            Condition::Joined { .. } => {
                let mut known = self.take();
                self.both(condition, mask, &mut known);
                self.spare.push(known);
            }
            Condition::Constant(value) => mask.fill(u8::from(*value == Some(true))),
            Condition::Field { field, holds, .. } => {
                mask.fill(1);
                vectorised(
                    #[inline(always)]
                    || Narrow { test: holds, ranks: &self.ranks[*field], mask }.run(),
                );
            }
        }
    }

    fn join(&mut self, parts: &[Condition], mask: &mut [u8], join: impl Fn(&mut u8, u8)) {
        let mut own = self.take();
        for part in parts {
            self.holds(part, &mut own);
            mask.iter_mut().zip(&own).for_each(|(mask, own)| join(mask, *own));
        }
        self.spare.push(own);
    }

    /// Finds where a condition holds, and where it is known whether it does.
    fn both(&mut self, condition: &Condition, holds: &mut [u8], known: &mut [u8]) {
        match condition {
            Condition::Constant(value) => {
                holds.fill(u8::from(*value == Some(true)));
                known.fill(u8::from(value.is_some()));
            }
            Condition::Field { field, holds: test, known: known_test } => {
                holds.fill(1);
                known.fill(1);
                vectorised(
                    #[inline(always)]
                    || Narrow { test, ranks: &self.ranks[*field], mask: holds }.run(),
                );
                vectorised(
                    #[inline(always)]
                    || Narrow { test: known_test, ranks: &self.ranks[*field], mask: known }.run(),
                );
            }
            Condition::Joined { operator, parts } => {
                let (mut own, mut own_known) = (self.take(), self.take());
                // What nothing joined gives; of `and` whether a part fails is collected beside.
                holds.fill(u8::from(*operator == BooleanOperator::And));
                known.fill(u8::from(*operator != BooleanOperator::Surrogate));
                let mut decided = self.take();
                decided.fill(0);
                for part in parts {
                    self.both(part, &mut own, &mut own_known);
                    for at in 0..self.rows {
                        let (part, part_known) = (own[at], own_known[at]);
                        match operator {
                            BooleanOperator::And => {
                                holds[at] &= part;
                                known[at] &= part_known;
                                decided[at] |= part_known & (part ^ 1);
                            }
                            BooleanOperator::Or => {
                                holds[at] |= part;
                                known[at] &= part_known;
                                decided[at] |= part;
                            }
                            BooleanOperator::Xor => {
                                holds[at] ^= part;
                                known[at] &= part_known;
                            }
                            BooleanOperator::Surrogate => {
                                holds[at] |= part & (known[at] ^ 1);
                                known[at] |= part_known;
                            }
                        }
                    }
                }
                for at in 0..self.rows {
                    known[at] |= decided[at];
                    holds[at] &= known[at];
                }
                self.spare.extend([own, own_known, decided]);
            }
        }
    }

    fn take(&mut self) -> Vec<u8> {
        let mut mask = self.spare.pop().unwrap_or_default();
        mask.resize(self.rows, 0);
        mask
    }
}

struct Each<'e, 'r, F> {
    ranked: &'e mut Ranked<'r>,
    conditions: std::ops::Range<usize>,
    mask: &'e mut [u8],
    visit: F,
}

impl<F: FnMut(usize, &mut [u8])> Each<'_, '_, F> {
    #[inline(always)]
    fn run(mut self) {
        let predicates: &Predicates = self.ranked.predicates;
        for index in self.conditions {
            match &predicates.conditions[index] {
                Condition::Field { field, holds, .. } => {
                    self.mask.fill(1);
                    Narrow { test: holds, ranks: &self.ranked.ranks[*field], mask: self.mask }.run();
                }
                Condition::Joined { operator: BooleanOperator::And, parts } if of_fields(parts) => {
                    self.mask.fill(1);
                    for part in parts {
                        if let Condition::Field { field, holds, .. } = part {
                            Narrow { test: holds, ranks: &self.ranked.ranks[*field], mask: self.mask }.run();
                        }
                    }
                }
                condition => self.ranked.holds(condition, self.mask),
            }
            (self.visit)(index, self.mask);
        }
    }
}

#[inline]
fn of_fields(parts: &[Condition]) -> bool {
    parts.iter().all(|part| matches!(part, Condition::Field { .. }))
}

/// Leaves those rows whose ranks are in a set.
struct Narrow<'n> {
    test: &'n RankTest,
    ranks: &'n RankColumn,
    mask: &'n mut [u8],
}

impl Narrow<'_> {
    #[inline(always)]
    fn run(self) {
        match self.ranks {
            RankColumn::Small(ranks) => narrow(self.test, ranks, self.mask),
            RankColumn::Large(ranks) => narrow(self.test, ranks, self.mask),
        }
    }
}

/// A rank of either size.
trait Rank: Copy {
    fn is_within(self, low: u16, span: u16) -> bool;
    fn index(self) -> usize;
}

impl Rank for u8 {
    #[inline(always)]
    fn is_within(self, low: u16, span: u16) -> bool {
        self.wrapping_sub(low as Self) <= span as Self
    }

    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Rank for u16 {
    #[inline(always)]
    fn is_within(self, low: u16, span: u16) -> bool {
        self.wrapping_sub(low) <= span
    }

    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

#[inline(always)]
fn narrow<R: Rank>(test: &RankTest, ranks: &[R], mask: &mut [u8]) {
    let rows = mask.iter_mut().zip(ranks);
    match *test {
        RankTest::Within { low, span } => {
            rows.for_each(|(mask, rank)| *mask &= u8::from(rank.is_within(low, span)));
        }
        RankTest::Without { low, span } => {
            rows.for_each(|(mask, rank)| *mask &= u8::from(!rank.is_within(low, span)));
        }
        RankTest::Nothing => mask.fill(0),
        RankTest::Several(ref ranges) => {
            for (mask, rank) in rows {
                let within = ranges.iter().fold(false, |any, (low, span)| any | rank.is_within(*low, *span));
                *mask &= u8::from(within);
            }
        }
        RankTest::Table(ref table) => {
            rows.for_each(|(mask, rank)| *mask &= u8::from(table[rank.index()]));
        }
    }
}
