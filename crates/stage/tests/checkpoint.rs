//! The file of a checkpoint: whole or refused.

mod support;

use scorewheel_stage::*;
use support::*;

fn checkpoint() -> Checkpoint {
    let mut world = World::new();
    let mut task = world.stage(StageOptions::default());
    world.publish("wine", "a", "line: scale=2");
    world.publish("beer", "b", "line: scale=3");
    world.ready();
    world.drive();
    task.feed(&["1", "beer:2", "rock:1", "wine:?"]);
    assert_eq!(task.take().len(), 4);
    task.handle.checkpoint("models_data/0:4")
}

#[test]
fn a_checkpoint_comes_back() {
    let checkpoint = checkpoint();
    assert_eq!(Checkpoint::decode(&checkpoint.encode()), Ok(checkpoint));
    assert_eq!(Checkpoint::decode(&Checkpoint::default().encode()), Ok(Checkpoint::default()));
}

#[test]
fn a_file_cut_anywhere_or_changed_anywhere_is_refused() {
    let bytes = checkpoint().encode();
    for length in 0..bytes.len() {
        assert!(Checkpoint::decode(&bytes[..length]).is_err(), "{length}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        assert!(Checkpoint::decode(&changed).is_err(), "{at}");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let error = Checkpoint::read(&path).unwrap_err();
    assert!(matches!(error, CheckpointError::Unreadable { .. }));
    assert!(error.to_string().contains("move it away"), "{error}");
}

#[test]
fn a_write_that_fails_leaves_the_file_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c");
    let checkpoint = checkpoint();
    checkpoint.write(&path).unwrap();
    // What a crash leaves beside it is no harm, and is written over.
    let beside = directory.path().join("c.tmp");
    std::fs::write(&beside, "half").unwrap();
    assert_eq!(Checkpoint::read(&path).unwrap().as_ref(), Some(&checkpoint));
    checkpoint.write(&path).unwrap();
    assert!(!beside.exists());
    std::fs::create_dir(&beside).unwrap();
    assert!(matches!(Checkpoint::default().write(&path), Err(CheckpointError::File { .. })));
    assert_eq!(Checkpoint::read(&path).unwrap(), Some(checkpoint));
}
