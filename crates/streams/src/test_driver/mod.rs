//! A topology without broker, threads and clock, for tests.

mod driver;
mod log;
mod options;
mod record;

pub use driver::TopologyTestDriver;
pub use options::TestDriverOptions;
pub use record::{OutputRecord, TestRecord};
