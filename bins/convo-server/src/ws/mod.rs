//! `/ws`: the event log as it happens, over a WebSocket.
//!
//! | module | holds |
//! |---|---|
//! | `upgrade` | who gets in: origin, key or ticket, room |
//! | `takeover` | the connection, which HTTP gives up to the session |
//! | `line` | messages over the connection |
//! | `session` | one connection: its events, its silence, its end |
//! | `answer` | what clients ask for |
//! | `frames` | what clients say |
//! | `leave` | why a connection ends |
//! | `revoked` | ending sessions whose keys were revoked |
//! | `meters` | what is counted |
//!
//! What events there are and who gets them is in [`convo_app::live`]; nothing there knows a socket.

mod answer;
mod frames;
mod leave;
mod line;
mod meters;
mod revoked;
mod session;
mod takeover;
mod upgrade;

use std::sync::{Arc, OnceLock};

use convo_app::live::Log;
use utoipa_actix_web::service_config::ServiceConfig;

pub use meters::describe;
pub use revoked::watch;
pub use takeover::{Claim, Connection};

use crate::settings::Live;

/// What every session relies on.
pub struct Sockets {
    /// The application.
    pub app: convo_app::App,
    /// Limits and origins.
    pub settings: Live,
    /// The event log.
    log: Arc<dyn Log>,
    /// Counts the events that are sent; looked up once, when there is one.
    sent: OnceLock<metrics::Counter>,
}

impl Sockets {
    fn count_sent(&self, events: usize) {
        self.sent.get_or_init(meters::sent).increment(events as u64);
    }
}

/// Adds the route.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(upgrade::ws);
}

/// What [`configure`] needs behind it.
#[must_use]
pub fn data(app: convo_app::App, settings: Live) -> actix_web::web::Data<Sockets> {
    actix_web::web::Data::from(Arc::new(Sockets {
        log: Arc::new(app.store().clone()),
        app,
        settings,
        sent: OnceLock::new(),
    }))
}
