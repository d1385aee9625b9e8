//! Reply tokens: `reply+<token>@domain` names one conversation and cannot be made up.
//!
//! A token is the conversation's id and the first eight bytes of an HMAC-SHA256 over it, in
//! lower-case base32 without padding, since mail programs change the case of local parts.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LEAD: &[u8] = b"reply-token";
const AGENT: &[u8] = b"agent-token";
const TAG_BYTES: usize = 8;
const TOKEN_CHARS: usize = ((16 + TAG_BYTES) * 8).div_ceil(5);

/// The token of a conversation under the instance's `key`.
#[must_use]
pub fn mint(key: &[u8], conversation: Uuid) -> String {
    let mut bytes = [0u8; 16 + TAG_BYTES];
    bytes[..16].copy_from_slice(conversation.as_bytes());
    bytes[16..].copy_from_slice(&tag(key, LEAD, &[conversation]));
    encode(&bytes)
}

/// The conversation a token names, or `None` when it was not minted under `key`.
#[must_use]
pub fn open(key: &[u8], token: &str) -> Option<Uuid> {
    opened(token, |id| tag(key, LEAD, &[id]))
}

fn opened(token: &str, tag: impl FnOnce(Uuid) -> [u8; TAG_BYTES]) -> Option<Uuid> {
    let bytes = decode(token)?;
    let id = Uuid::from_slice(bytes.get(..16)?).ok()?;
    let given = bytes.get(16..16 + TAG_BYTES)?;
    bool::from(tag(id).ct_eq(given)).then_some(id)
}

/// The token that lets an agent answer the lead of a conversation from a mail program; no lead ever sees it.
#[must_use]
pub fn mint_for_agent(key: &[u8], conversation: Uuid, agent: Uuid) -> String {
    let mut bytes = [0u8; 16 + TAG_BYTES];
    bytes[..16].copy_from_slice(conversation.as_bytes());
    bytes[16..].copy_from_slice(&tag(key, AGENT, &[conversation, agent]));
    encode(&bytes)
}

/// The conversation an agent's token names, or `None` when it was not minted for that agent.
#[must_use]
pub fn open_for_agent(key: &[u8], token: &str, agent: Uuid) -> Option<Uuid> {
    opened(token, |id| tag(key, AGENT, &[id, agent]))
}

/// The conversation a token speaks of, whoever made it: it proves nothing.
#[must_use]
pub fn claimed(token: &str) -> Option<Uuid> {
    let bytes = decode(token)?;
    Uuid::from_slice(bytes.get(..16)?).ok()
}

/// The token inside an address of the form `reply+<token>@…`.
#[must_use]
pub fn in_address(address: &str) -> Option<&str> {
    let local = address.split('@').next()?;
    let (prefix, token) = local.split_at_checked(6)?;
    prefix.eq_ignore_ascii_case("reply+").then_some(token)
}

fn tag(key: &[u8], label: &[u8], ids: &[Uuid]) -> [u8; TAG_BYTES] {
    let mut out = [0u8; TAG_BYTES];
    // HMAC takes keys of every length, so this cannot fail; without a key no token ever opens.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(label);
        for id in ids {
            mac.update(id.as_bytes());
        }
        let digest = mac.finalize().into_bytes();
        for (to, from) in out.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
    }
    out
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(TOKEN_CHARS);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(ALPHABET[((buffer >> bits) & 31) as usize]));
        }
    }
    if bits > 0 {
        out.push(char::from(ALPHABET[((buffer << (5 - bits)) & 31) as usize]));
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let mut out = Vec::with_capacity(16 + TAG_BYTES);
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in text.bytes() {
        let lower = byte.to_ascii_lowercase();
        let value = ALPHABET.iter().position(|known| *known == lower)?;
        buffer = ((buffer << 5) | u32::try_from(value).ok()?) & 0xFFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((buffer >> bits) & 0xFF).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_opens_in_any_case_and_no_other_does() {
        let id = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
        let token = mint(b"key", id);
        assert_eq!(open(b"key", &token), Some(id));
        assert_eq!(open(b"key", &token.to_uppercase()), Some(id));
        assert_eq!(open(b"other", &token), None);
        for position in 0..token.len() - 1 {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'a' { b'b' } else { b'a' };
            let changed = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(open(b"key", &changed), None, "changed at {position}");
        }
        assert_eq!(open(b"key", ""), None);
        assert_eq!(open(b"key", "ä"), None);
    }

    #[test]
    fn an_agents_token_is_of_one_agent_and_no_lead() {
        let (id, agent) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let token = mint_for_agent(b"key", id, agent);
        assert_eq!(open_for_agent(b"key", &token, agent), Some(id));
        assert_eq!(open_for_agent(b"key", &token, Uuid::from_u128(9)), None);
        assert_eq!(open(b"key", &token), None);
        assert_eq!(open_for_agent(b"key", &mint(b"key", id), agent), None);
        assert!(
            "reply+".len() + token.len() <= 64,
            "a local part has 64 characters"
        );
    }

    #[test]
    fn the_token_is_found_in_the_recipient() {
        assert_eq!(in_address("reply+abc@mail.example"), Some("abc"));
        assert_eq!(in_address("Reply+abc@mail.example"), Some("abc"));
        assert_eq!(in_address("sales@mail.example"), None);
        assert_eq!(in_address("äää+abc@x"), None);
    }
}
