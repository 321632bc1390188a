//! `s3:`: one object of a bucket, from anything that speaks the S3 API.

use std::time::SystemTime;

use scorewheel_serving::RefusalKind;

use crate::error::FetchError;
use crate::intake::Intake;
use crate::location::{Location, encoded};
use crate::place::Secret;
use crate::server::Server;
use crate::signature::{Signature, time_of};
use crate::web::{Get, Web};

/// A bucket, and what of it is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Store {
    /// The bucket.
    pub bucket: String,
    /// The folder beneath which models lie; empty for all of the bucket.
    pub root: Vec<String>,
    /// Who serves it.
    pub endpoint: Server,
    /// Its region.
    pub region: String,
    /// Whether the bucket is a part of the host's name, and not of the path.
    pub virtual_host: bool,
    /// Who asks; without, anybody.
    pub credentials: Option<S3Credentials>,
}

/// A key to S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Credentials {
    /// Its public half.
    pub access_key: String,
    /// Its secret half.
    pub secret_key: Secret,
    /// The token that goes with a key for a while.
    pub session_token: Option<Secret>,
}

impl S3Store {
    /// Whether the location is in this place.
    #[must_use]
    pub fn covers(&self, location: &Location) -> bool {
        matches!(location, Location::S3 { bucket, key }
            if *bucket == self.bucket && key.len() > self.root.len() && key.starts_with(&self.root))
    }

    pub(crate) fn fetch(
        &self,
        key: &[String],
        web: Web<'_>,
        intake: &mut Intake<'_>,
    ) -> Result<(), FetchError> {
        let mut server = self.endpoint.clone();
        let mut target = encoded(key);
        if self.virtual_host {
            server.host = format!("{}.{}", self.bucket, server.host);
        } else {
            target = format!("/{}{target}", self.bucket);
        }
        let headers = self.headers(&server, &target);
        let answer =
            web.get(&Get { server: &server, target: &target, headers: &headers }, intake.time_left()?)?;
        if answer.status == 200 {
            return answer.body(intake);
        }
        let what = format!("s3://{}{}", self.bucket, encoded(key));
        if answer.status != 404 {
            return Err(answer.failure(&what));
        }
        let reason = answer.reason();
        if reason.contains("<Code>NoSuchBucket<") {
            return Err(FetchError::Passing(format!("{server} has no bucket {}", self.bucket)));
        }
        Err(FetchError::refused(RefusalKind::NotFound, format!("there is nothing at {what}")))
    }

    fn headers(&self, server: &Server, target: &str) -> Vec<(&'static str, String)> {
        let Some(credentials) = &self.credentials else { return Vec::new() };
        let signature = Signature {
            access_key: &credentials.access_key,
            secret_key: &credentials.secret_key.0,
            session_token: credentials.session_token.as_ref().map(|token| token.0.as_str()),
            region: &self.region,
        };
        signature.headers(&server.host_header(), target, &time_of(SystemTime::now()))
    }
}
