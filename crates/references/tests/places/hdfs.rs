//! A name node that sends to data nodes.

use scorewheel_references::{DataNode, HdfsStore, Place, Secret, Server as Endpoint, Store};
use scorewheel_serving::RefusalKind;

use crate::common::*;
use crate::server::{Reply, Server};

fn cluster(name_node: &Server, data_nodes: &[&Server]) -> HdfsStore {
    let data_node = |server: &&Server| DataNode { host: "127.0.0.1".into(), port: server.address.port() };
    HdfsStore {
        scheme: "hdfs".into(),
        host: "cluster".into(),
        port: None,
        endpoint: Endpoint::parse(&name_node.url()).unwrap(),
        root: vec!["models".into()],
        data_nodes: data_nodes.iter().map(data_node).collect(),
        user: Some("reader".into()),
        token: Some(Secret("to/ken".into())),
    }
}

/// A name node that sends there.
fn name_node(to: impl Fn(&str) -> String + Send + 'static) -> Server {
    Server::start(move |request| Reply::Redirect(307, to(&request.target)))
}

fn fetch_file(store: HdfsStore) -> Result<Vec<u8>, scorewheel_references::FetchError> {
    fetch_from(place(Store::Hdfs(store)), "hdfs://cluster/models/a%20b")
}

#[test]
fn a_file_comes_from_a_data_node_of_the_place() {
    let data = Server::start(|_| Reply::ok(b"model"));
    let url = data.url();
    let names = name_node(move |target| format!("{url}{target}&namenoderpcaddress=cluster:8020&offset=0"));
    assert_eq!(fetch_file(cluster(&names, &[&data])).unwrap(), b"model");
    assert_eq!(
        names.requests()[0].target,
        "/webhdfs/v1/models/a%20b?op=OPEN&user.name=reader&delegation=to%2Fken"
    );
    assert!(data.requests()[0].target.starts_with("/webhdfs/v1/models/a%20b?op=OPEN&"));
    // A gateway gives the file itself.
    let gateway = Server::start(|_| Reply::ok(b"model"));
    assert_eq!(fetch_file(cluster(&gateway, &[])).unwrap(), b"model");
}

#[test]
fn a_name_node_sends_nowhere_else() {
    let data = Server::start(|_| Reply::ok(b"secret"));
    let url = data.url();
    for (to, says) in [
        (format!("{url}/webhdfs/v1/models/other?op=OPEN"), "another file"),
        (format!("{url}/webhdfs/v1/models/../private?op=OPEN"), "no location"),
        (format!("{url}/models/a%20b"), "another file"),
        ("http://169.254.169.254/webhdfs/v1/models/a%20b".into(), "datanodes"),
        ("file:///etc/passwd".into(), "no location over HTTP"),
        (format!("http://user:secret@{}/webhdfs/v1/models/a%20b", data.address), "no location"),
        (url.replace("http", "https") + "/webhdfs/v1/models/a%20b", "datanodes"),
    ] {
        let names = name_node(move |_| to.clone());
        assert_refused(fetch_file(cluster(&names, &[&data])), RefusalKind::NotAllowed, says);
    }
    let forbidden = data.url();
    let names = name_node(move |target| format!("{forbidden}{target}"));
    assert_refused(fetch_file(cluster(&names, &[])), RefusalKind::NotAllowed, "datanodes");
    assert_eq!(data.requests(), []);
}

#[test]
fn a_domain_of_data_nodes_is_every_host_below_it() {
    let data = Server::start(|_| Reply::ok(b"model"));
    let port = data.address.port();
    let ask = |host: &'static str| {
        let names = name_node(move |target| format!("http://{host}:{port}{target}"));
        let mut store = cluster(&names, &[]);
        store.endpoint = Endpoint::parse(&format!("http://names.example:{}", names.address.port())).unwrap();
        store.data_nodes = vec![DataNode { host: ".data.example".into(), port }];
        let resolver = Both { names: names.address, data: data.address };
        fetch(&places(place(Store::Hdfs(store)), resolver), "hdfs://cluster/models/a").map(|(bytes, _)| bytes)
    };
    assert_eq!(ask("one.data.example").unwrap(), b"model");
    for host in ["data.example", "onedata.example", "one.data.example.com"] {
        assert_refused(ask(host), RefusalKind::NotAllowed, "datanodes");
    }
}

#[derive(Debug)]
struct Both {
    names: std::net::SocketAddr,
    data: std::net::SocketAddr,
}

impl scorewheel_references::Resolver for Both {
    fn resolve(&self, host: &str, _: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
        Ok(vec![if host.starts_with("names") { self.names } else { self.data }])
    }
}

#[test]
fn answers_are_verdicts_or_pass() {
    let answered = |status, body: &'static str| {
        let names = Server::start(move |_| Reply::Whole(status, body.as_bytes().to_vec()));
        fetch_file(cluster(&names, &[]))
    };
    let missing = r#"{"RemoteException":{"exception":"FileNotFoundException"}}"#;
    assert_refused(answered(404, missing), RefusalKind::NotFound, "hdfs://cluster/models/a%20b");
    let standby = r#"{"RemoteException":{"exception":"StandbyException"}}"#;
    assert_passing(answered(403, standby), "StandbyException");
    assert_passing(answered(500, ""), "status 500");
    let names = name_node(|target| format!("http://127.0.0.1:1{target}"));
    let mut store = cluster(&names, &[]);
    store.data_nodes = vec![DataNode { host: "127.0.0.1".into(), port: 1 }];
    assert_passing(fetch_file(store.clone()), "does not answer");
    let public = Place { allow_private: false, ..place(Store::Hdfs(store)) };
    assert_refused(fetch_from(public, "hdfs://cluster/models/a"), RefusalKind::NotAllowed, "allow_private");
}
