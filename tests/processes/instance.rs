//! A process that scores.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A process that scores; killed when the test is done with it.
pub struct Instance {
    name: String,
    process: Child,
    log: PathBuf,
}

impl Instance {
    /// A process that was started.
    pub fn new(name: &str, process: Child, log: PathBuf) -> Self {
        Self { name: name.to_owned(), process, log }
    }

    /// What it has said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops it where it stands.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} does not end:\n{}", self.name, self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Tells it to leave, and waits until it has.
    pub fn leave(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.ended(Duration::from_secs(40))
    }

    /// What it answers to a question; `None` while it does not.
    pub fn ask(&self, path: &str) -> Option<Value> {
        let said = self.said();
        let url = said.lines().find_map(|line| line.split("listening on ").nth(1))?.trim();
        let mut answer = ureq::get(format!("{url}{path}")).call().ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }

    /// The partitions that it scores, complete and at work.
    pub fn working_tasks(&self) -> Vec<Value> {
        let answer = self.ask("/v1/tasks?scope=instance").unwrap_or_default();
        let tasks = answer["tasks"].as_array().cloned().unwrap_or_default();
        tasks.into_iter().filter(|task| task["state"]["name"] == "running").collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
