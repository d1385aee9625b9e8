//! The actix app: routes, their data, and what stands around them.

use std::io;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa_actix_web::AppExt as _;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::auth::{ApiKey, Authenticator, Gate, KeyLookup};
use crate::http::edge::edge;
use crate::http::failed_checks::FailedChecks;
use crate::http::health::{Draining, Readiness};
use crate::http::metrics;
use crate::http::payload::{Memory, PayloadLimits};
use crate::routes::{RouteTable, Routes, fallback};
use crate::settings::Settings;

/// Everything an app is built from; one of them serves all threads.
#[derive(Clone)]
pub struct Shell {
    /// The routes of the application.
    pub routes: Routes,
    /// Finds out whose key it is.
    pub authenticator: web::Data<Authenticator>,
    /// Budgets of failed checks and trusted proxies.
    pub gate: web::Data<Gate>,
    /// Sizes and times of bodies.
    pub limits: PayloadLimits,
    /// Set when the server begins to stop.
    pub draining: Draining,
    /// What `/readyz` asks.
    pub readiness: Arc<dyn Readiness>,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// What is made of the routes once.
    pub documents: Documents,
}

impl Shell {
    /// A shell by the settings, around an application's keys, readiness and routes.
    ///
    /// # Errors
    /// [`io::Error`] when the metrics or the OpenAPI document cannot be set up.
    pub fn new(
        settings: &Settings,
        keys: Arc<dyn KeyLookup>,
        readiness: Arc<dyn Readiness>,
        routes: Routes,
    ) -> io::Result<Self> {
        let bootstrap = settings
            .bootstrap_key
            .as_ref()
            .and_then(|key| ApiKey::given(key.expose()));
        Ok(Self {
            documents: Documents::of(&routes).map_err(io::Error::other)?,
            routes,
            authenticator: web::Data::new(Authenticator::new(keys, bootstrap.as_ref())),
            gate: web::Data::new(Gate {
                failed_checks: Arc::new(FailedChecks::new(
                    settings.limits.failed_checks_per_minute,
                )),
                trusted_proxies: settings.server.trusted_proxies.clone(),
            }),
            limits: PayloadLimits {
                json_bytes: settings.limits.json_bytes,
                webhook_bytes: settings.limits.webhook_bytes,
                timeout: settings.server.body_timeout,
                memory: Memory::new(settings.limits.memory_bytes),
            },
            draining: Draining::default(),
            readiness,
            metrics: metrics::install().map_err(io::Error::other)?,
        })
    }
}

/// What is made of the routes once, at start.
#[derive(Clone)]
pub struct Documents {
    openapi: web::Data<OpenApiJson>,
    table: web::Data<RouteTable>,
}

struct OpenApiJson(web::Bytes);

impl Documents {
    /// The documents of these routes.
    ///
    /// # Errors
    /// [`serde_json::Error`] when the OpenAPI document cannot be written.
    pub fn of(routes: &Routes) -> Result<Self, serde_json::Error> {
        let document = routes.document();
        Ok(Self {
            openapi: web::Data::new(OpenApiJson(document.to_json()?.into())),
            table: web::Data::new(RouteTable::of(&document)),
        })
    }
}

/// Builds the app of one thread.
pub fn app(
    shell: &Shell,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let (app, _) = App::new()
        .into_utoipa_app()
        .configure(|config| shell.routes.configure(config))
        .split_for_parts();
    app.app_data(shell.authenticator.clone())
        .app_data(shell.gate.clone())
        .app_data(web::Data::new(shell.limits.clone()))
        .app_data(web::Data::new(shell.draining.clone()))
        .app_data(web::Data::from(Arc::clone(&shell.readiness)))
        .app_data(web::Data::new(shell.metrics.clone()))
        .app_data(shell.documents.openapi.clone())
        .app_data(shell.documents.table.clone())
        .route("/openapi.json", web::get().to(openapi_json))
        .service(web::redirect("/docs", "/docs/"))
        .service(
            SwaggerUi::new("/docs/{_:.*}")
                .config(Config::from("/openapi.json").validator_url("none")),
        )
        .default_service(web::to(fallback))
        .wrap(from_fn(edge))
}

async fn openapi_json(document: web::Data<OpenApiJson>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(document.0.clone())
}

#[cfg(test)]
mod tests;
