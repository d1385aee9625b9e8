//! The bytes of a body, within a size and a time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::problem::{Code, Problem};

/// How large a body may be and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct PayloadLimits {
    /// Bytes of a JSON body.
    pub json_bytes: usize,
    /// Bytes of a webhook body.
    pub webhook_bytes: usize,
    /// Time from the head of the request to the last byte of its body.
    pub timeout: Duration,
}

/// What the head says about the size of the body, if anything.
#[must_use]
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Reads a whole body.
///
/// # Errors
/// 413 over `limit` bytes, 408 after `timeout`, 400 when the client breaks off.
pub async fn read(
    headers: &HeaderMap,
    payload: &mut Payload,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes, Problem> {
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let capacity = declared
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0)
        .min(64 << 10);
    match actix_web::rt::time::timeout(timeout, gather(payload, limit, capacity)).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            format!("the body must arrive within {} s", timeout.as_secs()),
        )),
    }
}

async fn gather(payload: &mut Payload, limit: usize, capacity: usize) -> Result<Bytes, Problem> {
    let mut body = BytesMut::with_capacity(capacity);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError, limit: usize) -> Problem {
    match error {
        PayloadError::Overflow => Problem::too_large(limit),
        _ => Problem::new(Code::MalformedJson, "the body broke off"),
    }
}
