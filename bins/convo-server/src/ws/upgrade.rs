//! Who gets in.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, get, web};
use convo_app::live::Stream;
use convo_app::{Actor, App, Command, Envelope, tickets};
use serde::Deserialize;

use super::Sockets;
use super::in_hand::InHand;
use super::session::{Admitted, Socket};
use super::wire::Wire;
use crate::auth::{Authenticator, Caller, Gate, bearer, caller_of};
use crate::clock;
use crate::http::input::QueryString;
use crate::problem::{Code, Problem};
use crate::wiring;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Ticket {
    /// A ticket of `POST /api/ws-tickets`, for those who can neither set a header nor keep a key.
    #[param(nullable = false)]
    ticket: Option<String>,
}

/// The event log as it happens, as a WebSocket; `docs/websocket.md` has the protocol.
///
/// Who gives neither a key nor a ticket authenticates with the first frame.
#[utoipa::path(
    tag = "events",
    params(Ticket),
    security((), ("apiKey" = [])),
    responses((status = 101, description = "The connection is a WebSocket now"))
)]
#[get("/ws")]
pub async fn ws(
    request: HttpRequest,
    body: web::Payload,
    query: QueryString<Ticket>,
    sockets: web::Data<Sockets>,
    authenticator: web::Data<Authenticator>,
    gate: web::Data<Gate>,
) -> Result<HttpResponse, Problem> {
    // Before anything is used up by a request that could not become a WebSocket.
    if !request.headers().contains_key(header::UPGRADE) {
        return Err(no_upgrade());
    }
    same_origin(request.headers(), &sockets.settings.origins)?;
    let peer = request.peer_addr().map(|address| address.ip());
    let client = gate.client(peer, request.headers());
    let admitted = match (bearer(request.headers()), &query.0.ticket) {
        (Some(_), _) => {
            Admitted::As(caller_of(&authenticator, &gate, peer, request.headers()).await?)
        }
        // A page cannot read the status of a refused upgrade: it is told in a frame.
        (None, Some(ticket)) => match redeem(&sockets.app, ticket).await? {
            Some(caller) => Admitted::As(Arc::new(caller)),
            None => {
                let _ = gate.refuse(client, "ws_ticket", Problem::unauthenticated());
                Admitted::Not
            }
        },
        (None, None) => Admitted::NotYet,
    };
    let store = sockets.app.store().clone();
    let head = web::block(move || convo_app::live::Log::head(&store)).await;
    let head = head.map_err(|_| Problem::unavailable())??;
    let listener = sockets.app.hub().listener(sockets.settings.max_connections);
    let listener = listener.ok_or_else(Problem::unavailable)?;
    let (response, session, frames) = actix_ws::handle(&request, body).map_err(|_| no_upgrade())?;
    let in_hand = InHand::default();
    let response = in_hand.watch(response);
    let socket = Socket {
        in_hand,
        stream: Stream::new(Arc::new(sockets.app.store().clone()), listener),
        session,
        sockets: sockets.into_inner(),
        authenticator: authenticator.into_inner(),
        gate: gate.into_inner(),
        client,
        caller: None,
        prev: 0,
        wrong: 0,
    };
    actix_web::rt::spawn(socket.run(frames, Wire::of(&request), admitted, head));
    Ok(response)
}

fn no_upgrade() -> Problem {
    Problem::invalid_field("Upgrade", "must ask for a websocket of version 13")
}

/// Pages of other sites must not use the key their visitor has here; programs send no origin.
fn same_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = origin.split_once("://").map(|(_, host)| host);
    let same = host.is_some() && host == text(header::HOST);
    if same || allowed.iter().any(|one| one.eq_ignore_ascii_case(origin)) {
        return Ok(());
    }
    let message = "the page's origin is not allowed: see live.origins";
    Err(Problem::new(Code::Forbidden, message))
}

/// Whose ticket it is; none for one that is made up, used, or too old.
async fn redeem(app: &App, text: &str) -> Result<Option<Caller>, Problem> {
    let Some(ticket) = tickets::read(app.context(), text, clock::now()) else {
        return Ok(None);
    };
    let used = Envelope {
        // A ticket that is used is no news.
        silent: true,
        ..Envelope::new(
            Command::UseTicket {
                digest: ticket.digest,
            },
            Actor::Code("system"),
        )
    };
    if app.run(used).await?.status != 200 {
        return Ok(None);
    }
    let Some(key) = ticket.key else {
        return Ok(Some(Caller::bootstrap()));
    };
    let app = app.clone();
    let row = web::block(move || app.read(|reader| Ok(reader.api_keys_by_ids(&[key])?.pop())));
    let row = row.await.map_err(|_| Problem::unavailable())??;
    Ok(row
        .filter(|row| row.revoked_at.is_none())
        .map(|row| Caller::of(wiring::key_record(row))))
}
