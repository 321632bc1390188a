//! `models`: what the models topic holds, and changes to it: removal, going back, another try.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use scorewheel_model::ModelKey;
use scorewheel_scoring::Markers;
use scorewheel_topics::{Backend, Offset, RecordWriter, TopicPartition, TopicsError, WriterOptions};

use super::publish::numbering;
use crate::arguments::ClientArguments;
use crate::clients::{ControlLogView, ListedModel, Tail, TailStart};
use crate::config::{Config, Loaded, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::places::Access;
use crate::running;

/// Arguments of `models`.
#[derive(Debug, Args)]
pub struct ModelsCommand {
    #[command(subcommand)]
    /// What to do.
    pub action: Action,
}

/// What to do with the models.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List the models by data type, the newest first, and what was refused
    List {
        /// Print one JSON object a message instead of a table, earlier messages included
        #[arg(long)]
        json: bool,
        /// Where topics live.
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Remove a model; the next newest of its data type takes over
    Remove {
        /// The model, DATATYPE/NAME
        model: String,
        /// Where topics live.
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Publish an earlier message of a model again, with its version filled in
    Rollback {
        /// The model, DATATYPE/NAME
        model: String,
        /// Version or control offset to go back to [default: the one before the latest]
        #[arg(long, value_name = "VERSION|OFFSET")]
        to: Option<String>,
        /// Where topics live.
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Try a quarantined model again at this instance's next start
    Release {
        /// Its control offset
        offset: Offset,
        /// Where topics live.
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Publish a refused message again, to be judged anew
    Retry {
        /// Its control offset
        offset: Offset,
        /// Where topics live.
        #[command(flatten)]
        client: ClientArguments,
    },
}

impl ModelsCommand {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// [`Failure`] if there is no such model or topic, or a permission is missing.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let client = match &self.action {
            Action::List { client, .. }
            | Action::Remove { client, .. }
            | Action::Rollback { client, .. }
            | Action::Release { client, .. }
            | Action::Retry { client, .. } => client,
        };
        if let Action::Release { offset, client } = &self.action {
            let loaded = client.place.load(Vec::new())?;
            output::print(&release(&state_directory(&loaded)?, *offset)?)?;
            return Ok(ExitCode::Success);
        }
        let (loaded, backend) = client.open(Access::Read, Vec::new())?;
        output::print(&self.action.apply(&*backend, &loaded.config)?)?;
        Ok(ExitCode::Success)
    }
}

impl Action {
    /// Does it on `backend`; what to say.
    ///
    /// # Errors
    /// As [`ModelsCommand::run`].
    pub fn apply(&self, backend: &dyn Backend, config: &Config) -> Result<String, Failure> {
        match self {
            Self::List { json, .. } => {
                let view = read(backend, config)?;
                Ok(if *json { json_lines(&view) } else { table(&view) })
            }
            Self::Remove { model, .. } => {
                let key = parse_key(model)?;
                if read(backend, config)?.standing(&key).next().is_none() {
                    return Err(no_such_model(&key));
                }
                let offset = append(backend, config, &key, |_| {})?;
                Ok(format!("removed {key} at control offset {offset}\n"))
            }
            Self::Rollback { model, to, .. } => rollback(backend, config, &parse_key(model)?, to.as_deref()),
            Self::Release { offset, .. } => release(&config.engine.state_dir, *offset),
            Self::Retry { offset, .. } => {
                let view = read(backend, config)?;
                let Some(message) = view.messages.iter().find(|message| message.offset == *offset) else {
                    let message = format!("there is no model message at control offset {offset}");
                    return Err(Failure::run_time(message));
                };
                if message.refused.is_none() {
                    return Err(not_refused(&view, message));
                }
                let value = value_at(backend, config, *offset)?;
                let at = append(backend, config, &message.key, |record| {
                    record.value().extend_from_slice(&value);
                })?;
                Ok(format!("published {} of control offset {offset} again at {at}\n", message.key))
            }
        }
    }
}

/// Where the instance keeps its state; quarantine is local to it.
fn state_directory(loaded: &Loaded) -> Result<PathBuf, Failure> {
    match &loaded.place {
        Place::Embedded { directory, .. } => Ok(running::place::state_directory(directory)),
        Place::Kafka(_) => Ok(loaded.config.engine.state_dir.clone()),
        Place::Remote(url) => {
            let message = format!("quarantine is lifted where the instance is, not through {url}");
            Err(Failure::new(ExitCode::Configuration, message))
        }
    }
}

/// Takes the mark of a quarantined model away.
fn release(state_directory: &Path, offset: Offset) -> Result<String, Failure> {
    let marks = state_directory.join("models");
    match Markers::lift(&marks, offset) {
        Ok(true) => Ok(format!(
            "the model at control offset {offset} is tried again at the next start of this instance\n"
        )),
        Ok(false) => {
            let message =
                format!("no model at control offset {offset} is quarantined in {}", marks.display());
            Err(Failure::run_time(message))
        }
        Err(error) => Err(Failure::run_time(format!("{} cannot be changed: {error}", marks.display()))),
    }
}

fn read(backend: &dyn Backend, config: &Config) -> Result<ControlLogView, Failure> {
    let topics = &config.topics;
    Ok(ControlLogView::read(backend, &topics.models, &topics.rejections, numbering(config))?)
}

fn parse_key(model: &str) -> Result<ModelKey, Failure> {
    ModelKey::parse(model).map_err(|error| Failure::new(ExitCode::Usage, error.to_string()))
}

fn no_such_model(key: &ModelKey) -> Failure {
    Failure::run_time(format!("there is no model {key}; `scorewheel models list` shows them"))
}

/// Why a message that was not refused is not published again by another try.
fn not_refused(view: &ControlLogView, message: &ListedModel) -> Failure {
    let (key, offset) = (&message.key, message.offset);
    let instead = match view.standing(key).next_back() {
        Some(latest) if latest.offset == offset => "it is the latest of its name".to_owned(),
        Some(_) if view.standing(key).any(|standing| standing.offset == offset) => {
            format!("to have it score again: scorewheel models rollback {key} --to {offset}")
        }
        _ => "it was removed since; publish the model again".to_owned(),
    };
    Failure::run_time(format!("{key} at control offset {offset} was not refused; {instead}"))
}

fn rollback(
    backend: &dyn Backend,
    config: &Config,
    key: &ModelKey,
    to: Option<&str>,
) -> Result<String, Failure> {
    let view = read(backend, config)?;
    let standing: Vec<&ListedModel> = view.standing(key).collect();
    let Some((latest, earlier)) = standing.split_last() else { return Err(no_such_model(key)) };
    let chosen = match to {
        None => earlier.iter().rev().find(|message| message.sha256 != latest.sha256),
        Some(to) => earlier.iter().rev().find(|m| m.version == to || m.offset.to_string() == to),
    };
    let Some(chosen) = chosen else {
        if earlier.is_empty() {
            let message = format!(
                "{key} has only the message at control offset {}, and so nothing to go back to; to have another model score \
                 again, `scorewheel models remove {key}` lets the next newest take over",
                latest.offset
            );
            return Err(Failure::run_time(message));
        }
        let versions: Vec<&str> = earlier.iter().map(|message| message.version.as_str()).collect();
        let what =
            to.map_or_else(|| "an earlier message".to_owned(), |to| format!("an earlier message {to}"));
        let message = format!("{key} has no {} to go back to; it has {versions:?}", &what[3..]);
        return Err(Failure::run_time(message));
    };
    let mut value = value_at(backend, config, chosen.offset)?;
    if chosen.version == format!("@{}", chosen.offset) {
        fill_in_version(&mut value, &chosen.version);
    }
    let offset = append(backend, config, key, |record| record.value().extend_from_slice(&value))?;
    Ok(format!(
        "went back from {} to version {} of {key}: published again at control offset {offset}\n",
        latest.version, chosen.version
    ))
}

/// Appends field 100 to a descriptor: of a field that stands twice the last counts.
fn fill_in_version(descriptor: &mut Vec<u8>, version: &str) {
    // Number 100, length-delimited: 802 as a variable-length integer. A version made here is shorter than 128 bytes.
    descriptor.extend_from_slice(&[0xa2, 0x06, version.len() as u8]);
    descriptor.extend_from_slice(version.as_bytes());
}

fn value_at(backend: &dyn Backend, config: &Config, offset: Offset) -> Result<Vec<u8>, Failure> {
    let gone = || Failure::run_time(format!("the message at control offset {offset} is gone"));
    let mut tail = Tail::open(backend, &config.topics.models, Some(0), TailStart::Offset(offset))?;
    while !tail.at_end() {
        if let Some(batch) = tail.next_batch()? {
            let record = batch.iter().next().filter(|record| record.offset == offset);
            return record.and_then(|record| record.value).map(<[u8]>::to_vec).ok_or_else(gone);
        }
    }
    Err(gone())
}

/// Appends a message with this key; `write` gives it its value, or none for a tombstone.
fn append(
    backend: &dyn Backend,
    config: &Config,
    key: &ModelKey,
    write: impl FnOnce(&mut RecordWriter<'_>),
) -> Result<Offset, Failure> {
    let models = TopicPartition::new(config.topics.models.as_str(), 0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut writer = backend.writer(&WriterOptions::default())?;
    let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let key = key.to_string();
    let mut record = writer.lend(&models)?.record(now, Some(key.as_bytes()));
    write(&mut record);
    record.finish().map_err(|error| TopicsError::too_large(models.topic(), error))?;
    writer.flush()?;
    Ok(writer.written().first().map_or(-1, |written| written.last_offset))
}

/// The models for people.
fn table(view: &ControlLogView) -> String {
    let mut rows =
        vec![["MODEL", "VERSION", "STATE", "OFFSET", "TYPE", "BYTES", "SHA-256"].map(str::to_owned)];
    let row = |model: &ListedModel, state: &str| {
        [
            model.key.to_string(),
            model.version.clone(),
            state.to_owned(),
            model.offset.to_string(),
            model.model_type.to_owned(),
            // How large a model by reference is, the log does not say.
            if model.bytes == 0 { "-".to_owned() } else { model.bytes.to_string() },
            model.sha256.get(..12).unwrap_or_default().to_owned(),
        ]
    };
    for models in view.held().values() {
        for (index, model) in models.iter().enumerate() {
            rows.push(row(model, if index == 0 { "newest" } else { "held" }));
        }
    }
    let refused = view.messages.iter().filter(|message| message.refused.is_some());
    rows.extend(refused.clone().map(|message| row(message, "refused")));
    let mut text = output::columns(&rows);
    for message in refused {
        let reason = message.refused.as_deref().unwrap_or_default();
        text.push_str(&format!("refused at {}: {reason}\n", message.offset));
    }
    for (offset, reason) in &view.unusable {
        text.push_str(&format!("unusable message at {offset}: {reason}\n"));
    }
    text
}

/// Every model message as JSON.
fn json_lines(view: &ControlLogView) -> String {
    let held = view.held();
    let state = |model: &ListedModel| match held.get(model.key.data_type.as_str()) {
        _ if model.refused.is_some() => "refused",
        Some(models) if models.first().is_some_and(|first| first.offset == model.offset) => "newest",
        Some(models) if models.iter().any(|other| other.offset == model.offset) => "held",
        _ => "superseded",
    };
    let line = |model: &ListedModel| {
        serde_json::json!({
            "dataType": model.key.data_type.as_str(), "name": model.key.name.as_str(), "version": model.version,
            "controlOffset": model.offset, "modelType": model.model_type, "bytes": model.bytes,
            "sha256": model.sha256, "state": state(model), "reason": model.refused,
        })
    };
    view.messages.iter().map(|model| format!("{}\n", line(model))).collect()
}
