//! From input to rank space: a block of rows at a time, or one row.

use crate::cell::{Cell, code_of};
use crate::columns::{Column, Columns, Content, FeatureColumns, SEGMENT, Side};
use crate::ensemble::{Feature, Number};
use crate::forest::{Bias, row_key};
use crate::input::{self, State, Values};
use crate::search::Search;
use crate::split::{CategorySet, Reading, UNKNOWN_CATEGORY, ZERO_THRESHOLD};

/// Rows that are ranked and walked together.
pub(crate) const BLOCK: usize = 64;

/// Most blocks that go through a tree before the next one.
pub(crate) const BLOCKS: usize = 8;

/// By block, bits of rows.
pub(crate) type RowBits = [u64; BLOCKS];

/// An integer that holds a rank in a block.
pub(crate) trait Lane: Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// A biased rank; it fits, as [`Bias`] was chosen so.
    fn of(rank: i16) -> Self;
}

impl Lane for i8 {
    fn of(rank: i16) -> Self {
        rank as Self
    }
}

impl Lane for i16 {
    fn of(rank: i16) -> Self {
        rank
    }
}

/// Cells of one feature in a block.
struct Cells {
    numbers: [f64; BLOCK],
    codes: [u32; BLOCK],
    ranks: [u32; BLOCK],
    /// Bits of rows whose cell is missing, by state.
    missing: u64,
    /// Bits of rows whose number is NaN.
    nan: u64,
}

impl Cells {
    fn new() -> Self {
        Self { numbers: [0.0; BLOCK], codes: [0; BLOCK], ranks: [0; BLOCK], missing: 0, nan: 0 }
    }

    /// Reads `rows` rows from `first` on; returns the bits of faults.
    fn read(&mut self, kind: Feature, column: &input::Column<'_>, first: usize, rows: usize) -> u64 {
        match kind {
            Feature::Number(number) => self.read_numbers(number, column, first, rows),
            Feature::Category(rule) => {
                self.nan = 0;
                let at = |row: usize| (first + row) * column.stride;
                for row in 0..rows {
                    let cell = match column.values {
                        Values::Codes(codes) => Cell::Code(codes[at(row)]),
                        Values::I64(values) => Cell::of_integer(kind, values[at(row)]),
                        Values::F64(values) => code_of(rule, values[at(row)]),
                        Values::F32(values) => code_of(rule, f64::from(values[at(row)])),
                    };
                    self.codes[row] = match cell {
                        Cell::Code(code) => code,
                        _ => {
                            self.nan |= 1 << row;
                            UNKNOWN_CATEGORY
                        }
                    };
                }
            }
        }
        self.missing = 0;
        let mut faults = 0;
        if let Some(states) = column.states {
            for (row, state) in states[first..first + rows].iter().enumerate() {
                self.missing |= u64::from(*state == State::Missing) << row;
                faults |= u64::from(*state == State::Fault) << row;
            }
        }
        faults
    }

    fn read_numbers(&mut self, number: Number, column: &input::Column<'_>, first: usize, rows: usize) {
        let numbers = &mut self.numbers[..rows];
        let from = first * column.stride;
        match (column.values, column.stride) {
            (Values::F64(values), 1) => numbers.copy_from_slice(&values[from..from + rows]),
            (Values::F64(values), stride) => strided(numbers, &values[from..], stride, |value| value),
            (Values::F32(values), stride) => strided(numbers, &values[from..], stride, f64::from),
            (Values::I64(values), stride) => match number {
                Number::F64 => strided(numbers, &values[from..], stride, |value| value as f64),
                // Rounded once: by way of f64 it would be rounded twice.
                Number::F32 => strided(numbers, &values[from..], stride, |value| f64::from(value as f32)),
            },
            (Values::Codes(codes), stride) => strided(numbers, &codes[from..], stride, f64::from),
        }
        if number == Number::F32 && !matches!(column.values, Values::F32(_)) {
            numbers.iter_mut().for_each(|value| *value = number.round(*value));
        }
        self.nan = bits_where(&self.numbers, |value| value.is_nan());
    }

    /// Writes one column of rank space; returns the bits of rows whose paths end at its nodes.
    fn write<L: Lane>(
        &self,
        context: &Context<'_>,
        feature: &FeatureColumns,
        column: &Column,
        out: &mut [L],
    ) -> u64 {
        let bias = context.bias;
        match column.content {
            Content::Rank { segment } if feature.cuts.len() <= SEGMENT => {
                debug_assert_eq!(segment, 0);
                for (out, rank) in out.iter_mut().zip(&self.ranks) {
                    *out = L::of(bias.apply(*rank));
                }
            }
            Content::Rank { segment } => {
                for (out, rank) in out.iter_mut().zip(&self.ranks) {
                    *out = L::of(bias.apply(in_segment(*rank, segment)));
                }
            }
            Content::Equal(constant) => {
                let constant = f64::from_bits(constant);
                for (out, number) in out.iter_mut().zip(&self.numbers) {
                    *out = L::of(bias.apply(u32::from(*number != constant)));
                }
            }
            Content::InSet(set) => {
                let set = &context.sets[set as usize];
                for (out, code) in out.iter_mut().zip(&self.codes) {
                    *out = L::of(bias.apply(u32::from(!set.contains(*code))));
                }
            }
            Content::Never => out.fill(L::of(bias.apply(1))),
        }
        self.patch(context, feature, column, out)
    }

    /// Overwrites the rows that have no value in this column's reading.
    fn patch<L: Lane>(
        &self,
        context: &Context<'_>,
        feature: &FeatureColumns,
        column: &Column,
        out: &mut [L],
    ) -> u64 {
        let (missing, nan) = match column.reading {
            Reading::NanIsMissing => (self.missing | self.nan, 0),
            Reading::NanIsValue => (self.missing, self.nan & !self.missing),
            Reading::NanAndZeroAreMissing => {
                let small = bits_where(&self.numbers, |value| value.abs() <= ZERO_THRESHOLD);
                (self.missing | self.nan | small, 0)
            }
            Reading::NanIsZero => {
                let zero = L::of(context.rank_of_value(feature, column, 0.0, feature.zero));
                each_bit(self.missing | self.nan, |row| out[row] = zero);
                return 0;
            }
        };
        let mut ends = 0;
        for (rows, side) in [(missing, column.missing), (nan, column.nan)] {
            match side {
                Side::Low => each_bit(rows, |row| out[row] = L::of(context.bias.apply(0))),
                Side::High => each_bit(rows, |row| out[row] = L::of(context.bias.high())),
                Side::Own | Side::Null | Side::Fault => ends |= rows,
            }
        }
        ends
    }
}

fn strided<T: Copy>(out: &mut [f64], values: &[T], stride: usize, convert: impl Fn(T) -> f64) {
    for (row, out) in out.iter_mut().enumerate() {
        *out = convert(values[row * stride]);
    }
}

fn bits_where(values: &[f64; BLOCK], test: impl Fn(f64) -> bool) -> u64 {
    // Rows are nearly always without any: asking that first is cheaper than making the bits.
    if !values.iter().fold(false, |any, value| any | test(*value)) {
        return 0;
    }
    values.iter().enumerate().fold(0, |bits, (row, value)| bits | u64::from(test(*value)) << row)
}

fn each_bit(mut bits: u64, mut act: impl FnMut(usize)) {
    while bits != 0 {
        act(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// A rank among all cuts as a rank among those of a segment.
fn in_segment(rank: u32, segment: u32) -> u32 {
    rank.saturating_sub(segment * SEGMENT as u32).min(SEGMENT as u32)
}

/// What ranking needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) sets: &'a [CategorySet],
    pub(crate) bias: Bias,
}

/// What a cell is at the nodes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ranked {
    /// A biased rank.
    Rank(i16),
    /// The path ends, as for a missing value or a fault.
    End(Side),
}

impl Context<'_> {
    /// Ranks up to [`BLOCK`] rows from `first` on into `lanes`, column by column; returns the bits of rows that some
    /// path may end for before a leaf. Rows past `rows` get ranks without meaning.
    #[inline(always)]
    pub(crate) fn rank_block<L: Lane>(
        &self,
        search: impl Search,
        input: &[input::Column<'_>],
        first: usize,
        rows: usize,
        lanes: &mut [L],
    ) -> u64 {
        let mut cells = Cells::new();
        let mut exact = 0;
        for feature in &self.columns.features {
            exact |= cells.read(feature.kind, &input[feature.feature as usize], first, rows);
            if feature.cuts.len() > 0 {
                search.ranks(&feature.cuts, &cells.numbers, &mut cells.ranks);
            }
            for (index, column) in &feature.columns {
                let out = &mut lanes[usize::from(*index) * BLOCK..][..BLOCK];
                exact |= cells.write(self, feature, column, out);
            }
        }
        let idle = usize::from(self.columns.idle()) * BLOCK;
        lanes[idle..idle + BLOCK].fill(L::of(self.bias.apply(0)));
        let used = u64::MAX >> (BLOCK - rows.clamp(1, BLOCK));
        exact & used
    }

    /// Ranks one row, by column, as nodes are held against it; returns true if some path may end before a leaf.
    #[inline(always)]
    pub(crate) fn rank_row(&self, search: impl Search, cell: impl Fn(u32) -> Cell, keys: &mut [i32]) -> bool {
        let mut ends = false;
        for feature in &self.columns.features {
            let cell = cell(feature.feature);
            let rank = match cell {
                Cell::Number(value) => search.rank(&feature.cuts, value),
                _ => 0,
            };
            for (index, column) in &feature.columns {
                match self.ranked(feature, column, cell, rank) {
                    Ranked::Rank(rank) => keys[usize::from(*index)] = row_key(rank),
                    Ranked::End(_) => {
                        keys[usize::from(*index)] = 0;
                        ends = true;
                    }
                }
            }
        }
        keys[usize::from(self.columns.idle())] = row_key(self.bias.apply(0));
        ends
    }

    /// What a cell is at the nodes of a column; `rank` is its number's rank among all cuts.
    #[inline]
    pub(crate) fn ranked(&self, feature: &FeatureColumns, column: &Column, cell: Cell, rank: u32) -> Ranked {
        let read = match feature.kind {
            Feature::Number(_) => column.reading.apply(cell),
            Feature::Category(_) => cell,
        };
        let side = match read {
            Cell::Number(value) if !value.is_nan() => {
                let rank = if read == cell { rank } else { feature.zero };
                return Ranked::Rank(self.rank_of_value(feature, column, value, rank));
            }
            Cell::Code(code) => {
                let holds = match column.content {
                    Content::InSet(set) => self.sets[set as usize].contains(code),
                    _ => false,
                };
                return Ranked::Rank(self.bias.apply(u32::from(!holds)));
            }
            Cell::Number(_) => column.nan,
            Cell::Missing => column.missing,
            Cell::Fault => Side::Fault,
        };
        match side {
            Side::Low => Ranked::Rank(self.bias.apply(0)),
            Side::High => Ranked::Rank(self.bias.high()),
            Side::Own | Side::Null | Side::Fault => Ranked::End(side),
        }
    }

    #[inline]
    fn rank_of_value(&self, feature: &FeatureColumns, column: &Column, value: f64, rank: u32) -> i16 {
        let rank = match column.content {
            Content::Rank { .. } if feature.cuts.len() <= SEGMENT => rank,
            Content::Rank { segment } => in_segment(rank, segment),
            Content::Equal(constant) => u32::from(value != f64::from_bits(constant)),
            Content::InSet(_) | Content::Never => 1,
        };
        self.bias.apply(rank)
    }
}
