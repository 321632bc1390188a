//! A loaded document.

use std::sync::Arc;

use bumpalo::Bump;
use scorewheel_columns::{OutputSchema, Schema};
use scorewheel_model::{
    BoundModel, FieldStatistics, InputField, Limits, Mapping, Model, ModelError, ModelErrorKind, Summary,
    Verification,
};

use crate::document::Document;
use crate::fault::{Fault, Result as Read};
use crate::plan::Plan;
use crate::reader::{Xml, encoding};
use crate::score::Bound;
use crate::verify::VerificationRows;

/// A loaded PMML document: one of its models, compiled.
#[derive(Debug)]
pub struct PmmlModel {
    plan: Arc<Plan>,
    summary: Summary,
    verification: VerificationRows,
    statistics: Arc<[FieldStatistics]>,
}

impl PmmlModel {
    /// Reads and compiles a document: the model named `name`, else the first that is scorable.
    ///
    /// # Errors
    /// [`ModelError`] with line, column and element path if the document is bad.
    pub fn load(
        bytes: &[u8],
        name: Option<&str>,
        mapping: &Mapping,
        limits: &Limits,
    ) -> Result<Self, ModelError> {
        let _ = mapping;
        if bytes.len() > limits.bytes || u32::try_from(bytes.len()).is_err() {
            let message = format!("the document has {} bytes, more than {}", bytes.len(), limits.bytes);
            return Err(ModelError::new(ModelErrorKind::TooLarge, message));
        }
        let source = encoding::decode(bytes).map_err(|fault| fault.locate(""))?;
        Self::compile(&source, name, limits).map_err(|fault| fault.locate(&source))
    }

    fn compile(source: &str, name: Option<&str>, limits: &Limits) -> Read<Self> {
        let arena = Bump::new();
        let mut xml = Xml::new(source, &arena, *limits);
        let document = Document::read(&mut xml)?;
        let index = choose(&document, name)?;
        let plan = crate::compile::compile(&document, index)?;
        let head = &document.models[index].head;
        let mut details = Vec::new();
        if let Some(model_name) = head.model_name {
            details.push(("model name".to_owned(), model_name.to_owned()));
        }
        if let Some(algorithm) = head.algorithm_name {
            details.push(("algorithm".to_owned(), algorithm.to_owned()));
        }
        if document.models.len() > 1 {
            details.push(("models in the document".to_owned(), document.models.len().to_string()));
        }
        if plan.models.len() > 1 {
            details.push(("segments, nested ones included".to_owned(), (plan.models.len() - 1).to_string()));
        }
        for reservation in &plan.reservations {
            details.push(("records that read it fail".to_owned(), reservation.clone()));
        }
        let summary = Summary {
            format: match document.version {
                Some(version) => format!("PMML {version}"),
                None => "PMML".to_owned(),
            },
            kind: head.element.to_owned(),
            producer: document.producer.map(|(name, version)| match version {
                Some(version) => format!("{name} {version}"),
                None => name.to_owned(),
            }),
            engine: "native".to_owned(),
            details,
        };
        let (verification, statistics) = (VerificationRows::of(head), Arc::clone(&head.statistics));
        Ok(Self { plan: Arc::new(plan), summary, verification, statistics })
    }

    /// The compiled plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
}

/// The model named so, else the first that is scorable.
fn choose(document: &Document<'_>, name: Option<&str>) -> Read<usize> {
    let found = match name {
        Some(name) => document.models.iter().position(|model| model.head.model_name == Some(name)),
        None => document.models.iter().position(|model| model.head.is_scorable),
    };
    found.ok_or_else(|| {
        let message = match name {
            Some(name) => format!("no model of the document is named {name:?}"),
            None => "no model of the document is scorable".to_owned(),
        };
        Fault::whole(ModelErrorKind::Invalid, message)
    })
}

impl Model for PmmlModel {
    fn summary(&self) -> Summary {
        self.summary.clone()
    }

    fn inputs(&self) -> &[InputField] {
        &self.plan.input_fields
    }

    fn outputs(&self) -> &Arc<OutputSchema> {
        &self.plan.answer.schema
    }

    fn training_statistics(&self) -> &[FieldStatistics] {
        &self.statistics
    }

    fn verify(&self) -> Verification {
        self.verification.verify(self)
    }

    fn bind(&self, schema: &Arc<Schema>, mapping: &Mapping) -> Result<Arc<dyn BoundModel>, ModelError> {
        Ok(Arc::new(Bound::new(Arc::clone(&self.plan), schema, mapping)?))
    }
}
