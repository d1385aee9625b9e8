//! Tickets: an API key lent for one connection, to those who cannot send a header.
//!
//! A ticket is signed with the instance's key, so that every node can read what another gave out; that it
//! is used once is a row in the database they share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::context::Context;
use crate::error::AppError;

/// How long a ticket can be used, in seconds.
pub const LIFETIME: i64 = 30;

const LABEL: &str = "ws_ticket";
/// Key id, end in seconds, nonce.
const CLAIM: usize = 16 + 8 + 16;

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The key it was given for; none for the bootstrap key.
    pub key: Option<Uuid>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// What stands for it once it is used.
    pub digest: Vec<u8>,
}

/// A new ticket for a key, and when it ends.
#[must_use]
pub fn issue(context: &Context, key: Option<Uuid>, now: DateTime<Utc>) -> (String, DateTime<Utc>) {
    let expires_at = now + Duration::seconds(LIFETIME);
    let mut claim = Vec::with_capacity(CLAIM + 32);
    claim.extend_from_slice(key.unwrap_or(Uuid::nil()).as_bytes());
    claim.extend_from_slice(&expires_at.timestamp().to_be_bytes());
    // Two of one second differ by an id that is never drawn twice; it need not be secret.
    claim.extend_from_slice(context.shell.new_id().as_bytes());
    let signature = context.keyed(LABEL, &[&claim]);
    claim.extend_from_slice(&signature);
    (URL_SAFE_NO_PAD.encode(claim), expires_at)
}

/// Reads a ticket; none for one that is not ours or is over.
#[must_use]
pub fn read(context: &Context, text: &str, now: DateTime<Utc>) -> Option<Ticket> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (claim, signature) = bytes.split_at_checked(CLAIM)?;
    let expected = context.keyed(LABEL, &[claim]);
    if expected.is_empty() || !bool::from(expected.ct_eq(signature)) {
        return None;
    }
    let key = Uuid::from_slice(claim.get(..16)?).ok()?;
    let seconds = i64::from_be_bytes(claim.get(16..24)?.try_into().ok()?);
    let expires_at = DateTime::from_timestamp(seconds, 0)?;
    (now < expires_at).then(|| Ticket {
        key: (!key.is_nil()).then_some(key),
        expires_at,
        digest: context.keyed("ws_ticket_used", &[claim]),
    })
}

impl Batch<'_, '_> {
    /// Uses a ticket: 200 the first time, 409 ever after.
    pub(crate) fn use_ticket(&mut self, digest: &[u8]) -> Result<Answer, AppError> {
        // Remembered for longer than it can be used, whatever two nodes' clocks say.
        let first = self.first_time(digest.to_vec())?;
        Ok(Answer {
            status: if first { 200 } else { 409 },
            body: String::new(),
            replayed: false,
        })
    }
}
