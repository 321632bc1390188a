//! A real InfluxDB, started and killed by the test.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command};

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::Server;
use tempfile::TempDir;

use crate::wait_until;

/// An InfluxDB 1 with its data in a temporary directory.
pub struct Database {
    program: std::ffi::OsString,
    directory: TempDir,
    /// Its address, kept over restarts.
    pub url: String,
    process: Option<Child>,
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
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

    /// The first row of a query's answer.
    pub fn first_row(&self, query: &str) -> Vec<serde_json::Value> {
        let server = Server::new(&InfluxSettings::at(&self.url)).unwrap();
        let answer = server.ask_v1(query).unwrap();
        answer["results"][0]["series"][0]["values"][0].as_array().cloned().unwrap_or_default()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}
