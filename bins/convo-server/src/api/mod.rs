//! The routes of the application: from a request to a command or a question, and back.

#![expect(
    unused_qualifications,
    reason = "what `utoipa::path` writes for parameters names their trait in full"
)]

mod analytics;
mod answers;
mod conversation_state;
pub(crate) mod conversations;
mod export;
mod gate;
mod handover;
mod keys;
mod links;
pub(crate) mod lists;
pub(crate) mod messages;
mod offer_links;
mod operations;
pub(crate) mod people;
mod reviews;
mod sending;
pub(crate) mod sent;
mod snooze;
mod suppressions;
pub mod webhooks;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use convo_app::{Actor, Answer, AppError, Command, Envelope};
use convo_email::WebhookProvider as _;
use convo_mailgun::Mailgun;
use convo_store::Reader;
use sha2::{Digest as _, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::auth::Caller;
use crate::clock;
use crate::dashboard;
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::PathParts;
use crate::http::request_id;
use crate::problem::Problem;
use crate::redis::Kept;
use crate::routes::Routes;
use crate::settings::Live;
use crate::ws;

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    /// The application.
    pub app: convo_app::App,
    /// The provider of webhooks.
    pub mailgun: Arc<Mailgun>,
    /// Limits of WebSockets.
    pub live: Live,
    /// Contexts that were read lately.
    pub kept: Kept,
}

impl Api {
    /// Name of the provider, for messages.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.mailgun.name()
    }

    /// Runs a command for a caller and answers with what it was answered.
    ///
    /// # Errors
    /// What the command refuses with, as a problem.
    pub(crate) async fn run(
        &self,
        asked: Asked<'_>,
        command: Command,
    ) -> Result<HttpResponse, Problem> {
        answered(&self.app.run(asked.envelope(command)?).await?)
    }

    /// Asks the database on a thread that may block.
    ///
    /// # Errors
    /// What the question is answered with, as a problem.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Reader<'_>, DateTime<Utc>) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let app = self.app.clone();
        let ask = move || app.read(|reader| ask(reader, clock::now()));
        Ok(request_id::block(ask).await??)
    }
}

/// Who asks what how: everything about a request that decides how its command is carried out.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    request: &'a HttpRequest,
    caller: &'a Caller,
    key: Option<(&'a IdempotencyKey, [u8; 32])>,
}

impl<'a> Asked<'a> {
    /// A request that is carried out as often as it comes.
    pub(crate) fn new(request: &'a HttpRequest, caller: &'a Caller) -> Self {
        Self {
            request,
            caller,
            key: None,
        }
    }

    /// With the key, if any, under which a repeat of this body changes nothing.
    pub(crate) fn with(self, key: &'a IdempotencyKey, body: [u8; 32]) -> Self {
        Self {
            key: Some((key, body)),
            ..self
        }
    }

    /// The command, asked so.
    ///
    /// # Errors
    /// The key cannot be one.
    pub(crate) fn envelope(self, command: Command) -> Result<Envelope, Problem> {
        let idempotency = match self.key {
            Some((key, body)) => key.get()?.map(|key| convo_app::IdempotencyKey {
                scope: scope(self.caller, self.request.method(), self.request.path(), key),
                body,
            }),
            None => None,
        };
        Ok(Envelope {
            idempotency,
            ..Envelope::new(command, actor(self.caller))
        })
    }
}

/// An answer of the application as one of the server.
fn answered(answer: &Answer) -> Result<HttpResponse, Problem> {
    // What was answered once spoke of a person who is erased now.
    if answer.status == 404 {
        return Err(Problem::not_found());
    }
    Ok(answers::of(answer))
}

/// Who asks, as the audit keeps it.
pub(crate) fn actor(caller: &Caller) -> Actor {
    caller.key_id.map_or(Actor::Code("bootstrap"), Actor::Key)
}

/// What an idempotency key of a caller stands for on a method and path.
pub(crate) fn scope(caller: &Caller, method: &Method, path: &str, key: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    let id = caller.key_id.unwrap_or(Uuid::nil());
    for piece in [
        id.as_bytes().as_slice(),
        method.as_str().as_bytes(),
        path.as_bytes(),
        key.as_bytes(),
    ] {
        digest.update((piece.len() as u64).to_be_bytes());
        digest.update(piece);
    }
    digest.finalize().into()
}

/// The id at `{id}`; one that is none names nothing, which is found out where ids are looked up, so
/// that a wrong body still wins over it.
fn named(path: &PathParts) -> Uuid {
    path.id("id").unwrap_or(Uuid::nil())
}

/// The routes without an application behind them: for their document.
#[must_use]
pub fn documented() -> Routes {
    Routes {
        webhooks: Arc::new(webhooks::configure),
        api: Arc::new(configure),
        live: Arc::new(ws::configure),
        links: Arc::new(|config| {
            links::configure(config);
            offer_links::configure(config);
        }),
    }
}

fn configure(config: &mut ServiceConfig<'_>) {
    conversation_state::configure(config);
    snooze::configure(config);
    conversations::configure(config);
    gate::configure(config);
    handover::configure(config);
    messages::configure(config);
    sending::configure(config);
    people::configure(config);
    keys::configure(config);
    suppressions::configure(config);
    reviews::configure(config);
    export::configure(config);
    analytics::configure(config);
    operations::configure(config);
}

/// All routes of the application over one API.
#[must_use]
pub fn routes(api: Api) -> Routes {
    let sockets = ws::data(api.app.clone(), api.live.clone());
    let (for_webhooks, for_api) = (web::Data::new(api.clone()), web::Data::new(api));
    let for_links = for_api.clone();
    Routes {
        webhooks: Arc::new(move |config| {
            config.app_data(for_webhooks.clone());
            webhooks::configure(config);
        }),
        api: Arc::new(move |config| {
            config.app_data(for_api.clone());
            configure(config);
        }),
        links: Arc::new(move |config| {
            config.app_data(for_links.clone());
            links::configure(config);
            offer_links::configure(config);
            config.map(dashboard::configure);
        }),
        live: Arc::new(move |config| {
            config.app_data(sockets.clone());
            ws::configure(config);
        }),
    }
}
