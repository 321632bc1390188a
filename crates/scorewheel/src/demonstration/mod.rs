//! What the command `demo` shows: records of our own, models of our own, and what comes of them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`assets`] | the records and models, part of the binary |
//! | [`records`] | [`RecordsThread`]: records at a steady rate, some of them broken |
//! | [`models`] | [`ModelsPublisher`]: a model every few seconds, one of which is refused |
//! | [`results`] | [`ResultsThread`]: results as they can be read, and how long they took |
//! | [`screen`] | [`Screen`]: a line a second |
//! | [`recount`] | [`Recount`]: what lies on the topics in the end |

pub mod assets;
pub mod models;
pub mod records;
pub mod recount;
pub mod results;
pub mod screen;

pub use models::ModelsPublisher;
pub use records::RecordsThread;
pub use recount::Recount;
pub use results::ResultsThread;
pub use screen::Screen;
