//! Requests that mean harm, or come from broken programs: each is refused in a sentence, and nothing else happens.

mod common;

use common::{MODEL, Served};
use langevin_serve::Limits;
use serde_json::json;
use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn served() -> Served {
    Served::digits(Limits { arrival_seconds: 1, body_bytes: 100_000, ..Limits::default() })
}

#[test]
fn no_path_of_a_client_reaches_the_files() {
    let served = served();
    std::fs::write(served.runs.path().join("secret.txt"), "secret").unwrap();
    let paths = [
        "/../Cargo.toml",
        "/assets/../src/lib.rs",
        "/assets/..%2fsrc%2flib.rs",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/%2Fetc%2Fpasswd",
        "/assets//etc/passwd",
        "/assets/style.css%00.png",
        "/api/v1/runs/..",
        "/api/v1/runs/%2e%2e",
        "/api/v1/runs/..%2f..%2fetc",
        "/api/v1/runs/digits-001%2f..%2fdigits-001",
        "/api/v1/runs/digits-001/..%2f..%2fsecret.txt",
        "/api/v1/runs/./metrics",
        "/api/v1/runs/%2Fetc/report",
        "/api/v1/runs/secret.txt",
        "/api/v1/runs/digits-001%00/metrics",
        "/api/v1/runs/%ff%fe/metrics",
        "/api/v1/runs/digits-001/grids/..%2f..%2fconfig.toml",
        "/api/v1/runs/digits-001/grids/-1",
        "/api/v1/models/describe?model=../../etc/passwd",
        "/api/v1/models/describe?model=digits-001/../digits-001/checkpoints/step-0000004",
        "/api/v1/models/describe?model=digits-001%2F..%2Fstep-0000004",
        "/api/v1/models/describe?model=%2Fetc%2Fpasswd",
        "/api/v1/models/describe?model=digits-001/step-0000004.partial",
        "/api/v1/runs/digits-001/grids/abc",
        "/api/v1/jobs/../runs",
        "/api/v1/jobs/j1/..%2f..%2fetc%2fpasswd",
    ];
    for path in paths {
        let reply = served.get(path);
        assert!([400, 404].contains(&reply.status), "{path}: {} {}", reply.status, reply.text());
        assert!(
            !reply.text().contains("secret\n") && !reply.text().contains("root:"),
            "{path}: {}",
            reply.text()
        );
    }
    for model in
        ["../digits-001/step-0000004", "digits-001/../digits-001/step-0000004", "/etc/passwd", "", "/", ".."]
    {
        let body = json!({"model": model, "sampler": "ddim", "count": 1});
        assert_eq!(served.post("/api/v1/samples", &body).status, 404, "{model}");
    }
    assert_eq!(served.get("/api/v1/runs/digits-001").status, 200);
}

#[test]
fn giant_bodies_are_refused_before_they_are_read() {
    let served = Served::digits(Limits { arrival_seconds: 60, body_bytes: 100_000, ..Limits::default() });
    let head = served.head("POST", "/api/v1/samples") + "Content-Type: application/json\r\n";
    // Announced, and not sent: the answer comes at once.
    let begun = Instant::now();
    let reply = served.send(format!("{head}Content-Length: 99999999999\r\n\r\n{{").as_bytes());
    assert_eq!((reply.status, begun.elapsed() < Duration::from_secs(20)), (413, true), "{}", reply.text());
    // Not announced: read up to the limit.
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..30 {
        chunked.extend(b"2710\r\n");
        chunked.extend([b' '; 10_000]);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    let reply = served.send(&chunked);
    assert_eq!(reply.status, 413, "{}", reply.text());
    // A head without an end, and one with too many lines.
    let reply =
        served.send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)).as_bytes());
    assert!([400, 414, 431].contains(&reply.status), "{}", reply.status);
    let reply = served.send(format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(5000)).as_bytes());
    assert!([400, 431].contains(&reply.status), "{}", reply.status);
    let reply = served.send(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(100_000)).as_bytes());
    assert!([400, 414, 421, 431].contains(&reply.status), "{}", reply.status);
    assert_eq!(served.get("/api/v1/runs").status, 200);
}

#[test]
fn malformed_json_is_told_where() {
    let served = served();
    let good = json!({"model": MODEL, "sampler": "ddim", "count": 1, "steps": 2});
    assert_eq!(served.post("/api/v1/samples", &good).status, 202);
    for (body, says) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("null", "null"),
        ("[]", "invalid"),
        ("\u{0}", "expected value"),
        ("{\"model\":1}", "expected a string"),
        (r#"{"model":"m","sampler":"ddim","count":1,"path":"/etc/passwd"}"#, "unknown field `path`"),
        (r#"{"model":"m","sampler":"ddim","count":-1}"#, "invalid value"),
        (r#"{"model":"m","sampler":"ddim","count":1e99}"#, "line 1"),
        (r#"{"model":"m","sampler":"ddim","count":1,"seed":18446744073709551616}"#, "line 1"),
        (r#"{"model":"m","sampler":"ddim","count":1,"count":2}"#, "duplicate field"),
        (r#"{"model":"m","sampler":"ddim","count":1,"weights":"other"}"#, "unknown variant"),
    ] {
        let reply = served.post_text("/api/v1/samples", body);
        assert!(reply.status == 400 && reply.sentence().contains(says), "{body}: {}", reply.text());
    }
    let deep = "[".repeat(90_000);
    assert_eq!(served.post_text("/api/v1/samples", &deep).status, 400);
    let head = served.head("POST", "/api/v1/samples");
    for kind in ["", "Content-Type: text/plain\r\n", "Content-Type: multipart/form-data\r\n"] {
        let reply = served.send(format!("{head}{kind}Content-Length: 2\r\n\r\n{{}}").as_bytes());
        assert_eq!(reply.status, 415, "{kind}");
    }
    let bytes =
        [head.as_bytes(), b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n\xff\xfe"].concat();
    assert_eq!(served.send(&bytes).status, 400);
}

#[test]
fn what_cannot_be_drawn_is_refused_before_it_waits() {
    let served = served();
    let good = json!({"model": MODEL, "sampler": "ddim", "count": 1, "steps": 2});
    for (key, value, says) in [
        ("count", json!(0), "1 to 64 pictures"),
        ("count", json!(65), "1 to 64 pictures"),
        ("count", json!(u64::MAX), "1 to 64 pictures"),
        ("steps", json!(0), "step"),
        ("steps", json!(51), "50"),
        ("steps", json!(u64::MAX), "50"),
        ("sampler", json!("ddim-inversion"), "no sampler"),
        ("sampler", json!("../../bin/sh"), "no sampler"),
        ("eta", json!(2.0), "0 to 1"),
        ("eta", json!(-0.1), "0 to 1"),
        ("order", json!(2), "no order"),
        ("class", json!(3), "knows no classes"),
        ("spacing", json!("sideways"), "sideways"),
        ("sigmas", json!("sideways"), "sideways"),
        ("model", json!("digits-001/step-0000005"), "no model"),
    ] {
        let mut body = good.clone();
        body[key] = value.clone();
        let reply = served.post("/api/v1/samples", &body);
        assert!([400, 404].contains(&reply.status), "{key} {value}: {} {}", reply.status, reply.text());
        assert!(reply.sentence().contains(says), "{key} {value}: {}", reply.sentence());
    }
    assert_eq!(served.get("/api/v1/jobs").json()["jobs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn malformed_pictures_are_refused_before_they_are_decoded() {
    let served = served();
    let pixel = langevin::data::encode_png(&[0.5], [1, 1, 1], 256).unwrap();
    // The width, in a header whose checksum is right: 4 billion pixels.
    let mut bomb = pixel.clone();
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let sum = crc32fast::hash(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    let cut = &pixel[..pixel.len() - 20];
    let mut broken = pixel.clone();
    broken[45] ^= 0xff;
    for (what, bytes) in [
        ("bomb", &bomb[..]),
        ("cut", cut),
        ("broken", &broken[..]),
        ("text", b"<svg onload=alert(1)>"),
        ("none", b""),
    ] {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        for path in ["denoise", "inpaint", "diffuse"] {
            let body = match path {
                "denoise" => json!({"model": MODEL, "picture": text, "from": 5}),
                "inpaint" => {
                    json!({"model": MODEL, "picture": text, "mask": text, "sampler": "ddpm", "count": 1})
                }
                _ => json!({"picture": text, "schedule": "linear", "t": [1]}),
            };
            let begun = Instant::now();
            let reply = served.post(&format!("/api/v1/{path}"), &body);
            assert_eq!(reply.status, 400, "{what} to {path}: {}", reply.text());
            assert!(reply.sentence().starts_with("picture"), "{what} to {path}: {}", reply.text());
            assert!(begun.elapsed() < Duration::from_secs(2), "{what} to {path}");
        }
    }
    for text in ["%%%", "data:image/png,xyz", "data:text/html;base64,PGI+", "YQ=", "\u{0}"] {
        let body = json!({"model": MODEL, "picture": text, "from": 5});
        assert_eq!(served.post("/api/v1/denoise", &body).status, 400, "{text}");
    }
    let good = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pixel);
    for size in [json!([0, 5]), json!([u64::MAX, 1]), json!([100_000_000, 100_000_000])] {
        let body = json!({"picture": good, "schedule": "linear", "t": [1], "size": size});
        let begun = Instant::now();
        let status = served.post("/api/v1/diffuse", &body).status;
        assert!([200, 400].contains(&status) && begun.elapsed() < Duration::from_secs(2), "{size}: {status}");
    }
}

#[test]
fn slow_heads_and_bodies_are_not_waited_for() {
    let served = served();
    for (what, begin) in [
        ("head", "GET / HTTP/1.1\r\nHost: ".to_owned()),
        (
            "body",
            served.head("POST", "/api/v1/samples")
                + "Content-Type: application/json\r\nContent-Length: 50000\r\n\r\n{",
        ),
    ] {
        let mut stream = served.connect();
        let begun = Instant::now();
        stream.write_all(begin.as_bytes()).unwrap();
        // A byte now and then keeps it alive no longer.
        while stream.write_all(b"a").is_ok() && begun.elapsed() < Duration::from_secs(8) {
            sleep(Duration::from_millis(100));
        }
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(4), "{what}: {waited:?}");
    }
    // One that sends nothing at all holds a place for as long, and no longer.
    let silent = served.connect();
    let begun = Instant::now();
    assert_eq!(std::io::Read::read(&mut &silent, &mut [0; 16]).unwrap_or(0), 0);
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_crowd_of_silent_connections_does_not_lock_others_out() {
    let limits = Limits { connections: 8, arrival_seconds: 1, ..Limits::default() };
    let served = Served::digits(limits);
    let crowd: Vec<_> = (0..40).map(|_| served.connect()).collect();
    let begun = Instant::now();
    assert_eq!(served.get("/api/v1/runs").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(crowd);
}

#[test]
fn other_hosts_origins_and_sites_are_refused() {
    let served = served();
    let ours = served.address;
    let port = ours.port();
    for (headers, status) in [
        (format!("Host: {ours}"), 200),
        (format!("Host: localhost:{port}"), 200),
        ("Host: evil.example".to_owned(), 421),
        (format!("Host: evil.example:{port}"), 421),
        (format!("Host: 127.0.0.1.evil.example:{port}"), 421),
        ("Host: ".to_owned(), 421),
        ("X-Forwarded-Host: localhost".to_owned(), 400),
        (format!("Host: {ours}\r\nHost: evil.example"), 400),
        (format!("Host: {ours}\r\nOrigin: http://evil.example"), 403),
        (format!("Host: {ours}\r\nOrigin: null"), 403),
        (format!("Host: {ours}\r\nOrigin: http://{ours}"), 200),
        (format!("Host: {ours}\r\nSec-Fetch-Site: cross-site"), 403),
        (format!("Host: {ours}\r\nSec-Fetch-Site: same-site"), 403),
        (format!("Host: {ours}\r\nSec-Fetch-Site: same-origin"), 200),
    ] {
        let request = format!("GET /api/v1/runs HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        let reply = served.send(request.as_bytes());
        assert_eq!(reply.status, status, "{headers}: {}", reply.text());
        if status != 200 {
            assert!(!reply.text().contains("digits-001"), "{headers}");
        }
    }
    // A request in disguise behind another's body.
    let smuggled = format!(
        "POST /api/v1/samples HTTP/1.1\r\nHost: {ours}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET \
         /api/v1/runs HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    );
    assert!(!served.send(smuggled.as_bytes()).text().contains("digits-001"));
    let reply = served.get("/");
    let head = reply.head.to_ascii_lowercase();
    for header in
        ["content-security-policy: default-src 'self'", "nosniff", "x-frame-options: deny", "no-referrer"]
    {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!head.contains("access-control-allow"), "{head}");
}

#[test]
fn other_machines_need_the_token() {
    let runs = tempfile::tempdir().unwrap();
    common::trained("digits", &runs.path().join("digits-001"), &[]);
    let served =
        Served::start(runs, Limits::default(), |options| options.address = "0.0.0.0:0".parse().unwrap());
    let token = served.url.split("token=").nth(1).expect("one is made up").to_owned();
    assert_eq!(token.len(), 32);
    for path in ["/", "/studio", "/assets/style.css", "/api/v1/runs", "/api/v1/openapi.json", "/nothing"] {
        assert_eq!(served.get(path).status, 401, "{path}");
    }
    let with = |header: &str| {
        served.send(format!("{}{header}\r\n\r\n", served.head("GET", "/api/v1/runs")).as_bytes())
    };
    assert_eq!(with(&format!("Authorization: Bearer {token}")).status, 200);
    assert_eq!(with(&format!("Cookie: a=b; langevin_token_{}={token}", served.address.port())).status, 200);
    assert_eq!(with(&format!("Authorization: Bearer {}", &token[1..])).status, 401);
    assert_eq!(served.get("/?token=wrong").status, 401);
    let reply = served.get(&format!("/?token={token}"));
    let head = reply.head.to_ascii_lowercase();
    assert!(reply.status == 303 && head.contains("location: /\r\n"), "{head}");
    assert!(head.contains("httponly") && head.contains("samesite=strict"), "{head}");
    // The redirection stays here.
    let reply = served.get(&format!("//evil.example/?token={token}"));
    assert!(!reply.head.to_ascii_lowercase().contains("location: //"), "{}", reply.head);
}

#[test]
fn wrong_methods_and_addresses_are_told() {
    let served = served();
    for (method, path, status) in [
        ("POST", "/", 405),
        ("PUT", "/api/v1/runs", 405),
        ("DELETE", "/api/v1/runs/digits-001", 405),
        ("TRACE", "/", 405),
        ("GET", "/api/v1/samples", 405),
        ("GET", "/api/v2/runs", 404),
        ("GET", "/api/v1/jobs/j99", 404),
        ("DELETE", "/api/v1/jobs/j99", 404),
        ("GET", "/api/v1/jobs/99", 404),
        ("GET", "/api/v1/jobs/j1-00000000", 404),
        ("GET", "/api/v1/runs/digits-001/grids/abc", 400),
        ("GET", "/api/v1/runs/digits-001/metrics?before=1", 400),
        ("POST", "/api/v1/samples?wait=banana", 400),
        ("GET", "/api/v1/schedule", 400),
        ("GET", "/api/v1/schedule?schedule=linear&timesteps=0", 400),
        ("GET", "/api/v1/schedule?schedule=linear&timesteps=99999999999", 400),
        ("GET", "/api/v1/schedule?schedule=given", 400),
        ("GET", "/api/v1/data?model=digits-001/step-0000004&count=65", 400),
        ("GET", "/api/v1/field?model=digits-001/step-0000004&t=1", 400),
    ] {
        let reply = served.send(format!("{}\r\n", served.head(method, path)).as_bytes());
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        assert!(!reply.sentence().is_empty(), "{method} {path}");
    }
}

#[test]
fn large_bodies_arrive_few_at_a_time() {
    let served = Served::digits(Limits { arrival_seconds: 20, ..Limits::default() });
    let head = served.head("POST", "/api/v1/samples") + "Content-Type: application/json\r\n";
    let begin = format!("{head}Content-Length: 9000000\r\n\r\n{{");
    let half: Vec<_> = (0..8)
        .map(|_| {
            let mut stream = served.connect();
            stream.write_all(begin.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Their heads have to be read first.
    sleep(Duration::from_secs(1));
    assert_eq!(served.send(begin.as_bytes()).status, 429);
    // Small ones are not concerned.
    let few = json!({"model": MODEL, "sampler": "ddim", "steps": 2, "count": 1});
    assert_eq!(served.post("/api/v1/samples", &few).status, 202);
    drop(half);
}
