//! Where a process fails: a file that a test writes, also while the process runs.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scorewheel_streams::{Duty, FaultPoint, FaultPoints, InjectedFault};
use serde::{Deserialize, Serialize};

/// The environment variable that names the file.
pub const VARIABLE: &str = "SCOREWHEEL_TEST_FAULTS";

/// What a process does wrong. Points and duties have the names of [`FaultPoint::as_str`] and [`Duty::as_str`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Where it ends as if by `kill -9`.
    pub kill: Option<Kill>,
    /// Where it waits, each time.
    pub wait: Option<Wait>,
    /// What it owes and does not do.
    pub neglect: Option<Neglect>,
}

/// The end of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The point.
    pub at: String,
    /// The how many-th passing, from 1, since the file says so.
    pub passing: u32,
}

/// A wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// The point.
    pub at: String,
    /// How long, milliseconds.
    pub milliseconds: u64,
}

/// A duty that is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neglect {
    /// The duty.
    pub duty: String,
    /// How often; absent: always.
    pub times: Option<u32>,
}

impl Faults {
    /// The process ends at the n-th passing of a point.
    #[must_use]
    pub fn kill_at(point: FaultPoint, passing: u32) -> Self {
        Self { kill: Some(Kill { at: point.as_str().to_owned(), passing }), ..Self::default() }
    }

    /// The process waits at a point.
    #[must_use]
    pub fn wait_at(point: FaultPoint, wait: Duration) -> Self {
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self { wait: Some(Wait { at: point.as_str().to_owned(), milliseconds }), ..Self::default() }
    }

    /// The process does not do its duty, so often or always.
    #[must_use]
    pub fn neglect(mut self, duty: Duty, times: Option<u32>) -> Self {
        self.neglect = Some(Neglect { duty: duty.as_str().to_owned(), times });
        self
    }

    /// Writes the file, whole at once.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("new");
        fs::write(&beside, serde_json::to_vec(self)?)?;
        fs::rename(beside, path)
    }

    fn read(path: &Path) -> io::Result<Self> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let faults: Self = serde_json::from_slice(&text)?;
        let points = [faults.kill.as_ref().map(|kill| &kill.at), faults.wait.as_ref().map(|wait| &wait.at)];
        let unknown_point = points.into_iter().flatten().find(|name| point(name).is_none());
        let duty = faults.neglect.as_ref().map(|neglect| &neglect.duty);
        let unknown_duty = duty.filter(|name| !Duty::ALL.iter().any(|duty| duty.as_str() == *name));
        match unknown_point.or(unknown_duty) {
            Some(name) => Err(io::Error::other(format!("there is no fault point or duty `{name}`"))),
            None => Ok(faults),
        }
    }
}

fn point(name: &str) -> Option<FaultPoint> {
    FaultPoint::ALL.into_iter().find(|point| point.as_str() == name)
}

/// The faults of a file, which is looked at each time a point is passed. No file, no faults.
#[derive(Debug)]
pub struct FileFaults {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    /// Since the file says what it says.
    passed: HashMap<FaultPoint, u32>,
    neglected: u32,
}

impl FileFaults {
    /// The file that the environment names.
    #[must_use]
    pub fn from_environment() -> Self {
        Self { path: std::env::var_os(VARIABLE).map(PathBuf::from), state: Mutex::default() }
    }

    /// Reads the file and does with the state what `then` says. A file that cannot be understood ends the process: a
    /// test would pass for want of the fault.
    fn with_state<T>(&self, then: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.path else { return then(&mut state) };
        match Faults::read(path) {
            Ok(faults) if faults == state.faults => {}
            Ok(faults) => *state = State { faults, ..State::default() },
            Err(error) => panic!("{}: {error}", path.display()),
        }
        then(&mut state)
    }
}

impl FaultPoints for FileFaults {
    fn reached(&self, point: FaultPoint) -> Result<(), InjectedFault> {
        let (dies, waits) = self.with_state(|state| {
            let passed = state.passed.entry(point).or_default();
            *passed += 1;
            let kill = state.faults.kill.as_ref();
            let dies = kill.is_some_and(|kill| kill.at == point.as_str() && kill.passing == *passed);
            let wait = state.faults.wait.as_ref().filter(|wait| wait.at == point.as_str());
            (dies, wait.map(|wait| Duration::from_millis(wait.milliseconds)))
        });
        if let Some(wait) = waits {
            std::thread::sleep(wait);
        }
        if dies {
            std::process::abort();
        }
        Ok(())
    }

    fn neglects(&self, duty: Duty) -> bool {
        self.with_state(|state| {
            let neglect = state.faults.neglect.as_ref().filter(|neglect| neglect.duty == duty.as_str());
            let neglects =
                neglect.is_some_and(|neglect| neglect.times.is_none_or(|times| state.neglected < times));
            state.neglected += u32::from(neglects);
            neglects
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_is_obeyed_from_then_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("faults");
        let faults = FileFaults { path: Some(path.clone()), state: Mutex::default() };
        assert!(!faults.neglects(Duty::ReadOn));
        Faults::default().neglect(Duty::ReadOn, Some(2)).write(&path).unwrap();
        assert!(!faults.neglects(Duty::SendOffsets));
        assert_eq!([(); 3].map(|()| faults.neglects(Duty::ReadOn)), [true, true, false]);
        Faults::default().neglect(Duty::SendOffsets, None).write(&path).unwrap();
        assert_eq!([(); 3].map(|()| faults.neglects(Duty::SendOffsets)), [true; 3]);
        assert!(!faults.neglects(Duty::ReadOn));
        Faults::wait_at(FaultPoint::BeforeBuild, Duration::from_millis(30)).write(&path).unwrap();
        let began = std::time::Instant::now();
        faults.reached(FaultPoint::AfterBuild).unwrap();
        faults.reached(FaultPoint::BeforeBuild).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(30));
    }

    #[test]
    fn names_that_do_not_exist_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("faults");
        for text in [
            r#"{"kill":{"at":"nowhere","passing":1}}"#,
            r#"{"neglect":{"duty":"nothing","times":null}}"#,
            r#"{"kil":null}"#,
        ] {
            fs::write(&path, text).unwrap();
            assert!(Faults::read(&path).is_err(), "{text}");
        }
        Faults::kill_at(FaultPoint::AfterCommit, 3).write(&path).unwrap();
        assert_eq!(Faults::read(&path).unwrap(), Faults::kill_at(FaultPoint::AfterCommit, 3));
    }
}
