//! Where topics live.

use std::fmt;
use std::path::PathBuf;

use super::layers::{Layers, Source};
use super::problem::Problem;
use super::settings::Config;

/// Where topics live, decided by what was said most strongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A Kafka cluster, by its bootstrap servers.
    Kafka(String),
    /// A directory.
    Embedded {
        /// The directory.
        directory: PathBuf,
        /// True if nobody said so: it is the default.
        by_default: bool,
    },
    /// A running instance, by its URL. For client commands only.
    Remote(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka(brokers) => write!(f, "Kafka at {brokers}"),
            Self::Embedded { directory, by_default: false } => {
                write!(f, "embedded in {}", directory.display())
            }
            Self::Embedded { directory, by_default: true } => {
                write!(f, "embedded in {} (no brokers are set)", directory.display())
            }
            Self::Remote(url) => write!(f, "instance at {url}"),
        }
    }
}

/// Decides by the strongest source; two of one rank contradict each other.
pub(super) fn decide(config: &Config, layers: &Layers, problems: &mut Vec<Problem>) -> Place {
    let embedded = |by_default| Place::Embedded { directory: config.embedded.data_dir.clone(), by_default };
    let mut said: Vec<(Source, &str, Place)> = Vec::new();
    if let Some(brokers) = &config.kafka.brokers {
        said.push((layers.source("kafka.brokers"), "kafka.brokers", Place::Kafka(brokers.clone())));
    }
    let source = layers.source("embedded.data_dir");
    if source != Source::Default {
        said.push((source, "embedded.data_dir", embedded(false)));
    }
    if let Some(url) = &config.client.url {
        said.push((layers.source("client.url"), "client.url", Place::Remote(url.clone())));
    }
    said.sort_by_key(|(source, _, _)| std::cmp::Reverse(source.rank()));
    match said.as_slice() {
        [] => embedded(true),
        [(first, name, _), (second, other, _), ..] if first.rank() == second.rank() => {
            let message = format!("`{name}` and `{other}` ({second}) are both set; topics live in one place");
            problems.push(Problem::new(first.clone(), message).hint("remove one of them"));
            embedded(true)
        }
        [(_, _, place), ..] => place.clone(),
    }
}
