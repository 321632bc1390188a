//! The header that names the one model that made a result.

use crate::reference::ModelReference;
use crate::revision::InstalledModel;

/// Name of the header.
pub const LINEAGE_HEADER: &str = "scorewheel-lineage";

/// Opening part of the header's value: everything that is the same for all results of a model.
pub(crate) fn lineage_of_model(reference: &ModelReference) -> Vec<u8> {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        r#"{{"model":{},"version":{},"sha256":"{}","control":{},"#,
        text(reference.key.name.as_str()),
        text(&reference.version),
        reference.sha256,
        reference.offset
    )
    .into_bytes()
}

/// The header's value for results of one model from one input partition: a constant, then the offset.
///
/// Made once for a model and a partition; [`Lineage::write`] is a copy and a number.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    prefix: Vec<u8>,
}

impl Lineage {
    /// The lineage of results of `model` for records of this partition.
    #[must_use]
    pub fn new(model: &InstalledModel, topic: &str, partition: u32) -> Self {
        let mut prefix = model.lineage().to_vec();
        let place =
            format!(r#""topic":{},"partition":{partition},"offset":"#, serde_json::Value::from(topic));
        prefix.extend_from_slice(place.as_bytes());
        Self { prefix }
    }

    /// Appends the header's value for the record at `offset`: UTF-8 JSON
    /// `{"model","version","sha256","control","topic","partition","offset"}`.
    pub fn write(&self, offset: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.prefix);
        write_integer(offset, out);
        out.push(b'}');
    }
}

fn write_integer(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_decimal() {
        for number in [0, 7, 10, -1, 1_234_567_890, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_integer(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}
