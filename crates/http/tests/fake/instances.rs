//! Several instances, each with a server in front of a fake; and strangers where an instance was.
#![allow(dead_code, reason = "tests that share this file have no use for all of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scorewheel_http::cluster::{
    API, AnnouncedTask, Announcement, Cluster, Gatherer, Member, Members, PeerClient,
};
use scorewheel_http::{ModelDrift, ModelReference, ModelStatistics, Revision, Route, Snapshot, Task};
use serde_json::Value;

use super::running::Running;
use super::{Fake, Live};

/// Long enough for a loaded machine; only instances that never answer take it.
pub const PATIENCE: Duration = Duration::from_millis(1500);

pub struct Fixed(pub Mutex<Members>);

impl Cluster for Fixed {
    fn members(&self) -> Members {
        self.0.lock().unwrap().clone()
    }
}

pub struct Instance {
    pub running: Running,
    pub address: SocketAddr,
    pub members: Arc<Fixed>,
    pub fake: Arc<Fake>,
}

pub fn announcement(name: &str, address: SocketAddr, partitions: &[u32]) -> Announcement {
    Announcement {
        api: API,
        instance: name.into(),
        host: address.ip().to_string(),
        port: address.port(),
        version: "1".into(),
        stores: vec!["modelStore".into()],
        tasks: partitions
            .iter()
            .map(|partition| AnnouncedTask { topic: "in".into(), partition: *partition })
            .collect(),
        expires_ms: 10_000,
        ..Announcement::default()
    }
}

pub fn model() -> ModelReference {
    ModelReference {
        data_type: "wine".into(),
        name: "forest".into(),
        control_offset: 4,
        ..Default::default()
    }
}

/// A partition of which the model has scored so many rows, each in `partition + 1` ms.
pub fn task(partition: u32, rows: u64) -> Task {
    let each = u64::from(partition + 1) * 1_000_000;
    Task {
        topic: "in".into(),
        partition,
        offset: rows as i64,
        revision: Revision { control_offset: 4, digest: None },
        records: rows,
        results: rows,
        age_ms: Some(7),
        statistics: vec![ModelStatistics {
            model: model(),
            since: 1000 - i64::from(partition),
            invocations: rows,
            duration_ns: rows * each,
            min_ns: each,
            max_ns: each,
            duration_whole_ms: rows * each / 1_000_000,
        }],
        ..Task::default()
    }
}

pub fn snapshot(tasks: Vec<Task>) -> Snapshot {
    Snapshot {
        application: "app".into(),
        store: Some("modelStore".into()),
        default_data_type: "wine".into(),
        revision: Revision { control_offset: 4, digest: None },
        routes: vec![Route { data_type: "wine".into(), in_force: Some(model()), ..Route::default() }],
        tasks,
        ..Snapshot::default()
    }
}

pub fn start(name: &str, state: Snapshot, partitions: u32) -> Instance {
    start_watching(name, state, partitions, None)
}

/// One that has watched the model score so many rows, or watches nothing.
pub fn start_watching(name: &str, state: Snapshot, partitions: u32, rows: Option<u64>) -> Instance {
    let watched =
        |rows| ModelDrift { data_type: "wine".into(), name: "forest".into(), rows, ..ModelDrift::default() };
    let live = Live { drift: rows.map(|rows| vec![watched(rows)]), ..Live::default() };
    start_showing(name, state, partitions, live)
}

/// One whose page shows this besides its state.
pub fn start_showing(name: &str, state: Snapshot, partitions: u32, live: Live) -> Instance {
    let held: Vec<u32> = state.tasks.iter().map(|task| task.partition).collect();
    let watches = live.drift.is_some();
    let fake = Arc::new(Fake::new(state).with_live(live));
    let members = Arc::new(Fixed(Mutex::default()));
    let running = Running::start(&fake, |address, application| {
        *members.0.lock().unwrap() = Members {
            own: announcement(name, address, &held),
            expected: Some(("in".into(), partitions)),
            ..Members::default()
        };
        let gatherer = Gatherer::new(members.clone(), PeerClient::new(PATIENCE));
        application.cluster = Some(Arc::new(gatherer));
        if watches {
            application.drift = Some(fake.clone());
        }
    });
    Instance { address: running.address, running, members, fake }
}

impl Instance {
    pub fn knows(&self, others: Vec<Announcement>) {
        let member = |announcement| Member { announcement, age: Duration::from_millis(5) };
        self.members.0.lock().unwrap().others = others.into_iter().map(member).collect();
    }

    /// The page, as a browser without a script sees it.
    pub fn page(&self) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    pub fn ask(&self, path: &str) -> (u16, String, Value) {
        let mut answer = String::new();
        self.running.ask(path).read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), serde_json::from_str(body).unwrap())
    }

    /// How the question to each other instance went, in order.
    pub fn states(&self) -> Vec<String> {
        let (status, _, answer) = self.ask("/v1/cluster");
        assert_eq!(status, 200);
        let instances = answer["coverage"]["instances"].as_array().unwrap();
        instances.iter().skip(1).map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    }
}

/// Answers every connection with these bytes; none: takes it and says nothing, as a paused process does.
pub fn stranger(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if let Some(answer) = answer {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                open.push(stream);
            }
        }
    });
    address
}

/// Begins an answer and never ends it, byte by byte.
pub fn drips() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
                while stream.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
    });
    address
}
