//! The original's frozen graph against TensorFlow's own answers for all rows.

mod support;

use scorewheel_columns::{OutputValues, Scores, Value};
use scorewheel_model::{Format, Limits, Mapping, ModelErrorKind, OutputMapping};
use scorewheel_tensor::FrozenGraphFormat;
use support::{near, shared, wine};

#[test]
fn the_frozen_graph_agrees_with_tensorflow() {
    let Some(bytes) = shared("data/wine/optimized_WineQuality.pb") else { return };
    let Some(expected) = support::reference("optimized_WineQuality.tensorflow.csv") else { return };
    let Some(batch) = wine() else { return };
    assert!(FrozenGraphFormat.recognises(&bytes));
    let model = FrozenGraphFormat.load(&bytes, &Mapping::default(), &Limits::default()).unwrap();
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scratch = bound.new_scratch();
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
    assert_eq!(scores.rows(), expected.len());
    for (row, expected) in expected.iter().enumerate() {
        let (argmax, probabilities) = expected.split_last().unwrap();
        assert_eq!(scores.get(0, row), Value::I64(*argmax as i64), "row {row}");
        let Value::List(found) = scores.get(1, row) else { panic!("row {row}: no list") };
        for (found, expected) in found.iter().zip(probabilities) {
            assert!(near(found.as_f64().unwrap(), *expected, 1e-5), "row {row}: {found} {expected}");
        }
        assert_eq!(found.len(), 9);
    }
    assert_eq!(scores.schema().fields[1].name.as_deref(), Some("dense_3/Sigmoid"));
}

#[test]
fn the_bits_do_not_depend_on_the_batch() {
    let Some(bytes) = shared("data/wine/optimized_WineQuality.pb") else { return };
    let Some(batch) = wine() else { return };
    let model = FrozenGraphFormat.load(&bytes, &Mapping::default(), &Limits::default()).unwrap();
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scratch = bound.new_scratch();
    let bits = |scores: &Scores| -> Vec<u64> {
        let OutputValues::Numbers { numbers, .. } = &scores.columns()[1].values else { panic!("numbers") };
        numbers.iter().map(|number| number.to_bits()).collect()
    };
    let mut scores = Scores::new();
    bound.score(&batch, 0..batch.rows(), &mut scratch, &mut scores);
    let whole = bits(&scores);
    for size in [1, 2, 3, 15, 16, 17, 255, 257] {
        let mut found = Vec::new();
        for start in (0..batch.rows()).step_by(size) {
            bound.score(&batch, start..batch.rows().min(start + size), &mut scratch, &mut scores);
            found.extend(bits(&scores));
        }
        assert!(found == whole, "batches of {size}");
    }
}

#[test]
fn the_mapping_names_classes_and_outputs() {
    let Some(bytes) = shared("data/wine/optimized_WineQuality.pb") else { return };
    let Some(batch) = wine() else { return };
    let load = |output: OutputMapping| {
        let mapping = Mapping { output, ..Mapping::default() };
        FrozenGraphFormat.load(&bytes, &mapping, &Limits::default())
    };
    let classes: Vec<Box<str>> = (0..9).map(|class| format!("grade {class}").into()).collect();
    let model = load(OutputMapping { classes: classes.clone(), ..OutputMapping::default() }).unwrap();
    let bound = model.bind(batch.schema(), &Mapping::default()).unwrap();
    let mut scores = Scores::new();
    bound.score(&batch, 0..1, &mut bound.new_scratch(), &mut scores);
    assert_eq!(scores.get(0, 0), Value::from("grade 5"));

    let hidden =
        load(OutputMapping { score: Some("dense_2/Relu".into()), ..OutputMapping::default() }).unwrap();
    let bound = hidden.bind(batch.schema(), &Mapping::default()).unwrap();
    bound.score(&batch, 0..1, &mut bound.new_scratch(), &mut scores);
    let Value::List(found) = scores.get(0, 0) else { panic!("a list") };
    assert_eq!((found.len(), scores.columns().len()), (8, 1));

    let few = load(OutputMapping { classes: classes[..3].to_vec(), ..OutputMapping::default() });
    assert_eq!(few.unwrap_err().kind, ModelErrorKind::WrongSchema);
    let unknown =
        load(OutputMapping { score: Some("dense_9".into()), ..OutputMapping::default() }).unwrap_err();
    assert!(unknown.message.contains("dense_3/Sigmoid"), "{unknown}");
}
