//! The header that says which model made a result, and from which record.

use crate::text::{write_i64, write_string};

/// Name of the header.
pub const LINEAGE_HEADER: &str = "scorewheel-lineage";

/// The lineage of a model's results from one topic: what is constant is encoded once for a revision.
///
/// ```
/// use scorewheel_codecs::Lineage;
///
/// let lineage = Lineage::new("forest", "@12", "ba78", 12, "models_data");
/// let mut header = Vec::new();
/// lineage.write(3, 41, &mut header);
/// let text = r#"{"model":"forest","version":"@12","sha256":"ba78","control":12,"topic":"models_data","partition":3,"offset":41}"#;
/// assert_eq!(header, text.as_bytes());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    constant: Box<[u8]>,
}

impl Lineage {
    /// The lineage of results of the model `model` in `version` with the digest `sha256` (hexadecimal), which the
    /// control log has at offset `control`; the records come from `topic`.
    #[must_use]
    pub fn new(model: &str, version: &str, sha256: &str, control: i64, topic: &str) -> Self {
        let mut out = Vec::new();
        for (name, text) in [("{\"model\":", model), (",\"version\":", version), (",\"sha256\":", sha256)] {
            out.extend_from_slice(name.as_bytes());
            write_string(&mut out, text);
        }
        out.extend_from_slice(b",\"control\":");
        write_i64(&mut out, control);
        out.extend_from_slice(b",\"topic\":");
        write_string(&mut out, topic);
        out.extend_from_slice(b",\"partition\":");
        Self { constant: out.into() }
    }

    /// Appends the header's value for the record at `offset` of `partition`.
    #[inline]
    pub fn write(&self, partition: i32, offset: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.constant);
        out.extend_from_slice(itoa::Buffer::new().format(partition).as_bytes());
        out.extend_from_slice(b",\"offset\":");
        out.extend_from_slice(itoa::Buffer::new().format(offset).as_bytes());
        out.push(b'}');
    }

    /// The same for one of several results of the record: `place`, from 1, of `of`. Two further members say so.
    ///
    /// ```
    /// use scorewheel_codecs::Lineage;
    ///
    /// let mut header = Vec::new();
    /// Lineage::new("forest", "@12", "ba78", 12, "models_data").write_shared(3, 41, 2, 3, &mut header);
    /// assert!(header.ends_with(br#","offset":41,"place":2,"of":3}"#));
    /// ```
    pub fn write_shared(&self, partition: i32, offset: i64, place: u32, of: u32, out: &mut Vec<u8>) {
        self.write(partition, offset, out);
        out.pop();
        for (name, figure) in [(&b",\"place\":"[..], place), (b",\"of\":", of)] {
            out.extend_from_slice(name);
            out.extend_from_slice(itoa::Buffer::new().format(figure).as_bytes());
        }
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json_whatever_the_names_are() {
        let mut out = Vec::new();
        Lineage::new("a\"b", "ü", "00", -1, "t").write(0, i64::MAX, &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["model"], &value["version"]), (&"a\"b".into(), &"ü".into()));
        assert_eq!((value["control"].as_i64(), value["offset"].as_i64()), (Some(-1), Some(i64::MAX)));
    }
}
