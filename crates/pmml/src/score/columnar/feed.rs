//! Where the columns come from that a model reads.

use scorewheel_columns::{DataType, Schema};

use crate::plan::treatment::MissingRule;
use crate::plan::{Expression, Plan, Slot, Source};
use crate::score::bound::InputBinding;
use crate::score::columnar::derived;
use crate::value::Kind;

/// A column that a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The field.
    pub slot: Slot,
    /// How it is read.
    pub reading: Reading,
}

/// How a column is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As numbers that are computed with.
    Number,
    /// As the numbers by which values are told apart.
    Code,
    /// The same, by trees, which take f32 as it is.
    Trees,
}

/// Where a slot's column comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The records' own column of f64: all but NaN is clean.
    Doubles {
        /// The column.
        field: usize,
    },
    /// The records' own column of f32: all but NaN is clean.
    Singles {
        /// The column.
        field: usize,
    },
    /// The records' column, each cell under the slot's treatment.
    Prepared {
        /// The slot.
        slot: Slot,
        /// The input.
        input: u32,
        /// The column.
        field: usize,
        /// The buffer.
        buffer: usize,
    },
    /// Another slot's column under a further treatment.
    Treated {
        /// The slot.
        slot: Slot,
        /// The feed of the other slot.
        of: usize,
        /// The buffer.
        buffer: usize,
    },
    /// A derived field.
    Derived {
        /// The slot.
        slot: Slot,
        /// Type of what its expression gives.
        from: Kind,
        /// The buffer.
        buffer: usize,
    },
    /// What an earlier segment hands on.
    HandedOn {
        /// The buffer.
        buffer: usize,
    },
}

/// No feed.
const NONE: u16 = u16::MAX;

/// The feeds of a program, in the order in which they are made.
#[derive(Debug, Default)]
pub struct Feeds {
    feeds: Vec<Feed>,
    by_slot: Vec<u16>,
    buffers: usize,
}

impl Feeds {
    /// No feeds, for a plan of so many slots.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self { feeds: Vec::new(), by_slot: vec![NONE; slots], buffers: 0 }
    }

    /// The feeds.
    #[must_use]
    pub fn all(&self) -> &[Feed] {
        &self.feeds
    }

    /// Number of buffers that they need.
    #[must_use]
    pub fn buffers(&self) -> usize {
        self.buffers
    }

    /// The index of a slot's feed.
    #[inline]
    #[must_use]
    pub fn of(&self, slot: Slot) -> Option<usize> {
        self.by_slot.get(slot.index()).filter(|index| **index != NONE).map(|index| usize::from(*index))
    }

    /// Makes the slot of an output a column that a segment hands on; gives its buffer.
    pub fn hand_on(&mut self, slot: Slot) -> Option<usize> {
        if let Some(Feed::HandedOn { buffer }) = self.of(slot).map(|index| self.feeds[index]) {
            return Some(buffer);
        }
        let buffer = self.new_buffer();
        self.add(slot, Feed::HandedOn { buffer })?;
        Some(buffer)
    }

    /// Lets a slot share the feed of another.
    pub fn share(&mut self, slot: Slot, with: Slot) -> Option<()> {
        self.by_slot[slot.index()] = u16::try_from(self.of(with)?).ok()?;
        Some(())
    }

    /// Finds a feed for a column; `None` if it can only be read row by row.
    pub fn want(
        &mut self,
        wanted: Wanted,
        plan: &Plan,
        bindings: &[InputBinding],
        schema: &Schema,
    ) -> Option<usize> {
        let kind = plan.slots[wanted.slot.index()].kind?;
        if kind == Kind::List || (wanted.reading == Reading::Number && !kind.counts()) {
            return None;
        }
        if let Some(found) = self.of(wanted.slot) {
            // What trees take as it is others read as f64.
            let widens = matches!(self.feeds[found], Feed::Singles { .. });
            if !widens || wanted.reading == Reading::Trees {
                return Some(found);
            }
        }
        match &plan.slots[wanted.slot.index()].source {
            Source::Input { input, treatment } => {
                let field = bindings[*input as usize].column?;
                let passes =
                    treatment.passes_all_numbers() && !matches!(treatment.missing, MissingRule::Replace(_));
                let feed = match (&schema.fields()[field].data_type, treatment.kind) {
                    (DataType::F64, Kind::Double) if passes => Feed::Doubles { field },
                    (DataType::F32, Kind::Float) if passes && wanted.reading == Reading::Trees => {
                        Feed::Singles { field }
                    }
                    (DataType::F64, Kind::Double)
                    | (DataType::F32, Kind::Float)
                    | (DataType::I64, Kind::Integer)
                    | (DataType::Bool, Kind::Boolean)
                    | (DataType::Text, Kind::Text) => {
                        let buffer = self.new_buffer();
                        Feed::Prepared { slot: wanted.slot, input: *input, field, buffer }
                    }
                    _ => return None,
                };
                self.add(wanted.slot, feed)
            }
            Source::Field { slot: outer, treatment } => {
                let same = plan.slots[outer.index()].kind == Some(treatment.kind);
                let reading = if treatment.passes_all_numbers() { wanted.reading } else { Reading::Code };
                let of = self.want(Wanted { slot: *outer, reading }, plan, bindings, schema)?;
                if same && treatment.passes_all_numbers() {
                    self.share(wanted.slot, *outer)?;
                    return Some(of);
                }
                if !same {
                    return None;
                }
                let buffer = self.new_buffer();
                self.add(wanted.slot, Feed::Treated { slot: wanted.slot, of, buffer })
            }
            Source::Derived { expression, .. } => {
                let mut read = |slot: Slot, _: Kind| {
                    self.want(Wanted { slot, reading: Reading::Code }, plan, bindings, schema).map(|_| ())
                };
                let from = derived::kind(expression, plan, &mut read)?;
                if !derived::converts(from, kind) {
                    return None;
                }
                if let Expression::Field { slot: outer, .. } = expression
                    && from == kind
                {
                    self.share(wanted.slot, *outer)?;
                    return self.of(*outer);
                }
                let buffer = self.new_buffer();
                self.add(wanted.slot, Feed::Derived { slot: wanted.slot, from, buffer })
            }
            Source::Output | Source::Undefined => None,
        }
    }

    fn new_buffer(&mut self) -> usize {
        self.buffers += 1;
        self.buffers - 1
    }

    fn add(&mut self, slot: Slot, feed: Feed) -> Option<usize> {
        let index = u16::try_from(self.feeds.len()).ok().filter(|index| *index != NONE)?;
        self.feeds.push(feed);
        self.by_slot[slot.index()] = index;
        Some(usize::from(index))
    }
}
