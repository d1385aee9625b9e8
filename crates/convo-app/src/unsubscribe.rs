//! Taking oneself off by one click (RFC 8058): a signed link names a conversation, a GET shows, a POST acts.
//!
//! A link is the conversation's id and the first 16 bytes of an HMAC-SHA256 over it under the instance's key, in
//! URL-safe base64. It has no end: a mail is found again after years, and its link must still work.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use convo_email::EventKind;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::context::Context;
use crate::error::AppError;
use crate::records::no_content;
use crate::wire::address_key;

/// The source of suppressions that a link made.
pub(crate) const ONE_CLICK: &str = "one_click";

const LABEL: &str = "unsubscribe";
const TAG: usize = 16;

/// The link of a conversation.
#[must_use]
pub fn link(context: &Context, conversation: Uuid) -> String {
    context.link("u", &sign(context, conversation))
}

/// The signed part of a conversation's link.
#[must_use]
pub fn sign(context: &Context, conversation: Uuid) -> String {
    let mut claim = conversation.as_bytes().to_vec();
    claim.extend_from_slice(&tag(context, conversation));
    URL_SAFE_NO_PAD.encode(claim)
}

/// The conversation a signed part names; none for one we did not sign.
#[must_use]
pub fn open(context: &Context, signed: &str) -> Option<Uuid> {
    let claim = URL_SAFE_NO_PAD.decode(signed).ok()?;
    let (id, given) = claim.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    let expected = tag(context, id);
    (expected.len() == TAG && bool::from(expected.ct_eq(given))).then_some(id)
}

fn tag(context: &Context, conversation: Uuid) -> Vec<u8> {
    let mut tag = context.keyed(LABEL, &[conversation.as_bytes()]);
    tag.truncate(TAG);
    tag
}

impl Batch<'_, '_> {
    /// A POST to the link of a conversation: the same as the provider's `unsubscribed`; again it changes nothing,
    /// until the person has written since.
    pub(crate) fn one_click(&mut self, conversation: Uuid) -> Result<Answer, AppError> {
        let entry = self.conversation(conversation)?;
        let lead = entry.ok_or(AppError::NotFound)?.row.lead_id;
        let person = self.lead(lead)?.ok_or(AppError::NotFound)?;
        // Who was forgotten is written to no more.
        if person.row.erased_at.is_some() {
            return Ok(no_content());
        }
        let (primary, said) = (address_key(&person.row.email), person.facts.opted_out_at());
        let standing = self.active_suppressions(&primary)?;
        let standing = standing.iter().any(|row| row.reason == "opt_out");
        let heard = self.heard_of(lead)?;
        if standing && said.is_some() && said >= heard {
            return Ok(no_content());
        }
        // It comes after every mail that is here, even one whose clock is ahead of ours.
        let at = self.now.max(heard.unwrap_or(self.now));
        self.opted_out_by = Some(ONE_CLICK);
        let told = self.told(conversation, &EventKind::Unsubscribed, at);
        self.opted_out_by = None;
        told?;
        Ok(no_content())
    }
}

impl Batch<'_, '_> {
    /// Own time of the newest reply in any conversation of a lead.
    fn heard_of(&mut self, lead: Uuid) -> Result<Option<DateTime<Utc>>, AppError> {
        let mut newest = None;
        for id in self.conversations_of(lead)? {
            let entry = self.conversation(id)?;
            newest = newest.max(entry.and_then(|entry| entry.facts.tally.last_reply_at()));
        }
        Ok(newest)
    }
}

#[cfg(test)]
mod tests;
