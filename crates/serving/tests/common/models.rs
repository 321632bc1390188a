//! Models for tests. Shared by path with the crates above this one.

use std::ops::Range;
use std::sync::Arc;

use scorewheel_columns::{
    Batch, Cell, DataType, ErrorCode, OutputField, OutputSchema, OutputType, OutputValues, Role, RowError,
    Schema, Scores, TensorElement, Value, Values,
};
use scorewheel_model::{
    BoundInput, BoundModel, Format, InputField, Limits, Mapping, Model, ModelError, ModelErrorKind,
    ModelType, RecordError, Scratch, Summary, Verification, resolve_inputs,
};

/// A line such as `line: scale=2 panic=5`: the score is `scale` times the field `x`.
///
/// `panic=V` panics on rows where x is V, `fail=V` has no answer there (`fail=all`: nowhere), `input=NAME` reads
/// another field, `unverified` does not reproduce its own row, `panic-load` panics while it is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    scale: f64,
    panic: Option<f64>,
    fail: Option<f64>,
    fail_all: bool,
    unverified: bool,
    inputs: Vec<InputField>,
    outputs: Arc<OutputSchema>,
}

/// Reads [`Line`]s; claims to be PMML.
pub struct LineFormat;

impl Format for LineFormat {
    fn name(&self) -> &'static str {
        "line"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Pmml]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"line:")
    }

    fn load(&self, bytes: &[u8], _: &Mapping, _: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        let malformed = |message: &str| ModelError::new(ModelErrorKind::Malformed, message);
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("not text"))?;
        let text = text.strip_prefix("line:").ok_or_else(|| malformed("does not begin with `line:`"))?;
        let number = |text: &str| text.parse::<f64>().map_err(|_| malformed("not a number"));
        let outputs =
            vec![OutputField { name: Some("y".into()), role: Role::Target, output_type: OutputType::F64 }];
        let mut line = Line {
            scale: 1.0,
            panic: None,
            fail: None,
            fail_all: false,
            unverified: false,
            inputs: vec![InputField { name: "x".into(), data_type: DataType::F64, required: true }],
            outputs: Arc::new(OutputSchema::new(outputs)),
        };
        for word in text.split_whitespace() {
            match word.split_once('=').unwrap_or((word, "")) {
                ("scale", value) => line.scale = number(value)?,
                ("panic", value) => line.panic = Some(number(value)?),
                ("fail", "all") => line.fail_all = true,
                ("fail", value) => line.fail = Some(number(value)?),
                ("input", value) => line.inputs[0].name = value.into(),
                ("unverified", _) => line.unverified = true,
                ("panic-load", _) => panic!("loading went wrong"),
                _ => return Err(malformed("unknown word")),
            }
        }
        Ok(Arc::new(line))
    }
}

impl Model for Line {
    fn summary(&self) -> Summary {
        Summary { format: "line".into(), kind: "line".into(), engine: "test".into(), ..Summary::default() }
    }

    fn inputs(&self) -> &[InputField] {
        &self.inputs
    }

    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.outputs
    }

    fn verify(&self) -> Verification {
        let failures = if self.unverified { vec!["row 1 is off".to_owned()] } else { Vec::new() };
        Verification { rows: 1, failures }
    }

    fn bind(&self, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
        match resolve_inputs(schema, &self.inputs, mapping)?[0] {
            BoundInput::Field(field) => Ok(Arc::new(BoundLine { line: self.clone(), field })),
            _ => Err(ModelError::new(ModelErrorKind::WrongSchema, "x is no single field")),
        }
    }
}

struct BoundLine {
    line: Line,
    field: usize,
}

impl BoundModel for BoundLine {
    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.line.outputs
    }

    fn new_scratch(&self) -> Scratch {
        Scratch::new(0_u32)
    }

    fn score(&self, batch: &Batch, rows: Range<usize>, scratch: &mut Scratch, scores: &mut Scores) {
        assert!(scratch.state::<u32>().is_some_and(|poison| *poison == 0), "scratch of a call that panicked");
        scores.reset(&self.line.outputs, rows.len());
        let column = batch.column(self.field);
        for (at, row) in rows.enumerate() {
            if column.cell(row) != Cell::Value {
                scores.set_error(at, RowError::of_field(ErrorCode::MissingValue, 0));
                continue;
            }
            let Values::F64(values) = column.values() else { panic!("x is a number") };
            if self.line.panic == Some(values[row]) {
                *scratch.state::<u32>().expect("scratch") = 1;
                panic!("x is {}", values[row]);
            }
            if self.line.fail_all || self.line.fail == Some(values[row]) {
                scores.set_error(at, RowError::new(ErrorCode::NoAnswer));
                continue;
            }
            let OutputValues::F64(out) = &mut scores.columns_mut()[0].values else { panic!("y is a number") };
            out[at] = self.line.scale * values[row];
        }
    }

    fn explain(&self, error: RowError, batch: &Batch, row: usize) -> RecordError {
        let message = format!("{} for x = {}", error.code, batch.column(self.field).get(row));
        RecordError { error, message }
    }
}

/// A model with a string and a tensor input and a list output: `profile: width=3`. The answer to (name, tensor) is
/// the list of the name's length followed by the tensor's elements, doubled; a word of it is the name in capitals.
#[derive(Clone, Debug)]
pub struct Profile {
    inputs: Vec<InputField>,
    outputs: Arc<OutputSchema>,
}

/// Reads [`Profile`]s; claims to be ONNX.
pub struct ProfileFormat;

impl Format for ProfileFormat {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Onnx]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"profile:")
    }

    fn load(&self, bytes: &[u8], _: &Mapping, _: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        let malformed = || ModelError::new(ModelErrorKind::Malformed, "not `profile: width=N`");
        let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        let width = text.strip_prefix("profile: width=").and_then(|width| width.trim().parse::<usize>().ok());
        let width = width.ok_or_else(malformed)?;
        let tensor = DataType::Tensor { element: TensorElement::F32, shape: [width].into() };
        let input = |name: &str, data_type| InputField { name: name.into(), data_type, required: true };
        let output = |name: &str, output_type| OutputField {
            name: Some(name.into()),
            role: Role::Target,
            output_type,
        };
        Ok(Arc::new(Profile {
            inputs: vec![input("name", DataType::Text), input("signal", tensor)],
            outputs: Arc::new(OutputSchema::new(vec![
                output("profile", OutputType::Any),
                output("label", OutputType::Text),
            ])),
        }))
    }
}

impl Model for Profile {
    fn summary(&self) -> Summary {
        Summary {
            format: "profile".into(),
            kind: "profile".into(),
            engine: "test".into(),
            ..Summary::default()
        }
    }

    fn inputs(&self) -> &[InputField] {
        &self.inputs
    }

    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.outputs
    }

    fn bind(&self, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
        match resolve_inputs(schema, &self.inputs, mapping)?[..] {
            [BoundInput::Field(name), BoundInput::Field(signal)] => {
                Ok(Arc::new(BoundProfile { outputs: Arc::clone(&self.outputs), name, signal }))
            }
            _ => Err(ModelError::new(ModelErrorKind::WrongSchema, "name and signal are one field each")),
        }
    }
}

struct BoundProfile {
    outputs: Arc<OutputSchema>,
    name: usize,
    signal: usize,
}

impl BoundModel for BoundProfile {
    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.outputs
    }

    fn new_scratch(&self) -> Scratch {
        Scratch::new(())
    }

    fn score(&self, batch: &Batch, rows: Range<usize>, _: &mut Scratch, scores: &mut Scores) {
        scores.reset(&self.outputs, rows.len());
        for (at, row) in rows.enumerate() {
            let name = batch.column(self.name).get(row);
            let signal = batch.column(self.signal).get(row);
            let (list, label) = match (name.as_text(), signal) {
                (Some(name), Value::List(elements)) => {
                    let doubled =
                        elements.iter().filter_map(Value::as_f64).map(|element| Value::F64(2.0 * element));
                    let list = [Value::I64(name.len() as i64)].into_iter().chain(doubled).collect();
                    (Value::List(list), name.to_uppercase())
                }
                _ => {
                    scores.set_error(at, RowError::of_field(ErrorCode::MissingValue, 1));
                    (Value::Missing, String::new())
                }
            };
            if let OutputValues::Any(values) = &mut scores.columns_mut()[0].values {
                values[at] = list;
            }
            if let OutputValues::Text { bytes, ends } = &mut scores.columns_mut()[1].values {
                bytes.push_str(&label);
                ends.push(bytes.len() as u32);
            }
        }
    }

    fn explain(&self, error: RowError, _: &Batch, _: usize) -> RecordError {
        RecordError { error, message: format!("{}: name or signal", error.code) }
    }
}
