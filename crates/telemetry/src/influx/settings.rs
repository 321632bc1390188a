//! Where the points go.

use std::time::Duration;

use super::rate::Thinning;

/// The interface of the server and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// `/write` and `/query` of InfluxDB 1.
    V1 {
        /// User and password, if the server wants them.
        user: Option<(String, String)>,
    },
    /// `/api/v2/write` of InfluxDB 2.
    V2 {
        /// Organisation.
        organization: String,
        /// Bucket.
        bucket: String,
        /// Token.
        token: String,
    },
}

/// Settings of the sink. The default is the original's.
#[derive(Clone, Debug, PartialEq)]
pub struct InfluxSettings {
    /// `http://host:port`, without a path.
    pub url: String,
    /// Interface and credentials.
    pub access: Access,
    /// Database of version 1; made when missing. Of version 2 the name of the bucket for InfluxQL.
    pub database: String,
    /// Retention policy of version 1; made when missing, for one day in shards of 30 minutes. Of version 2 a name as well.
    pub retention_policy: String,
    /// The tag `engine`: `Akka` or `Kafka Streams`.
    pub engine: String,
    /// Whether points also carry the tags `partition`, `version`, `outcome` and the field `duration_ns`.
    pub details: bool,
    /// How many points a score makes.
    pub thinning: Thinning,
    /// Most points in one request.
    pub batch: usize,
    /// Longest time that a point waits for company.
    pub linger: Duration,
    /// Most points that wait; further ones are counted and forgotten.
    pub capacity: usize,
    /// Longest time for one request.
    pub timeout: Duration,
}

impl InfluxSettings {
    /// The original's settings at this address.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            access: Access::V1 { user: None },
            database: "serving".into(),
            retention_policy: "default".into(),
            engine: "Kafka Streams".into(),
            details: false,
            thinning: Thinning::Automatic,
            batch: 2_000,
            linger: Duration::from_millis(100),
            capacity: 50_000,
            timeout: Duration::from_secs(5),
        }
    }
}
