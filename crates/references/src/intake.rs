//! What takes a model in while it arrives: counts, digests, passes on; holds size and time to their limits.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use scorewheel_model::{Digest, ModelErrorKind};
use scorewheel_serving::RefusalKind;
use sha2::{Digest as _, Sha256};

use crate::error::FetchError;

/// Bytes that are read at once.
const BUFFER: usize = 64 << 10;
/// A model on its way is told of this often.
const PROGRESS: Duration = Duration::from_secs(10);

/// Whoever may want a fetch to end, or hear how far it is.
pub trait Watch: Sync {
    /// True if nobody wants the model any more.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// So many bytes are here, of so many if that is known. Told every ten seconds.
    fn progress(&self, bytes: u64, total: Option<u64>) {
        let _ = (bytes, total);
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Takes a model in, once, without keeping it in memory.
pub struct Intake<'a> {
    out: &'a mut dyn Write,
    watch: &'a dyn Watch,
    hasher: Sha256,
    bytes: u64,
    total: Option<u64>,
    limit: u64,
    timeout: Duration,
    started: Instant,
    told: Instant,
}

/// What came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// How many bytes.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Digest,
}

impl<'a> Intake<'a> {
    /// An intake into `out` of at most `limit` bytes within `timeout`.
    pub fn new(out: &'a mut dyn Write, watch: &'a dyn Watch, limit: u64, timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            out,
            watch,
            hasher: Sha256::new(),
            bytes: 0,
            total: None,
            limit,
            timeout,
            started: now,
            told: now,
        }
    }

    /// What is left of the time.
    ///
    /// # Errors
    /// If nothing is.
    pub fn time_left(&self) -> Result<Duration, FetchError> {
        let left = self.timeout.saturating_sub(self.started.elapsed());
        if left.is_zero() { Err(self.too_slow()) } else { Ok(left) }
    }

    fn too_slow(&self) -> FetchError {
        FetchError::Passing(format!(
            "it takes longer than {} s; {} bytes have come",
            self.timeout.as_secs_f64(),
            self.bytes
        ))
    }

    /// Says how many bytes will come.
    ///
    /// # Errors
    /// [`FetchError::Refused`] if that is too many.
    pub fn expect(&mut self, total: u64) -> Result<(), FetchError> {
        self.total = Some(total);
        if total > self.limit { Err(self.too_large(&format!("{total} bytes"))) } else { Ok(()) }
    }

    fn too_large(&self, size: &str) -> FetchError {
        let reason = format!("the model has {size}; its place allows {}", self.limit);
        FetchError::refused(RefusalKind::Model(ModelErrorKind::TooLarge), reason)
    }

    /// Takes the next bytes in.
    ///
    /// # Errors
    /// [`FetchError::Refused`] if they are too many; [`FetchError::Unkept`] if they cannot be written;
    /// [`FetchError::Passing`] if the time is over, or nobody wants them any more.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        if self.watch.is_cancelled() {
            return Err(FetchError::Passing("nobody wants it any more".into()));
        }
        let total = self.bytes + bytes.len() as u64;
        if total > self.limit {
            return Err(self.too_large(&format!("more than {} bytes", self.limit)));
        }
        self.time_left()?;
        self.hasher.update(bytes);
        self.out.write_all(bytes).map_err(|error| unwritable(&error))?;
        self.bytes = total;
        if self.told.elapsed() >= PROGRESS {
            self.told = Instant::now();
            self.watch.progress(self.bytes, self.total);
        }
        Ok(())
    }

    /// Takes everything in that `reader` gives; `what` names it in errors.
    ///
    /// # Errors
    /// As [`Intake::take`]; [`FetchError::Passing`] if it cannot be read, or ends before what was expected.
    pub fn copy(&mut self, reader: &mut dyn Read, what: &dyn fmt::Display) -> Result<(), FetchError> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.take(&buffer[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let reason = format!("{what} broke off after {} bytes: {error}", self.bytes);
                    return Err(FetchError::Passing(reason));
                }
            }
        }
        match self.total {
            Some(total) if self.bytes < total => {
                Err(FetchError::Passing(format!("{what} broke off after {} of {total} bytes", self.bytes)))
            }
            _ => Ok(()),
        }
    }

    /// Everything is here.
    #[must_use]
    pub fn finish(self) -> Arrived {
        Arrived { bytes: self.bytes, sha256: Digest::from_bytes(self.hasher.finalize().into()) }
    }
}

/// A disk that is full, or refuses: never a verdict.
pub(crate) fn unwritable(error: &io::Error) -> FetchError {
    FetchError::Unkept(error.to_string())
}

impl fmt::Debug for Intake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("bytes", &self.bytes)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A disk without room.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Cancelled;

    impl Watch for Cancelled {
        fn is_cancelled(&self) -> bool {
            true
        }
    }

    #[test]
    fn what_arrives_is_passed_on_and_digested() {
        let mut out = Vec::new();
        let mut intake = Intake::new(&mut out, &Unwatched, 100, LONG);
        intake.expect(5).unwrap();
        intake.copy(&mut &b"model"[..], &"it").unwrap();
        assert_eq!(intake.finish(), Arrived { bytes: 5, sha256: Digest::of(b"model") });
        assert_eq!(out, b"model");
    }

    #[test]
    fn too_many_bytes_are_a_verdict_said_or_not() {
        let mut out = Vec::new();
        let mut intake = Intake::new(&mut out, &Unwatched, 4, LONG);
        assert!(matches!(intake.expect(5), Err(FetchError::Refused(_))));
        let mut intake = Intake::new(&mut out, &Unwatched, 4, LONG);
        assert!(matches!(intake.copy(&mut &b"model"[..], &"it"), Err(FetchError::Refused(_))));
        assert_eq!(out, b"");
    }

    #[test]
    fn what_passes_is_no_verdict() {
        let mut out = Vec::new();
        let mut intake = Intake::new(&mut out, &Unwatched, 100, LONG);
        intake.expect(9).unwrap();
        let error = intake.copy(&mut &b"model"[..], &"it").unwrap_err();
        assert_eq!(error, FetchError::Passing("it broke off after 5 of 9 bytes".into()));
        let (mut full, mut out) = (Full, Vec::new());
        let mut intake = Intake::new(&mut full, &Unwatched, 100, LONG);
        assert!(matches!(intake.take(b"model"), Err(FetchError::Unkept(_))));
        for (watch, timeout) in [(&Cancelled as &dyn Watch, LONG), (&Unwatched, Duration::ZERO)] {
            let mut intake = Intake::new(&mut out, watch, 100, timeout);
            assert!(matches!(intake.take(b"model"), Err(FetchError::Passing(_))));
        }
    }
}
