//! S3: moto, which checks who asks and how it is signed.

use std::fs::File;
use std::process::{Child, Command};

use scorewheel_references::{S3Credentials, S3Store, Secret, Server, Store};
use tempfile::TempDir;

use super::story::{RealStore, files, place, tell};
use crate::{free_address, wait_until};

const BUCKET: &str = "models";

struct Moto {
    program: std::ffi::OsString,
    directory: TempDir,
    address: String,
    process: Option<Child>,
    credentials: Option<(String, String)>,
}

impl Moto {
    fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("SCOREWHEEL_TEST_MOTO") else {
            println!("skipped: SCOREWHEEL_TEST_MOTO not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let mut moto = Self { program, directory, address: free_address(), process: None, credentials: None };
        moto.serve();
        Some(moto)
    }

    /// A request of the set-up, which nobody has to sign.
    fn set_up(&self, service: &str, method: &str, path: &str, body: &[u8]) -> String {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=set-up/20200101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=x"
        );
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", scope)
            .header(
                "content-type",
                if service == "iam" {
                    "application/x-www-form-urlencoded"
                } else {
                    "application/octet-stream"
                },
            )
            .body(body)
            .unwrap();
        let mut answer = ureq::run(request).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        answer.body_mut().read_to_string().unwrap()
    }

    fn iam(&self, form: &str) -> String {
        self.set_up("iam", "POST", "/", format!("{form}&Version=2010-05-08").as_bytes())
    }
}

fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    let rest = text.split_once(&format!("<{tag}>")).unwrap_or_else(|| panic!("no {tag} in {text}")).1;
    rest.split_once('<').unwrap().0
}

impl RealStore for Moto {
    fn location(&self, name: &str) -> String {
        format!("s3://{BUCKET}/wine/{name}")
    }

    fn store(&self) -> Store {
        let (access_key, secret_key) = self.credentials.clone().unwrap();
        Store::S3(S3Store {
            bucket: BUCKET.into(),
            root: vec!["wine".into()],
            endpoint: Server::parse(&format!("http://{}", self.address)).unwrap(),
            region: "us-east-1".into(),
            virtual_host: false,
            credentials: Some(S3Credentials {
                access_key,
                secret_key: Secret(secret_key),
                session_token: None,
            }),
        })
    }

    /// It hangs: connections stand, and nobody answers.
    fn stop(&mut self) {
        self.signal("-STOP");
    }

    fn resume(&mut self) {
        self.signal("-CONT");
    }
}

impl Moto {
    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// Starts it with the files, and a user who may read them.
    fn serve(&mut self) {
        let files = files();
        let log = File::create(self.directory.path().join("log")).unwrap();
        let (host, port) = self.address.split_once(':').unwrap();
        // So many requests of the set-up are let through; after them each is checked.
        let unchecked = 4 + files.len();
        let process = Command::new(&self.program)
            .args(["-H", host, "-p", port])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", unchecked.to_string())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.process = Some(process);
        wait_until("moto answers", || {
            ureq::get(format!("http://{}/moto-api/data.json", self.address)).call().is_ok()
        });
        self.iam("Action=CreateUser&UserName=reader");
        let key = self.iam("Action=CreateAccessKey&UserName=reader");
        self.credentials =
            Some((between(&key, "AccessKeyId").to_owned(), between(&key, "SecretAccessKey").to_owned()));
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action\
                      %22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
        self.iam(&format!("Action=PutUserPolicy&UserName=reader&PolicyName=all&PolicyDocument={policy}"));
        self.set_up("s3", "PUT", &format!("/{BUCKET}"), b"");
        for (name, bytes) in &files {
            self.set_up("s3", "PUT", &format!("/{BUCKET}/wine/{name}"), bytes);
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
fn models_come_from_s3() {
    if let Some(mut moto) = Moto::start() {
        tell(&mut moto);
    }
}

#[test]
fn a_wrong_signature_is_no_verdict() {
    let Some(moto) = Moto::start() else { return };
    let Store::S3(mut store) = moto.store() else { unreachable!() };
    if let Some(credentials) = &mut store.credentials {
        credentials.secret_key = Secret("wrong".into());
    }
    super::story::assert_passing(place(Store::S3(store)), &moto.location("small.pmml"), "403");
}
