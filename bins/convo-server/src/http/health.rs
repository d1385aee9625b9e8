//! Operations: is it alive, is it ready, what does it measure.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::metrics::MEDIA_TYPE;
use crate::auth::{Authorized, Read};
use crate::openapi::vocabulary;

/// One thing readiness depends on, or reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// `database`, `migrations`, `writer`, `resumed` (told while everything is paused after a restore), `redis`.
    #[schema(value_type = vocabulary::CheckName)]
    pub name: &'static str,
    /// Whether it works now.
    pub ok: bool,
    /// Whether the server is unready without it.
    pub required: bool,
}

/// What `/readyz` and `/metrics` ask.
pub trait Readiness: Send + Sync {
    /// The checks, made now.
    fn checks(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>>;

    /// Sets the gauges of what is asked for when somebody reads them; without any there is nothing to do.
    fn measure(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}

/// Set once, when the server begins to stop.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on the server is unready.
    pub fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the server is stopping.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Answer of `/healthz`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Alive {
    /// Always `alive`.
    #[schema(value_type = vocabulary::AliveStatus)]
    pub status: &'static str,
}

/// Answer of `/readyz`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Ready {
    /// Whether it should get requests.
    #[schema(value_type = vocabulary::ReadyStatus)]
    pub status: &'static str,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// Whether the process lives.
#[utoipa::path(tag = "operations", security(()), responses((status = 200, body = Alive)))]
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "alive" })
}

/// Whether the server should get requests: database and migrations are there and it is not stopping.
#[utoipa::path(tag = "operations", security(()), responses((status = 200, body = Ready), (status = 503, body = Ready)))]
#[get("/readyz")]
pub async fn readyz(
    draining: web::Data<Draining>,
    readiness: web::Data<dyn Readiness>,
) -> HttpResponse {
    let checks = readiness.checks().await;
    let status = if draining.is_on() {
        "draining"
    } else if checks.iter().all(|check| check.ok || !check.required) {
        "ready"
    } else {
        "not_ready"
    };
    let mut answer = if status == "ready" {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    answer.json(Ready { status, checks })
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(tag = "operations", responses((status = 200, content_type = "text/plain", body = String)))]
#[get("")]
pub async fn metrics(
    _caller: Authorized<Read>,
    handle: web::Data<PrometheusHandle>,
    readiness: web::Data<dyn Readiness>,
) -> HttpResponse {
    rendered(&handle, &**readiness).await
}

/// The same on a listener of its own, which needs no key.
pub async fn open_metrics(
    handle: web::Data<PrometheusHandle>,
    readiness: web::Data<dyn Readiness>,
) -> HttpResponse {
    rendered(&handle, &**readiness).await
}

async fn rendered(handle: &PrometheusHandle, readiness: &dyn Readiness) -> HttpResponse {
    readiness.measure().await;
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
        .body(handle.render())
}
