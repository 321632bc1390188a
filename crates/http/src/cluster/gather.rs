//! Asks all instances at once, for one request or for several that came at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Mutex;

use super::announcement::Announcement;
use super::client::{PeerClient, PeerTrouble};
use super::leases::Member;
use super::merge::{Coverage, Part, merge};
use crate::snapshot::Snapshot;

/// An answer is given to all requests that come within this time.
const FRESH: Duration = Duration::from_millis(100);
/// How long a question may take beyond the client's own limit before it is given up.
const GRACE: Duration = Duration::from_millis(250);

/// Who belongs to the cluster.
pub trait Cluster: Send + Sync {
    /// The members as known now. Must neither block nor lock what the scoring threads use.
    fn members(&self) -> Members;
}

/// The instances of an application.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// This instance.
    pub own: Announcement,
    /// The others whose leases hold.
    pub others: Vec<Member>,
    /// Announcements that cannot be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// The records topic and its number of partitions; `None` while that is not known.
    pub expected: Option<(String, u32)>,
    /// Why the members are not known, or not any more.
    pub trouble: Option<String>,
}

/// The state of all instances.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// As one.
    pub snapshot: Arc<Snapshot>,
    /// Whose it is.
    pub coverage: Coverage,
}

/// Gathers the state of all instances.
pub struct Gatherer {
    cluster: Arc<dyn Cluster>,
    client: PeerClient,
    /// One question at a time; those who wait take its answer if it is fresh.
    last: Mutex<Option<(Instant, Arc<Gathered>)>>,
}

impl Gatherer {
    /// A gatherer for the members that `cluster` knows.
    #[must_use]
    pub fn new(cluster: Arc<dyn Cluster>, client: PeerClient) -> Self {
        Self { cluster, client, last: Mutex::default() }
    }

    /// The name of this instance.
    #[must_use]
    pub fn own(&self) -> String {
        self.cluster.members().own.instance
    }

    /// The instances as known now.
    pub(crate) fn members(&self) -> Members {
        self.cluster.members()
    }

    /// Asks where blocking is allowed, and not for longer than the client's limit allows: the answer, and how long it took.
    pub(super) async fn question<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&PeerClient) -> Result<T, PeerTrouble> + Send + 'static,
    ) -> (Result<T, PeerTrouble>, Duration) {
        let client = self.client.clone();
        let started = Instant::now();
        let question = tokio::task::spawn_blocking(move || ask(&client));
        let answer = match tokio::time::timeout(self.client.timeout() + GRACE, question).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failed)) => Err(PeerTrouble::Unreachable(failed.to_string())),
            Err(_) => Err(self.client.timed_out()),
        };
        (answer, started.elapsed())
    }

    /// The state of all instances; `own` is that of this one.
    pub async fn gather(&self, own: impl Fn() -> Arc<Snapshot>) -> Arc<Gathered> {
        let mut last = self.last.lock().await;
        if let Some((at, gathered)) = &*last
            && at.elapsed() < FRESH
        {
            return Arc::clone(gathered);
        }
        let members = self.cluster.members();
        let application = own().application.clone();
        let questions = members.others.iter().map(|member| self.ask(member.clone(), application.clone()));
        let others = join_all(questions).await;
        // Looked at last, so that a partition which is moved here meanwhile is not missed.
        let snapshot = (*own()).clone();
        let own = Part {
            announcement: members.own.clone(),
            lease_age: None,
            answer: Ok(snapshot),
            took: Duration::ZERO,
        };
        let parts: Vec<Part> = std::iter::once(own).chain(others).collect();
        let (snapshot, coverage) = merge(&parts, &members);
        let gathered = Arc::new(Gathered { snapshot: Arc::new(snapshot), coverage });
        *last = Some((Instant::now(), Arc::clone(&gathered)));
        gathered
    }

    async fn ask(&self, member: Member, application: String) -> Part {
        let peer = member.announcement.clone();
        let (answer, took) = self.question(move |client| client.ask(&peer, &application)).await;
        let lease_age = Some(member.age);
        Part { announcement: member.announcement, lease_age, answer, took }
    }
}
