//! Models whose operators the embedded engine lacks.

use scorewheel_columns::Value;
use scorewheel_demo_make::protobuf::Message;
use scorewheel_model::{ModelErrorKind, RunTimeChoice};
use scorewheel_tensor::run_time::RunTimes;

use crate::documents::{
    FLOAT, TF_STRING, graph_def, onnx_model, onnx_node, onnx_value, tf_node, tf_placeholder, tf_type,
};
use crate::support::{is_there, list, load, load_with, numbers, score};

/// A model of which the embedded engine lacks an operator, the run time that has it, and rows with their answers.
struct Case {
    operator: &'static str,
    bytes: Vec<u8>,
    choice: RunTimeChoice,
    rows: [(Vec<f64>, Vec<f64>); 2],
}

/// The discrete Fourier transform of two real numbers: two complex ones.
fn transform() -> Case {
    let graph = Message::new()
        .message(1, onnx_node("", "DFT", &["signal"], &["spectrum"]))
        .message(11, onnx_value("signal", FLOAT, &[2, 1]))
        .message(12, onnx_value("spectrum", FLOAT, &[2, 2]));
    Case {
        operator: "DFT",
        bytes: onnx_model(graph, &[("", 17)]),
        choice: RunTimeChoice::OnnxRuntime,
        rows: [(vec![1.0, 2.0], vec![3.0, 0.0, -1.0, 0.0]), (vec![2.0, 0.0], vec![2.0, 0.0, 2.0, 0.0])],
    }
}

/// The inverse of the error function, of two numbers.
fn inverse() -> Case {
    let nodes = [
        tf_placeholder("numbers", FLOAT, &[-1, 2]),
        tf_node("inverse", "Erfinv", &["numbers"], &[("T", tf_type(FLOAT))]),
    ];
    Case {
        operator: "Erfinv",
        bytes: graph_def(&nodes).into_bytes(),
        choice: RunTimeChoice::TensorFlow,
        rows: [
            (vec![0.0, 0.5], vec![0.0, 0.476_936_276]),
            (vec![-0.25, 0.25], vec![-0.225_312_055, 0.225_312_055]),
        ],
    }
}

#[test]
fn auto_hands_over_what_the_embedded_engine_lacks_and_says_so() {
    for Case { operator, bytes, choice, rows } in [transform(), inverse()] {
        if !is_there(choice) {
            continue;
        }
        let model = load(&bytes, RunTimeChoice::Auto).unwrap();
        let lacks =
            model.summary().details.into_iter().find(|(name, _)| name.contains("embedded engine lacks"));
        assert!(lacks.unwrap().1.contains(operator));
        let inputs = rows.each_ref().map(|(input, _)| vec![list(input)]);
        let scores = score(&*model, &inputs);
        for (row, (_, expected)) in rows.iter().enumerate() {
            let found = numbers(&scores.get(0, row));
            let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
            assert!(found.len() == expected.len() && near, "{operator}: {found:?}");
        }
        assert_eq!(load(&bytes, RunTimeChoice::Embedded).unwrap_err().kind, ModelErrorKind::Unsupported);
    }
}

#[test]
fn auto_says_which_operator_is_missing_and_how_to_enable_another_run_time() {
    for Case { operator, bytes, choice, .. } in [transform(), inverse()] {
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
