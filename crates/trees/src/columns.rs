//! Rank space: the columns of small integers that nodes compare instead of values.
//!
//! Every comparison of an ensemble is turned into "the value is at most this cut". A value's *rank* among the sorted
//! cuts of its feature, found once a row, then answers all nodes of that feature by one integer comparison:
//! `value ≤ cut j` is the same as `rank < j + 1`. Tests that are no comparisons get a column of their own whose rank
//! is 0 (holds) or 1.
//!
//! Where a missing value goes is part of the column, not of the node: a feature whose missing values go to the low
//! side at some nodes and to the high side at others has two columns.

use std::collections::HashMap;

use crate::cuts::Cuts;
use crate::ensemble::{Ensemble, Feature, Node, Number};
use crate::split::{Missing, Reading, Split, Test};

/// Cuts that one column can tell apart; a feature with more has several columns.
pub(crate) const SEGMENT: usize = 65_000;

/// Columns that nodes can address, one of them being the idle column.
const MAX_COLUMNS: usize = 1 << 16;

/// Where a value that has no rank goes at the nodes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// To the child of small ranks.
    Low,
    /// To the child of large ranks.
    High,
    /// To the node's own leaf.
    Own,
    /// The tree has no answer.
    Null,
    /// The row is in error.
    Fault,
}

impl Side {
    /// True if a path ends at the node.
    pub(crate) fn ends_path(self) -> bool {
        matches!(self, Self::Own | Self::Null | Self::Fault)
    }
}

/// What a column says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    /// Its rank among the cuts of this segment.
    Rank { segment: u32 },
    /// Whether it equals the number with these bits.
    Equal(u64),
    /// Whether it is in this set.
    InSet(u32),
    /// Nothing: no value is at the low side.
    Never,
}

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Column {
    pub(crate) feature: u32,
    pub(crate) content: Content,
    pub(crate) reading: Reading,
    /// Where missing values go.
    pub(crate) missing: Side,
    /// Where NaN goes with [`Reading::NanIsValue`].
    pub(crate) nan: Side,
}

/// A feature that nodes read: its cuts and its columns.
#[derive(Debug)]
pub(crate) struct FeatureColumns {
    /// Index into the ensemble's features.
    pub(crate) feature: u32,
    pub(crate) kind: Feature,
    pub(crate) cuts: Cuts,
    /// Rank of 0, for columns that read NaN so.
    pub(crate) zero: u32,
    /// Indices and meanings of its columns.
    pub(crate) columns: Vec<(u16, Column)>,
}

/// All columns of an ensemble.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The features that nodes read, each with its columns.
    pub(crate) features: Vec<FeatureColumns>,
    /// Side of missing values, by column, the idle one included.
    pub(crate) missing: Vec<Side>,
    /// Feature, by column.
    pub(crate) feature_of: Vec<u32>,
}

impl Columns {
    /// Number of columns with the idle one, which is the last: rank 0 in every row, for nodes that decide nothing.
    pub(crate) fn len(&self) -> usize {
        self.missing.len()
    }

    /// Index of the idle column.
    pub(crate) fn idle(&self) -> u16 {
        (self.missing.len() - 1) as u16
    }

    /// Largest rank of a value.
    pub(crate) fn largest_rank(&self) -> usize {
        self.features.iter().map(|feature| feature.cuts.len().clamp(1, SEGMENT)).max().unwrap_or(1)
    }

    /// True if some nodes end paths where values are missing.
    pub(crate) fn ends_paths(&self) -> bool {
        self.missing.iter().any(|side| side.ends_path())
    }
}

/// A split in rank space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RankTest {
    pub(crate) column: u16,
    /// Ranks below this go to the low side.
    pub(crate) bound: u32,
    /// Whether the low side is `yes`.
    pub(crate) low_is_yes: bool,
}

/// Columns of a feature that are looked through one by one.
const FEW_COLUMNS: usize = 8;

/// The columns while trees are being compiled.
pub(crate) struct Planner<'a> {
    ensemble: &'a Ensemble,
    pub(crate) columns: Columns,
    /// Columns of features that have more than a few.
    by_meaning: HashMap<Column, u16>,
    /// Where a feature stands in `columns.features`.
    places: Vec<Option<u32>>,
    /// By node, tree after tree: its split in rank space, if it is one.
    tests: Vec<RankTest>,
}

impl<'a> Planner<'a> {
    /// Plans the columns of a checked ensemble; `None` if they are more than nodes can address.
    pub(crate) fn new(ensemble: &'a Ensemble) -> Option<Self> {
        let columns = Columns { features: Vec::new(), missing: Vec::new(), feature_of: Vec::new() };
        let places = vec![None; ensemble.features.len()];
        let nodes = ensemble.trees.iter().map(|tree| tree.nodes.len()).sum();
        let tests = Vec::with_capacity(nodes);
        let mut planner = Self { ensemble, columns, by_meaning: HashMap::new(), places, tests };
        planner.collect_cuts();
        planner.collect_tests()?;
        Some(planner)
    }

    fn splits(&self) -> impl Iterator<Item = &'a Split> + use<'a> {
        self.ensemble.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| match node {
            Node::Split(split) => Some(split),
            Node::Leaf(_) | Node::Null => None,
        })
    }

    fn collect_cuts(&mut self) {
        let mut cuts: Vec<Vec<f64>> = vec![Vec::new(); self.places.len()];
        for split in self.splits() {
            let feature = split.feature as usize;
            let list = &mut cuts[feature];
            list.extend(canonical(self.ensemble.features[feature], split).cut);
            if self.places[feature].is_none() {
                self.places[feature] = Some(self.columns.features.len() as u32);
                self.columns.features.push(FeatureColumns {
                    feature: split.feature,
                    kind: self.ensemble.features[feature],
                    cuts: Cuts::default(),
                    zero: 0,
                    columns: Vec::new(),
                });
            }
        }
        for feature in &mut self.columns.features {
            let single = feature.kind == Feature::Number(Number::F32);
            feature.cuts = Cuts::new(std::mem::take(&mut cuts[feature.feature as usize]), single);
            feature.zero = feature.cuts.rank(0.0);
        }
    }

    fn collect_tests(&mut self) -> Option<()> {
        for node in self.ensemble.trees.iter().flat_map(|tree| &tree.nodes) {
            let test = match node {
                Node::Split(split) => {
                    let (meaning, bound, low_is_yes) = self.locate(split);
                    RankTest { column: self.column(meaning)?, bound, low_is_yes }
                }
                Node::Leaf(_) | Node::Null => RankTest { column: 0, bound: 0, low_is_yes: false },
            };
            self.tests.push(test);
        }
        self.columns.missing.push(Side::Low);
        self.columns.feature_of.push(0);
        Some(())
    }

    /// The index of a column, added if it is new; `None` if there are too many.
    fn column(&mut self, meaning: Column) -> Option<u16> {
        let place = self.place(meaning.feature);
        let own = &mut self.columns.features[place].columns;
        if let Some((index, _)) = own.iter().take(FEW_COLUMNS).find(|(_, known)| *known == meaning) {
            return Some(*index);
        }
        if own.len() > FEW_COLUMNS
            && let Some(index) = self.by_meaning.get(&meaning)
        {
            return Some(*index);
        }
        let index = self.columns.missing.len();
        if index + 1 >= MAX_COLUMNS {
            return None;
        }
        if own.len() >= FEW_COLUMNS {
            self.by_meaning.insert(meaning, index as u16);
        }
        own.push((index as u16, meaning));
        self.columns.missing.push(meaning.missing);
        self.columns.feature_of.push(meaning.feature);
        Some(index as u16)
    }

    fn place(&self, feature: u32) -> usize {
        self.places[feature as usize].unwrap_or(0) as usize
    }

    /// The column of a split, the bound of its low side, and whether that side is `yes`.
    fn locate(&self, split: &Split) -> (Column, u32, bool) {
        let Canonical { mut column, cut, low_is_yes } =
            canonical(self.ensemble.features[split.feature as usize], split);
        let mut bound = 1;
        if let Some(cut) = cut {
            let index = self.columns.features[self.place(split.feature)].cuts.rank(cut) as usize;
            column.content = Content::Rank { segment: (index / SEGMENT) as u32 };
            bound = (index % SEGMENT) as u32 + 1;
        }
        (column, bound, low_is_yes)
    }

    /// By tree: its nodes' splits in rank space.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &[RankTest]> {
        let mut rest = &self.tests[..];
        self.ensemble.trees.iter().map(move |tree| {
            let (own, others) = rest.split_at(tree.nodes.len());
            rest = others;
            own
        })
    }
}

/// A split with its test as a cut or a flag, before cuts have numbers.
struct Canonical {
    column: Column,
    cut: Option<f64>,
    low_is_yes: bool,
}

fn canonical(kind: Feature, split: &Split) -> Canonical {
    let number = match kind {
        Feature::Number(number) => number,
        Feature::Category(_) => Number::F64,
    };
    let (content, cut, low_is_yes) = match split.test {
        Test::LessOrEqual(threshold) => (Content::Rank { segment: 0 }, Some(number.round(threshold)), true),
        Test::Greater(threshold) => (Content::Rank { segment: 0 }, Some(number.round(threshold)), false),
        Test::Less(threshold) => below(number, threshold, true),
        Test::GreaterOrEqual(threshold) => below(number, threshold, false),
        Test::Equal(constant) => (Content::Equal(bits(number.round(constant))), None, true),
        Test::NotEqual(constant) => (Content::Equal(bits(number.round(constant))), None, false),
        Test::InSet(set) => (Content::InSet(set), None, true),
        Test::NotInSet(set) => (Content::InSet(set), None, false),
        Test::IsMissing => (Content::Never, None, true),
    };
    let side_of = |yes: bool| if yes == low_is_yes { Side::Low } else { Side::High };
    let missing = match split.missing {
        _ if split.test == Test::IsMissing => Side::Low,
        Missing::Yes => side_of(true),
        Missing::No => side_of(false),
        Missing::Leaf(_) => Side::Own,
        Missing::Null => Side::Null,
        Missing::Fault => Side::Fault,
    };
    // NaN as a value fails every test but `NotEqual`, which is no `Equal`.
    let nan = if matches!(content, Content::Equal(_)) { Side::High } else { side_of(false) };
    // What cannot matter is made equal, so that it does not split columns.
    let reading = if matches!(kind, Feature::Category(_)) { Reading::NanIsMissing } else { split.reading };
    let (missing, nan) = match reading {
        Reading::NanIsZero => (Side::Low, Side::Low),
        Reading::NanIsMissing | Reading::NanAndZeroAreMissing => (missing, missing),
        Reading::NanIsValue => (missing, nan),
    };
    Canonical { column: Column { feature: split.feature, content, reading, missing, nan }, cut, low_is_yes }
}

/// `value < threshold` as `value ≤ cut`, or as a test that no value passes.
fn below(number: Number, threshold: f64, low_is_yes: bool) -> (Content, Option<f64>, bool) {
    let cut = match number {
        Number::F64 => threshold.next_down(),
        Number::F32 => f64::from((threshold as f32).next_down()),
    };
    if number.round(threshold) == f64::NEG_INFINITY {
        (Content::Never, None, low_is_yes)
    } else {
        (Content::Rank { segment: 0 }, Some(cut), low_is_yes)
    }
}

/// Bits by which equal numbers are the same.
fn bits(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}
