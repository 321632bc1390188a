//! A topology without broker, threads and clock, for tests.

mod driver;
mod inspect;
mod log;
mod options;
mod record;
mod work;

pub use driver::TopologyTestDriver;
pub use options::TestDriverOptions;
pub use record::{OutputRecord, TestRecord};
