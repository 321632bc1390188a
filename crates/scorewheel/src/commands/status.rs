//! `status`: where an application stands, asked of a running instance or read from the topics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use scorewheel_http::cluster::{Announcement, PeerClient};
use scorewheel_serving::{Mark, Marking};
use scorewheel_topics::embedded::Holder;
use scorewheel_topics::{Backend, TopicPartition, TopicsError};
use serde_json::{Value, json};

use crate::arguments::ClientArguments;
use crate::clients::{ControlLogView, Tail, TailStart};
use crate::commands::publish::numbering;
use crate::commands::readiness;
use crate::config::{Config, Loaded, Place};
use crate::exit_code::{ExitCode, Failure};
use crate::output;
use crate::places::{Access, open_client};
use crate::running::cluster::instances_topic;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Only whether this instance scores, for health checks: exit code 0 if it does, 1 if it says why not, 69 without
    /// an answer in 3 s; asks no other instance and no broker, without --url the listener of this configuration
    #[arg(long)]
    pub ready: bool,
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
        let loaded = self.client.load(Vec::new())?;
        if self.ready {
            return readiness::check(&loaded, instance_of(&loaded), self.json);
        }
        let status = match instance_of(&loaded) {
            Some(url) => of_instance(&url)?,
            None => {
                let backend: Arc<dyn Backend> = open_client(&loaded, Access::Read)?;
                match of_any_instance(&*backend, &loaded.config)? {
                    Some(status) => status,
                    None => of_topics(&*backend, &loaded.config)?,
                }
            }
        };
        let status = without_placeholders(status);
        let text = if self.json { format!("{status}\n") } else { for_people(&status) };
        output::print(&text)?;
        Ok(ExitCode::Success)
    }
}

/// Instances that are asked before the topics are read instead.
const MOST_ASKED: usize = 8;
/// How long one answer may take, of an instance that is slow or stands still.
const PATIENCE: Duration = Duration::from_secs(10);
/// Polls without an answer after which a topic counts as read.
const SILENT: u32 = 20;

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
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let get = |path: &str| -> Result<Value, Failure> {
        let failed = |error: ureq::Error| {
            Failure::new(ExitCode::Unreachable, format!("the instance at {url} does not answer: {error}"))
        };
        let mut response =
            agent.get(format!("{}{path}", url.trim_end_matches('/'))).call().map_err(failed)?;
        let text = response.body_mut().read_to_string().map_err(failed)?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::run_time(format!("the answer of {url}{path} cannot be read: {error}")))
    };
    let (readiness, cluster) = (get("/readyz")?, get("/v1/cluster")?);
    Ok(said_by(url, &readiness, &cluster))
}

/// What an instance says, of itself or of all.
fn said_by(url: &str, readiness: &Value, cluster: &Value) -> Value {
    let mut status = json!({
        "instance": url,
        "readiness": readiness,
        "revision": cluster["revision"],
        "routes": cluster["routes"],
        "tasks": cluster["tasks"],
        "rejections": cluster["rejections"],
    });
    if cluster["coverage"].is_object() {
        status["cluster"] = cluster["coverage"].clone();
    }
    status
}

/// What an instance says of all: the first that answers of those that have announced themselves, the latest first.
fn of_any_instance(backend: &dyn Backend, config: &Config) -> Result<Option<Value>, Failure> {
    let topic = instances_topic(config);
    if backend.admin()?.describe_topic(&topic)?.is_none() {
        return Ok(None);
    }
    let mut found: BTreeMap<String, (i64, Announcement)> = BTreeMap::new();
    let mut tail = Tail::open(backend, &topic, None, TailStart::Start)?;
    let mut silent = 0;
    while silent < SILENT && !tail.at_end() {
        let Some(batch) = tail.next_batch()? else {
            silent += 1;
            continue;
        };
        for record in batch.iter() {
            let Some(Ok(key)) = record.key.map(std::str::from_utf8) else { continue };
            match record.value.map(Announcement::read) {
                Some(Ok(read)) => _ = found.insert(key.to_owned(), (record.timestamp, read)),
                _ => _ = found.remove(key),
            }
        }
    }
    let mut instances: Vec<(i64, Announcement)> = found.into_values().collect();
    instances.sort_by_key(|(timestamp, _)| std::cmp::Reverse(*timestamp));
    // It asks the others itself, each for as long as this.
    let client = PeerClient::new(config.cluster.timeout.0 * 2 + Duration::from_secs(1));
    for (_, instance) in instances.iter().take(MOST_ASKED) {
        let url = instance.url();
        let get = |path: &str| -> Option<Value> {
            serde_json::from_str(&client.get(&format!("{url}{path}")).ok()?).ok()
        };
        if let Some(cluster) = get("/v1/cluster") {
            let own = &cluster["coverage"]["instances"][0]["readiness"];
            return Ok(Some(said_by(&url, own, &cluster)));
        }
    }
    Ok(None)
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

/// A status in which a task that has no revision yet says so: null instead of the control offset -1.
fn without_placeholders(mut status: Value) -> Value {
    match &mut status {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if name == "controlOffset" && member.as_i64() == Some(-1) {
                    *member = Value::Null;
                } else {
                    *member = without_placeholders(member.take());
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_placeholders(item.take())),
        _ => {}
    }
    status
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
        said.push_str(&format!(
            "{}; members of the group: {}\n",
            text(&status["place"]),
            text(&status["instances"])
        ));
    }
    for route in list(&status["routes"], "routes") {
        let models: Vec<String> = std::iter::once(&route["inForce"])
            .chain(list(&route["further"], "further"))
            .filter(|model| model.is_object())
            .map(|model| {
                let (name, version) = (text(&model["name"]), text(&model["version"]));
                format!("{name} {version} (control offset {})", text(&model["controlOffset"]))
            })
            .collect();
        let models = if models.is_empty() { "no model".to_owned() } else { models.join(", ") };
        said.push_str(&format!("{}: {models}\n", text(&route["dataType"])));
        let missing: Vec<String> = list(&route["missing"], "missing").iter().map(text).collect();
        if !missing.is_empty() {
            said.push_str(&format!("  asked for and not there: {}\n", missing.join(", ")));
        }
    }
    if status["cluster"].is_object() {
        said.push_str(&cluster_for_people(status, &text));
        return said;
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

/// Instances and partitions of the whole cluster, as two tables.
fn cluster_for_people(status: &Value, text: &impl Fn(&Value) -> String) -> String {
    let cluster = &status["cluster"];
    let mut said = format!(
        "newest revision: {}; rejected messages: {}\n",
        text(&status["revision"]["controlOffset"]),
        text(&status["rejections"])
    );
    let mut rows =
        vec![["INSTANCE", "VERSION", "PROCESS", "STATE", "REVISION", "PARTITIONS"].map(str::to_owned)];
    let mut notes = String::new();
    for instance in list(&cluster["instances"], "instances") {
        let partitions: Vec<String> = list(&instance["partitions"], "partitions").iter().map(text).collect();
        let state = match (instance["state"].as_str(), &instance["readiness"]["ready"]) {
            (Some("answered"), ready) if *ready == true => "ready".to_owned(),
            (Some("answered"), _) => "not ready".to_owned(),
            (state, _) => state.unwrap_or("-").to_owned(),
        };
        let name = text(&instance["instance"]);
        if let Some(reason) = instance["reason"].as_str() {
            notes.push_str(&format!("  {name}: {reason}\n"));
        }
        for reason in list(&instance["readiness"]["reasons"], "reasons") {
            notes.push_str(&format!("  {name}: {}\n", text(reason)));
        }
        rows.push([
            name,
            text(&instance["version"]),
            text(&instance["process"]),
            state,
            text(&instance["revision"]["controlOffset"]),
            partitions.join(","),
        ]);
    }
    said.push_str(&output::columns(&rows));
    said.push_str(&notes);
    let mut rows = vec![
        ["PARTITION", "INSTANCE", "COMMITTED", "LAG", "REVISION", "STATE", "DEAD LETTERS"].map(str::to_owned),
    ];
    for part in list(&cluster["partitions"], "partitions") {
        let task = list(&status["tasks"], "tasks")
            .iter()
            .find(|task| task["topic"] == part["topic"] && task["partition"] == part["partition"]);
        rows.push([
            format!("{}-{}", text(&part["topic"]), text(&part["partition"])),
            text(&part["instance"]),
            text(&part["offset"]),
            text(&part["lag"]),
            text(&part["revision"]["controlOffset"]),
            text(&part["state"]["name"]),
            task.map_or_else(|| "-".to_owned(), |task| text(&task["deadLetters"])),
        ]);
    }
    said.push_str(&output::columns(&rows));
    for missing in list(&cluster["missing"], "missing") {
        let (topic, partition) = (text(&missing["topic"]), text(&missing["partition"]));
        said.push_str(&format!("{topic}-{partition} is missing: {}\n", text(&missing["reason"])));
    }
    if let Some(trouble) = cluster["trouble"].as_str() {
        said.push_str(&format!("{trouble}\n"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_without_a_revision_shows_none() {
        let task = |control: i64| {
            json!({"topic": "t", "partition": 0, "offset": 3, "lag": 0, "revision": {"controlOffset": control},
                   "state": {"name": "running"}})
        };
        let status = without_placeholders(json!({"place": "p", "tasks": [task(-1), task(0)]}));
        assert_eq!(status["tasks"][0]["revision"]["controlOffset"], Value::Null);
        assert_eq!(status["tasks"][1]["revision"]["controlOffset"], 0);
        let text = for_people(&status);
        let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[2], ["t-0", "3", "0", "-", "running"], "{text}");
        assert_eq!(rows[3], ["t-0", "3", "0", "0", "running"], "{text}");
    }
}
