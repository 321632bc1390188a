//! `status`: where an application stands, asked of a running instance or read from the topics.

use std::sync::Arc;

use clap::Args;
use scorewheel_serving::{Mark, Marking};
use scorewheel_topics::embedded::Holder;
use scorewheel_topics::{Backend, TopicPartition, TopicsError};
use serde_json::{Value, json};

use crate::arguments::ClientArguments;
use crate::clients::ControlLogView;
use crate::commands::publish::numbering;
use crate::config::{Config, Loaded, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::places::{Access, open_client};

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where topics live.
    #[command(flatten)]
    pub client: ClientArguments,
}

impl StatusArguments {
    /// Prints it.
    ///
    /// # Errors
    /// [`Failure`] if neither an instance nor the topics can be asked.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let url = self.client.url.iter().map(|url| ("client.url".to_owned(), "--url", url.clone()));
        let loaded = self.client.place.load(url.collect())?;
        let status = match instance_of(&loaded) {
            Some(url) => of_instance(&url)?,
            None => {
                let backend: Arc<dyn Backend> = open_client(&loaded, Access::Read)?;
                of_topics(&*backend, &loaded.config)?
            }
        };
        let text = if self.json { format!("{status}\n") } else { for_people(&status) };
        output::print(&text)?;
        Ok(ExitCode::Success)
    }
}

/// The URL of the instance that can be asked, if there is one.
fn instance_of(loaded: &Loaded) -> Option<String> {
    match &loaded.place {
        Place::Remote(url) => Some(url.clone()),
        Place::Embedded { directory, .. } => Holder::of(directory)?.url,
        Place::Kafka(_) => None,
    }
}

/// What an instance says.
fn of_instance(url: &str) -> Result<Value, Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let get = |path: &str| -> Result<Value, Failure> {
        let failed = |error: ureq::Error| {
            Failure::new(ExitCode::Unreachable, format!("the instance at {url} does not answer: {error}"))
        };
        let mut response = agent.get(format!("{}{path}", url.trim_end_matches('/'))).call().map_err(failed)?;
        let text = response.body_mut().read_to_string().map_err(failed)?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::run_time(format!("the answer of {url}{path} cannot be read: {error}")))
    };
    Ok(json!({
        "instance": url,
        "readiness": get("/readyz")?,
        "routes": get("/v1/routes")?,
        "tasks": get("/v1/tasks")?,
    }))
}

/// What the topics say.
fn of_topics(backend: &dyn Backend, config: &Config) -> Result<Value, Failure> {
    let admin = backend.admin()?;
    let records = &config.topics.records;
    let mut tasks = Vec::new();
    if let Some(topic) = admin.describe_topic(records)? {
        let partitions: Vec<TopicPartition> =
            (0..topic.partitions).map(|number| TopicPartition::new(records.as_str(), number)).collect();
        let committed = admin.committed_offsets(config.group(), &partitions)?;
        for (partition, committed) in partitions.iter().zip(committed) {
            let range = admin.offsets(partition)?;
            let offset = committed.as_ref().map_or(-1, |committed| committed.offset);
            tasks.push(json!({
                "topic": records,
                "partition": partition.partition(),
                "offset": offset,
                "lag": (range.last_stable - offset.max(range.earliest)).max(0),
                "revision": {
                    "controlOffset": committed.as_ref().map_or(-1, |committed| revision(&committed.metadata)),
                },
            }));
        }
    }
    let topics = &config.topics;
    let view = ControlLogView::read(backend, &topics.models, &topics.rejections, numbering(config));
    let routes: Vec<Value> = match view {
        Ok(view) => view
            .held()
            .iter()
            .map(|(data_type, models)| {
                let newest = models.first().map(|model| {
                    json!({
                        "name": model.key.name.as_str(), "version": model.version, "controlOffset": model.offset,
                        "modelType": model.model_type,
                    })
                });
                json!({"dataType": data_type, "inForce": newest})
            })
            .collect(),
        Err(TopicsError::UnknownTopic { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let members = match admin.group_members(config.group()) {
        Ok(members) => json!(members.len()),
        Err(_) => Value::Null,
    };
    Ok(json!({"place": backend.name(), "instances": members, "routes": routes, "tasks": tasks}))
}

/// Control offset of the revision in the metadata of a committed offset.
fn revision(metadata: &[u8]) -> i64 {
    let words = metadata.split(|byte| *byte == b' ').filter_map(|word| word.strip_prefix(b"="));
    words
        .filter_map(|word| match Mark::read(word) {
            Marking::Ours(mark) => Some(mark.revision.control),
            _ => None,
        })
        .next()
        .unwrap_or(-1)
}

/// A list, or the list that stands under a name of an object.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let found = value.as_array().or_else(|| value[name].as_array());
    found.map_or(&[], Vec::as_slice)
}

fn for_people(status: &Value) -> String {
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut said = String::new();
    if status["instance"].is_string() {
        let readiness = &status["readiness"];
        let ready = if readiness["ready"] == true { "ready" } else { "not ready" };
        said.push_str(&format!("instance at {}: {ready}\n", text(&status["instance"])));
        for reason in list(&readiness["reasons"], "reasons") {
            said.push_str(&format!("  {}\n", text(reason)));
        }
    } else {
        said.push_str(&format!("{}; members of the group: {}\n", text(&status["place"]), text(&status["instances"])));
    }
    for route in list(&status["routes"], "routes") {
        let model = &route["inForce"];
        said.push_str(&if model.is_object() {
            format!(
                "{}: {} {} (control offset {})\n",
                text(&route["dataType"]),
                text(&model["name"]),
                text(&model["version"]),
                text(&model["controlOffset"])
            )
        } else {
            format!("{}: no model\n", text(&route["dataType"]))
        });
    }
    let mut rows = vec![["PARTITION", "COMMITTED", "LAG", "REVISION", "STATE"].map(str::to_owned)];
    for task in list(&status["tasks"], "tasks") {
        rows.push([
            format!("{}-{}", text(&task["topic"]), text(&task["partition"])),
            text(&task["offset"]),
            text(&task["lag"]),
            text(&task["revision"]["controlOffset"]),
            text(&task["state"]["name"]),
        ]);
    }
    said.push_str(&output::columns(&rows));
    said
}
