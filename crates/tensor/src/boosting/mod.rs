//! What XGBoost's and LightGBM's files have in common: named features, an ensemble of trees or weights, and a link
//! from the sum to the prediction.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`Boosted`]: a file as it is read, and the model it becomes |
//! | [`categories`] | the categories of a feature and their codes |
//! | [`engine`] | what computes rows |
//! | [`link`] | from sums to predictions |
//! | [`exponential`] | e^x as the libraries' platform has it |
//! | [`single`] | e^x and ln x of f32, bit for bit those of the libraries' platform |

pub(crate) mod categories;
pub(crate) mod engine;
pub(crate) mod exponential;
pub(crate) mod link;
pub(crate) mod single;

use std::sync::Arc;

use scorewheel_columns::DataType;
use scorewheel_model::{InputField, Mapping, ModelError, Summary};
use scorewheel_trees::CompileError;

use crate::answers::{Answer, Answers};
use crate::boosting::categories::Categories;
use crate::boosting::engine::{BoostedEngine, Scorer};
use crate::boosting::link::Link;
use crate::element::ElementType;
use crate::error::{invalid, too_large};
use crate::model::TensorModel;
use crate::records::{Missing, Port};

/// Most features and most outputs of a file: each is a field or a number of every row.
pub(crate) const MAX_WIDTH: usize = 1 << 16;

/// A feature as its file tells it.
#[derive(Debug)]
pub(crate) struct BoostedFeature {
    pub name: Box<str>,
    /// The categories whose codes the trees read, where the file lists them.
    pub categories: Option<Categories>,
}

/// A file of a boosting library.
#[derive(Debug)]
pub(crate) struct Boosted {
    pub format: String,
    pub kind: String,
    /// Further facts for people.
    pub details: Vec<(String, String)>,
    pub features: Vec<BoostedFeature>,
    pub scorer: Scorer,
    /// Sums a row.
    pub outputs: usize,
    pub link: Link,
    /// The precision in which the library takes numbers and answers.
    pub element: ElementType,
}

impl Boosted {
    /// The model of this file: one input a feature, one output, `score`.
    ///
    /// # Errors
    /// The mapping does not fit.
    pub fn into_model(self, mapping: &Mapping) -> Result<TensorModel, ModelError> {
        let width = self.link.width(self.outputs);
        let answer = Answer {
            name: "score".into(),
            element: self.element,
            shape: if width == 1 { vec![] } else { vec![width] },
            over_classes: self.link.over_classes(),
            keys: None,
        };
        let answers = Answers::new(&[answer], mapping)?;
        let mut details = vec![("features".to_owned(), self.features.len().to_string())];
        details.extend(self.details);
        let summary = Summary {
            format: self.format,
            kind: self.kind,
            producer: None,
            engine: "native".to_owned(),
            details,
        };
        let mut inputs = Vec::with_capacity(self.features.len());
        for (offset, feature) in self.features.into_iter().enumerate() {
            let data_type = feature.categories.as_ref().map_or(DataType::F64, Categories::data_type);
            let categories = feature.categories.map(Arc::new);
            let port = Port { slot: 0, offset, width: 1, missing: Missing::NotANumber, categories };
            inputs.push((InputField { name: feature.name, data_type, required: true }, port));
        }
        let engine = BoostedEngine::new(inputs.len(), self.scorer, self.outputs, self.link, self.element);
        Ok(TensorModel::new(summary, inputs, answers, Box::new(engine), mapping.clone()))
    }
}

/// What is wrong with an ensemble, as a verdict on its file.
pub(crate) fn refused(error: &CompileError) -> ModelError {
    match error {
        CompileError::TooDeep { .. } | CompileError::TooManyNodes { .. } => too_large(error.to_string()),
        _ => invalid(error.to_string()),
    }
}
