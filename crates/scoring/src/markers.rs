//! Marks in the state directory around what a model could kill the process with: its install and its first batch.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use scorewheel_model::Digest;
use scorewheel_serving::ModelReference;

/// Found uncleared this many times, a model is quarantined.
const STRIKES: u32 = 2;

/// Marks of one state directory. A mark is a small file that exists while a model is installed or scores its first
/// batch; one that is found at a start is the last trace of a process that did not survive that.
#[derive(Debug)]
pub struct Markers {
    directory: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How often each model's mark was found uncleared, and the digest of its message.
    strikes: BTreeMap<i64, (Digest, u32)>,
    /// Models that have scored a batch in this process.
    proven: BTreeSet<i64>,
    /// How many are between `enter` and `leave`, by model: tasks of several threads may be.
    inside: BTreeMap<i64, u32>,
}

impl Markers {
    /// No marks: a process that dies of a model dies of it again.
    #[must_use]
    pub fn none() -> Self {
        Self { directory: None, state: Mutex::default() }
    }

    /// The marks of this directory, which is made if it is missing. Marks that are found count as strikes.
    ///
    /// # Errors
    /// If the directory or a mark cannot be read or written.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut state = State::default();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let Some(control) = control_of(&path) else { continue };
            let Some((digest, strikes, inside)) = read(&path)? else { continue };
            let strikes = strikes + u32::from(inside);
            fs::write(&path, line(digest, strikes, false))?;
            state.strikes.insert(control, (digest, strikes));
        }
        Ok(Self { directory: Some(directory.to_owned()), state: Mutex::new(state) })
    }

    /// The models that are quarantined, with the digest of their messages.
    #[must_use]
    pub fn quarantined(&self) -> Vec<(i64, Digest)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = state.strikes.iter().filter(|(_, (_, strikes))| *strikes >= STRIKES);
        strikes.map(|(control, (digest, _))| (*control, *digest)).collect()
    }

    /// Takes the mark of a model away, so that the next start tries it again; false if there is none.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub fn lift(directory: &Path, control: i64) -> io::Result<bool> {
        match fs::remove_file(path_of(directory, control)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Marks a model that is about to be installed or to score its first batch.
    ///
    /// A mark that cannot be written is no reason not to go on: it only guards against models that kill.
    pub fn enter(&self, model: &ModelReference) {
        let Some(directory) = &self.directory else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = state.inside.entry(model.offset).or_default();
        *inside += 1;
        if *inside == 1 {
            let known = state.strikes.get(&model.offset).filter(|(digest, _)| *digest == model.message);
            let strikes = known.map_or(0, |(_, strikes)| *strikes);
            let _ = fs::write(path_of(directory, model.offset), line(model.message, strikes, true));
        }
    }

    /// The process has survived it.
    pub fn leave(&self, model: &ModelReference) {
        let Some(directory) = &self.directory else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(inside) = state.inside.get_mut(&model.offset) else { return };
        *inside -= 1;
        if *inside == 0 {
            state.inside.remove(&model.offset);
            let _ = fs::remove_file(path_of(directory, model.offset));
        }
    }

    /// As [`enter`](Self::enter), for a model's first batch in this process; false, and nothing done, if it has scored
    /// one before.
    pub fn enter_first_batch(&self, model: &ModelReference) -> bool {
        if self.directory.is_none() {
            return false;
        }
        let proven = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.proven.contains(&model.offset)
        };
        if !proven {
            self.enter(model);
        }
        !proven
    }

    /// The process has survived the model's first batch, and so its install too: earlier strikes are forgotten.
    pub fn leave_first_batch(&self, model: &ModelReference) {
        self.leave(model);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.proven.insert(model.offset);
        state.strikes.remove(&model.offset);
    }
}

fn path_of(directory: &Path, control: i64) -> PathBuf {
    directory.join(format!("model-{control}"))
}

fn control_of(path: &Path) -> Option<i64> {
    path.file_name()?.to_str()?.strip_prefix("model-")?.parse().ok()
}

/// Digest, strikes, and whether the process is inside now or the strike was counted.
fn line(digest: Digest, strikes: u32, inside: bool) -> String {
    format!("{digest} {strikes} {}\n", if inside { "inside" } else { "counted" })
}

/// The content of a mark; one that is no mark of ours, or was not written to its end, counts as none.
fn read(path: &Path) -> io::Result<Option<(Digest, u32, bool)>> {
    let bytes = fs::read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(text) = text.strip_suffix('\n') else { return Ok(None) };
    let words: Vec<&str> = text.split(' ').collect();
    let [digest, strikes, state] = words[..] else { return Ok(None) };
    Ok(Digest::from_hex(digest)
        .zip(strikes.parse().ok())
        .map(|(digest, strikes)| (digest, strikes, state == "inside")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::ModelKey;

    fn model(offset: i64) -> ModelReference {
        ModelReference {
            offset,
            key: ModelKey::parse("wine/killer").unwrap(),
            version: "1".into(),
            sha256: Digest::of(b"model"),
            message: Digest::of(b"message"),
            timestamp: 0,
        }
    }

    #[test]
    fn a_mark_found_twice_quarantines_until_it_is_lifted() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Markers::open(directory.path()).unwrap();
        // Survived: no trace.
        let markers = open();
        markers.enter(&model(3));
        markers.leave(&model(3));
        assert!(markers.enter_first_batch(&model(3)));
        markers.leave_first_batch(&model(3));
        assert!(!markers.enter_first_batch(&model(3)));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        // Killed twice; a start that does not come to the model counts nothing.
        open().enter(&model(7));
        let markers = open();
        assert_eq!(markers.quarantined(), []);
        assert_eq!(open().quarantined(), []);
        let markers = open();
        markers.enter(&model(7));
        markers.leave(&model(7));
        assert!(markers.enter_first_batch(&model(7)));
        assert_eq!(open().quarantined(), [(7, Digest::of(b"message"))]);
        assert_eq!(open().quarantined(), [(7, Digest::of(b"message"))]);
        assert!(Markers::lift(directory.path(), 7).unwrap());
        assert!(!Markers::lift(directory.path(), 7).unwrap());
        assert_eq!(open().quarantined(), []);
    }

    #[test]
    fn killed_once_and_survived_then_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        Markers::open(directory.path()).unwrap().enter(&model(7));
        let markers = Markers::open(directory.path()).unwrap();
        markers.enter(&model(7));
        markers.leave(&model(7));
        assert_eq!(Markers::open(directory.path()).unwrap().quarantined(), []);
    }

    #[test]
    fn foreign_files_are_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in [("model-1", "garbage"), ("model-x", "0 1"), ("other", "")] {
            fs::write(directory.path().join(name), content).unwrap();
        }
        assert_eq!(Markers::open(directory.path()).unwrap().quarantined(), []);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }
}
