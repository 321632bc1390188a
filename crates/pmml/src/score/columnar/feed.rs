//! Where the columns come from that a model reads.

use scorewheel_columns::{DataType, Schema};

use crate::plan::treatment::MissingRule;
use crate::plan::{Expression, Plan, Slot, Source};
use crate::score::bound::InputBinding;
use crate::score::columnar::formula::find::NODE_LIMIT;
use crate::score::columnar::formula::{Conversion, Finder, Formula};
use crate::value::Kind;
use crate::value::missing::is_missing;

/// A column that a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The field.
    pub slot: Slot,
    /// How it is read.
    pub reading: Reading,
    /// Which rows without a number are left to the exact path.
    pub demand: Demand,
}

impl Wanted {
    /// Numbers that are computed with, and no row without.
    #[must_use]
    pub fn number(slot: Slot) -> Self {
        Self { slot, reading: Reading::Number, demand: Demand::Numbers }
    }

    /// Numbers by which values are told apart, and no row without.
    #[must_use]
    pub fn code(slot: Slot) -> Self {
        Self { slot, reading: Reading::Code, demand: Demand::Numbers }
    }

    /// What trees take.
    #[must_use]
    pub fn tree(slot: Slot) -> Self {
        Self { slot, reading: Reading::Trees, demand: Demand::Numbers }
    }

    /// The same, but a value may be missing.
    #[must_use]
    pub fn or_missing(self) -> Self {
        Self { demand: Demand::NoFaults, ..self }
    }
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

/// Which rows of a column are left to the exact path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// None: whoever reads the column looks.
    Nothing,
    /// Those with a fault.
    NoFaults,
    /// Those without a number.
    Numbers,
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
        /// The slot.
        slot: Slot,
        /// The input.
        input: u32,
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
    /// A derived field that a formula gives.
    Derived {
        /// Which formula.
        formula: usize,
        /// What is made of its numbers.
        conversion: Conversion,
        /// The buffer.
        buffer: usize,
    },
    /// What only a look at each row gives.
    ByRow {
        /// The slot.
        slot: Slot,
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
    demands: Vec<Demand>,
    by_slot: Vec<u16>,
    buffers: usize,
    formulas: Vec<Formula>,
    nodes: usize,
    may_look: bool,
    derived_by_row: usize,
}

/// Derived fields that are computed by row at most, where their models may not read them at all.
const MOST_BY_ROW: usize = 8;

impl Feeds {
    /// No feeds, for a plan of so many slots. Without `may_look` none takes a look at each row, which knows nothing of what
    /// segments hand on.
    #[must_use]
    pub fn new(slots: usize, may_look: bool) -> Self {
        Self { by_slot: vec![NONE; slots], nodes: NODE_LIMIT, may_look, ..Self::default() }
    }

    /// The feeds.
    #[must_use]
    pub fn all(&self) -> &[Feed] {
        &self.feeds
    }

    /// Which rows of a feed are left to the exact path.
    #[must_use]
    pub fn demand(&self, feed: usize) -> Demand {
        self.demands[feed]
    }

    /// The formula of a derived field.
    #[must_use]
    pub fn formula(&self, index: usize) -> &Formula {
        &self.formulas[index]
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
        self.add(slot, Feed::HandedOn { buffer }, Demand::Numbers)?;
        Some(buffer)
    }

    /// Lets a slot share the feed of another.
    pub fn share(&mut self, slot: Slot, with: Slot) -> Option<()> {
        self.by_slot[slot.index()] = u16::try_from(self.of(with)?).ok()?;
        Some(())
    }

    /// Finds a feed for a column; `None` if there is none whatever the row.
    pub fn want(
        &mut self,
        wanted: Wanted,
        plan: &Plan,
        bindings: &[InputBinding],
        schema: &Schema,
    ) -> Option<usize> {
        let Wanted { slot, reading, demand } = wanted;
        let kind = plan.slots[slot.index()].kind?;
        if kind == Kind::List || (reading == Reading::Number && !kind.counts()) {
            return None;
        }
        if let Some(found) = self.of(slot) {
            // A slot keeps its feed, since earlier models look it up by the slot as well. Where one of them left the rows
            // without a number, no later one sees a missing value.
            self.demands[found] = self.demands[found].max(demand);
            // What trees take as it is others read as f64.
            if reading != Reading::Trees
                && let Feed::Singles { slot, input, field } = self.feeds[found]
            {
                let buffer = self.new_buffer();
                self.feeds[found] = Feed::Prepared { slot, input, field, buffer };
            }
            return Some(found);
        }
        match &plan.slots[slot.index()].source {
            Source::Input { input, treatment } => {
                let Some(field) = bindings[*input as usize].column else {
                    // Without the field its value is always missing, or a replacement.
                    let has_value = matches!(treatment.missing, MissingRule::Replace(_));
                    let serves = has_value || demand != Demand::Numbers;
                    return if serves { self.by_row(wanted) } else { None };
                };
                let passes = treatment.passes_all_numbers()
                    && !matches!(treatment.missing, MissingRule::Replace(_))
                    && demand == Demand::Numbers;
                let feed = match (&schema.fields()[field].data_type, treatment.kind) {
                    (DataType::F64, Kind::Double) if passes => Feed::Doubles { field },
                    (DataType::F32, Kind::Float) if passes && reading == Reading::Trees => {
                        Feed::Singles { slot, input: *input, field }
                    }
                    (DataType::F64, Kind::Double)
                    | (DataType::F32, Kind::Float)
                    | (DataType::I64, Kind::Integer)
                    | (DataType::Bool, Kind::Boolean)
                    | (DataType::Text, Kind::Text) => {
                        Feed::Prepared { slot, input: *input, field, buffer: self.new_buffer() }
                    }
                    _ => return self.by_row(wanted),
                };
                self.add(slot, feed, demand)
            }
            Source::Field { slot: outer, treatment } => {
                if plan.slots[outer.index()].kind != Some(treatment.kind) {
                    return None;
                }
                // Rows without a value are left anyway where numbers are demanded.
                let keeps = match treatment.missing {
                    MissingRule::Keep => true,
                    MissingRule::Fail => demand == Demand::Numbers,
                    MissingRule::Replace(_) => false,
                };
                if treatment.passes_all_numbers() && keeps {
                    let of = self.want(Wanted { slot: *outer, ..wanted }, plan, bindings, schema)?;
                    self.share(slot, *outer)?;
                    return Some(of);
                }
                let outer = Wanted { slot: *outer, reading: Reading::Code, demand: Demand::Nothing };
                let of = self.want(outer, plan, bindings, schema)?;
                let buffer = self.new_buffer();
                self.add(slot, Feed::Treated { slot, of, buffer }, demand)
            }
            Source::Derived { expression, .. } => {
                self.want_derived(wanted, expression, kind, plan, bindings, schema)
            }
            Source::Output | Source::Undefined => None,
        }
    }

    fn want_derived(
        &mut self,
        wanted: Wanted,
        expression: &Expression,
        kind: Kind,
        plan: &Plan,
        bindings: &[InputBinding],
        schema: &Schema,
    ) -> Option<usize> {
        let Wanted { slot, demand, .. } = wanted;
        let mut finder = Finder::new(plan, self.nodes);
        let found = finder.formula(expression, &[]);
        let found = found.and_then(|(formula, of)| Some((formula, Conversion::of(of, kind)?)));
        let Finder { fields, nodes, .. } = finder;
        let Some((formula, conversion)) = found else {
            // Trees read few of their fields, and only where the row's path does.
            self.derived_by_row += 1;
            if wanted.reading == Reading::Trees && self.derived_by_row > MOST_BY_ROW {
                return None;
            }
            return self.by_row(wanted);
        };
        self.nodes = nodes;
        if let Formula::Field { slot: outer, missing } = formula
            && is_missing(missing)
            && conversion == Conversion::None
        {
            let of = self.want(Wanted { slot: outer, ..wanted }, plan, bindings, schema)?;
            self.share(slot, outer)?;
            return Some(of);
        }
        for field in fields {
            let field = Wanted { slot: field, reading: Reading::Code, demand: Demand::Nothing };
            self.want(field, plan, bindings, schema)?;
        }
        let buffer = self.new_buffer();
        self.formulas.push(formula);
        let formula = self.formulas.len() - 1;
        self.add(slot, Feed::Derived { formula, conversion, buffer }, demand)
    }

    /// A column that takes a look at each row.
    fn by_row(&mut self, wanted: Wanted) -> Option<usize> {
        if !self.may_look {
            return None;
        }
        let buffer = self.new_buffer();
        self.add(wanted.slot, Feed::ByRow { slot: wanted.slot, buffer }, wanted.demand)
    }

    fn new_buffer(&mut self) -> usize {
        self.buffers += 1;
        self.buffers - 1
    }

    fn add(&mut self, slot: Slot, feed: Feed, demand: Demand) -> Option<usize> {
        debug_assert!(self.of(slot).is_none(), "an earlier model would lose its column");
        let index = u16::try_from(self.feeds.len()).ok().filter(|index| *index != NONE)?;
        self.feeds.push(feed);
        self.demands.push(demand);
        self.by_slot[slot.index()] = index;
        Some(usize::from(index))
    }
}
