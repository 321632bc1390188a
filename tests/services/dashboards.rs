//! Every query of every panel gives data on the real InfluxDB and the real Prometheus, beside the binary at work.

use serde_json::Value;

use crate::influxdb::Database;
use crate::product::{Product, root};
use crate::prometheus::Prometheus;
use crate::wait_until;

/// The panels' titles and queries of a dashboard.
fn queries(file: &str, key: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(root().join("dashboards").join(file)).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let annotations = dashboard["annotations"]["list"].as_array().unwrap();
    let of_panels = panels.iter().flat_map(|panel| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |target| (title.clone(), target[key].as_str().unwrap().to_owned()))
    });
    let named = annotations.iter().filter_map(|annotation| {
        Some((annotation["name"].as_str()?.to_owned(), annotation[key].as_str()?.to_owned()))
    });
    of_panels.chain(named).collect()
}

#[test]
fn every_panel_shows_something() {
    let Some(database) = Database::start() else { return };
    let product = Product::start(&[format!("influx.url={}", database.url), "drift.reference=1s".into()]);
    let Some(prometheus) = Prometheus::start(&product.address, &root().join("dashboards/alerts.yaml")) else {
        return;
    };
    assert!(product.publish("1-linear.pmml"));
    wait_until("the first model scores", || {
        !prometheus.ask("scorewheel_models_count{state=\"in_force\"} == 1").is_empty()
            && !prometheus.ask("sum(scorewheel_result_records_total) > 0").is_empty()
    });
    assert!(product.publish("2-tree.pmml"));
    wait_until("the second model scores", || {
        !prometheus.ask("sum(scorewheel_model_rows_total{model=\"2-tree\"}) > 400").is_empty()
    });

    let mut asked = 0;
    for file in ["model-serving.json", "scorewheel-influxdb.json"] {
        for (title, query) in queries(file, "query") {
            let query = query
                .replace("$timeFilter", "time > now() - 1h")
                .replace("$__interval", "1s")
                .replace("$model", ".*");
            let answer = database.ask(&query);
            assert!(answer["results"][0]["series"][0]["values"][0].is_array(), "{title}: {query}: {answer}");
            asked += 1;
        }
    }
    for (title, query) in queries("scorewheel-prometheus.json", "expr") {
        let query = query.replace("$job", ".*").replace("$__rate_interval", "30s");
        wait_until(&format!("{title}: {query}"), || !prometheus.ask(&query).is_empty());
        asked += 1;
    }
    println!("{asked} queries give data");
    let rules = std::fs::read_to_string(root().join("dashboards/alerts.yaml")).unwrap();
    let rules = rules.matches("- alert: ").count();
    wait_until("every alert rule is evaluated", || prometheus.rules().len() == rules);
    assert!(prometheus.ask("ALERTS{alertname=\"ScorewheelNoModel\",alertstate=\"firing\"}").is_empty());
}
