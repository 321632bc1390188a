//! Who lives, by what was announced and when it arrived here.
//!
//! An announcement is worth its time from the moment at which it arrived here, by this process's own clock that never
//! jumps: what the clocks of other machines say does not matter. Only for announcements that lay on the topic before
//! this process came does their age matter: it is their timestamp's distance from that of this process's own first
//! announcement. The topic is made with `message.timestamp.type=LogAppendTime`, so both are the broker's. Where an
//! existing topic has timestamps of the writers, a wrong clock shows an instance too long, by one lease at most, or too
//! late, by one announcement.

use std::collections::BTreeMap;
use std::time::Duration;

use super::announcement::Announcement;

/// Shortest and longest lease that is believed.
const BELIEVED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// Instances that are known at the same time; more are a fault.
const MOST: usize = 1000;
/// A lease that ended so many times its length ago is to be taken off the topic.
const FORGOTTEN_AFTER: u32 = 10;

/// The announcements of one application. Times are those of one clock that never jumps.
#[derive(Debug)]
pub struct Leases {
    own: String,
    known: BTreeMap<String, Lease>,
    read: bool,
}

#[derive(Debug)]
struct Lease {
    announcement: Result<Announcement, String>,
    timestamp: i64,
    arrived: Duration,
    length: Duration,
    /// What of it had passed when it arrived.
    passed: Duration,
}

/// An instance whose lease holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it says of itself.
    pub announcement: Announcement,
    /// Since it said so.
    pub age: Duration,
}

impl Leases {
    /// Nothing is read yet; `own` is the name of this instance.
    #[must_use]
    pub fn new(own: &str) -> Self {
        Self { own: own.to_owned(), known: BTreeMap::new(), read: false }
    }

    /// Takes in a record of the topic, in the order of the topic.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>, timestamp: i64, now: Duration) {
        let Ok(key) = std::str::from_utf8(key) else { return };
        if key == self.own {
            if !std::mem::replace(&mut self.read, true) {
                self.settle(timestamp);
            }
            return;
        }
        let Some(value) = value else {
            self.known.remove(key);
            return;
        };
        if self.known.len() >= MOST && !self.known.contains_key(key) {
            return;
        }
        let announcement = Announcement::read(value).and_then(|read| {
            if read.instance == key { Ok(read) } else { Err("its key is not its name".into()) }
        });
        let stated = announcement.as_ref().map_or(BELIEVED.0, |read| Duration::from_millis(read.expires_ms));
        let length = stated.clamp(BELIEVED.0, BELIEVED.1);
        let lease = Lease { announcement, timestamp, arrived: now, length, passed: Duration::ZERO };
        self.known.insert(key.to_owned(), lease);
    }

    /// What lay there before this instance's own first announcement is as old as their timestamps say.
    fn settle(&mut self, own: i64) {
        for lease in self.known.values_mut() {
            let age = u64::try_from(own.saturating_sub(lease.timestamp)).unwrap_or(0);
            lease.passed = Duration::from_millis(age).min(lease.length * (FORGOTTEN_AFTER + 1));
        }
    }

    /// True once this instance has read its own announcement, and so all that lay there before.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.read
    }

    /// The other instances whose leases hold, by name; none before [`Leases::is_read`].
    #[must_use]
    pub fn others(&self, now: Duration) -> Vec<Member> {
        let lives = self.known.values().filter(|lease| self.read && lease.age(now) < lease.length);
        let member = |lease: &Lease| {
            let announcement = lease.announcement.as_ref().ok()?.clone();
            Some(Member { announcement, age: lease.age(now) })
        };
        lives.filter_map(member).collect()
    }

    /// Announcements that cannot be read, with the reason; as long as a lease would hold.
    #[must_use]
    pub fn unreadable(&self, now: Duration) -> Vec<(String, String)> {
        let lives = self.known.iter().filter(|(_, lease)| lease.age(now) < lease.length);
        lives
            .filter_map(|(key, lease)| Some((key.clone(), lease.announcement.as_ref().err()?.clone())))
            .collect()
    }

    /// Names of instances that died long ago: anybody may take them off the topic.
    #[must_use]
    pub fn forgotten(&self, now: Duration) -> Vec<String> {
        let old = |lease: &Lease| lease.age(now) >= lease.length * FORGOTTEN_AFTER;
        self.known.iter().filter(|(_, lease)| self.read && old(lease)).map(|(key, _)| key.clone()).collect()
    }
}

impl Lease {
    fn age(&self, now: Duration) -> Duration {
        self.passed + now.saturating_sub(self.arrived)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE_MS: u64 = 10_000;

    fn value(instance: &str) -> Vec<u8> {
        let announcement = Announcement {
            instance: instance.into(),
            host: "h".into(),
            port: 1,
            expires_ms: LEASE_MS,
            ..Announcement::default()
        };
        announcement.value()
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn names(leases: &Leases, now: Duration) -> Vec<String> {
        leases.others(now).into_iter().map(|member| member.announcement.instance).collect()
    }

    #[test]
    fn who_leaves_is_gone_at_once_and_who_dies_when_the_lease_ends() {
        let mut leases = Leases::new("me");
        leases.take(b"me", Some(b"x"), 0, at(0));
        leases.take(b"a", Some(&value("a")), 1, at(1));
        leases.take(b"b", Some(&value("b")), 1, at(1));
        assert_eq!(names(&leases, at(2)), ["a", "b"]);
        leases.take(b"b", None, 2, at(2));
        assert_eq!(names(&leases, at(2)), ["a"]);
        assert_eq!(names(&leases, at(10)), ["a"]);
        assert_eq!(names(&leases, at(11)), [""; 0]);
        assert_eq!(leases.forgotten(at(100)), [""; 0]);
        assert_eq!(leases.forgotten(at(101)), ["a"]);
        // Whoever was only paused is back with its next word.
        leases.take(b"a", Some(&value("a")), 3, at(102));
        assert_eq!(names(&leases, at(103)), ["a"]);
    }

    #[test]
    fn wrong_clocks_of_others_do_not_matter_once_this_instance_listens() {
        let mut leases = Leases::new("me");
        leases.take(b"me", Some(b"x"), 1_000_000, at(0));
        for (key, timestamp) in [("past", -5), ("future", i64::MAX)] {
            leases.take(key.as_bytes(), Some(&value(key)), timestamp, at(1));
        }
        assert_eq!(names(&leases, at(10)), ["future", "past"]);
        assert_eq!(names(&leases, at(11)), [""; 0]);
    }

    #[test]
    fn what_lay_there_before_is_as_old_as_the_brokers_times_say() {
        let mut leases = Leases::new("me");
        for (key, age) in [("dead", 60_000), ("dying", 9_000), ("fresh", 0), ("ahead", -3_600_000)] {
            leases.take(key.as_bytes(), Some(&value(key)), 1_000_000 - age, at(0));
        }
        assert_eq!(names(&leases, at(0)), [""; 0], "nothing is believed before all is read");
        leases.take(b"me", Some(b"x"), 1_000_000, at(0));
        assert_eq!(names(&leases, at(0)), ["ahead", "dying", "fresh"]);
        assert_eq!(names(&leases, at(1)), ["ahead", "fresh"]);
        assert_eq!(names(&leases, at(10)), [""; 0], "a clock that is ahead buys no more than one lease");
    }

    #[test]
    fn garbage_is_told_and_leases_without_end_are_not_believed() {
        let mut leases = Leases::new("me");
        leases.take(b"me", Some(b"x"), 0, at(0));
        leases.take(b"bad", Some(b"<html>"), 0, at(0));
        leases.take(b"other", Some(&value("a")), 0, at(0));
        leases.take(&[0xff], Some(&value("a")), 0, at(0));
        let told: Vec<String> = leases.unreadable(at(0)).into_iter().map(|(key, _)| key).collect();
        assert_eq!(told, ["bad", "other"]);
        let forever = Announcement { expires_ms: u64::MAX, ..Announcement::read(&value("a")).unwrap() };
        leases.take(b"a", Some(&forever.value()), 0, at(0));
        assert_eq!(names(&leases, at(599)), ["a"]);
        assert_eq!(names(&leases, at(600)), [""; 0]);
    }
}
