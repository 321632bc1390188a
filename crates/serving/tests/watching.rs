//! What the scorer shows of the rows that it scores, and which fields are said to feed a model.

mod common;

use std::sync::Arc;

use common::*;
use scorewheel_columns::{DataType, Field, OutputSchema, Schema, TensorElement, Values};
use scorewheel_model::{
    BoundModel, FieldStatistics, InputField, InputMapping, Mapping, Model, ModelError, ModelErrorKind,
    Summary,
};
use scorewheel_serving::*;

/// Notes what it is shown: the model, the rows, the sum of their inputs and of their answers.
#[derive(Default)]
struct Noting {
    clock: u64,
    shown: Vec<(i64, std::ops::Range<usize>, f64, f64)>,
}

impl Meter for Noting {
    fn nanoseconds(&mut self) -> u64 {
        self.clock += 100;
        self.clock
    }

    fn scored(&mut self, rows: &ScoredRows<'_>) {
        let fed = &rows.installed.fed[0];
        let Values::F64(inputs) = rows.batch.column(fed.field).values() else { panic!("{}", fed.name) };
        let inputs = inputs[rows.rows.clone()].iter().sum();
        let answers = (0..rows.rows.len()).filter_map(|row| rows.scores.get(0, row).as_f64()).sum();
        self.shown.push((rows.installed.reference.offset, rows.rows.clone(), inputs, answers));
    }
}

#[test]
fn each_run_of_rows_is_shown_with_its_model_and_answers() {
    let instance = Instance::started(vec![
        Message::put(0, "wine", "a", "line: scale=2"),
        Message::put(1, "beer", "b", "line: scale=3"),
    ]);
    let mut scorer = Scorer::new(TextDecoder::new(), Policies::default());
    let mut meter = Noting::default();
    // The third is read as wine and is a beer, which makes three runs of one batch.
    let records = TextRecords::of(&["wine:1", "wine:2", "wine:5@beer", "wine:4", "beer:7", "rock:1"]);
    let scored = scorer.score(instance.revision(), &records, 0..records.len(), &mut meter);
    assert_eq!(scored.taken(), 6);
    let expected = [(0, 0..2, 3.0, 6.0), (1, 2..3, 5.0, 15.0), (0, 3..4, 4.0, 8.0), (1, 0..1, 7.0, 21.0)];
    assert_eq!(meter.shown, expected);
    // Showing takes no part of the time.
    let times: Vec<u64> = scored.tally().results().iter().map(|results| results.nanoseconds).collect();
    assert!(times.iter().all(|time| *time <= 100), "{times:?}");
}

#[test]
fn rows_of_a_call_that_panicked_are_not_shown() {
    let instance = Instance::started(vec![Message::put(0, "wine", "a", "line: panic=5")]);
    let mut scorer = Scorer::new(TextDecoder::new(), Policies::default());
    let mut meter = Noting::default();
    let records = TextRecords::of(&["1", "5"]);
    let taken = scorer.score(instance.revision(), &records, 0..2, &mut meter).taken();
    assert_eq!((taken, meter.shown.len()), (2, 0));
}

/// Only its inputs and what it says of its training matter.
#[derive(Debug)]
struct Inputs(Vec<InputField>, Vec<FieldStatistics>, Arc<OutputSchema>);

impl Model for Inputs {
    fn summary(&self) -> Summary {
        Summary::default()
    }

    fn inputs(&self) -> &[InputField] {
        &self.0
    }

    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.2
    }

    fn training_statistics(&self) -> &[FieldStatistics] {
        &self.1
    }

    fn bind(&self, _: &Arc<Schema>, _: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
        Err(ModelError::new(ModelErrorKind::Unsupported, "nobody asks"))
    }
}

#[test]
fn fields_that_feed_a_model_are_named_as_the_model_does_and_stand_once() {
    let fields = ["fixed_acidity", "pH", "alcohol"].map(|name| Field::new(name, DataType::F64));
    let schema = Schema::new(fields.to_vec()).unwrap();
    let input = |name: &str, data_type, required| InputField { name: name.into(), data_type, required };
    let vector = DataType::Tensor { element: TensorElement::F32, shape: Box::new([2]) };
    let statistics =
        FieldStatistics { input: "fixed acidity".into(), rows: Some(7.0), ..FieldStatistics::default() };
    let inputs = vec![
        input("fixed acidity", DataType::F64, true),
        input("colour", DataType::Text, false),
        input("x", vector, true),
    ];
    let model = Inputs(inputs, vec![statistics.clone()], Arc::default());
    let mapping = Mapping {
        inputs: vec![InputMapping {
            input: "x".into(),
            fields: vec!["alcohol".into(), "fixed_acidity".into()],
        }],
        ..Mapping::default()
    };
    let fed = fed_fields(&model, &schema, &mapping);
    let told: Vec<_> = fed.iter().map(|fed| (&*fed.name, fed.field, fed.training.clone())).collect();
    assert_eq!(told, [("fixed acidity", 0, Some(statistics)), ("alcohol", 2, None)]);
}
