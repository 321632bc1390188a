//! What an instance has written itself, and reads back from topics.

use scorewheel_scoring::model_store::ModelState;
use scorewheel_serving::{Cutover, Mark, Marking, Rejection, StoredStatistics};

/// Values of changelogs and of the product's own topics.
pub fn changelog(bytes: &[u8]) {
    if let Some(state) = ModelState::decode(bytes) {
        let mut encoded = Vec::new();
        state.encode(&mut encoded);
        assert_eq!(ModelState::decode(&encoded).as_ref(), Some(&state));
        let _ = state.statistics();
    }
    let (key, value) = bytes.split_at(bytes.len().min(9));
    for (key, value) in [(key, value), (&b"t"[..], bytes), (&b"m\0\0\0\0\0\0\0\x07"[..], bytes)] {
        match StoredStatistics::decode(key, value) {
            Some(StoredStatistics::Totals(totals)) => {
                let again = StoredStatistics::decode(b"t", &totals.encode());
                assert_eq!(again, Some(StoredStatistics::Totals(totals)));
            }
            Some(StoredStatistics::Model(_)) | None => {}
        }
    }
    if let Some(cutover) = Cutover::read(bytes) {
        assert_eq!(Cutover::read(&cutover.value()), Some(cutover));
    }
    if let Some(rejection) = Rejection::read(Some(b"7"), bytes) {
        assert_eq!(Rejection::read(Some(rejection.key().as_bytes()), &rejection.value()), Some(rejection));
    }
}

/// The metadata of a committed offset, which anybody may have written.
pub fn offset_metadata(bytes: &[u8]) {
    if let Marking::Ours(mark) = Mark::read(bytes) {
        assert_eq!(Mark::read(mark.encode().as_bytes()), Marking::Ours(mark));
    }
}
