//! What `deploy/` says about the product is so: its command lines are understood, its settings and variables exist, its
//! ports and paths are the same everywhere.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

use std::collections::BTreeMap;
use std::path::Path;

use clap::Parser;
use scorewheel::CommandLine;
use scorewheel::config::{Loaded, Request, load};
use yaml_rust2::{Yaml, YamlLoader};

const PORT: &str = "8888";
const STATE: &str = "/var/lib/scorewheel";

fn read(path: &str) -> String {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    std::fs::read_to_string(deploy.join(path)).unwrap()
}

fn yaml(path: &str) -> Yaml {
    YamlLoader::load_from_str(&read(path)).unwrap().remove(0)
}

/// Words of a command line that the product takes.
fn understood(words: &[String]) {
    let words = std::iter::once("scorewheel".to_owned()).chain(words.iter().cloned());
    let words: Vec<String> = words.collect();
    if let Err(error) = CommandLine::try_parse_from(&words) {
        panic!("{words:?}: {error}");
    }
}

/// The configuration that an environment makes; every variable must be known.
fn configured(environment: BTreeMap<String, String>) -> Loaded {
    let request = Request { environment: environment.into_iter().collect(), ..Request::default() };
    match load(&request) {
        Ok(loaded) => {
            assert!(loaded.notices.is_empty(), "{:?}", loaded.notices);
            loaded
        }
        Err(problems) => panic!("{problems}"),
    }
}

fn strings(list: &Yaml) -> Vec<String> {
    list.as_vec().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A service of the compose file with what it takes over from `x-product`.
fn product_services() -> Vec<(String, Yaml)> {
    let compose = yaml("compose.yaml");
    let services = compose["services"].as_hash().unwrap();
    let ours = services.iter().filter(|(_, service)| {
        // The merge key is left as it stands by the reader.
        service["<<"]["image"].as_str() == Some("scorewheel")
            || service["image"].as_str() == Some("scorewheel")
    });
    ours.map(|(name, service)| (name.as_str().unwrap().to_owned(), service.clone())).collect()
}

#[test]
fn the_compose_file_starts_what_there_is() {
    let services = product_services();
    assert_eq!(services.len(), 3);
    for (name, service) in &services {
        understood(&strings(&service["command"]));
        let variables = service["environment"].as_hash().unwrap();
        let text =
            |value: &Yaml| value.as_str().unwrap_or_else(|| panic!("{name}: a value is no text")).to_owned();
        let environment: BTreeMap<String, String> =
            variables.iter().map(|(key, value)| (text(key), text(value))).collect();
        let known = |variable: &String| {
            variable.starts_with("SCOREWHEEL__")
                || read("../docs/configuration.md").contains(&format!("the original's `{variable}`"))
        };
        assert!(environment.keys().all(known), "{name}: {environment:?}");
        let loaded = configured(environment);
        assert_eq!(loaded.place.to_string(), "Kafka at kafka:9092", "{name}");
    }
    let run = &services.iter().find(|(name, _)| name == "scorewheel").unwrap().1;
    assert!(strings(&run["ports"]).iter().all(|port| port.ends_with(&format!(":{PORT}"))));
    assert!(strings(&run["tmpfs"]).iter().all(|mount| mount.starts_with(STATE)));
    // What is mounted is there.
    for (_, service) in yaml("compose.yaml")["services"].as_hash().unwrap() {
        let mounts = service["volumes"].as_vec().into_iter().flatten().filter_map(Yaml::as_str);
        for mount in mounts.filter(|mount| mount.starts_with('.')) {
            let path = mount.split(':').next().unwrap();
            assert!(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path).exists(),
                "{mount}"
            );
        }
    }
    assert!(read("prometheus.yml").contains(&format!("names: [scorewheel], type: A, port: {PORT}")));
}

#[test]
fn the_container_is_the_product() {
    let file = read("Containerfile");
    let lines = |word: &str| -> Vec<String> {
        let lines = file.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        lines.map(str::to_owned).collect()
    };
    let variables = lines("ENV")
        .iter()
        .map(|line| line.split_once('=').unwrap())
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    let loaded = configured(variables);
    assert_eq!(loaded.config.listen(), format!("0.0.0.0:{PORT}"));
    assert_eq!(loaded.config.engine.state_dir, Path::new(STATE));
    assert_eq!((lines("EXPOSE"), lines("VOLUME")), (vec![PORT.to_owned()], vec![STATE.to_owned()]));
    assert_eq!(lines("USER"), ["65532:65532"]);
    let command: Vec<String> = serde_json::from_str(&lines("CMD")[0]).unwrap();
    understood(&command);
    let check = lines("HEALTHCHECK")[0].split_once("CMD ").unwrap().1.to_owned();
    let check: Vec<String> = serde_json::from_str(&check).unwrap();
    understood(&check[1..]);
    assert_eq!(check[1..], ["status", "--ready"]);
    // Who runs the check waits longer than it takes.
    let timeout =
        lines("HEALTHCHECK")[0].split("--timeout=").nth(1).unwrap().split('s').next().unwrap().to_owned();
    assert!(timeout.parse::<u64>().unwrap() > scorewheel::commands::readiness::WITHIN.as_secs());
    let entry: Vec<String> = serde_json::from_str(&lines("ENTRYPOINT")[0]).unwrap();
    assert_eq!((entry[0].as_str(), check[0].as_str()), ("/usr/bin/scorewheel", "/usr/bin/scorewheel"));
    assert!(read("dist").contains("\"$tree/usr/bin/scorewheel\""));
    // The toolchain is the one of the repository.
    let toolchain = read("../rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).unwrap();
    let image = lines("FROM")[0].split(':').nth(1).unwrap().split('-').next().unwrap().to_owned();
    assert!(version.starts_with(&image), "{version} is not {image}");
    // Features and profile exist.
    let manifest = read("../crates/scorewheel/Cargo.toml");
    for line in lines("ARG") {
        let (name, value) = line.split_once('=').unwrap();
        match name {
            "FEATURES" => assert!(manifest.contains(&format!("\n{value} = ["))),
            "PROFILE" => assert!(read("../Cargo.toml").contains(&format!("[profile.{value}]"))),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn the_unit_starts_the_product() {
    let unit = read("scorewheel.service");
    let value = |key: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        lines.next().unwrap_or_else(|| panic!("{key} is missing")).to_owned()
    };
    let command = value("ExecStart");
    let mut words = command.split(' ').map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("/usr/bin/scorewheel"));
    understood(&words.collect::<Vec<_>>());
    let environment = value("Environment");
    let variables = environment.split(' ').map(|pair| pair.split_once('=').unwrap());
    let loaded = configured(variables.map(|(key, text)| (key.to_owned(), text.to_owned())).collect());
    assert_eq!(loaded.config.engine.state_dir, Path::new(STATE));
    assert_eq!(format!("/var/lib/{}", value("StateDirectory")), STATE);
    // The instance gives up first.
    let seconds: u64 = value("TimeoutStopSec").parse().unwrap();
    assert!(seconds > scorewheel::running::instance::STOP_WITHIN.as_secs());
    let codes = read("../crates/scorewheel/src/exit_code.rs");
    for code in value("RestartPreventExitStatus").split(' ') {
        assert!(codes.contains(&format!(" = {code},")), "{code} is no exit code");
    }
    // What the comment recommends is a variable that there is.
    assert!(unit.contains("SCOREWHEEL__KAFKA__SETTINGS__SASL_PASSWORD_FILE"));
}

#[test]
fn the_chart_sets_what_there_is() {
    let values = yaml("helm/scorewheel/values.yaml");
    let port = values["port"].as_i64().unwrap().to_string();
    assert_eq!(port, PORT);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scorewheel.toml");
    std::fs::write(&file, values["config"].as_str().unwrap()).unwrap();
    let template = read("helm/scorewheel/templates/statefulset.yaml");
    let arguments = template.lines().find_map(|line| line.trim().strip_prefix("args: [")).unwrap();
    let words = arguments.trim_end_matches(']').split(", ").map(str::to_owned);
    understood(&words.collect::<Vec<_>>());
    // Variables that the template gives, with any value that fits.
    let named =
        template.lines().filter_map(|line| line.trim().strip_prefix("- { name: ")).filter_map(|line| {
            let (name, rest) = line.split_once(", value: ")?;
            let text = rest.trim_end_matches(" }").trim_matches('"');
            (!name.contains("{{")).then(|| {
                let text = text.replace("{{ .Values.port }}", &port);
                (name.to_owned(), if text.contains("{{") { "broker:9092".into() } else { text })
            })
        });
    let mut environment: BTreeMap<String, String> = named.collect();
    assert!(template.contains("- name: SCOREWHEEL__KAFKA__INSTANCE_ID"));
    environment.insert("SCOREWHEEL__KAFKA__INSTANCE_ID".into(), "scorewheel-0".into());
    assert!(environment.len() >= 4, "{environment:?}");
    let request =
        Request { file: Some(file), environment: environment.into_iter().collect(), ..Request::default() };
    let loaded = load(&request).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.config.listen(), format!("0.0.0.0:{PORT}"));
    // A pod has a name that others can resolve only below the service that governs it.
    let service = r#"{{ include "scorewheel.name" . }}-instances"#;
    let advertised = format!("value: \"$(SCOREWHEEL__KAFKA__INSTANCE_ID).{service}:{{{{ .Values.port }}}}\"");
    let after = |text: &str| template.split_once(text).map(|(_, rest)| rest.trim_start()).unwrap();
    assert!(after("- name: SCOREWHEEL__HTTP__ADVERTISED\n").starts_with(&advertised));
    assert!(after("serviceName: ").starts_with(service));
    assert!(read("helm/scorewheel/templates/service.yaml").contains(&format!("name: {service}\n")));
    assert_eq!(loaded.config.engine.state_dir, Path::new(STATE));
    for path in ["/livez", "/readyz"] {
        assert!(template.contains(&format!("path: {path}, port: http")), "{path}");
    }
    let seconds = values["terminationGracePeriodSeconds"].as_i64().unwrap();
    assert!(seconds.unsigned_abs() > scorewheel::running::instance::STOP_WITHIN.as_secs());
    let metric = values["autoscaling"]["metric"].as_str().unwrap();
    assert!(read("../docs/metrics.md").contains(&format!("| `{metric}` |")));
    let chart = yaml("helm/scorewheel/Chart.yaml");
    assert_eq!(chart["appVersion"].as_str(), Some(env!("CARGO_PKG_VERSION")));
}

/// The schema names every value, and every value that it names is there and explained.
#[test]
fn the_charts_values_and_their_schema_agree() {
    let schema: serde_json::Value =
        serde_json::from_str(&read("helm/scorewheel/values.schema.json")).unwrap();
    fn agree(schema: &serde_json::Value, values: &Yaml, path: &str) {
        let Some(properties) = schema["properties"].as_object() else { return };
        let named: Vec<&str> = properties.keys().map(String::as_str).filter(|key| *key != "global").collect();
        let given = values.as_hash().unwrap_or_else(|| panic!("{path} is no section"));
        let mut given: Vec<&str> = given.keys().filter_map(Yaml::as_str).collect();
        given.sort_unstable();
        assert_eq!(named, given, "{path}");
        for key in named {
            agree(&properties[key], &values[key], &format!("{path}.{key}"));
        }
    }
    agree(&schema, &yaml("helm/scorewheel/values.yaml"), "");
}
