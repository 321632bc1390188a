//! The product beside InfluxDB, Prometheus, stores of models and a browser as users have them. Each is named by a variable
//! of the environment; a test whose program is not named says that it is skipped.
//!
//! | file | what it holds |
//! |---|---|
//! | `influxdb` | a real InfluxDB, `SCOREWHEEL_TEST_INFLUXD`, started and killed |
//! | `prometheus` | a real Prometheus, `SCOREWHEEL_TEST_PROMETHEUS`, that scrapes an instance |
//! | `browser` | a real Chromium, `SCOREWHEEL_TEST_CHROMIUM`, told what to do over its debugging pipe |
//! | `product` | the binary at work |
//! | `running` | a sender of points at work |
//! | `influx_sink` | the sink on the real InfluxDB |
//! | `references` | models by reference from S3, PostgreSQL and HDFS |
//! | `encrypted` | with the feature `tls`: certificates that are trusted, and others |
//! | `dashboards` | every query of every panel, on the real servers, beside the binary |
//! | `page` | the page in the browser: alive, readable, reachable by keyboard, whole without a script |

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test, which says what it skips")]

mod browser;
mod dashboards;
#[cfg(feature = "tls")]
mod encrypted;
mod influx_sink;
mod influxdb;
mod page;
mod product;
mod prometheus;
mod references;
mod running;

use std::net::TcpListener;
use std::time::{Duration, Instant};

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}
