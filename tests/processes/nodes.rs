//! The nodes of a cluster, killed and started again.

use std::path::PathBuf;
use std::process::Command;

use scorewheel_tests::kafka::Cluster;

use crate::application::root;

/// How many nodes a cluster has whose nodes may be killed.
pub const NODES: usize = 3;

/// The nodes that `.ci/kafka/up` has started in a directory.
pub struct Nodes {
    directory: PathBuf,
    /// The port of the first node.
    port: String,
}

impl Nodes {
    /// Those that the tests may kill, named by `SCOREWHEEL_TEST_KAFKA_NODES`.
    pub fn for_tests(cluster: &Cluster) -> Option<Self> {
        let directory = std::env::var_os("SCOREWHEEL_TEST_KAFKA_NODES")?.into();
        let first = cluster.brokers().split(',').next().unwrap();
        Some(Self { directory, port: first.rsplit(':').next().unwrap().to_owned() })
    }

    /// Ends a node as a power failure would.
    pub fn kill(&self, node: usize) {
        let pid = std::fs::read_to_string(self.directory.join(format!("node-{node}/pid"))).unwrap();
        let killed = Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
        assert!(killed.success(), "node {node}");
    }

    /// Starts those that are not there, and waits until they are ready.
    pub fn start(&self) {
        let mut up = Command::new(root().join(".ci/kafka/up"));
        let output = up.args([&NODES.to_string(), &self.port]).arg(&self.directory).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
