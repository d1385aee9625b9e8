//! Who is logged in: a cookie that stands for a key.
//!
//! The cookie holds the key's hash, an end and a signature of the instance's key, so that every node can read what
//! another gave out and a stolen one is good for no longer than that. Each request asks for the key anew, as the API
//! does: a revoked key is out within the same 5 seconds.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use convo_app::context::Context;
use convo_dashboard::Viewer;
use subtle::ConstantTimeEq as _;

use super::answer::Refused;
use crate::api::Api;
use crate::auth::{Authenticator, Caller, Gate, KeyHash, Scope};
use crate::problem::Problem;
use crate::{clock, ids};

/// The cookie of a session.
pub const COOKIE: &str = "convo_session";
/// The cookie of the form that asks for a key: there is no session yet that its token could belong to.
pub const ENTRY_COOKIE: &str = "convo_entry";
/// How long one is logged in, in seconds.
const LIFETIME: i64 = 12 * 3600;
/// Key hash, end in seconds, nonce.
const CLAIM: usize = 32 + 8 + 16;

/// Somebody who is logged in with a key that may read.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose key it is.
    pub caller: Arc<Caller>,
    /// What every POST of this session carries.
    pub csrf: String,
}

impl Session {
    /// Refuses a key that lacks a scope.
    ///
    /// # Errors
    /// 403 naming the first scope that is missing.
    pub fn needs(&self, scopes: &[Scope]) -> Result<(), Problem> {
        let missing = scopes
            .iter()
            .find(|scope| !self.caller.scopes.allow(**scope));
        missing.map_or(Ok(()), |scope| Err(Problem::forbidden(scope.name())))
    }

    /// The same, as pages know it.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        let may = |scope| self.caller.scopes.allow(scope);
        Viewer {
            name: self.caller.name.clone(),
            agent: self.caller.agent_id.map(|id| id.to_string()),
            may_write: may(Scope::Write),
            may_act: may(Scope::Write) && may(Scope::Agent),
            may_administer: may(Scope::Admin),
            csrf: self.csrf.clone(),
            once: ids::new_id().to_string(),
        }
    }
}

impl FromRequest for Session {
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refused>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let found = of(&request).await?;
            let session = found.ok_or_else(|| Refused::outside(&request))?;
            session.needs(&[Scope::Read])?;
            Ok(session)
        })
    }
}

/// Who is logged in with this request, whatever the key may do.
///
/// # Errors
/// 503 when the database is away.
pub async fn of(request: &HttpRequest) -> Result<Option<Session>, Problem> {
    let data = || {
        let api = request.app_data::<web::Data<Api>>()?;
        Some((api, request.app_data::<web::Data<Authenticator>>()?))
    };
    let (api, authenticator) = data().ok_or_else(Problem::internal)?;
    let context = api.app.context();
    let Some(cookie) = request.cookie(COOKIE) else {
        return Ok(None);
    };
    let Some(hash) = read(context, cookie.value(), clock::now()) else {
        return Ok(None);
    };
    let caller = authenticator.caller_with(hash).await;
    let caller = caller.map_err(|_| Problem::unavailable())?;
    Ok(caller.map(|caller| Session {
        caller,
        csrf: csrf(context, cookie.value()),
    }))
}

/// What a cookie says that stands for this key from now on.
///
/// # Errors
/// 500 where the operating system has no randomness.
pub fn issue(context: &Context, hash: KeyHash, now: DateTime<Utc>) -> Result<String, Problem> {
    let nonce: [u8; 16] = ids::random_bytes().map_err(|_| Problem::internal())?;
    let mut claim = hash.0.to_vec();
    claim.extend_from_slice(&(now.timestamp() + LIFETIME).to_be_bytes());
    claim.extend_from_slice(&nonce);
    let signature = context.keyed("page_session", &[&claim]);
    claim.extend_from_slice(&signature);
    Ok(URL_SAFE_NO_PAD.encode(claim))
}

/// The key a cookie stands for; none for one that is not ours or is over.
fn read(context: &Context, text: &str, now: DateTime<Utc>) -> Option<KeyHash> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (claim, signature) = bytes.split_at_checked(CLAIM)?;
    let expected = context.keyed("page_session", &[claim]);
    if expected.is_empty() || !bool::from(expected.ct_eq(signature)) {
        return None;
    }
    let end = i64::from_be_bytes(claim.get(32..40)?.try_into().ok()?);
    (now.timestamp() < end).then_some(KeyHash(claim.get(..32)?.try_into().ok()?))
}

/// The token that belongs to a cookie; nobody without the instance's key can make it.
#[must_use]
pub fn csrf(context: &Context, cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(context.keyed("page_csrf", &[cookie.as_bytes()]))
}

/// Whether a token belongs to a cookie.
#[must_use]
pub fn belongs(context: &Context, cookie: &str, token: &str) -> bool {
    csrf(context, cookie)
        .as_bytes()
        .ct_eq(token.as_bytes())
        .into()
}

/// A cookie of ours: no script reads it, no other site's request carries it, and over TLS it goes over nothing else.
#[must_use]
pub fn cookie(request: &HttpRequest, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(is_https(request))
        .max_age(Duration::seconds(LIFETIME))
        .finish()
}

/// The same cookie, gone.
#[must_use]
pub fn gone(request: &HttpRequest, name: &'static str) -> Cookie<'static> {
    let mut cookie = cookie(request, name, String::new());
    cookie.make_removal();
    cookie
}

/// Whether the browser speaks TLS: by our public address, or by a trusted proxy's word.
fn is_https(request: &HttpRequest) -> bool {
    let api = request.app_data::<web::Data<Api>>();
    let public =
        api.is_some_and(|api| api.app.context().sending.public_url.starts_with("https://"));
    let gate = request.app_data::<web::Data<Gate>>();
    let peer = request.peer_addr().map(|address| address.ip());
    let trusted = gate.zip(peer).is_some_and(|(gate, peer)| {
        gate.trusted_proxies
            .iter()
            .any(|network| network.contains(peer))
    });
    let said = request.headers().get("x-forwarded-proto");
    public || trusted && said.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}
