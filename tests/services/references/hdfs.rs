//! HDFS: Hadoop's mini cluster, one name node and one data node in a process of their own.

use std::fs::File;
use std::process::{Child, Command};

use scorewheel_references::{DataNode, HdfsStore, Location, Server, Store};
use tempfile::TempDir;

use super::story::{RealStore, files, place, tell};
use crate::{free_address, wait_until};

const USER: &str = "reader";

struct Cluster {
    _directory: TempDir,
    address: String,
    data_node: DataNode,
    process: Child,
}

impl Cluster {
    fn start() -> Option<Self> {
        let Some(jars) = std::env::var_os("SCOREWHEEL_TEST_HDFS") else {
            println!("skipped: SCOREWHEEL_TEST_HDFS not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let (address, names) = (free_address(), free_address());
        let port = |address: &str| address.rsplit_once(':').unwrap().1.to_owned();
        let process = Command::new("java")
            .args(["-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
            .arg(format!("{}/*", std::path::Path::new(&jars).display()))
            .arg(format!("-Dtest.build.data={}", directory.path().display()))
            .arg("org.apache.hadoop.test.MiniDFSClusterManager")
            .args(["-format", "-datanodes", "1", "-nnport", &port(&names), "-httpport", &port(&address)])
            .args([
                "-D",
                &format!("hadoop.http.staticuser.user={USER}"),
                "-D",
                "dfs.permissions.enabled=false",
            ])
            .current_dir(directory.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let data_node = DataNode { host: String::new(), port: 0 };
        let mut cluster = Self { _directory: directory, address, data_node, process };
        wait_until("HDFS answers", || cluster.ask("GET", "/", "op=LISTSTATUS").is_some());
        for (name, bytes) in files() {
            let mut to = None;
            wait_until("a data node is there", || {
                to = cluster.ask("PUT", &format!("/models/{name}"), "op=CREATE&overwrite=true");
                to.as_ref().is_some_and(|(status, _)| *status == 307)
            });
            let to = to.unwrap().1.unwrap();
            let answer = ureq::put(&to).send(&bytes[..]).unwrap();
            assert_eq!(answer.status().as_u16(), 201);
            let Ok(Location::Http { server, .. }) = Location::parse(&to) else { panic!("{to}") };
            cluster.data_node = DataNode { host: server.host, port: server.port };
        }
        Some(cluster)
    }

    /// Status and where it sends.
    fn ask(&self, method: &str, path: &str, query: &str) -> Option<(u16, Option<String>)> {
        let uri = format!("http://{}/webhdfs/v1{path}?{query}&user.name={USER}", self.address);
        let request = ureq::http::Request::builder().method(method).uri(uri).body(()).unwrap();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .build()
            .into();
        let answer = agent.run(request).ok()?;
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        Some((answer.status().as_u16(), to))
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    fn of(&self, data_nodes: Vec<DataNode>) -> Store {
        Store::Hdfs(HdfsStore {
            scheme: "hdfs".into(),
            host: "cluster".into(),
            port: None,
            endpoint: Server::parse(&format!("http://{}", self.address)).unwrap(),
            root: vec!["models".into()],
            data_nodes,
            user: Some(USER.into()),
            token: None,
        })
    }
}

impl RealStore for Cluster {
    fn location(&self, name: &str) -> String {
        format!("hdfs://cluster/models/{name}")
    }

    fn store(&self) -> Store {
        self.of(vec![self.data_node.clone()])
    }

    /// It hangs: connections stand, and nobody answers.
    fn stop(&mut self) {
        self.signal("-STOP");
    }

    fn resume(&mut self) {
        self.signal("-CONT");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn models_come_from_hdfs_and_from_data_nodes_of_the_place_only() {
    let Some(mut cluster) = Cluster::start() else { return };
    let stranger = DataNode { host: "data.example".into(), port: cluster.data_node.port };
    let location = cluster.location("small.pmml");
    super::story::assert_refused(
        place(cluster.of(vec![stranger])),
        &location,
        scorewheel_serving::RefusalKind::NotAllowed,
    );
    tell(&mut cluster);
}
