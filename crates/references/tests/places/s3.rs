//! Requests to a bucket.

use scorewheel_references::{Place, S3Credentials, S3Store, Secret, Server as Endpoint, Store};
use scorewheel_serving::RefusalKind;

use crate::common::*;
use crate::server::{Reply, Server};

fn bucket(url: &str) -> S3Store {
    S3Store {
        bucket: "models".into(),
        root: vec!["wine".into()],
        endpoint: Endpoint::parse(url).unwrap(),
        region: "eu-central-1".into(),
        virtual_host: false,
        credentials: Some(S3Credentials {
            access_key: "AKIATEST".into(),
            secret_key: Secret("secret".into()),
            session_token: None,
        }),
    }
}

#[test]
fn an_object_is_asked_for_with_a_signature() {
    let server = Server::start(|_| Reply::ok(b"model"));
    let fetched = fetch_from(place(Store::S3(bucket(&server.url()))), "s3://models/wine/a%2Bb%20c.pmml");
    assert_eq!(fetched.unwrap(), b"model");
    let request = &server.requests()[0];
    assert_eq!(request.target, "/models/wine/a%2Bb%20c.pmml");
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIATEST/"), "{authorization}");
    assert!(
        authorization
            .contains("/eu-central-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,")
    );
    assert_eq!(request.header("x-amz-date").unwrap().len(), 16);
    assert_eq!(request.header("host").unwrap(), server.address.to_string());
}

#[test]
fn anybody_asks_without_a_key_and_a_bucket_may_be_a_host() {
    let server = Server::start(|_| Reply::ok(b"model"));
    let url = format!("http://s3.example:{}", server.address.port());
    let store = S3Store { virtual_host: true, credentials: None, ..bucket(&url) };
    let places = places(place(Store::S3(store)), At(server.address));
    fetch(&places, "s3://models/wine/a").unwrap();
    let request = &server.requests()[0];
    assert_eq!((request.target.as_str(), request.header("authorization")), ("/wine/a", None));
    assert!(request.header("host").unwrap().starts_with("models.s3.example:"));
}

#[test]
fn answers_are_verdicts_or_pass() {
    let answered = |status, body: &'static str| {
        let server = Server::start(move |_| Reply::Whole(status, body.as_bytes().to_vec()));
        fetch_from(place(Store::S3(bucket(&server.url()))), "s3://models/wine/a")
    };
    assert_refused(
        answered(404, "<Error><Code>NoSuchKey</Code></Error>"),
        RefusalKind::NotFound,
        "nothing at",
    );
    assert_passing(answered(404, "<Error><Code>NoSuchBucket</Code></Error>"), "no bucket");
    assert_passing(
        answered(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"),
        "SignatureDoesNotMatch",
    );
    assert_passing(answered(301, "<Error><Code>PermanentRedirect</Code></Error>"), "PermanentRedirect");
    assert_passing(answered(503, "<Error><Code>SlowDown</Code></Error>"), "SlowDown");
}

#[test]
fn other_buckets_and_folders_are_not_allowed() {
    let store = Store::S3(bucket("http://127.0.0.1:1"));
    for location in ["s3://other/wine/a", "s3://models/beer/a", "s3://models/wine", "s3://models/wines/a"] {
        assert_refused(fetch_from(place(store.clone()), location), RefusalKind::NotAllowed, "in no place");
    }
    assert_refused(
        fetch_from(place(store.clone()), "s3://models/wine/../beer/a"),
        RefusalKind::BadLocation,
        "..",
    );
    let public = Place { allow_private: false, ..place(store) };
    assert_refused(fetch_from(public, "s3://models/wine/a"), RefusalKind::NotAllowed, "allow_private");
}
