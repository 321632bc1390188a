//! An application on a cluster: its topics' names, its processes, and what lies on its topics.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use scorewheel_tests::verifier::{Evidence, Rescorer, Violation, check};
use scorewheel_tests::{faults, kafka::Cluster};
use tempfile::TempDir;

use crate::engine::Engine;
use crate::instance::Instance;

/// An application with topics of its own.
pub struct Application {
    pub cluster: Cluster,
    engine: Engine,
    id: String,
    directory: TempDir,
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Models that all score the same records.
pub const MODELS: [&str; 4] = ["1-linear.pmml", "2-tree.pmml", "3-forest.pmml", "4-network.pmml"];

/// A model of the demonstration.
pub fn model(name: &str) -> PathBuf {
    root().join("demo/models").join(name)
}

impl Application {
    /// A new application with a records topic of six partitions.
    pub fn new(cluster: Cluster, engine: Engine) -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let id = format!("{}-{nanos}", engine.name());
        Self { cluster, engine, id, directory: tempfile::tempdir().unwrap() }
    }

    /// Its id, which is its group's name, too.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn topic(&self, kind: &str) -> String {
        format!("{}-{kind}", self.id)
    }

    /// A command of the binary, with this application's settings.
    pub fn command(&self, command: &str) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_scorewheel-with-faults"));
        process.arg(command).args(["--brokers", self.cluster.brokers()]);
        process.current_dir(self.directory.path()).stdin(Stdio::null());
        let topics = ["records", "models", "results", "dead_letters", "rejections"];
        for (name, topic) in topics.map(|kind| (format!("topics.{kind}"), self.topic(kind))) {
            process.args(["--set", &format!("{name}={topic}")]);
        }
        process.args(["--set", &format!("application.id={}", self.id)]);
        for setting in ["topics.partitions=6", "topics.create=all"] {
            process.args(["--set", setting]);
        }
        process
    }

    /// Writes the configuration file of all its commands.
    pub fn configure(&self, text: &str) {
        std::fs::write(self.directory.path().join("scorewheel.toml"), text).unwrap();
    }

    /// Publishes one model.
    pub fn publish(&self, name: &str) {
        let mut command = self.command("publish");
        command.arg(model(name));
        self.run(command);
    }

    /// Produces records, so many a second, over and over or up to a number.
    pub fn produce(&self, rate: u32, number: Option<u32>) -> Instance {
        let mut command = self.command("produce");
        command.args(["--delimiter", ";", "--no-header", "--loop", "--rate", &rate.to_string()]);
        if let Some(number) = number {
            command.args(["-n", &number.to_string()]);
        }
        command.arg(root().join("demo/records.csv"));
        self.client("produce", command)
    }

    /// A command that goes on until it is stopped.
    pub fn client(&self, name: &str, command: Command) -> Instance {
        Instance::new(name, self.spawn(command, name), self.log(name))
    }

    /// Starts a command that goes on until it is stopped; what it says goes to a file of this name.
    pub fn spawn(&self, mut command: Command, name: &str) -> Child {
        let log = File::create(self.log(name)).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    /// Runs a command to its end.
    pub fn run(&self, mut command: Command) {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Where a process of this name writes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.log"))
    }

    /// The file that says where an instance fails.
    pub fn faults(&self, name: &str) -> PathBuf {
        self.directory.path().join(format!("{name}.faults"))
    }

    /// Starts an instance with a state directory of this name.
    pub fn instance(&self, name: &str) -> Instance {
        let mut command = self.command("run");
        command.env(faults::VARIABLE, self.faults(name));
        let state = self.directory.path().join(name);
        for setting in [
            format!("engine.state_dir={}", state.display()),
            format!("stage.checkpoint={}", state.join("checkpoint").display()),
            "http.listen=127.0.0.1:0".into(),
            "kafka.session_timeout=4s".into(),
            "kafka.heartbeat_interval=500ms".into(),
            "commit.transaction_timeout=5s".into(),
        ]
        .into_iter()
        .chain(self.engine.settings())
        {
            command.args(["--set", &setting]);
        }
        self.client(name, command)
    }

    /// All that lies on the topics.
    pub fn evidence(&self) -> Evidence {
        let read = |kind: &str| self.cluster.read(&self.topic(kind)).unwrap();
        Evidence {
            // Results before records: a result that is seen belongs to a record that is there.
            results: read("results"),
            dead_letters: read("dead_letters"),
            control: read("models").remove(&0).unwrap_or_default(),
            inputs: read("records"),
            ..Evidence::default()
        }
    }

    /// What the verifier finds so far, but for scores.
    pub fn violations(&self) -> Vec<Violation> {
        check(&self.evidence(), self.engine.guarantee(), &mut Rescorer::blind()).1
    }
}

impl Drop for Application {
    /// What the processes said outlives a test that has failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.directory.disable_cleanup(true);
            println!("logs are left in {}", self.directory.path().display());
        }
    }
}
