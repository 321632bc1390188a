//! Files beneath a folder: never outside of it, never through a link, nothing but regular files.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat, openat2};
use rustix::io::Errno;
use scorewheel_serving::RefusalKind;

use crate::error::FetchError;
use crate::intake::Intake;

/// Fetches the file of a location whose path lies beneath `root`.
pub(crate) fn fetch(root: &Path, path: &[String], intake: &mut Intake<'_>) -> Result<(), FetchError> {
    let shown = PathBuf::from("/").join(path.join("/"));
    let beneath = beneath(root, path).ok_or_else(|| {
        FetchError::refused(
            RefusalKind::NotAllowed,
            format!("{} is not in {}", shown.display(), root.display()),
        )
    })?;
    let mut file = open_beneath(root, beneath, &shown)?;
    let length = file
        .metadata()
        .map_err(|error| FetchError::Passing(format!("{} cannot be read: {error}", shown.display())))?
        .len();
    intake.expect(length)?;
    intake.copy(&mut file, &shown.display())
}

/// The parts of a path behind those of the root; none if it is not beneath it.
pub(crate) fn beneath<'a>(root: &Path, path: &'a [String]) -> Option<&'a [String]> {
    let mut rest = path;
    for component in root.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(part) => {
                let (first, behind) = rest.split_first()?;
                if part != first.as_str() {
                    return None;
                }
                rest = behind;
            }
            _ => return None,
        }
    }
    (!rest.is_empty()).then_some(rest)
}

/// Opens a regular file beneath `root`.
fn open_beneath(root: &Path, parts: &[String], shown: &Path) -> Result<File, FetchError> {
    // What is at the root is the operator's; links in it are followed.
    let folder =
        open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|error| {
            FetchError::Passing(format!(
                "the folder {} of the place cannot be opened: {error}",
                root.display()
            ))
        })?;
    let opened = match with_openat2(&folder, parts) {
        // A kernel before 5.6, or a sandbox that does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => part_by_part(&folder, parts),
        opened => opened,
    };
    let file = opened.map(File::from).map_err(|error| refuse(error, shown))?;
    let found = file
        .metadata()
        .map_err(|error| FetchError::Passing(format!("{} cannot be read: {error}", shown.display())))?;
    if found.is_file() {
        return Ok(file);
    }
    let what = if found.is_dir() { "a folder" } else { "no regular file" };
    Err(FetchError::refused(RefusalKind::NotAllowed, format!("{} is {what}", shown.display())))
}

/// Without waiting: a pipe would wait for whoever writes into it, a device might do anything.
const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

fn with_openat2(folder: &OwnedFd, parts: &[String]) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(folder, parts.join("/"), FLAGS, Mode::empty(), resolve) {
            // Somebody moved folders about meanwhile.
            Err(Errno::AGAIN) => {}
            opened => return opened,
        }
    }
}

fn part_by_part(folder: &OwnedFd, parts: &[String]) -> Result<OwnedFd, Errno> {
    let Some((last, folders)) = parts.split_last() else { return Err(Errno::NOENT) };
    let mut at: Option<OwnedFd> = None;
    for part in folders {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let from = at.as_ref().map_or(folder.as_fd(), |at| at.as_fd());
        at = Some(openat(from, part.as_str(), flags, Mode::empty())?);
    }
    openat(at.as_ref().map_or(folder.as_fd(), |at| at.as_fd()), last.as_str(), FLAGS, Mode::empty())
}

fn refuse(error: Errno, shown: &Path) -> FetchError {
    let shown = shown.display();
    match error {
        Errno::NOENT => FetchError::refused(RefusalKind::NotFound, format!("there is no file {shown}")),
        // Part by part a link on the way is no folder; and so is a file on the way.
        Errno::LOOP | Errno::XDEV | Errno::NOTDIR => {
            let reason =
                format!("{shown} leads through a link, or through what is no folder; links are not followed");
            FetchError::refused(RefusalKind::NotAllowed, reason)
        }
        // A socket, or a device that nobody serves.
        Errno::NXIO | Errno::NODEV => {
            FetchError::refused(RefusalKind::NotAllowed, format!("{shown} is no regular file"))
        }
        Errno::NAMETOOLONG => {
            FetchError::refused(RefusalKind::NotFound, format!("{shown} is longer than a path may be"))
        }
        error => FetchError::Passing(format!("{shown} cannot be opened: {}", io::Error::from(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn beneath_goes_by_whole_parts() {
        let rest = |root: &str, path: &str| beneath(Path::new(root), &parts(path)).map(|rest| rest.join("/"));
        assert_eq!(rest("/models", "/models/a/b").as_deref(), Some("a/b"));
        assert_eq!(rest("/models/", "/models/a").as_deref(), Some("a"));
        assert_eq!(rest("/", "/a").as_deref(), Some("a"));
        for (root, path) in
            [("/models", "/models2/a"), ("/models", "/models"), ("/a/b", "/a"), ("models", "/a")]
        {
            assert_eq!(rest(root, path), None, "{root} {path}");
        }
        assert_eq!(beneath(Path::new("/models/../etc"), &parts("/models/etc/a")), None);
    }

    /// Both ways open the same and refuse the same.
    #[test]
    fn the_way_part_by_part_agrees_with_openat2() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("sub/model"), b"model").unwrap();
        fs::write(path("model"), b"model").unwrap();
        std::os::unix::fs::symlink(path("model"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("sub"), path("linked")).unwrap();
        let root = open(folder.path(), OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        for (name, opens) in [
            ("model", true),
            ("sub/model", true),
            ("link", false),
            ("linked/model", false),
            ("model/x", false),
            ("absent", false),
            ("absent/model", false),
        ] {
            let parts = parts(name);
            let (at_once, by_part) = (with_openat2(&root, &parts), part_by_part(&root, &parts));
            assert_eq!(by_part.is_ok(), opens, "{name}");
            if !matches!(at_once, Err(Errno::NOSYS | Errno::PERM)) {
                assert_eq!(at_once.is_ok(), opens, "{name}");
                let is_missing = |error: &Errno| *error == Errno::NOENT;
                let missing = |opened: Result<OwnedFd, Errno>| opened.err().as_ref().is_some_and(is_missing);
                assert_eq!(missing(at_once), missing(by_part), "{name}");
            }
        }
    }
}
