//! `http:` and `https:`: a request, and redirects as far as they stay in the place.

use scorewheel_serving::RefusalKind;

use crate::error::FetchError;
use crate::intake::Intake;
use crate::location::{Location, encoded};
use crate::server::Server;
use crate::web::{Get, Web};

/// Redirects that are followed.
const MOST_REDIRECTS: usize = 5;

/// A server, and what of it is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpStore {
    /// The server.
    pub server: Server,
    /// The folder beneath which models lie; empty for all of the server.
    pub root: Vec<String>,
    /// Whether locations may have a query (`?…`).
    pub query: bool,
    /// What the header `Authorization` says.
    pub authorization: Option<crate::place::Secret>,
}

impl HttpStore {
    /// Whether the location is in this place.
    #[must_use]
    pub fn covers(&self, location: &Location) -> bool {
        let Location::Http { server, path, query } = location else { return false };
        *server == self.server && path.starts_with(&self.root) && (self.query || query.is_none())
    }

    pub(crate) fn fetch(
        &self,
        location: &Location,
        web: Web<'_>,
        intake: &mut Intake<'_>,
    ) -> Result<(), FetchError> {
        let headers: Vec<(&'static str, String)> =
            self.authorization.iter().map(|secret| ("authorization", secret.0.clone())).collect();
        let mut at = location.clone();
        for _ in 0..=MOST_REDIRECTS {
            let Location::Http { server, path, query } = &at else { break };
            let mut target = encoded(path);
            if let Some(query) = query {
                target = format!("{target}?{query}");
            }
            let get = Get { server, target: &target, headers: &headers };
            let answer = web.get(&get, intake.time_left()?)?;
            match (answer.status, &answer.location) {
                (200, _) => return answer.body(intake),
                (301 | 302 | 303 | 307 | 308, Some(to)) => at = self.redirected(server, to)?,
                _ => return Err(answer.failure(&at)),
            }
        }
        Err(FetchError::Passing(format!("{location} leads from one redirect to the next")))
    }

    /// Where a redirect leads, if it stays in the place.
    fn redirected(&self, from: &Server, to: &str) -> Result<Location, FetchError> {
        let absolute =
            if to.starts_with('/') && !to.starts_with("//") { format!("{from}{to}") } else { to.to_owned() };
        let shown: String = to.chars().take(200).collect();
        match Location::parse(&absolute) {
            Ok(location) if self.covers(&location) => Ok(location),
            Ok(_) => {
                let reason = format!("{from} redirects to {shown:?}, which is outside of the place");
                Err(FetchError::refused(RefusalKind::NotAllowed, reason))
            }
            Err(error) => {
                let reason = format!("{from} redirects to {shown:?}, where {error}");
                Err(FetchError::refused(RefusalKind::NotAllowed, reason))
            }
        }
    }
}
