//! `topology`: what the scoring topology consists of.

use std::sync::Arc;

use clap::Args;
use scorewheel_serving::Adopt;
use scorewheel_topics::{Backend, MemoryBackend};

use crate::arguments::ConfigArguments;
use crate::config::Store;
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::running::parts;

/// Arguments of `topology`.
#[derive(Debug, Args)]
pub struct TopologyArguments {
    /// Where the topology keeps its state: persistent, memory, custom [default: engine.store]
    #[arg(long, value_name = "STORE")]
    pub store: Option<Store>,
    /// Which configuration to use.
    #[command(flatten)]
    pub configuration: ConfigArguments,
}

impl TopologyArguments {
    /// Prints the description. Needs no topics.
    ///
    /// # Errors
    /// [`Failure`] for a configuration of which no topology can be made.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let store = self.store.map(|store| ("engine.store".to_owned(), "--store", store.to_string()));
        let loaded = self.configuration.load(store.into_iter().collect())?;
        let nowhere: Arc<dyn Backend> = Arc::new(MemoryBackend::new());
        let parts = Arc::new(parts::parts(&loaded.config, &nowhere, Adopt::default())?);
        let topology = parts::topology(loaded.config.engine.store, &parts)
            .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
        output::print(&format!("{}\n", topology.describe()))?;
        Ok(ExitCode::Success)
    }
}
