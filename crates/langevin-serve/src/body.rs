//! Bodies of requests: JSON, within the limits, in time.

use crate::error::ApiError;
use crate::state::App;
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// Bytes of a body that is not large.
const SMALL: u64 = 256 << 10;

/// A body of JSON. Too large, too slow, of another type or malformed, it is refused before anything else is done.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let limits = &app.limits;
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim).unwrap_or_default();
        if !kind.eq_ignore_ascii_case("application/json") {
            let sentence = "the body is JSON: send it with Content-Type: application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
        }
        let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let announced = length.and_then(|length| length.parse::<u64>().ok());
        let most = limits.body_bytes;
        let too_large = || {
            let sentence = format!("the body has more than {most} bytes: send a smaller picture");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, sentence)
        };
        if announced.is_some_and(|announced| announced > most as u64) {
            return Err(too_large());
        }
        // Small ones need no place; a large one, or one that does not say, waits for none.
        let small = announced.is_some_and(|announced| announced <= SMALL);
        let _place = match small {
            true => None,
            false => Some(
                app.bodies
                    .try_acquire()
                    .map_err(|_| ApiError::busy("other pictures are on their way: try again"))?,
            ),
        };
        let bytes = match timeout(limits.arrival(), to_bytes(request.into_body(), most)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) if is_too_long(&error) => return Err(too_large()),
            Ok(Err(error)) => return Err(ApiError::wrong(format!("the body broke off: {error}"))),
            Err(_) => {
                let sentence =
                    format!("the body did not arrive within {} s: send it again", limits.arrival_seconds);
                return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, sentence));
            }
        };
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Self)
            .map_err(|error| ApiError::wrong(format!("the body is not what is asked for: {error}")))
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(present) = cause {
        if present.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = present.source();
    }
    false
}
