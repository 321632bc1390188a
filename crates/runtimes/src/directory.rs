//! A private directory for a library that wants files.

use std::fs;
use std::path::{Component, Path};

use scorewheel_model::{ModelError, ModelErrorKind};
use tempfile::TempDir;

/// Writes `files` below a new directory that only this user may enter; it is gone when the handle is dropped.
///
/// # Errors
/// [`ModelErrorKind::Invalid`] for a name that leaves the directory; [`ModelErrorKind::MissingRuntime`] if the system
/// has no room for it, which is no fault of the model.
pub(crate) fn write<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<TempDir, ModelError> {
    let unwritable = |error: std::io::Error| {
        let message =
            format!("the run time needs files in a temporary directory, which cannot be written: {error}");
        ModelError::new(ModelErrorKind::MissingRuntime, message)
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix("scorewheel-model-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let directory = builder.tempdir().map_err(unwritable)?;
    for (name, bytes) in files {
        let relative = Path::new(name);
        let within = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !within {
            let message = format!("the model holds a file named {name:?}, which leaves its folder");
            return Err(ModelError::new(ModelErrorKind::Invalid, message));
        }
        let path = directory.path().join(relative);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unwritable)?;
        }
        fs::write(path, bytes).map_err(unwritable)?;
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_in_a_private_directory_that_goes_away() {
        let directory = write([("a", &b"1"[..]), ("variables/b", b"22")]).unwrap();
        let path = directory.path().to_owned();
        assert_eq!(fs::read(path.join("variables/b")).unwrap(), b"22");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
        }
        drop(directory);
        assert!(!path.exists());
        for name in ["../a", "/etc/a", "", "a/../../b", "./.."] {
            assert_eq!(write([(name, &b"1"[..])]).unwrap_err().kind, ModelErrorKind::Invalid, "{name:?}");
        }
    }
}
