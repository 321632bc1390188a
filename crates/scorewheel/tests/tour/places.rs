//! Where the tour finds what it needs.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use scorewheel_topics::{Backend, KafkaBackend, KafkaSettings};

use crate::process::wait_for;

/// A broker on which nothing of the application is left, an InfluxDB, the program of Prometheus, free ports.
pub struct Places {
    brokers: String,
    prometheus: PathBuf,
    ports: Vec<(&'static str, String)>,
    // Kept until it ends.
    _directory: tempfile::TempDir,
    influx: Child,
}

impl Places {
    /// `None`, and said, if the machine lacks one of them.
    pub fn start() -> Option<Self> {
        let named = |variable: &str| {
            let found = std::env::var(variable).ok().filter(|name| !name.is_empty());
            if found.is_none() {
                println!("skipped: {variable} not found");
            }
            found
        };
        let brokers = named("SCOREWHEEL_TEST_KAFKA")?;
        let influxd = named("SCOREWHEEL_TEST_INFLUXD")?;
        let prometheus = PathBuf::from(named("SCOREWHEEL_TEST_PROMETHEUS")?);
        forget_application(&brokers);
        let listeners: Vec<TcpListener> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let port = |index: usize| listeners[index].local_addr().unwrap().port().to_string();
        let names = ["127.0.0.1:8881", "127.0.0.1:8882", "127.0.0.1:8883", "127.0.0.1:9090"];
        let mut ports: Vec<(&'static str, String)> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (*name, format!("127.0.0.1:{}", port(index))))
            .collect();
        for (index, number) in ["8881", "8882", "8883"].into_iter().enumerate() {
            ports.push((number, port(index)));
        }
        let (influx_port, rpc) = (port(4), port(5));
        ports.push(("8086", influx_port.clone()));
        drop(listeners);
        let directory = tempfile::tempdir().unwrap();
        let influx = influxdb(&influxd, directory.path(), &influx_port, &rpc);
        Some(Self { brokers, prometheus, ports, _directory: directory, influx })
    }

    /// What the tour calls otherwise.
    pub fn replacements(&self) -> Vec<(&str, String)> {
        let mut all = vec![("broker-1:9092", self.brokers.clone())];
        all.extend(self.ports.iter().map(|(from, to)| (*from, to.clone())));
        all.push(("prometheus --config", format!("{} --config", self.prometheus.display())));
        all
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.influx.kill();
        let _ = self.influx.wait();
    }
}

fn influxdb(program: &str, directory: &std::path::Path, port: &str, rpc: &str) -> Child {
    let folder = |name: &str| directory.join(name).display().to_string();
    let configuration = format!(
        "bind-address = \"127.0.0.1:{rpc}\"\nreporting-disabled = true\n[meta]\ndir = \"{}\"\n[data]\ndir = \
         \"{}\"\nwal-dir = \"{}\"\n[http]\nbind-address = \"127.0.0.1:{port}\"\n",
        folder("meta"),
        folder("data"),
        folder("wal")
    );
    let file = directory.join("influxdb.conf");
    std::fs::write(&file, configuration).unwrap();
    let started =
        Command::new(program).arg("-config").arg(file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let url = format!("http://127.0.0.1:{port}/ping");
    wait_for("InfluxDB", || ureq::get(&url).call().ok());
    started.unwrap()
}

/// The tour begins with topics that are not there and a group that has committed nothing.
fn forget_application(brokers: &str) {
    let backend = KafkaBackend::new(KafkaSettings::new(brokers));
    let admin = backend.admin().unwrap();
    let ours = |name: &str| name.starts_with("models_") || name.starts_with("scorewheel-");
    for topic in admin.topics().unwrap().into_iter().filter(|topic| ours(&topic.name)) {
        admin.delete_topic(&topic.name).unwrap();
        wait_for("the deletion", || admin.describe_topic(&topic.name).unwrap().is_none().then_some(()));
    }
    wait_for("the group to be empty", || admin.delete_group("scorewheel").ok());
}
