//! An application on a cluster: its topics' names, its processes, and what lies on its topics.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use scorewheel_tests::kafka::Cluster;
use scorewheel_tests::verifier::Evidence;
use tempfile::TempDir;

use crate::instance::Instance;

/// An application with topics of its own.
pub struct Application {
    cluster: Cluster,
    id: String,
    directory: TempDir,
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The product's binary: beside this test, where cargo puts both.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SCOREWHEEL_TEST_BINARY") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("scorewheel");
    assert!(
        path.exists(),
        "{} is not there: run `cargo build -p scorewheel` in this profile",
        path.display()
    );
    path
}

impl Application {
    /// A new application with a records topic of six partitions.
    pub fn new(cluster: Cluster, hint: &str) -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        Self { cluster, id: format!("{hint}-{nanos}"), directory: tempfile::tempdir().unwrap() }
    }

    fn topic(&self, kind: &str) -> String {
        format!("{}-{kind}", self.id)
    }

    /// A command of the binary, with this application's settings.
    pub fn command(&self, command: &str) -> Command {
        let mut process = Command::new(binary());
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

    /// Starts an instance with a state directory of this name.
    pub fn instance(&self, name: &str) -> Instance {
        let mut command = self.command("run");
        let state = self.directory.path().join(name);
        for setting in [
            format!("engine.state_dir={}", state.display()),
            "http.listen=127.0.0.1:0".into(),
            "kafka.session_timeout=4s".into(),
            "kafka.heartbeat_interval=500ms".into(),
            "commit.transaction_timeout=5s".into(),
        ] {
            command.args(["--set", &setting]);
        }
        Instance::new(name, self.spawn(command, name), self.log(name))
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
            dropped: Default::default(),
        }
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
