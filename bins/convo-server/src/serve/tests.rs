//! Over real sockets: ports, unread bodies, and the drain.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use actix_web::rt::task::spawn_blocking;
use tokio::sync::oneshot;

use super::*;
use crate::settings::{Settings, Sources};
use crate::testing::{self, BOOTSTRAP};

fn local() -> settings::Server {
    let mut server = Settings::load(&Sources::default()).unwrap().server;
    server.bind = "127.0.0.1:0".parse().unwrap();
    server.metrics_bind = Some("127.0.0.1:0".parse().unwrap());
    server.workers = 1;
    server
}

/// Sends bytes and reads what comes until the server closes.
fn talk(address: SocketAddr, bytes: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(bytes)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[actix_web::test]
async fn a_server_listens_refuses_and_drains() {
    let (shell, ..) = testing::shell();
    let listening = listen(&local(), &shell).unwrap();
    let (address, metrics) = (listening.addresses[0], listening.metrics_address.unwrap());
    assert_ne!(address.port(), 0);
    let mut said = Vec::new();
    listening.announce(&mut said).unwrap();
    assert_eq!(
        said,
        format!("listening on http://{address}\n").into_bytes()
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let running = {
        let shell = shell.clone();
        actix_web::rt::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            listening.run(&shell, stop).await
        })
    };

    // A body far over the limit is read to its end, so that the answer arrives.
    let size = 20 << 20;
    let head = format!(
        "POST /api/erase HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {size}\r\n\r\n"
    );
    let big = [head.into_bytes(), vec![b'x'; size]].concat();
    let answer = spawn_blocking(move || talk(address, &big))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.contains("\"unauthenticated\""),
        "{answer}"
    );

    let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(
        spawn_blocking(move || talk(metrics, request))
            .await
            .unwrap()
            .unwrap()
            .contains("convo_build_info")
    );
    let request = b"HEAD /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = spawn_blocking(move || talk(address, request))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );

    // A request whose body is still coming when the drain begins is answered.
    let path = "/api/things/0190a0a0-0000-7000-8000-000000000000/events";
    let body = r#"{"event":"KNOWN","triggeredBy":"me"}"#;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {BOOTSTRAP}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        body.len(),
        &body[..1]
    );
    // An idle connection does not hold the drain up.
    let mut idle = TcpStream::connect(address).unwrap();
    let (mut idle, _) = spawn_blocking(move || {
        idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            .and_then(|()| idle.read(&mut [0; 4_096]))
            .map(|read| (idle, read))
    })
    .await
    .unwrap()
    .unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    // A second request on another connection is answered only after the first was accepted.
    assert!(
        spawn_blocking(move || talk(address, request))
            .await
            .unwrap()
            .is_ok()
    );
    stop.send(()).unwrap();
    let began = crate::clock::monotonic();
    while !shell.draining.is_on() {
        actix_web::rt::task::yield_now().await;
    }
    let answer = spawn_blocking(move || {
        slow.write_all(&body.as_bytes()[1..])?;
        let mut answer = [0; 12];
        slow.read_exact(&mut answer)?;
        Ok::<_, io::Error>(answer)
    });
    assert_eq!(&answer.await.unwrap().unwrap(), b"HTTP/1.1 200");
    running.await.unwrap().unwrap();
    assert!(began.elapsed() < local().drain, "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).is_err());
    let _ = idle.write_all(b"x");
}
