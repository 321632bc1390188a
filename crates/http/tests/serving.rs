//! The server on a real socket: binding, streams of results, stopping.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod fake;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::sync::Arc;

use scorewheel_http::{BindError, ResultEvent, Server, Snapshot};

use fake::Fake;
use fake::running::Running;

fn start() -> (Running, Arc<Fake>) {
    let fake = Arc::new(Fake::new(Snapshot::default()));
    let running = Running::start(&fake, |_, application| application.results = Some(fake.clone()));
    (running, fake)
}

fn line_with(reader: &mut BufReader<TcpStream>, part: &str) -> String {
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the answer ends before {part:?}");
    }
    line.trim_end().to_owned()
}

fn result(offset: i64) -> ResultEvent {
    ResultEvent { partition: 1, offset, json: format!("{{\"n\":{offset}}}").into() }
}

#[test]
fn results_arrive_as_events_and_end_when_the_process_stops() {
    let (running, fake) = start();
    let mut reader = running.ask("/v1/results");
    assert_eq!(line_with(&mut reader, "content-type"), "content-type: text/event-stream");
    while fake.results.receiver_count() == 0 {
        std::thread::yield_now();
    }
    fake.results.send(result(7)).unwrap();
    assert_eq!(line_with(&mut reader, "event:"), "event: result");
    assert_eq!(line_with(&mut reader, "id:"), "id: 1:7");
    assert_eq!(line_with(&mut reader, "data:"), "data: {\"n\":7}");
    running.stop();
    reader.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_reader_that_falls_behind_is_told_how_much_it_lost() {
    let (running, fake) = start();
    let mut reader = running.ask("/v1/results");
    line_with(&mut reader, "content-type");
    while fake.results.receiver_count() == 0 {
        std::thread::yield_now();
    }
    // Far more than the channel of four and the socket's buffers hold.
    let json: Arc<str> = format!("\"{}\"", "x".repeat(1 << 20)).into();
    for offset in 0..64 {
        fake.results.send(ResultEvent { json: Arc::clone(&json), ..result(offset) }).unwrap();
    }
    line_with(&mut reader, "event: lost");
    assert!(line_with(&mut reader, "data:").starts_with("data: {\"lost\":"));
    running.stop();
    drop(reader);
}

#[test]
fn the_page_is_fed_by_events_and_so_many_readers_are_served() {
    let (running, _) = start();
    let mut readers: Vec<_> = (0..64).map(|_| running.ask("/v1/events?as=html")).collect();
    for reader in &mut readers {
        assert_eq!(line_with(reader, "content-type"), "content-type: text/event-stream");
        assert_eq!(line_with(reader, "event:"), "event: page");
        assert!(line_with(reader, "data:").contains("<h2 id=\"models\">"));
    }
    let mut refused = running.ask("/v1/events");
    assert!(line_with(&mut refused, "HTTP/1.1").ends_with("503 Service Unavailable"));
    assert!(line_with(&mut refused, "busy").contains("too many readers"));
    // A second one comes by itself.
    assert_eq!(line_with(&mut readers[0], "event:"), "event: page");
    // A place becomes free when its reader goes.
    drop(readers.pop());
    let mut found = false;
    while !found {
        let mut reader = running.ask("/v1/events");
        found = line_with(&mut reader, "HTTP/1.1").ends_with("200 OK");
        if found {
            assert_eq!(line_with(&mut reader, "event:"), "event: frame");
            assert!(line_with(&mut reader, "data:").starts_with("data: {\"at\":"));
        }
    }
    running.stop();
    for mut reader in readers {
        reader.read_to_end(&mut Vec::new()).unwrap();
    }
}

#[test]
fn a_port_in_use_is_known_at_once() {
    let first = Server::bind("127.0.0.1:0").unwrap();
    let error = Server::bind(&first.address().to_string()).unwrap_err();
    assert!(matches!(error, BindError::InUse(address) if address == first.address()));
    assert!(error.to_string().contains("--listen"), "{error}");
    for listen in ["nonsense", "127.0.0.1", "127.0.0.1:99999"] {
        assert!(matches!(Server::bind(listen), Err(BindError::Address { .. })), "{listen}");
    }
}
