//! The contract's way in.

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::model::PmmlModel;

/// PMML 3.0 to 4.4 as a [`Format`].
///
/// ```
/// use scorewheel_model::{Format, Limits, Mapping};
/// use scorewheel_pmml::PmmlFormat;
///
/// let document = br#"<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">
///   <Header/>
///   <DataDictionary><DataField name="x" optype="continuous" dataType="double"/></DataDictionary>
///   <RegressionModel functionName="regression">
///     <MiningSchema><MiningField name="x"/></MiningSchema>
///     <RegressionTable intercept="1"><NumericPredictor name="x" coefficient="2"/></RegressionTable>
///   </RegressionModel>
/// </PMML>"#;
/// let model = PmmlFormat.load(document, &Mapping::default(), &Limits::default())?;
/// assert_eq!(&*model.inputs()[0].name, "x");
/// # Ok::<(), scorewheel_model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PmmlFormat;

impl Format for PmmlFormat {
    fn name(&self) -> &'static str {
        "PMML"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[ModelType::Pmml]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        // Licences and comments may stand before the root; of UTF-16 every other byte is looked at.
        let head = &bytes[..bytes.len().min(1 << 16)];
        let narrow: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
        narrow.windows(6).any(|window| {
            matches!(window[0], b'<' | b':')
                && &window[1..5] == b"PMML"
                && (window[5].is_ascii_whitespace() || window[5] == b'>')
        })
    }

    fn load(&self, bytes: &[u8], mapping: &Mapping, limits: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        mapping.embedded_only(self.name())?;
        Ok(Arc::new(PmmlModel::load(bytes, None, mapping, limits)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_whatever_stands_before_and_behind_its_name() {
        let long =
            format!("<?xml version='1.0'?><!--{}-->\n<PMML\n version='4.4'>", "licence ".repeat(2_000));
        let wide: Vec<u8> = "<PMML version='4.4'>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [long.as_bytes(), &wide, b"<PMML>", b"<p:PMML xmlns:p='x'>"] {
            assert!(PmmlFormat.recognises(bytes));
        }
        for bytes in [&b"<html>PMML </html>"[..], b"", b"PMML "] {
            assert!(!PmmlFormat.recognises(bytes));
        }
    }
}
