//! What a request gets that cannot be answered.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request is refused: one clear sentence, and the status that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong, and what to do.
    pub sentence: String,
}

impl ApiError {
    /// Of any status.
    pub fn new(status: StatusCode, sentence: impl ToString) -> Self {
        Self { status, sentence: sentence.to_string() }
    }

    /// 400: the request asks for what cannot be.
    pub fn wrong(sentence: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    /// 404: there is no such thing.
    pub fn missing(sentence: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    /// 429: not now.
    pub fn busy(sentence: impl ToString) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, sentence)
    }

    /// 500: it is ours.
    pub fn failed(sentence: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, sentence)
    }
}

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    /// What is wrong, in one sentence.
    error: String,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.sentence })).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

/// What a handler gives.
pub type Answer<T> = Result<T, ApiError>;
