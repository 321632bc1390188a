//! The way in and out for records, for embedded topics on a loopback listener.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::segments::{Segments, query_of};
use crate::error::ApiError;
use crate::gateway::{GatewayError, NewTopic, ReadRequest, RecordsGateway};
use crate::record_line::RecordLine;

/// Content type of records, one line each.
pub const NDJSON: &str = "application/x-ndjson";

/// Longest wait of a read; a longer one is cut to it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Most records of one read.
const MOST_RECORDS: usize = 10_000;

/// `/v1/topics…`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/topics", get(topics).post(create_topic))
        .route("/v1/topics/{topic}", get(topic))
        .route("/v1/topics/{topic}/config", post(alter_topic))
        .route("/v1/topics/{topic}/records", post(append))
        .route("/v1/topics/{topic}/partitions/{partition}", get(partition))
        .route("/v1/topics/{topic}/partitions/{partition}/records", get(read))
}

/// Makes a call that may block where blocking is allowed.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    call: impl FnOnce(&dyn RecordsGateway) -> Result<T, GatewayError> + Send + 'static,
) -> Result<T, ApiError> {
    let Some(gateway) = shared.gateway.clone() else {
        return Err(ApiError::not_found("no_such_route", "topics are not embedded"));
    };
    let Ok(place) = Arc::clone(&shared.polls).try_acquire_owned() else {
        let message = "too many requests wait already; try again later";
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message));
    };
    let outcome = tokio::task::spawn_blocking(move || {
        let _place = place;
        call(&*gateway)
    });
    match outcome.await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(GatewayError::Failed(format!("the request did not end: {error}")).into()),
    }
}

fn body_of(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let message = format!(
                "the body is larger than {limit} bytes; send fewer records, or raise `http.max_body`"
            );
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        } else {
            ApiError::bad_request("bad_body", rejection.body_text())
        }
    })
}

fn text_of(body: &Bytes) -> Result<&str, ApiError> {
    std::str::from_utf8(body)
        .map_err(|error| ApiError::bad_request("bad_body", format!("the body is not UTF-8: {error}")))
}

fn partition_of(partition: &str) -> Result<u32, ApiError> {
    let bad = || {
        ApiError::bad_request(
            "invalid",
            format!("{partition:?} is not a partition; partitions are numbers from 0"),
        )
    };
    partition.parse().map_err(|_| bad())
}

async fn topics(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, ApiError> {
    let topics = blocking(&shared, |gateway| gateway.topics()).await?;
    Ok(Json(json!({"topics": topics})))
}

async fn topic(
    State(shared): State<Arc<Shared>>,
    Segments(topic): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let topic = blocking(&shared, move |gateway| gateway.topic(&topic)).await?;
    Ok(Json(json!(topic)))
}

async fn create_topic(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<impl IntoResponse, ApiError> {
    shared.access.check_post(&headers, "application/json")?;
    let body = body_of(body, shared.max_body_bytes)?;
    let topic: NewTopic = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request("bad_body", error.to_string()))?;
    shared.access.check_write(&topic.name, &headers)?;
    let name = topic.name.clone();
    blocking(&shared, move |gateway| gateway.create_topic(&topic)).await?;
    Ok((StatusCode::CREATED, Json(json!({"created": name}))))
}

async fn alter_topic(
    State(shared): State<Arc<Shared>>,
    Segments(topic): Segments<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    shared.access.check_post(&headers, "application/json")?;
    shared.access.check_write(&topic, &headers)?;
    let body = body_of(body, shared.max_body_bytes)?;
    let config: BTreeMap<String, String> = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request("bad_body", error.to_string()))?;
    let changed = topic.clone();
    blocking(&shared, move |gateway| gateway.alter_topic(&topic, &config)).await?;
    Ok(Json(json!({"altered": changed})))
}

async fn append(
    State(shared): State<Arc<Shared>>,
    Segments(topic): Segments<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, ApiError> {
    shared.access.check_post(&headers, NDJSON)?;
    shared.access.check_write(&topic, &headers)?;
    let body = body_of(body, shared.max_body_bytes)?;
    let records =
        RecordLine::parse_all(text_of(&body)?).map_err(|error| ApiError::bad_request("bad_record", error))?;
    let appended = records.len();
    let partitions = blocking(&shared, move |gateway| gateway.append(&topic, records)).await?;
    Ok(Json(json!({"appended": appended, "partitions": partitions})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartitionQuery {
    timestamp: Option<i64>,
}

async fn partition(
    State(shared): State<Arc<Shared>>,
    Segments((topic, partition)): Segments<(String, String)>,
    query: Result<Query<PartitionQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let query = query_of(query)?;
    let partition = partition_of(&partition)?;
    blocking(&shared, move |gateway| {
        let range = gateway.range(&topic, partition)?;
        let Some(timestamp) = query.timestamp else { return Ok(Json(json!(range))) };
        let offset = gateway.offset_for_timestamp(&topic, partition, timestamp)?;
        Ok(Json(json!({
            "earliest": range.earliest, "lastStable": range.last_stable, "highWatermark": range.high_watermark,
            "offset": offset,
        })))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadQuery {
    /// `earliest` (default), `latest` or an offset.
    offset: Option<String>,
    /// Milliseconds to wait for a first record.
    wait: Option<u64>,
    /// Most records.
    max: Option<usize>,
}

async fn read(
    State(shared): State<Arc<Shared>>,
    Segments((topic, partition)): Segments<(String, String)>,
    query: Result<Query<ReadQuery>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let query = query_of(query)?;
    let partition = partition_of(&partition)?;
    let wait = Duration::from_millis(query.wait.unwrap_or(0)).min(LONGEST_WAIT);
    let max_records = query.max.unwrap_or(500).clamp(1, MOST_RECORDS);
    let stated = match query.offset.as_deref() {
        None | Some("earliest") => Err(true),
        Some("latest") => Err(false),
        Some(text) => Ok(text.parse::<i64>().ok().filter(|offset| *offset >= 0).ok_or_else(|| {
            ApiError::bad_request(
                "invalid",
                format!("`offset` is {text:?}; it is earliest, latest or a number"),
            )
        })?),
    };
    let read = blocking(&shared, move |gateway| {
        let offset = match stated {
            Ok(offset) => offset,
            Err(earliest) => {
                let range = gateway.range(&topic, partition)?;
                if earliest { range.earliest } else { range.last_stable }
            }
        };
        gateway.read(&ReadRequest { topic, partition, offset, max_records, wait })
    })
    .await?;
    let mut body = String::new();
    for record in &read.records {
        body.push_str(&record.render());
        body.push('\n');
    }
    let headers =
        [(header::CONTENT_TYPE.as_str(), NDJSON.to_owned()), (NEXT_OFFSET, read.next_offset.to_string())];
    Ok((headers, body))
}

/// Header of the answer to a read: where reading goes on.
pub const NEXT_OFFSET: &str = "scorewheel-next-offset";
