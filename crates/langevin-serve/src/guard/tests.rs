//! Who is let in, and who is not.

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
    for host in ["127.0.0.1:7860", "localhost:7860", "LOCALHOST:7860", "[::1]:7860", "Studio.example:7860"] {
        assert_eq!(status(&local, &[("host", host)], "/"), 200, "{host}");
    }
    for host in
        ["evil.example", "evil.example:7860", "localhost", "127.0.0.1:80", "192.168.0.7:7860", "", ":7860"]
    {
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
    for origin in ["http://evil.example", "null", "http://127.0.0.1:7861", "http://localhost:7860", "file://"]
    {
        assert_eq!(status(&local, &[host, ("origin", origin)], "/api/v1/runs"), 403, "{origin}");
    }
    for site in ["cross-site", "same-site"] {
        let foreign = ("sec-fetch-site", site);
        assert_eq!(status(&local, &[host, foreign], "/api/v1/runs"), 403, "{site}");
        assert_eq!(status(&local, &[host, foreign], "/"), 200, "{site}");
    }
    assert_eq!(status(&local, &[host, ("sec-fetch-site", "none")], "/api/v1/runs"), 200);
    assert_eq!(status(&local, &[host], "http://evil.example/api/v1/runs"), 421);
    assert_eq!(status(&local, &[host], "http://127.0.0.1:7860/api/v1/runs"), 200);
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
    assert_eq!(status(&open, &[host, ("cookie", "a=b; langevin_token_7860=secret")], "/"), 200);
    assert_eq!(status(&open, &[host, ("cookie", "langevin_token_7860=other")], "/"), 401);
}

#[test]
fn the_token_leaves_the_address() {
    let of = |uri: &str| token_of(&uri.parse().unwrap());
    assert_eq!(of("/?token=abc"), Some(("abc".into(), "/".into())));
    assert_eq!(of("/studio?a=1&token=abc&b=2"), Some(("abc".into(), "/studio?a=1&b=2".into())));
    assert_eq!(of("/studio?a=1"), None);
}
