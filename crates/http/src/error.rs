//! Every error as JSON: `{"error": {"kind": …, "message": …}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::gateway::GatewayError;

/// An error as it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Status of the answer.
    pub status: StatusCode,
    /// What went wrong, as a word that programs can rely on.
    pub kind: &'static str,
    /// What went wrong, where, and what to do, for people.
    pub message: String,
}

impl ApiError {
    /// An error of this status and kind.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// 404.
    pub fn not_found(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, message)
    }

    /// 400.
    pub fn bad_request(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind, message)
    }

    /// 403.
    pub fn forbidden(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"kind": self.kind, "message": self.message}});
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        let message = error.to_string();
        let (status, kind) = match error {
            GatewayError::UnknownTopic(_) => (StatusCode::NOT_FOUND, "unknown_topic"),
            GatewayError::UnknownPartition(_) => (StatusCode::NOT_FOUND, "unknown_partition"),
            GatewayError::Exists(_) => (StatusCode::CONFLICT, "topic_exists"),
            GatewayError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "record_too_large"),
            GatewayError::OutOfRange(_) => (StatusCode::RANGE_NOT_SATISFIABLE, "offset_out_of_range"),
            GatewayError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            GatewayError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            GatewayError::Full(_) => (StatusCode::INSUFFICIENT_STORAGE, "full"),
            GatewayError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        };
        Self::new(status, kind, message)
    }
}
