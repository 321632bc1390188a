//! What each split, route and combination means, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use scorewheel_trees::{
    BasePlace, CategorySet, CodeRule, Column, Combine, Ensemble, Exception, Feature, Kernel, Leaves, Missing,
    NULL_LEAF, Node, NullTree, Number, Reading, Row, Scratch, Split, State, Sum, Test, Tree,
    UNKNOWN_CATEGORY,
};

const NAN: f64 = f64::NAN;
const INFINITY: f64 = f64::INFINITY;

fn numbered(features: Vec<Feature>, sets: Vec<CategorySet>, trees: Vec<Tree>, leaves: u32) -> Kernel {
    let leaves = Leaves::Numbered(leaves);
    Ensemble { features, sets, trees, leaves, outputs: 0, combine: Combine::None }.compile().unwrap()
}

/// A stump whose leaves are 1 (yes), 0 (no) and 2 (missing, where it has a leaf of its own).
fn stump(split: Split) -> Tree {
    Tree::new(vec![Node::Split(Split { yes: 2, no: 1, ..split }), Node::Leaf(0), Node::Leaf(1)])
}

fn leaf_of(kernel: &Kernel, column: Column<'_>) -> Result<u32, Exception> {
    let mut scratch = Scratch::new();
    let mut leaf = [77];
    kernel.score_leaves(&[column], 1, &mut scratch, &mut leaf).unwrap();
    match scratch.exceptions() {
        [] => Ok(leaf[0]),
        [(0, exception)] => Err(*exception),
        other => panic!("{other:?}"),
    }
}

#[test]
fn comparisons() {
    let tiny = f64::from_bits(1);
    for (test, value, expected) in [
        (Test::Less(1.0), 1.0, 0),
        (Test::Less(1.0), 1.0 - f64::EPSILON, 1),
        (Test::LessOrEqual(1.0), 1.0, 1),
        (Test::LessOrEqual(1.0), 1.0 + f64::EPSILON, 0),
        (Test::Greater(1.0), 1.0, 0),
        (Test::GreaterOrEqual(1.0), 1.0, 1),
        (Test::Equal(0.0), -0.0, 1),
        (Test::NotEqual(0.0), -0.0, 0),
        (Test::Less(0.0), -0.0, 0),
        (Test::LessOrEqual(-0.0), 0.0, 1),
        (Test::Less(0.0), -tiny, 1),
        (Test::Less(INFINITY), INFINITY, 0),
        (Test::LessOrEqual(INFINITY), INFINITY, 1),
        (Test::Less(-INFINITY), -INFINITY, 0),
        (Test::LessOrEqual(-INFINITY), -INFINITY, 1),
        (Test::Greater(-INFINITY), f64::MIN, 1),
        (Test::Less(NAN.max(3.0)), 2.5, 1),
        (Test::IsMissing, 0.0, 0),
    ] {
        let kernel =
            numbered(vec![Feature::Number(Number::F64)], vec![], vec![stump(Split::new(0, test, 0, 0))], 2);
        assert_eq!(leaf_of(&kernel, Column::f64(&[value])), Ok(expected), "{value} {test:?}");
    }
}

#[test]
fn single_precision_rounds_both_sides() {
    let nearly = 0.1_f64; // the f32 nearest to it is larger
    for (number, expected) in [(Number::F64, 1), (Number::F32, 0)] {
        let split = Split::new(0, Test::Less(f64::from(0.1_f32)), 0, 0);
        let kernel = numbered(vec![Feature::Number(number)], vec![], vec![stump(split)], 2);
        assert_eq!(leaf_of(&kernel, Column::f64(&[nearly])), Ok(expected), "{number:?}");
    }
    let split = Split::new(0, Test::Less(16_777_217.0), 0, 0);
    let kernel = numbered(vec![Feature::Number(Number::F32)], vec![], vec![stump(split)], 2);
    assert_eq!(leaf_of(&kernel, Column::i64(&[16_777_216])), Ok(0));
    assert_eq!(leaf_of(&kernel, Column::f32(&[16_777_215.0])), Ok(1));
}

#[test]
fn missing_values_take_their_route() {
    let fault = Err(Exception::Fault { tree: 0, feature: 0 });
    let small = 1e-36;
    for (reading, test, missing, value, expected) in [
        (Reading::NanIsMissing, Test::Less(1.0), Missing::Yes, NAN, Ok(1)),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::No, NAN, Ok(0)),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::Leaf(2), NAN, Ok(2)),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::Null, NAN, Ok(NULL_LEAF)),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::Fault, NAN, fault),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::Fault, 0.0, Ok(1)),
        (Reading::NanIsMissing, Test::IsMissing, Missing::Fault, NAN, Ok(1)),
        (Reading::NanIsValue, Test::Less(1.0), Missing::Yes, NAN, Ok(0)),
        (Reading::NanIsValue, Test::GreaterOrEqual(1.0), Missing::Yes, NAN, Ok(0)),
        (Reading::NanIsValue, Test::NotEqual(1.0), Missing::No, NAN, Ok(1)),
        (Reading::NanIsValue, Test::IsMissing, Missing::No, NAN, Ok(0)),
        (Reading::NanIsZero, Test::Less(1.0), Missing::Null, NAN, Ok(1)),
        (Reading::NanIsZero, Test::Less(-1.0), Missing::Null, NAN, Ok(0)),
        (Reading::NanAndZeroAreMissing, Test::Less(1.0), Missing::No, 0.0, Ok(0)),
        (Reading::NanAndZeroAreMissing, Test::Less(1.0), Missing::No, -small, Ok(0)),
        (Reading::NanAndZeroAreMissing, Test::Less(1.0), Missing::No, NAN, Ok(0)),
        (Reading::NanAndZeroAreMissing, Test::Less(1.0), Missing::No, 1e-34, Ok(1)),
        (Reading::NanIsMissing, Test::Less(1.0), Missing::No, small, Ok(1)),
    ] {
        let split = Split::new(0, test, 0, 0).missing(missing).reading(reading);
        let kernel = numbered(vec![Feature::Number(Number::F64)], vec![], vec![stump(split)], 3);
        assert_eq!(
            leaf_of(&kernel, Column::f64(&[value])),
            expected,
            "{reading:?} {test:?} {missing:?} {value}"
        );
    }
}

#[test]
fn cells_that_are_no_values() {
    let fault = Err(Exception::Fault { tree: 0, feature: 0 });
    for (reading, missing, state, expected) in [
        (Reading::NanIsMissing, Missing::Yes, State::Missing, Ok(1)),
        (Reading::NanIsValue, Missing::Yes, State::Missing, Ok(1)),
        (Reading::NanIsZero, Missing::Null, State::Missing, Ok(0)),
        (Reading::NanIsZero, Missing::Null, State::Fault, fault),
        (Reading::NanIsMissing, Missing::Yes, State::Fault, fault),
    ] {
        let split = Split::new(0, Test::Less(-5.0), 0, 0).missing(missing).reading(reading);
        let kernel = numbered(vec![Feature::Number(Number::F64)], vec![], vec![stump(split)], 3);
        let column = Column::f64(&[-9.0]).with_states(std::slice::from_ref(&state));
        assert_eq!(leaf_of(&kernel, column), expected, "{reading:?} {missing:?} {state:?}");
    }
}

#[test]
fn categories() {
    let sets = vec![CategorySet::of([0, 3, 70]), CategorySet::of([1]).with_others()];
    let kernels = [
        (CodeRule::Truncated, Test::InSet(0)),
        (CodeRule::NonNegative, Test::InSet(0)),
        (CodeRule::Truncated, Test::NotInSet(0)),
        (CodeRule::Truncated, Test::InSet(1)),
    ]
    .map(|(rule, test)| {
        let split = Split::new(0, test, 0, 0).missing(Missing::Leaf(2));
        numbered(vec![Feature::Category(rule)], sets.clone(), vec![stump(split)], 3)
    });
    for (value, expected) in [
        (0.0, [1, 1, 0, 0]),
        (0.9, [1, 1, 0, 0]),
        (-0.5, [1, 0, 0, 0]),
        (-1.0, [0, 0, 1, 1]),
        (1.0, [0, 0, 1, 1]),
        (3.0, [1, 1, 0, 0]),
        (70.0, [1, 1, 0, 1]),
        (64.0, [0, 0, 1, 1]),
        (1e300, [0, 0, 1, 1]),
        (NAN, [2, 2, 2, 2]),
    ] {
        let leaves = kernels.each_ref().map(|kernel| leaf_of(kernel, Column::f64(&[value])).unwrap());
        assert_eq!(leaves, expected, "{value}");
    }
    for (code, expected) in [(0, [1, 1, 0, 0]), (5, [0, 0, 1, 0]), (UNKNOWN_CATEGORY, [0, 0, 1, 1])] {
        let leaves = kernels.each_ref().map(|kernel| leaf_of(kernel, Column::codes(&[code])).unwrap());
        assert_eq!(leaves, expected, "{code}");
    }
}

/// Tree `i` answers `values[i]`, or nothing where that is NaN.
fn constants(values: &[f64], weights: &[f64], combine: Combine) -> (Option<Exception>, f64) {
    let trees = values.iter().zip(weights).enumerate();
    let trees = trees.map(|(index, (value, weight))| {
        let node = if value.is_nan() { Node::Null } else { Node::Leaf(index as u32) };
        Tree { weight: *weight, ..Tree::new(vec![node]) }
    });
    let kernel = Ensemble {
        features: vec![],
        sets: vec![],
        trees: trees.collect(),
        leaves: Leaves::Numbers { width: 1, values: values.to_vec() },
        outputs: 1,
        combine,
    }
    .compile()
    .unwrap();
    let (mut scratch, mut out, mut many) = (Scratch::new(), [9.0], [9.0; 3]);
    let exception = kernel.score_row(Row::new(&[]), &mut scratch, &mut out).unwrap();
    kernel.score(&[], 3, &mut scratch, &mut many).unwrap();
    assert!(many.iter().all(|value| value.to_bits() == out[0].to_bits()), "{many:?} {out:?}");
    assert_eq!(scratch.exceptions().len(), if exception.is_some() { 3 } else { 0 });
    (exception, out[0])
}

#[test]
fn sums_and_averages() {
    let sum = |precision, base, base_place, null_tree| Sum { precision, base, base_place, null_tree };
    let f64_sum = |null_tree| sum(Number::F64, vec![], BasePlace::Last, null_tree);
    let row_is_null = NullTree::RowIsNull;
    let big = 16_777_216.0;
    let skip = |threshold| NullTree::Skip { threshold };
    let ones = [1.0; 4];
    for (values, weights, combine, expected) in [
        (&[1.0, 2.0, 4.0][..], &ones[..3], Combine::Sum(f64_sum(row_is_null)), 7.0),
        (&[1.0, 2.0, 4.0], &[3.0, 1.0, 0.5], Combine::Sum(f64_sum(row_is_null)), 7.0),
        (&[1.0, 2.0, 6.0], &ones[..3], Combine::Average(f64_sum(row_is_null)), 3.0),
        (&[1.0, 3.0], &[1.0, 3.0], Combine::Average(f64_sum(row_is_null)), 2.5),
        (&[1.0, NAN, 3.0], &ones[..3], Combine::Sum(f64_sum(row_is_null)), NAN),
        (&[1.0, NAN, 3.0], &ones[..3], Combine::Average(f64_sum(skip(0.5))), 2.0),
        (&[1.0, NAN, NAN], &ones[..3], Combine::Average(f64_sum(skip(0.5))), NAN),
        (&[NAN, NAN], &ones[..2], Combine::Sum(f64_sum(skip(1.0))), NAN),
        (
            &[big, 1.0, 1.0],
            &ones[..3],
            Combine::Sum(sum(Number::F32, vec![], BasePlace::Last, row_is_null)),
            big,
        ),
        (
            &[1.0, 1.0],
            &ones[..2],
            Combine::Sum(sum(Number::F32, vec![big], BasePlace::First, row_is_null)),
            big,
        ),
        (
            &[1.0, 1.0],
            &ones[..2],
            Combine::Sum(sum(Number::F32, vec![big], BasePlace::Last, row_is_null)),
            big + 2.0,
        ),
        (
            &[1.0, 1.0],
            &ones[..2],
            Combine::Average(sum(Number::F64, vec![2.0], BasePlace::First, row_is_null)),
            2.0,
        ),
        (
            &[1.0, 1.0],
            &ones[..2],
            Combine::Average(sum(Number::F64, vec![2.0], BasePlace::Last, row_is_null)),
            3.0,
        ),
        (&[], &[], Combine::Sum(sum(Number::F64, vec![0.25], BasePlace::First, row_is_null)), 0.25),
    ] {
        let label = format!("{values:?} {combine:?}");
        let (exception, out) = constants(values, weights, combine);
        assert_eq!(out.to_bits(), expected.to_bits(), "{label}: {out}");
        assert_eq!(exception, expected.is_nan().then_some(Exception::Null), "{label}");
    }
}

#[test]
fn votes() {
    let none = u32::MAX;
    for (ballots, weights, null_tree, expected, counts) in [
        (&[1, 0, 0, 1][..], &[1.0; 4][..], NullTree::RowIsNull, Ok(1), [2.0, 2.0, 0.0]),
        (&[2, 0, 0, 1], &[1.0; 4], NullTree::RowIsNull, Ok(0), [2.0, 1.0, 1.0]),
        (&[2, 0, 0, 1], &[5.0, 1.0, 1.0, 1.0], NullTree::RowIsNull, Ok(2), [2.0, 1.0, 5.0]),
        (&[2, none], &[1.0; 2], NullTree::RowIsNull, Err(Exception::Null), [NAN; 3]),
        (&[2, none, none], &[1.0; 3], NullTree::Skip { threshold: 1.0 }, Ok(2), [0.0, 0.0, 1.0]),
        (&[2, none, none], &[1.0; 3], NullTree::Votes, Err(Exception::Null), [NAN; 3]),
        (&[2, none], &[1.0; 2], NullTree::Votes, Ok(2), [0.0, 0.0, 1.0]),
        (&[none, 2], &[1.0; 2], NullTree::Votes, Err(Exception::Null), [NAN; 3]),
    ] {
        let trees = ballots.iter().zip(weights).map(|(class, weight)| {
            let node = if *class == none { Node::Null } else { Node::Leaf(*class) };
            Tree { weight: *weight, ..Tree::new(vec![node]) }
        });
        let kernel = Ensemble {
            features: vec![],
            sets: vec![],
            trees: trees.collect(),
            leaves: Leaves::Classes(vec![0, 1, 2]),
            outputs: 3,
            combine: Combine::Vote(null_tree),
        }
        .compile()
        .unwrap();
        let (mut scratch, mut out, mut many, mut winners) = (Scratch::new(), [9.0; 3], [9.0; 6], [9; 2]);
        let winner = kernel.score_row_votes(Row::new(&[]), &mut scratch, &mut out).unwrap();
        kernel.score_votes(&[], 2, &mut scratch, &mut many, &mut winners).unwrap();
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(winner, expected, "{ballots:?}");
        assert_eq!(winners, [expected.unwrap_or(NULL_LEAF); 2], "{ballots:?}");
        assert_eq!(bits(&out), bits(&counts), "{ballots:?}");
        assert_eq!(bits(&many), bits(&[counts, counts].concat()), "{ballots:?}");
    }
}

#[test]
fn classes_by_tree_and_vectors_by_leaf() {
    let leaf = |leaf, output| Tree { output, ..Tree::new(vec![Node::Leaf(leaf)]) };
    for (width, values, trees, expected) in [
        (
            1,
            vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
            (0..6).map(|i| leaf(i, i % 3)).collect(),
            [9.0, 18.0, 36.0],
        ),
        (3, vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0], (0..2).map(|i| leaf(i, 0)).collect(), [9.0, 18.0, 36.0]),
        (2, vec![1.0, 2.0, 4.0, 8.0], (0..2).map(|i| leaf(i, i)).collect::<Vec<_>>(), [1.0, 6.0, 8.0]),
    ] {
        let kernel = Ensemble {
            features: vec![],
            sets: vec![],
            trees,
            leaves: Leaves::Numbers { width, values },
            outputs: 3,
            combine: Combine::Sum(Sum::default()),
        }
        .compile()
        .unwrap();
        let mut out = [0.0; 6];
        kernel.score(&[], 2, &mut Scratch::new(), &mut out).unwrap();
        assert_eq!(out, [expected, expected].concat()[..], "width {width}");
    }
}

#[test]
fn a_fault_stops_its_row_only() {
    let number = Feature::Number(Number::F64);
    let split = |feature| Split::new(feature, Test::Less(0.0), 0, 0);
    let kernel =
        numbered(vec![number; 2], vec![], vec![stump(split(1)), stump(split(0)), stump(split(1))], 2);
    let states = [State::Value, State::Fault, State::Value];
    let columns = [Column::f64(&[-1.0, -1.0, 1.0]).with_states(&states), Column::f64(&[1.0]).every(0)];
    let (mut scratch, mut leaves) = (Scratch::new(), [7; 9]);
    kernel.score_leaves(&columns, 3, &mut scratch, &mut leaves).unwrap();
    assert_eq!(leaves, [0, 1, 0, 0, NULL_LEAF, NULL_LEAF, 0, 0, 0]);
    assert_eq!(scratch.exceptions(), [(1, Exception::Fault { tree: 1, feature: 0 })]);
}
