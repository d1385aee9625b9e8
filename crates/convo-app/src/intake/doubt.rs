//! Mail that is not from whom it says: shown where it would have gone, and nobody's word.
//!
//! It opens, reopens and makes nothing; it is no reply, signal, opt-out, delivery report or word of ours.
//! A person may vouch for it, by saying where it goes or by `attach` on what is stored already.

use convo_core::vocabulary::Author;
use convo_email::{InboundEmail, Origin, authentication};

use super::{Arrival, Place, Route};
use crate::context::Context;

impl Arrival<'_> {
    /// What the host that took the mail in says of its author; a person who has seen it knows better.
    pub(super) fn origin(&self, mail: &InboundEmail, context: &Context) -> Origin {
        if self.vouched || self.placed.is_some() {
            return Origin::Unknown;
        }
        authentication::origin(&mail.headers, &context.trusted_auth_hosts)
    }
}

impl Route {
    /// The same way for a mail whose author is disproved.
    pub(super) fn doubted(self) -> Self {
        match self {
            Self::There(place) => Self::There(Place {
                author: Author::Other,
                ..place
            }),
            Self::New { .. } | Self::NewLead { .. } | Self::Silence { .. } => {
                Self::Review("unverified_sender")
            }
            Self::Relay(relay) => Self::Held {
                relay,
                reason: "unverified_own_mail",
            },
            Self::Duplicate(_)
            | Self::Review(_)
            | Self::Held { .. }
            | Self::Forgotten(_)
            | Self::Notice(_) => self,
        }
    }
}
