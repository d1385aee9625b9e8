//! The middleware before every route that needs a key.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, ResponseError as _, web};

use super::{Authenticator, Caller, bearer};
use crate::http::client_address::{self, Network};
use crate::http::failed_checks::FailedChecks;
use crate::http::metrics;
use crate::problem::Problem;

/// Who may be limited and who is believed about whose request it is.
pub struct Gate {
    /// Budgets of failed checks.
    pub failed_checks: Arc<FailedChecks>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Gate {
    /// The client's address.
    #[must_use]
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        client_address::client(peer, headers, &self.trusted_proxies)
    }

    /// Books a failed check of `what` and hands back the answer: `problem`, or 429 when the
    /// address has used up its budget.
    #[must_use]
    pub fn refuse(&self, client: IpAddr, what: &'static str, problem: Problem) -> Problem {
        let spent = self.failed_checks.spend(client);
        metrics::failed_check(what, spent.is_err());
        match spent {
            Ok(()) => problem,
            Err(seconds) => Problem::rate_limited(seconds),
        }
    }
}

/// Finds out who is asking; without an active key the answer is 401, for paths without a route too.
///
/// # Errors
/// Those of the routes behind it.
pub async fn authenticate<B: MessageBody + 'static>(
    authenticator: web::Data<Authenticator>,
    gate: web::Data<Gate>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let peer = request.peer_addr().map(|address| address.ip());
    match caller_of(&authenticator, &gate, peer, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

/// Whose key a request carries.
///
/// # Errors
/// 401, or 429 after too many failed checks of that address; 503 when the database is away.
pub async fn caller_of(
    authenticator: &Authenticator,
    gate: &Gate,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> Result<Arc<Caller>, Problem> {
    let caller = match bearer(headers) {
        Some(key) => authenticator
            .caller(&key)
            .await
            .map_err(|_| Problem::unavailable())?,
        None => None,
    };
    caller.ok_or_else(|| {
        gate.refuse(
            gate.client(peer, headers),
            "api_key",
            Problem::unauthenticated(),
        )
    })
}
