//! The score again, by the model that the lineage names.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use prost::bytes::Bytes;
use scorewheel::Formats;
use scorewheel_columns::{Batch, DataType, Field, Schema, Scores, Value};
use scorewheel_model::{BoundModel, Content, Digest, Limits, ModelDescriptor, Scratch, TypeNumbering};

use super::check::Violation;
use super::evidence::RawRecord;
use super::lineage::Lineage;

/// A record of the built-in data type `wine`, decoded by generated code and not by the product's plans.
#[derive(Clone, PartialEq, Message)]
struct WineRecord {
    #[prost(double, tag = "1")]
    fixed_acidity: f64,
    #[prost(double, tag = "2")]
    volatile_acidity: f64,
    #[prost(double, tag = "3")]
    citric_acid: f64,
    #[prost(double, tag = "4")]
    residual_sugar: f64,
    #[prost(double, tag = "5")]
    chlorides: f64,
    #[prost(double, tag = "6")]
    free_sulfur_dioxide: f64,
    #[prost(double, tag = "7")]
    total_sulfur_dioxide: f64,
    #[prost(double, tag = "8")]
    density: f64,
    #[prost(double, tag = "9")]
    ph: f64,
    #[prost(double, tag = "10")]
    sulphates: f64,
    #[prost(double, tag = "11")]
    alcohol: f64,
}

const FEATURES: [&str; 11] = [
    "fixed_acidity",
    "volatile_acidity",
    "citric_acid",
    "residual_sugar",
    "chlorides",
    "free_sulfur_dioxide",
    "total_sulfur_dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
];

impl WineRecord {
    fn features(&self) -> [f64; 11] {
        [
            self.fixed_acidity,
            self.volatile_acidity,
            self.citric_acid,
            self.residual_sugar,
            self.chlorides,
            self.free_sulfur_dioxide,
            self.total_sulfur_dioxide,
            self.density,
            self.ph,
            self.sulphates,
            self.alcohol,
        ]
    }
}

struct Loaded {
    sha256: String,
    model: Arc<dyn BoundModel>,
    scratch: Scratch,
}

/// Scores records again, one at a time, with the model that stands at an offset of the control log.
pub struct Rescorer {
    /// `None`: scores are not looked at.
    control: Option<BTreeMap<i64, RawRecord>>,
    schema: Arc<Schema>,
    loaded: BTreeMap<i64, Option<Loaded>>,
    formats: Formats,
    scores: Scores,
}

impl Rescorer {
    /// Scores again by the models of this control log.
    #[must_use]
    pub fn new(control: &[RawRecord]) -> Self {
        let control = control.iter().map(|message| (message.offset, message.clone())).collect();
        Self { control: Some(control), ..Self::blind() }
    }

    /// Does not look at scores.
    #[must_use]
    pub fn blind() -> Self {
        let fields = FEATURES.iter().map(|name| Field::zero_when_absent(*name, DataType::F64)).collect();
        Self {
            control: None,
            schema: Arc::new(Schema::new(fields).unwrap_or_default()),
            loaded: BTreeMap::new(),
            formats: Formats::all(),
            scores: Scores::new(),
        }
    }

    /// The violation of a result, if its score is not the one that its model gives.
    pub(crate) fn check(
        &mut self,
        partition: u32,
        record: &RawRecord,
        lineage: &Lineage,
        result: &RawRecord,
    ) -> Option<Violation> {
        let control = self.control.as_ref()?;
        let input = lineage.offset;
        let unknown = Violation::UnknownModel { partition, input, control: lineage.control };
        let loaded = self
            .loaded
            .entry(lineage.control)
            .or_insert_with(|| load(control.get(&lineage.control)?, &self.formats, &self.schema));
        let Some(loaded) = loaded.as_mut().filter(|loaded| loaded.sha256 == lineage.sha256) else {
            return Some(unknown);
        };
        let expected = expected(record, &self.schema, loaded, &mut self.scores);
        let found = result.value.as_deref().and_then(|value| serde_json::from_slice(value).ok());
        let found: serde_json::Value = found.unwrap_or_default();
        let found = &found["score"];
        if same(found, &expected) {
            return None;
        }
        let (found, expected) = (found.to_string(), expected.to_string());
        Some(Violation::WrongScore { partition, input, found, expected })
    }
}

fn load(message: &RawRecord, formats: &Formats, schema: &Arc<Schema>) -> Option<Loaded> {
    let bytes = Bytes::from(message.value.clone()?);
    let descriptor = ModelDescriptor::decode(bytes, TypeNumbering::Original).ok()?;
    let Content::Data(data) = &descriptor.content else { return None };
    let claimed = Some(descriptor.model_type);
    let model = formats.load(data, claimed, &descriptor.mapping, &Limits::default()).ok()?;
    let model = model.bind(schema, &descriptor.mapping).ok()?;
    let scratch = model.new_scratch();
    Some(Loaded { sha256: Digest::of(data).to_string(), model, scratch })
}

fn expected(record: &RawRecord, schema: &Arc<Schema>, loaded: &mut Loaded, scores: &mut Scores) -> Value {
    let Some(wine) = record.value.as_deref().and_then(|value| WineRecord::decode(value).ok()) else {
        return Value::Missing;
    };
    let mut batch = Batch::new(Arc::clone(schema));
    batch.push_row(&wine.features().map(Value::F64));
    loaded.model.score(&batch, 0..1, &mut loaded.scratch, scores);
    loaded.model.outputs().score().map_or(Value::Missing, |column| scores.get(column, 0))
}

/// Bit for bit: JSON writes the shortest text that reads back as the same number.
fn same(found: &serde_json::Value, expected: &Value) -> bool {
    match expected {
        Value::Missing => found.is_null(),
        Value::Text(text) => found.as_str() == Some(text),
        Value::I64(number) => found.as_i64() == Some(*number),
        Value::F32(number) => found.as_f64().is_some_and(|found| found as f32 == *number),
        Value::F64(number) if number.is_finite() => {
            found.as_f64().map(f64::to_bits) == Some(number.to_bits())
        }
        Value::F64(number) if number.is_nan() => found.as_str() == Some("NaN"),
        Value::F64(number) => found.as_str() == Some(if *number > 0.0 { "Infinity" } else { "-Infinity" }),
        _ => false,
    }
}
