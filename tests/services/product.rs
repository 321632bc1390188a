//! The binary at work: an instance on topics in a directory, records that never end.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::{free_address, wait_until};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("scorewheel");
    assert!(path.exists(), "{}: run `cargo build -p scorewheel` in this profile", path.display());
    path
}

/// The binary on topics in a directory: an instance, records that never end.
pub struct Product {
    directory: TempDir,
    /// Where HTTP answers.
    pub address: String,
    processes: Vec<Child>,
}

impl Product {
    /// Starts it with these settings besides its own.
    pub fn start(settings: &[String]) -> Self {
        let address = free_address();
        let mut product = Self { directory: tempfile::tempdir().unwrap(), address, processes: Vec::new() };
        let mut run = product.command("run");
        run.args(["--listen", &product.address]);
        run.args(settings.iter().flat_map(|setting| ["--set", setting]));
        run.args(["--set", "topics.create=all", "--set", "topics.partitions=2"]);
        product.spawn(run);
        let url = format!("http://{}/livez", product.address);
        wait_until("the instance is up", || ureq::get(&url).call().is_ok());
        let mut produce = product.command("produce");
        produce.args(["--delimiter", ";", "--no-header", "--loop", "--rate", "200"]);
        produce.arg(root().join("demo/records.csv"));
        product.spawn(produce);
        product
    }

    fn command(&self, command: &str) -> Command {
        let mut process = Command::new(binary());
        process.arg(command).current_dir(self.directory.path());
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        process
    }

    fn spawn(&mut self, mut command: Command) {
        self.processes.push(command.spawn().unwrap());
    }

    /// Publishes a model of the demonstration; true if the command takes it.
    pub fn publish(&self, model: &str) -> bool {
        let mut publish = self.command("publish");
        publish.arg(root().join("demo/models").join(model)).status().unwrap().success()
    }

    /// The same in a version of this name.
    pub fn publish_as(&self, model: &str, version: &str) -> bool {
        let mut publish = self.command("publish");
        publish
            .args(["--model-version", version])
            .arg(root().join("demo/models").join(model))
            .status()
            .unwrap()
            .success()
    }

    /// Sends a record that is none.
    pub fn send_garbage(&self) {
        let url = format!("http://{}/v1/topics/models_data/records", self.address);
        let line = "{\"value\": \"{no record\"}\n";
        let sent = ureq::post(url).content_type("application/x-ndjson").send(line);
        assert_eq!(sent.unwrap().status(), 200);
    }

    /// Waits until what this address answers is as it should be.
    pub fn wait_for(&self, path: &str, is: impl Fn(&Value) -> bool) {
        let url = format!("http://{}{path}", self.address);
        wait_until(path, || {
            let Ok(mut answer) = ureq::get(&url).call() else { return false };
            is(&serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap())
        });
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
