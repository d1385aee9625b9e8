//! Logging in and out, and tickets for the page's WebSocket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convo_app::{tickets, wire};
use convo_dashboard::{Page, Waits, entry};

use super::answer::{self, Refused, asked, see_other};
use super::form::{self, Posted};
use super::session::{self, COOKIE, ENTRY_COOKIE};
use crate::api::Api;
use crate::auth::{ApiKey, Authenticator, Gate, Scope};
use crate::problem::Problem;
use crate::{clock, ids};

/// `GET /login`: asks for a key.
pub async fn ask(request: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let to = asked(&query, "to").filter(|to| is_here(to)).unwrap_or("/");
    let inside = session::of(&request).await?;
    if inside.is_some_and(|session| session.needs(&[Scope::Read]).is_ok()) {
        return Ok(see_other(to, &[]));
    }
    form_page(&request, &api, to, None)
}

/// `POST /login`: a key that may read becomes a session.
pub async fn log_in(
    request: HttpRequest,
    payload: web::Payload,
    api: web::Data<Api>,
    authenticator: web::Data<Authenticator>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Refused> {
    let fields = form::read(&request, &mut payload.into_inner()).await?;
    let to = fields.text("to").filter(|to| is_here(to)).unwrap_or("/");
    if let Err(problem) = form::guard(&request, ENTRY_COOKIE, &fields) {
        return form_page(
            &request,
            &api,
            to,
            Some((
                problem,
                "Please try again: the form was too old, or cookies are off.",
            )),
        );
    }
    let key = fields
        .text("key")
        .and_then(|text| ApiKey::given(text.trim()));
    let caller = match &key {
        Some(key) => authenticator
            .caller(key)
            .await
            .map_err(|_| Problem::unavailable())?,
        None => None,
    };
    let (Some(key), Some(caller)) = (key, caller) else {
        let peer = request.peer_addr().map(|address| address.ip());
        let client = gate.client(peer, request.headers());
        let problem = gate.refuse(client, "api_key", Problem::unauthenticated());
        let wrong = match problem.status_code() {
            StatusCode::TOO_MANY_REQUESTS => {
                "Too many wrong keys from your address: wait a minute."
            }
            _ => "No active key is like that.",
        };
        return form_page(&request, &api, to, Some((problem, wrong)));
    };
    if !caller.scopes.allow(Scope::Read) {
        let problem = Problem::forbidden(Scope::Read.name());
        return form_page(
            &request,
            &api,
            to,
            Some((problem, "This key may not read.")),
        );
    }
    let value = session::issue(api.app.context(), key.hash(), clock::now())?;
    let cookies = [
        session::cookie(&request, COOKIE, value),
        session::gone(&request, ENTRY_COOKIE),
    ];
    Ok(see_other(to, &cookies))
}

/// `POST /logout`.
pub async fn log_out(_posted: Posted, request: HttpRequest) -> HttpResponse {
    see_other("/login", &[session::gone(&request, COOKIE)])
}

/// `POST /live/ticket`: a ticket for one WebSocket, as `POST /api/ws-tickets` gives it, for a session that may read.
pub async fn ticket(posted: Posted, api: web::Data<Api>) -> HttpResponse {
    let key = posted.session.caller.key_id;
    let (ticket, expires_at) = tickets::issue(api.app.context(), key, clock::now());
    let body = serde_json::json!({"ticket": ticket, "expiresAt": wire::time(expires_at)});
    HttpResponse::Created().json(body)
}

/// The form, with the cookie its token belongs to.
fn form_page(
    request: &HttpRequest,
    api: &Api,
    to: &str,
    wrong: Option<(Problem, &str)>,
) -> Result<HttpResponse, Refused> {
    // Several tabs share one: the form of each stays good.
    let given = request
        .cookie(ENTRY_COOKIE)
        .map(|cookie| cookie.value().to_owned());
    let cookie = match given.filter(|value| {
        URL_SAFE_NO_PAD
            .decode(value)
            .is_ok_and(|bytes| bytes.len() == 16)
    }) {
        Some(value) => value,
        None => URL_SAFE_NO_PAD.encode(ids::random_bytes::<16>().map_err(|_| Problem::internal())?),
    };
    let csrf = session::csrf(api.app.context(), &cookie);
    let page = Page {
        name: "login",
        title: "Log in",
        viewer: None,
        live: None,
        waits: Waits::default(),
        paused: false,
        body: entry::log_in(&csrf, to, wrong.as_ref().map(|(_, text)| *text)),
    };
    let status = wrong
        .as_ref()
        .map_or(StatusCode::OK, |(problem, _)| problem.status_code());
    let mut answer = answer::html(status, page.render());
    let cookie = session::cookie(request, ENTRY_COOKIE, cookie);
    answer
        .add_cookie(&cookie)
        .map_err(|_| Problem::internal())?;
    Ok(answer)
}

/// Whether an address is a path of this server: a log-in never leads to another.
fn is_here(to: &str) -> bool {
    let second = to.as_bytes().get(1);
    to.starts_with('/')
        && !matches!(second, Some(b'/' | b'\\'))
        && !to.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_nowhere_else() {
        for to in ["/", "/conversations?state=NEW", "/leads/x"] {
            assert!(is_here(to), "{to}");
        }
        for to in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "evil",
        ] {
            assert!(!is_here(to), "{to}");
        }
    }
}
