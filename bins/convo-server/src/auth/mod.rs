//! Who is asking and what they may do: API keys, scopes, and handlers that say what they need.
//!
//! [`authenticate`] stands before every route that needs a key and answers 401; the handler's
//! [`Authorized`] argument answers 403. Data cannot be reached without both.

mod authenticate;
mod authenticator;
mod authorized;
mod first_key;
mod key;
mod scope;

pub use authenticate::{Gate, authenticate, caller_of};
pub use authenticator::{Authenticator, KeyLookup, KeyRecord, LookupFailed};
pub use authorized::{Admin, Agent, Authorized, Caller, Permission, Read, Write};
pub use first_key::FirstKey;
pub use key::{ApiKey, KeyHash, bearer};
pub use scope::{Scope, Scopes};

#[cfg(test)]
mod tests;
