//! Models whose operators the embedded engine lacks.

use scorewheel_columns::Value;
use scorewheel_demo_make::protobuf::Message;
use scorewheel_model::{ModelErrorKind, RunTimeChoice};
use scorewheel_tensor::run_time::RunTimes;

use crate::documents::{
    FLOAT, TF_STRING, graph_def, onnx_model, onnx_node, onnx_value, tf_node, tf_placeholder, tf_type,
};
use crate::support::{is_there, list, load, load_with, numbers, score};

/// The determinant of a matrix, 2 × 2.
fn onnx_determinant() -> Vec<u8> {
    let graph = Message::new()
        .message(1, onnx_node("", "Det", &["matrix"], &["determinant"]))
        .message(11, onnx_value("matrix", FLOAT, &[2, 2]))
        .message(12, onnx_value("determinant", FLOAT, &[]));
    onnx_model(graph, &[("", 13)])
}

fn tensorflow_determinant() -> Vec<u8> {
    let nodes = [
        tf_placeholder("matrix", FLOAT, &[-1, 2, 2]),
        tf_node("determinant", "MatrixDeterminant", &["matrix"], &[("T", tf_type(FLOAT))]),
    ];
    graph_def(&nodes).into_bytes()
}

fn determinants() -> [(&'static str, Vec<u8>, RunTimeChoice); 2] {
    [
        ("Det", onnx_determinant(), RunTimeChoice::OnnxRuntime),
        ("MatrixDeterminant", tensorflow_determinant(), RunTimeChoice::TensorFlow),
    ]
}

#[test]
fn auto_hands_over_what_the_embedded_engine_lacks_and_says_so() {
    for (operator, bytes, choice) in determinants() {
        if !is_there(choice) {
            continue;
        }
        let model = load(&bytes, RunTimeChoice::Auto).unwrap();
        let lacks =
            model.summary().details.into_iter().find(|(name, _)| name.contains("embedded engine lacks"));
        assert!(lacks.unwrap().1.contains(operator));
        let rows = [vec![list(&[1.0, 2.0, 3.0, 4.0])], vec![list(&[2.0, 0.0, 1.0, 3.0])]];
        let scores = score(&*model, &rows);
        for (row, expected) in [-2.0, 6.0].into_iter().enumerate() {
            let found = numbers(&scores.get(0, row));
            assert!(found.len() == 1 && (found[0] - expected).abs() < 1e-6, "{operator}: {found:?}");
        }
        assert_eq!(load(&bytes, RunTimeChoice::Embedded).unwrap_err().kind, ModelErrorKind::Unsupported);
    }
}

#[test]
fn auto_says_which_operator_is_missing_and_how_to_enable_another_run_time() {
    for (operator, bytes, choice) in determinants() {
        let error = load_with(&bytes, RunTimeChoice::Auto, &RunTimes::default()).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::Unsupported);
        for word in [format!("{operator:?}"), format!("[{}]", choice.as_str()), "`library`".to_owned()] {
            assert!(error.to_string().contains(&word), "{error} lacks {word}");
        }
        let error = load_with(&bytes, choice, &RunTimes::default()).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::MissingRuntime, "{error}");
    }
}

#[test]
fn onnx_runtimes_own_operators_and_newer_sets_can_be_had() {
    if !is_there(RunTimeChoice::OnnxRuntime) {
        return;
    }
    let graph = Message::new()
        .message(1, onnx_node("com.microsoft", "Inverse", &["matrix"], &["inverse"]))
        .message(11, onnx_value("matrix", FLOAT, &[2, 2]))
        .message(12, onnx_value("inverse", FLOAT, &[2, 2]));
    let bytes = onnx_model(graph, &[("", 13), ("com.microsoft", 1)]);
    let scores = score(&*load(&bytes, RunTimeChoice::Auto).unwrap(), &[vec![list(&[2.0, 0.0, 0.0, 4.0])]]);
    assert_eq!(numbers(&scores.get(0, 0)), [0.5, 0.0, 0.0, 0.25]);
}

#[test]
fn strings_go_to_tensorflow_and_back() {
    if !is_there(RunTimeChoice::TensorFlow) {
        return;
    }
    let nodes = [
        tf_placeholder("colour", TF_STRING, &[-1]),
        tf_node("loud", "StringUpper", &["colour"], &[("encoding", Message::new().bytes(2, ""))]),
        tf_node("same", "Identity", &["colour"], &[("T", tf_type(TF_STRING))]),
    ];
    let model = load(&graph_def(&nodes).into_bytes(), RunTimeChoice::TensorFlow).unwrap();
    // One that lies within the library's string, one that does not, one that is empty.
    let long = "a colour whose name is longer than twenty-two bytes";
    let rows: Vec<Vec<Value>> = ["red", long, ""].map(|text| vec![Value::from(text)]).into();
    for _ in 0..3 {
        let scores = score(&*model, &rows);
        for (row, text) in ["red", long, ""].into_iter().enumerate() {
            assert_eq!(scores.get(0, row), Value::from(text.to_uppercase().as_str()));
            assert_eq!(scores.get(1, row), Value::from(text));
        }
    }
}
