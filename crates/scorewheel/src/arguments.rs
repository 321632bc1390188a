//! Arguments that several commands share.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use scorewheel_topics::Backend;

use crate::config::address::check_url;
use crate::config::{Loaded, Request, load};
use crate::exit_code::{ExitCode, Failure};
use crate::places::{Access, open_client};

/// Which configuration to use.
#[derive(Clone, Debug, Default, Args)]
pub struct ConfigArguments {
    /// Configuration file [default: scorewheel.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "SCOREWHEEL_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Set one setting, such as commit.interval=10ms; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub settings: Vec<(String, String)>,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Where topics live.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArguments {
    /// Which configuration to use.
    #[command(flatten)]
    pub configuration: ConfigArguments,
    /// Bootstrap servers of a Kafka cluster, separated by commas
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "data_dir")]
    pub brokers: Option<String>,
    /// Directory with embedded topics [default: ./scorewheel-data]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,
}

impl ConfigArguments {
    /// Loads the configuration, with further settings given as flags: key, flag, text.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if the named file is not there, [`ExitCode::Configuration`] with all that is wrong.
    pub fn load(&self, flags: Vec<(String, &'static str, String)>) -> Result<Loaded, Failure> {
        if let Some(file) = self.config.as_ref().filter(|file| !file.exists()) {
            let message = format!("there is no configuration file {}", file.display());
            return Err(Failure::new(ExitCode::FileNotFound, message));
        }
        let stated = self.settings.iter().map(|(key, value)| (key.clone(), "--set", value.clone()));
        // A flag of its own says more than `--set`.
        let request = Request {
            file: self.config.clone(),
            environment: environment()?,
            flags: stated.chain(flags).collect(),
        };
        load(&request).map_err(|problems| Failure::new(ExitCode::Configuration, problems.to_string()))
    }
}

/// The environment. What is no text is left out if it is not meant for us.
fn environment() -> Result<Vec<(String, String)>, Failure> {
    let mut texts = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => texts.push((name, value)),
            Err(_) if name.starts_with("SCOREWHEEL") => {
                let message = format!("the value of the variable {name} is not UTF-8");
                return Err(Failure::new(ExitCode::Configuration, message));
            }
            Err(_) => {}
        }
    }
    Ok(texts)
}

impl PlaceArguments {
    /// Loads the configuration, with further settings given as flags.
    ///
    /// # Errors
    /// As [`ConfigArguments::load`].
    pub fn load(&self, mut flags: Vec<(String, &'static str, String)>) -> Result<Loaded, Failure> {
        if let Some(brokers) = &self.brokers {
            flags.push(("kafka.brokers".into(), "--brokers", brokers.clone()));
        }
        if let Some(directory) = &self.data_dir {
            flags.push(("embedded.data_dir".into(), "--data-dir", directory.to_string_lossy().into_owned()));
        }
        self.configuration.load(flags)
    }
}

/// Where topics live, for commands that only read and write them.
#[derive(Clone, Debug, Default, Args)]
pub struct ClientArguments {
    /// Where topics live.
    #[command(flatten)]
    pub place: PlaceArguments,
    /// URL of a running instance with embedded topics
    #[arg(long, value_name = "URL", conflicts_with_all = ["brokers", "data_dir"], value_parser = url)]
    pub url: Option<String>,
}

fn url(text: &str) -> Result<String, String> {
    check_url(text).map(|()| text.to_owned())
}

impl ClientArguments {
    /// Loads the configuration, with further settings given as flags.
    ///
    /// # Errors
    /// As [`ConfigArguments::load`].
    pub fn load(&self, mut flags: Vec<(String, &'static str, String)>) -> Result<Loaded, Failure> {
        if let Some(url) = &self.url {
            flags.push(("client.url".into(), "--url", url.clone()));
        }
        self.place.load(flags)
    }

    /// Loads the configuration, with further settings given as flags, and opens the topics.
    ///
    /// # Errors
    /// As [`ConfigArguments::load`] and [`open_client`].
    pub fn open(
        &self,
        access: Access,
        flags: Vec<(String, &'static str, String)>,
    ) -> Result<(Loaded, Arc<dyn Backend>), Failure> {
        let loaded = self.load(flags)?;
        let backend = open_client(&loaded, access)?;
        Ok((loaded, backend))
    }
}
