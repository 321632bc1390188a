//! How many points a score makes.

use super::value::{Raw, SettingValue, quoted};

/// How many points a score makes in a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Points {
    /// Each score its own, an aggregate a second where they come fast.
    #[default]
    Auto,
    /// Each score its own.
    Every,
    /// One a second.
    Aggregate,
    /// One of so many scores, at least two.
    OneIn(u32),
}

impl SettingValue for Points {
    fn kind() -> String {
        "auto | every | aggregate | 1/N".into()
    }

    fn read(raw: &Raw) -> Result<Self, String> {
        let text = String::read(raw)?;
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            "every" => Ok(Self::Every),
            "aggregate" => Ok(Self::Aggregate),
            _ => text
                .strip_prefix("1/")
                .and_then(|n| n.parse().ok())
                .filter(|n| *n >= 2)
                .map(Self::OneIn)
                .ok_or_else(|| format!("is {text:?}; write auto, every, aggregate or, for one of ten, 1/10")),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(match self {
            Self::Auto => quoted("auto"),
            Self::Every => quoted("every"),
            Self::Aggregate => quoted("aggregate"),
            Self::OneIn(n) => quoted(&format!("1/{n}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written() {
        let read = |text: &str| Points::read(&Raw::One(text.into()));
        assert_eq!(read("1/10"), Ok(Points::OneIn(10)));
        for points in [Points::Auto, Points::Every, Points::Aggregate, Points::OneIn(7)] {
            assert_eq!(read(points.toml().unwrap().trim_matches('"')), Ok(points));
        }
        for bad in ["1/1", "1/0", "1/x", "10", "all", "1/-3"] {
            assert!(read(bad).unwrap_err().contains("1/10"), "{bad}");
        }
    }
}
