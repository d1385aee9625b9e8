//! Bounces, delays and complaints: believed only of a mail we sent, and of whom it went to.

use convo_core::vocabulary::{Author, Direction};
use convo_email::{FailureClass, InboundEmail, ReportKind, ReportedRecipient};
use convo_store::MessageHead;

use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::error::AppError;
use crate::wire::address_key;

/// The mail of ours among those known under one Message-ID.
pub(crate) fn sent(heads: &[MessageHead]) -> Option<&MessageHead> {
    heads
        .iter()
        .find(|head| head.direction == Direction::Outbound.as_str())
}

/// Whether a report speaks of one of these addresses, as compared.
pub(crate) fn speaks_of(recipient: &ReportedRecipient, addresses: &[String]) -> bool {
    named(recipient).any(|named| addresses.contains(&named))
}

impl Batch<'_, '_> {
    /// A report names a mail of ours, and nobody else than whom that went to; otherwise a person has to look.
    ///
    /// Nobody looks at what is said of a person who was forgotten.
    pub(super) fn route_report(&mut self, arriving: &Arriving<'_>) -> Result<Route, AppError> {
        let forged = arriving.origin.is_forged();
        let report = arriving.mail.report.as_ref();
        let original = report.and_then(|report| report.original_message_id.clone());
        let replied = arriving.mail.chain.parent().cloned();
        let candidates = [
            (original, "report:original-message-id"),
            (replied, "report:in-reply-to"),
        ];
        for (id, evidence) in candidates {
            let Some(id) = id else { continue };
            let Some(ours) = sent(self.heads(id.as_str())?).cloned() else {
                match self.notice_of(&id)? {
                    Some(row) if !forged => return Ok(Route::Notice(Box::new(row))),
                    _ => continue,
                }
            };
            let mut place = Place::new(ours.conversation_id, 0, evidence, Author::System);
            if self.is_forgotten(ours.lead_id)? {
                // Whom it went to is not known any more.
                place.about = (!forged).then_some((ours.id, ours.rfc_id));
                return Ok(Route::Forgotten(place));
            }
            if forged {
                continue;
            }
            let went_to = self.went_to(&ours)?;
            if !fits(arriving.mail, &went_to) {
                return Ok(Route::Review("report_of_another_recipient"));
            }
            place.about = Some((ours.id, ours.rfc_id));
            place.went_to = Some(went_to);
            return Ok(Route::There(place));
        }
        Ok(Route::Review(if forged {
            "unverified_report"
        } else {
            "unmatched_report"
        }))
    }

    /// Whether a report tells for the first time that an address our mail went to is dead: no flood drowns that.
    pub(super) fn proves_dead(
        &mut self,
        mail: &InboundEmail,
        place: &Place,
    ) -> Result<bool, AppError> {
        let (Some(report), Some(went_to)) = (&mail.report, &place.went_to) else {
            return Ok(false);
        };
        for one in &report.recipients {
            if one.class != Some(FailureClass::Hard) || !speaks_of(one, went_to) {
                continue;
            }
            let Some(failed) = one.original.as_ref().or(one.address.as_ref()) else {
                continue;
            };
            let standing = self.active_suppressions(&address_key(failed))?;
            if !standing.iter().any(|row| row.reason == "hard_bounce") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The addresses a mail of ours went to, as compared: those it names; where none of them is its lead's
    /// (recorded without, or sent to a list), the lead's too.
    fn went_to(&mut self, ours: &MessageHead) -> Result<Vec<String>, AppError> {
        let mut named = self.written_to(ours.id)?;
        let mut theirs = self.aliases_of_lead(ours.lead_id)?;
        let primary = self.lead(ours.lead_id)?.map(|lead| lead.row.email.clone());
        theirs.extend(primary);
        let theirs: Vec<String> = theirs.iter().map(|address| address_key(address)).collect();
        if !theirs.iter().any(|address| named.contains(address)) {
            named.extend(theirs);
        }
        Ok(named)
    }
}

/// Whether a report is about one of these addresses; one that names nobody is.
fn fits(mail: &InboundEmail, addresses: &[String]) -> bool {
    let Some(report) = &mail.report else {
        return true;
    };
    let complaint = report.kind == ReportKind::Complaint;
    let mut named = report
        .recipients
        .iter()
        .filter(|one| named(one).next().is_some() && !(complaint && is_redacted(one)))
        .peekable();
    named.peek().is_none() || named.any(|one| speaks_of(one, addresses))
}

fn named(recipient: &ReportedRecipient) -> impl Iterator<Item = String> {
    let both = [&recipient.original, &recipient.address];
    both.into_iter()
        .flatten()
        .map(|address| address_key(address))
}

/// Mailbox providers tell who complained only to say that they do not.
fn is_redacted(recipient: &ReportedRecipient) -> bool {
    named(recipient).all(|address| address.contains("redacted"))
}
