//! Configuration → what a scoring topology is made of.

use std::path::Path;
use std::sync::Arc;

use scorewheel_codecs::ResultFormat;
use scorewheel_model::{DataTypeName, Limits, ModelName};
use scorewheel_scoring::parts::judge;
use scorewheel_scoring::{BuildError, ControlAccess, Markers, Names, Observer, Parts, TopicsAccess};
use scorewheel_serving::{Adopt, FailureShare, NoModel, OnModelFailure, Policies, Selection, Selections};
use scorewheel_streams::Topology;
use scorewheel_topics::{Backend, TopicsError};

use crate::commands::publish::numbering;
use crate::config::{self, Config, ScoreChoice, Store};
use crate::data_types::data_types;
use crate::exit_code::{ExitCode, Failure};
use crate::formats::Formats;

/// Name of the store that can be asked, as the original has it.
pub const STORE: &str = "modelStore";

/// The names of topics and store.
#[must_use]
pub fn names(config: &Config) -> Names {
    let topics = &config.topics;
    Names {
        records: topics.records.as_str().into(),
        models: topics.models.as_str().into(),
        results: topics.results.as_str().into(),
        dead_letters: topics.dead_letters.as_str().into(),
        rejections: topics.rejections.as_str().into(),
        cutovers: config.cutovers_topic().into(),
        store: STORE.into(),
    }
}

/// What becomes of records that no model can score.
#[must_use]
pub fn policies(config: &Config) -> Policies {
    let scoring = &config.scoring;
    Policies {
        no_model: match scoring.no_model {
            config::NoModel::Drop => NoModel::Drop,
            config::NoModel::Wait => NoModel::Wait,
            config::NoModel::DeadLetter => NoModel::DeadLetter,
        },
        on_model_failure: match scoring.on_model_failure {
            config::OnFailure::Continue => OnModelFailure::Continue,
            config::OnFailure::Pause => OnModelFailure::Pause,
        },
        failure: FailureShare { share: scoring.failure_share, rows: scoring.failure_rows },
    }
}

/// Which models of a route are asked. Names were checked when the configuration was read.
#[must_use]
pub fn selections(config: &Config) -> Selections {
    let entries = config.data_types.iter().filter_map(|entry| {
        let selection = match &entry.score {
            ScoreChoice::Latest => return None,
            ScoreChoice::All => Selection::All,
            ScoreChoice::Names(names) => {
                Selection::Names(names.iter().filter_map(|name| ModelName::new(name).ok()).collect())
            }
        };
        Some((DataTypeName::new(&entry.name).ok()?, selection))
    });
    entries.collect()
}

/// The parts of an application.
///
/// # Errors
/// [`ExitCode::Configuration`] for data types that cannot be used.
pub fn parts(config: &Config, backend: &Arc<dyn Backend>, adopt: Adopt) -> Result<Parts, Failure> {
    let data_types = Arc::new(data_types(config)?);
    let limits = Limits { bytes: config.models.max_size.as_usize(), ..Limits::default() };
    let judge = judge(&data_types, Formats::of(config).list().to_vec(), limits, numbering(config))
        .map_err(|error| Failure::new(ExitCode::Configuration, error.to_string()))?;
    let names = names(config);
    let (backend, group, access_names) = (Arc::clone(backend), config.group().to_owned(), names.clone());
    let access = move || -> Result<Box<dyn ControlAccess>, TopicsError> {
        Ok(Box::new(TopicsAccess::new(Arc::clone(&backend), &access_names, &group)))
    };
    let mut parts = Parts::with_access(&config.application.id, names, data_types, judge, access);
    parts.policies = policies(config);
    parts.selections = selections(config);
    parts.adopt = adopt;
    parts.lineage = config.results.lineage;
    parts.result_format = match config.results.format {
        config::ResultFormat::Json => ResultFormat::Json,
        config::ResultFormat::Protobuf if config.results.outputs => ResultFormat::Protobuf,
        config::ResultFormat::Protobuf => ResultFormat::ProtobufWithoutOutputs,
    };
    Ok(parts)
}

/// Adds what belongs to a process: its name, marks around what a model could kill it with, who hears of events.
///
/// # Errors
/// [`ExitCode::DirectoryUnavailable`] if the marks cannot be kept.
pub fn of_process(
    mut parts: Parts,
    state_directory: &Path,
    observer: Arc<dyn Observer>,
) -> Result<Parts, Failure> {
    let directory = state_directory.join("models");
    let markers = Markers::open(&directory).map_err(|error| {
        let message = format!("the state directory {} cannot be used: {error}", directory.display());
        Failure::new(ExitCode::DirectoryUnavailable, message)
    })?;
    parts.markers = Arc::new(markers);
    parts.instance = format!("{}/{}", parts.instance, std::process::id());
    parts.observer = observer;
    Ok(parts)
}

/// The topology of a store.
///
/// # Errors
/// [`BuildError`] for names that no topology can have.
pub fn topology(store: Store, parts: &Arc<Parts>) -> Result<Topology, BuildError> {
    match store {
        Store::Persistent => scorewheel_scoring::persistent::topology(parts),
        Store::Memory => scorewheel_scoring::memory::topology(parts),
        Store::Custom => scorewheel_scoring::custom::topology(parts),
    }
}
