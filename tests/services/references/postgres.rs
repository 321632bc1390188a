//! PostgreSQL.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use scorewheel_references::{PostgresStore, Secret, Store, Tls};
use tempfile::TempDir;

use super::story::{RealStore, assert_here, assert_missing, assert_passing, files, place, tell};
use crate::{free_address, wait_until};

const PASSWORD: &str = "of the owner";

/// A server of its own; with `encryption` it is spoken to encrypted or not at all.
pub struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
    process: Option<Child>,
    encryption: Option<Encryption>,
}

/// The authority that certifies the server.
struct Encryption {
    ca: PathBuf,
}

impl Postgres {
    pub fn start() -> Option<Self> {
        Self::start_with(|_| None)
    }

    /// One that speaks with nobody unencrypted, certified by this authority for its address.
    #[cfg(feature = "tls")]
    pub fn start_encrypted(authority: &crate::encrypted::authority::Authority) -> Option<Self> {
        Self::start_with(|folder| {
            let certificate = authority.certify("IP:127.0.0.1");
            std::fs::copy(&certificate.certificate, folder.join("server.pem")).unwrap();
            std::fs::copy(&certificate.key, folder.join("server.key")).unwrap();
            run(Command::new("chmod").arg("0600").arg(folder.join("server.key")));
            Some(Encryption { ca: authority.file() })
        })
    }

    /// `encrypt` may put `server.pem` and `server.key` into the folder.
    fn start_with(encrypt: impl FnOnce(&Path) -> Option<Encryption>) -> Option<Self> {
        let Some(programs) = std::env::var_os("SCOREWHEEL_TEST_POSTGRES") else {
            println!("skipped: SCOREWHEEL_TEST_POSTGRES not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let port = free_address().rsplit_once(':').unwrap().1.parse().unwrap();
        let encryption = encrypt(directory.path());
        let mut postgres = Self { programs: programs.into(), directory, port, process: None, encryption };
        let password = postgres.directory.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        // The server does not work for root.
        run(Command::new("chown").args(["-R", "nobody"]).arg(postgres.directory.path()));
        let mut initdb = postgres.as_nobody("initdb");
        initdb
            .arg("-D")
            .arg(postgres.data())
            .args(["-U", "owner", "-A", "scram-sha-256", "--pwfile"])
            .arg(&password);
        run(&mut initdb);
        if postgres.encryption.is_some() {
            let rules = postgres.data().join("pg_hba.conf");
            std::fs::write(&rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        }
        postgres.resume();
        let mut rows = String::from(
            "CREATE TABLE models (name text PRIMARY KEY, bytes bytea);\n\
             CREATE TABLE numbered (id int PRIMARY KEY, document text);\n\
             INSERT INTO numbered VALUES (7, '<PMML/>'), (8, NULL);\n\
             CREATE TABLE doubled (name text, bytes bytea);\n\
             INSERT INTO doubled VALUES ('a', 'x'), ('a', 'y');\n",
        );
        for (name, bytes) in files() {
            rows.push_str(&format!("INSERT INTO models VALUES ('{name}', decode('"));
            bytes.iter().for_each(|byte| write!(rows, "{byte:02x}").unwrap());
            rows.push_str("', 'hex'));\n");
        }
        let script = postgres.directory.path().join("rows.sql");
        std::fs::write(&script, rows).unwrap();
        run(postgres.client().arg("-f").arg(&script));
        Some(postgres)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn as_nobody(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"])
            .arg(self.programs.join(program));
        command.current_dir(self.directory.path());
        command
    }

    fn client(&self) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.env("PGPASSWORD", PASSWORD).args([
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "owner",
        ]);
        command.args(["-p", &self.port.to_string(), "postgres"]);
        command
    }

    pub fn table(&self, table: &str, key_column: &str, bytes_column: &str) -> PostgresStore {
        PostgresStore {
            host: "127.0.0.1".into(),
            port: self.port,
            database: "postgres".into(),
            table: table.into(),
            key_column: key_column.into(),
            bytes_column: bytes_column.into(),
            user: "owner".into(),
            password: Some(Secret(PASSWORD.into())),
            tls: if self.encryption.is_some() { Tls::Verify } else { Tls::Off },
        }
    }

    pub fn row(&self, table: &str, key: &str) -> String {
        format!("postgresql://127.0.0.1:{}/postgres/{table}/{key}", self.port)
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl RealStore for Postgres {
    fn location(&self, name: &str) -> String {
        self.row("public.models", name)
    }

    fn store(&self) -> Store {
        Store::Postgres(self.table("public.models", "name", "bytes"))
    }

    fn ca(&self) -> Option<PathBuf> {
        self.encryption.as_ref().map(|encryption| encryption.ca.clone())
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once, and its children with it. What gave up root's rights has become the server.
            run(Command::new("kill").args(["-QUIT", &process.id().to_string()]));
            process.wait().unwrap();
        }
    }

    fn resume(&mut self) {
        let log = File::create(self.directory.path().join("log")).unwrap();
        let mut server = self.as_nobody("postgres");
        server.arg("-D").arg(self.data()).args([
            "-p",
            &self.port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
        ]);
        server.args(["-c", "unix_socket_directories=", "-c", "fsync=off"]);
        if self.encryption.is_some() {
            let at = |name: &str| self.directory.path().join(name).display().to_string();
            server.args(["-c", "ssl=on"]);
            server.args(["-c", &format!("ssl_cert_file={}", at("server.pem"))]);
            server.args(["-c", &format!("ssl_key_file={}", at("server.key"))]);
        }
        self.process = Some(server.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        wait_until("PostgreSQL answers", || {
            self.client().args(["-c", "SELECT 1"]).output().is_ok_and(|output| output.status.success())
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn models_come_from_postgresql() {
    if let Some(mut postgres) = Postgres::start() {
        tell(&mut postgres);
    }
}

#[test]
fn keys_may_be_numbers_and_models_texts_and_what_does_not_fit_is_for_the_operator() {
    let Some(postgres) = Postgres::start() else { return };
    let numbered = place(Store::Postgres(postgres.table("numbered", "id", "document")));
    assert_here(numbered.clone(), &postgres.row("numbered", "7"), b"<PMML/>");
    for key in ["8", "9", "seven"] {
        assert_missing(numbered.clone(), &postgres.row("numbered", key));
    }
    let doubled = place(Store::Postgres(postgres.table("doubled", "name", "bytes")));
    assert_passing(doubled, &postgres.row("doubled", "a"), "more than a row");
    let absent = place(Store::Postgres(postgres.table("absent", "name", "bytes")));
    assert_passing(absent, &postgres.row("absent", "a"), "absent");
    let number = place(Store::Postgres(postgres.table("numbered", "id", "id")));
    assert_passing(number, &postgres.row("numbered", "7"), "bytea, text and xml");
    let wrong = PostgresStore {
        password: Some(Secret("wrong".into())),
        ..postgres.table("public.models", "name", "bytes")
    };
    assert_passing(place(Store::Postgres(wrong)), &postgres.location("small.pmml"), "password");
    // A key is a parameter, whatever it says.
    let models = place(Store::Postgres(postgres.table("public.models", "name", "bytes")));
    assert_missing(models, &postgres.location("x'%20OR%20'1'='1"));
}
