//! Mailgun's signature: HMAC-SHA256 over `timestamp` and `token`, in hex.
//!
//! It does **not** cover the body: one captured block fits any body. What stops that is the
//! caller's rule that a token works once, and only with the fields it came with first.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use convo_email::Rejection;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a signature is good for: Mailgun repeats for 8 hours with the *same* block, so the
/// window must outlast that; tokens must be remembered for longer than this.
pub const MAX_AGE: Duration = Duration::hours(24);
/// How far a signature may lie ahead of our clock.
pub const MAX_AHEAD: Duration = Duration::minutes(5);

/// The keys a webhook may be signed with.
#[derive(Clone, Default)]
pub struct SigningKeys {
    /// The HTTP webhook signing key of the account (not the API key).
    pub current: Option<String>,
    /// The key before it, while a rotation lasts.
    pub previous: Option<String>,
    /// The parent account's key, for the `parent-signature` of a subaccount's events.
    pub parent: Option<String>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("current", &self.current.is_some())
            .field("previous", &self.previous.is_some())
            .field("parent", &self.parent.is_some())
            .finish()
    }
}

impl SigningKeys {
    /// Whether nothing can ever be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.current, &self.previous, &self.parent]
            .into_iter()
            .flatten()
            .all(String::is_empty)
    }
}

/// The signature block as a request carries it; nothing is believed yet.
#[derive(Clone, Default)]
pub struct Claimed {
    /// Seconds since 1970, as text.
    pub timestamp: Option<String>,
    /// Used once per delivery.
    pub token: Option<String>,
    /// Hex digest under the account's key.
    pub signature: Option<String>,
    /// Hex digest under the parent account's key.
    pub parent_signature: Option<String>,
}

/// A signature block that fits one of the keys and is fresh; only [`check`] makes one.
#[derive(Clone)]
pub struct Signed {
    token: String,
    at: DateTime<Utc>,
}

impl Signed {
    /// The token, used once per delivery; a retry repeats it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// When the block was signed.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// Checks the digest under every key, in constant time, then the age.
///
/// # Errors
/// [`Rejection::Unsigned`] when a part is missing, [`Rejection::BadSignature`] when no key fits,
/// [`Rejection::TooOld`] from [`MAX_AGE`] on, [`Rejection::FromTheFuture`] past [`MAX_AHEAD`].
pub fn check(
    claimed: &Claimed,
    keys: &SigningKeys,
    now: DateTime<Utc>,
) -> Result<Signed, Rejection> {
    let (Some(timestamp), Some(token)) = (present(&claimed.timestamp), present(&claimed.token))
    else {
        return Err(Rejection::Unsigned);
    };
    let own = present(&claimed.signature);
    let parent = present(&claimed.parent_signature);
    if own.is_none() && parent.is_none() {
        return Err(Rejection::Unsigned);
    }
    // Every pair is computed: which key fits, if any, must not show in the time taken.
    let pairs = [
        (own, &keys.current),
        (own, &keys.previous),
        (parent, &keys.parent),
    ];
    let fits = pairs.into_iter().fold(false, |fits, (digest, key)| {
        let one = match (digest, key.as_deref()) {
            (Some(digest), Some(key)) if !key.is_empty() => verify(key, timestamp, token, digest),
            _ => false,
        };
        fits | one
    });
    if !fits {
        return Err(Rejection::BadSignature);
    }
    // A digest that fits does not make the timestamp a number: without a separator the border
    // between the two can be moved.
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| Rejection::Malformed("timestamp"))?;
    let at = DateTime::from_timestamp(seconds, 0).ok_or(Rejection::Malformed("timestamp"))?;
    let age = now.signed_duration_since(at);
    if age >= MAX_AGE {
        return Err(Rejection::TooOld {
            seconds: age.num_seconds(),
        });
    }
    if age < -MAX_AHEAD {
        return Err(Rejection::FromTheFuture {
            seconds: -age.num_seconds(),
        });
    }
    Ok(Signed {
        token: token.to_owned(),
        at,
    })
}

fn present(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

fn verify(key: &str, timestamp: &str, token: &str, digest: &str) -> bool {
    let Ok(given) = hex::decode(digest) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return false;
    };
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sign(key: &str, timestamp: &str, token: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(timestamp.as_bytes());
        mac.update(token.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    fn keys() -> SigningKeys {
        SigningKeys {
            current: Some("new".into()),
            previous: Some("old".into()),
            parent: Some("parent".into()),
        }
    }

    fn claimed(key: &str, timestamp: i64) -> Claimed {
        let timestamp = timestamp.to_string();
        let signature = sign(key, &timestamp, "token");
        Claimed {
            timestamp: Some(timestamp),
            token: Some("token".into()),
            signature: Some(signature),
            parent_signature: None,
        }
    }

    const NOW: i64 = 1_800_000_000;

    fn result(claimed: &Claimed) -> Result<(), Rejection> {
        check(claimed, &keys(), DateTime::from_timestamp(NOW, 0).unwrap()).map(|_| ())
    }

    #[test]
    fn current_previous_and_parent_keys_are_good() {
        assert_eq!(result(&claimed("new", NOW)), Ok(()));
        assert_eq!(result(&claimed("old", NOW)), Ok(()));
        assert_eq!(
            result(&claimed("parent", NOW)),
            Err(Rejection::BadSignature)
        );
        let mut by_parent = claimed("somebody", NOW);
        by_parent.parent_signature = Some(sign("parent", &NOW.to_string(), "token"));
        assert_eq!(result(&by_parent), Ok(()));
    }

    #[test]
    fn the_window_is_closed_at_its_edges() {
        let day = 24 * 3600;
        assert_eq!(result(&claimed("new", NOW - day + 1)), Ok(()));
        assert_eq!(
            result(&claimed("new", NOW - day)),
            Err(Rejection::TooOld { seconds: day })
        );
        assert_eq!(result(&claimed("new", NOW + 300)), Ok(()));
        assert_eq!(
            result(&claimed("new", NOW + 301)),
            Err(Rejection::FromTheFuture { seconds: 301 })
        );
    }

    #[test]
    fn missing_and_wrong_parts_are_refused() {
        let good = claimed("new", NOW);
        let cases = [
            (
                Claimed {
                    token: None,
                    ..good.clone()
                },
                Rejection::Unsigned,
            ),
            (
                Claimed {
                    timestamp: None,
                    ..good.clone()
                },
                Rejection::Unsigned,
            ),
            (
                Claimed {
                    signature: None,
                    ..good.clone()
                },
                Rejection::Unsigned,
            ),
            (
                Claimed {
                    signature: Some(String::new()),
                    ..good.clone()
                },
                Rejection::Unsigned,
            ),
            (
                Claimed {
                    signature: Some("00".into()),
                    ..good.clone()
                },
                Rejection::BadSignature,
            ),
            (
                Claimed {
                    signature: Some("no hex".into()),
                    ..good.clone()
                },
                Rejection::BadSignature,
            ),
            (
                Claimed {
                    token: Some("other".into()),
                    ..good.clone()
                },
                Rejection::BadSignature,
            ),
        ];
        for (claimed, expected) in cases {
            assert_eq!(result(&claimed), Err(expected));
        }
        let without = SigningKeys::default();
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        assert!(check(&good, &without, now).is_err());
    }

    #[test]
    fn a_moved_border_between_time_and_token_fails_on_the_time() {
        let signature = sign("new", "1800000000", "abc");
        let moved = Claimed {
            timestamp: Some("180000000".into()),
            token: Some("0abc".into()),
            signature: Some(signature),
            parent_signature: None,
        };
        assert!(matches!(result(&moved), Err(Rejection::TooOld { .. })));
    }

    #[test]
    fn an_empty_key_signs_nothing() {
        let keys = SigningKeys {
            current: Some(String::new()),
            ..SigningKeys::default()
        };
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        let by_empty = claimed("", NOW);
        assert!(matches!(
            check(&by_empty, &keys, now),
            Err(Rejection::BadSignature)
        ));
        assert!(keys.is_empty());
    }
}
