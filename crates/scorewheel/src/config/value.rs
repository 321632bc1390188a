//! The types of settings.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// One value as text: `100ms`, `true`, `8`.
    One(String),
    /// A list.
    List(Vec<String>),
    /// A table of texts.
    Map(BTreeMap<String, String>),
}

/// A type that a setting can have.
pub trait SettingValue: Sized {
    /// What to write, for people: `duration`, `"a" | "b"`.
    fn kind() -> String;

    /// Reads a value as it was written.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the setting's name.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// The value as it would be written in TOML; `None` if there is none.
    fn toml(&self) -> Option<String>;
}

fn one(raw: &Raw, wanted: &str) -> Result<String, String> {
    match raw {
        Raw::One(text) => Ok(text.trim().to_owned()),
        Raw::List(_) => Err(format!("is a list; write {wanted}")),
        Raw::Map(_) => Err(format!("is a table; write {wanted}")),
    }
}

/// A text as a TOML string.
#[must_use]
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl SettingValue for String {
    fn kind() -> String {
        "text".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = one(raw, "one text")?;
        if text.is_empty() { Err("is empty".into()) } else { Ok(text) }
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl SettingValue for PathBuf {
    fn kind() -> String {
        "path".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        String::read(raw).map(Into::into)
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl SettingValue for bool {
    fn kind() -> String {
        "true | false".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match one(raw, "true or false")?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(format!("is {other:?}; write true or false")),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_number {
    ($($type:ty),*) => {$(
        impl SettingValue for $type {
            fn kind() -> String {
                "whole number".into()
            }

            fn read(raw: &Raw) -> Result<Self, String> {
                let text = one(raw, "a whole number")?;
                text.replace('_', "")
                    .parse()
                    .map_err(|_| format!("is {text:?}; write a whole number from {} to {}", Self::MIN, Self::MAX))
            }

            fn toml(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

whole_number!(u16, u32);

impl SettingValue for f64 {
    fn kind() -> String {
        "number".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = one(raw, "a number")?;
        text.parse::<Self>()
            .ok()
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("is {text:?}; write a number"))
    }

    fn toml(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

/// A span of time: `100ms`, `5s`, `10m`, `2h`, `7d`; a bare number is milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

impl Period {
    /// So many milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Reads `100ms`, `5s` and so on.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let millis: Option<u64> = match unit.trim() {
            "ms" | "" => Some(1),
            "s" => Some(1000),
            "m" | "min" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok();
        match (number, millis) {
            (Some(number), Some(millis)) => number.checked_mul(millis).map(Self::millis),
            _ => None,
        }
        .ok_or_else(|| format!("is {text:?}; write a duration such as 100ms, 5s, 10m, 2h, or milliseconds"))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
            if millis > 0 && millis.is_multiple_of(length) {
                return write!(f, "{}{unit}", millis / length);
            }
        }
        write!(f, "{millis}ms")
    }
}

impl SettingValue for Period {
    fn kind() -> String {
        "duration".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        Self::parse(&one(raw, "a duration such as 100ms")?)
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A number of bytes: `64MiB`, `512KiB`, `1MB`; a bare number is bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Bytes {
    /// So many mebibytes.
    #[must_use]
    pub const fn mebibytes(count: u64) -> Self {
        Self(count << 20)
    }

    /// The number, as much of it as this machine can address.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
            if self.0 > 0 && self.0.trailing_zeros() >= shift {
                return write!(f, "{}{unit}", self.0 >> shift);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl SettingValue for Bytes {
    fn kind() -> String {
        "size".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = one(raw, "a size such as 64MiB")?;
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: Option<u64> = match unit.trim() {
            "B" | "" => Some(1),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            "kB" | "KB" => Some(1000),
            "MB" => Some(1_000_000),
            "GB" => Some(1_000_000_000),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok();
        match (number, factor) {
            (Some(number), Some(factor)) => number.checked_mul(factor).map(Self),
            _ => None,
        }
        .ok_or_else(|| format!("is {text:?}; write a size such as 64MiB, 512KiB, or bytes"))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

/// What stands for a secret where it would be shown.
pub const HIDDEN: &str = "(hidden)";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl SettingValue for Secret {
    fn kind() -> String {
        "secret text".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        String::read(raw).map(Self)
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(HIDDEN))
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn kind() -> String {
        T::kind()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        T::read(raw).map(Some)
    }

    fn toml(&self) -> Option<String> {
        self.as_ref().and_then(T::toml)
    }
}

impl SettingValue for Vec<String> {
    fn kind() -> String {
        "list of texts".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::One(text) => {
                Ok(text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect())
            }
            Raw::List(list) => Ok(list.clone()),
            Raw::Map(_) => Err("is a table; write a list of texts".into()),
        }
    }

    fn toml(&self) -> Option<String> {
        let items: Vec<String> = self.iter().map(|text| quoted(text)).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// The kind of settings that have entries of their own: one of them may be named by file, environment and flag.
pub const TABLE_OF_TEXTS: &str = "table of texts";

impl SettingValue for BTreeMap<String, String> {
    fn kind() -> String {
        TABLE_OF_TEXTS.into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Map(map) => Ok(map.clone()),
            _ => Err("is one value; write a table".into()),
        }
    }

    fn toml(&self) -> Option<String> {
        let hide =
            |name: &str| ["password", "secret", "private", "key.pem"].iter().any(|word| name.contains(word));
        let entry = |(name, value): (&String, &String)| {
            format!("{} = {}", quoted(name), quoted(if hide(name) { HIDDEN } else { value }))
        };
        let entries: Vec<String> = self.iter().map(entry).collect();
        Some(if entries.is_empty() { "{}".into() } else { format!("{{ {} }}", entries.join(", ")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Raw {
        Raw::One(text.into())
    }

    #[test]
    fn periods() {
        for (text, millis, shown) in [
            ("100ms", 100, "100ms"),
            ("250", 250, "250ms"),
            ("5s", 5000, "5s"),
            ("90s", 90_000, "90s"),
            ("10m", 600_000, "10m"),
            ("2h", 7_200_000, "2h"),
            ("0", 0, "0ms"),
        ] {
            let period = Period::read(&one(text)).unwrap();
            assert_eq!((period, period.to_string().as_str()), (Period::millis(millis), shown));
        }
        for bad in ["", "s", "-5s", "5 weeks", "1.5s", "99999999999999999999d"] {
            assert!(Period::read(&one(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes, shown) in [
            ("64MiB", 64 << 20, "64MiB"),
            ("1000", 1000, "1000B"),
            ("2 GiB", 2 << 30, "2GiB"),
            ("1MB", 1_000_000, "1000000B"),
        ] {
            let size = Bytes::read(&one(text)).unwrap();
            assert_eq!((size, size.to_string().as_str()), (Bytes(bytes), shown));
        }
        for bad in ["", "MiB", "1TiBs", "-1"] {
            assert!(Bytes::read(&one(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        assert_eq!(Secret("pw".into()).toml().as_deref(), Some("\"(hidden)\""));
        assert_eq!(format!("{:?}", Secret("pw".into())), "(hidden)");
        let map = BTreeMap::from([
            ("sasl.password".to_owned(), "pw".to_owned()),
            ("client.rack".into(), "a".into()),
        ]);
        let shown = map.toml().unwrap();
        assert_eq!(shown, r#"{ "client.rack" = "a", "sasl.password" = "(hidden)" }"#);
    }

    #[test]
    fn a_value_of_another_shape_says_what_to_write() {
        let list = Raw::List(vec!["a".into(), "b".into()]);
        assert_eq!(String::read(&list).unwrap_err(), "is a list; write one text");
        assert_eq!(
            u32::read(&one("many")).unwrap_err(),
            "is \"many\"; write a whole number from 0 to 4294967295"
        );
        assert_eq!(Vec::<String>::read(&one("a, b")).unwrap(), ["a", "b"]);
    }
}
