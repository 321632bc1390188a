//! The compiled kernel against the description walked node by node: the same bits for any ensemble, any batch, with and
//! without SIMD.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use proptest::prelude::*;
use scorewheel_trees::{
    BasePlace, CategorySet, CodeRule, Column, Combine, Ensemble, Exception, Feature, Kernel, Leaves, Missing,
    Node, NullTree, Number, Reading, Row, Scratch, Split, State, Sum, Test, Tree, UNKNOWN_CATEGORY,
};

/// A small generator (splitmix64), so that a case is told by one number.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// A number near which comparisons go wrong, or any other.
    fn number(&mut self) -> f64 {
        let special = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.1,
            f64::from(0.1_f32),
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            -1e300,
            f64::MIN_POSITIVE,
            5e-324,
            1e-36,
            -1e-36,
            16_777_217.0,
        ];
        match self.below(4) {
            0 => self.pick(&special),
            1 => self.pick(&special).next_up(),
            2 => self.below(40) as f64 / 4.0 - 5.0,
            _ => (self.next() as i64) as f64 / 1e18,
        }
    }
}

/// How trees grow in a case.
struct Growth {
    depth: usize,
    /// One in this many nodes is a leaf early.
    early: usize,
    /// Trees are mostly chains.
    chains: bool,
    nulls: bool,
    /// Which routes missing values take.
    routes: &'static [fn(u32) -> Missing],
}

const PLAIN_ROUTES: &[fn(u32) -> Missing] = &[|_| Missing::Yes, |_| Missing::No];
const ALL_ROUTES: &[fn(u32) -> Missing] =
    &[|_| Missing::Yes, |_| Missing::No, Missing::Leaf, |_| Missing::Null, |_| Missing::Fault];

fn split(dice: &mut Dice, features: &[Feature], sets: u32, leaves: u32, growth: &Growth) -> Split {
    let feature = dice.below(features.len());
    let number = dice.number();
    let test = match features[feature] {
        _ if dice.one_in(12) => Test::IsMissing,
        Feature::Category(_) if dice.one_in(2) => Test::InSet(dice.below(sets as usize) as u32),
        Feature::Category(_) => Test::NotInSet(dice.below(sets as usize) as u32),
        Feature::Number(_) => dice.pick(&[
            Test::Less(number),
            Test::LessOrEqual(number),
            Test::Greater(number),
            Test::GreaterOrEqual(number),
            Test::Equal(number),
            Test::NotEqual(number),
        ]),
    };
    let readings =
        [Reading::NanIsMissing, Reading::NanAndZeroAreMissing, Reading::NanIsZero, Reading::NanIsValue];
    let route = dice.pick(growth.routes)(dice.below(leaves as usize) as u32);
    Split::new(feature as u32, test, 0, 0).missing(route).reading(dice.pick(&readings))
}

fn tree(dice: &mut Dice, features: &[Feature], sets: u32, leaves: u32, growth: &Growth) -> Vec<Node> {
    let mut nodes = vec![Node::Null];
    let mut open = vec![(0_usize, 0_usize)];
    while let Some((at, depth)) = open.pop() {
        if depth >= growth.depth || (depth > 0 && dice.one_in(growth.early)) || nodes.len() > 600 {
            let null = growth.nulls && dice.one_in(10);
            nodes[at] = if null { Node::Null } else { Node::Leaf(dice.below(leaves as usize) as u32) };
            continue;
        }
        let mut split = split(dice, features, sets, leaves, growth);
        split.yes = nodes.len() as u32;
        nodes.push(Node::Leaf(dice.below(leaves as usize) as u32));
        if depth + 2 > growth.depth && dice.one_in(6) {
            // One child for both answers, low down: every use of it is compiled.
            split.no = split.yes;
        } else {
            split.no = nodes.len() as u32;
            nodes.push(Node::Leaf(dice.below(leaves as usize) as u32));
            if !growth.chains {
                open.push((split.no as usize, depth + 1));
            }
        }
        open.push((split.yes as usize, depth + 1));
        nodes[at] = Node::Split(split);
    }
    nodes
}

fn ensemble(dice: &mut Dice) -> Ensemble {
    let kinds = [
        Feature::Number(Number::F64),
        Feature::Number(Number::F32),
        Feature::Category(CodeRule::Truncated),
        Feature::Category(CodeRule::NonNegative),
    ];
    let features: Vec<Feature> = (0..1 + dice.below(6)).map(|_| dice.pick(&kinds)).collect();
    let sets: Vec<CategorySet> = (0..3)
        .map(|_| {
            let set = CategorySet::of((0..dice.below(6)).map(|_| dice.below(140) as u32).collect::<Vec<_>>());
            if dice.one_in(3) { set.with_others() } else { set }
        })
        .collect();
    let growth = Growth {
        depth: dice.pick(&[0, 1, 3, 6, 6, 12, 40]),
        early: dice.pick(&[3, 8, 1_000]),
        chains: dice.one_in(4),
        nulls: dice.one_in(4),
        routes: if dice.one_in(3) { ALL_ROUTES } else { PLAIN_ROUTES },
    };
    let leaf_count = 1 + dice.below(50);
    let outputs = 1 + dice.below(4);
    let width = if dice.one_in(2) { 1 } else { 1 + dice.below(outputs) };
    let mut trees = Vec::new();
    for _ in 0..dice.pick(&[0, 1, 3, 9, 30]) {
        let nodes = tree(dice, &features, sets.len() as u32, leaf_count as u32, &growth);
        let weight = if dice.one_in(2) { 1.0 } else { dice.below(9) as f64 / 3.0 + 0.1 };
        trees.push(Tree { weight, output: dice.below(outputs - width + 1) as u32, ..Tree::new(nodes) });
    }
    let null_tree = dice.pick(&[NullTree::RowIsNull, NullTree::Skip { threshold: 0.5 }]);
    let sum = Sum {
        precision: dice.pick(&[Number::F64, Number::F32]),
        base: if dice.one_in(2) {
            vec![]
        } else {
            (0..outputs).map(|_| dice.below(100) as f64 / 7.0).collect()
        },
        base_place: dice.pick(&[BasePlace::First, BasePlace::Last]),
        null_tree,
    };
    let values = (0..leaf_count * width).map(|_| dice.next() as i64 as f64 / 1e19).collect();
    let (leaves, combine) = match dice.below(4) {
        0 => {
            let classes = (0..leaf_count).map(|_| dice.below(outputs) as u32).collect();
            let null_tree = if dice.one_in(2) { NullTree::Votes } else { null_tree };
            (Leaves::Classes(classes), Combine::Vote(null_tree))
        }
        1 => (Leaves::Numbers { width, values }, Combine::Average(sum)),
        _ => (Leaves::Numbers { width, values }, Combine::Sum(sum)),
    };
    Ensemble { features, sets, trees, leaves, outputs, combine }
}

/// The columns of a case, owned.
struct Table {
    rows: usize,
    columns: Vec<(Buffer, Option<Vec<State>>, usize)>,
}

enum Buffer {
    F64(Vec<f64>),
    F32(Vec<f32>),
    I64(Vec<i64>),
    Codes(Vec<u32>),
}

impl Table {
    fn new(dice: &mut Dice, features: &[Feature], rows: usize) -> Self {
        let columns = features
            .iter()
            .map(|feature| {
                let stride = dice.pick(&[1, 1, 1, 0, 3]);
                let length = rows * stride + 1;
                let missing = dice.one_in(3);
                let value = |dice: &mut Dice| match feature {
                    _ if missing && dice.one_in(5) => f64::NAN,
                    Feature::Number(_) => dice.number(),
                    Feature::Category(_) => dice.below(150) as f64 - 2.5,
                };
                let buffer = match (dice.below(5), feature) {
                    (0, _) => Buffer::F32((0..length).map(|_| value(dice) as f32).collect()),
                    (1, _) => Buffer::I64((0..length).map(|_| value(dice) as i64).collect()),
                    (2 | 3, Feature::Category(_)) => Buffer::Codes(
                        (0..length)
                            .map(|_| if dice.one_in(9) { UNKNOWN_CATEGORY } else { dice.below(150) as u32 })
                            .collect(),
                    ),
                    _ => Buffer::F64((0..length).map(|_| value(dice)).collect()),
                };
                let states = dice.one_in(4).then(|| {
                    let pool = if dice.one_in(2) {
                        &[State::Value, State::Value, State::Missing][..]
                    } else {
                        &[State::Value, State::Value, State::Value, State::Missing, State::Fault]
                    };
                    (0..rows).map(|_| dice.pick(pool)).collect()
                });
                (buffer, states, stride)
            })
            .collect();
        Self { rows, columns }
    }

    /// The columns from a row on.
    fn columns(&self, first: usize) -> Vec<Column<'_>> {
        let columns = self.columns.iter().map(|(buffer, states, stride)| {
            let from = first * stride;
            let column = match buffer {
                Buffer::F64(values) => Column::f64(&values[from..]),
                Buffer::F32(values) => Column::f32(&values[from..]),
                Buffer::I64(values) => Column::i64(&values[from..]),
                Buffer::Codes(values) => Column::codes(&values[from..]),
            };
            let column = column.every(*stride);
            match states {
                Some(states) => column.with_states(&states[first..]),
                None => column,
            }
        });
        columns.collect()
    }
}

/// All that a kernel says of rows: sums or votes by bits, winners, leaves, exceptions.
#[derive(Debug, PartialEq)]
struct Said {
    numbers: Vec<u64>,
    winners: Vec<u32>,
    leaves: Vec<u32>,
    exceptions: Vec<(u32, Exception)>,
    leaf_exceptions: Vec<(u32, Exception)>,
}

/// Scores a table in batches of this size.
fn ask(kernel: &Kernel, votes: bool, table: &Table, batch: usize) -> Said {
    let mut said = Said {
        numbers: vec![],
        winners: vec![],
        leaves: vec![],
        exceptions: vec![],
        leaf_exceptions: vec![],
    };
    let mut scratch = Scratch::new();
    for first in (0..table.rows).step_by(batch) {
        let rows = batch.min(table.rows - first);
        let columns = table.columns(first);
        let mut numbers = vec![7.0; rows * kernel.outputs()];
        kernel.score(&columns, rows, &mut scratch, &mut numbers).unwrap();
        let shift = |exceptions: &[(u32, Exception)]| -> Vec<(u32, Exception)> {
            exceptions.iter().map(|(row, exception)| (row + first as u32, *exception)).collect()
        };
        said.exceptions.extend(shift(scratch.exceptions()));
        said.numbers.extend(numbers.iter().map(|number| number.to_bits()));
        if votes {
            let mut again = vec![7.0; numbers.len()];
            let mut winners = vec![7; rows];
            kernel.score_votes(&columns, rows, &mut scratch, &mut again, &mut winners).unwrap();
            assert!(numbers.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
            said.winners.extend(winners);
        }
        let mut leaves = vec![7; rows * kernel.trees()];
        kernel.score_leaves(&columns, rows, &mut scratch, &mut leaves).unwrap();
        said.leaf_exceptions.extend(shift(scratch.exceptions()));
        said.leaves.extend(leaves);
    }
    said
}

fn check(ensemble: &Ensemble, table: &Table) {
    let votes = matches!(ensemble.combine, Combine::Vote(_));
    let plain = ask(&ensemble.clone().compile_plain().unwrap(), votes, table, table.rows.max(1));
    let fast = ensemble.clone().compile().unwrap();
    let scalar = ensemble.clone().compile().unwrap().without_simd();
    for batch in [table.rows.max(1), 1, 13, 64] {
        assert_eq!(ask(&fast, votes, table, batch), plain, "batches of {batch}");
        assert_eq!(ask(&scalar, votes, table, batch), plain, "batches of {batch} without SIMD");
    }
}

/// The rows of tables that are all f64, one by one.
fn check_rows(ensemble: &Ensemble, dice: &mut Dice) {
    let (fast, plain) = (ensemble.clone().compile().unwrap(), ensemble.clone().compile_plain().unwrap());
    let mut scratch = Scratch::new();
    for _ in 0..20 {
        let values: Vec<f64> =
            ensemble.features.iter().map(|_| if dice.one_in(6) { f64::NAN } else { dice.number() }).collect();
        let states: Vec<State> = ensemble
            .features
            .iter()
            .map(|_| if dice.one_in(8) { dice.pick(&[State::Missing, State::Fault]) } else { State::Value })
            .collect();
        let row = Row::new(&values).with_states(&states);
        let (mut a, mut b) = (vec![7.0; fast.outputs()], vec![7.0; fast.outputs()]);
        assert_eq!(fast.score_row(row, &mut scratch, &mut a), plain.score_row(row, &mut scratch, &mut b));
        assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{a:?} {b:?}");
        let (mut a, mut b) = (vec![7; fast.trees()], vec![7; fast.trees()]);
        let walked = fast.score_row_leaves(row, &mut scratch, &mut a);
        assert_eq!(walked, plain.score_row_leaves(row, &mut scratch, &mut b));
        assert_eq!(a, b);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compiled_and_described_agree(seed: u64) {
        let mut dice = Dice(seed);
        let ensemble = ensemble(&mut dice);
        let rows = dice.pick(&[0, 1, 5, 12, 64, 65, 130]);
        check(&ensemble, &Table::new(&mut dice, &ensemble.features, rows));
        check_rows(&ensemble, &mut dice);
    }
}

#[test]
fn many_outputs_agree_however_many_a_tree_adds_to() {
    let mut dice = Dice(1);
    for (outputs, width) in [(16, 1), (17, 1), (40, 1), (40, 2), (40, 20), (40, 40)] {
        let feature = Feature::Number(Number::F64);
        let leaves = 7;
        let split = Split::new(0, Test::Less(0.0), 1, 2);
        let trees = (0..outputs - width + 1).cycle().take(100).map(|output| {
            let mut nodes = vec![Node::Split(split)];
            nodes.extend((0..2).map(|_| Node::Leaf(dice.below(leaves) as u32)));
            Tree { output: output as u32, ..Tree::new(nodes) }
        });
        let trees = trees.collect();
        let values = (0..leaves * width).map(|_| dice.number()).collect();
        let sum = Sum { precision: dice.pick(&[Number::F64, Number::F32]), ..Sum::default() };
        let ensemble = Ensemble {
            features: vec![feature],
            sets: vec![],
            trees,
            leaves: Leaves::Numbers { width, values },
            outputs,
            combine: Combine::Sum(sum),
        };
        check(&ensemble, &Table::new(&mut dice, &ensemble.features, 70));
        check_rows(&ensemble, &mut dice);
    }
}

/// A lone tree of comparisons, as it is walked without ranks.
fn lone_tree(dice: &mut Dice) -> Ensemble {
    let features = vec![Feature::Number(Number::F64); 1 + dice.below(6)];
    let growth = Growth {
        depth: dice.pick(&[1, 3, 6, 12, 40]),
        early: dice.pick(&[3, 8, 1_000]),
        chains: dice.one_in(4),
        nulls: dice.one_in(4),
        routes: if dice.one_in(3) { ALL_ROUTES } else { PLAIN_ROUTES },
    };
    let mut nodes = tree(dice, &features, 1, 50, &growth);
    for node in &mut nodes {
        let Node::Split(split) = node else { continue };
        let number = dice.number();
        split.test = dice.pick(&[
            Test::Less(if number == f64::NEG_INFINITY { 0.0 } else { number }),
            Test::LessOrEqual(number),
            Test::Greater(number),
            Test::GreaterOrEqual(if number == f64::NEG_INFINITY { 0.0 } else { number }),
        ]);
        split.reading = dice.pick(&[Reading::NanIsMissing, Reading::NanIsZero, Reading::NanIsValue]);
    }
    Ensemble {
        features,
        sets: vec![],
        trees: vec![Tree::new(nodes)],
        leaves: Leaves::Numbers { width: 1, values: (0..50).map(f64::from).collect() },
        outputs: 1,
        combine: Combine::Sum(Sum::default()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lone_tree_is_walked_by_its_thresholds(seed: u64) {
        let mut dice = Dice(seed);
        let ensemble = lone_tree(&mut dice);
        let rows = dice.pick(&[1, 5, 12, 64, 65, 130]);
        let has_nan = dice.one_in(2);
        let column = |dice: &mut Dice| {
            let value = |dice: &mut Dice| if has_nan && dice.one_in(9) { f64::NAN } else { dice.number() };
            (Buffer::F64((0..rows).map(|_| value(dice)).collect()), None, 1)
        };
        let columns = ensemble.features.iter().map(|_| column(&mut dice)).collect();
        let table = Table { rows, columns };
        check(&ensemble, &table);
        let (fast, plain) = (ensemble.clone().compile().unwrap(), ensemble.compile_plain().unwrap());
        let mut scratch = Scratch::new();
        for row in 0..rows {
            let value = |column: &(Buffer, Option<Vec<State>>, usize)| match &column.0 {
                Buffer::F64(values) => values[row],
                _ => f64::NAN,
            };
            let values: Vec<f64> = table.columns.iter().map(value).collect();
            let (mut a, mut b) = ([7], [7]);
            let walked = fast.score_row_leaves(Row::new(&values), &mut scratch, &mut a);
            prop_assert_eq!(walked, plain.score_row_leaves(Row::new(&values), &mut scratch, &mut b));
            prop_assert_eq!(a, b);
        }
    }
}

/// A forest of full trees over many cuts: ranks of 16 bits and, past 65,000 cuts, features in several columns.
#[test]
fn many_cuts() {
    for (number, cuts) in [(Number::F64, 2_000), (Number::F32, 2_000), (Number::F64, 140_000)] {
        let mut dice = Dice(cuts as u64);
        let trees = (0..cuts / 500).map(|tree| {
            let base = tree * 500;
            let nodes = (0..500).map(|at| {
                // A complete tree in heap order, its thresholds anywhere in the tree's share of all cuts.
                let threshold = 1.0 + (base + (at * 37) % 500) as f64 * 0.001;
                let leaf = Node::Leaf((at % 50) as u32);
                if 2 * at + 2 < 500 {
                    let (yes, no) = (2 * at as u32 + 1, 2 * at as u32 + 2);
                    Node::Split(Split::new(0, Test::Less(threshold), yes, no).missing(Missing::Yes))
                } else {
                    leaf
                }
            });
            Tree::new(nodes.collect())
        });
        let ensemble = Ensemble {
            features: vec![Feature::Number(number)],
            sets: vec![],
            trees: trees.collect(),
            leaves: Leaves::Numbers { width: 1, values: (0..50).map(|leaf| f64::from(leaf) / 3.0).collect() },
            outputs: 1,
            combine: Combine::Sum(Sum::default()),
        };
        let values =
            (0..130).map(|row| if row == 9 { f64::NAN } else { 1.0 + dice.below(cuts) as f64 * 0.001 });
        let table = Table { rows: 130, columns: vec![(Buffer::F64(values.collect()), None, 1)] };
        check(&ensemble, &table);
    }
}
