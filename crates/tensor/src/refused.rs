//! Formats that are refused by name, with what to do instead.

use std::sync::Arc;

use scorewheel_model::{Format, Limits, Mapping, Model, ModelError, ModelType};

use crate::error::unsupported;

/// Model formats that nothing here scores; they are known so that the refusal can say what to export instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct RefusedFormats;

/// Bytes at the start and end of a file that are searched for names.
const SEARCHED: usize = 1 << 16;

impl Format for RefusedFormats {
    fn name(&self) -> &'static str {
        "none of CatBoost, H2O, TensorFlow Lite, Keras, TorchScript"
    }

    fn model_types(&self) -> &'static [ModelType] {
        &[]
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        refusal(bytes).is_some()
    }

    fn load(&self, bytes: &[u8], _: &Mapping, _: &Limits) -> Result<Arc<dyn Model>, ModelError> {
        Err(unsupported(refusal(bytes).unwrap_or("a model of no known format")))
    }
}

fn refusal(bytes: &[u8]) -> Option<&'static str> {
    let contains = |part: &[u8], text: &str| part.windows(text.len()).any(|window| window == text.as_bytes());
    let head = &bytes[..bytes.len().min(SEARCHED)];
    if bytes.starts_with(b"CBM1") {
        return Some("a CatBoost file; save the model with format=\"onnx\" or format=\"pmml\"");
    }
    if bytes.get(4..8) == Some(b"TFL3") {
        return Some("a TensorFlow Lite file; publish the SavedModel that it was made of");
    }
    if bytes.starts_with(b"\x89HDF\r\n") {
        return Some("a Keras HDF5 file; save the model as a SavedModel with model.export()");
    }
    // Parameters of fixed size come before the first names, which have their lengths before them.
    let named = &head[..head.len().min(512)];
    let old = bytes.starts_with(b"binf")
        || (contains(named, "gbtree\0")
            | contains(named, "gblinear")
            | contains(named, "\x06\0\0\0\0\0\0\0gbtree"))
            && !head.trim_ascii_start().starts_with(b"{");
    if old {
        return Some(
            "an XGBoost file of the old binary format; load it with XGBoost before 3.1 and save it as .json or .ubj",
        );
    }
    if bytes.starts_with(b"PK") {
        let tail = &bytes[bytes.len().saturating_sub(SEARCHED)..];
        let has = |text: &str| contains(head, text) || contains(tail, text);
        if has("model.ini") {
            return Some("an H2O MOJO; export the model as PMML or ONNX");
        }
        if has("model.weights.h5") {
            return Some("a .keras file; save the model as a SavedModel with model.export()");
        }
        if has("/data.pkl") {
            return Some("a PyTorch file; export the model with torch.onnx.export");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::formats;

    #[test]
    fn each_is_refused_by_name() {
        let old = [&[0; 136][..], b"\x0f\0\0\0\0\0\0\0binary:logistic\x06\0\0\0\0\0\0\0gbtree"].concat();
        for (bytes, word) in [
            (&b"CBM1...."[..], "CatBoost"),
            (b"\x1c\0\0\0TFL3", "Lite"),
            (b"binf....", "old binary"),
            (&old, "old binary"),
            (b"PK\x03\x04 model.ini", "H2O"),
            (b"PK\x03\x04 model.weights.h5", ".keras"),
            (b"PK\x03\x04 archive/data.pkl", "PyTorch"),
        ] {
            let error = RefusedFormats.load(bytes, &Mapping::default(), &Limits::default()).unwrap_err();
            assert!(RefusedFormats.recognises(bytes) && error.message.contains(word), "{word}: {error}");
            let names: Vec<&str> = formats()
                .iter()
                .filter(|format| format.recognises(bytes))
                .map(|format| format.name())
                .collect();
            assert_eq!(names.first(), Some(&RefusedFormats.name()), "{word}");
        }
        assert!(!RefusedFormats.recognises(b"<PMML>"));
    }
}
