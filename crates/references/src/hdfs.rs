//! `hdfs:`, `webhdfs:`, `swebhdfs:`: a file of HDFS over WebHDFS, whose name node sends to a data node.
//!
//! <https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html>

use scorewheel_serving::RefusalKind;

use crate::error::FetchError;
use crate::intake::Intake;
use crate::location::{Location, encoded};
use crate::place::Secret;
use crate::server::Server;
use crate::web::{Get, Web};

/// What paths of WebHDFS begin with.
const PREFIX: [&str; 2] = ["webhdfs", "v1"];

/// A file system, and what of it is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HdfsStore {
    /// Scheme of its locations: `hdfs`, `webhdfs` or `swebhdfs`.
    pub scheme: String,
    /// Name node, or name of the service, as locations name it.
    pub host: String,
    /// Its port, as locations name it.
    pub port: Option<u16>,
    /// The name node's HTTP server.
    pub endpoint: Server,
    /// The folder beneath which models lie.
    pub root: Vec<String>,
    /// The HTTP servers of data nodes.
    pub data_nodes: Vec<DataNode>,
    /// Who asks, where the cluster believes it.
    pub user: Option<String>,
    /// A delegation token.
    pub token: Option<Secret>,
}

/// A data node, or all hosts of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataNode {
    /// Its name; with `.` in front, every name below it.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl DataNode {
    fn is(&self, server: &Server) -> bool {
        let named = match self.host.strip_prefix('.') {
            Some(_) => server.host.ends_with(&self.host) && server.host.len() > self.host.len(),
            None => server.host == self.host,
        };
        named && server.port == self.port
    }
}

impl HdfsStore {
    /// Whether the location is in this place.
    #[must_use]
    pub fn covers(&self, location: &Location) -> bool {
        matches!(location, Location::Hdfs { scheme, host, port, path }
            if *scheme == self.scheme && *host == self.host && *port == self.port
                && path.len() > self.root.len() && path.starts_with(&self.root))
    }

    pub(crate) fn fetch(
        &self,
        path: &[String],
        web: Web<'_>,
        intake: &mut Intake<'_>,
    ) -> Result<(), FetchError> {
        let full: Vec<String> =
            PREFIX.iter().map(|part| (*part).to_owned()).chain(path.iter().cloned()).collect();
        let mut target = format!("{}?op=OPEN", encoded(&full));
        for (name, value) in [
            ("user.name", self.user.as_deref()),
            ("delegation", self.token.as_ref().map(|token| token.0.as_str())),
        ] {
            if let Some(value) = value {
                let value = encoded(&[value.to_owned()]);
                target = format!("{target}&{name}={}", value.trim_start_matches('/'));
            }
        }
        let what = format!("{}://{}{}", self.scheme, self.host, encoded(path));
        let get = Get { server: &self.endpoint, target: &target, headers: &[] };
        let answer = web.get(&get, intake.time_left()?)?;
        let to = match (answer.status, answer.location.clone()) {
            // A gateway gives the file itself.
            (200, _) => return answer.body(intake),
            (307, Some(to)) => to,
            _ => return Err(answer.failure(&what)),
        };
        let (server, target) = self.data_node(&to, &full)?;
        let answer = web.get(&Get { server: &server, target: &target, headers: &[] }, intake.time_left()?)?;
        match answer.status {
            200 => answer.body(intake),
            _ => Err(answer.failure(&what)),
        }
    }

    /// Where the name node sends, if that is a data node of the place and the same file.
    fn data_node(&self, to: &str, full: &[String]) -> Result<(Server, String), FetchError> {
        let shown: String = to.split('?').next().unwrap_or_default().chars().take(200).collect();
        let refuse = |why: &str| {
            let reason = format!("the name node {} sends to {shown:?}, which {why}", self.endpoint);
            Err(FetchError::refused(RefusalKind::NotAllowed, reason))
        };
        let Ok(Location::Http { server, path, query }) = Location::parse(to) else {
            return refuse("is no location over HTTP");
        };
        if path != full {
            return refuse("is another file");
        }
        if server.secure != self.endpoint.secure || !self.data_nodes.iter().any(|node| node.is(&server)) {
            return refuse("is none of the `datanodes` of the place");
        }
        let mut target = encoded(&path);
        if let Some(query) = query {
            target = format!("{target}?{query}");
        }
        Ok((server, target))
    }
}
