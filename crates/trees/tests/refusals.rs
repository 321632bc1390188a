//! Every way in which an ensemble or a call is refused.

use scorewheel_trees::{
    CategorySet, CodeRule, Column, Combine, CompileError, Ensemble, Feature, InputError, Leaves, Limits,
    Missing, Node, NullTree, Number, Row, Scratch, Split, Sum, Test, Tree,
};

fn ensemble(nodes: Vec<Node>) -> Ensemble {
    Ensemble {
        features: vec![Feature::Number(Number::F64), Feature::Category(CodeRule::Truncated)],
        sets: vec![CategorySet::of([1])],
        trees: vec![Tree::new(vec![Node::Leaf(0)]), Tree::new(nodes)],
        leaves: Leaves::Numbers { width: 1, values: vec![1.0, 2.0] },
        outputs: 1,
        combine: Combine::Sum(Sum::default()),
    }
}

fn split(feature: u32, test: Test, yes: u32, no: u32) -> Node {
    Node::Split(Split::new(feature, test, yes, no))
}

#[test]
fn bad_trees() {
    let (leaf, less) = (Node::Leaf(0), Test::Less(0.0));
    let (tree, node) = (1, 0);
    for (nodes, expected) in [
        (vec![], CompileError::EmptyTree { tree }),
        (
            vec![split(0, less, 1, 3), leaf, leaf],
            CompileError::ChildOutOfRange { tree, node, child: 3, nodes: 3 },
        ),
        (vec![split(0, less, 1, 0), leaf], CompileError::Cycle { tree, node }),
        (
            vec![split(0, less, 1, 2), split(0, less, 2, 3), split(0, less, 1, 3), leaf],
            CompileError::Cycle { tree, node: 1 },
        ),
        (vec![split(0, Test::Less(f64::NAN), 1, 1), leaf], CompileError::NanThreshold { tree, node }),
        (vec![split(0, Test::Equal(f64::NAN), 1, 1), leaf], CompileError::NanThreshold { tree, node }),
        (
            vec![split(2, less, 1, 1), leaf],
            CompileError::FeatureOutOfRange { tree, node, feature: 2, features: 2 },
        ),
        (
            vec![split(1, Test::InSet(1), 1, 1), leaf],
            CompileError::SetOutOfRange { tree, node, set: 1, sets: 1 },
        ),
        (vec![split(1, less, 1, 1), leaf], CompileError::TestDoesNotFit { tree, node, feature: 1 }),
        (vec![split(0, Test::InSet(0), 1, 1), leaf], CompileError::TestDoesNotFit { tree, node, feature: 0 }),
        (vec![Node::Leaf(2)], CompileError::LeafOutOfRange { tree, node, leaf: 2, leaves: 2 }),
        (
            vec![Node::Split(Split::new(0, less, 1, 1).missing(Missing::Leaf(9))), leaf],
            CompileError::LeafOutOfRange { tree, node, leaf: 9, leaves: 2 },
        ),
    ] {
        assert_eq!(ensemble(nodes).compile().unwrap_err(), expected);
    }
    let mut wrong_root = ensemble(vec![leaf]);
    wrong_root.trees[1].root = 4;
    let expected = CompileError::ChildOutOfRange { tree, node: 4, child: 4, nodes: 1 };
    assert_eq!(wrong_root.compile().unwrap_err(), expected);
    let mut wrong_output = ensemble(vec![leaf]);
    wrong_output.trees[1].output = 1;
    let expected = CompileError::OutputOutOfRange { tree, first: 1, end: 2, outputs: 1 };
    assert_eq!(wrong_output.compile().unwrap_err(), expected);
}

#[test]
fn bad_tables() {
    let base = || ensemble(vec![Node::Leaf(0)]);
    let sum = Sum::default();
    let cases = [
        Ensemble { leaves: Leaves::Numbers { width: 0, values: vec![] }, ..base() },
        Ensemble { leaves: Leaves::Numbers { width: 2, values: vec![1.0; 3] }, outputs: 2, ..base() },
        Ensemble { leaves: Leaves::Numbered(2), ..base() },
        Ensemble { leaves: Leaves::Classes(vec![0, 0]), ..base() },
        Ensemble { combine: Combine::Vote(NullTree::Skip { threshold: 1.0 }), ..base() },
        Ensemble { combine: Combine::Sum(Sum { null_tree: NullTree::Votes, ..sum.clone() }), ..base() },
        Ensemble { leaves: Leaves::Numbered(u32::MAX), combine: Combine::None, ..base() },
    ];
    for case in cases {
        let label = format!("{case:?}");
        assert!(matches!(case.compile(), Err(CompileError::Leaves(_))), "{label}");
    }
    let votes = Combine::Vote(NullTree::RowIsNull);
    let wrong_class = Ensemble { leaves: Leaves::Classes(vec![0, 1]), combine: votes, ..base() };
    let expected = CompileError::ClassOutOfRange { leaf: 1, class: 1, classes: 1 };
    assert_eq!(wrong_class.compile().unwrap_err(), expected);
    let wrong_base = Ensemble { combine: Combine::Average(Sum { base: vec![1.0; 2], ..sum }), ..base() };
    assert_eq!(wrong_base.compile().unwrap_err(), CompileError::Base { given: 2, outputs: 1 });
}

#[test]
fn depth_and_sharing_are_capped() {
    let chain = |length: u32| {
        let splits = (0..length).map(|at| split(0, Test::Less(f64::from(at)), at + 1, length));
        splits.chain([Node::Leaf(0)]).collect::<Vec<_>>()
    };
    let limits = Limits::default();
    assert!(ensemble(chain(limits.depth as u32)).compile().is_ok());
    let expected = CompileError::TooDeep { tree: 1, node: limits.depth as u32, limit: limits.depth };
    assert_eq!(ensemble(chain(limits.depth as u32 + 1)).compile().unwrap_err(), expected);

    // Both children are the same next node: 2^60 paths.
    let diamond = (0..60).map(|at| split(0, Test::Less(0.0), at + 1, at + 1)).chain([Node::Leaf(0)]);
    let error = ensemble(diamond.collect()).compile().unwrap_err();
    assert!(matches!(error, CompileError::TooManyNodes { tree: 1, .. }), "{error}");
}

#[test]
fn bad_calls() {
    let kernel = ensemble(vec![Node::Leaf(0)]).compile().unwrap();
    let mut scratch = Scratch::new();
    let (number, code) = (Column::f64(&[1.0, 2.0]), Column::codes(&[1, 2]));
    let tensor = [0.0_f32; 5];
    for (columns, rows, length, expected) in [
        (vec![number], 2, 2, InputError::Columns { given: 1, expected: 2 }),
        (vec![number, code], 3, 3, InputError::ColumnTooShort { column: 0, rows: 3 }),
        (
            vec![number, Column::f32(&tensor).every(4)],
            3,
            3,
            InputError::ColumnTooShort { column: 0, rows: 3 },
        ),
        (vec![Column::f32(&tensor).every(4), code], 3, 3, InputError::ColumnTooShort { column: 0, rows: 3 }),
        (vec![number.with_states(&[]), code], 2, 2, InputError::ColumnTooShort { column: 0, rows: 2 }),
        (vec![code, code], 2, 2, InputError::ColumnType { column: 0 }),
        (vec![number, code], 2, 3, InputError::Output { given: 3, expected: 2 }),
    ] {
        let mut out = vec![7.0; length];
        assert_eq!(kernel.score(&columns, rows, &mut scratch, &mut out), Err(expected.clone()));
        assert!(out.iter().all(|value| *value == 7.0), "{expected}");
    }
    let row = Row::new(&[1.0]);
    assert_eq!(
        kernel.score_row(row, &mut scratch, &mut [0.0]),
        Err(InputError::Columns { given: 1, expected: 2 })
    );
    let error = kernel.score_votes(&[number, code], 2, &mut scratch, &mut [0.0; 2], &mut [0; 2]).unwrap_err();
    assert!(matches!(error, InputError::Combine(_)));
}
