//! Who said what, and who wins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::problem::Problem;
use super::section::Setting;
use super::value::{Raw, SettingValue};

/// Where a value comes from. The order is the order of precedence, the weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable that the original reads.
    OriginalEnvironment(String),
    /// A variable of ours.
    Environment(String),
    /// An argument.
    Flag(String),
}

impl Source {
    /// The kind, for comparing who wins: sources of one rank do not override each other.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::OriginalEnvironment(_) => 2,
            Self::Environment(_) => 3,
            Self::Flag(_) => 4,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::OriginalEnvironment(name) | Self::Environment(name) => {
                write!(f, "environment variable {name}")
            }
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// What was said about each setting, by everybody.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    said: BTreeMap<String, Vec<(Source, Raw)>>,
}

impl Layers {
    /// Takes down what `source` says about the setting `key`.
    pub fn say(&mut self, key: impl Into<String>, source: Source, raw: Raw) {
        self.said.entry(key.into()).or_default().push((source, raw));
    }

    /// What wins for `key`; tables of several sources are joined, the stronger one's entries winning.
    #[must_use]
    pub fn winner(&self, key: &str) -> Option<(Source, Raw)> {
        let mut said = self.said.get(key)?.clone();
        said.sort_by_key(|(source, _)| source.rank());
        said.into_iter().reduce(|(weaker_source, weaker), (source, raw)| match (weaker, raw) {
            (Raw::Map(mut weaker), Raw::Map(stronger)) => {
                weaker.extend(stronger);
                (source.max(weaker_source), Raw::Map(weaker))
            }
            (_, raw) => (source, raw),
        })
    }

    /// Where the value of `key` comes from.
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        self.winner(key).map_or(Source::Default, |(source, _)| source)
    }

    /// The value of a setting, or its default. What does not fit becomes a problem and the default is returned.
    pub fn value<T: SettingValue>(
        &self,
        setting: &Setting,
        default: impl FnOnce() -> T,
        problems: &mut Vec<Problem>,
    ) -> T {
        let key = setting.key();
        let Some((source, raw)) = self.winner(&key) else { return default() };
        match T::read(&raw) {
            Ok(value) => value,
            Err(reason) => {
                problems.push(Problem::new(source, format!("`{key}` {reason}")));
                default()
            }
        }
    }
}
