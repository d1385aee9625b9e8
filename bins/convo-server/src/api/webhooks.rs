//! `/api/webhooks/mailgun`: signed by the provider, taken once.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};
use convo_app::{Payload, Webhook};
use convo_email::{
    Form, FormFile, Received, Rejection, VerifiedWebhook as _, WebhookBody, WebhookProvider as _,
    WebhookRequest,
};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{Api, answers};
use crate::auth::Gate;
use crate::clock;
use crate::http::form;
use crate::http::payload::RawBody;
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
    let mailgun = Arc::clone(&api.mailgun);
    let body = read(&content_type, request, body.0.bytes.clone()).await;
    let read = match body {
        Ok(body) => web::block(move || {
            verified(
                &mailgun,
                WebhookRequest {
                    headers: Vec::new(),
                    body,
                },
            )
        })
        .await
        .map_err(|_| Problem::unavailable())?,
        Err(rejection) => Err(rejection),
    };
    let webhook = match read {
        Ok(webhook) => webhook,
        Err(rejection) => return Err(refused(request, gate, rejection)),
    };
    let app = api.app.clone();
    let kept = web::block({
        let payload = webhook.payload.clone();
        move || app.keep_attachments(&payload)
    })
    .await;
    kept.map_err(|_| Problem::unavailable())??;
    let answer = api.app.webhook(webhook).await?;
    Ok(answers::of(&answer))
}

async fn read(
    content_type: &str,
    request: &HttpRequest,
    bytes: web::Bytes,
) -> Result<WebhookBody, Rejection> {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Ok(WebhookBody::Form(Form {
            fields: form::urlencoded(&bytes),
            files: Vec::new(),
        })),
        "multipart/form-data" => {
            let mut form = Form::default();
            for part in form::multipart(request.headers(), bytes)
                .await
                .map_err(Rejection::Malformed)?
            {
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

/// Only what verifies is parsed; what parses to nothing readable is kept for a person.
fn verified(
    mailgun: &convo_mailgun::Mailgun,
    request: WebhookRequest,
) -> Result<Webhook, Rejection> {
    let raw = match &request.body {
        WebhookBody::Form(form) => {
            let file = form
                .files
                .iter()
                .find(|file| file.field == "body-mime")
                .map(|file| file.bytes.as_slice());
            form.bytes("body-mime").or(file).map(Arc::from)
        }
        WebhookBody::Raw(_) => None,
    };
    let verified = mailgun.verify(request, clock::now())?;
    let (token, fingerprint) = (verified.token().map(str::to_owned), verified.fingerprint());
    let payload = match mailgun.parse(verified) {
        Ok(mut all) => match all.pop() {
            Some(Received::Event(event)) => Payload::Event(Box::new(event)),
            Some(Received::Mail(mail)) => Payload::Mail(mail, raw),
            Some(Received::Unreadable(error)) => Payload::Unreadable(error.to_string()),
            None => Payload::Unreadable("nothing was said".to_owned()),
        },
        Err(error) => Payload::Unreadable(error.to_string()),
    };
    Ok(Webhook {
        provider: mailgun.name(),
        token,
        fingerprint,
        payload,
    })
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
