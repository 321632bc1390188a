//! Servers that are well, slow, broken, or lead elsewhere.

use std::net::TcpListener;
use std::time::Duration;

use scorewheel_model::{Digest, ModelErrorKind};
use scorewheel_references::{Place, Places, Secret, Store, check_digest};
use scorewheel_serving::RefusalKind;

use crate::common::*;
use crate::server::{Reply, Server};

fn of(server: &Server) -> Place {
    place(Store::Http(http(&server.url())))
}

/// What comes of a request that is answered so.
fn answered(reply: Reply) -> Result<Vec<u8>, scorewheel_references::FetchError> {
    let server = Server::start(move |_| reply.clone());
    let place = Place { timeout: Duration::from_millis(1500), ..of(&server) };
    fetch_from(place, &format!("{}/models/a.pmml", server.url()))
}

#[test]
fn a_model_is_fetched_with_its_digest() {
    assert_eq!(answered(Reply::ok(b"model")).unwrap(), b"model");
    assert_eq!(answered(Reply::Chunked(b"model in chunks".to_vec())).unwrap(), b"model in chunks");
    let server = Server::start(|_| Reply::ok(b"model"));
    let places = Places::new(vec![of(&server)]);
    let url = format!("{}/a%20b", server.url());
    let (_, arrived) = fetch(&places, &url).unwrap();
    assert_eq!((arrived.bytes, arrived.sha256), (5, Digest::of(b"model")));
    assert_eq!(server.requests()[0].target, "/a%20b");
    let (location, _) = places.find(&url).unwrap();
    assert!(check_digest(&location, &arrived, Some(Digest::of(b"model"))).is_ok());
    let wrong = check_digest(&location, &arrived, Some(Digest::of(b"other"))).map(|()| Vec::new());
    assert_refused(wrong, RefusalKind::DigestMismatch, "published with");
}

#[test]
fn what_will_not_change_is_a_verdict() {
    for status in [404, 410] {
        assert_refused(answered(Reply::Whole(status, Vec::new())), RefusalKind::NotFound, "nothing at");
    }
    const LARGE: RefusalKind = RefusalKind::Model(ModelErrorKind::TooLarge);
    assert_refused(answered(Reply::ok(&[7; 1001])), LARGE, "1001 bytes");
    assert_refused(answered(Reply::Truncated(Vec::new(), 1 << 40)), LARGE, "allows 1000");
    assert_refused(answered(Reply::Chunked(vec![7; 1001])), LARGE, "more than 1000");
}

#[test]
fn what_passes_is_none() {
    for status in [400, 401, 403, 408, 418, 429, 500, 502, 503, 504] {
        assert_passing(answered(Reply::Whole(status, b"no\r\ntoday".to_vec())), &format!("status {status}"));
    }
    assert_passing(answered(Reply::Whole(403, Vec::new())), "credentials");
    assert_passing(answered(Reply::Whole(304, Vec::new())), "status 304");
    assert_passing(answered(Reply::Truncated(b"mod".to_vec(), 5)), "broke off");
    assert_passing(answered(Reply::Unbounded(b"model".to_vec())), "Content-Length");
    assert_passing(answered(Reply::Stalls(5)), "");
    assert_passing(answered(Reply::Silent), "does not answer");
    // Nobody listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    assert_passing(fetch_from(place(Store::Http(http(&url))), &format!("{url}/a")), "does not answer");
}

#[test]
fn redirects_are_followed_within_the_place_only() {
    let elsewhere = Server::start(|_| Reply::ok(b"secret"));
    let forbidden = elsewhere.url();
    let server = Server::start(move |request| match request.target.as_str() {
        "/models/a" => Reply::Redirect(302, "/models/b".into()),
        "/models/b" => Reply::ok(b"model"),
        "/models/loop" => Reply::Redirect(307, "/models/loop".into()),
        "/models/up" => Reply::Redirect(301, "/private/a".into()),
        "/models/dots" => Reply::Redirect(301, "/models/../private/a".into()),
        "/models/away" => Reply::Redirect(302, format!("{forbidden}/models/a")),
        "/models/scheme" => Reply::Redirect(302, "file:///etc/passwd".into()),
        "/models/who" => Reply::Redirect(302, "http://user:secret@127.0.0.1/models/b".into()),
        "/models/other" => Reply::Redirect(302, "//127.0.0.1/models/b".into()),
        _ => Reply::ok(b"secret"),
    });
    let store = scorewheel_references::HttpStore { root: vec!["models".into()], ..http(&server.url()) };
    let fetch =
        |rest: &str| fetch_from(place(Store::Http(store.clone())), &format!("{}{rest}", server.url()));
    assert_eq!(fetch("/models/a").unwrap(), b"model");
    assert_passing(fetch("/models/loop"), "redirect");
    for rest in ["up", "dots", "away", "scheme", "who", "other"] {
        assert_refused(fetch(&format!("/models/{rest}")), RefusalKind::NotAllowed, "redirects to");
    }
    assert_eq!(elsewhere.requests(), []);
    assert!(server.requests().iter().all(|request| request.target.starts_with("/models/")));
}

#[test]
fn a_location_outside_of_the_place_is_not_asked_for() {
    let server = Server::start(|_| Reply::ok(b"model"));
    let url = server.url();
    let store = scorewheel_references::HttpStore { root: vec!["models".into()], ..http(&url) };
    for location in [
        format!("{url}/private/a"),
        format!("{url}/models2/a"),
        format!("{url}/models/a?query"),
        "http://127.0.0.1:1/models/a".into(),
        "http://localhost/models/a".into(),
        url.replace("http", "https") + "/models/a",
        "s3://models/a".into(),
    ] {
        let fetched = fetch_from(place(Store::Http(store.clone())), &location);
        assert_refused(fetched, RefusalKind::NotAllowed, "in no place");
    }
    let location = format!("{url}/models/../private/a");
    assert_refused(fetch_from(place(Store::Http(store.clone())), &location), RefusalKind::BadLocation, "..");
    assert_eq!(server.requests(), []);
    let with_query = scorewheel_references::HttpStore { query: true, ..store };
    fetch_from(place(Store::Http(with_query)), &format!("{url}/models/a?run=7")).unwrap();
    assert_eq!(server.requests()[0].target, "/models/a?run=7");
}

#[test]
fn a_name_that_leads_to_a_private_address_is_refused_unless_allowed() {
    let server = Server::start(|_| Reply::ok(b"model"));
    let named = format!("http://models.example:{}", server.address.port());
    let fetched = |allow_private, address: &str| {
        let place = Place { allow_private, ..place(Store::Http(http(&named))) };
        let address = format!("{address}:{}", server.address.port()).parse().unwrap();
        fetch(&places(place, At(address)), &format!("{named}/a")).map(|(bytes, _)| bytes)
    };
    for address in ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "192.168.1.1"] {
        assert_refused(fetched(false, address), RefusalKind::NotAllowed, "allow_private");
    }
    for address in ["169.254.169.254", "0.0.0.0", "[fe80::1]", "[::ffff:169.254.169.254]", "224.0.0.1"] {
        for allow_private in [false, true] {
            assert_refused(fetched(allow_private, address), RefusalKind::NotAllowed, "no store");
        }
    }
    assert_eq!(server.requests(), []);
    // The name is not looked up again: nobody else knows it.
    assert_eq!(fetched(true, "127.0.0.1").unwrap(), b"model");
    let host = server.requests()[0].header("host").unwrap().to_owned();
    assert_eq!(format!("http://{host}"), named);
}

#[test]
fn credentials_come_from_the_place() {
    let server = Server::start(|_| Reply::ok(b"model"));
    let store = scorewheel_references::HttpStore {
        authorization: Some(Secret("Bearer token".into())),
        ..http(&server.url())
    };
    assert!(!format!("{store:?}").contains("token"));
    fetch_from(place(Store::Http(store.clone())), &format!("{}/a", server.url())).unwrap();
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer token"));
    let location = server.url().replace("http://", "http://user:password@") + "/a";
    assert_refused(fetch_from(place(Store::Http(store)), &location), RefusalKind::BadLocation, "credentials");
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_tls_an_encrypted_connection_says_so() {
    let fetched = fetch_from(place(Store::Http(http("https://127.0.0.1:1"))), "https://127.0.0.1:1/a");
    assert_passing(fetched, "no TLS");
}
