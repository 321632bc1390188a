//! What a mapping can say, and every way in which it can be wrong.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, ErrorCode, Field, Schema, Scores, Value};
use scorewheel_model::{
    FieldCodes, Format, InputMapping, LabelRule, Limits, Mapping, Model, ModelError, ModelErrorKind,
    OutputMapping, RunTimeChoice,
};
use scorewheel_tensor::{OnnxFormat, XgBoostFormat};
use support::onnx::{node, onnx};

/// Three numbers a row, and what the operator makes of them.
fn load(operator: &str, mapping: &Mapping) -> Result<Arc<dyn Model>, ModelError> {
    OnnxFormat.load(&onnx(&[node(&["x"], &["y"], operator, "")], 17), mapping, &Limits::default())
}

/// Records of a colour and three numbers.
fn schema() -> Arc<Schema> {
    let mut fields = vec![Field::new("colour", DataType::Text)];
    fields.extend(["a", "b", "c"].map(|name| Field::new(name, DataType::F64)));
    Arc::new(Schema::new(fields).unwrap())
}

fn inputs(fields: &[&str]) -> Mapping {
    let fields = fields.iter().map(|field| (*field).into()).collect();
    Mapping { inputs: vec![InputMapping { input: "x".into(), fields }], ..Mapping::default() }
}

fn coded(field: &str, strings: &[&str]) -> Mapping {
    let strings = strings.iter().map(|string| (*string).into()).collect();
    Mapping { codes: vec![FieldCodes { field: field.into(), strings }], ..inputs(&["a", "colour", "b"]) }
}

fn output(score: Option<&str>, classes: &[&str], label: LabelRule) -> Mapping {
    let classes = classes.iter().map(|class| (*class).into()).collect();
    Mapping { output: OutputMapping { score: score.map(Into::into), classes, label }, ..Mapping::default() }
}

/// The scores of two records, red and green.
fn scores(model: &dyn Model, mapping: &Mapping) -> Scores {
    let schema = schema();
    let bound = model.bind(&schema, mapping).unwrap();
    let mut batch = Batch::new(schema);
    let row = |colour: &str| [Value::from(colour), Value::F64(-1.0), Value::F64(2.0), Value::F64(0.5)];
    batch.push_row(&row("red"));
    batch.push_row(&row("green"));
    let mut scores = Scores::new();
    bound.score(&batch, 0..2, &mut bound.new_scratch(), &mut scores);
    scores
}

fn numbers(numbers: &[f64]) -> Value {
    Value::List(numbers.iter().map(|number| Value::F64(*number)).collect())
}

#[test]
fn fields_go_in_the_order_of_the_list_and_strings_become_their_codes() {
    let mapping = coded("colour", &["white", "red"]);
    for (stated, bound) in [(&mapping, &Mapping::default()), (&Mapping::default(), &mapping)] {
        let scores = scores(&*load("Neg", stated).unwrap(), bound);
        assert_eq!(scores.get(0, 0), numbers(&[1.0, -1.0, -2.0]));
        let error = scores.error(1).unwrap();
        assert_eq!((error.code, error.field), (ErrorCode::InvalidValue, Some(0)), "green has no code");
    }
}

#[test]
fn without_a_mapping_a_vector_takes_the_numeric_fields_and_says_so() {
    let model = load("Neg", &Mapping::default()).unwrap();
    assert_eq!(scores(&*model, &Mapping::default()).get(0, 0), numbers(&[1.0, -2.0, -0.5]));
    let notes = model.bind(&schema(), &Mapping::default()).unwrap().notes().to_vec();
    assert_eq!(notes, ["input \"x\" takes the 3 numeric fields in the order of the schema: a, b, c"]);
    let stated = model.bind(&schema(), &inputs(&["c", "b", "a"])).unwrap();
    assert!(stated.notes().is_empty());
}

#[test]
fn the_mapping_says_how_a_vector_becomes_a_label() {
    let first = |operator: &str, mapping: &Mapping| {
        scores(&*load(operator, mapping).unwrap(), &Mapping::default()).get(0, 0)
    };
    // Fields are −1, 2, 0.5: the second is the largest.
    assert_eq!(first("Relu", &Mapping::default()), numbers(&[0.0, 2.0, 0.5]));
    assert_eq!(first("Relu", &output(None, &[], LabelRule::Largest)), Value::I64(1));
    let named = output(Some("y"), &["low", "high", "middle"], LabelRule::Model);
    assert_eq!(first("Relu", &named), Value::from("high"));
    assert_eq!(first("Softmax", &Mapping::default()), Value::I64(1));
    assert!(matches!(first("Softmax", &output(None, &[], LabelRule::None)), Value::List(_)));
    // The numbers are kept beside the label.
    let labelled = scores(&*load("Relu", &named).unwrap(), &Mapping::default());
    assert_eq!(labelled.get(1, 0), numbers(&[0.0, 2.0, 0.5]));
}

#[test]
fn a_mapping_that_does_not_fit_says_what_does_not() {
    let model = load("Neg", &Mapping::default()).unwrap();
    let twice =
        Mapping { inputs: [inputs(&["a"]).inputs, inputs(&["b"]).inputs].concat(), ..Mapping::default() };
    let other = Mapping {
        inputs: vec![InputMapping { input: "z".into(), fields: vec!["a".into()] }],
        ..Mapping::default()
    };
    let bind = |mapping: &Mapping| model.bind(&schema(), mapping).err().unwrap();
    for (mapping, words) in [
        (inputs(&["a", "b", "d"]), &["\"x\" is mapped", "\"d\""][..]),
        (inputs(&["a", "b"]), &["takes 3 numbers", "2 fields"]),
        (inputs(&[]), &["mapped to no field"]),
        (inputs(&["a", "b", "colour"]), &["\"colour\" (string) cannot feed input \"x\""]),
        (twice, &["\"x\" twice"]),
        (other, &["\"z\"", "[\"x\"]"]),
        (coded("color", &["red"]), &["codes a field", "\"color\""]),
        (coded("a", &["red"]), &["\"a\"", "no strings but f64"]),
        (coded("colour", &[]), &["\"colour\" without strings"]),
        (coded("colour", &["red", "red"]), &["\"red\"", "twice"]),
        (
            Mapping { inputs: inputs(&["a", "b", "c"]).inputs, ..coded("colour", &["red"]) },
            &["feeds no input"],
        ),
    ] {
        let error = bind(&mapping);
        assert_eq!(error.kind, ModelErrorKind::WrongSchema, "{error}");
        words.iter().for_each(|word| assert!(error.message.contains(word), "{error} lacks {word:?}"));
    }
}

#[test]
fn an_output_mapping_that_does_not_fit_says_what_does_not() {
    for (mapping, words) in [
        (output(Some("z"), &[], LabelRule::Model), &["\"z\"", "[\"y\"]"][..]),
        (output(None, &["low", "high"], LabelRule::Model), &["2 classes", "tells 3 apart"]),
        (output(None, &[], LabelRule::AboveHalf), &["3 values", "above-half"]),
        (output(None, &["low", "high", "middle"], LabelRule::None), &["no label"]),
    ] {
        let error = load("Relu", &mapping).unwrap_err();
        assert_eq!(error.kind, ModelErrorKind::WrongSchema, "{error}");
        words.iter().for_each(|word| assert!(error.message.contains(word), "{error} lacks {word:?}"));
    }
}

#[test]
fn what_only_we_evaluate_goes_to_no_other_run_time() {
    let mapping = Mapping { run_time: RunTimeChoice::OnnxRuntime, ..Mapping::default() };
    let error = XgBoostFormat.load(b"{\"learner\":{}}", &mapping, &Limits::default()).unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::Unsupported);
    assert!(error.message.contains("\"onnxruntime\" evaluates no XGBoost"), "{error}");
}
