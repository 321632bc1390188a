//! Folders: links, devices, pipes, traversal.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use scorewheel_model::ModelErrorKind;
use scorewheel_references::{Place, Store};
use scorewheel_serving::RefusalKind;

use crate::common::*;

fn location(root: &Path, rest: &str) -> String {
    format!("file://{}/{rest}", root.display())
}

#[test]
fn a_file_beneath_the_root_is_fetched() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("sub folder")).unwrap();
    fs::write(root.path().join("sub folder/a.pmml"), b"model").unwrap();
    let fetched = fetch_from(folder(root.path()), &location(root.path(), "sub%20folder/a.pmml"));
    assert_eq!(fetched.unwrap(), b"model");
}

#[test]
fn nothing_else_is() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), b"secret").unwrap();
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("file"), b"model").unwrap();
    fs::write(at("large"), [7; 1001]).unwrap();
    symlink(outside.path().join("secret"), at("link")).unwrap();
    symlink(outside.path(), at("linked")).unwrap();
    symlink("file", at("within")).unwrap();
    symlink("../..", at("up")).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    let status = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
    assert!(status.success());
    for (rest, kind, says) in [
        ("link", RefusalKind::NotAllowed, "link"),
        ("linked/secret", RefusalKind::NotAllowed, "link"),
        ("within", RefusalKind::NotAllowed, "link"),
        ("up/etc/passwd", RefusalKind::NotAllowed, "link"),
        ("file/x", RefusalKind::NotAllowed, "no folder"),
        ("folder", RefusalKind::NotAllowed, "is a folder"),
        ("pipe", RefusalKind::NotAllowed, "no regular file"),
        ("socket", RefusalKind::NotAllowed, "no regular file"),
        ("absent", RefusalKind::NotFound, "no file"),
        ("absent/absent", RefusalKind::NotFound, "no file"),
        ("../secret", RefusalKind::BadLocation, ".."),
        ("%2e%2e/secret", RefusalKind::BadLocation, ".."),
        ("folder%2f..%2f..%2fsecret", RefusalKind::BadLocation, "slash"),
        ("large", RefusalKind::Model(ModelErrorKind::TooLarge), "1001 bytes"),
    ] {
        assert_refused(fetch_from(folder(root.path()), &location(root.path(), rest)), kind, says);
    }
    let elsewhere = location(outside.path(), "secret");
    assert_refused(fetch_from(folder(root.path()), &elsewhere), RefusalKind::NotAllowed, "no place");
    let no_root = Place { store: Store::File(at("gone")), ..folder(root.path()) };
    assert_passing(fetch_from(no_root, &location(&at("gone"), "a")), "cannot be opened");
}

#[test]
fn a_device_is_not_opened() {
    if !Path::new("/dev/zero").exists() {
        return;
    }
    assert_refused(
        fetch_from(folder(Path::new("/dev")), "file:///dev/zero"),
        RefusalKind::NotAllowed,
        "regular",
    );
}

#[test]
fn a_file_that_may_not_be_read_is_no_verdict() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("closed");
    fs::write(&path, b"model").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let fetched = fetch_from(folder(root.path()), &location(root.path(), "closed"));
    if fs::read(&path).is_ok() {
        // A user who may do everything.
        assert_eq!(fetched.unwrap(), b"model");
    } else {
        assert_passing(fetched, "cannot be opened");
    }
}
