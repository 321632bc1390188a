//! XGBoost's own files, as JSON (`.json`) and UBJSON (`.ubj`).
//!
//! | file | what it holds |
//! |---|---|
//! | [`document`], [`json`], [`ubjson`] | both notations, bounded, into one kind of value |
//! | [`learner`] | features, booster, constants and objective |
//! | [`objective`] | what an objective does to constants and sums |
//! | [`trees`] | the trees as an [`Ensemble`](scorewheel_trees::Ensemble) |

pub(crate) mod document;
pub(crate) mod json;
pub(crate) mod learner;
pub(crate) mod objective;
pub(crate) mod trees;
pub(crate) mod ubjson;

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::formats::check_size;

/// Where the word `learner` must stand at the latest.
const HEAD: usize = 4_096;

/// XGBoost's model files, JSON or UBJSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct XgBoostFormat;

impl Format for XgBoostFormat {
    fn name(&self) -> &'static str {
        "XGBoost"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::XgBoost]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let head = &bytes[..bytes.len().min(HEAD)];
        let learner = |quote: &[u8]| head.windows(quote.len()).any(|window| window == quote);
        match head.trim_ascii_start() {
            [b'{', b'L', 0, ..] | [b'{', b'i' | b'U', ..] => learner(b"learner"),
            [b'{', ..] => learner(b"\"learner\""),
            _ => false,
        }
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        mapping.embedded_only(self.name())?;
        check_size(bytes, limits)?;
        let text = bytes.trim_ascii_start();
        let document = match text {
            [b'{', b'L' | b'i' | b'U' | b'$' | b'#', ..] => ubjson::read_ubjson(text, limits)?,
            _ => json::read_json(text, limits)?,
        };
        Ok(Arc::new(learner::read_learner(&document, mapping)?.into_model(mapping)?))
    }
}
