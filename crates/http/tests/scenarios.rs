//! Table-driven scenarios of the whole router, with a fake behind it: one file a family in `tests/scenarios`.
//!
//! Each file is a snapshot, the server's settings, and requests in order. A request states what must come back: `status`,
//! and as given `body` (exact text), `json` (the same JSON value), `contains` and `lacks` (parts of
//! the text), `answers` (headers).
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod fake;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use scorewheel_http::{AccessRules, Application, Engine, Snapshot, router};
use serde::Deserialize;
use tokio::sync::watch;
use tower::ServiceExt;

use fake::running::application;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    engine: Engine,
    #[serde(default)]
    settings: Settings,
    /// The snapshot as JSON.
    snapshot: String,
    /// What the page shows besides, as JSON.
    #[serde(default = "nothing")]
    live: String,
    request: Vec<Exchange>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    token: Option<String>,
    publish_models: bool,
    not_loopback: bool,
    no_gateway: bool,
    max_body_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    what: String,
    #[serde(default = "get")]
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    send: String,
    status: u16,
    body: Option<String>,
    json: Option<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    answers: BTreeMap<String, String>,
}

fn nothing() -> String {
    "{}".into()
}

fn get() -> String {
    "GET".into()
}

async fn run(file: &str, text: &str) {
    let scenario: Scenario = toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let snapshot: Snapshot =
        serde_json::from_str(&scenario.snapshot).unwrap_or_else(|error| panic!("{file}: {error}"));
    let (_stop, stopping) = watch::channel(false);
    let live: fake::Live =
        serde_json::from_str(&scenario.live).unwrap_or_else(|error| panic!("{file}: {error}"));
    let watches = live.drift.is_some();
    let fake = Arc::new(fake::Fake::new(snapshot).with_live(live));
    let settings = scenario.settings;
    let application = Application {
        engine: scenario.engine,
        drift: if watches { Some(fake.clone()) } else { None },
        results: Some(fake.clone()),
        access: AccessRules {
            loopback: !settings.not_loopback,
            allowed_hosts: Vec::new(),
            token: settings.token,
            publish_models: settings.publish_models,
            models_topic: "models_models".into(),
            records_topic: "scorewheel-records".into(),
            own_topics: vec!["models_results".into()],
            own_prefix: "scorewheel-".into(),
        },
        max_body_bytes: settings.max_body_bytes.unwrap_or(1 << 20),
        ..application(&fake, stopping)
    };
    let application =
        Application { gateway: if settings.no_gateway { None } else { Some(fake) }, ..application };
    let (router, _) = router(application);
    for exchange in scenario.request {
        let at = format!("{file}: {}", exchange.what);
        let mut request = Request::builder().method(exchange.method.as_str()).uri(&exchange.path);
        if !exchange.headers.contains_key("host") {
            request = request.header("host", "localhost:8888");
        }
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        let answer = router.clone().oneshot(request.body(Body::from(exchange.send)).unwrap()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(status.as_u16(), exchange.status, "{at}: {body}");
        if let Some(expected) = exchange.body {
            assert_eq!(body, expected, "{at}");
        }
        if let Some(expected) = exchange.json {
            let value = |text: &str| {
                serde_json::from_str::<serde_json::Value>(text)
                    .unwrap_or_else(|e| panic!("{at}: {e}: {text}"))
            };
            assert_eq!(value(&body), value(&expected), "{at}");
        }
        for part in exchange.contains {
            assert!(body.contains(&part), "{at}: {part:?} is not in {body}");
        }
        for part in exchange.lacks {
            assert!(!body.contains(&part), "{at}: {part:?} is in {body}");
        }
        for (name, value) in exchange.answers {
            let found = headers.get(&name).map(|value| value.to_str().unwrap());
            assert_eq!(found, Some(value.as_str()), "{at}: header {name}");
        }
    }
}

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let file = concat!(stringify!($name), ".toml");
            run(file, include_str!(concat!("scenarios/", stringify!($name), ".toml"))).await;
        }
    )+};
}

scenarios!(access, drift, health, page, records, restoring, stage, topologies, topologies_in_memory, views);
