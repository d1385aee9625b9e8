//! Bytes in, messages out; over real sockets.
#![allow(clippy::unwrap_used)]

use std::future::poll_fn;

use actix_http::ws::CloseCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

async fn pair() -> (Line, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    (Line::new(listener.accept().await.unwrap().0), client)
}

/// A frame of a client, with a mask of zeroes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ ..126 => bytes.push(0x80 | short as u8),
        middle @ ..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

const TEXT: u8 = 0x81;
const TEXT_BEGINS: u8 = 0x01;
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// What is heard of frames that come at once, and of the same ones byte by byte, up to the first that ends the line.
async fn check(frames: &[Vec<u8>], expected: Vec<Result<Heard, Leave>>) {
    for piece in [usize::MAX, 7] {
        let (mut line, mut client) = pair().await;
        client.set_nodelay(true).unwrap();
        let bytes = frames.concat();
        let sent = actix_web::rt::spawn(async move {
            for part in bytes.chunks(piece.min(bytes.len())) {
                if client.write_all(part).await.is_err() {
                    break;
                }
            }
            // The end of what it says.
            let _ = client.shutdown().await;
            client
        });
        let mut heard = Vec::new();
        loop {
            let one = poll_fn(|context| line.poll_hear(context)).await;
            let over = one.is_err();
            heard.push(one);
            if over {
                break;
            }
        }
        assert_eq!(heard, expected, "in pieces of {piece}");
        drop(line);
        sent.await.unwrap();
    }
}

fn text(text: &str) -> Result<Heard, Leave> {
    Ok(Heard::Text(text.to_owned()))
}

#[actix_web::test]
async fn whole_messages_are_heard() {
    let long = "ä".repeat(MESSAGE_BYTES / 2);
    check(
        &[
            frame(TEXT, b"one"),
            frame(BINARY, b"\0"),
            frame(TEXT, long.as_bytes()),
            frame(TEXT, b""),
            frame(PONG, b"x"),
            frame(
                CLOSE,
                &[&1000_u16.to_be_bytes(), b"bye".as_slice()].concat(),
            ),
        ],
        vec![
            text("one"),
            Ok(Heard::Binary),
            text(&long),
            text(""),
            Ok(Heard::Pong),
            Ok(Heard::Close(Some(CloseReason {
                code: CloseCode::Normal,
                description: Some("bye".to_owned()),
            }))),
            Err(Leave::Gone),
        ],
    )
    .await;
}

#[actix_web::test]
async fn pieces_are_put_together_around_control_frames() {
    let (half, rest) = "añb".as_bytes().split_at(2);
    check(
        &[
            frame(TEXT_BEGINS, half),
            frame(PING, b"still there?"),
            frame(GOES_ON, rest),
            frame(ENDS, b"."),
            frame(TEXT, b"next"),
        ],
        vec![
            Ok(Heard::Ping(b"still there?".as_slice().into())),
            text("añb."),
            text("next"),
            Err(Leave::Gone),
        ],
    )
    .await;
}

#[actix_web::test]
async fn what_is_no_frame_ends_the_line() {
    let half = vec![b'x'; MESSAGE_BYTES / 2 + 1];
    let mut unmasked = frame(TEXT, b"x");
    unmasked[1] &= 0x7f;
    for (frames, why) in [
        (vec![unmasked], Leave::PROTOCOL),
        (vec![frame(0xc1, b"reserved bit")], Leave::PROTOCOL),
        (vec![frame(0x83, b"reserved kind")], Leave::PROTOCOL),
        (vec![frame(GOES_ON, b"of nothing")], Leave::PROTOCOL),
        (
            vec![frame(TEXT_BEGINS, b"a"), frame(TEXT, b"b")],
            Leave::PROTOCOL,
        ),
        (vec![frame(0x09, b"a ping in pieces")], Leave::PROTOCOL),
        (vec![frame(PING, &[0; 126])], Leave::PROTOCOL),
        (vec![frame(CLOSE, b"x")], Leave::PROTOCOL),
        (vec![frame(CLOSE, &1005_u16.to_be_bytes())], Leave::PROTOCOL),
        (vec![frame(TEXT, b"\xff")], Leave::NOT_UTF8),
        (
            vec![frame(TEXT_BEGINS, b"\xc3"), frame(ENDS, b"\xc3")],
            Leave::NOT_UTF8,
        ),
        (
            vec![frame(TEXT, &vec![b'x'; MESSAGE_BYTES + 1])],
            Leave::TOO_LARGE,
        ),
        (
            vec![frame(TEXT_BEGINS, &half), frame(ENDS, &half)],
            Leave::TOO_LARGE,
        ),
        // Refused for what it announces; nothing of it is kept, or waited for.
        (
            vec![[&[TEXT, 0xff], i64::MAX.to_be_bytes().as_slice()].concat()],
            Leave::TOO_LARGE,
        ),
    ] {
        check(&frames, vec![Err(why)]).await;
    }
}

#[actix_web::test]
async fn goodbye_is_heard_behind_what_was_too_large() {
    let (mut line, mut client) = pair().await;
    let large = frame(TEXT, &vec![b'x'; 3 * MESSAGE_BYTES]);
    let said = [large, frame(TEXT, b"more"), frame(CLOSE, b"")].concat();
    let said = actix_web::rt::spawn(async move {
        client.write_all(&said).await.unwrap();
        client
    });
    let heard = poll_fn(|context| line.poll_hear(context)).await;
    assert_eq!(heard, Err(Leave::TOO_LARGE));
    poll_fn(|context| line.poll_farewell(context)).await;
    assert!(!line.lost);
    drop(line);
    let mut end = Vec::new();
    said.await.unwrap().read_to_end(&mut end).await.unwrap();
}

#[actix_web::test]
async fn an_idle_line_keeps_nothing() {
    let (mut line, mut client) = pair().await;
    for size in [1, 200, 70_000] {
        let said = "x".repeat(size);
        line.text(&said);
        let mut frame_of = vec![0; line.waiting()];
        let (flushed, read) = tokio::join!(
            poll_fn(|context| line.poll_flush(context)),
            client.read_exact(&mut frame_of)
        );
        assert_eq!((flushed, read.is_ok()), (Ok(()), true));
        assert!(frame_of.ends_with(said.as_bytes()));
    }
    client.write_all(&frame(TEXT, b"hello")).await.unwrap();
    let heard = poll_fn(|context| line.poll_hear(context)).await;
    assert_eq!(heard, text("hello"));
    let nothing = poll_fn(|context| Poll::Ready(line.poll_hear(context).is_pending())).await;
    assert!(nothing);
    assert_eq!((line.came.capacity(), line.waiting.capacity()), (0, 0));
}

#[actix_web::test]
async fn who_takes_nothing_is_cut_off() {
    let (mut line, mut client) = pair().await;
    line.text(&"x".repeat(32 << 20));
    let stuck = poll_fn(|context| Poll::Ready(line.poll_flush(context).is_pending())).await;
    assert!(stuck, "more than the system takes");
    line.cut();
    let mut rest = Vec::new();
    assert!(
        client.read_to_end(&mut rest).await.is_err(),
        "a reset, and no end"
    );
}
