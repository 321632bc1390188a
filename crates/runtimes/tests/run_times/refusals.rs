//! What is refused before a library sees it, and libraries that are not there.

use scorewheel_demo_make::protobuf::Message;
use scorewheel_model::{ModelError, ModelErrorKind, RunTimeChoice};
use scorewheel_runtimes::onnxruntime::OnnxRuntimeSettings;
use scorewheel_runtimes::tensorflow::TensorFlowSettings;
use scorewheel_runtimes::{OnnxRuntime, TensorFlow};
use scorewheel_tensor::run_time::{Handover, RunTime, RunTimes, Session};
use std::sync::Arc;

use crate::documents::{
    FLOAT, Further, graph_def, onnx_model, onnx_node, onnx_value, saved_model, tf_node, tf_placeholder,
    tf_string, tf_type,
};
use crate::support::{demonstration, load_with};

/// A run time that must never be asked.
#[derive(Debug)]
struct Untouched(RunTimeChoice);

impl RunTime for Untouched {
    fn choice(&self) -> RunTimeChoice {
        self.0
    }

    fn describe(&self) -> String {
        "untouched".to_owned()
    }

    fn open(&self, _: &Handover<'_>) -> Result<Box<dyn Session>, ModelError> {
        Err(ModelError::new(ModelErrorKind::Invalid, "the model was handed over"))
    }
}

fn refusal(bytes: &[u8], choice: RunTimeChoice) -> String {
    let run_times = RunTimes::new(vec![Arc::new(Untouched(choice))]);
    let explicit = load_with(bytes, choice, &run_times).unwrap_err().to_string();
    let automatic = load_with(bytes, RunTimeChoice::Auto, &run_times);
    if let Err(error) = automatic {
        assert!(!error.message.contains("handed over"), "{error}");
    }
    explicit
}

/// Twice the input; further nodes beside it.
fn tensorflow(twice_inputs: &[&str], further: &[Message]) -> Message {
    let mut nodes = vec![
        tf_placeholder("x", FLOAT, &[-1, 2]),
        tf_node("twice", "Add", twice_inputs, &[("T", tf_type(FLOAT))]),
        tf_string("path", "/tmp/scorewheel-must-not-exist"),
    ];
    nodes.extend_from_slice(further);
    graph_def(&nodes)
}

fn saved(graph: Message, further: &Further) -> Vec<u8> {
    saved_model(graph, ("x", &[-1, 2]), ("twice", &[-1, 2]), further)
}

fn write_file() -> Message {
    tf_node("write", "WriteFile", &["path", "path"], &[])
}

#[test]
fn what_reaches_outside_the_model_is_handed_to_no_run_time() {
    let choice = RunTimeChoice::TensorFlow;
    // Nothing is wrong with the graph itself.
    let clean = tensorflow(&["x", "x"], &[]);
    assert!(refusal(&clean.into_bytes(), choice).contains("handed over"));
    let beside = tensorflow(&["x", "x"], &[write_file()]);
    assert!(refusal(&saved(beside, &Further::default()), choice).contains("handed over"));
    // A control edge runs it; so does a function, wherever it is called.
    let controlled = tensorflow(&["x", "x", "^write"], &[write_file()]);
    let function = Message::new().bytes(10, Message::new().bytes(1, "outside").into_bytes());
    let body = Message::new().message(1, Message::new().bytes(1, "outside")).message(3, write_file());
    let call = tf_node("call", "PartitionedCall", &[], &[("f", function)]);
    let called = tensorflow(&["x", "x", "^call"], &[call]).message(2, Message::new().message(1, body));
    for graph in [controlled, called] {
        for bytes in [graph.clone().into_bytes(), saved(graph, &Further::default())] {
            let error = refusal(&bytes, choice);
            assert!(error.contains("WriteFile") && error.contains("\"write\""), "{error}");
        }
    }
}

#[test]
fn what_runs_while_a_saved_model_is_loaded_is_looked_at_too() {
    let choice = RunTimeChoice::TensorFlow;
    let saver = Message::new().bytes(1, "path:0").bytes(3, "restore");
    let initialiser = |node: &str| {
        let info = Message::new().bytes(1, format!("{node}:0"));
        let output = Message::new().bytes(1, "init").message(2, info);
        Message::new().bytes(1, "__saved_model_init_op").message(2, Message::new().message(2, output))
    };
    let restoring = |prefix: &str| {
        let restore = tf_node("read", "RestoreV2", &[prefix, "path", "path"], &[]);
        tensorflow(
            &["x", "x"],
            &[restore, tf_node("restore", "NoOp", &["^read"], &[]), tf_string("other", "/etc/x")],
        )
    };
    let further =
        |saver: Option<Message>, signatures: Vec<Message>| Further { saver, signatures, assets: vec![] };
    let own = saved(restoring("path"), &further(Some(saver.clone()), vec![]));
    assert!(refusal(&own, choice).contains("handed over"));
    for (graph, further, word) in [
        (restoring("other"), further(Some(saver.clone()), vec![]), "not known"),
        (
            tensorflow(&["x", "x"], &[tf_node("restore", "NoOp", &["^write"], &[]), write_file()]),
            further(Some(saver), vec![]),
            "WriteFile",
        ),
        (tensorflow(&["x", "x"], &[write_file()]), further(None, vec![initialiser("write")]), "WriteFile"),
        (
            tensorflow(&["x", "x"], &[]),
            Further { assets: vec!["../../etc/passwd"], ..Further::default() },
            "did not come with the model",
        ),
    ] {
        let error = refusal(&saved(graph, &further), choice);
        assert!(error.contains(word), "{error} lacks {word}");
    }
}

#[test]
fn onnx_that_reaches_outside_or_draws_lots_is_handed_to_no_run_time() {
    for (domain, operator, word) in [
        ("ai.onnx.contrib", "ReadFile", "ai.onnx.contrib"),
        ("com.microsoft", "EPContext", "reaches outside"),
        ("", "RandomNormalLike", "differently each time"),
    ] {
        let graph = Message::new()
            .message(1, onnx_node(domain, operator, &["x"], &["y"]))
            .message(11, onnx_value("x", FLOAT, &[2]))
            .message(12, onnx_value("y", FLOAT, &[2]));
        let bytes = onnx_model(graph, &[("", 13), ("com.microsoft", 1)]);
        let error = refusal(&bytes, RunTimeChoice::OnnxRuntime);
        assert!(error.contains(word) && error.contains(operator), "{error}");
    }
}

#[test]
fn a_library_that_is_not_there_or_is_none_refuses_the_model_and_nothing_else() {
    let folder = std::env::temp_dir().join(format!("scorewheel-no-library-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let text = folder.join("libtext.so");
    std::fs::write(&text, "hello").unwrap();
    for library in [folder.join("libabsent.so"), text] {
        let run_times = RunTimes::new(vec![
            Arc::new(OnnxRuntime::new(&library, OnnxRuntimeSettings::default())),
            Arc::new(TensorFlow::new(&library, TensorFlowSettings::default())),
        ]);
        for (name, choice) in
            [("7-network.onnx", RunTimeChoice::OnnxRuntime), ("5-graph.pb", RunTimeChoice::TensorFlow)]
        {
            let bytes = demonstration(name);
            for _ in 0..2 {
                let error = load_with(&bytes, choice, &run_times).unwrap_err();
                assert_eq!(error.kind, ModelErrorKind::MissingRuntime, "{error}");
                assert!(error.message.contains(&*library.to_string_lossy()), "{error}");
            }
            assert!(load_with(&bytes, RunTimeChoice::Auto, &run_times).is_ok());
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_run_time_is_given_only_what_it_evaluates() {
    for (name, choice, word) in [
        ("7-network.onnx", RunTimeChoice::TensorFlow, "\"onnxruntime\" does"),
        ("5-graph.pb", RunTimeChoice::OnnxRuntime, "\"tensorflow\" does"),
        ("8-boosted.json", RunTimeChoice::OnnxRuntime, "evaluates no XGBoost"),
    ] {
        let error = load_with(&demonstration(name), choice, &RunTimes::default()).unwrap_err();
        assert!(error.kind == ModelErrorKind::Unsupported && error.message.contains(word), "{error}");
    }
}
