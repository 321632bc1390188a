//! Where the installer asks for models by reference, and where workers find what to fetch.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use scorewheel_model::Digest;
use scorewheel_serving::{Fetched, Fetcher, ModelReference, Refusal, WantedModel};

use crate::cache::Cache;
use crate::error::FetchError;
use crate::intake::{Arrived, Intake, Watch, unwritable};
use crate::location::Location;
use crate::place::{Place, Places, check_digest};

/// Pauses between tries: the first, each further one twice as long, up to the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// After the first failure.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for BackOff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }
}

/// What happened to a model by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchEvent {
    /// It is here.
    Fetched {
        /// Where from.
        location: String,
        /// The scheme of its place.
        scheme: &'static str,
        /// How large it is.
        bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// It is on its way for some time.
    Progress {
        /// Where from.
        location: String,
        /// How much is here.
        bytes: u64,
        /// Of how much, if that is known.
        total: Option<u64>,
    },
    /// A try failed, for a reason that is no verdict.
    Failed {
        /// Where from.
        location: String,
        /// The scheme of its place.
        scheme: &'static str,
        /// Why.
        reason: String,
        /// When it is tried again.
        again: Duration,
    },
    /// It is refused.
    Refused {
        /// The scheme of its place.
        scheme: &'static str,
    },
    /// It was in the cache.
    Cached {
        /// Where it would have come from.
        location: String,
    },
}

type Tell = dyn Fn(&FetchEvent) + Send + Sync;

/// Asked by the installer, worked off by [`Desk::work`]. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
}

struct Shared {
    places: Places,
    back_off: BackOff,
    tell: Box<Tell>,
    cache: Mutex<Cache>,
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    by_control: BTreeMap<i64, Job>,
    closed: bool,
}

struct Job {
    wanted: WantedModel,
    status: Status,
    /// Failures in turn.
    failures: u32,
    /// Of the last try.
    delay: Option<String>,
    waker: Waker,
    cancelled: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Status {
    /// To be tried at this time.
    Due(Instant),
    /// A worker is at it.
    Running,
    /// It is in the cache.
    Done,
    Refused(Refusal),
}

impl Desk {
    /// A desk for models of these places, which are kept in `cache`; `tell` hears what happens.
    pub fn new(
        places: Places,
        cache: Cache,
        back_off: BackOff,
        tell: impl Fn(&FetchEvent) + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            places,
            back_off,
            tell: Box::new(tell),
            cache: Mutex::new(cache),
            jobs: Mutex::default(),
            changed: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Fetches what is asked for until the desk is closed. Runs on threads that the owner starts; with several, so many
    /// models are fetched at the same time.
    pub fn work(&self) {
        while let Some(task) = self.next() {
            let started = Instant::now();
            // Another model's worker is not to end with this one.
            let tried = catch_unwind(AssertUnwindSafe(|| self.shared.attempt(&task)))
                .unwrap_or_else(|_| Err(("", FetchError::Passing("fetching it panicked".into()))));
            self.settle(&task, tried, started.elapsed());
        }
    }

    /// Ends the workers; what is on its way is given up.
    pub fn close(&self) {
        let mut jobs = self.shared.jobs();
        jobs.closed = true;
        jobs.by_control.values().for_each(|job| job.cancelled.store(true, Ordering::Relaxed));
        self.shared.changed.notify_all();
    }

    /// Waits for something that is due; `None` when the desk is closed.
    fn next(&self) -> Option<Task> {
        let mut jobs = self.shared.jobs();
        loop {
            if jobs.closed {
                return None;
            }
            let now = Instant::now();
            let due = jobs.by_control.iter().filter_map(|(control, job)| match job.status {
                Status::Due(at) => Some((at, *control)),
                _ => None,
            });
            let first = due.min();
            match first {
                Some((at, control)) if at <= now => {
                    let job = jobs.by_control.get_mut(&control)?;
                    job.status = Status::Running;
                    return Some(Task { wanted: job.wanted.clone(), cancelled: Arc::clone(&job.cancelled) });
                }
                Some((at, _)) => {
                    let waited = self.shared.changed.wait_timeout(jobs, at - now);
                    jobs = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => jobs = self.shared.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn settle(&self, task: &Task, tried: Tried, took: Duration) {
        let mut jobs = self.shared.jobs();
        let job = jobs.by_control.get_mut(&task.wanted.control);
        // One that nobody wants any more may have been asked for anew since.
        let Some(job) = job.filter(|job| Arc::ptr_eq(&job.cancelled, &task.cancelled)) else { return };
        let location = task.wanted.location.clone();
        let event = match tried {
            Ok((scheme, bytes)) => {
                job.status = Status::Done;
                FetchEvent::Fetched { location, scheme, bytes, took }
            }
            Err((scheme, FetchError::Refused(refusal))) => {
                job.status = Status::Refused(refusal);
                FetchEvent::Refused { scheme }
            }
            Err((scheme, error)) => {
                let reason = error.to_string();
                let factor = 1_u32.checked_shl(job.failures).unwrap_or(u32::MAX);
                let again =
                    self.shared.back_off.first.saturating_mul(factor).min(self.shared.back_off.longest);
                job.failures = (job.failures + 1).min(30);
                job.status = Status::Due(Instant::now() + again);
                job.delay = Some(format!("{location}: {reason}"));
                FetchEvent::Failed { location, scheme, reason, again }
            }
        };
        let waker = job.waker.clone();
        drop(jobs);
        (self.shared.tell)(&event);
        waker.wake();
    }
}

/// What came of a try, with the scheme of the place: bytes, or why there are none.
type Tried = Result<(&'static str, u64), (&'static str, FetchError)>;

/// What a worker is at.
struct Task {
    wanted: WantedModel,
    cancelled: Arc<AtomicBool>,
}

struct TaskWatch<'a> {
    task: &'a Task,
    tell: &'a Tell,
}

impl Watch for TaskWatch<'_> {
    fn is_cancelled(&self) -> bool {
        self.task.cancelled.load(Ordering::Relaxed)
    }

    fn progress(&self, bytes: u64, total: Option<u64>) {
        let location = self.task.wanted.location.clone();
        (self.tell)(&FetchEvent::Progress { location, bytes, total });
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One try: from the store into the cache.
    fn attempt(&self, task: &Task) -> Tried {
        let wanted = &task.wanted;
        let found = self.places.find_pinned(&wanted.location, wanted.sha256);
        let (location, place) = found.map_err(|refusal| ("", FetchError::Refused(refusal)))?;
        let fetched = self.fetch(task, &location, place);
        if matches!(fetched, Err(FetchError::Unkept(_))) {
            // What nobody needs now makes room for what is needed; the next try finds it.
            let _ = self.cache().clear();
        }
        let scheme = location.scheme();
        fetched.map(|arrived| (scheme, arrived.bytes)).map_err(|error| (scheme, error))
    }

    fn fetch(&self, task: &Task, location: &Location, place: &Place) -> Result<Arrived, FetchError> {
        let wanted = &task.wanted;
        let mut coming = self.cache().begin().map_err(|error| unwritable(&error))?;
        let watch = TaskWatch { task, tell: &*self.tell };
        let intake = Intake::new(coming.file(), &watch, place.max_bytes, place.timeout);
        let arrived = self.places.fetch(location, place, intake)?;
        // A large model takes its time to reach the disk: nobody is to wait for that.
        coming.sync().map_err(|error| unwritable(&error))?;
        let mut cache = self.cache();
        let trusted = cache.trusted(wanted.message);
        check_digest(location, &arrived, wanted.sha256.or(trusted))?;
        // Asked for, so it is about to be in force.
        cache.protect_also(arrived.sha256);
        cache.put(coming, arrived.sha256).map_err(|error| unwritable(&error))?;
        if wanted.sha256.is_none() && trusted.is_none() {
            cache.trust(wanted.message, arrived.sha256).map_err(|error| unwritable(&error))?;
        }
        Ok(arrived)
    }

    /// The model from the cache, if it is there and the place allows it. A copy that cannot be read is fetched anew.
    fn cached(&self, wanted: &WantedModel, place: &Place) -> Option<Fetched> {
        let cache = self.cache();
        let sha256 = wanted.sha256.or_else(|| cache.trusted(wanted.message))?;
        // One that is too large is refused by whoever fetches it.
        cache.size(sha256).filter(|size| *size <= place.max_bytes)?;
        let data = cache.read(sha256).ok().flatten()?;
        Some(Fetched::Here { data, sha256 })
    }
}

impl Fetcher for Desk {
    fn fetch(&mut self, wanted: &WantedModel, waker: &Waker) -> Fetched {
        let known = {
            let mut jobs = self.shared.jobs();
            let job = jobs.by_control.get_mut(&wanted.control).filter(|job| job.wanted == *wanted);
            job.map(|job| {
                job.waker.clone_from(waker);
                (job.status.clone(), job.delay.clone())
            })
        };
        match known {
            Some((Status::Refused(refusal), _)) => return Fetched::Refused(refusal),
            Some((Status::Due(_) | Status::Running, delay)) => {
                return delay.map_or(Fetched::Coming, Fetched::Delayed);
            }
            Some((Status::Done, _)) | None => {}
        }
        // The verdict does not depend on what is in the cache.
        let place = match self.shared.places.find_pinned(&wanted.location, wanted.sha256) {
            Ok((_, place)) => place,
            Err(refusal) => return Fetched::Refused(refusal),
        };
        if let Some(here) = self.shared.cached(wanted, place) {
            if known.is_none() {
                (self.shared.tell)(&FetchEvent::Cached { location: wanted.location.clone() });
            }
            self.shared.jobs().by_control.remove(&wanted.control);
            return here;
        }
        let job = Job {
            wanted: wanted.clone(),
            status: Status::Due(Instant::now()),
            failures: 0,
            delay: None,
            waker: waker.clone(),
            cancelled: Arc::default(),
        };
        let mut jobs = self.shared.jobs();
        if let Some(former) = jobs.by_control.insert(wanted.control, job) {
            former.cancelled.store(true, Ordering::Relaxed);
        }
        self.shared.changed.notify_one();
        Fetched::Coming
    }

    fn keep(&mut self, in_force: &[ModelReference], wanted: &[ModelReference]) {
        let mut jobs = self.shared.jobs();
        jobs.by_control.retain(|control, job| {
            let kept = wanted.iter().any(|reference| reference.offset == *control);
            if !kept {
                job.cancelled.store(true, Ordering::Relaxed);
            }
            kept
        });
        drop(jobs);
        let mut cache = self.shared.cache();
        let digests: Vec<Digest> = in_force
            .iter()
            .chain(wanted)
            .filter_map(|reference| reference.known_sha256().or_else(|| cache.trusted(reference.message)))
            .collect();
        cache.protect(digests);
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("places", &self.shared.places).finish_non_exhaustive()
    }
}
