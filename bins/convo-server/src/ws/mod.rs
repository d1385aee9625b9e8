//! `/ws`: the event log as it happens, over a WebSocket.
//!
//! | module | holds |
//! |---|---|
//! | `upgrade` | who gets in: origin, key or ticket, room |
//! | `session` | one connection: its frames, its events, its end |
//! | `in_hand` | bytes handed to a connection and not taken yet: bounded |
//! | `frames` | what clients say and what they are told |
//! | `wire` | cutting a connection whose client does not read |
//! | `revoked` | ending sessions whose keys were revoked |
//! | `meters` | what is counted |
//!
//! What events there are and who gets them is in [`convo_app::live`]; nothing there knows a socket.

mod frames;
mod in_hand;
mod meters;
mod revoked;
mod session;
mod upgrade;
mod wire;

use std::sync::Arc;

use utoipa_actix_web::service_config::ServiceConfig;

pub use meters::describe;
pub use revoked::watch;
pub use wire::remember;

use crate::settings::Live;

/// What every session relies on.
pub struct Sockets {
    /// The application.
    pub app: convo_app::App,
    /// Limits and origins.
    pub settings: Live,
}

/// Adds the route.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(upgrade::ws);
}

/// What [`configure`] needs behind it.
#[must_use]
pub fn data(app: convo_app::App, settings: Live) -> actix_web::web::Data<Sockets> {
    actix_web::web::Data::from(Arc::new(Sockets { app, settings }))
}
