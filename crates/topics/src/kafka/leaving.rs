//! How a client goes without holding up the thread that lets it go.

use std::sync::mpsc::channel;
use std::time::Duration;

/// How long a client may take to leave its group.
const PATIENCE: Duration = Duration::from_secs(5);

/// Drops a client, and waits for it no longer than five seconds.
///
/// A member that was expelled can meet its last rebalance while it closes; librdkafka then waits for an answer of its own
/// thread that may never come. Such a client stays behind on a thread of its own, where it does nothing; its place in the
/// group ends with its session.
pub(super) fn leave(client: impl Send + 'static) {
    let (gone, waits) = channel();
    let leaving = std::thread::Builder::new().name("kafka-leaving".to_owned()).spawn(move || {
        drop(client);
        // Nobody waits any more after the patience is over.
        let _ = gone.send(());
    });
    // Without a thread the client was dropped here.
    if leaving.is_ok() && waits.recv_timeout(PATIENCE).is_err() {
        tracing::warn!(target: "librdkafka", "a client has not left its group within {PATIENCE:?}; going on without it");
    }
}
