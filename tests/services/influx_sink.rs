//! The sink on the real InfluxDB: what is made, what is written, what a killed server costs.

use std::time::{SystemTime, UNIX_EPOCH};

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::influx::{SenderNote, Server, Thinning};

use crate::influxdb::Database;
use crate::running::Running;
use crate::wait_until;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn settings(database: &Database) -> InfluxSettings {
    InfluxSettings { thinning: Thinning::Every, ..InfluxSettings::at(&database.url) }
}

const COUNT: &str = r#"SELECT count("duration") FROM "serving"."default"."serving""#;

#[test]
fn database_and_policy_are_made_and_points_are_the_originals() {
    let Some(database) = Database::start() else { return };
    let mut running = Running::start(settings(&database));
    let SenderNote::Prepared(made) = running.note() else { panic!("nothing was made") };
    assert!(made.contains("\"serving\"") && made.contains("one day"), "{made}");
    let mut collector = running.collector();
    for score in 0..5_000 {
        collector.score("winequality Decision,Tree", "1", Some(f64::from(score)), 3_200_000);
    }
    collector.committed(now());
    wait_until("all is written", || running.queue.counts().written == 5_000);
    running.close();
    assert_eq!(database.first_row(COUNT)[1], 5_000);
    let policy = database.first_row("SHOW RETENTION POLICIES ON serving");
    assert_eq!((policy[0].as_str(), policy[1].as_str()), (Some("default"), Some("24h0m0s")));
    let row = database.first_row(
        r#"SELECT "calculated", "duration", "engine", "model" FROM "serving"."default"."serving" ORDER BY time LIMIT 1"#,
    );
    let row = serde_json::Value::from(row[1..].to_vec());
    assert_eq!(row, serde_json::json!([0, 3, "Kafka Streams", "winequality Decision,Tree"]));
}

#[test]
fn a_database_with_another_policy_stays_as_it_is() {
    let Some(database) = Database::start() else { return };
    let server = Server::new(&settings(&database)).unwrap();
    server.ask_v1("CREATE DATABASE serving WITH DURATION 48h NAME \"default\"").unwrap();
    let notes = server.prepare().unwrap();
    assert!(notes.len() == 1 && notes[0].contains("keeps points for 48h0m0s"), "{notes:?}");
    server.ask_v1("CREATE DATABASE other WITH DURATION 48h NAME \"ours\"").unwrap();
    let other = Server::new(&InfluxSettings { database: "other".into(), ..settings(&database) }).unwrap();
    assert!(other.prepare().unwrap()[0].contains("was made"));
    assert!(other.prepare().unwrap().is_empty(), "made once");
}

#[test]
fn killed_under_load_it_costs_no_wait_and_catches_up() {
    let Some(mut database) = Database::start() else { return };
    let settings = InfluxSettings { capacity: 20_000, ..settings(&database) };
    let mut running = Running::start(settings);
    let mut collector = running.collector();
    let mut scores = 0_u64;
    let mut load = |points: u64| {
        for _ in 0..points / 1_000 {
            for _ in 0..1_000 {
                scores += 1;
                collector.score("wine", "1", Some(1.0), 1);
            }
            collector.committed(now());
        }
        scores
    };
    load(10_000);
    wait_until("the first are written", || running.queue.counts().written == 10_000);
    database.kill();
    // Twice what fits: whoever scores goes on at once, and what does not fit is counted.
    load(40_000);
    wait_until(
        "it is noticed",
        || matches!(running.notes.try_recv(), Ok(SenderNote::Failing(said)) if said.contains("does not answer")),
    );
    let counts = running.queue.counts();
    assert!(counts.dropped >= 10_000 && counts.waiting <= 20_000, "{counts:?}");
    database.restart();
    wait_until("what waited is written", || running.queue.counts().waiting == 0);
    let total = load(5_000);
    wait_until("all has an end", || {
        let counts = running.queue.counts();
        counts.written + counts.dropped == total
    });
    let SenderNote::Recovered { dropped } = running.note() else { panic!("it does not say that it is back") };
    assert!(dropped >= 10_000);
    let counts = running.queue.counts();
    running.close();
    assert_eq!(database.first_row(COUNT)[1], counts.written, "{counts:?}");
}
