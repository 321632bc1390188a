//! Several processes of the product's binary on real Kafka. They need a broker, named by `SCOREWHEEL_TEST_KAFKA`
//! (`.ci/kafka/up` starts one), and the binary (`cargo build -p scorewheel` in the same profile, or
//! `SCOREWHEEL_TEST_BINARY`); without a broker each test says that it is skipped.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(clippy::print_stdout, reason = "what was counted is worth reading")]

mod application;
mod instance;
mod three_processes;
