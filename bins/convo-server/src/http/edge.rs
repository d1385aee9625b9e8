//! The outermost middleware: what happens to every request and every answer.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use futures_util::{FutureExt as _, Stream, StreamExt as _};

use super::access_log::{self, Answered, NO_ROUTE};
use super::metrics::{self, InFlight};
use super::{request_id, security_headers};
use crate::clock;
use crate::problem::{self, Problem};

/// Bytes of a refused body that are read and dropped, so that its sender gets to read the answer.
const DISCARD_BYTES: usize = 64 << 20;
/// Time for doing so.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Request id, panics, problem documents, security headers, metrics and the access line.
///
/// # Errors
/// Only after a panic below, as a finished answer.
pub async fn edge<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = clock::monotonic();
    let _in_flight = InFlight::begin();
    let id = request_id::of_headers(request.headers());
    let method = access_log::method_label(request.method());
    let path = request.path().to_owned();
    // HEAD is GET without the body; the server itself leaves the body away.
    if *request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let unread = keep_payload(&mut request);

    let work = async {
        let answer = AssertUnwindSafe(next.call(request)).catch_unwind().await;
        let answer = finished(answer);
        let (route, status) = match &answer {
            Ok(response) => (response.request().match_pattern(), response.status()),
            Err(response) => (None, response.status()),
        };
        if status.is_client_error() || status.is_server_error() {
            discard(unread).await;
        }
        let answered = Answered {
            method,
            route: route.unwrap_or_else(|| NO_ROUTE.to_owned()),
            status,
            took: began.elapsed(),
        };
        metrics::answered(&answered);
        access_log::write(&answered);
        answer
    };
    let answer = request_id::scope(Rc::clone(&id), work).await;

    let dress = |headers: &mut header::HeaderMap| {
        if let Ok(value) = HeaderValue::from_str(&id) {
            headers.insert(request_id::HEADER, value);
        }
        security_headers::add(headers, &path);
    };
    match answer {
        Ok(mut response) => {
            dress(response.headers_mut());
            Ok(response)
        }
        Err(mut response) => {
            dress(response.headers_mut());
            Err(InternalError::from_response("", *response).into())
        }
    }
}

type Caught<B> = Result<Result<ServiceResponse<B>, Error>, Box<dyn std::any::Any + Send>>;

/// Every error answer as a problem document, panics too. `Err` where the request is gone.
fn finished<B: MessageBody + 'static>(
    answer: Caught<B>,
) -> Result<ServiceResponse<BoxBody>, Box<HttpResponse>> {
    match answer {
        Ok(Ok(response)) => {
            let response = response.map_into_boxed_body();
            if is_foreign_error(response.status(), response.headers()) {
                let (request, foreign) = response.into_parts();
                let mut answer = Problem::of_status(foreign.status()).error_response();
                for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
                    if let Some(value) = foreign.headers().get(&name) {
                        answer.headers_mut().insert(name, value.clone());
                    }
                }
                return Ok(ServiceResponse::new(request, answer));
            }
            Ok(response)
        }
        Ok(Err(error)) => {
            let answer = error.error_response();
            let foreign = is_foreign_error(answer.status(), answer.headers());
            Err(Box::new(if foreign {
                Problem::of_status(answer.status()).error_response()
            } else {
                answer
            }))
        }
        // The panic hook has logged where; the text of a panic may quote a mail.
        Err(_panic) => {
            metrics::panicked();
            Err(Box::new(Problem::internal().error_response()))
        }
    }
}

/// An error answer that is not ours: of the framework, in plain text. A page of ours says what a browser may do with it.
fn is_foreign_error(status: StatusCode, headers: &header::HeaderMap) -> bool {
    let error = status.is_client_error() || status.is_server_error();
    let ours = headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let value = value.as_bytes();
        value.starts_with(problem::MEDIA_TYPE.as_bytes()) || value.starts_with(b"application/json")
    });
    error && !ours && !headers.contains_key(header::CONTENT_SECURITY_POLICY)
}

/// A payload that is still there after the handler has dropped its end.
#[derive(Clone)]
struct Shared(Rc<RefCell<Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}

/// Keeps a hold on the request's payload, where it has one.
fn keep_payload(request: &mut ServiceRequest) -> Option<Shared> {
    match request.take_payload() {
        Payload::None => None,
        payload => {
            let shared = Shared(Rc::new(RefCell::new(payload)));
            request.set_payload(Payload::Stream {
                payload: Box::pin(shared.clone()),
            });
            Some(shared)
        }
    }
}

/// Reads what is left of a refused body: a connection closed over unread bytes is reset, and the
/// answer is lost with it.
async fn discard(unread: Option<Shared>) {
    let Some(mut unread) = unread else { return };
    let all = async {
        let mut left = DISCARD_BYTES;
        while let Some(Ok(chunk)) = unread.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    };
    let _ = actix_web::rt::time::timeout(DISCARD_TIME, all).await;
}
