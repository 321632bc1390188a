//! The story that every store is told.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use scorewheel_model::{Digest, ModelErrorKind};
use scorewheel_references::{BackOff, Cache, Desk, FetchEvent, Pin, Place, Places, Store};
use scorewheel_serving::{Fetched, Fetcher, RefusalKind, WantedModel};

/// Largest model that the places of the story allow.
const LARGEST: usize = 6 << 20;
const LONGEST: Duration = Duration::from_secs(120);

/// A store that the story is told with.
pub trait RealStore {
    /// Where a file of this name is.
    fn location(&self, name: &str) -> String;

    /// All of it.
    fn store(&self) -> Store;

    /// The authority that certifies it.
    fn ca(&self) -> Option<PathBuf> {
        None
    }

    /// Ends or halts it.
    fn stop(&mut self);

    /// Lets it answer again, with the files that it had.
    fn resume(&mut self);
}

/// The files of the story. One is larger than what any client asks for at once.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let pattern = |length: usize| (0..length).map(|at| (at * 31 % 251) as u8).collect::<Vec<u8>>();
    vec![
        ("small.pmml", b"<PMML/>".to_vec()),
        ("large.onnx", pattern(LARGEST - 7)),
        ("larger.onnx", pattern(LARGEST + 1)),
    ]
}

/// A store as a place of the story.
pub fn place(store: Store) -> Place {
    Place {
        name: "real".into(),
        store,
        pin: Pin::Sha256,
        max_bytes: LARGEST as u64,
        timeout: Duration::from_secs(10),
        allow_private: true,
        ca: None,
    }
}

struct Bell(Mutex<std::sync::mpsc::Sender<()>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(());
    }
}

/// An installer that asks a desk.
struct Installer {
    desk: Desk,
    events: Receiver<FetchEvent>,
    woken: Receiver<()>,
    waker: Waker,
    control: i64,
}

impl Installer {
    fn new(place: Place, folder: &std::path::Path) -> Self {
        let (tell, events) = channel();
        let (ring, woken) = channel();
        let tell = Mutex::new(tell);
        let back_off = BackOff { first: Duration::from_millis(100), longest: Duration::from_millis(500) };
        let cache = Cache::open(folder, 0).unwrap();
        let desk = Desk::new(Places::new(vec![place]), cache, back_off, move |event| {
            let _ = tell.lock().unwrap().send(event.clone());
        });
        let worker = desk.clone();
        std::thread::spawn(move || worker.work());
        Self { desk, events, woken, waker: Arc::new(Bell(Mutex::new(ring))).into(), control: 0 }
    }

    fn want(&mut self, location: String, bytes: &[u8]) -> WantedModel {
        self.control += 1;
        let message = Digest::of(location.as_bytes());
        WantedModel { control: self.control, message, location, sha256: Some(Digest::of(bytes)) }
    }

    fn settle(&mut self, wanted: &WantedModel) -> Fetched {
        loop {
            match self.desk.fetch(wanted, &self.waker.clone()) {
                Fetched::Coming | Fetched::Delayed(_) => self.woken.recv_timeout(LONGEST).unwrap(),
                settled => return settled,
            }
        }
    }

    #[track_caller]
    fn assert_refused(&mut self, location: String, bytes: &[u8], kind: RefusalKind) {
        let wanted = self.want(location, bytes);
        match self.settle(&wanted) {
            Fetched::Refused(refusal) => assert_eq!(refusal.kind, kind, "{refusal}"),
            other => panic!("{wanted:?}: {other:?}"),
        }
    }
}

impl Drop for Installer {
    fn drop(&mut self) {
        self.desk.close();
    }
}

/// Tells it; the store holds [`files`] and answers.
pub fn tell(store: &mut dyn RealStore) {
    let folder = tempfile::tempdir().unwrap();
    let mut installer = Installer::new(Place { ca: store.ca(), ..place(store.store()) }, folder.path());
    let files = files();
    let [(small, small_bytes), (large, large_bytes), (larger, larger_bytes)] = files.as_slice() else {
        unreachable!()
    };

    let wanted = installer.want(store.location(small), small_bytes);
    let Fetched::Here { data, sha256 } = installer.settle(&wanted) else { panic!("it does not come") };
    assert_eq!((&data[..], sha256), (&small_bytes[..], Digest::of(small_bytes)));

    // An outage in the middle: no verdict, and it comes when the store is back.
    store.stop();
    let wanted = installer.want(store.location(large), large_bytes);
    assert_eq!(installer.desk.fetch(&wanted, &installer.waker.clone()), Fetched::Coming);
    let failed = |event: &FetchEvent| matches!(event, FetchEvent::Failed { .. });
    while !failed(&installer.events.recv_timeout(LONGEST).unwrap()) {}
    while !failed(&installer.events.recv_timeout(LONGEST).unwrap()) {}
    assert!(matches!(installer.desk.fetch(&wanted, &installer.waker.clone()), Fetched::Delayed(_)));
    store.resume();
    let Fetched::Here { data, .. } = installer.settle(&wanted) else { panic!("it does not come") };
    assert!(data == large_bytes[..]);

    installer.assert_refused(store.location(small), b"other", RefusalKind::DigestMismatch);
    installer.assert_refused(
        store.location(larger),
        larger_bytes,
        RefusalKind::Model(ModelErrorKind::TooLarge),
    );
    installer.assert_refused(store.location("absent"), b"absent", RefusalKind::NotFound);
    installer.assert_refused(store.location("..%2fabsent"), b"absent", RefusalKind::BadLocation);
    installer.assert_refused("http://127.0.0.1/model".into(), b"model", RefusalKind::NotAllowed);
}

/// That fetching fails for a reason that passes, and says this.
#[track_caller]
pub fn assert_passing(place: Place, location: &str, says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut installer = Installer::new(place, folder.path());
    let wanted = installer.want(location.into(), b"model");
    installer.desk.fetch(&wanted, &installer.waker.clone());
    match installer.events.recv_timeout(LONGEST).unwrap() {
        FetchEvent::Failed { reason, .. } => assert!(reason.contains(says), "{says} is not in {reason}"),
        other => panic!("{other:?}"),
    }
}

/// That a model comes.
#[track_caller]
pub fn assert_here(place: Place, location: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let mut installer = Installer::new(place, folder.path());
    let wanted = installer.want(location.into(), bytes);
    match installer.settle(&wanted) {
        Fetched::Here { data, .. } => assert_eq!(&data[..], bytes),
        other => panic!("{other:?}"),
    }
}

/// That there is none.
#[track_caller]
pub fn assert_missing(place: Place, location: &str) {
    assert_refused(place, location, RefusalKind::NotFound);
}

/// That there is a verdict against it.
#[track_caller]
pub fn assert_refused(place: Place, location: &str, kind: RefusalKind) {
    let folder = tempfile::tempdir().unwrap();
    let mut installer = Installer::new(place, folder.path());
    installer.assert_refused(location.into(), b"model", kind);
}
