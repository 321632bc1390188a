//! The state of all instances of an application, from any of them.
//!
//! Instances announce themselves on a topic with a lease ([`leases`]). Whoever is asked asks the others over HTTP, each
//! within a time limit ([`client`]), and makes one state of the answers ([`merge`]), which says whose each part is and
//! what is missing. Questions between instances carry `scope=instance` and are never passed on.
//!
//! | file | what it holds |
//! |---|---|
//! | [`announcement`] | [`Announcement`]: what an instance says of itself |
//! | [`leases`] | [`Leases`]: who lives, by what was announced and when it arrived |
//! | [`client`] | [`PeerClient`], [`PeerTrouble`]: one question to another instance |
//! | [`merge`] | the answers as one state, with its [`Coverage`] |
//! | [`gather`] | [`Gatherer`]: all of it for a request |
//! | [`drift`] | the same for what is counted of inputs and scores |

pub mod announcement;
pub mod client;
pub mod drift;
pub mod gather;
pub mod leases;
pub mod merge;

pub use announcement::{API, AnnouncedTask, Announcement};
pub use client::{PeerAnswer, PeerClient, PeerTrouble};
pub use drift::{DriftCoverage, DriftReport, PeerDrift};
pub use gather::{Cluster, Gathered, Gatherer, Members};
pub use leases::{Leases, Member};
pub use merge::{Coverage, InstanceReport, MissingPartition, PartitionReport};
