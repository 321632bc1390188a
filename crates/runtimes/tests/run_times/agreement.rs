//! What every run time must agree on.

use scorewheel_columns::{ErrorCode, Value};
use scorewheel_demo_make::network::Network;
use scorewheel_demo_make::protobuf::{Message, floats};
use scorewheel_demo_make::random::Random;
use scorewheel_demo_make::records::{LOWEST, samples};
use scorewheel_model::{Mapping, RunTimeChoice};
use scorewheel_tensor::pack;

use crate::documents::{
    FLOAT, Further, ONNX_INT64, ONNX_STRING, onnx_floats, onnx_integers, onnx_map, onnx_model, onnx_node,
    onnx_strings, onnx_value, saved_model,
};
use crate::support::{batch, demonstration, is_there, list, load, numbers, score};

/// The demonstration's network as each format, with the run times that evaluate it.
fn networks() -> Vec<(&'static str, Vec<u8>, [RunTimeChoice; 2])> {
    let graph = demonstration("5-graph.pb");
    let places = LOWEST as i64 + 6;
    // The bytes of a message are the message's fields.
    let wrapped = Message::from_bytes(graph.clone());
    let saved =
        saved_model(wrapped, ("samples", &[-1, 11]), ("quality/Softmax", &[-1, places]), &Further::default());
    let tensorflow = [RunTimeChoice::Embedded, RunTimeChoice::TensorFlow];
    vec![
        ("frozen graph", graph, tensorflow),
        ("SavedModel", saved, tensorflow),
        ("ONNX", demonstration("7-network.onnx"), [RunTimeChoice::Embedded, RunTimeChoice::OnnxRuntime]),
    ]
}

#[test]
fn a_network_answers_as_the_program_that_trained_it_does() {
    let samples = samples(&mut Random::new(scorewheel_demo_make::SEED), 1200);
    let network = Network::train(&mut Random::new(scorewheel_demo_make::SEED + 1), &samples[..900]);
    let tested = &samples[900..1000];
    let rows: Vec<Vec<Value>> = tested.iter().map(|sample| vec![list(&sample.features)]).collect();
    for (format, bytes, choices) in networks() {
        for choice in choices {
            if !is_there(choice) {
                continue;
            }
            let model = load(&bytes, choice).unwrap();
            let scores = score(&*model, &rows);
            for (row, sample) in tested.iter().enumerate() {
                assert_eq!(scores.error(row), None);
                let expected = network.probabilities(&sample.features);
                let found = numbers(&scores.get(1, row));
                let best = (0..expected.len()).max_by(|a, b| expected[*a].total_cmp(&expected[*b])).unwrap();
                let label = scores.get(0, row);
                let close = expected.iter().filter(|p| (expected[best] - **p).abs() < 1e-5).count() > 1;
                assert!(close || label == Value::I64((best + LOWEST) as i64), "{format}, row {row}: {label}");
                for (found, expected) in found[LOWEST..].iter().zip(expected) {
                    assert!(
                        (found - expected).abs() < 1e-5,
                        "{format} on {choice:?}, row {row}: {found} {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn each_says_which_nodes_it_runs() {
    for (format, bytes, choices) in networks() {
        for choice in choices {
            if !is_there(choice) {
                continue;
            }
            let summary = load(&bytes, choice).unwrap().summary();
            let engine = match choice {
                RunTimeChoice::OnnxRuntime => "ONNX Runtime 1.",
                RunTimeChoice::TensorFlow => "TensorFlow 2.",
                _ => "native",
            };
            assert!(summary.engine.starts_with(engine), "{format}: {}", summary.engine);
            let nodes = summary.details.iter().find(|(name, _)| *name == format!("on {}", summary.engine));
            let nodes = &nodes.unwrap_or_else(|| panic!("{format}: {:?}", summary.details)).1;
            assert!(nodes.contains("Softmax 1") && nodes.contains("Tanh 1"), "{format}: {nodes}");
            let others = summary.details.iter().filter(|(name, _)| name.starts_with("on "));
            assert_eq!(others.count(), 1);
        }
    }
}

#[test]
fn a_score_does_not_depend_on_the_batch_or_the_thread() {
    let samples = samples(&mut Random::new(7), 64);
    let rows: Vec<Vec<Value>> = samples.iter().map(|sample| vec![list(&sample.features)]).collect();
    for (format, bytes, choices) in networks() {
        for choice in choices {
            if !is_there(choice) {
                continue;
            }
            let model = load(&bytes, choice).unwrap();
            let batch = batch(&*model, &rows);
            let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
            let bits = |step: usize| -> Vec<u64> {
                let (mut scratch, mut scores) = (bound.new_scratch(), scorewheel_columns::Scores::new());
                let mut bits = Vec::new();
                for start in (0..rows.len()).step_by(step) {
                    let part = start..rows.len().min(start + step);
                    bound.score(&batch, part.clone(), &mut scratch, &mut scores);
                    for row in 0..part.len() {
                        bits.extend(numbers(&scores.get(1, row)).iter().map(|number| number.to_bits()));
                    }
                }
                bits
            };
            let alone = bits(1);
            std::thread::scope(|scope| {
                let threads: Vec<_> = [64, 7, 1, 64].map(|step| scope.spawn(move || bits(step))).into();
                for thread in threads {
                    assert!(thread.join().unwrap() == alone, "{format} on {choice:?}");
                }
            });
        }
    }
}

/// Colour and two numbers → code of the colour, class, and the numbers of the classes as a map.
fn classifier() -> Vec<u8> {
    let encoder = onnx_node("ai.onnx.ml", "LabelEncoder", &["colour"], &["code"]);
    let encoder = onnx_strings(encoder, "keys_strings", &["red", "white"]);
    let encoder = onnx_integers(encoder, "values_int64s", &[3, 5]);
    let linear = onnx_node("ai.onnx.ml", "LinearClassifier", &["x"], &["label", "raw"]);
    let linear = onnx_floats(linear, "coefficients", &[1.0, 2.0, -1.0, 0.5]);
    let linear = onnx_floats(linear, "intercepts", &[0.25, 0.0]);
    let linear = onnx_strings(linear, "classlabels_strings", &["low", "high"]);
    let zip = onnx_strings(
        onnx_node("ai.onnx.ml", "ZipMap", &["raw"], &["scores"]),
        "classlabels_strings",
        &["low", "high"],
    );
    let graph = Message::new()
        .message(1, encoder)
        .message(1, linear)
        .message(1, zip)
        .message(11, onnx_value("colour", ONNX_STRING, &[1]))
        .message(11, onnx_value("x", FLOAT, &[2]))
        .message(12, onnx_value("label", ONNX_STRING, &[]))
        .message(12, onnx_map("scores"))
        .message(12, onnx_value("code", ONNX_INT64, &[1]));
    onnx_model(graph, &[("", 13), ("ai.onnx.ml", 2)])
}

#[test]
fn strings_integers_and_maps_go_there_and_back() {
    for choice in [RunTimeChoice::Embedded, RunTimeChoice::OnnxRuntime] {
        if !is_there(choice) {
            continue;
        }
        let model = load(&classifier(), choice).unwrap();
        let rows = [
            vec![Value::from("red"), list(&[1.0, 2.0])],
            vec![Value::from("white"), list(&[-4.0, 1.0])],
            vec![Value::Missing, list(&[1.0, 2.0])],
        ];
        let scores = score(&*model, &rows);
        // 0.25 + 1·1 + 2·2 and −1·1 + 0.5·2; 0.25 − 4 + 2 and 4 + 0.5.
        let expected = [("low", [5.25, 0.0], 3), ("high", [-1.75, 4.5], 5)];
        for (row, (label, raw, code)) in expected.into_iter().enumerate() {
            assert_eq!(scores.error(row), None, "{choice:?}");
            assert_eq!(scores.get(0, row), Value::from(label), "{choice:?}");
            assert_eq!(scores.get(2, row), Value::I64(code), "{choice:?}");
            let map = format!("{:?}", scores.get(1, row));
            for number in raw {
                assert!(map.contains(&format!("{number:?}")), "{choice:?}: {map} lacks {number}");
            }
        }
        assert_eq!(scores.error(2).map(|error| error.code), Some(ErrorCode::MissingValue), "{choice:?}");
    }
}

#[test]
fn side_files_of_an_archive_are_found() {
    let weights = floats(&[1.0, 10.0, 100.0]);
    let entry = |key: &str, value: &str| Message::new().bytes(1, key).bytes(2, value);
    let tensor = Message::new()
        .number(1, 3)
        .number(2, FLOAT)
        .bytes(8, "w")
        .message(13, entry("location", "weights.bin"))
        .message(13, entry("length", "12"))
        .number(14, 1);
    let graph = Message::new()
        .message(1, onnx_node("", "Mul", &["x", "w"], &["y"]))
        .message(5, tensor)
        .message(11, onnx_value("x", FLOAT, &[3]))
        .message(12, onnx_value("y", FLOAT, &[3]));
    let model = onnx_model(graph, &[("", 13)]);
    let archive = pack([("folder/model.onnx", model.as_slice()), ("folder/weights.bin", weights.as_slice())]);
    for choice in [RunTimeChoice::Embedded, RunTimeChoice::OnnxRuntime] {
        if !is_there(choice) {
            continue;
        }
        let scores = score(&*load(&archive, choice).unwrap(), &[vec![list(&[3.0, 2.0, 1.0])]]);
        assert_eq!(scores.get(0, 0), list(&[3.0, 20.0, 100.0]), "{choice:?}");
    }
}
