//! What a WebSocket client sends: its bytes through the server's codec, its frames through the protocol's reader.

#![no_main]

#[path = "../../bins/convo-server/src/ws/frames.rs"]
#[allow(dead_code, reason = "a source file of the server")]
mod frames;

use actix_http::ws::{Codec, Frame, Item};
use actix_web::web::BytesMut;
use convo_app::live::Topic;
use frames::Request;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio_util::codec::Decoder as _;

/// Largest frame and largest message, as the server has them.
const FRAME_BYTES: usize = 64 << 10;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text);
    }
    let mut codec = Codec::new().max_size(FRAME_BYTES);
    let mut waiting = BytesMut::from(bytes);
    let mut gathered: Vec<u8> = Vec::new();
    loop {
        let before = waiting.len();
        let Ok(Some(frame)) = codec.decode(&mut waiting) else {
            return;
        };
        assert!(waiting.len() < before, "a frame of nothing");
        let piece = match &frame {
            Frame::Text(piece) => {
                gathered.clear();
                piece
            }
            Frame::Continuation(Item::FirstText(piece) | Item::Continue(piece) | Item::Last(piece)) => piece,
            Frame::Close(_) => return,
            _ => continue,
        };
        assert!(piece.len() <= FRAME_BYTES, "a frame beyond the limit");
        gathered.extend_from_slice(piece);
        if gathered.len() > FRAME_BYTES {
            return;
        }
        if matches!(frame, Frame::Text(_) | Frame::Continuation(Item::Last(_))) {
            if let Ok(text) = std::str::from_utf8(&gathered) {
                read(text);
            }
            gathered.clear();
        }
    }
});

/// A frame is understood or refused with words of ours; topics are read back from their names.
fn read(text: &str) {
    match frames::read(text) {
        Ok(Request::Subscribe(topics, _) | Request::Unsubscribe(topics)) => {
            for (name, topic) in frames::names(&topics).iter().zip(&topics) {
                assert_eq!(name.parse::<Topic>().as_ref(), Ok(topic));
            }
        }
        Ok(_) => {}
        Err(wrong) => {
            assert!(wrong.message.len() < 1_000, "a refusal is short, whatever was sent");
            let told: Value = serde_json::from_str(&wrong.frame()).expect("a refusal is a frame");
            assert_eq!(told["type"], "error");
        }
    }
    assert_eq!(frames::read(text), frames::read(text));
}
