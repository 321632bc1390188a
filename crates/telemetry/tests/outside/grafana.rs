//! Grafana's documented interface, with what a person changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use scorewheel_telemetry::InfluxSettings;
use scorewheel_telemetry::grafana::{GrafanaAccess, GrafanaError, GrafanaSettings, setup};
use serde_json::{Value, json};

use crate::doubles::{Double, Request};

/// What a Grafana keeps, and its answers as documented.
#[derive(Default)]
struct Kept {
    data_sources: BTreeMap<String, Value>,
    dashboards: BTreeMap<String, Value>,
}

impl Kept {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        // admin:admin
        if request.header("authorization") != "Basic YWRtaW46YWRtaW4=" {
            return (401, json!({ "message": "Invalid username or password" }));
        }
        let mut words = request.line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let last = path.rsplit('/').next().unwrap();
        match (method, path) {
            ("GET", _) if path.starts_with("/api/datasources/name/") => found(self.data_sources.get(last)),
            ("GET", _) if path.starts_with("/api/dashboards/uid/") => {
                let dashboard = self.dashboards.get(last);
                found(dashboard.map(|dashboard| json!({ "dashboard": dashboard, "meta": {} })).as_ref())
            }
            ("POST", "/api/datasources") => self.data_source(serde_json::from_str(&request.body).unwrap()),
            ("POST", "/api/dashboards/db") => self.dashboard(&serde_json::from_str(&request.body).unwrap()),
            _ => (404, json!({ "message": "Not found" })),
        }
    }

    fn data_source(&mut self, source: Value) -> (u16, Value) {
        for key in ["name", "type", "access"] {
            if !source[key].is_string() {
                return (400, json!({ "message": format!("{key} is required") }));
            }
        }
        let name = source["name"].as_str().unwrap().to_owned();
        if self.data_sources.contains_key(&name) {
            return (409, json!({ "message": "data source with the same name already exists" }));
        }
        self.data_sources.insert(name, source);
        (200, json!({ "message": "Datasource added" }))
    }

    fn dashboard(&mut self, body: &Value) -> (u16, Value) {
        let mut dashboard = body["dashboard"].clone();
        if !dashboard["id"].is_null() || dashboard["title"].as_str().is_none_or(str::is_empty) {
            return (400, json!({ "message": "Dashboard title cannot be empty" }));
        }
        let uid = dashboard["uid"].as_str().unwrap().to_owned();
        let before = self.dashboards.get(&uid).map_or(0, |kept| kept["version"].as_u64().unwrap());
        if body["overwrite"] != true && dashboard["version"] != before {
            return (412, json!({ "message": "The dashboard has been changed by someone else" }));
        }
        dashboard["version"] = json!(before + 1);
        dashboard["id"] = json!(7);
        self.dashboards.insert(uid, dashboard);
        (200, json!({ "status": "success", "version": before + 1 }))
    }
}

fn found(thing: Option<&Value>) -> (u16, Value) {
    thing.map_or((404, json!({ "message": "not found" })), |thing| (200, thing.clone()))
}

fn start() -> (Double, Arc<Mutex<Kept>>) {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let answers = Arc::clone(&kept);
    let server = Double::start(move |request| {
        let (status, body) = answers.lock().unwrap().answer(request);
        (status, body.to_string())
    });
    (server, kept)
}

fn settings(url: &str) -> GrafanaSettings {
    GrafanaSettings {
        url: url.to_owned(),
        access: GrafanaAccess::User("admin".into(), "admin".into()),
        influx: Some(InfluxSettings::at("http://influxdb:8086")),
        prometheus: Some("http://prometheus:9090".into()),
    }
}

#[test]
fn everything_is_made_once() {
    let (server, kept) = start();
    let notes = setup(&settings(&server.url)).unwrap();
    assert_eq!(notes.len(), 5, "{notes:?}");
    assert!(notes.iter().all(|note| note.ends_with("was made")), "{notes:?}");
    let source = kept.lock().unwrap().data_sources["serving"].clone();
    assert_eq!((&source["url"], &source["database"]), (&json!("http://influxdb:8086"), &json!("serving")));
    assert_eq!(kept.lock().unwrap().dashboards["model-serving"]["title"], "Model Serving");
    let posts = |server: &Double| server.requests().iter().filter(|r| r.line.starts_with("POST")).count();
    let before = posts(&server);
    assert_eq!(setup(&settings(&server.url)).unwrap(), [""; 0]);
    assert_eq!(posts(&server), before, "doing it again changes nothing");
}

/// The dashboard as an older version of the product has made it.
fn age(kept: &Mutex<Kept>) {
    let mut kept = kept.lock().unwrap();
    let dashboard = kept.dashboards.get_mut("model-serving").unwrap();
    dashboard["tags"][1] = json!("scorewheel-file-older");
}

#[test]
fn an_older_one_of_ours_is_renewed_and_one_that_a_person_has_changed_is_not() {
    let (server, kept) = start();
    setup(&settings(&server.url)).unwrap();
    age(&kept);
    assert_eq!(setup(&settings(&server.url)).unwrap(), ["Grafana's dashboard \"Model Serving\" was renewed"]);
    assert_eq!(kept.lock().unwrap().dashboards["model-serving"]["version"], 2);
    age(&kept);
    // A person saves it.
    kept.lock().unwrap().dashboards.get_mut("model-serving").unwrap()["version"] = json!(3);
    let notes = setup(&settings(&server.url)).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("was changed by somebody"), "{notes:?}");
    assert_eq!(kept.lock().unwrap().dashboards["model-serving"]["version"], 3);
}

#[test]
fn a_data_source_that_is_there_stays_as_it_is() {
    let (server, kept) = start();
    let theirs = json!({ "name": "serving", "type": "influxdb", "url": "http://elsewhere:8086" });
    kept.lock().unwrap().data_sources.insert("serving".into(), theirs.clone());
    let notes = setup(&settings(&server.url)).unwrap();
    assert!(notes[0].contains("http://elsewhere:8086") && notes[0].contains("stays as it is"), "{notes:?}");
    assert_eq!(kept.lock().unwrap().data_sources["serving"], theirs);
}

#[test]
fn instances_that_begin_together_make_everything_once() {
    let (server, kept) = start();
    // Each asks before any of them has posted.
    let late = Double::start({
        let kept = Arc::clone(&kept);
        move |request| {
            let is_question = request.line.starts_with("GET");
            let (status, body) = match is_question {
                true => (404, json!({ "message": "not found" })),
                false => kept.lock().unwrap().answer(request),
            };
            (status, body.to_string())
        }
    });
    assert_eq!(setup(&settings(&server.url)).unwrap().len(), 5);
    assert_eq!(setup(&settings(&late.url)).unwrap(), [""; 0]);
    assert_eq!(kept.lock().unwrap().dashboards["model-serving"]["version"], 1);
}

#[test]
fn with_nothing_to_show_it_is_left_alone() {
    let (server, _) = start();
    let notes = setup(&GrafanaSettings { influx: None, prometheus: None, ..settings(&server.url) }).unwrap();
    assert!(notes.len() == 1 && notes[0].contains("influx.url"), "{notes:?}");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn another_retention_policy_is_asked() {
    let (server, kept) = start();
    let influx =
        InfluxSettings { retention_policy: "a week".into(), ..InfluxSettings::at("http://influxdb:8086") };
    let settings = GrafanaSettings { influx: Some(influx), ..settings(&server.url) };
    setup(&settings).unwrap();
    let dashboard = kept.lock().unwrap().dashboards["model-serving"].to_string();
    assert!(dashboard.contains(r#"FROM \"a week\".\"serving\""#), "{dashboard}");
    assert_eq!(setup(&settings).unwrap(), [""; 0]);
}

#[test]
fn wrong_password_wrong_server_and_nobody() {
    let (server, _) = start();
    let access = GrafanaAccess::Token("wrong".into());
    let error = setup(&GrafanaSettings { access, ..settings(&server.url) }).unwrap_err();
    assert!(matches!(&error, GrafanaError::Credentials { .. }), "{error}");
    assert!(error.to_string().contains("grafana.token") && !error.passes());
    let page = Double::start(|_| (200, "<!doctype html>".into()));
    assert!(matches!(setup(&settings(&page.url)).unwrap_err(), GrafanaError::NotGrafana { .. }));
    let error = setup(&settings("http://127.0.0.1:9")).unwrap_err();
    assert!(error.passes(), "{error}");
}
