//! What an instance says of itself.

use serde::{Deserialize, Serialize};

use crate::snapshot::{Instance, Snapshot};

/// Version of the questions and answers between instances. Another one is not understood.
pub const API: u32 = 1;

/// A record of the topic `<application>-instances`: key [`Announcement::instance`], value this as JSON. A null value
/// takes the instance off the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Announcement {
    /// [`API`] of the instance.
    pub api: u32,
    /// Names this start of this process; another start has another name.
    pub instance: String,
    /// Process id on its machine.
    pub process: u32,
    /// Host under which others reach its HTTP listener.
    pub host: String,
    /// Port of it.
    pub port: u16,
    /// Version of the program.
    pub version: String,
    /// Queryable stores.
    pub stores: Vec<String>,
    /// Partitions that it had when it announced itself.
    pub tasks: Vec<AnnouncedTask>,
    /// Milliseconds after which an announcement without a successor is worth nothing.
    pub expires_ms: u64,
}

/// A partition that an instance says it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnnouncedTask {
    /// Input topic.
    pub topic: String,
    /// Input partition.
    pub partition: u32,
}

impl Announcement {
    /// The same with the partitions of this state.
    #[must_use]
    pub fn with_tasks_of(&self, snapshot: &Snapshot) -> Self {
        let task = |task: &crate::snapshot::Task| AnnouncedTask {
            topic: task.topic.clone(),
            partition: task.partition,
        };
        Self { tasks: snapshot.tasks.iter().map(task).collect(), ..self.clone() }
    }

    /// The value of its record.
    #[must_use]
    pub fn value(&self) -> Vec<u8> {
        // A struct of texts and numbers always has its JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the value of a record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(value: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        if read.instance.is_empty() || read.host.is_empty() || read.port == 0 {
            return Err("it names no instance, host or port".to_owned());
        }
        Ok(read)
    }

    /// The URL of its listener.
    #[must_use]
    pub fn url(&self) -> String {
        match self.host.contains(':') && !self.host.starts_with('[') {
            true => format!("http://[{}]:{}", self.host, self.port),
            false => format!("http://{}:{}", self.host, self.port),
        }
    }

    /// It as the original's `/state/instances` names it.
    #[must_use]
    pub fn as_instance(&self) -> Instance {
        Instance { host: self.host.clone(), port: self.port, store_names: self.stores.clone() }
    }
}
