//! The repository itself: what its documents say is what is there.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod architecture;
mod documents;
mod metadata;
mod notices;
mod operating;
mod walls;
