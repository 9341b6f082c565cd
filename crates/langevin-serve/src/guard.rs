//! What stands before every request: which hosts and origins may ask, and with which token.
//!
//! A page on the internet can make a browser send requests to this machine. So the name that the browser used must be one
//! of ours (or else another site's name could be bound to our address), and a request that a page of another origin made is
//! refused. On an address that others can reach, a token is asked for as well.

use crate::error::ApiError;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The name of the cookie that keeps the token.
const COOKIE: &str = "langevin_token";

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
        if let Some(origin) = one(headers, header::ORIGIN)?
            && origin.strip_prefix("http://").or(origin.strip_prefix("https://")) != Some(host)
        {
            return Err(ApiError::new(StatusCode::FORBIDDEN, "a page of another origin may not ask"));
        }
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        // A person may follow a link to a page from anywhere; nothing else may come from elsewhere.
        if site == Some("cross-site") && uri.path().starts_with("/api/") {
            return Err(ApiError::new(StatusCode::FORBIDDEN, "a page of another site may not ask"));
        }
        match &self.token {
            Some(token) if !shown(headers).any(|shown| same(shown, token)) => {
                let sentence = "a token is asked for: open the address that the server printed when it started, or send \
                                Authorization: Bearer TOKEN";
                Err(ApiError::new(StatusCode::UNAUTHORIZED, sentence))
            }
            _ => Ok(()),
        }
    }

    /// Whether a Host header names this server.
    fn is_ours(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !name.ends_with(':') && !port.contains(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        if port != Some(self.address.port()) {
            // Behind a proxy or a tunnel the port is another; the name must then be one that was allowed.
            return self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(host) || *allowed == name);
        }
        let bare = name.trim_start_matches('[').trim_end_matches(']');
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

/// The tokens that a request shows.
fn shown(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = cookies.flat_map(|value| value.split(';'));
    let kept = cookies.filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    bearer.into_iter().chain(kept)
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
                    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
                    let clean = format!("/{}", clean.trim_start_matches('/'));
                    ([(header::SET_COOKIE, cookie)], Redirect::to(&clean)).into_response()
                }
                Err(error) => error.into_response(),
            }
        }
        _ => match guard.check(request.headers(), request.uri()) {
            Ok(()) => next.run(request).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, names: &[&str], token: Option<&str>) -> Guard {
        Guard {
            address: address.parse().unwrap(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            token: token.map(str::to_owned),
        }
    }

    fn status(guard: &Guard, headers: &[(&str, &str)], path: &str) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        guard.check(&map, &path.parse().unwrap()).map_or_else(|error| error.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_its_own_names_reach_it() {
        let local = guard("127.0.0.1:7860", &["studio.example"], None);
        for host in
            ["127.0.0.1:7860", "localhost:7860", "LOCALHOST:7860", "[::1]:7860", "studio.example:7860"]
        {
            assert_eq!(status(&local, &[("host", host)], "/"), 200, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7860",
            "localhost",
            "127.0.0.1:80",
            "192.168.0.7:7860",
            "",
            ":7860",
        ] {
            assert_eq!(status(&local, &[("host", host)], "/"), 421, "{host}");
        }
        assert_eq!(status(&local, &[], "/"), 400);
        assert_eq!(status(&local, &[("host", "localhost:7860"), ("host", "evil.example")], "/"), 400);
        let open = guard("0.0.0.0:7860", &[], None);
        assert_eq!(status(&open, &[("host", "192.168.0.7:7860")], "/"), 200);
        assert_eq!(status(&open, &[("host", "evil.example:7860")], "/"), 421);
    }

    #[test]
    fn pages_of_other_origins_may_not_ask() {
        let local = guard("127.0.0.1:7860", &[], None);
        let host = ("host", "127.0.0.1:7860");
        assert_eq!(status(&local, &[host, ("origin", "http://127.0.0.1:7860")], "/api/v1/runs"), 200);
        for origin in
            ["http://evil.example", "null", "http://127.0.0.1:7861", "http://localhost:7860", "file://"]
        {
            assert_eq!(status(&local, &[host, ("origin", origin)], "/api/v1/runs"), 403, "{origin}");
        }
        let foreign = ("sec-fetch-site", "cross-site");
        assert_eq!(status(&local, &[host, foreign], "/api/v1/runs"), 403);
        assert_eq!(status(&local, &[host, foreign], "/"), 200);
    }

    #[test]
    fn where_others_reach_it_a_token_is_asked_for() {
        let open = guard("0.0.0.0:7860", &[], Some("secret"));
        let host = ("host", "10.0.0.1:7860");
        assert_eq!(status(&open, &[host], "/"), 401);
        for wrong in ["Bearer secre", "Bearer secret2", "secret", "Basic secret"] {
            assert_eq!(status(&open, &[host, ("authorization", wrong)], "/"), 401, "{wrong}");
        }
        assert_eq!(status(&open, &[host, ("authorization", "Bearer secret")], "/"), 200);
        assert_eq!(status(&open, &[host, ("cookie", "a=b; langevin_token=secret")], "/"), 200);
        assert_eq!(status(&open, &[host, ("cookie", "langevin_token=other")], "/"), 401);
    }

    #[test]
    fn the_token_leaves_the_address() {
        let of = |uri: &str| token_of(&uri.parse().unwrap());
        assert_eq!(of("/?token=abc"), Some(("abc".into(), "/".into())));
        assert_eq!(of("/studio?a=1&token=abc&b=2"), Some(("abc".into(), "/studio?a=1&b=2".into())));
        assert_eq!(of("/studio?a=1"), None);
    }
}
