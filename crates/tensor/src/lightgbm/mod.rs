//! LightGBM's own text files.
//!
//! | file | what it holds |
//! |---|---|
//! | [`text`] | sections of `key=value` lines |
//! | [`booster`] | features, categories, trees and objective |
//! | [`objective`] | what an objective does to sums |
//! | [`trees`] | one tree |

pub(crate) mod booster;
pub(crate) mod objective;
pub(crate) mod text;
pub(crate) mod trees;

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::error::malformed;
use crate::formats::check_size;

/// LightGBM's model files.
#[derive(Clone, Copy, Debug, Default)]
pub struct LightGbmFormat;

impl Format for LightGbmFormat {
    fn name(&self) -> &'static str {
        "LightGBM"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::LightGbm]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let head = bytes[..bytes.len().min(64)].trim_ascii_start();
        head.strip_prefix(b"tree").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"version="))
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        mapping.embedded_only(self.name())?;
        check_size(bytes, limits)?;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("the LightGBM file is not UTF-8"))?;
        Ok(Arc::new(booster::read_booster(text, limits)?.into_model(mapping)?))
    }
}
