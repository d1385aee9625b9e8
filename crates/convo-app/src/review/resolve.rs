//! `POST /api/review/{id}/resolve`: what a person decides.

use convo_core::change::Cause;
use convo_core::lead::LeadFactKind;
use convo_email::Address;
use convo_store::rows::ReviewRow;
use uuid::Uuid;

use super::holds::hold_of;
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::intake::{Arrival, Unparked, is_report};
use crate::message::UNVERIFIED;
use crate::records::{Suppressing, answer};
use crate::views;
use crate::webhook::{Effect, Status};
use crate::wire::{Resolve, is_address};

impl Batch<'_, '_> {
    /// `POST /api/review/{id}/resolve`.
    pub(crate) fn resolve_review(
        &mut self,
        id: Uuid,
        resolve: &Resolve,
    ) -> Result<Answer, AppError> {
        resolve.check()?;
        if let Some(conversation) = resolve.conversation_id
            && self.conversation(conversation)?.is_none()
        {
            return Err(AppError::invalid("conversationId", "names no conversation"));
        }
        if let Some(lead) = resolve.lead_id
            && self.lead(lead)?.is_none()
        {
            return Err(AppError::invalid("leadId", "names no lead"));
        }
        let row = self
            .reader
            .reviews_by_ids(&[id])?
            .pop()
            .ok_or(AppError::NotFound)?;
        if row.status != "open" || !self.resolved.insert(id) {
            return Err(AppError::conflict("the item is resolved already"));
        }
        // Marked first: nothing that is stored on the way places this mail by itself.
        let done = self.carry_out(&row, resolve);
        if done.is_err() {
            self.resolved.remove(&id);
        }
        done
    }

    fn carry_out(&mut self, row: &ReviewRow, resolve: &Resolve) -> Result<Answer, AppError> {
        let parked = Unparked::of(row);
        let mut known = None;
        let effect = match (resolve.action.as_str(), &parked) {
            ("discard", _) => Effect {
                status: Status::Ignored,
                ..Effect::default()
            },
            ("release_hold", _) => released(row)?,
            ("opt_out", Some(parked)) => self.mail_opts_out(parked, resolve)?,
            ("opt_out", None) => self.message_opts_out(row, resolve.lead_id)?,
            // The mail is stored where it belongs: what a person says is that it belongs there.
            ("attach", None) if row.reason == UNVERIFIED => {
                if resolve.conversation_id != row.conversation_id {
                    return Err(AppError::conflict(
                        "the mail is stored in another conversation",
                    ));
                }
                self.vouch(row)?
            }
            (_, None) => {
                return Err(AppError::conflict(
                    "the item holds no mail that could be placed",
                ));
            }
            ("attach", Some(parked)) => self.again(parked, resolve.conversation_id)?,
            ("alias", Some(parked)) => {
                let person = self.person_of(parked)?;
                self.make_alias(resolve.lead_id, &person.email)?;
                known = Some(person.email);
                self.again(parked, resolve.conversation_id)?
            }
            ("create_lead", Some(parked)) => {
                let person = self.person_of(parked)?;
                let effect = self.make_lead(parked, &person)?;
                known = Some(person.email);
                effect
            }
            _ => return Err(AppError::invalid("action", "is not possible")),
        };
        if let Some(reason) = &resolve.reason
            && let (Some(conversation), Some(lead)) = (effect.conversation, effect.lead)
        {
            let said = serde_json::json!({"action": resolve.action, "reason": reason, "triggeredBy": self.actor.text()});
            self.keep_metadata(conversation, lead, "review_resolved", &said);
        }
        let closed = self.close_review(row.clone(), &resolve.action, &effect)?;
        self.lift_hold(row)?;
        if let Some(address) = known {
            // Their other mail waited for the same word.
            self.place_parked_from(&[address])?;
        }
        answer(200, &views::review(&closed))
    }

    /// The mail goes through the same path, with its own date.
    fn again(&mut self, parked: &Unparked, to: Option<Uuid>) -> Result<Effect, AppError> {
        let arrival = Arrival {
            placed: to,
            vouched: true,
            ..parked.arrival()
        };
        let effect = self.arrive(&parked.mail, &arrival)?;
        if effect.status == Status::Review {
            return Err(AppError::conflict(
                "the mail still belongs nowhere: name a conversation",
            ));
        }
        Ok(effect)
    }

    /// Whom a parked mail is about: its sender, or of our own mail whom it was written to.
    fn person_of(&mut self, parked: &Unparked) -> Result<Address, AppError> {
        let mail = &parked.mail;
        if is_report(mail) {
            return Err(AppError::conflict("a report is no person's mail"));
        }
        if self.own_sender(mail, parked.our_addresses())?.is_some() {
            let to = self.stranger(mail, parked.our_addresses())?;
            return to.ok_or_else(|| {
                AppError::conflict("our own mail names nobody who could be a lead")
            });
        }
        let from = mail.from.clone();
        from.filter(|from| is_address(from.email.trim()))
            .ok_or_else(|| AppError::conflict("the mail names no sender"))
    }

    fn make_alias(&mut self, lead: Option<Uuid>, address: &str) -> Result<(), AppError> {
        let lead = lead.ok_or_else(|| AppError::invalid("leadId", "is needed for an alias"))?;
        match self.lead_of_address(address)? {
            Some(known) if known == lead => Ok(()),
            Some(_) => Err(AppError::conflict("the address belongs to another lead")),
            None => {
                self.put_lead_address(lead, address, false);
                self.record_changed("lead_changed", None, Some(lead), None);
                Ok(())
            }
        }
    }

    fn make_lead(&mut self, parked: &Unparked, person: &Address) -> Result<Effect, AppError> {
        let lead = match self.lead_of_address(&person.email)? {
            Some(lead) => lead,
            None => self.add_lead(&crate::intake::person(
                &person.email,
                person.name.as_deref(),
            ))?,
        };
        let arrival = Arrival {
            vouched: true,
            ..parked.arrival()
        };
        let effect = self.arrive(&parked.mail, &arrival)?;
        if effect.status != Status::Review {
            return Ok(effect);
        }
        // Automated mail opens no conversation by itself; a person who makes a lead of it does.
        let conversation = match self.most_recent(lead, None, true)? {
            Some(open) => open,
            None => self.add_conversation(lead, None, &parked.mail.subject, None)?,
        };
        self.again(parked, Some(conversation))
    }

    /// A person reads a parked mail as an opt-out: it is stored as one where its lead has a
    /// conversation, and its sender is suppressed too.
    fn mail_opts_out(&mut self, parked: &Unparked, resolve: &Resolve) -> Result<Effect, AppError> {
        let mail = &parked.mail;
        let own = self.own_sender(mail, parked.our_addresses())?.is_some();
        if own || is_report(mail) {
            return Err(AppError::conflict("the mail is nobody's word to us"));
        }
        let from = mail.from.as_ref().map(|from| from.email.trim().to_owned());
        let from = from.filter(|from| is_address(from));
        let of_sender = match &from {
            Some(from) => self.lead_of_address(from)?,
            None => None,
        };
        let lead = resolve.lead_id.or(of_sender);
        let here = match (resolve.conversation_id, lead) {
            (Some(conversation), _) => Some(conversation),
            (None, Some(lead)) => match self.most_recent(lead, None, true)? {
                Some(open) => Some(open),
                None => self.most_recent(lead, None, false)?,
            },
            (None, None) => None,
        };
        if let (Some(here), Some(named)) = (here, resolve.lead_id) {
            self.must_be_of(here, named)?;
        }
        let effect = match here {
            Some(here) => Some(self.stored_as_opt_out(parked, here)?),
            None => None,
        };
        let lead = effect.as_ref().and_then(|effect| effect.lead).or(lead);
        if from.is_none() && effect.is_none() {
            return Err(AppError::conflict(
                "nobody is named whose opt-out it could be",
            ));
        }
        if let Some(from) = from {
            self.suppress(&Suppressing {
                address: &from,
                lead,
                reason: "opt_out",
                scope: "automation",
                source: "person",
                evidence: None,
                at: mail.date.unwrap_or(self.now).min(self.now),
            })?;
        }
        Ok(effect.unwrap_or(Effect {
            lead,
            ..Effect::default()
        }))
    }

    fn stored_as_opt_out(&mut self, parked: &Unparked, here: Uuid) -> Result<Effect, AppError> {
        let arrival = Arrival {
            placed: Some(here),
            said_opt_out: true,
            ..parked.arrival()
        };
        let effect = self.arrive(&parked.mail, &arrival)?;
        if effect.status == Status::Duplicate
            && let (Some(there), Some(lead)) = (effect.conversation, effect.lead)
        {
            // Its words are stored already; what they mean is said only now.
            let at = parked.mail.date.unwrap_or(self.now).min(self.now);
            let cause = Cause::Request;
            self.silenced(LeadFactKind::OptOut, there, lead, effect.message, at, cause)?;
        }
        Ok(effect)
    }

    /// One person's opt-out closes no other's conversations.
    fn must_be_of(&mut self, conversation: Uuid, lead: Uuid) -> Result<(), AppError> {
        let entry = self.conversation(conversation)?;
        let of = entry.ok_or(AppError::NotFound)?.row.lead_id;
        if of == lead {
            return Ok(());
        }
        Err(AppError::invalid(
            "leadId",
            "is not the conversation's lead",
        ))
    }

    /// A person reads a stored message as an opt-out.
    fn message_opts_out(
        &mut self,
        row: &ReviewRow,
        lead: Option<Uuid>,
    ) -> Result<Effect, AppError> {
        let nobody = || AppError::conflict("nobody is named whose opt-out it could be");
        let lead = lead.or(row.lead_id).ok_or_else(nobody)?;
        let at = match row.message_id {
            Some(id) => self.reader.message_heads_by_ids(&[id])?.pop(),
            None => None,
        };
        let at = at.map_or(self.now, |head| head.at).min(self.now);
        let here = match row.conversation_id {
            Some(id) => Some(id),
            None => self.most_recent(lead, None, false)?,
        };
        let here = here.ok_or_else(nobody)?;
        self.must_be_of(here, lead)?;
        let cause = row.message_id.map_or(Cause::Request, Cause::Message);
        self.silenced(LeadFactKind::OptOut, here, lead, row.message_id, at, cause)?;
        Ok(Effect {
            conversation: Some(here),
            lead: Some(lead),
            message: row.message_id,
            ..Effect::default()
        })
    }
}

/// An item whose hold a person lifts: closing the item is all there is to do.
fn released(row: &ReviewRow) -> Result<Effect, AppError> {
    if row.conversation_id.is_none() || hold_of(row).is_none() {
        return Err(AppError::conflict("the item holds no conversation"));
    }
    Ok(Effect {
        conversation: row.conversation_id,
        lead: row.lead_id,
        message: row.message_id,
        ..Effect::default()
    })
}
