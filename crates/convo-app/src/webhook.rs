//! Verified webhooks: token, receipt and effect in one transaction, each exactly once.

mod receipt;
mod retry;

use chrono::Duration;
use convo_email::{EmailObservation, EventKind};
use convo_store::ReceiptChange;
use convo_store::rows::{ReceiptRow, WebhookTokenRow};
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::{Answer, Payload, Webhook};
use crate::context::Context;
use crate::error::AppError;
use crate::intake::Coming;
use crate::records::answer;
use crate::wire::{WebhookAnswer, address_key};
use retry::{body, read};

/// Kind of a receipt of which nothing could be read.
pub(crate) const UNREADABLE: &str = "unreadable";

/// Code of what speaks of a word to an agent.
pub(crate) const NOTICE: &str = "notice";

/// What a webhook came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effect {
    pub status: Status,
    pub conversation: Option<Uuid>,
    pub lead: Option<Uuid>,
    pub campaign: Option<Uuid>,
    pub message: Option<Uuid>,
    /// The Message-ID an unmatched event waits for.
    pub waits_for: Option<String>,
    pub code: Option<&'static str>,
}

/// How far a receipt got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its effect is in this commit.
    #[default]
    Done,
    /// The same event or mail was taken before.
    Duplicate,
    /// Nothing follows from it.
    Ignored,
    /// It waits for the message it speaks of.
    Unmatched,
    /// It waits in the review list for a person.
    Review,
}

impl Status {
    fn stored(self) -> &'static str {
        match self {
            Self::Done | Self::Duplicate | Self::Review => "done",
            Self::Ignored => "ignored",
            Self::Unmatched => "unmatched",
        }
    }

    fn answered(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Unmatched | Self::Review => "parked",
        }
    }
}

impl Batch<'_, '_> {
    /// Takes a webhook: its token, its receipt and what follows from it.
    pub(crate) fn webhook(&mut self, webhook: &Webhook) -> Result<Answer, AppError> {
        if let Some(first) = self.seen(webhook)? {
            return duplicate(first);
        }
        if let Payload::Unreadable(_) = webhook.payload {
            return self.park_webhook(webhook, "unreadable");
        }
        let id = self.new_id();
        if webhook.words.is_some() {
            self.words.clone_from(&webhook.words);
        }
        let effect = self.effect(
            &webhook.payload,
            id,
            webhook.token.as_deref(),
            Coming::default(),
        )?;
        self.keep_token(webhook, id);
        let row = self.receipt(webhook, id, &effect);
        self.commit.receipts.push(row);
        self.wrote();
        done(id, &effect)
    }

    fn effect(
        &mut self,
        payload: &Payload,
        receipt: Uuid,
        token: Option<&str>,
        coming: Coming,
    ) -> Result<Effect, AppError> {
        match payload {
            Payload::Event(event) => self.observed(event),
            Payload::Mail(mail, raw) => self.mail_came(mail, raw.clone(), receipt, token, coming),
            Payload::Unreadable(_) => Ok(Effect {
                status: Status::Ignored,
                ..Effect::default()
            }),
        }
    }

    /// The receipt that took this token first.
    ///
    /// # Errors
    /// `WebhookRejected` when the token comes with other fields: the signature does not cover them.
    fn seen(&mut self, webhook: &Webhook) -> Result<Option<ReceiptRow>, AppError> {
        let Some(token) = &webhook.token else {
            return Ok(None);
        };
        let row = self.token(&token_digest(self.context, webhook.provider, token))?;
        let Some(row) = row.filter(|row| row.expires_at > self.clock) else {
            return Ok(None);
        };
        if row.fields_digest != self.context.keyed("fields", &[&webhook.fingerprint]) {
            return Err(AppError::WebhookRejected {
                reason: "token_reused",
            });
        }
        let first = self.receipt_of(row.receipt_id)?;
        // Retention may have taken the receipt; the token alone still says that all is done.
        Ok(Some(first.unwrap_or_else(|| {
            self.receipt(webhook, row.receipt_id, &Effect::default())
        })))
    }

    fn keep_token(&mut self, webhook: &Webhook, receipt_id: Uuid) {
        let Some(token) = &webhook.token else { return };
        let row = WebhookTokenRow {
            token_digest: token_digest(self.context, webhook.provider, token),
            fields_digest: self.context.keyed("fields", &[&webhook.fingerprint]),
            receipt_id,
            expires_at: self.clock + Duration::hours(48),
        };
        self.tokens
            .insert(row.token_digest.clone(), Some(row.clone()));
        self.commit.tokens.push(row);
        self.wrote();
    }

    fn receipt(&self, webhook: &Webhook, id: Uuid, effect: &Effect) -> ReceiptRow {
        // A mail that is stored or parked holds its own content; only what is tried again needs a body.
        let kept = (effect.status == Status::Unmatched
            || matches!(webhook.payload, Payload::Event(_)))
            && effect.code != Some(NOTICE);
        // Nothing is stored of a person who was forgotten.
        let forgotten = effect.lead.is_some_and(|lead| self.is_erased(lead));
        ReceiptRow {
            id,
            provider: webhook.provider.to_owned(),
            kind: kind(&webhook.payload).to_owned(),
            status: effect.status.stored().to_owned(),
            attempts: 1,
            next_attempt_at: None,
            error_code: effect.code.map(str::to_owned),
            conversation_id: effect.conversation,
            lead_id: effect.lead,
            campaign_id: effect.campaign,
            message_id: effect.message,
            wait_rfc_id: effect.waits_for.clone(),
            address_digest: (kept && !forgotten)
                .then(|| self.address_digest(&webhook.payload))
                .flatten(),
            body: if kept && !forgotten {
                body(&webhook.payload)
            } else {
                None
            },
            received_at: self.clock,
            done_at: (effect.status != Status::Unmatched).then_some(self.clock),
        }
    }

    pub(crate) fn changed(&self, row: &ReceiptRow, effect: &Effect) -> ReceiptChange {
        ReceiptChange {
            id: row.id,
            status: effect.status.stored().to_owned(),
            attempts: row.attempts.saturating_add(1),
            next_attempt_at: None,
            error_code: effect.code.map(str::to_owned),
            conversation_id: effect.conversation.or(row.conversation_id),
            lead_id: effect.lead.or(row.lead_id),
            campaign_id: effect.campaign.or(row.campaign_id),
            message_id: effect.message.or(row.message_id),
            wait_rfc_id: effect.waits_for.clone(),
            done_at: (effect.status != Status::Unmatched).then_some(self.clock),
            reread: None,
        }
    }

    /// Keyed digest of the address a payload speaks of: an erase finds by it what no id names.
    fn address_digest(&self, payload: &Payload) -> Option<Vec<u8>> {
        let address = match payload {
            Payload::Event(event) => event.recipient.as_deref()?,
            Payload::Mail(mail, _) => mail.from.as_ref()?.email.as_str(),
            Payload::Unreadable(_) => return None,
        };
        Some(self.context.address_digest(&address_key(address)))
    }

    fn is_erased(&self, lead: Uuid) -> bool {
        let entry = self.leads.get(&lead).and_then(Option::as_ref);
        entry.is_some_and(|entry| entry.row.erased_at.is_some())
    }

    /// Whether a provider event came before under another token; remembers it otherwise.
    pub(crate) fn event_seen(&mut self, event: &EmailObservation) -> Result<bool, AppError> {
        let Some(digest) = event_digest(self.context, event) else {
            return Ok(false);
        };
        Ok(!self.first_time(digest)?)
    }

    /// Applies the receipts that waited for a message which is stored now.
    pub(crate) fn take_waiting(&mut self, rfc_id: &str) -> Result<(), AppError> {
        let mut rows = std::mem::take(&mut self.waiting_for(rfc_id)?.receipts);
        // What was read before may have been played again since.
        rows.retain(|row| !self.receipts.contains_key(&row.id));
        let here = self.commit.receipts.iter().chain(self.receipts.values());
        let waits = here.filter(|row| row.wait_rfc_id.as_deref() == Some(rfc_id));
        rows.extend(waits.filter(|row| row.status == "unmatched").cloned());
        rows.sort_by_key(|row| (row.received_at, row.id));
        for row in rows {
            let Some(Payload::Event(event)) =
                row.body.as_deref().and_then(|body| read(&row.kind, body))
            else {
                continue;
            };
            let effect = self.apply_event(&event)?;
            if effect.status == Status::Unmatched {
                continue;
            }
            let change = self.changed(&row, &effect);
            self.change_receipt(row, change);
        }
        Ok(())
    }
}

/// Under which a token's use is kept.
pub(crate) fn token_digest(context: &Context, provider: &str, token: &str) -> Vec<u8> {
    context.keyed("token", &[provider.as_bytes(), token.as_bytes()])
}

/// Under which an event is known: a provider's ids are unique within a domain and a day.
pub(crate) fn event_digest(context: &Context, event: &EmailObservation) -> Option<Vec<u8>> {
    let id = event.event_id.as_ref()?;
    let day = event.occurred_at.format("%Y-%m-%d").to_string();
    let domain = event.domain.as_deref().unwrap_or_default();
    let pieces = [
        event.provider.as_bytes(),
        domain.as_bytes(),
        id.as_bytes(),
        day.as_bytes(),
    ];
    Some(context.keyed("event", &pieces))
}

fn duplicate(first: ReceiptRow) -> Result<Answer, AppError> {
    answer(
        200,
        &WebhookAnswer {
            status: "duplicate",
            receipt_id: first.id,
            conversation_id: first.conversation_id,
            lead_id: first.lead_id,
            campaign_id: first.campaign_id,
        },
    )
}

fn done(id: Uuid, effect: &Effect) -> Result<Answer, AppError> {
    answer(
        200,
        &WebhookAnswer {
            status: effect.status.answered(),
            receipt_id: id,
            conversation_id: effect.conversation,
            lead_id: effect.lead,
            campaign_id: effect.campaign,
        },
    )
}

fn kind(payload: &Payload) -> &'static str {
    match payload {
        Payload::Event(event) => match event.kind {
            EventKind::Unknown(_) => "event",
            ref known => known.name(),
        },
        Payload::Mail(..) => "inbound",
        Payload::Unreadable(_) => UNREADABLE,
    }
}
