//! What an operator's tools see.

use std::io::{Read, Write};
use std::net::TcpStream;

use convo_tests::{Options, on_both};

on_both!(
    a_stopping_server_says_so,
    what_clients_send_is_no_error_of_ours,
    an_import_needs_addresses_that_are_some
);

async fn a_stopping_server_says_so(options: Options) {
    let mut server = options.start().await;
    server.get("/readyz").await.ok();
    server.terminate();
    let answer = loop {
        let answer = server.with_key(None).get("/readyz").await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(answer.expect(503)["status"], "draining");
    assert_eq!(server.end().await.code(), Some(0));
}

async fn what_clients_send_is_no_error_of_ours(options: Options) {
    let server = options.start().await;
    let address = server.base().trim_start_matches("http://").to_owned();
    for garbage in [
        "GARBAGE\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(200_000)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000)),
        "POST /api/leads HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_owned(),
    ] {
        let address = address.clone();
        let said = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(garbage.as_bytes());
            let mut answer = [0; 12];
            let read = stream.read(&mut answer).unwrap_or(0);
            String::from_utf8_lossy(&answer[..read]).into_owned()
        });
        let said = said.await.unwrap();
        assert!(!said.starts_with("HTTP/1.1 5"), "{said}");
    }
    server.get("/readyz").await.ok();
    let wrong = server.log();
    let wrong: Vec<&str> = wrong
        .lines()
        .filter(|line| line.contains(r#""level":"error""#))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn an_import_needs_addresses_that_are_some(options: Options) {
    let server = options.start().await;
    let file = server.folder().join("rows.jsonl");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    for (address, code) in [("notanaddress", 2), ("", 2), ("us@dealer.example", 0)] {
        let arguments = ["import", file, "--our-address", address];
        let run = server.command(&arguments).await;
        assert_eq!(run.status.code(), Some(code), "{address}: {run:#?}");
    }
}
