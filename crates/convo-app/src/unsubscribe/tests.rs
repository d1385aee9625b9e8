#![allow(clippy::unwrap_used)]

use super::*;

fn context(key: u8) -> Context {
    crate::context::tests::context(key)
}

#[test]
fn a_link_opens_for_its_conversation_and_no_changed_one_does() {
    let ours = context(2);
    let id = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);
    let signed = sign(&ours, id);
    assert_eq!(open(&ours, &signed), Some(id));
    assert_eq!(
        link(&ours, id),
        format!("https://convo.dealer.example/u/{signed}")
    );
    assert_eq!(open(&context(3), &signed), None, "another instance's key");
    for position in 0..signed.len() {
        let mut bytes = signed.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(open(&ours, &changed), None, "changed at {position}");
    }
    let mut longer = signed.clone();
    longer.push_str("AAAA");
    for other in ["", "x", "AAAA", &longer, &signed[..20], "ä", "!!!!"] {
        assert_eq!(open(&ours, other), None, "{other}");
    }
}
