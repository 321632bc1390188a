//! The routes, one file for each family.
//!
//! | file | routes |
//! |---|---|
//! | [`page`] | `/`, `/v1/live`, `/v1/events`: the page, and what it shows as JSON and as events |
//! | [`index`] | `/v1`: the list of all |
//! | [`stage`] | `/stats`, `/models`, `/state`, `/state/{dataType}`: the original's, for the stage |
//! | [`topologies`] | `/state/instances`, `/state/value`, …: the original's, for the topologies |
//! | [`health`] | `/livez`, `/readyz`, `/metrics` |
//! | [`scope`] | whose state a request is about |
//! | [`cluster`] | `/v1/instance`, `/v1/cluster` |
//! | [`views`] | `/v1/…`: routes, models, revision, cut-overs, conservation, statistics |
//! | [`drift`] | `/v1/drift`, `/v1/models/…/drift`: whether inputs and scores are distributed as they were |
//! | [`results`] | `/v1/results`: committed results as they come |
//! | [`records`] | `/v1/topics…`: the way in and out for records |

pub mod cluster;
pub mod drift;
pub mod health;
pub mod index;
pub mod page;
pub mod records;
pub mod results;
pub mod scope;
mod segments;
pub mod stage;
pub mod statistics;
pub mod topologies;
pub mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};

use crate::access::AccessRules;
use crate::cluster::Gatherer;
use crate::drift::DriftState;
use crate::error::ApiError;
use crate::gateway::RecordsGateway;
use crate::live::{Hub, LiveFigures, Together};
use crate::snapshot::{Engine, Snapshot, TaskState};
use crate::state::{MetricsText, QueryState, ResultsFeed};

/// Requests that may wait at the same time: long polls and streams of results, each.
const WAITING_REQUESTS: usize = 64;

/// What the routes work on.
pub struct Application {
    /// Which engine's routes are served.
    pub engine: Engine,
    /// The state to show.
    pub state: Arc<dyn QueryState>,
    /// The state of the other instances, where there can be any.
    pub cluster: Option<Arc<Gatherer>>,
    /// The metrics to show.
    pub metrics: Arc<dyn MetricsText>,
    /// What the page shows besides the state.
    pub live: Arc<dyn LiveFigures>,
    /// What is known of drift, unless that is switched off.
    pub drift: Option<Arc<dyn DriftState>>,
    /// Results as they come, where the engine writes any.
    pub results: Option<Arc<dyn ResultsFeed>>,
    /// The way in for records, where topics are embedded. Served only while the listener is loopback.
    pub gateway: Option<Arc<dyn RecordsGateway>>,
    /// Who may ask what.
    pub access: AccessRules,
    /// Largest body of a request in bytes.
    pub max_body_bytes: usize,
    /// Becomes true when the process stops: streams end.
    pub stopping: watch::Receiver<bool>,
}

/// [`Application`] with what the routes share among themselves.
pub struct Shared {
    application: Application,
    polls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    watchers: Arc<Semaphore>,
    hub: Arc<Hub>,
}

impl std::ops::Deref for Shared {
    type Target = Application;

    fn deref(&self) -> &Application {
        &self.application
    }
}

/// All routes of an application, and what makes the frames of its page: to be told every second.
pub fn router(application: Application) -> (Router, Arc<Hub>) {
    let engine = application.engine;
    let max_body_bytes = application.max_body_bytes;
    let way_in = application.gateway.is_some() && application.access.loopback;
    let together = application
        .cluster
        .as_ref()
        .map(|cluster| Together::new(Arc::clone(cluster), application.drift.clone()));
    let hub = Hub::new(engine, Arc::clone(&application.state), Arc::clone(&application.live), together);
    let hub = Arc::new(hub);
    let shared = Arc::new(Shared {
        application,
        watchers: Arc::new(Semaphore::new(WAITING_REQUESTS)),
        hub: Arc::clone(&hub),
        polls: Arc::new(Semaphore::new(WAITING_REQUESTS)),
        streams: Arc::new(Semaphore::new(WAITING_REQUESTS)),
    });
    let mut router = Router::new()
        .merge(page::routes())
        .merge(index::routes())
        .merge(health::routes())
        .merge(views::routes())
        .merge(cluster::routes())
        .merge(drift::routes());
    router = match engine {
        Engine::Stage => router.merge(stage::routes()),
        Engine::Streams => router.merge(topologies::routes()),
    };
    if shared.results.is_some() {
        router = router.merge(results::routes());
    }
    if way_in {
        router = router.merge(records::routes());
    }
    let router = router
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), check_host))
        .with_state(shared);
    (router, hub)
}

async fn check_host(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match shared.access.check_host(request.headers(), request.uri()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn no_such_route() -> ApiError {
    ApiError::not_found("no_such_route", "no such route; GET /v1 lists them")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this route has another method; GET /v1 lists them",
    )
}

/// Refuses while a store is read back: half a state would look like a whole one.
fn restored(snapshot: &Snapshot) -> Result<(), ApiError> {
    let restoring: Vec<String> = snapshot
        .tasks
        .iter()
        .filter_map(|task| match task.state {
            TaskState::Restoring { done, total } => {
                Some(format!("{}-{} {done}/{total}", task.topic, task.partition))
            }
            _ => None,
        })
        .collect();
    if restoring.is_empty() {
        return Ok(());
    }
    let message = format!("stores are being restored ({}); ask again in a moment", restoring.join(", "));
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "restoring", message))
}
