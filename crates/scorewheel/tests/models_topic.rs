//! `publish` and `models` on topics in memory.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use scorewheel::commands::models::ModelsCommand;
use scorewheel::config::{Loaded, Request, load};
use scorewheel::{Command, CommandLine, ExitCode, Failure};
use scorewheel_topics::{Backend, MemoryBackend, TopicSpec};

struct World {
    backend: MemoryBackend,
    loaded: Loaded,
    pauses: Vec<Duration>,
}

impl World {
    fn new() -> Self {
        let empty = Request { file: Some("/dev/null".into()), ..Request::default() };
        Self { backend: MemoryBackend::new(), loaded: load(&empty).unwrap(), pauses: Vec::new() }
    }

    fn run(&mut self, arguments: &[&str]) -> Result<String, Failure> {
        let arguments = ["scorewheel"].iter().chain(arguments);
        match CommandLine::try_parse_from(arguments).unwrap().command {
            Command::Publish(arguments) => {
                let mut out = Vec::new();
                let pauses = &mut self.pauses;
                let backend: Arc<dyn Backend> = Arc::new(self.backend.clone());
                arguments.publish(&backend, &self.loaded, &mut out, &mut |pause| pauses.push(pause))?;
                Ok(String::from_utf8(out).unwrap())
            }
            Command::Models(ModelsCommand { action }) => action.apply(&self.backend, &self.loaded.config),
            other => panic!("{other:?}"),
        }
    }
}

fn demo(path: &str) -> String {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/models");
    root.join(path).display().to_string()
}

#[test]
fn a_folder_is_published_by_name_and_listed_newest_first() {
    let mut world = World::new();
    world.loaded.config.publish.every = Some("5m".parse_period());
    let said = world.run(&["publish", &demo("")]).unwrap();
    assert!(said.starts_with("created topic models_models (1 partition, kept for ever)\n"), "{said}");
    assert!(said.contains("published wine/1-linear (PMML, 2559 bytes) at control offset 0\n"), "{said}");
    let count = said.matches("published ").count();
    assert_eq!(world.pauses, vec![Duration::from_secs(300); count - 1]);
    let config = world.backend.admin().unwrap().topic_config("models_models").unwrap();
    assert_eq!((config.retention, config.max_message_bytes), (None, (64 << 20) + (64 << 10)));

    let table = world.run(&["models", "list"]).unwrap();
    let first: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(first[1..4], [&format!("@{}", count - 1), "newest", &(count - 1).to_string()]);
    assert_eq!(table.matches(" held ").count(), count - 1);
}

/// Durations as the configuration reads them.
trait ParsePeriod {
    fn parse_period(&self) -> scorewheel::config::Period;
}

impl ParsePeriod for str {
    fn parse_period(&self) -> scorewheel::config::Period {
        scorewheel::config::Period::parse(self).unwrap()
    }
}

#[test]
fn going_back_publishes_the_earlier_bytes_with_their_version() {
    let mut world = World::new();
    world.run(&["publish", "--name", "m", &demo("1-linear.pmml")]).unwrap();
    world.run(&["publish", "--name", "m", "--model-version", "two", &demo("2-tree.pmml")]).unwrap();
    let said = world.run(&["models", "rollback", "wine/m"]).unwrap();
    assert_eq!(said, "went back from two to version @0 of wine/m: published again at control offset 2\n");
    let said = world.run(&["models", "rollback", "wine/m", "--to", "two"]).unwrap();
    assert_eq!(said, "went back from @0 to version two of wine/m: published again at control offset 3\n");
    let lines = world.run(&["models", "list", "--json"]).unwrap();
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let versions: Vec<&str> = lines.iter().map(|line| line["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["@0", "two", "@0", "two"]);
    assert_eq!((&lines[0]["sha256"], &lines[1]["sha256"]), (&lines[2]["sha256"], &lines[3]["sha256"]));
    let states: Vec<&str> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["superseded", "superseded", "superseded", "newest"]);
    let error = world.run(&["models", "rollback", "wine/m", "--to", "three"]).unwrap_err();
    assert_eq!(
        error.message,
        "wine/m has no earlier message three to go back to; it has [\"@0\", \"two\", \"@0\"]"
    );
}

#[test]
fn removing_and_retrying() {
    let mut world = World::new();
    world.run(&["publish", &demo("1-linear.pmml"), &demo("2-tree.pmml")]).unwrap();
    let said = world.run(&["models", "remove", "wine/2-tree"]).unwrap();
    assert_eq!(said, "removed wine/2-tree at control offset 2\n");
    let table = world.run(&["models", "list"]).unwrap();
    assert!(table.contains("wine/1-linear") && !table.contains("wine/2-tree"), "{table}");
    assert!(
        world.run(&["models", "remove", "wine/2-tree"]).unwrap_err().message.contains("no model wine/2-tree")
    );
    // What was not refused is not judged anew: that would make it take over.
    for (offset, wanted) in [("0", "it is the latest of its name"), ("1", "it was removed since")] {
        let error = world.run(&["models", "retry", offset]).unwrap_err().message;
        assert!(error.contains("was not refused") && error.contains(wanted), "{error}");
    }
    world.run(&["publish", "--name", "1-linear", &demo("2-tree.pmml")]).unwrap();
    let error = world.run(&["models", "retry", "0"]).unwrap_err().message;
    assert!(error.contains("scorewheel models rollback wine/1-linear --to 0"), "{error}");
    assert!(world.run(&["models", "rollback", "wine/1-linear", "--to", "0"]).is_ok());
    assert!(world.run(&["models", "retry", "2"]).is_err());
    assert_eq!(world.run(&["models", "remove", "no-slash"]).unwrap_err().code, ExitCode::Usage);
}

#[test]
fn what_cannot_be_published_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("a b.pmml"), "<PMML/>").unwrap();
    std::fs::write(file("notes.md"), "").unwrap();
    let mut world = World::new();
    let said = world.run(&["publish", &file("a b.pmml")]).unwrap();
    assert!(said.contains("the name \"a b\" is published as a-b\npublished wine/a-b "), "{said}");
    assert_eq!(world.run(&["publish", &file("gone.pmml")]).unwrap_err().code, ExitCode::FileNotFound);
    assert_eq!(world.run(&["publish", &file("notes.md")]).unwrap_err().code, ExitCode::Usage);
    assert_eq!(world.run(&["publish"]).unwrap_err().code, ExitCode::Usage);
    std::fs::remove_file(file("a b.pmml")).unwrap();
    let error = world.run(&["publish", &folder.path().display().to_string()]).unwrap_err();
    assert_eq!(error.code, ExitCode::FileNotFound);

    let mut world = World::new();
    let admin = world.backend.admin().unwrap();
    admin.create_topic(&TopicSpec::new("models_models", 2)).unwrap();
    let error = world.run(&["publish", &demo("1-linear.pmml")]).unwrap_err();
    assert_eq!(error.code, ExitCode::Configuration);
    assert!(error.message.contains("has 2 partitions, needed are 1"), "{error}");

    let mut world = World::new();
    let admin = world.backend.admin().unwrap();
    admin.create_topic(&TopicSpec::new("models_models", 1).max_message_bytes(1000)).unwrap();
    world.loaded.place = scorewheel::config::Place::Kafka("broker:9092".into());
    let error = world.run(&["publish", &demo("1-linear.pmml")]).unwrap_err().message;
    assert!(
        error.contains("kafka-configs.sh --bootstrap-server broker:9092 --alter --entity-type topics --entity-name models_models --add-config max.message.bytes=67174400"),
        "{error}"
    );

    // An embedded topic is ours to alter.
    let mut world = World::new();
    let admin = world.backend.admin().unwrap();
    admin.create_topic(&TopicSpec::new("models_models", 1).max_message_bytes(1000)).unwrap();
    let said = world.run(&["publish", &demo("1-linear.pmml")]).unwrap();
    assert!(
        said.starts_with(
            "raised max.message.bytes of topic models_models from 1000 to 67174400\npublished wine/1-linear"
        ),
        "{said}"
    );
    assert_eq!(admin.topic_config("models_models").unwrap().max_message_bytes, 67_174_400);

    let mut world = World::new();
    world.loaded.config.topics.create = scorewheel::config::Create::None;
    let error = world.run(&["publish", &demo("1-linear.pmml")]).unwrap_err().message;
    assert!(error.contains("there is no topic `models_models`"), "{error}");
}

#[test]
fn what_is_bound_to_be_refused_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pmml").display().to_string();
    std::fs::write(&empty, "").unwrap();
    let model = demo("1-linear.pmml");
    let long = "v".repeat(129);
    for (arguments, code, wanted) in [
        (
            &["--model-version", &long, &model][..],
            ExitCode::Usage,
            "the version has 129 bytes, more than 128",
        ),
        (&["--model-version", "a\u{7}b", &model], ExitCode::Usage, "control character '\\u{7}'"),
        (&["--name", "", &model], ExitCode::Usage, "the model name is empty"),
        (&["--data-type", "beer", &model], ExitCode::Usage, "there is no data type \"beer\""),
        (&[model.as_str(), &empty], ExitCode::ModelRefused, "empty.pmml is empty"),
    ] {
        let mut world = World::new();
        let arguments: Vec<&str> = ["publish"].iter().chain(arguments).copied().collect();
        let error = world.run(&arguments).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(wanted), "{error}");
        assert!(world.backend.admin().unwrap().topics().unwrap().is_empty(), "nothing was created");
    }
    let mut world = World::new();
    world.run(&["publish", "--model-version", &long[1..], &model]).unwrap();
}
