//! Settings: compiled-in defaults, then a TOML file, then the environment.
//!
//! `default.toml` beside this file is both the documentation and the defaults. What is read is a
//! [`Settings`] of plain types; every problem found on the way is reported at once.

mod layers;
mod read;
mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use convo_app::SendMode;
pub use layers::{DEFAULTS, SettingsError, Sources};
pub use secret::{Secret, ServiceUrl};

use convo_core::Policy;
use convo_email::Address;

use crate::http::client_address::Network;

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Listening and its time limits.
    pub server: Server,
    /// Sizes and rates.
    pub limits: Limits,
    /// WebSockets.
    pub live: Live,
    /// Where the state lives.
    pub database: Database,
    /// What wakes other nodes, where there are any.
    pub redis: Option<ServiceUrl>,
    /// Folder of the attachments.
    pub storage: PathBuf,
    /// Our own addresses, lower case.
    pub our_addresses: Vec<String>,
    /// Names of the hosts whose `Authentication-Results` are believed, lower case.
    pub trusted_auth_hosts: Vec<String>,
    /// Keys of the webhooks.
    pub mailgun: Mailgun,
    /// The bootstrap key, at least 24 characters.
    pub bootstrap_key: Option<Secret>,
    /// How mail leaves the house.
    pub send: Send,
    /// The first policy version; later ones live in the database.
    pub policy: Policy,
    /// What is logged, and how.
    pub log: Log,
}

/// Listening and its time limits.
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port; port 0 picks a free one.
    pub bind: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// A listener of its own for `/metrics`.
    pub metrics_bind: Option<SocketAddr>,
    /// Threads that answer requests.
    pub workers: usize,
    /// Connections at once, over all threads.
    pub max_connections: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// How long the head of a request may take.
    pub head_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long requests under way get after SIGTERM.
    pub drain: Duration,
    /// Where people reach the server, without a slash at the end.
    pub public_url: Option<String>,
}

/// Sizes and rates.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest JSON body in bytes.
    pub json_bytes: usize,
    /// Largest webhook body in bytes.
    pub webhook_bytes: usize,
    /// Bytes of all bodies at once.
    pub memory_bytes: usize,
    /// Failed checks of an address in a minute.
    pub failed_checks_per_minute: u32,
}

/// WebSockets.
#[derive(Debug, Clone)]
pub struct Live {
    /// WebSockets at once.
    pub max_connections: usize,
    /// Between two pings of ours.
    pub ping_every: Duration,
    /// Origins of pages beside our own that may open one.
    pub origins: Vec<String>,
}

/// Where the state lives.
#[derive(Debug, Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`.
    pub url: ServiceUrl,
    /// A PostgreSQL elsewhere may be used without TLS.
    pub allow_plaintext: bool,
}

/// Keys of Mailgun's webhooks, and the domain to send from.
#[derive(Debug, Clone)]
pub struct Mailgun {
    /// The present signing key.
    pub signing_key: Option<Secret>,
    /// The key before the last rotation.
    pub previous_signing_key: Option<Secret>,
    /// The parent account's key.
    pub parent_signing_key: Option<Secret>,
    /// The key to send with.
    pub api_key: Option<Secret>,
    /// The domain to send from.
    pub domain: Option<String>,
    /// The address of the API.
    pub base_url: String,
}

/// How mail leaves the house.
#[derive(Debug, Clone)]
pub struct Send {
    /// Whether it does.
    pub mode: SendMode,
    /// Who writes.
    pub from: Option<Address>,
    /// Domain of the addresses that answers go to.
    pub reply_domain: String,
    /// Mails under way at once.
    pub parallel: usize,
    /// How long the provider may take for one mail.
    pub timeout: Duration,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// Our own lines up to this level; other crates' only from `warn`.
    pub level: log::LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Settings {
    /// Reads the settings from their three layers.
    ///
    /// # Errors
    /// [`SettingsError`] with every problem found, one sentence each, none repeating a secret.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        read::settings(layers::Layers::stack(sources))
    }
}

#[cfg(test)]
mod tests;
