//! `Body<T>`: the JSON body of a request, judged in the order of the contract.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::json;
use super::payload::{self, PayloadLimits};
use crate::problem::{Code, Problem};

/// A JSON body.
///
/// The order of refusals is 413, 415, 400 `malformed_json`, 422 `validation_failed`. Keys are judged
/// before: put `Authorized` first in the handler's arguments. Ids of the path and the idempotency
/// key are judged after, when the handler asks for them.
#[derive(Debug)]
pub struct Body<T> {
    /// What the body says.
    pub value: T,
    /// SHA-256 of its bytes, which tells a repeated request from another one.
    pub sha256: [u8; 32],
}

/// A JSON body as large as a mail with its files may be.
#[derive(Debug)]
pub struct LargeBody<T>(pub Body<T>);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limits = payload::of_request(&request)?;
            whole(&request, &mut payload, &limits, limits.json_bytes).await
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for LargeBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limits = payload::of_request(&request)?;
            let read = whole(&request, &mut payload, &limits, limits.webhook_bytes);
            read.await.map(Self)
        })
    }
}

async fn whole<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: &PayloadLimits,
    limit: usize,
) -> Result<Body<T>, Problem> {
    let headers = request.headers();
    if payload::declared_length(headers).is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    require_json(headers)?;
    let whole = payload::read(headers, payload, limit, limits).await?;
    Ok(Body {
        value: json::read(&whole.bytes)?,
        sha256: Sha256::digest(&whole.bytes).into(),
    })
}

/// A JSON body that may be left out, which says the same as an empty object.
#[derive(Debug)]
pub struct MaybeBody<T> {
    /// What the body says.
    pub value: T,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl<T: DeserializeOwned + Default + 'static> FromRequest for MaybeBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if is_absent(request.headers()) {
            return Box::pin(std::future::ready(Ok(Self {
                value: T::default(),
                sha256: Sha256::digest(b"").into(),
            })));
        }
        let whole = Body::from_request(request, payload);
        Box::pin(async move {
            let Body { value, sha256 } = whole.await?;
            Ok(Self { value, sha256 })
        })
    }
}

/// Whether the head announces no body.
fn is_absent(headers: &HeaderMap) -> bool {
    let none = payload::declared_length(headers).is_none_or(|length| length == 0);
    none && !headers.contains_key(header::TRANSFER_ENCODING)
        && !headers.contains_key(header::CONTENT_TYPE)
}

/// 415 unless the head says JSON in UTF-8, uncompressed.
fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(Code::UnsupportedMediaType, detail));
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return refuse("the body must not be compressed");
    }
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if is_json(media_type) {
        Ok(())
    } else {
        refuse("send the body as `application/json`")
    }
}

fn is_json(media_type: &str) -> bool {
    let mut parts = media_type
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    json && parts
        .filter_map(|part| {
            part.strip_prefix("charset=")
                .map(|set| set.trim_matches('"').to_owned())
        })
        .all(|set| set == "utf-8" || set == "utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_known_by_its_type() {
        for yes in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/merge-patch+json",
        ] {
            assert!(is_json(yes), "{yes}");
        }
        for no in [
            "",
            "text/plain",
            "text/json+json",
            "application/jsonx",
            "application/json; charset=latin1",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_json(no), "{no}");
        }
    }
}
