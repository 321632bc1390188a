//! Files of every format cut at every byte, trees that lead nowhere, side files that lie elsewhere, and records that do
//! not fit: each is one clear error.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "support/cases.rs"]
mod cases;
#[path = "support/onnx.rs"]
mod onnx;

use std::sync::Arc;

use cases::model_of;
use onnx::{Attribute, field, node_with, onnx, value};
use scorewheel_columns::{Batch, ErrorCode, Scores, Value};
use scorewheel_model::{Limits, Mapping, Model, ModelError, ModelErrorKind};
use scorewheel_tensor::{formats, pack};

fn load(bytes: &[u8]) -> Option<Result<Arc<dyn Model>, ModelError>> {
    let format = formats().into_iter().find(|format| format.recognises(bytes))?;
    Some(format.load(bytes, &Mapping::default(), &Limits::default()))
}

fn refusal(bytes: &[u8]) -> ModelError {
    load(bytes).unwrap().map(|_| ()).unwrap_err()
}

#[test]
fn files_are_refused_wherever_they_are_cut() {
    for (family, name, sound) in [
        ("networks", "dense-relu", 2),
        ("forests", "TreeEnsembleClassifier-three-softmax-1", 2),
        ("tensorflow_graphs", "frozen-dense-relu", 24),
        ("tensorflow_graphs", "saved-dense-zip", 0),
        ("tensorflow_graphs", "saved-dense-tar.gz", 16),
        ("control", "side-files-zip", 0),
        ("boosters", "lightgbm-monotone", usize::MAX),
        ("boosters", "xgboost-no-trees", 0),
        ("boosters", "xgboost-linear-poisson", 0),
    ] {
        let bytes = model_of(family, name);
        assert!(load(&bytes).unwrap().is_ok(), "{name}");
        let mut loaded = 0;
        for end in (0..bytes.len()).step_by(if bytes.len() > 5_000 { 7 } else { 1 }) {
            match load(&bytes[..end]) {
                // No format takes it for its own.
                None => {}
                Some(Ok(_)) => loaded += 1,
                Some(Err(error)) => assert!(error.to_string().len() > 10, "{name} to {end}: {error}"),
            }
        }
        // What ends between two parts of a file may be a file; of most formats it never is.
        assert!(loaded <= sound, "{name}: {loaded} of {} prefixes load", bytes.len());
    }
}

#[test]
fn what_a_graph_may_not_do_is_told_with_the_nodes_name() {
    let long = Attribute::Tensor("value", vec![1], vec![0.0]);
    let shape = |length: i64| {
        node_with(&[], &["s"], "Constant", "", &[Attribute::Integers("value_ints", vec![length, 1])])
    };
    let huge = [shape(1 << 40), node_with(&["s"], &["y"], "ConstantOfShape", "", &[long])];
    let error = refusal(&onnx(&huge, 17));
    assert_eq!(error.kind, ModelErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("ConstantOfShape"), "{error}");
    for (operator, word) in
        [("And", "And"), ("BitwiseNot", "BitwiseNot"), ("StringNormalizer", "StringNormalizer")]
    {
        let inputs: &[&str] = if operator == "And" { &["x", "x"] } else { &["x"] };
        let error = refusal(&onnx(&[node_with(inputs, &["y"], operator, "", &[])], 18));
        assert!(error.to_string().contains(word) && error.to_string().contains("f32"), "{error}");
    }
    let error = refusal(&onnx(&[node_with(&[], &["y"], "Relu", "", &[])], 17));
    assert!(error.to_string().contains("Relu") && error.to_string().contains("missing"), "{error}");
}

/// A tree of one branch, changed at one place.
fn tree(change: impl Fn(&mut Vec<Attribute>)) -> Vec<u8> {
    let mut attributes = vec![
        Attribute::Integers("nodes_treeids", vec![0, 0, 0]),
        Attribute::Integers("nodes_nodeids", vec![0, 1, 2]),
        Attribute::Integers("nodes_featureids", vec![1, 0, 0]),
        Attribute::Integers("nodes_truenodeids", vec![1, 0, 0]),
        Attribute::Integers("nodes_falsenodeids", vec![2, 0, 0]),
        Attribute::Floats("nodes_values", vec![0.5, 0.0, 0.0]),
        Attribute::Texts("nodes_modes", vec!["BRANCH_LEQ", "LEAF", "LEAF"]),
        Attribute::Integers("target_treeids", vec![0, 0]),
        Attribute::Integers("target_nodeids", vec![1, 2]),
        Attribute::Integers("target_ids", vec![0, 0]),
        Attribute::Floats("target_weights", vec![1.0, 2.0]),
        Attribute::Integer("n_targets", 1),
    ];
    change(&mut attributes);
    onnx(&[node_with(&["x"], &["y"], "TreeEnsembleRegressor", "ai.onnx.ml", &attributes)], 17)
}

#[test]
fn onnx_trees_that_lead_nowhere_are_refused() {
    assert!(load(&tree(|_| {})).unwrap().is_ok());
    let integers = |name: &'static str, values: Vec<i64>| {
        move |attributes: &mut Vec<Attribute>| {
            attributes.retain(|attribute| attribute.name() != name);
            attributes.push(Attribute::Integers(name, values.clone()));
        }
    };
    for (file, word) in [
        (tree(integers("nodes_truenodeids", vec![7, 0, 0])), "not there"),
        (tree(integers("nodes_truenodeids", vec![0, 0, 0])), "cycle"),
        (tree(integers("nodes_truenodeids", vec![2, 0, 0])), "two ways"),
        (tree(integers("nodes_nodeids", vec![0, 1, 1])), "two nodes"),
        (tree(integers("nodes_featureids", vec![3, 0, 0])), "feature 3"),
        (tree(integers("nodes_featureids", vec![-1, 0, 0])), "feature -1"),
        (tree(integers("target_ids", vec![0, 4])), "target 4"),
        (tree(integers("target_nodeids", vec![1, 9])), "not there"),
        (tree(integers("nodes_truenodeids", vec![1])), "entries"),
    ] {
        let error = refusal(&file);
        assert!(error.to_string().contains(word), "{word}: {error}");
        assert!(error.to_string().contains("TreeEnsembleRegressor"), "{error}");
    }
    let nan = tree(|attributes| {
        attributes.retain(|attribute| attribute.name() != "nodes_values");
        attributes.push(Attribute::Floats("nodes_values", vec![f32::NAN, 0.0, 0.0]));
    });
    assert!(refusal(&nan).to_string().contains("no number"));
}

#[test]
fn side_files_stay_within_their_archive() {
    // A weight that lies in another file.
    let with_side_file = |location: &str| {
        let entry = |key: &[u8], text: &[u8]| field(13, &[field(1, key), field(2, text)].concat());
        let weight = [
            vec![0x08, 1, 0x10, 1],
            field(8, b"w"),
            entry(b"location", location.as_bytes()),
            vec![14 << 3, 1],
        ]
        .concat();
        let node = node_with(&["x", "w"], &["y"], "Mul", "", &[]);
        let graph =
            [field(1, &node), field(5, &weight), field(11, &value("x")), field(12, &value("y"))].concat();
        [vec![0x08, 8], field(7, &graph), field(8, &[0x10, 17])].concat()
    };
    let bytes = 2.0_f32.to_le_bytes();
    let inside = with_side_file("w.bin");
    let packed = pack([("m.onnx", inside.as_slice()), ("w.bin", bytes.as_slice())]);
    assert!(load(&packed).unwrap().is_ok());
    let alone = refusal(&inside).to_string();
    assert!(alone.contains("w.bin"), "{alone}");
    for location in ["../w.bin", "/etc/hostname", "other.bin", "..\\w.bin", "sub/../../w.bin", ""] {
        let file = with_side_file(location);
        let error = refusal(&pack([("m.onnx", file.as_slice()), ("w.bin", bytes.as_slice())]));
        assert!(error.to_string().contains("w"), "{location}: {error}");
    }
}

#[test]
fn records_that_do_not_fit_are_errors_of_their_rows() {
    let model = load(&onnx(&[node_with(&["x"], &["y"], "Abs", "", &[])], 17)).unwrap().unwrap();
    let bound = model.bind(&model.schema().unwrap(), &Mapping::default()).unwrap();
    let list = |numbers: &[f64]| Value::List(numbers.iter().map(|number| Value::F64(*number)).collect());
    let mut batch = Batch::new(model.schema().unwrap());
    for record in [
        list(&[-1.0, 2.0, -3.0]),
        list(&[1.0, 2.0]),
        list(&[1.0, 2.0, 3.0, 4.0]),
        list(&[1.0, f64::NAN, 3.0]),
        Value::from("red"),
        Value::List(vec![Value::F64(1.0), Value::from("2"), Value::F64(3.0)]),
        Value::Missing,
        list(&[-4.0, 5.0, -6.0]),
    ] {
        batch.push_row(&[record]);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    let wrong: Vec<u32> = scores.errors().iter().map(|(row, _)| *row).collect();
    assert_eq!(wrong, [1, 2, 4, 5, 6]);
    assert_eq!(scores.error(6).map(|error| error.code), Some(ErrorCode::MissingValue));
    assert_eq!(scores.get(0, 0), list(&[1.0, 2.0, 3.0]));
    assert_eq!(scores.get(0, 7), list(&[4.0, 5.0, 6.0]));
    for row in wrong {
        let text = bound.explain(scores.error(row as usize).unwrap(), &batch, row as usize).message;
        assert!(text.contains("\"x\""), "{text}");
    }
}

/// A constant of whole numbers.
fn whole(name: &'static str, numbers: &[i64]) -> Vec<u8> {
    node_with(&[], &[name], "Constant", "", &[Attribute::Integers("value_ints", numbers.to_vec())])
}

#[test]
fn sequences_are_refused_where_the_record_or_nothing_says_which_entry() {
    let made = node_with(&["x", "x"], &["s"], "SequenceConstruct", "", &[]);
    let at = |position: &str| node_with(&["s", position], &["y"], "SequenceAt", "", &[]);
    let joined = |attributes: &[Attribute]| node_with(&["s"], &["y"], "ConcatFromSequence", "", attributes);
    let split = node_with(&["x", "n"], &["s"], "SplitToSequence", "", &[Attribute::Integer("axis", 1)]);
    let axis = || Attribute::Integer("axis", 1);
    assert!(load(&onnx(&[made.clone(), whole("n", &[1]), at("n")], 17)).unwrap().is_ok());
    for (nodes, operator, word) in [
        (vec![made.clone(), whole("n", &[2]), at("n")], "SequenceAt", "position 2"),
        (vec![made.clone(), whole("n", &[-3]), at("n")], "SequenceAt", "position -3"),
        (vec![made.clone(), at("x")], "SequenceAt", "record"),
        (vec![node_with(&["x", "x"], &["y"], "SequenceAt", "", &[])], "SequenceAt", "no sequence"),
        (vec![made.clone(), joined(&[])], "ConcatFromSequence", "axis"),
        (
            vec![node_with(&[], &["s"], "SequenceEmpty", "", &[]), joined(&[axis()])],
            "ConcatFromSequence",
            "empty",
        ),
        (vec![whole("n", &[2, 2]), split.clone(), joined(&[axis()])], "SplitToSequence", "cannot be split"),
        (vec![whole("n", &[-2, 5]), split.clone(), joined(&[axis()])], "SplitToSequence", "-2"),
        (
            vec![made.clone(), node_with(&["s", "x"], &["y"], "SequenceConstruct", "", &[])],
            "SequenceConstruct",
            "tensor",
        ),
        (vec![made.clone(), node_with(&["s"], &["y"], "Relu", "", &[])], "Relu", "missing"),
    ] {
        let error = refusal(&onnx(&nodes, 17)).to_string();
        assert!(error.contains(operator) && error.contains(word), "{operator}, {word}: {error}");
    }
    // An entry of the sequence `y` and another output by the name of it.
    let clash = [
        node_with(&["x"], &["y"], "SequenceConstruct", "", &[]),
        node_with(&["x"], &["y.0"], "Abs", "", &[]),
    ];
    let mut graph: Vec<u8> = clash.iter().flat_map(|node| field(1, node)).collect();
    graph.extend([field(11, &value("x")), field(12, &value("y")), field(12, &value("y.0"))].concat());
    let file = [vec![0x08, 8], field(7, &graph), field(8, &[0x10, 17])].concat();
    assert!(refusal(&file).to_string().contains("\"y.0\""));
}

#[test]
fn a_negative_number_that_is_counted_is_an_error_of_its_row() {
    let model = load(&model_of("texts", "frozen-count-i64-False")).unwrap().unwrap();
    let bound = model.bind(&model.schema().unwrap(), &Mapping::default()).unwrap();
    let list = |numbers: [i64; 5]| Value::List(numbers.map(Value::I64).to_vec());
    let mut batch = Batch::new(model.schema().unwrap());
    // Enough rows to go through the steps together.
    for row in 0..40 {
        batch.push_row(&[list([0, 1, 1, if row == 17 { -1 } else { 5 }, 9])]);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    let wrong: Vec<u32> = scores.errors().iter().map(|(row, _)| *row).collect();
    assert_eq!(wrong, [17]);
    let counted = [1.0, 2.0, 0.0, 0.0, 0.0, 1.0].map(Value::F64).to_vec();
    assert_eq!(scores.get(0, 16), Value::List(counted));
}

#[test]
fn the_words_of_a_text_are_no_tensor_of_their_number() {
    let counted = load(&model_of("texts", "frozen-words-cut")).unwrap();
    assert!(counted.is_ok(), "{counted:?}");
    let cases = cases::cases("refused_texts");
    assert_eq!(cases.len(), 7);
    for case in &cases {
        let error = refusal(&case.model);
        assert_eq!(error.kind, ModelErrorKind::Unsupported, "{}: {error}", case.name);
        let (word, text) = match &*case.name {
            "frozen-longest" => ("RaggedTensorToTensor", "output_sequence_length"),
            "frozen-commas" => ("StringSplitV2", "spaces"),
            "frozen-words" => ("words of a text", "record"),
            "frozen-sum" => ("Sum", "depends on the record"),
            "frozen-largest" => ("Max", "depends on the record"),
            _ => ("DenseBincount", "depends on the record"),
        };
        assert!(
            error.to_string().contains(word) && error.to_string().contains(text),
            "{}: {error}",
            case.name
        );
    }
}

#[test]
fn a_text_of_too_many_words_is_an_error_of_its_row() {
    let model = load(&model_of("texts", "keras-texts-words-count")).unwrap().unwrap();
    let bound = model.bind(&model.schema().unwrap(), &Mapping::default()).unwrap();
    let mut batch = Batch::new(model.schema().unwrap());
    for words in [1024, 1025, 3] {
        batch.push_row(&[Value::from("red ".repeat(words).as_str())]);
    }
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut bound.new_scratch(), &mut scores);
    let wrong: Vec<u32> = scores.errors().iter().map(|(row, _)| *row).collect();
    assert_eq!(wrong, [1]);
    let counted = |row: usize| match scores.get(0, row) {
        Value::List(numbers) => numbers.iter().filter_map(Value::as_f64).collect::<Vec<f64>>(),
        other => panic!("{other}"),
    };
    assert_eq!(counted(0), [0.0, 1024.0, 0.0, 0.0, 0.0]);
    assert_eq!(counted(2), [0.0, 3.0, 0.0, 0.0, 0.0]);
}
