//! Lists: keyset paging behind an opaque cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use convo_store::Cursor;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::AppError;
use crate::wire::is_storable;

/// The most items one page has.
pub const PAGE: i64 = 200;

/// A page of items with the cursor of the next one.
#[must_use]
pub fn page(items: Vec<Value>, next: Option<String>) -> Value {
    json!({"items": items, "nextCursor": next})
}

/// The cursor after a row.
#[must_use]
pub fn cursor_text(cursor: &Cursor) -> String {
    let mut bytes = cursor.at.timestamp_micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(cursor.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor we gave out.
///
/// # Errors
/// `Invalid` for anything else.
pub fn cursor(text: &str) -> Result<Cursor, AppError> {
    let wrong = || AppError::invalid("cursor", "is not one of ours");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let (at, id) = bytes.split_at_checked(8).ok_or_else(wrong)?;
    let at = i64::from_be_bytes(at.try_into().map_err(|_| wrong())?);
    Ok(Cursor {
        at: DateTime::from_timestamp_micros(at)
            .filter(|at| is_storable(*at))
            .ok_or_else(wrong)?,
        id: Uuid::from_slice(id).map_err(|_| wrong())?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let before = Cursor {
            at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            id: Uuid::from_u128(7),
        };
        assert_eq!(cursor(&cursor_text(&before)).unwrap(), before);
        for bad in ["", "x", "AAAA", "not base64!"] {
            assert!(cursor(bad).is_err());
        }
        for micros in [i64::MIN, -300_000_000_000_000_000, i64::MAX] {
            let mut bytes = micros.to_be_bytes().to_vec();
            bytes.extend_from_slice(&[0; 16]);
            assert!(cursor(&URL_SAFE_NO_PAD.encode(bytes)).is_err(), "{micros}");
        }
    }
}
