//! What XGBoost's and LightGBM's files have in common: named features, an ensemble of trees or weights, and a link
//! from the sum to the prediction.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@self`] | [`Boosted`]: a file as it is read, and the model it becomes |
//! | [`categories`] | the categories of a feature and their codes |
//! | [`engine`] | what computes rows |
//! | [`link`] | from sums to predictions |

pub(crate) mod categories;
pub(crate) mod engine;
pub(crate) mod link;

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
        let (mut numbers, mut texts) = (0, 0);
        for feature in &self.features {
            let text = feature.categories.as_ref().is_some_and(Categories::are_texts);
            let next = if text { &mut texts } else { &mut numbers };
            let port =
                Port { slot: usize::from(text), offset: *next, width: 1, missing: Missing::NotANumber };
            *next += 1;
            let data_type = if text { DataType::Text } else { DataType::F64 };
            inputs.push((InputField { name: feature.name.clone(), data_type, required: true }, port));
        }
        let categories = self.features.into_iter().map(|feature| feature.categories).collect();
        let engine = BoostedEngine::new(categories, self.scorer, self.outputs, self.link, self.element);
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
