//! What stands before every request: which hosts and origins may ask, and with which token.
//!
//! A page on the internet can make a browser send requests to this machine. So the name that the browser used must be one
//! of ours (or else another site's name could be bound to our address), and a request that a page of another origin made is
//! refused. On an address that others can reach, a token is asked for as well.

use crate::error::ApiError;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The name of the cookie that keeps the token.
const COOKIE: &str = "langevin_token";

/// Bytes of a refusal in plain text.
const LONGEST_SENTENCE: usize = 4096;

/// Nothing but what the program itself holds may be loaded or run.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// Who may ask.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Where it listens.
    pub address: SocketAddr,
    /// Names that it is reached by beside its addresses.
    pub names: Vec<String>,
    /// What must be shown, where it listens on an address that others can reach.
    pub token: Option<String>,
}

impl Guard {
    /// Checks a request's host, origin and token, in this order.
    fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
        let host = one(headers, header::HOST)?;
        let host = host.ok_or_else(|| ApiError::wrong("the request names no host"))?;
        if !self.is_ours(host) {
            let sentence = format!(
                "this server is not {host:?}: use its address, or start it with --allow-host and that name"
            );
            return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, sentence));
        }
        if let Some(authority) = uri.authority()
            && !self.is_ours(authority.as_str())
        {
            return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "this server is no proxy"));
        }
        if let Some(origin) = one(headers, header::ORIGIN)?
            && origin.strip_prefix("http://").or(origin.strip_prefix("https://")) != Some(host)
        {
            return Err(ApiError::new(StatusCode::FORBIDDEN, "a page of another origin may not ask"));
        }
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        // A person may follow a link to a page from anywhere; nothing else may come from elsewhere.
        if site.is_some_and(|site| !["same-origin", "none"].contains(&site))
            && uri.path().starts_with("/api/")
        {
            return Err(ApiError::new(StatusCode::FORBIDDEN, "a page of another site or port may not ask"));
        }
        match &self.token {
            Some(token) if !self.shown(headers).any(|shown| same(shown, token)) => {
                let sentence = "a token is asked for: open the address that the server printed when it started, or send \
                                Authorization: Bearer TOKEN";
                Err(ApiError::new(StatusCode::UNAUTHORIZED, sentence))
            }
            _ => Ok(()),
        }
    }

    /// The name of the cookie that keeps the token. Cookies know no ports, so it says which server's it is.
    fn cookie(&self) -> String {
        format!("{COOKIE}_{}", self.address.port())
    }

    /// The tokens that a request shows.
    fn shown<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
        let bearer =
            bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let (cookies, name) = (cookies.flat_map(|value| value.split(';')), self.cookie());
        let kept = cookies.filter_map(move |cookie| cookie.trim().strip_prefix(&*name)?.strip_prefix('='));
        bearer.into_iter().chain(kept)
    }

    /// Whether a Host header names this server.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (name, port.parse().ok())
            }
            _ => (host, Some(80)),
        };
        if port != Some(self.address.port()) {
            // Behind a proxy or a tunnel the port is another; the name must then be one that was allowed.
            let same =
                |allowed: &String| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name);
            return self.names.iter().any(same);
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match bare.parse::<IpAddr>() {
            // No name can be bound to a number: where it listens for others, any of its addresses will do.
            Ok(ip) => ip.is_loopback() || !self.address.ip().is_loopback(),
            Err(_) => {
                name.eq_ignore_ascii_case("localhost")
                    || self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// The value of a header that stands once at most.
fn one(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(&name).iter();
    let first = values.next().map(HeaderValue::to_str).transpose();
    match (first, values.next()) {
        (Ok(first), None) => Ok(first),
        _ => Err(ApiError::wrong(format!("the header {name} is given twice, or is not text"))),
    }
}

/// Whether two tokens are equal, in a time that says nothing of where they differ.
fn same(shown: &str, token: &str) -> bool {
    shown.as_bytes().ct_eq(token.as_bytes()).into()
}

/// The token in an address, and the address without it.
fn token_of(uri: &Uri) -> Option<(String, String)> {
    let query = uri.query()?;
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("token=")).collect();
    let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Some((token.to_owned(), format!("{}{rest}", uri.path())))
}

/// Lets a request pass, or answers it; and tells browsers what they may do with the answer.
pub async fn watch(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let mut response = match (&guard.token, token_of(request.uri())) {
        // The token goes from the address into a cookie, so that it is neither shown nor sent on.
        (Some(token), Some((shown, clean))) if same(&shown, token) && clean.starts_with('/') => {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            if let Ok(bearer) = bearer {
                request.headers_mut().insert(header::AUTHORIZATION, bearer);
            }
            match guard.check(request.headers(), request.uri()) {
                Ok(()) => {
                    let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict", guard.cookie());
                    let clean = format!("/{}", clean.trim_start_matches('/'));
                    ([(header::SET_COOKIE, cookie)], Redirect::to(&clean)).into_response()
                }
                Err(error) => error.into_response(),
            }
        }
        _ => match guard.check(request.headers(), request.uri()) {
            Ok(()) => in_a_sentence(next.run(request).await).await,
            Err(error) => error.into_response(),
        },
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A refusal that is plain text, as those of paths and queries are, in the form of all others.
async fn in_a_sentence(response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(plain && response.status().is_client_error()) {
        return response;
    }
    let status = response.status();
    let text = to_bytes(response.into_body(), LONGEST_SENTENCE).await.unwrap_or_default();
    ApiError::new(status, String::from_utf8_lossy(&text).trim()).into_response()
}

#[cfg(test)]
mod tests;
