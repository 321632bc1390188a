//! What an installer sees: outages, back-off, the cache, verdicts.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use scorewheel_model::{Digest, ModelKey};
use scorewheel_references::{BackOff, Cache, Desk, FetchEvent, Pin, Place, Places, Store};
use scorewheel_serving::{Fetched, Fetcher, ModelReference, RefusalKind, WantedModel};

use crate::common::*;
use crate::server::{Reply, Server};

const LONGEST: Duration = Duration::from_secs(60);

/// A desk with one worker, and what it tells.
struct Office {
    desk: Desk,
    events: Receiver<FetchEvent>,
    waker: Waker,
    woken: Receiver<()>,
}

struct Bell(Mutex<Sender<()>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(());
    }
}

impl Office {
    fn open(places: Places, folder: &Path, limit: u64) -> Self {
        let (tell, events) = channel();
        let (ring, woken) = channel();
        let back_off = BackOff { first: Duration::from_millis(1), longest: Duration::from_millis(4) };
        let cache = Cache::open(folder, limit).unwrap();
        let tell = Mutex::new(tell);
        let desk = Desk::new(places, cache, back_off, move |event| {
            let _ = tell.lock().unwrap().send(event.clone());
        });
        let worker = desk.clone();
        std::thread::spawn(move || worker.work());
        Self { desk, events, waker: Arc::new(Bell(Mutex::new(ring))).into(), woken }
    }

    fn ask(&mut self, wanted: &WantedModel) -> Fetched {
        self.desk.fetch(wanted, &self.waker.clone())
    }

    /// Asks, as an installer does, until the answer is final.
    fn settle(&mut self, wanted: &WantedModel) -> Fetched {
        loop {
            match self.ask(wanted) {
                Fetched::Coming | Fetched::Delayed(_) => self.woken.recv_timeout(LONGEST).unwrap(),
                settled => return settled,
            }
        }
    }

    fn event(&self) -> FetchEvent {
        self.events.recv_timeout(LONGEST).unwrap()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.desk.close();
    }
}

fn wanted(control: i64, location: &str, bytes: Option<&[u8]>) -> WantedModel {
    WantedModel {
        control,
        message: Digest::of(format!("{control} {location}").as_bytes()),
        location: location.into(),
        sha256: bytes.map(Digest::of),
    }
}

fn reference(wanted: &WantedModel) -> ModelReference {
    ModelReference {
        offset: wanted.control,
        key: ModelKey::parse("wine/forest").unwrap(),
        version: "1".into(),
        sha256: wanted.sha256.unwrap_or(ModelReference::UNKNOWN),
        message: wanted.message,
        timestamp: 0,
    }
}

fn here(bytes: &'static [u8]) -> Fetched {
    Fetched::Here { data: bytes.into(), sha256: Digest::of(bytes) }
}

#[track_caller]
fn assert_verdict(fetched: Fetched, kind: RefusalKind) {
    match fetched {
        Fetched::Refused(refusal) => assert_eq!(refusal.kind, kind, "{refusal}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_outage_delays_and_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let server = Server::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Whole(503, Vec::new()),
        1 => Reply::Truncated(b"mod".to_vec(), 5),
        2 => Reply::Whole(500, Vec::new()),
        _ => Reply::ok(b"model"),
    });
    let places = Places::new(vec![place(Store::Http(http(&server.url())))]);
    let mut office = Office::open(places, folder.path(), 1 << 20);
    let wanted = wanted(4, &format!("{}/a", server.url()), Some(b"model"));
    assert_eq!(office.ask(&wanted), Fetched::Coming);
    office.woken.recv_timeout(LONGEST).unwrap();
    match office.ask(&wanted) {
        Fetched::Delayed(reason) => {
            assert!(reason.contains("503") || reason.contains("broke off"), "{reason}")
        }
        // The tries went by faster than the question.
        settled => assert_eq!(settled, here(b"model")),
    }
    assert_eq!(office.settle(&wanted), here(b"model"));
    assert_eq!(tries.load(Ordering::Relaxed), 4);
    let failures = (0..3).filter(|_| matches!(office.event(), FetchEvent::Failed { .. })).count();
    assert_eq!(failures, 3);
    assert!(matches!(office.event(), FetchEvent::Fetched { bytes: 5, scheme: "http", .. }));
}

#[test]
fn pauses_grow_up_to_the_longest() {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::new(vec![place(Store::Http(http("http://127.0.0.1:1")))]);
    let mut office = Office::open(places, folder.path(), 1 << 20);
    office.ask(&wanted(4, "http://127.0.0.1:1/a", Some(b"model")));
    let pauses: Vec<u128> = (0..4)
        .map(|_| match office.event() {
            FetchEvent::Failed { again, .. } => again.as_millis(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(pauses, [1, 2, 4, 4]);
}

#[test]
fn verdicts_are_final_and_need_no_store_where_the_location_says_enough() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request.target.as_str() {
        "/absent" => Reply::Whole(404, Vec::new()),
        _ => Reply::ok(b"changed"),
    });
    let places = Places::new(vec![place(Store::Http(http(&server.url())))]);
    let mut office = Office::open(places, folder.path(), 1 << 20);
    let at = |rest: &str| format!("{}{rest}", server.url());
    for (location, sha256, kind) in [
        (at("/a"), None, RefusalKind::ByReference),
        ("s3://bucket/a".into(), Some(&b"model"[..]), RefusalKind::NotAllowed),
        ("nowhere".into(), Some(b"model"), RefusalKind::BadLocation),
    ] {
        assert_verdict(office.ask(&wanted(1, &location, sha256)), kind);
    }
    assert_eq!(server.requests(), []);
    for (control, location, kind) in
        [(2, at("/absent"), RefusalKind::NotFound), (3, at("/a"), RefusalKind::DigestMismatch)]
    {
        let wanted = wanted(control, &location, Some(b"model"));
        assert_verdict(office.settle(&wanted), kind);
        assert_verdict(office.ask(&wanted), kind);
    }
    assert_eq!(server.requests().len(), 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what is refused is not kept");
}

#[test]
fn a_restart_finds_the_model_while_the_store_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::ok(b"model"));
    let url = server.url();
    let places = || Places::new(vec![place(Store::Http(http(&url)))]);
    let pinned = wanted(4, &format!("{url}/a"), Some(b"model"));
    assert_eq!(Office::open(places(), folder.path(), 1 << 20).settle(&pinned), here(b"model"));
    drop(server);
    let mut office = Office::open(places(), folder.path(), 1 << 20);
    assert_eq!(office.ask(&pinned), here(b"model"));
    assert!(matches!(office.event(), FetchEvent::Cached { .. }));
    // A place that is no longer allowed is none, whatever is in the cache.
    let mut office = Office::open(Places::new(Vec::new()), folder.path(), 1 << 20);
    assert_verdict(office.ask(&pinned), RefusalKind::NotAllowed);
    // A damaged copy is not believed.
    std::fs::write(folder.path().join(Digest::of(b"model").to_string()), b"m0del").unwrap();
    assert_eq!(Office::open(places(), folder.path(), 1 << 20).ask(&pinned), Fetched::Coming);
}

#[test]
fn a_model_without_a_digest_is_what_it_was_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let body = Arc::new(Mutex::new(b"model".to_vec()));
    let shown = Arc::clone(&body);
    let server = Server::start(move |_| Reply::ok(&shown.lock().unwrap()));
    let places = || Places::new(vec![Place { pin: Pin::Trust, ..place(Store::Http(http(&server.url()))) }]);
    let trusted = wanted(4, &format!("{}/a", server.url()), None);
    assert_eq!(Office::open(places(), folder.path(), 1 << 20).settle(&trusted), here(b"model"));
    *body.lock().unwrap() = b"other".to_vec();
    // From the cache.
    assert_eq!(Office::open(places(), folder.path(), 1 << 20).settle(&trusted), here(b"model"));
    std::fs::remove_file(folder.path().join(Digest::of(b"model").to_string())).unwrap();
    assert_verdict(
        Office::open(places(), folder.path(), 1 << 20).settle(&trusted),
        RefusalKind::DigestMismatch,
    );
    // Another message is another model.
    let again = wanted(5, &format!("{}/a", server.url()), None);
    assert_eq!(Office::open(places(), folder.path(), 1 << 20).settle(&again), here(b"other"));
}

#[test]
fn models_in_force_stay_whatever_comes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Reply::ok(request.target.as_bytes()));
    let places = Places::new(vec![place(Store::Http(http(&server.url())))]);
    // Room for one model.
    let mut office = Office::open(places, folder.path(), 4);
    let model = |control: i64, target: &str| {
        wanted(control, &format!("{}{target}", server.url()), Some(target.as_bytes()))
    };
    let (first, second, third) = (model(1, "/aa"), model(2, "/bb"), model(3, "/cc"));
    for wanted in [&first, &second] {
        assert!(matches!(office.settle(wanted), Fetched::Here { .. }));
        office.desk.keep(&[reference(&first)], &[reference(&second)]);
    }
    let is_kept = |wanted: &WantedModel| folder.path().join(wanted.sha256.unwrap().to_string()).exists();
    assert!(is_kept(&first) && is_kept(&second));
    office.desk.keep(&[reference(&second)], &[reference(&third)]);
    assert!(matches!(office.settle(&third), Fetched::Here { .. }));
    assert!(!is_kept(&first) && is_kept(&second) && is_kept(&third));
}

#[test]
fn what_nobody_wants_any_more_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = Server::start(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        if request.target == "/never" { Reply::Whole(503, Vec::new()) } else { Reply::ok(b"model") }
    });
    let places = Places::new(vec![place(Store::Http(http(&server.url())))]);
    let mut office = Office::open(places, folder.path(), 1 << 20);
    let never = wanted(1, &format!("{}/never", server.url()), Some(b"model"));
    office.ask(&never);
    assert!(matches!(office.event(), FetchEvent::Failed { .. }));
    // A later model of its route came.
    let later = wanted(2, &format!("{}/later", server.url()), Some(b"model"));
    office.desk.keep(&[], &[reference(&later)]);
    assert_eq!(office.settle(&later), here(b"model"));
    let before = server.requests().iter().filter(|request| request.target == "/never").count();
    let another = wanted(3, &format!("{}/another", server.url()), Some(b"model"));
    office.settle(&another);
    let after = server.requests().iter().filter(|request| request.target == "/never").count();
    assert!(after <= before + 1, "a try that was going on may have come to its end: {before} {after}");
}
