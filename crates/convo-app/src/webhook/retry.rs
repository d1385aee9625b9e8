//! Receipts whose effect failed: kept, tried again, dead after enough tries, replayable.

use chrono::Duration;
use convo_email::{EmailObservation, InboundEmail};
use convo_store::Reread;
use convo_store::rows::ReceiptRow;
use uuid::Uuid;

use super::{Effect, Status, UNREADABLE, done, duplicate, kind};
use crate::batch::Batch;
use crate::command::{Answer, Payload, Webhook};
use crate::error::AppError;
use crate::intake::{Coming, KeptMail};
use crate::records::answer;

impl Batch<'_, '_> {
    /// Keeps a verified webhook whose effect failed: token and receipt now, the effect later.
    pub(crate) fn park_webhook(
        &mut self,
        webhook: &Webhook,
        code: &'static str,
    ) -> Result<Answer, AppError> {
        if let Some(first) = self.seen(webhook)? {
            return duplicate(first);
        }
        let retries = self.policy(None)?.policy.retries;
        let id = self.new_id();
        self.keep_token(webhook, id);
        let unreadable = matches!(webhook.payload, Payload::Unreadable(_));
        let mut row = self.receipt(webhook, id, &Effect::default());
        row.status = if unreadable { "dead" } else { "failed" }.to_owned();
        row.attempts = 1;
        row.error_code = Some(code.to_owned());
        row.done_at = None;
        row.address_digest = self.address_digest(&webhook.payload);
        row.body = match &webhook.payload {
            Payload::Mail(mail, _) => {
                let kept = KeptMail::of(mail, webhook.token.as_deref(), self.now);
                serde_json::to_vec(&kept).ok()
            }
            other => body(other),
        };
        if !unreadable {
            row.next_attempt_at = Some(self.clock + self.delay(retries.bound_seconds(1)));
        }
        self.commit.receipts.push(row);
        self.wrote();
        let parked = Effect {
            status: Status::Review,
            ..Effect::default()
        };
        done(id, &parked)
    }

    /// Tries a stored receipt again; replaying something done changes nothing.
    ///
    /// `reread` is what a request that could not be read when it came says now.
    pub(crate) fn retry_receipt(
        &mut self,
        id: Uuid,
        replay: bool,
        reread: Option<&Payload>,
    ) -> Result<Answer, AppError> {
        let row = self.stored_receipt(id)?;
        let again = match row.status.as_str() {
            "failed" => true,
            "dead" | "unmatched" => replay,
            _ => false,
        };
        if !again {
            return answer(200, &crate::views::receipt(&row));
        }
        let stored = || row.body.as_deref().and_then(|body| read(&row.kind, body));
        let Some(payload) = reread.cloned().or_else(stored) else {
            return Err(AppError::conflict(
                "the receipt holds nothing that could be tried again",
            ));
        };
        let coming = match (reread, row.body.as_deref()) {
            (Some(_), _) => Coming {
                came_at: Some(row.received_at),
                came_as: None,
            },
            (None, body) => body.map(Coming::beside).unwrap_or_default(),
        };
        let effect = match &payload {
            // Its dedupe row is its own: it was taken once, and only its place was unknown.
            Payload::Event(event) if row.status == "unmatched" => self.apply_event(event)?,
            payload => self.effect(payload, id, None, coming)?,
        };
        let mut change = self.changed(&row, &effect);
        if reread.is_some() {
            let kept = effect.status == Status::Unmatched || matches!(payload, Payload::Event(_));
            change.reread = Some(Reread {
                kind: kind(&payload).to_owned(),
                body: body(&payload).filter(|_| kept),
                address_digest: self.address_digest(&payload).filter(|_| kept),
            });
        }
        let row = self.change_receipt(row, change);
        answer(200, &crate::views::receipt(&row))
    }

    /// Counts a failed try; after the policy's number the receipt is dead, visible and replayable.
    pub(crate) fn receipt_failed(
        &mut self,
        id: Uuid,
        code: &'static str,
    ) -> Result<Answer, AppError> {
        let row = self.stored_receipt(id)?;
        let retries = self.policy(None)?.policy.retries;
        let attempts = row.attempts.saturating_add(1);
        let tried = u32::try_from(attempts).unwrap_or(u32::MAX);
        // What cannot be read is read no better by itself.
        let dead = tried >= retries.attempts || row.kind == UNREADABLE;
        let next = (!dead).then(|| self.clock + self.delay(retries.bound_seconds(tried)));
        let mut change = self.changed(&row, &Effect::default());
        change.status = if dead { "dead" } else { "failed" }.to_owned();
        change.attempts = attempts;
        let unreadable = row.kind == UNREADABLE;
        change.error_code = Some(if unreadable { UNREADABLE } else { code }.to_owned());
        change.next_attempt_at = next;
        change.wait_rfc_id = row.wait_rfc_id.clone();
        change.done_at = None;
        let row = self.change_receipt(row, change);
        answer(200, &crate::views::receipt(&row))
    }

    fn stored_receipt(&mut self, id: Uuid) -> Result<ReceiptRow, AppError> {
        self.receipt_of(id)?.ok_or(AppError::NotFound)
    }

    /// Exponential backoff with full jitter: anywhere between now and the bound.
    pub(crate) fn delay(&self, bound_seconds: u32) -> Duration {
        let mut bytes = [0u8; 4];
        self.context.shell.random(&mut bytes);
        let millis = u128::from(bound_seconds) * 1000;
        let drawn = u128::from(u32::from_le_bytes(bytes)) * millis / u128::from(u32::MAX);
        Duration::milliseconds(i64::try_from(drawn).unwrap_or(i64::MAX / 2))
    }
}

/// The form a payload is kept in for a later try.
pub(super) fn body(payload: &Payload) -> Option<Vec<u8>> {
    match payload {
        Payload::Event(event) => serde_json::to_vec(event).ok(),
        Payload::Mail(mail, _) => serde_json::to_vec(mail).ok(),
        Payload::Unreadable(original) => Some(original.stored()),
    }
}

pub(super) fn read(kind: &str, body: &[u8]) -> Option<Payload> {
    match kind {
        UNREADABLE => None,
        "inbound" => serde_json::from_slice::<InboundEmail>(body)
            .ok()
            .map(|mail| Payload::Mail(Box::new(mail), None)),
        _ => serde_json::from_slice::<EmailObservation>(body)
            .ok()
            .map(|event| Payload::Event(Box::new(event))),
    }
}
