//! The verdict on a model: a pure function of its message, the records' schema, the limits and the engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use scorewheel_columns::{Batch, Schema, Scores};
use scorewheel_model::{
    BoundModel, Content, DataTypeName, Format, Limits, Model, ModelDescriptor, ModelError, ModelErrorKind,
    ModelType, TypeNumbering,
};

use crate::golden::{GoldenCodec, check_golden_rows};
use crate::guard::guard;
use crate::log::Verdict;
use crate::message::{ControlMessage, ControlRecord, Put};
use crate::rejection::{Refusal, RefusalKind};
use crate::revision::InstalledModel;
use crate::watcher::fed_fields;

/// Judges models: decode, digest, load, verify, bind, golden rows, warm up. Every instance with the same formats,
/// schemas and limits comes to the same verdict on the same message.
pub struct Judge {
    formats: Vec<Arc<dyn Format>>,
    schemas: BTreeMap<DataTypeName, Arc<Schema>>,
    golden: Box<dyn GoldenCodec>,
    limits: Limits,
    numbering: TypeNumbering,
}

impl Judge {
    /// A judge with these formats, in the order in which they look at bytes of unstated type.
    #[must_use]
    pub fn new(formats: Vec<Arc<dyn Format>>, golden: impl GoldenCodec + 'static) -> Self {
        Self {
            formats,
            schemas: BTreeMap::new(),
            golden: Box::new(golden),
            limits: Limits::default(),
            numbering: TypeNumbering::default(),
        }
    }

    /// Adds a route: records of this data type have this schema.
    #[must_use]
    pub fn with_data_type(mut self, name: DataTypeName, schema: Arc<Schema>) -> Self {
        self.schemas.insert(name, schema);
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Another numbering of the types.
    #[must_use]
    pub fn with_numbering(mut self, numbering: TypeNumbering) -> Self {
        self.numbering = numbering;
        self
    }

    /// How types are numbered on the control log.
    #[must_use]
    pub fn numbering(&self) -> TypeNumbering {
        self.numbering
    }

    /// The verdict on a record of the control log that carries a model. Takes as long as the model takes to load.
    #[must_use]
    pub fn judge(&self, record: &ControlRecord<'_>) -> Verdict {
        match ControlMessage::read(record, self.numbering) {
            ControlMessage::Put(put) => self.judge_put(&put),
            ControlMessage::Refused { refusal, .. } => Verdict::Refused(refusal),
            ControlMessage::Remove { .. } => {
                Verdict::Refused(Refusal::new(RefusalKind::NoContent, "the message carries no model"))
            }
        }
    }

    /// The verdict on a message that was read before.
    #[must_use]
    pub fn judge_put(&self, put: &Put) -> Verdict {
        match guard(|| self.examine(put)) {
            Ok(Ok(model)) => Verdict::Accepted(Arc::new(model)),
            Ok(Err(refusal)) => Verdict::Refused(refusal),
            Err(panic) => {
                let reason = format!("the engine panicked while loading or checking the model: {panic}");
                Verdict::Refused(Refusal::new(RefusalKind::EnginePanicked, reason))
            }
        }
    }

    fn examine(&self, put: &Put) -> Result<InstalledModel, Refusal> {
        let descriptor = &put.descriptor;
        if let Some(location) = put.location() {
            return Err(Put::not_enabled(location));
        }
        let data_type = &put.reference.key.data_type;
        let Some(schema) = self.schemas.get(data_type) else {
            let known: Vec<&str> = self.schemas.keys().map(DataTypeName::as_str).collect();
            let reason = format!("the data type {data_type} is not configured; configured are {known:?}");
            return Err(Refusal::new(RefusalKind::UnknownDataType, reason));
        };
        let model = self.load(descriptor)?;
        let own_rows = verify(&*model)?;
        let bound = model.bind(schema, &descriptor.mapping)?;
        let golden_rows =
            check_golden_rows(&*self.golden, data_type, schema, &*bound, &descriptor.golden_rows)?;
        warm_up(&*bound, schema);
        Ok(InstalledModel::new(
            put.reference.clone(),
            descriptor.description.as_str(),
            descriptor.model_type,
            model.summary(),
            own_rows + golden_rows,
            bound,
        )
        .with_fed(fed_fields(&*model, schema, &descriptor.mapping)))
    }

    fn load(&self, descriptor: &ModelDescriptor) -> Result<Arc<dyn Model>, ModelError> {
        let Content::Data(data) = &descriptor.content else {
            return Err(ModelError::new(ModelErrorKind::UnknownFormat, "the message carries no data"));
        };
        if data.len() > self.limits.bytes {
            let message = format!("the model has {} bytes, more than {}", data.len(), self.limits.bytes);
            return Err(ModelError::new(ModelErrorKind::TooLarge, message));
        }
        if data.is_empty() {
            return Err(ModelError::new(ModelErrorKind::Malformed, "the model has no bytes"));
        }
        self.format(descriptor.model_type, data)?.load(data, &descriptor.mapping, &self.limits)
    }

    /// The stated type's format. Type 0 is also what a descriptor without a type reads as: there the bytes decide.
    fn format(&self, stated: ModelType, data: &[u8]) -> Result<&dyn Format, ModelError> {
        let promised = self.formats.iter().find(|format| format.model_types().contains(&stated));
        if stated == ModelType::TensorFlow && !promised.is_some_and(|format| format.recognises(data)) {
            let looked = self.formats.iter().find(|format| format.recognises(data));
            if let Some(format) = looked.or(promised) {
                return Ok(&**format);
            }
        }
        promised.map(|format| &**format).ok_or_else(|| {
            let known: Vec<&str> = self.formats.iter().map(|format| format.name()).collect();
            let message = format!("models of type {} are not read; read are {known:?}", stated.as_str());
            ModelError::new(ModelErrorKind::UnknownFormat, message)
        })
    }
}

fn verify(model: &dyn Model) -> Result<usize, Refusal> {
    let verification = model.verify();
    let Some(first) = verification.failures.first() else { return Ok(verification.rows) };
    let reason = format!(
        "{} of the model's own {} verification rows are not reproduced; the first: {first}",
        verification.failures.len(),
        verification.rows
    );
    Err(Refusal::new(RefusalKind::Model(ModelErrorKind::FailsVerification), reason))
}

/// Scores rows without values, so that the first record finds code and tables in memory. Says nothing about the
/// model: its answers and even a panic are ignored.
fn warm_up(bound: &dyn BoundModel, schema: &Arc<Schema>) {
    let mut batch = Batch::new(Arc::clone(schema));
    batch.resize(64);
    let _ = guard(|| {
        let mut scratch = bound.new_scratch();
        let mut scores = Scores::new();
        bound.score(&batch, 0..64, &mut scratch, &mut scores);
        bound.score(&batch, 0..1, &mut scratch, &mut scores);
    });
}
