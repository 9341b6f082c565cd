//! The pages and what they need, within the program. A page is a file in `assets/`; so is what it loads.

use crate::error::ApiError;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

static ASSETS: Dir = include_dir!("$CARGO_MANIFEST_DIR/assets");

/// The content of an asset.
pub fn bytes(name: &str) -> Option<&'static [u8]> {
    // A name with a folder in it is none of ours: the assets lie flat.
    ASSETS.get_file(name).map(|file| file.contents())
}

fn answer(name: &str) -> Result<Response, ApiError> {
    let bytes = bytes(name).ok_or_else(|| ApiError::missing("there is no such page or file"))?;
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response())
}

/// The page of runs.
pub async fn runs() -> Result<Response, ApiError> {
    answer("runs.html")
}

/// The studio.
pub async fn studio() -> Result<Response, ApiError> {
    answer("studio.html")
}

/// The theory.
pub async fn theory() -> Result<Response, ApiError> {
    answer("theory.html")
}

/// A file by its name.
pub async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    answer(&name)
}

/// What browsers ask for by themselves.
pub async fn icon() -> Result<Response, ApiError> {
    answer("icon.svg")
}
