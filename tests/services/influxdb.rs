//! A real InfluxDB, started and killed by the test.

use std::fs::File;
use std::process::{Child, Command};

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::Server;
use tempfile::TempDir;

use crate::{free_address, wait_until};

/// An InfluxDB 1 with its data in a temporary directory.
pub struct Database {
    program: std::ffi::OsString,
    directory: TempDir,
    /// Its address, kept over restarts.
    pub url: String,
    process: Option<Child>,
}

impl Database {
    /// Starts one; `None`, and said, if the machine has none.
    pub fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("SCOREWHEEL_TEST_INFLUXD") else {
            println!("skipped: SCOREWHEEL_TEST_INFLUXD not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let (address, rpc) = (free_address(), free_address());
        let path = |name: &str| directory.path().join(name).display().to_string();
        let configuration = format!(
            "reporting-disabled = true\nbind-address = \"{rpc}\"\n[meta]\ndir = \"{}\"\n[data]\ndir = \"{}\"\n\
             wal-dir = \"{}\"\n[monitor]\nstore-enabled = false\n[http]\nbind-address = \"{address}\"\n",
            path("meta"),
            path("data"),
            path("wal")
        );
        std::fs::write(directory.path().join("influxdb.conf"), configuration).unwrap();
        let mut database = Self { program, directory, url: format!("http://{address}"), process: None };
        database.restart();
        Some(database)
    }

    /// Starts it again on the same data; returns when it answers.
    pub fn restart(&mut self) {
        let log = File::create(self.directory.path().join("log")).unwrap();
        let process = Command::new(&self.program)
            .arg("run")
            .arg("-config")
            .arg(self.directory.path().join("influxdb.conf"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        let server = Server::new(&InfluxSettings::at(&self.url)).unwrap();
        wait_until("InfluxDB answers", || server.ask_v1("SHOW DATABASES").is_ok());
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// What a query answers, in the database `serving` as Grafana's data source asks it.
    pub fn ask(&self, query: &str) -> serde_json::Value {
        let asked = ureq::get(format!("{}/query", self.url)).query("db", "serving").query("q", query).call();
        let mut answer = asked.unwrap_or_else(|error| panic!("{query}: {error}"));
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    /// The first row of a query's answer.
    pub fn first_row(&self, query: &str) -> Vec<serde_json::Value> {
        let answer = self.ask(query);
        answer["results"][0]["series"][0]["values"][0].as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}
