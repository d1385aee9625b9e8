//! Who gets in.

use std::convert::Infallible;
use std::sync::Arc;

use actix_http::body::{BodyStream, MessageBody as _};
use actix_http::ws::handshake;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, get, web};
use convo_app::live::Stream;
use convo_app::{Actor, App, Command, Envelope, tickets};
use futures_util::stream;
use serde::Deserialize;

use super::Sockets;
use super::line::Line;
use super::session::{Admitted, Socket};
use super::takeover::Claim;
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
    security((), ("bearer" = [])),
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
    let mut response = handshake(request.head()).map_err(|_| no_upgrade())?;
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
    let listener = sockets.app.hub().listener(sockets.settings.max_connections);
    let listener = listener.ok_or_else(Problem::unavailable)?;
    let stream = Stream::new(Arc::clone(&sockets.log), listener);
    let head = stream.head().await?;
    let taken = request.conn_data::<Claim>().and_then(Claim::take);
    let taken = taken.ok_or_else(no_upgrade)?;
    let (sockets, authenticator, gate) = (
        sockets.into_inner(),
        authenticator.into_inner(),
        gate.into_inner(),
    );
    // Runs when HTTP has written the answer below and given the connection up.
    actix_web::rt::spawn(async move {
        let Some(line) = Line::inherit(taken, body).await else {
            return;
        };
        let socket = Socket {
            line,
            stream,
            sockets,
            authenticator,
            gate,
            client,
            reads: None,
            prev: 0,
            wrong: 0,
            silent: 0,
        };
        // A task of its own: this one's state holds what was needed on the way here.
        actix_web::rt::spawn(socket.run(admitted, head));
    });
    let nothing = BodyStream::new(stream::empty::<Result<web::Bytes, Infallible>>());
    let response = response.message_body(nothing.boxed());
    Ok(response.map_err(|_| Problem::internal())?.into())
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
