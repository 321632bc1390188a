//! SIGTERM and SIGINT: the operator wants the process to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

/// Whether the process was asked to end.
#[derive(Clone, Debug, Default)]
pub struct StopSignal {
    signal: Arc<AtomicU8>,
}

const TERMINATE: u8 = 1;
const INTERRUPT: u8 = 2;

impl StopSignal {
    /// Listens from now on, on a thread of its own.
    ///
    /// # Errors
    /// If the system refuses the thread or the handlers.
    pub fn listen() -> io::Result<Self> {
        let stop = Self::default();
        let noted = Arc::clone(&stop.signal);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut terminate, mut interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                loop {
                    let (came, again) = tokio::select! {
                        came = terminate.recv() => (came, TERMINATE),
                        came = interrupt.recv() => (came, INTERRUPT),
                    };
                    if came.is_none() {
                        return;
                    }
                    if noted.swap(again, Ordering::AcqRel) != 0 && again == INTERRUPT {
                        // Asked a second time by somebody at the keyboard: what is not committed will be done again.
                        std::process::exit(130);
                    }
                }
            });
        })?;
        Ok(stop)
    }

    /// Its name, if one has come.
    #[must_use]
    pub fn received(&self) -> Option<&'static str> {
        match self.signal.load(Ordering::Acquire) {
            TERMINATE => Some("SIGTERM"),
            INTERRUPT => Some("SIGINT"),
            _ => None,
        }
    }
}
