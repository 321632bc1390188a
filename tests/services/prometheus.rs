//! A real Prometheus that scrapes an instance.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::Value;
use tempfile::TempDir;

use crate::{free_address, wait_until};

/// A Prometheus with its data in a temporary directory.
pub struct Prometheus {
    // Kept until it ends.
    _directory: TempDir,
    url: String,
    process: Child,
}

impl Prometheus {
    /// Starts one that scrapes this address every second and knows these alert rules; `None`, and said, if the machine
    /// has none.
    pub fn start(instance: &str, rules: &Path) -> Option<Self> {
        let Some(program) = std::env::var_os("SCOREWHEEL_TEST_PROMETHEUS") else {
            println!("skipped: SCOREWHEEL_TEST_PROMETHEUS not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let address = free_address();
        let configuration = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [\"{}\"]\nscrape_configs:\n  \
             - job_name: scorewheel\n    static_configs: [{{ targets: [\"{instance}\"] }}]\n",
            rules.display()
        );
        let file = directory.path().join("prometheus.yml");
        std::fs::write(&file, configuration).unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let process = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let prometheus = Self { _directory: directory, url: format!("http://{address}"), process };
        wait_until("Prometheus is ready", || ureq::get(format!("{}/-/ready", prometheus.url)).call().is_ok());
        Some(prometheus)
    }

    /// What a query answers now: its samples.
    pub fn ask(&self, query: &str) -> Vec<Value> {
        let answer = ureq::get(format!("{}/api/v1/query", self.url)).query("query", query).call();
        let mut answer = answer.unwrap_or_else(|error| panic!("{query}: {error}"));
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// The names of the alert rules that are loaded, each evaluated without an error.
    pub fn rules(&self) -> Vec<String> {
        let mut answer = ureq::get(format!("{}/api/v1/rules", self.url)).call().unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let rules = answer["data"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default();
        rules
            .iter()
            .filter(|rule| rule["health"] == "ok")
            .filter_map(|rule| rule["name"].as_str().map(str::to_owned))
            .collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
