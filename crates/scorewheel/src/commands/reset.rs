//! `reset`: an application begins anew. Records and models stay.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use clap::Args;
use scorewheel_streams::{EmptyStore, StateDirectory};
use scorewheel_topics::{Admin, TopicsError};

use crate::arguments::PlaceArguments;
use crate::config::{Config, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::running::parts::STORE;
use crate::running::{RunningPlace, open_for_running};

/// Arguments of `reset`.
#[derive(Debug, Args)]
pub struct ResetArguments {
    /// Only this store, which begins empty, with a new changelog; offsets stay
    #[arg(long, value_name = "NAME")]
    pub store: Option<String>,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
    /// Where topics live.
    #[command(flatten)]
    pub place: PlaceArguments,
}

impl ResetArguments {
    /// Says what will go, asks, and removes it. No instance may run meanwhile.
    ///
    /// # Errors
    /// [`ExitCode::FileNotFound`] if there is no directory, [`ExitCode::DirectoryUnavailable`] while an instance holds the directory, [`ExitCode::Usage`] if nobody can be
    /// asked, and those of removing.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let loaded = self.place.load(Vec::new())?;
        let config = &loaded.config;
        if let Some(store) = self.store.as_deref().filter(|store| *store != STORE) {
            let message = format!("there is no store {store:?}; there is {STORE:?}");
            return Err(Failure::new(ExitCode::Usage, message));
        }
        if let Place::Embedded { directory, .. } = &loaded.place
            && !directory.exists()
        {
            let message = format!("there are no embedded topics in {}", directory.display());
            return Err(Failure::new(ExitCode::FileNotFound, message));
        }
        output::note(&format!("topics: {}", loaded.place));
        let place = open_for_running(&loaded)?;
        let admin = place.backend.admin()?;
        let topics = topics_to_go(&*admin, config, self.store.as_deref())?;
        if !self.yes && !confirmed(&self.question(config, &place, &topics))? {
            output::print("nothing was changed\n")?;
            return Ok(ExitCode::Success);
        }
        clear_stores(&place.state_directory)?;
        if self.store.is_none() {
            admin.delete_group(config.group()).map_err(|error| match error {
                TopicsError::Busy { reason } => Failure::run_time(format!(
                    "instances of group {} are running: stop them first ({reason})",
                    config.group()
                )),
                error => error.into(),
            })?;
        }
        if let Some(store) = &self.store {
            let empty = EmptyStore {
                store,
                changelog: &changelog(config, store),
                input: &config.topics.records,
                group: config.group(),
                replication: config.topics.replication,
            };
            empty.begin(&*place.backend)?;
        } else {
            for topic in &topics {
                admin.delete_topic(topic)?;
            }
        }
        let offsets = if self.store.is_none() { ", the committed offsets" } else { "" };
        output::print(&format!(
            "removed: the local stores{offsets}{}\n",
            topics.iter().map(|topic| format!(", topic {topic}")).collect::<String>()
        ))?;
        Ok(ExitCode::Success)
    }

    fn question(&self, config: &Config, place: &RunningPlace, topics: &[String]) -> String {
        let mut said = format!("stores in {}", place.state_directory.display());
        if self.store.is_none() {
            said.push_str(&format!(", offsets of group {}", config.group()));
        }
        for topic in topics {
            said.push_str(&format!(", topic {topic}"));
        }
        format!("This removes: {said}.\nRecords, models, results and dead letters stay. Go on? [y/N] ")
    }
}

/// The changelog topic of a store.
fn changelog(config: &Config, store: &str) -> String {
    format!("{}-{store}-changelog", config.application.id)
}

/// The internal topics of the application that are there.
fn topics_to_go(admin: &dyn Admin, config: &Config, store: Option<&str>) -> Result<Vec<String>, TopicsError> {
    let mut wanted = vec![changelog(config, STORE)];
    if store.is_none() {
        wanted.push(config.cutovers_topic());
    }
    let mut found = Vec::new();
    for topic in wanted {
        if admin.describe_topic(&topic)?.is_some() {
            found.push(topic);
        }
    }
    Ok(found)
}

/// Empties the state directory while it is ours, so that no instance works with it.
fn clear_stores(directory: &Path) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    let _held = StateDirectory::open(directory, &format!("process {} (reset)", std::process::id()))?;
    for name in ["stores", "custom", "models"] {
        let path = directory.join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let message = format!("{} cannot be removed: {error}", path.display());
                return Err(Failure::new(ExitCode::DirectoryUnavailable, message));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Asks at the terminal.
fn confirmed(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let message = format!("{question}\nthere is no terminal to ask at; say --yes");
        return Err(Failure::new(ExitCode::Usage, message));
    }
    // Without standard error the question is not seen, and what is typed then is no answer to it.
    write!(io::stderr(), "{question}").map_err(|error| Failure::run_time(error.to_string()))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::run_time(error.to_string()))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
