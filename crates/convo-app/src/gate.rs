//! The send gate over the database: who may be written to now, and leave to do so once.
//!
//! The decision is the core's, [`convo_core::gate::may_send`]. Everything here brings it the facts of a lead and
//! keeps what it allowed: a *lease* is leave for one mail under a Message-ID drawn for it. A lease is no promise: when
//! it is used the same function judges the facts of that moment, inside the transaction that stores the mail.
//!
//! | module | holds |
//! |---|---|
//! | `known` | what the database says of leads, read in bulk, and what this batch did to it |
//! | `facts` | the facts of a mail, judged |
//! | `fared` | mail sent, addresses found dead and complaints, by the hour |
//! | `lease` | leases and what they claim |
//! | `leave` | from what is asked for to leave or refusal |
//! | `mint` | id, reply address and header fields of a mail that somebody else sends |
//! | `may_send`, `sent`, `prepare`, `drafts` | the commands |

mod drafts;
mod facts;
mod fared;
mod known;
mod lease;
mod leave;
mod may_send;
mod mint;
mod prepare;
mod sent;

use chrono::{DateTime, Utc};
use convo_core::gate;
use serde::Serialize;

pub(crate) use drafts::Drafted;
pub(crate) use fared::{Fate, hour, scope_name};
pub(crate) use known::Known;
pub(crate) use lease::Leases;

pub(crate) use leave::{Asked, Leave, Speaker};
pub(crate) use mint::{disclosed, disclosed_html, says_automatic};

use crate::wire::as_maybe_time;

/// One reason not to send, on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Which.
    pub code: &'static str,
    /// In a sentence without personal data.
    pub detail: String,
    /// When it ends by itself.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_maybe_time"
    )]
    pub until: Option<DateTime<Utc>>,
}

impl Denial {
    /// A reason that does not end by itself.
    pub(crate) fn new(code: &'static str, detail: &str) -> Self {
        Self {
            code,
            detail: detail.to_owned(),
            until: None,
        }
    }
}

impl From<gate::Denial> for Denial {
    fn from(denial: gate::Denial) -> Self {
        Self {
            code: denial.code.as_str(),
            detail: denial.detail,
            until: denial.until,
        }
    }
}

/// Denials as they are shown.
pub(crate) fn shown(denials: Vec<gate::Denial>) -> Vec<Denial> {
    denials.into_iter().map(Denial::from).collect()
}

/// What a batch has read and decided about sending.
#[derive(Default)]
pub(crate) struct Memory {
    /// What the database says of leads.
    pub known: std::collections::HashMap<uuid::Uuid, Known>,
    /// Leases put in this batch, and those read.
    pub leases: Leases,
    /// How mail of a scope fared, from a time on, in the database.
    pub fared: std::collections::HashMap<String, fared::Read>,
    /// Whether everything is paused after a restore, where it was asked.
    pub paused: Option<bool>,
    /// Drafts put in this batch.
    pub drafts: Vec<convo_store::rows::DraftRow>,
}
