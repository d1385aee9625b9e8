//! The Convo server as a library: the shell around the application.
//!
//! - [`settings`]: defaults, file, environment.
//! - [`serve`]: listening and draining; [`app`]: what one thread serves; [`routes`] and [`openapi`]:
//!   which routes there are and their document.
//! - [`api`]: the application's routes; [`wiring`]: the application out of settings; [`ticker`]: what is due by itself.
//! - [`export`]: whole tables as files.
//! - [`gauges`]: what waits and since when, measured when somebody asks.
//! - [`http`]: what every request passes through; [`problem`]: errors on the wire.
//! - [`ws`]: the event log as it happens; [`dashboard`]: the pages people look at.
//! - [`outbox`] and [`mailer`]: what sends mail.
//! - [`auth`]: keys, scopes, and handlers that say what they need.
//! - [`cli`]: the command line; [`demo`]: a week of made-up campaigns.
//! - [`clock`] and [`ids`]: the only places that read a clock or draw randomness.
//! - [`logging`]: one JSON object a line.

pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod dashboard;
pub mod demo;
pub mod export;
pub mod gauges;
pub mod http;
pub mod ids;
pub mod logging;
pub mod mailer;
pub mod openapi;
pub mod outbox;
pub mod pages;
pub mod problem;
pub mod redis;
pub mod routes;
pub mod serve;
pub mod settings;
#[cfg(test)]
mod testing;
pub mod ticker;
pub mod wiring;
pub mod ws;
