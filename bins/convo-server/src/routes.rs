//! Which routes there are, collected once: the OpenAPI document and the methods of every path.

use std::sync::Arc;

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::authenticate;
use crate::http::health;
use crate::openapi;
use crate::problem::Problem;

/// Adds routes and their data to a scope.
pub type Configure = Arc<dyn Fn(&mut ServiceConfig<'_>) + Send + Sync>;

/// The routes of the application, without those of operations.
#[derive(Clone)]
pub struct Routes {
    /// Below `/api/webhooks`: authenticated by signature.
    pub webhooks: Configure,
    /// Below `/api`: only callers with an active key get here.
    pub api: Configure,
    /// Outside of both: authenticated by the link itself.
    pub links: Configure,
    /// Outside of both: who opens a WebSocket says later who it is.
    pub live: Configure,
}

impl Routes {
    /// Adds every documented route to an app's configuration.
    pub fn configure(&self, config: &mut ServiceConfig<'_>) {
        let (webhooks, api) = (Arc::clone(&self.webhooks), Arc::clone(&self.api));
        (self.live)(config);
        (self.links)(config);
        config.service(health::healthz).service(health::readyz);
        config.service(
            utoipa_actix_web::scope("/metrics")
                .service(health::metrics)
                .map(|scope| scope.wrap(from_fn(authenticate))),
        );
        config.service(
            utoipa_actix_web::scope("/api/webhooks")
                .configure(|config| webhooks(config))
                .default_service(web::to(fallback)),
        );
        config.service(
            utoipa_actix_web::scope("/api")
                .configure(|config| api(config))
                .default_service(web::to(fallback))
                .map(|scope| scope.wrap(from_fn(authenticate))),
        );
    }

    /// The OpenAPI document of these routes.
    #[must_use]
    pub fn document(&self) -> OpenApi {
        let app = App::new().into_utoipa_app().openapi(openapi::head());
        let (_, mut document) = app
            .configure(|config| self.configure(config))
            .split_for_parts();
        openapi::finish(&mut document);
        document
    }
}

/// Paths and their methods, to tell 405 from 404.
pub struct RouteTable(Vec<(ResourceDef, Vec<Method>)>);

impl RouteTable {
    /// The table of a document's paths.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        Self(
            document
                .paths
                .paths
                .iter()
                .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
                .collect(),
        )
    }

    /// The methods of the path, `None` where there is no such path.
    #[must_use]
    pub fn methods(&self, path: &str) -> Option<Vec<Method>> {
        let fitting = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        let mut methods: Vec<Method> = fitting
            .flat_map(|(_, methods)| methods.iter().cloned())
            .collect();
        methods.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        methods.dedup();
        (!methods.is_empty()).then_some(methods)
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    let all = [
        (item.get.is_some(), Method::GET),
        (item.get.is_some(), Method::HEAD),
        (item.post.is_some(), Method::POST),
        (item.put.is_some(), Method::PUT),
        (item.patch.is_some(), Method::PATCH),
        (item.delete.is_some(), Method::DELETE),
    ];
    all.into_iter()
        .filter_map(|(has, method)| has.then_some(method))
        .collect()
}

/// Where no route fits: 405 when the path has other methods, else 404.
///
/// # Errors
/// Always.
pub async fn fallback(
    request: HttpRequest,
    table: web::Data<RouteTable>,
) -> Result<HttpResponse, Problem> {
    Err(match table.methods(request.path()) {
        Some(methods) => Problem::method_not_allowed(&methods),
        None => Problem::not_found(),
    })
}
