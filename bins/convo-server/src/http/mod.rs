//! What every request passes through, and what every handler reads its input with.

pub mod access_log;
pub mod body;
pub mod client_address;
pub mod edge;
pub mod failed_checks;
pub mod form;
pub mod health;
pub mod idempotency;
pub mod input;
pub mod json;
pub mod metrics;
pub mod page;
pub mod payload;
pub mod request_id;
pub mod security_headers;
