//! Models by reference over HTTPS and from PostgreSQL.

use std::path::PathBuf;

use scorewheel_references::{HttpStore, Place, PostgresStore, Server as Address, Store, Tls};

use super::authority::Authority;
use super::server::Server;
use crate::references::postgres::Postgres;
use crate::references::story::{assert_here, assert_passing, place, tell};

/// A place whose server's certificate is checked against this authority, or against the system's.
fn trusting(store: Store, ca: Option<PathBuf>) -> Place {
    Place { ca, ..place(store) }
}

#[test]
fn https_is_checked_against_the_authority_of_the_place() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let serve = |name: &str| {
        Server::start(&authority.certify(name), |line| match line {
            "GET /a.pmml HTTP/1.1" => (200, b"<PMML/>".to_vec()),
            _ => (404, Vec::new()),
        })
    };
    let store = |server: &Server| {
        let (server, root) = (Address::parse(&server.url()).unwrap(), Vec::new());
        Store::Http(HttpStore { server, root, query: false, authorization: None })
    };
    let right = serve("IP:127.0.0.1");
    let location = format!("{}/a.pmml", right.url());
    assert_here(trusting(store(&right), Some(authority.file())), &location, b"<PMML/>");
    for unknown in [Some(stranger.file()), None] {
        assert_passing(trusting(store(&right), unknown), &location, "certificate");
    }
    let gone = Some(authority.file().with_extension("gone"));
    assert_passing(trusting(store(&right), gone), &location, "authority.gone");
    let of_another_name = serve("DNS:models.example");
    let location = format!("{}/a.pmml", of_another_name.url());
    assert_passing(trusting(store(&of_another_name), Some(authority.file())), &location, "certificate");
    assert_eq!(right.lines(), ["GET /a.pmml HTTP/1.1"], "nobody asks a server that he does not trust");
    assert!(of_another_name.lines().is_empty());
}

#[test]
fn postgresql_is_encrypted_and_checked_as_the_place_says() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let Some(mut postgres) = Postgres::start_encrypted(&authority) else { return };
    // All of the story, with the certificate checked.
    tell(&mut postgres);
    let location = postgres.row("public.models", "small.pmml");
    let table =
        |tls| Store::Postgres(PostgresStore { tls, ..postgres.table("public.models", "name", "bytes") });
    for unknown in [Some(stranger.file()), None] {
        assert_passing(trusting(table(Tls::Verify), unknown), &location, "certificate");
    }
    assert_here(trusting(table(Tls::Require), None), &location, b"<PMML/>");
    assert_passing(trusting(table(Tls::Off), None), &location, "no encryption");
    // The certificate names the address, not this name of it.
    let named = PostgresStore {
        host: "localhost".into(),
        tls: Tls::Verify,
        ..postgres.table("public.models", "name", "bytes")
    };
    let location = location.replace("127.0.0.1", "localhost");
    assert_passing(trusting(Store::Postgres(named), Some(authority.file())), &location, "certificate");
}

#[test]
fn a_postgresql_that_does_not_encrypt_gets_no_password_where_encryption_is_asked_for() {
    let Some(postgres) = Postgres::start() else { return };
    let location = postgres.row("public.models", "small.pmml");
    for tls in [Tls::Require, Tls::Verify] {
        let table = PostgresStore { tls, ..postgres.table("public.models", "name", "bytes") };
        assert_passing(trusting(Store::Postgres(table), None), &location, "does not support TLS");
    }
}
