//! Models by reference from the real stores. Each is told the same story: fetched, an outage in the middle, what is
//! not there, too large, not what was promised.
//!
//! | file | what it holds |
//! |---|---|
//! | `story` | the story, and what a store must be able to do in it |
//! | `s3` | S3: moto, `SCOREWHEEL_TEST_MOTO`, which checks signatures |
//! | `postgres` | PostgreSQL, `SCOREWHEEL_TEST_POSTGRES` |
//! | `hdfs` | HDFS: Hadoop's mini cluster, `SCOREWHEEL_TEST_HDFS` |

mod hdfs;
pub mod postgres;
mod s3;
pub mod story;
