//! A person says where a mail belongs.

use convo_core::vocabulary::Author;
use convo_email::InboundEmail;
use convo_threading::automated::Class;
use uuid::Uuid;

use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::error::AppError;
use crate::handover::Relay;

/// Whether a mail reports what became of one of ours.
pub(crate) fn is_report(mail: &InboundEmail) -> bool {
    matches!(
        mail.class(),
        Class::Bounce | Class::Delay | Class::SpamReport
    )
}

impl Batch<'_, '_> {
    /// The place in a conversation a person has named: who wrote the mail still decides what it is.
    pub(super) fn placed_by_hand(
        &mut self,
        arriving: &Arriving<'_>,
        conversation: Uuid,
    ) -> Result<Route, AppError> {
        let lead = self
            .conversation(conversation)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let place = |author| Place::new(conversation, 6, "review", author);
        if is_report(arriving.mail) {
            return Ok(Route::There(place(Author::System)));
        }
        if let Some(own) = self.own_sender(arriving.mail, arriving.our_addresses)? {
            // What an agent wrote for the lead has reached nobody yet.
            if let Some(relay) = self.relay_of_own(arriving, own)? {
                return Ok(Route::Relay(Relay {
                    conversation,
                    ..relay
                }));
            }
            return Ok(Route::There(own.place(conversation, 6, "review")));
        }
        if arriving.said_opt_out {
            // The person vouches that it is this lead who asks, from whatever address.
            return Ok(Route::There(place(Author::Lead)));
        }
        let sender = arriving.mail.from.as_ref().map(|from| from.email.clone());
        let known = self.lead_of_address(&sender.unwrap_or_default())?;
        if self.held_for_agent(arriving, known)?.is_some() {
            return Err(AppError::conflict(
                "it is written to an agent's address: make its sender's address one of the agent's first",
            ));
        }
        if known != Some(lead) {
            return Ok(Route::There(place(Author::Other)));
        }
        if arriving.mail.class() != Class::Human {
            return Ok(Route::There(place(Author::Lead)));
        }
        self.settle(arriving, place(Author::Lead), known)
    }
}
