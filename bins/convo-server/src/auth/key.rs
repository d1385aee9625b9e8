//! API keys: `convo_` and 32 random bytes as base64url. Only their hash is stored.
//!
//! A key of 256 random bits needs no slow hash: it cannot be guessed, and a slow one would let
//! anybody burn our time.

use std::fmt;

use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::ids;

const PREFIX: &str = "convo_";
const RANDOM_BYTES: usize = 32;
/// Longer texts are no key; a bootstrap key may be as long.
const MAX_LENGTH: usize = 512;

/// A key in clear text; its `Debug` does not show it.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Draws a new key, to be shown once.
    ///
    /// # Errors
    /// [`getrandom::Error`] where the operating system has no randomness to give.
    pub fn draw() -> Result<Self, getrandom::Error> {
        let bytes: [u8; RANDOM_BYTES] = ids::random_bytes()?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// A key as a client or the settings give it.
    #[must_use]
    pub fn given(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        (!text.is_empty() && text.len() <= MAX_LENGTH && plain).then(|| Self(text.to_owned()))
    }

    /// Whether it has the form of a key we draw; others need not be looked up.
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        let decoded = self
            .0
            .strip_prefix(PREFIX)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        decoded.is_some_and(|bytes| bytes.len() == RANDOM_BYTES)
    }

    /// The hash it is stored under.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The key itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// SHA-256 of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// The key of `Authorization: Bearer …`; `None` when there is none, or more than one.
///
/// Source: RFC 6750 §2.1.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<ApiKey> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| ApiKey::given(token.trim()))
        .flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        bearer(&headers).map(|key| key.expose().to_owned())
    }

    #[test]
    fn a_drawn_key_has_its_form() {
        let key = ApiKey::draw().unwrap();
        assert_eq!(key.expose().len(), 49);
        assert!(key.is_drawn());
        assert!(
            key.hash()
                .matches(&ApiKey::given(key.expose()).unwrap().hash())
        );
        assert!(!key.hash().matches(&ApiKey::draw().unwrap().hash()));
        assert_eq!(format!("{key:?} {:?}", key.hash()), "[redacted] [hash]");
    }

    #[test]
    fn other_texts_are_not_drawn() {
        for text in [
            "convo_",
            "convo_abc",
            "x",
            "convo_!!!!",
            &format!("other_{}", "A".repeat(43)),
        ] {
            assert!(!ApiKey::given(text).unwrap().is_drawn(), "{text}");
        }
    }

    #[test]
    fn bearers_are_read() {
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Basic abc",
            "abc",
            &format!("Bearer {}", "a".repeat(513)),
        ] {
            assert_eq!(read(value), None, "{value}");
        }
        let mut twice = HeaderMap::new();
        twice.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        twice.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert!(bearer(&twice).is_none());
    }
}
