//! An instance with threads.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::broadcast_worker::BroadcastWorker;
use super::config::StreamsConfig;
use super::environment::StreamsEnvironment;
use super::prepare::prepare;
use super::shared::Shared;
use super::status::StreamsStatus;
use super::stream_worker::{Step, StreamWorker};
use crate::error::{ErrorKind, StreamsError};
use crate::topology::Topology;
use crate::views::StoreViews;

/// How long the broadcast threads wait for records at a time, and so a task for the answer to its question.
const BROADCAST_POLL: Duration = Duration::from_millis(20);
/// How long to wait before missing topics are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The nice value of broadcast threads: a build takes what scoring leaves.
const LOW_PRIORITY: i32 = 10;

/// What an instance is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It looks at the topics, or waits for them.
    Starting,
    /// Its threads run.
    Running,
    /// It was told to stop, or one of its threads has failed.
    Closing,
    /// All threads have ended.
    Stopped,
}

/// An instance of an application: stream threads, and a thread of low priority for each broadcast source.
///
/// Dropped without [`Self::close`], it is told to close and nobody waits for it.
pub struct Streams {
    shared: Arc<Shared>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Progress {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    running: bool,
    stopped: bool,
    /// The first error of any thread.
    error: Option<StreamsError>,
}

impl Streams {
    /// Takes the state directory and starts the threads; does not wait for brokers or topics.
    ///
    /// # Errors
    /// A wrong setting; a state directory that is in use; threads that the system refuses.
    pub fn start(
        topology: Topology,
        config: StreamsConfig,
        environment: StreamsEnvironment,
    ) -> Result<Self, StreamsError> {
        let shared = Shared::new(topology, config, environment)?;
        let progress = Arc::new(Progress::default());
        let streams = Self { shared: shared.clone(), progress: progress.clone() };
        spawn("streams".into(), move || {
            supervise(&shared, &progress);
            // The state directory is free again when `close` returns.
            drop(shared);
            progress.change(|inner| inner.stopped = true);
        })?;
        Ok(streams)
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.progress.change(|inner| match inner {
            Inner { stopped: true, .. } => State::Stopped,
            _ if self.shared.is_closing() => State::Closing,
            Inner { running: true, .. } => State::Running,
            _ => State::Starting,
        })
    }

    /// The stores as other threads may read them.
    #[must_use]
    pub fn views(&self) -> &StoreViews {
        &self.shared.views
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> StreamsStatus {
        self.shared.status.read()
    }

    /// The process id that its transactional ids are made with.
    #[must_use]
    pub fn process_id(&self) -> &str {
        &self.shared.process_id
    }

    /// Tells it to commit and leave; does not wait.
    pub fn begin_close(&self) {
        self.shared.close();
    }

    /// Waits until it has stopped, or at most so long. `None`: it still runs.
    ///
    /// The error is that of the first thread that failed; it is told once.
    pub fn wait(&self, timeout: Duration) -> Option<Result<(), StreamsError>> {
        let deadline = Instant::now() + timeout;
        let mut inner = self.progress.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while !inner.stopped {
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.progress.changed.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(inner.error.take().map_or(Ok(()), Err))
    }

    /// Commits, leaves the group and ends all threads.
    ///
    /// # Errors
    /// What a thread failed with; [`ErrorKind::CloseTimedOut`] with what is not committed if it takes longer.
    pub fn close(self, timeout: Duration) -> Result<(), StreamsError> {
        self.begin_close();
        let waited = self.wait(timeout);
        waited.unwrap_or_else(|| {
            Err(ErrorKind::CloseTimedOut { uncommitted: self.shared.status.uncommitted() }.into())
        })
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl Progress {
    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let result = change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
        result
    }

    fn fail(&self, shared: &Shared, error: StreamsError) {
        self.change(|inner| {
            inner.error.get_or_insert(error);
        });
        shared.close();
    }
}

/// Waits for the topics, then for the threads.
fn supervise(shared: &Arc<Shared>, progress: &Arc<Progress>) {
    loop {
        if shared.is_closing() {
            return;
        }
        match prepare(shared) {
            Ok(true) => break,
            Ok(false) => shared.environment.clock.sleep(LOOK_AGAIN),
            Err(error) => return progress.fail(shared, error),
        }
    }
    let mut threads = Vec::new();
    for index in 0..shared.topology.broadcasts.len() {
        let name = format!("broadcast {}", shared.topology.broadcasts[index].name);
        threads.push(work(name, shared, progress, move |shared| run_broadcast(shared, index)));
    }
    for thread in 0..shared.config.threads {
        threads.push(work(format!("stream {thread}"), shared, progress, move |shared| {
            run_stream(shared, thread)
        }));
    }
    progress.change(|inner| inner.running = true);
    for thread in threads {
        match thread {
            // A panic inside is caught and told; there is nothing to be learnt here.
            Ok(thread) => drop(thread.join()),
            Err(error) => progress.fail(shared, error),
        }
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<thread::JoinHandle<()>, StreamsError> {
    thread::Builder::new().name(name).spawn(body).map_err(|error| {
        ErrorKind::Configuration { reason: format!("the system refuses a thread: {error}") }.into()
    })
}

/// Runs a thread's work; whatever ends it badly ends the instance.
fn work(
    name: String,
    shared: &Arc<Shared>,
    progress: &Arc<Progress>,
    body: impl FnOnce(&Arc<Shared>) -> Result<(), StreamsError> + Send + 'static,
) -> Result<thread::JoinHandle<()>, StreamsError> {
    let (shared, progress) = (shared.clone(), progress.clone());
    spawn(name.clone(), move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(&shared)));
        let outcome = outcome.unwrap_or_else(|panic| {
            let thread = format!("thread `{name}`");
            Err(ErrorKind::Panicked { thread, message: panic_message(&*panic) }.into())
        });
        if let Err(error) = outcome {
            progress.fail(&shared, error);
        }
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

fn run_broadcast(shared: &Arc<Shared>, index: usize) -> Result<(), StreamsError> {
    // Refused where the priority is as low already; the work is the same.
    let _ = rustix::process::nice(LOW_PRIORITY);
    let mut worker = BroadcastWorker::new(shared.clone(), index)?;
    while !shared.is_closing() {
        worker.step(BROADCAST_POLL)?;
    }
    Ok(())
}

fn run_stream(shared: &Arc<Shared>, thread: usize) -> Result<(), StreamsError> {
    let mut worker = StreamWorker::new(shared.clone(), thread)?;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        loop {
            match worker.step() {
                Ok(Step::Closed) => return Ok(()),
                Ok(Step::Worked | Step::Idle) => {}
                Err(error) => return Err(error),
            }
        }
    }));
    match ended {
        Ok(Err(error)) if !error.is_injected() => {
            worker.give_up();
            Err(error)
        }
        Ok(ended) => ended,
        Err(panic) => {
            // An open transaction would hold up the readers of its results until it times out. What has panicked may do
            // so again.
            let _ = catch_unwind(AssertUnwindSafe(|| worker.give_up()));
            resume_unwind(panic)
        }
    }
}
