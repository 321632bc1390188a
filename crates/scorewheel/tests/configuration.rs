//! The configuration as an operator meets it: precedence, what is refused and with which words, what is shown.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

use std::path::{Path, PathBuf};

use scorewheel::config::reference::reference;
use scorewheel::config::show::show;
use scorewheel::config::{Engine, Loaded, Period, Place, Problems, Request, load};

/// A file in a folder of its own, and what is beside it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("scorewheel.toml"), text).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("scorewheel.toml")
    }
}

fn request(folder: &Folder, environment: &[(&str, &str)], flags: &[(&str, &'static str, &str)]) -> Request {
    Request {
        file: Some(folder.file()),
        environment: environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        flags: flags.iter().map(|(key, flag, value)| ((*key).into(), *flag, (*value).into())).collect(),
    }
}

fn loads(text: &str, environment: &[(&str, &str)]) -> Loaded {
    let folder = Folder::with(text);
    load(&request(&folder, environment, &[])).unwrap_or_else(|problems| panic!("{problems}"))
}

fn refused(text: &str, environment: &[(&str, &str)]) -> (Problems, String) {
    let folder = Folder::with(text);
    let problems = load(&request(&folder, environment, &[])).expect_err("the configuration is refused");
    let said = problems.to_string().replace(&folder.file().display().to_string(), "FILE");
    (problems, said)
}

#[test]
fn the_strongest_source_wins() {
    let file = "[kafka]\nbrokers = \"file:1\"\n";
    let original = ("KAFKA_BROKERS_LIST", "original:1");
    let ours = ("SCOREWHEEL__KAFKA__BROKERS", "ours:1");
    let flag = ("kafka.brokers", "--brokers", "flag:1");
    let folder = Folder::with(file);
    let brokers = |environment: &[(&str, &str)], flags: &[(&str, &'static str, &str)]| {
        load(&request(&folder, environment, flags)).unwrap().config.kafka.brokers.unwrap()
    };
    assert_eq!(brokers(&[], &[]), "file:1");
    assert_eq!(brokers(&[original], &[]), "original:1");
    assert_eq!(brokers(&[original, ours], &[]), "ours:1");
    assert_eq!(brokers(&[original, ours], &[flag]), "flag:1");
    assert_eq!(loads("", &[]).config.kafka.brokers, None);
}

#[test]
fn the_originals_environment_is_read() {
    let loaded = loads(
        "",
        &[
            ("KAFKA_BROKERS_LIST", "broker:9092"),
            ("DATA_PUBLISH_INTERVAL", "250"),
            ("MODEL_PUBLISH_INTERVAL", "300000"),
            ("DATA_DIRECTORY", "data"),
            ("DATA_FILENAME", "winequality_red.csv"),
            ("ZOOKEEPER_HOST", "zookeeper"),
        ],
    );
    let config = &loaded.config;
    assert_eq!(loaded.place, Place::Kafka("broker:9092".into()));
    assert_eq!(config.produce.interval, Period::millis(250));
    assert_eq!(config.publish.every, Some(Period::millis(300_000)));
    assert_eq!(config.produce.directory.as_deref(), Some(Path::new("data")));
    assert_eq!(config.produce.filename.as_deref(), Some(Path::new("winequality_red.csv")));
    assert_eq!(loaded.notices, ["ZOOKEEPER_HOST is ignored: Kafka no longer needs Zookeeper"]);
}

/// Text of the file, environment, and what is said.
type Refusal<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_is_refused_and_with_which_words() {
    let records = "`topics.records` names more than one topic; an application reads one: run another application, with its \
                   own `application.id`, for each further topic";
    let zookeeper = "Kafka no longer needs Zookeeper: remove it, `kafka.brokers` is enough";
    let cases: &[Refusal<'_>] = &[
        (
            "[kafka]\nbroker = \"x:1\"\n",
            &[],
            "FILE:2: there is no setting `kafka.broker`; did you mean `kafka.brokers`?",
        ),
        ("[kafak]\nbrokers = \"x:1\"\n", &[], "FILE:1: there is no setting `kafak`; did you mean `kafka`?"),
        ("brokers = \"x:1\"\n", &[], "FILE:1: there is no setting `brokers`; did you mean `kafka.brokers`?"),
        (
            "[kafka]\nzookeeper = \"x:2181\"\n",
            &[],
            &format!("FILE:2: there is no setting `kafka.zookeeper`; {zookeeper}"),
        ),
        (
            "[zookeeper]\nhost = \"x\"\n",
            &[],
            &format!("FILE:1: there is no setting `zookeeper`; {zookeeper}"),
        ),
        ("[topics]\nrecords = [\"a\", \"b\"]\n", &[], &format!("FILE:2: {records}")),
        (
            "",
            &[("SCOREWHEEL__TOPICS__RECORDS", "a,b")],
            &format!("environment variable SCOREWHEEL__TOPICS__RECORDS: {records}"),
        ),
        (
            "",
            &[("SCOREWHEEL__KAFKA__BROKER", "x")],
            "environment variable SCOREWHEEL__KAFKA__BROKER: it stands for no setting; did you mean \
             SCOREWHEEL__KAFKA__BROKERS?",
        ),
        (
            "",
            &[("SCOREWHEEL__KAFKA__ZOOKEEPER", "x")],
            &format!(
                "environment variable SCOREWHEEL__KAFKA__ZOOKEEPER: it stands for no setting; {zookeeper}"
            ),
        ),
        (
            "[commit]\ninterval = \"soon\"\n",
            &[],
            "FILE:2: `commit.interval` is \"soon\"; write a duration such as 100ms, 5s, 10m, 2h, or milliseconds",
        ),
        (
            "[engine]\nstore = \"rocksdb\"\n",
            &[],
            "FILE:2: `engine.store` is \"rocksdb\"; write one of persistent, memory, custom",
        ),
        (
            "kafka = 3\n",
            &[],
            "FILE:1: `kafka` is a section, not a value; write [kafka] and its settings below",
        ),
        (
            "[topics]\nresults = \"models_data\"\n",
            &[],
            "FILE:2: `topics.results` is the same topic as `topics.records`",
        ),
        (
            "[application]\nid = \"a/b\"\n",
            &[],
            "FILE:2: `application.id` holds a character outside A-Z a-z 0-9 . _ -, or is longer than 128",
        ),
        ("[engine]\nthreads = 0\n", &[], "FILE:2: `engine.threads` is not between 1 and 256"),
        (
            "[scoring]\nfailure_share = 1.5\n",
            &[],
            "FILE:2: `scoring.failure_share` is not above 0 and up to 1",
        ),
        ("[[data_types]]\ncodec = \"json\"\n", &[], "FILE:1: an entry of `[[data_types]]` has no name"),
        (
            "[[data_types]]\nname = \"beer\"\n",
            &[],
            "FILE:1: the data type \"beer\" has no schema; name a .proto file with `schema`",
        ),
        (
            "[[data_types]]\nname = \"wine\"\nschma = \"x\"\n",
            &[],
            "FILE:3: `data_types` has no member `schma`; did you mean `schema`?",
        ),
        (
            "[[data_types]]\nname = \"wine\"\n[[data_types]]\nname = \"wine\"\n",
            &[],
            "FILE:3: the data type \"wine\" is configured twice",
        ),
        (
            "[kafka]\nbrokers = \"x:1\"\n[embedded]\ndata_dir = \"d\"\n",
            &[],
            "FILE:2: `kafka.brokers` and `embedded.data_dir` (FILE:4) are both set; topics live in one place; remove one \
             of them",
        ),
        (
            "",
            &[("SCOREWHEEL__CLIENT__TOKEN_FILE", "/nonexistent/token")],
            "environment variable SCOREWHEEL__CLIENT__TOKEN_FILE: cannot read /nonexistent/token: No such file or \
             directory (os error 2)",
        ),
        ("[influxdb]\nhost = \"x\"\n", &[], "FILE:1: there is no setting `influxdb`; did you mean `influx`?"),
    ];
    for (text, environment, expected) in cases {
        assert_eq!(refused(text, environment).1, *expected, "{text}{environment:?}");
    }
}

#[test]
fn flags_are_held_to_the_same_names() {
    let folder = Folder::with("");
    let problems = load(&request(&folder, &[], &[("commit.intervall", "--set", "1s")])).unwrap_err();
    assert_eq!(
        problems.to_string(),
        "--set: there is no setting `commit.intervall`; did you mean `commit.interval`?"
    );
}

#[test]
fn broken_toml_is_named_with_its_line() {
    let (_, said) = refused("[kafka]\nbrokers = \n", &[]);
    assert!(said.starts_with("FILE:2: not TOML: "), "{said}");
    let missing = Request { file: Some("/nonexistent/x.toml".into()), ..Request::default() };
    let said = load(&missing).unwrap_err().to_string();
    assert_eq!(said, "/nonexistent/x.toml:1: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let (problems, _) =
        refused("[kafka]\nbroker = 1\n[commit]\ninterval = \"x\"\n[engine]\nthreads = 0\n", &[]);
    assert_eq!(problems.0.len(), 3);
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = Folder::with("[kafka.settings]\n\"security.protocol\" = \"SASL_SSL\"\n");
    let secret = folder.0.path().join("password");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let environment = [
        ("SCOREWHEEL__KAFKA__SETTINGS__SASL_PASSWORD_FILE", secret.to_str().unwrap()),
        ("SCOREWHEEL__CLIENT__TOKEN", "tok123"),
    ];
    let loaded = load(&request(&folder, &environment, &[])).unwrap();
    let settings = &loaded.config.kafka.settings;
    assert_eq!(settings["sasl.password"], "hunter2");
    assert_eq!(settings["security.protocol"], "SASL_SSL");
    let shown = show(&loaded);
    assert!(!shown.contains("hunter2") && !shown.contains("tok123"), "{shown}");
    assert!(shown.contains("\"sasl.password\" = \"(hidden)\"") && shown.contains("SASL_SSL"), "{shown}");
    assert!(!format!("{:?}", loaded.config.client).contains("tok123"));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let loaded = loads(
        "[engine]\nkind = \"stage\"\n[http]\nallowed_hosts = [\"a\", \"b\"]\n[[data_types]]\nname = \"wine\"\ndefault = true\n",
        &[("SCOREWHEEL__COMMIT__INTERVAL", "1s")],
    );
    let shown = show(&loaded);
    assert!(
        shown.contains("interval = \"1s\" # environment variable SCOREWHEEL__COMMIT__INTERVAL"),
        "{shown}"
    );
    let again = loads(&shown, &[]);
    assert_eq!(again.config, loaded.config);
}

#[test]
fn where_topics_live() {
    let embedded = |directory: &str, by_default| Place::Embedded { directory: directory.into(), by_default };
    assert_eq!(loads("", &[]).place, embedded("./scorewheel-data", true));
    assert_eq!(loads("[embedded]\ndata_dir = \"d\"", &[]).place, embedded("d", false));
    // A stronger source decides against a weaker one.
    let folder = Folder::with("[kafka]\nbrokers = \"x:1\"\n");
    let flags = [("embedded.data_dir", "--data-dir", "d")];
    assert_eq!(load(&request(&folder, &[], &flags)).unwrap().place, embedded("d", false));
    let flags = [("client.url", "--url", "http://localhost:1")];
    assert_eq!(
        load(&request(&folder, &[], &flags)).unwrap().place,
        Place::Remote("http://localhost:1".into())
    );
}

#[test]
fn where_http_listens() {
    let listen = |text: &str| loads(text, &[]).config.listen();
    assert_eq!(listen(""), "127.0.0.1:8888");
    assert_eq!(listen("[engine]\nkind = \"stage\""), "127.0.0.1:5500");
    assert_eq!(listen("[queriable_state]\nport = 7000"), "127.0.0.1:7000");
    assert_eq!(listen("[queriable_state]\nport = 7000\n[http]\nlisten = \"0.0.0.0:1\""), "0.0.0.0:1");
    assert_eq!(loads("[engine]\nkind = \"stage\"", &[]).config.engine.kind, Engine::Stage);
}

#[test]
fn a_schema_lies_beside_the_file() {
    let folder = Folder::with("[[data_types]]\nname = \"beer\"\nschema = \"beer.proto\"\n");
    let loaded = load(&request(&folder, &[], &[])).unwrap();
    assert_eq!(loaded.config.data_types[0].schema, Some(folder.0.path().join("beer.proto")));
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == reference(), "docs/configuration.md is stale; run this test with UPDATE=1");
}

/// A place of models by reference of each kind.
const REFERENCES: &str = r#"
[[references]]
name = "folder"
scheme = "file"
root = "/srv/models"

[[references]]
name = "web"
scheme = "http"
host = "models.example:8080"
root = "wine"
query = true
timeout = "30s"

[[references]]
name = "bucket-1"
scheme = "s3"
bucket = "models"
endpoint = "http://minio:9000"
pin = "trust"
max_size = "8MiB"
allow_private = true

[[references]]
name = "cluster"
scheme = "hdfs"
host = "cluster"
endpoint = "http://name-node:9870"
datanodes = ["data-1:9864", ".workers.example:9864"]

[[references]]
name = "table"
scheme = "postgresql"
host = "db"
database = "models"
table = "public.models"
key_column = "name"
bytes_column = "bytes"
user = "reader"

[[references]]
name = "large"
scheme = "kafka"
topic = "large_models"
"#;

#[test]
fn places_of_models_by_reference_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "from a file\n").unwrap();
    let environment = [
        ("SCOREWHEEL__REFERENCES__BUCKET_1__ACCESS_KEY", "AKIA"),
        ("SCOREWHEEL__REFERENCES__BUCKET_1__SECRET_KEY_FILE", secret.to_str().unwrap()),
        ("SCOREWHEEL__REFERENCES__TABLE__PASSWORD", "pass"),
    ];
    let loaded = loads(REFERENCES, &environment);
    let config = &loaded.config;
    let places: Vec<_> =
        config.references.iter().map(|entry| entry.place(config.models.max_size).unwrap()).collect();
    let shown = format!("{places:?}");
    for part in ["/srv/models", "models.example", "minio", "workers.example", "public.models", "large_models"]
    {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert_eq!(config.references[2].secret_key.as_ref().unwrap().0, "from a file");
    assert_eq!((places[2].max_bytes, places[2].allow_private), (8 << 20, true));
    assert_eq!((places[0].max_bytes, places[0].allow_private), (64 << 20, false));
    // What is shown can be read again, but for secrets.
    let shown = show(&loaded);
    assert!(shown.contains("secret_key = \"(hidden)\"") && !shown.contains("from a file"), "{shown}");
    assert_eq!(loads(&shown, &[]).config.references.len(), 6);
}

#[test]
fn places_that_are_none_are_refused_with_words() {
    for (text, says) in [
        ("scheme = \"file\"\nroot = \"/a\"", "no name"),
        ("name = \"a\"", "has no scheme"),
        ("name = \"a\"\nscheme = \"ftp\"", "write one of file"),
        ("name = \"A\"\nscheme = \"file\"\nroot = \"/a\"", "no name of the characters"),
        ("name = \"a\"\nscheme = \"file\"", "no `root`"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"models\"", "absolute path"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"/a/../b\"", "absolute path"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"/\"", "absolute path"),
        ("name = \"a\"\nscheme = \"http\"", "no `host`"),
        ("name = \"a\"\nscheme = \"http\"\nhost = \"u:p@h\"", "`host`"),
        ("name = \"a\"\nscheme = \"http\"\nhost = \"h\"\ntls = \"verify\"", "which is for postgresql"),
        ("name = \"a\"\nscheme = \"http\"\nhost = \"h\"\nuser = \"u\"", "`user` and `password`"),
        ("name = \"a\"\nscheme = \"http\"\nhost = \"h\"\nroot = \"a/../b\"", "`root`"),
        ("name = \"a\"\nscheme = \"s3\"", "no `bucket`"),
        ("name = \"a\"\nscheme = \"s3\"\nbucket = \"bad bucket\"", "`bucket`"),
        ("name = \"a\"\nscheme = \"s3\"\nbucket = \"good\"\nendpoint = \"minio\"", "`endpoint`"),
        (
            "name = \"a\"\nscheme = \"s3\"\nbucket = \"good\"\nendpoint = \"http://minio\"\naccess_key = \"k\"",
            "together",
        ),
        ("name = \"a\"\nscheme = \"hdfs\"\nhost = \"c\"", "no `endpoint`"),
        ("name = \"a\"\nscheme = \"webhdfs\"\nhost = \"c\"\ndatanodes = [\"d\"]", "HOST:PORT"),
        ("name = \"a\"\nscheme = \"postgresql\"\nhost = \"h\"", "no `table`"),
        (
            "name = \"a\"\nscheme = \"postgresql\"\nhost = \"h\"\ntable = \"t; drop\"\nkey_column = \"k\"\n\
             bytes_column = \"b\"",
            "letters, digits",
        ),
        ("name = \"a\"\nscheme = \"postgresql\"\ntls = \"prefer\"", "write one of off, require, verify"),
        (
            "name = \"a\"\nscheme = \"http\"\nhost = \"h\"\nca = \"/etc/ca.pem\"",
            "no certificate of its server",
        ),
        ("name = \"a\"\nscheme = \"kafka\"\ntopic = \"a/b\"", "`topic`"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"/a\"\nmax_size = \"1GiB\"", "models.max_size"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"/a\"\npin = \"none\"", "sha256, trust"),
        ("name = \"a\"\nscheme = \"file\"\nroots = \"/a\"", "did you mean"),
        ("name = \"a\"\nscheme = \"file\"\nroot = \"/a\"\n[[references]]\nname = \"a\"", "twice"),
    ] {
        let (_, said) = refused(&format!("[[references]]\n{text}\n"), &[]);
        assert!(said.contains(says), "{text}: {says} is not in {said}");
    }
    let (_, said) = refused("references = 1\n", &[]);
    assert!(said.contains("list of tables"), "{said}");
    let (_, said) = refused(REFERENCES, &[("SCOREWHEEL__REFERENCES__NOBODY__PASSWORD", "x")]);
    assert!(said.contains("no place") && !said.contains("\"x\""), "{said}");
    let (_, said) = refused(REFERENCES, &[("SCOREWHEEL__REFERENCES__TABLE__ROOT", "x")]);
    assert!(said.contains("MEMBER one of"), "{said}");
}

#[test]
fn an_entry_of_a_table_is_named_by_a_flag() {
    let folder = Folder::with("[kafka.settings]\n\"sasl.username\" = \"file\"\n");
    let flags = [
        ("kafka.settings.sasl.password", "--set", "flag"),
        ("kafka.settings.\"sasl.mechanism\"", "--set", "PLAIN"),
    ];
    let settings = load(&request(&folder, &[], &flags)).unwrap().config.kafka.settings;
    let found: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, [("sasl.mechanism", "PLAIN"), ("sasl.password", "flag"), ("sasl.username", "file")]);
}

#[test]
fn an_address_to_listen_at_has_a_host_and_a_port() {
    for address in ["nonsense", "127.0.0.1", "127.0.0.1:http", ":8888", "127.0.0.1:70000"] {
        let (_, said) = refused(&format!("[http]\nlisten = \"{address}\"\n"), &[]);
        assert!(said.contains("`http.listen` is not HOST:PORT"), "{said}");
    }
    for address in ["127.0.0.1:0", "[::1]:8888", "localhost:8888"] {
        loads(&format!("[http]\nlisten = \"{address}\"\n"), &[]);
    }
}

#[test]
fn an_encrypted_database_is_one_of_a_build_that_can_reach_it() {
    let encrypted = REFERENCES
        .replace("user = \"reader\"", "user = \"reader\"\ntls = \"verify\"\nca = \"/etc/ssl/db.pem\"");
    if cfg!(feature = "tls") {
        let loaded = loads(&encrypted, &[]);
        let place = loaded.config.references[4].place(loaded.config.models.max_size).unwrap();
        assert_eq!(place.ca.as_deref(), Some(Path::new("/etc/ssl/db.pem")));
        let shown = show(&loaded);
        assert!(shown.contains("tls = \"verify\"") && shown.contains("/etc/ssl/db.pem"), "{shown}");
    } else {
        let (_, said) = refused(&encrypted, &[]);
        assert!(said.contains("feature `tls`"), "{said}");
    }
}
