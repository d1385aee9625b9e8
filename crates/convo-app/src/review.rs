//! The review list: what a person, or a later mail, decides.

use convo_core::change::Cause;
use convo_core::decide::Request;
use convo_core::lead::LeadFactKind;
use convo_core::vocabulary::HoldReason;
use convo_email::InboundEmail;
use convo_store::rows::{ReviewRow, ReviewWaitRow};
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::intake::{Arrival, Parked, Unparked, parked_key};
use crate::records::answer;
use crate::views;
use crate::webhook::{Effect, Status};
use crate::wire::{Resolve, address_key};

impl Batch<'_, '_> {
    /// Parked mail whose parent is stored now goes the way it would have gone.
    pub(crate) fn place_parked(&mut self, rfc_id: &str) -> Result<(), AppError> {
        let mut ids = self.waiting_for(rfc_id)?.reviews.clone();
        let mut rows = match ids.is_empty() {
            true => Vec::new(),
            false => self.reader.reviews_by_ids(&ids)?,
        };
        let here = self.commit.review_waits.iter();
        ids = here
            .filter(|wait| wait.rfc_id == rfc_id)
            .map(|wait| wait.review_id)
            .collect();
        let here = self.commit.reviews.iter();
        rows.extend(here.filter(|row| ids.contains(&row.id)).cloned());
        self.try_parked(rows)
    }

    /// Parked mail of an address that is a lead's now.
    pub(crate) fn place_parked_from(&mut self, addresses: &[String]) -> Result<(), AppError> {
        let keys: Vec<String> = addresses
            .iter()
            .map(|address| address_key(address))
            .collect();
        let mut rows = self.reader.reviews_from(&keys)?;
        let here = self
            .commit
            .reviews
            .iter()
            .filter(|row| row.from_key.as_ref().is_some_and(|key| keys.contains(key)));
        rows.extend(here.cloned());
        self.try_parked(rows)
    }

    fn try_parked(&mut self, mut rows: Vec<ReviewRow>) -> Result<(), AppError> {
        rows.sort_by_key(|row| (row.created_at, row.id));
        rows.dedup_by_key(|row| row.id);
        for row in rows {
            if self.resolved.contains(&row.id) || row.status != "open" {
                continue;
            }
            let Some(parked) = Unparked::of(&row) else {
                continue;
            };
            // Guards against a mail that waits for itself, however it is found again below.
            self.resolved.insert(row.id);
            let silent = std::mem::replace(&mut self.silent, parked.is_imported());
            let effect = self.arrive(&parked.mail, &parked.arrival());
            self.silent = silent;
            let effect = effect?;
            if effect.status == Status::Review {
                self.resolved.remove(&row.id);
                continue;
            }
            self.close_review(row, "placed", &effect)?;
        }
        Ok(())
    }

    fn close_review(
        &mut self,
        mut row: ReviewRow,
        resolution: &str,
        effect: &Effect,
    ) -> Result<ReviewRow, AppError> {
        row.status = "resolved".to_owned();
        row.resolution = Some(resolution.to_owned());
        row.resolved_by = Some(self.actor.text());
        row.resolved_at = Some(self.clock);
        row.conversation_id = effect.conversation.or(row.conversation_id);
        row.lead_id = effect.lead.or(row.lead_id);
        row.message_id = effect.message.or(row.message_id);
        self.resolved.insert(row.id);
        self.commit.reviews.retain(|other| other.id != row.id);
        self.commit
            .review_waits
            .retain(|wait| wait.review_id != row.id);
        self.commit.review_waits_removed.push(row.id);
        if resolution == "discard"
            && let Some(parked) = Unparked::of(&row)
        {
            // Its key stays, so that the same mail coming again does not ask a person again.
            let key = parked_key(self.context, &parked.mail);
            self.parked.insert(key.clone(), Some(Parked::Discarded));
            self.commit.review_waits.push(ReviewWaitRow {
                rfc_id: key,
                review_id: row.id,
            });
        }
        // What was parked is a message now, or was discarded: either way it is not kept twice.
        row.body = None;
        self.commit.reviews.push(row.clone());
        if let Some(receipt) = row.receipt_id
            && let Some(receipt) = self.reader.receipts_by_ids(&[receipt])?.pop()
        {
            let change = self.changed(&receipt, effect);
            self.commit.receipts_changed.push(change);
        }
        self.record_changed(
            "review_resolved",
            row.conversation_id,
            row.lead_id,
            Some(row.id),
        );
        Ok(row)
    }

    /// `POST /api/review/{id}/resolve`.
    pub(crate) fn resolve_review(
        &mut self,
        id: Uuid,
        resolve: &Resolve,
    ) -> Result<Answer, AppError> {
        resolve.check()?;
        let conversation = resolve.conversation_id;
        if let Some(conversation) = conversation
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
        if row.status != "open" || self.resolved.contains(&id) {
            return Err(AppError::conflict("the item is resolved already"));
        }
        let unparked = Unparked::of(&row);
        let mail = unparked.as_ref().map(|parked| &parked.mail);
        let effect = match (resolve.action.as_str(), &unparked) {
            ("discard", _) => Effect {
                status: Status::Ignored,
                ..Effect::default()
            },
            ("release_hold", _) => self.release(&row)?,
            ("opt_out", _) => self.said_so(&row, mail, resolve.lead_id)?,
            (_, None) => {
                return Err(AppError::conflict(
                    "the item holds no mail that could be placed",
                ));
            }
            ("attach", Some(parked)) => self.again(parked, conversation)?,
            ("alias", Some(parked)) => {
                self.make_alias(resolve.lead_id, &parked.mail)?;
                self.again(parked, conversation)?
            }
            ("create_lead", Some(parked)) => self.make_lead(parked)?,
            _ => return Err(AppError::invalid("action", "is not possible")),
        };
        if let Some(reason) = &resolve.reason
            && let (Some(conversation), Some(lead)) = (effect.conversation, effect.lead)
        {
            let said = serde_json::json!({"action": resolve.action, "reason": reason, "triggeredBy": self.actor.text()});
            self.keep_metadata(conversation, lead, "review_resolved", &said);
        }
        let row = self.close_review(row, &resolve.action, &effect)?;
        answer(200, &views::review(&row))
    }

    /// The mail goes through the same path, with its own date.
    fn again(&mut self, parked: &Unparked, to: Option<Uuid>) -> Result<Effect, AppError> {
        let arrival = Arrival {
            placed: to,
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

    fn make_alias(&mut self, lead: Option<Uuid>, mail: &InboundEmail) -> Result<(), AppError> {
        let lead = lead.ok_or_else(|| AppError::invalid("leadId", "is needed for an alias"))?;
        let from = sender(mail)?;
        match self.lead_of_address(&from)? {
            Some(known) if known == lead => Ok(()),
            Some(_) => Err(AppError::conflict("the address belongs to another lead")),
            None => {
                self.put_lead_address(lead, &from, false);
                self.record_changed("lead_changed", None, Some(lead), None);
                Ok(())
            }
        }
    }

    fn make_lead(&mut self, parked: &Unparked) -> Result<Effect, AppError> {
        let mail = &parked.mail;
        let from = sender(mail)?;
        let lead = match self.lead_of_address(&from)? {
            Some(lead) => lead,
            None => {
                let name = mail.from.as_ref().and_then(|from| from.name.clone());
                self.add_lead(&crate::intake::person(&from, name.as_deref()))?
            }
        };
        let effect = self.arrive(mail, &parked.arrival())?;
        if effect.status != Status::Review {
            return Ok(effect);
        }
        // Automated mail opens no conversation by itself; a person who makes a lead of it does.
        let conversation = match self.most_recent(lead, None, true)? {
            Some(open) => open,
            None => self.add_conversation(lead, None, &mail.subject, None)?,
        };
        self.again(parked, Some(conversation))
    }

    fn release(&mut self, row: &ReviewRow) -> Result<Effect, AppError> {
        let conversation = row
            .conversation_id
            .ok_or_else(|| AppError::conflict("the item holds no conversation"))?;
        let reason = match row.reason.as_str() {
            "doubtful_opt_out" => HoldReason::DoubtfulOptOut,
            "other_author" => HoldReason::OtherAuthor,
            _ => HoldReason::Manual,
        };
        let decision = self.ask(conversation, None, &Request::ReleaseHold { reason })?;
        self.taken(conversation, &decision, None)?;
        Ok(Effect {
            conversation: Some(conversation),
            lead: row.lead_id,
            message: row.message_id,
            ..Effect::default()
        })
    }

    /// A person reads it as an opt-out.
    fn said_so(
        &mut self,
        row: &ReviewRow,
        mail: Option<&InboundEmail>,
        lead: Option<Uuid>,
    ) -> Result<Effect, AppError> {
        let from = mail
            .and_then(|mail| mail.from.as_ref())
            .map(|from| from.email.clone());
        let of_sender = match &from {
            Some(from) => self.lead_of_address(from)?,
            None => None,
        };
        let lead = lead.or(row.lead_id).or(of_sender);
        let at = match row.message_id {
            Some(id) => self
                .reader
                .message_heads_by_ids(&[id])?
                .pop()
                .map(|head| head.at),
            None => mail.and_then(|mail| mail.date),
        };
        let at = at.unwrap_or(self.now).min(self.now);
        if let Some(lead) = lead {
            let here = match row.conversation_id {
                Some(id) => Some(id),
                None => self.most_recent(lead, None, false)?,
            };
            if let Some(here) = here {
                let cause = row.message_id.map_or(Cause::Request, Cause::Message);
                self.silenced(LeadFactKind::OptOut, here, lead, row.message_id, at, cause)?;
                return Ok(Effect {
                    conversation: Some(here),
                    lead: Some(lead),
                    message: row.message_id,
                    ..Effect::default()
                });
            }
        }
        let from =
            from.ok_or_else(|| AppError::conflict("nobody is named whose opt-out it could be"))?;
        self.suppress(&crate::records::Suppressing {
            address: &from,
            lead,
            reason: "opt_out",
            scope: "automation",
            source: "person",
            evidence: None,
            at,
        })?;
        Ok(Effect {
            lead,
            ..Effect::default()
        })
    }
}

fn sender(mail: &InboundEmail) -> Result<String, AppError> {
    let from = mail
        .from
        .as_ref()
        .map(|from| from.email.trim().to_owned())
        .filter(|from| crate::wire::is_address(from));
    from.ok_or_else(|| AppError::conflict("the mail names no sender"))
}
