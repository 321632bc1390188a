//! An authority of the test's own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// An authority that nobody else trusts.
pub struct Authority {
    folder: TempDir,
}

/// A server's certificate and its key, in PEM.
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        authority.request("authority", &["-addext", "keyUsage=critical,keyCertSign"]);
        authority
    }

    /// Its certificate.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The certificate of a server with this name or address: `DNS:localhost`, `IP:127.0.0.1`.
    pub fn certify(&self, name: &str) -> Certificate {
        let names = format!("subjectAltName={name}");
        let (authority, key) = (self.file(), self.folder.path().join("authority.key"));
        self.request(
            "server",
            &[
                "-addext",
                &names,
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-CA",
                authority.to_str().unwrap(),
                "-CAkey",
                key.to_str().unwrap(),
            ],
        );
        let at = |name: &str| self.folder.path().join(name);
        Certificate { certificate: at("server.pem"), key: at("server.key") }
    }

    fn request(&self, name: &str, further: &[&str]) {
        let at = |ending: &str| self.folder.path().join(format!("{name}.{ending}"));
        let mut openssl = Command::new("openssl");
        openssl
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .args(["-subj", &format!("/CN={name} of a test")])
            .arg("-keyout")
            .arg(at("key"))
            .arg("-out")
            .arg(at("pem"))
            .args(further)
            .stdin(Stdio::null());
        let output = openssl.output().unwrap();
        assert!(output.status.success(), "{openssl:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
