//! Two instances with two threads each, on the machine's clock, while fifty models take over and one instance leaves.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;
mod place;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::Engine;
use place::Place;
use scorewheel_streams::{Streams, StreamsConfig, StreamsEnvironment};
use scorewheel_topics::{MemoryBackend, SystemClock};

#[test]
fn fault_7_and_26_fifty_swaps_on_threads_with_a_clean_close_under_load() {
    let mut place = Place::new(Engine::Persistent, 6);
    place.on_the_machine_s_clock();
    place.publish(0.5);
    let start = |place: &Place, id: &str| {
        let config = StreamsConfig { threads: 2, ..place.config(id) };
        let mut environment = StreamsEnvironment::new(Arc::new(place.backend.clone()));
        environment.clock = Arc::new(SystemClock::new());
        Streams::start(place.engine.topology(&place.parts(|_| {})), config, environment).unwrap()
    };
    let (one, other) = (start(&place, "a"), start(&place, "b"));
    let mut leaves = Some(one);
    let mut third = None;
    for swap in 0..50_u32 {
        place.write(500);
        place.publish(f64::from(swap) + 1.25);
        std::thread::sleep(Duration::from_millis(20));
        if swap == 25 {
            let began = Instant::now();
            leaves.take().unwrap().close(Duration::from_secs(30)).unwrap();
            assert!(began.elapsed() < Duration::from_secs(30));
            third = Some(start(&place, "c"));
        }
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while !place.is_done() {
        assert!(Instant::now() < deadline, "{:#?}", other.status());
        std::thread::sleep(Duration::from_millis(20));
    }
    other.close(Duration::from_secs(30)).unwrap();
    third.unwrap().close(Duration::from_secs(30)).unwrap();
    assert_eq!(place.read_results(), 25_000);
    place.verify();
}

/// A memory backend is as fast as its clock.
impl Place {
    fn on_the_machine_s_clock(&mut self) {
        let stands = std::mem::replace(&mut self.backend, MemoryBackend::new());
        drop(stands);
        self.create_topics();
    }
}
