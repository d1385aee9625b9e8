//! What the tests of the shell share: keys in memory, a handful of routes, an app around them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::app::Shell;
use crate::auth::{
    Admin, Agent, ApiKey, Authorized, Gate, KeyHash, KeyLookup, KeyRecord, LookupFailed, Read,
    Scope, Scopes, Write,
};
use crate::http::body::Body;
use crate::http::health::{Check, Readiness};
use crate::http::idempotency::IdempotencyKey;
use crate::http::input::{PathParts, QueryString};
use crate::problem::{Code, Problem};
use crate::routes::Routes;
use crate::settings::{Settings, Sources};

pub const BOOTSTRAP: &str = "a-bootstrap-key-of-24-ch";
pub const JSON_BYTES: usize = 2_048;
pub const FAILED_CHECKS: u32 = 60;

/// Keys in memory; can be away.
#[derive(Default)]
pub struct Keys {
    pub records: Mutex<HashMap<KeyHash, KeyRecord>>,
    pub away: AtomicBool,
    pub asked: AtomicUsize,
}

impl Keys {
    pub fn add(&self, scopes: &[Scope]) -> ApiKey {
        let key = ApiKey::draw().unwrap();
        let record = KeyRecord {
            id: crate::ids::new_id(),
            name: "a test".into(),
            scopes: Scopes(scopes.to_vec()),
            agent_id: None,
            revoked: false,
        };
        self.records.lock().unwrap().insert(key.hash(), record);
        key
    }

    pub fn revoke(&self, key: &ApiKey) {
        self.records
            .lock()
            .unwrap()
            .get_mut(&key.hash())
            .unwrap()
            .revoked = true;
    }
}

impl KeyLookup for Keys {
    fn find(
        &self,
        hash: KeyHash,
    ) -> Pin<Box<dyn Future<Output = Result<Option<KeyRecord>, LookupFailed>> + Send + '_>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let away = self.away.load(Ordering::SeqCst);
        let found = self.records.lock().unwrap().get(&hash).cloned();
        Box::pin(async move { if away { Err(LookupFailed) } else { Ok(found) } })
    }
}

/// A database that is there or not.
#[derive(Default)]
pub struct Database(pub AtomicBool);

impl Readiness for Database {
    fn checks(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>> {
        let ok = self.0.load(Ordering::SeqCst);
        Box::pin(async move {
            vec![
                Check {
                    name: "database",
                    ok,
                    required: true,
                },
                Check {
                    name: "redis",
                    ok: false,
                    required: false,
                },
            ]
        })
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Thing {
    event: String,
    #[expect(dead_code, reason = "only read by serde")]
    triggered_by: String,
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<u16>,
}

/// A thing is changed.
#[utoipa::path(request_body = Thing, responses((status = 200)))]
#[post("/things/{id}/events")]
async fn change(
    _caller: Authorized<Write>,
    path: PathParts,
    key: IdempotencyKey,
    body: Body<Thing>,
) -> Result<HttpResponse, Problem> {
    key.get()?;
    if body.value.event != "KNOWN" {
        return Err(Problem::new(Code::UnknownEvent, "no such event"));
    }
    Ok(HttpResponse::Ok().json(path.id("id")?))
}

/// A thing is shown.
#[utoipa::path(responses((status = 200)))]
#[get("/things/{id}")]
async fn show(
    caller: Authorized<Read>,
    path: PathParts,
    page: QueryString<Page>,
) -> Result<HttpResponse, Problem> {
    let id: Uuid = path.id("id")?;
    Ok(HttpResponse::Ok()
        .json(serde_json::json!({"id": id, "actor": caller.actor(), "limit": page.0.limit})))
}

/// A thing is taken over.
#[utoipa::path(responses((status = 204)))]
#[post("/things/{id}/take-over")]
async fn take_over(_caller: Authorized<Agent>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Everything is erased.
#[utoipa::path(responses((status = 204)))]
#[post("/erase")]
async fn erase(_caller: Authorized<Admin>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// A fault.
#[utoipa::path(responses((status = 200)))]
#[get("/panic")]
async fn panic(_caller: Authorized<Read>) -> HttpResponse {
    panic!("text of a mail from lead@example.org")
}

/// An answer of the framework.
#[utoipa::path(responses((status = 200)))]
#[get("/plain")]
async fn plain(_caller: Authorized<Read>) -> actix_web::Result<HttpResponse> {
    Err(actix_web::error::ErrorBadGateway(
        "SELECT secret FROM /path",
    ))
}

/// A webhook whose signature is never right.
#[utoipa::path(responses((status = 200)))]
#[post("/wrong")]
async fn wrong(
    request: actix_web::HttpRequest,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Problem> {
    let client = gate.client(request.peer_addr().map(|a| a.ip()), request.headers());
    Err(gate.refuse(
        client,
        "webhook_signature",
        Problem::new(Code::WebhookUnverified, "the signature is wrong"),
    ))
}

pub fn routes() -> Routes {
    Routes {
        webhooks: Arc::new(|config| {
            config.service(wrong);
        }),
        live: Arc::new(|_| {}),
        links: Arc::new(|_| {}),
        api: Arc::new(|config| {
            config
                .service(change)
                .service(show)
                .service(take_over)
                .service(erase)
                .service(panic)
                .service(plain);
        }),
    }
}

/// A shell over keys in memory, and what it stands on.
pub fn shell() -> (Shell, Arc<Keys>, Arc<Database>) {
    let (keys, database) = (
        Arc::new(Keys::default()),
        Arc::new(Database(AtomicBool::new(true))),
    );
    let variables = [
        ("CONVO_AUTH__BOOTSTRAP_KEY", BOOTSTRAP.to_owned()),
        ("CONVO_LIMITS__JSON_BYTES", JSON_BYTES.to_string()),
        (
            "CONVO_LIMITS__FAILED_CHECKS_PER_MINUTE",
            FAILED_CHECKS.to_string(),
        ),
        ("CONVO_SERVER__TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    let environment = variables
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let settings = Settings::load(&Sources {
        file: None,
        environment,
    })
    .unwrap();
    (
        Shell::new(&settings, keys.clone(), database.clone(), routes()).unwrap(),
        keys,
        database,
    )
}
