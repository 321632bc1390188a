//! Encrypted connections: whose certificates are trusted.

#[cfg(feature = "tls")]
use std::path::Path;

#[cfg(feature = "tls")]
use ureq::tls::{Certificate, PemItem, parse_pem};

#[cfg(feature = "tls")]
use crate::error::FetchError;

/// How a connection to a database is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    #[default]
    Off,
    /// Encrypted; who answers is not checked. Helps against who listens, not against who answers in its place.
    Require,
    /// Encrypted, and the server has a certificate of its name from an authority that is trusted.
    Verify,
}

/// The certificates of a file in PEM: authorities that are trusted instead of the system's. It is read whenever a
/// connection is made, so that it can be replaced.
#[cfg(feature = "tls")]
pub(crate) fn authorities(file: &Path) -> Result<Vec<Certificate<'static>>, FetchError> {
    let failed = |what: &dyn std::fmt::Display| {
        FetchError::Passing(format!("the authorities (`ca`) in {}: {what}", file.display()))
    };
    let pem = std::fs::read(file).map_err(|error| failed(&error))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| failed(&error))? {
            certificates.push(certificate);
        }
    }
    match certificates.is_empty() {
        true => Err(failed(&"there is no certificate in it")),
        false => Ok(certificates),
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let told = |file: &Path| match authorities(file) {
            Err(FetchError::Passing(reason)) => reason,
            other => panic!("{other:?}"),
        };
        assert!(told(&file).contains("ca.pem"));
        std::fs::write(&file, "no certificate").unwrap();
        assert!(told(&file).contains("no certificate in it"));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n").unwrap();
        assert!(told(&file).contains("ca.pem"));
    }
}
