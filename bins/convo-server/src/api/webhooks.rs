//! `/api/webhooks/mailgun`: signed by the provider, taken once.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use convo_app::command::{Original, Raw};
use convo_app::{App, AppError, Payload, Webhook};
use convo_email::{
    Form, FormFile, ParseError, ReadError, Received, Rejection, VerifiedWebhook as _, WebhookBody,
    WebhookProvider as _, WebhookRequest,
};
use convo_mailgun::Mailgun;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{Api, answers};
use crate::auth::Gate;
use crate::clock;
use crate::http::form::{self, FormError};
use crate::http::payload::RawBody;
use crate::http::request_id;
use crate::openapi::webhooks::{MailgunEvent, MailgunMail, MailgunMime, WebhookAnswer};
use crate::problem::{Code, Problem};

/// Adds the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(events)
        .service(inbound)
        .service(inbound_mime);
}

/// Events of mails we sent: JSON, or the older form posts.
#[utoipa::path(
    operation_id = "mailgun_events",
    tag = "webhooks",
    security(()),
    request_body = MailgunEvent,
    responses((status = 200, body = WebhookAnswer))
)]
#[post("/mailgun/events")]
pub async fn events(
    request: HttpRequest,
    body: RawBody,
    gate: web::Data<Gate>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    take(&request, body, &gate, &api).await
}

/// Mail that came in, taken apart by the provider.
#[utoipa::path(
    operation_id = "mailgun_inbound",
    tag = "webhooks",
    security(()),
    request_body(content((MailgunMail = "application/x-www-form-urlencoded"), (MailgunMail = "multipart/form-data"))),
    responses((status = 200, body = WebhookAnswer))
)]
#[post("/mailgun/inbound")]
pub async fn inbound(
    request: HttpRequest,
    body: RawBody,
    gate: web::Data<Gate>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    take(&request, body, &gate, &api).await
}

/// Mail that came in, as raw MIME.
#[utoipa::path(
    operation_id = "mailgun_inbound_mime",
    tag = "webhooks",
    security(()),
    request_body(content((MailgunMime = "application/x-www-form-urlencoded"), (MailgunMime = "multipart/form-data"))),
    responses((status = 200, body = WebhookAnswer))
)]
#[post("/mailgun/inbound/mime")]
pub async fn inbound_mime(
    request: HttpRequest,
    body: RawBody,
    gate: web::Data<Gate>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    take(&request, body, &gate, &api).await
}

async fn take(
    request: &HttpRequest,
    body: RawBody,
    gate: &Gate,
    api: &Api,
) -> Result<HttpResponse, Problem> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let bytes = body.0.bytes.clone();
    let mailgun = Arc::clone(&api.mailgun);
    let read = match read(&content_type, bytes.clone()).await {
        Ok(body) => {
            let original = move || Original {
                content_type,
                bytes: bytes.as_ref().into(),
            };
            let verify = move || verified(&mailgun, body, clock::now(), original);
            request_id::block(verify).await?
        }
        Err(error) => Err(error.into()),
    };
    let webhook = match read {
        Ok(webhook) => webhook,
        Err(Refusal::TooLarge(limit)) => return Err(Problem::too_large(limit)),
        Err(Refusal::TooMany(limit)) => {
            let detail = format!("the form may have {limit} fields");
            return Err(Problem::new(Code::TooLarge, detail).with("limit", limit));
        }
        Err(Refusal::Rejected(rejection)) => return Err(refused(request, gate, rejection)),
    };
    keep_attachments(&api.app, &webhook.payload).await?;
    let answer = api.app.webhook(webhook).await?;
    Ok(answers::of(&answer))
}

async fn keep_attachments(app: &App, payload: &Payload) -> Result<(), AppError> {
    let bare = match payload {
        Payload::Mail(mail, _) => mail.attachments.is_empty(),
        Payload::Event(_) | Payload::Unreadable(_) => true,
    };
    if bare {
        return Ok(());
    }
    let (app, payload) = (app.clone(), payload.clone());
    request_id::block(move || app.keep_attachments(&payload)).await?
}

/// Why a request is not taken.
pub(crate) enum Refusal {
    /// The mail is larger than this.
    TooLarge(usize),
    /// The form has more fields than this.
    TooMany(usize),
    /// It is not the provider's.
    Rejected(Rejection),
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Malformed(what) => Self::Rejected(Rejection::Malformed(what)),
            FormError::TooMany(limit) => Self::TooMany(limit),
        }
    }
}

async fn read(content_type: &str, bytes: web::Bytes) -> Result<WebhookBody, FormError> {
    let essence = content_type.split(';').next().unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(WebhookBody::Form(Form {
            fields: form::urlencoded(&bytes)?,
            files: Vec::new(),
        })),
        "multipart/form-data" => {
            let mut headers = header::HeaderMap::new();
            if let Ok(value) = header::HeaderValue::from_str(content_type) {
                headers.insert(header::CONTENT_TYPE, value);
            }
            let mut form = Form::default();
            for part in form::multipart(&headers, bytes).await? {
                if part.is_file {
                    form.files.push(FormFile {
                        field: part.name,
                        file_name: part.file_name,
                        content_type: part.content_type,
                        bytes: part.bytes,
                    });
                } else {
                    form.fields.push((part.name, part.bytes));
                }
            }
            Ok(WebhookBody::Form(form))
        }
        _ => Ok(WebhookBody::Raw(bytes.to_vec())),
    }
}

/// Only what verifies is parsed; what parses to nothing readable is kept as it came.
fn verified(
    mailgun: &Mailgun,
    body: WebhookBody,
    now: DateTime<Utc>,
    original: impl FnOnce() -> Original,
) -> Result<Webhook, Refusal> {
    let raw = raw(&body);
    let request = WebhookRequest {
        headers: Vec::new(),
        body,
    };
    let verified = mailgun.verify(request, now).map_err(Refusal::Rejected)?;
    let (token, fingerprint) = (verified.token().map(str::to_owned), verified.fingerprint());
    let payload = match payload(mailgun.parse(verified), raw) {
        Ok(payload) => payload,
        Err(ParseError::Mail(ReadError::TooLarge { limit, .. })) => {
            return Err(Refusal::TooLarge(limit));
        }
        Err(error) => {
            log::warn!("a verified webhook cannot be read, kept as it came: {error}");
            Payload::Unreadable(original())
        }
    };
    Ok(Webhook {
        provider: mailgun.name(),
        token,
        fingerprint,
        payload,
        words: None,
    })
}

/// A webhook that came another way than over HTTP, by the same steps, as of a time.
///
/// # Errors
/// [`Refusal`] of one that is not the provider's.
pub(crate) fn verified_at(
    mailgun: &Mailgun,
    body: WebhookBody,
    now: DateTime<Utc>,
) -> Result<Webhook, Refusal> {
    let unread = || Original {
        content_type: String::new(),
        bytes: Raw::from([]),
    };
    verified(mailgun, body, now, unread)
}

/// The raw mail of a form that carries one.
fn raw(body: &WebhookBody) -> Option<Raw> {
    let WebhookBody::Form(form) = body else {
        return None;
    };
    let file = form.files.iter().find(|file| file.field == "body-mime");
    let file = file.map(|file| file.bytes.as_slice());
    form.bytes("body-mime").or(file).map(Arc::from)
}

fn payload(
    parsed: Result<Vec<Received>, ParseError>,
    raw: Option<Raw>,
) -> Result<Payload, ParseError> {
    match parsed?.pop() {
        Some(Received::Event(event)) => Ok(Payload::Event(Box::new(event))),
        Some(Received::Mail(mail)) => Ok(Payload::Mail(mail, raw)),
        Some(Received::Unreadable(error)) => Err(error),
        None => Err(ParseError::Missing("everything")),
    }
}

/// What a receipt that could not be read when it came says now, with its attachments kept; `None`
/// for every other receipt, and while it still cannot be read.
///
/// # Errors
/// `Unavailable`.
pub async fn reread(
    app: &App,
    mailgun: &Arc<Mailgun>,
    receipt: Uuid,
) -> Result<Option<Box<Payload>>, AppError> {
    let reader = app.clone();
    let row = move || reader.read(|reader| Ok(reader.receipts_by_ids(&[receipt])?.pop()));
    let row = request_id::block(row).await??;
    let Some(row) = row.filter(|row| row.kind == "unreadable" && row.status == "dead") else {
        return Ok(None);
    };
    let Some(original) = row.body.as_deref().and_then(Original::read) else {
        return Ok(None);
    };
    let bytes = web::Bytes::from_owner(original.bytes);
    let Ok(body) = read(&original.content_type, bytes).await else {
        return Ok(None);
    };
    let mailgun = Arc::clone(mailgun);
    let came = row.received_at;
    let parsed = request_id::block(move || {
        let raw = raw(&body);
        payload(mailgun.reread(body, came), raw)
    });
    let Ok(payload) = parsed.await? else {
        return Ok(None);
    };
    keep_attachments(app, &payload).await?;
    Ok(Some(Box::new(payload)))
}

fn refused(request: &HttpRequest, gate: &Gate, rejection: Rejection) -> Problem {
    match rejection {
        Rejection::NotConfigured => {
            log::warn!("a webhook came, but no signing key is configured");
            Problem::new(
                Code::Unavailable,
                "no signing key is configured: set CONVO_MAILGUN__SIGNING_KEY",
            )
            .retry_after(300)
        }
        Rejection::Unsigned | Rejection::BadSignature => {
            let client = gate.client(request.peer_addr().map(|peer| peer.ip()), request.headers());
            let problem = Problem::new(Code::WebhookUnverified, "the signature is absent or wrong");
            gate.refuse(client, "webhook_signature", problem)
        }
        Rejection::Malformed(what) => {
            Problem::new(Code::WebhookRejected, format!("malformed: {what}"))
        }
        Rejection::TooOld { .. } => Problem::new(Code::WebhookRejected, "the signature is too old"),
        Rejection::FromTheFuture { .. } => {
            Problem::new(Code::WebhookRejected, "the signature lies in the future")
        }
    }
}
