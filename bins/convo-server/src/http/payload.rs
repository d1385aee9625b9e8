//! The bytes of a body, within a size, a time, and a memory that all bodies share.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{self, Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;

use crate::problem::{Code, Problem};

/// How large bodies may be and how long they may take.
#[derive(Debug, Clone)]
pub struct PayloadLimits {
    /// Bytes of a JSON body.
    pub json_bytes: usize,
    /// Bytes of a webhook body.
    pub webhook_bytes: usize,
    /// Time from the head of the request to the last byte of its body.
    pub timeout: Duration,
    /// What all bodies may take together.
    pub memory: Memory,
}

/// Memory that all bodies share, so that many large ones at once cannot exhaust the machine.
#[derive(Debug, Clone)]
pub struct Memory {
    left: Arc<AtomicUsize>,
}

impl Memory {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self {
            left: Arc::new(AtomicUsize::new(bytes)),
        }
    }

    /// A reservation of nothing yet.
    fn reserve(&self) -> Reserved {
        Reserved {
            memory: self.clone(),
            bytes: 0,
        }
    }

    /// Bytes that are not reserved.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

/// A share of the memory, given back when dropped.
#[derive(Debug)]
struct Reserved {
    memory: Memory,
    bytes: usize,
}

impl Reserved {
    fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let taken = self
            .memory
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        taken.map_err(|_| Problem::unavailable())?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.memory.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// A whole body; its memory is free again when this is dropped.
#[derive(Debug)]
pub struct Whole {
    /// The bytes.
    pub bytes: Bytes,
    _reserved: Reserved,
}

/// The body of a webhook as it came, within the limit for webhooks.
#[derive(Debug)]
pub struct RawBody(pub Whole);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limits = of_request(&request)?;
            read(
                request.headers(),
                &mut payload,
                limits.webhook_bytes,
                &limits,
            )
            .await
            .map(Self)
        })
    }
}

/// The limits the app was given.
///
/// # Errors
/// 500 in an app without any: there is no body without a limit.
pub(crate) fn of_request(request: &HttpRequest) -> Result<web::Data<PayloadLimits>, Problem> {
    request
        .app_data::<web::Data<PayloadLimits>>()
        .cloned()
        .ok_or_else(Problem::internal)
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

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// 413 over the limit, 408 after the time, 503 when the memory is used up, 400 when the client
/// breaks off.
pub async fn read(
    headers: &HeaderMap,
    payload: &mut Payload,
    limit: usize,
    limits: &PayloadLimits,
) -> Result<Whole, Problem> {
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let capacity = declared
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0)
        .min(64 << 10);
    let whole = gather(payload, limit, capacity, limits.memory.reserve());
    match actix_web::rt::time::timeout(limits.timeout, whole).await {
        Ok(read) => read,
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            format!("the body must arrive within {} s", limits.timeout.as_secs()),
        )),
    }
}

async fn gather(
    payload: &mut Payload,
    limit: usize,
    capacity: usize,
    mut reserved: Reserved,
) -> Result<Whole, Problem> {
    let mut body = BytesMut::with_capacity(capacity);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        reserved.grow(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(Whole {
        bytes: body.freeze(),
        _reserved: reserved,
    })
}

fn broken(error: &PayloadError, limit: usize) -> Problem {
    match error {
        PayloadError::Overflow => Problem::too_large(limit),
        _ => Problem::new(Code::MalformedJson, "the body broke off"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use futures_util::stream;

    use super::*;

    fn limits(memory: &Memory) -> PayloadLimits {
        PayloadLimits {
            json_bytes: 8,
            webhook_bytes: 16,
            timeout: Duration::from_millis(20),
            memory: memory.clone(),
        }
    }

    async fn of_chunks(chunks: &[usize], memory: &Memory) -> Result<Whole, Code> {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|&size| Ok(Bytes::from(vec![b'x'; size])))
            .collect();
        let mut payload: Payload = Payload::Stream {
            payload: Box::pin(stream::iter(chunks)),
        };
        read(&HeaderMap::new(), &mut payload, 16, &limits(memory))
            .await
            .map_err(|problem| problem.code())
    }

    #[actix_web::test]
    async fn the_limit_holds_at_its_edge() {
        let memory = Memory::new(100);
        assert_eq!(of_chunks(&[10, 6], &memory).await.unwrap().bytes.len(), 16);
        assert_eq!(
            of_chunks(&[10, 7], &memory).await.err(),
            Some(Code::TooLarge)
        );
        assert_eq!(of_chunks(&[], &memory).await.unwrap().bytes.len(), 0);
        assert_eq!(memory.left(), 100, "all is given back");
    }

    #[actix_web::test]
    async fn memory_is_shared_and_given_back() {
        let memory = Memory::new(20);
        let first = of_chunks(&[10], &memory).await.unwrap();
        assert_eq!(
            of_chunks(&[8, 3], &memory).await.err(),
            Some(Code::Unavailable)
        );
        assert_eq!(memory.left(), 10);
        drop(first);
        assert_eq!(of_chunks(&[8, 3], &memory).await.unwrap().bytes.len(), 11);
    }

    #[actix_web::test]
    async fn a_slow_body_is_given_up() {
        let mut payload: Payload = Payload::Stream {
            payload: Box::pin(stream::pending()),
        };
        let problem = read(
            &HeaderMap::new(),
            &mut payload,
            16,
            &limits(&Memory::new(1)),
        )
        .await
        .expect_err("slow");
        assert_eq!(problem.code(), Code::RequestTimeout);
    }

    #[actix_web::test]
    async fn a_broken_body_is_malformed() {
        let mut payload: Payload = Payload::Stream {
            payload: Box::pin(stream::iter([Err(PayloadError::Incomplete(None))])),
        };
        let problem = read(
            &HeaderMap::new(),
            &mut payload,
            16,
            &limits(&Memory::new(1)),
        )
        .await
        .expect_err("broken");
        assert_eq!(problem.code(), Code::MalformedJson);
    }
}
