//! Provider and integration events: what happened to a mail of ours, and what follows.

mod integration;
mod silence;
mod soft;
mod tracking;

pub use integration::INTEGRATION_TYPES;

use chrono::{DateTime, Utc};
use convo_core::change::Cause;
use convo_core::lead::LeadFactKind;
use convo_core::observe::{Failure as Failed, Observation, SoftBounces};
use convo_core::vocabulary::SuppressionReason;
use convo_email::{EmailObservation, EventKind, FailureClass, ReportedRecipient, Suppressed};
use serde_json::json;
use uuid::Uuid;

use crate::batch::{Batch, Touched};
use crate::effects::Came;
use crate::error::AppError;
use crate::intake::{sent, speaks_of};
use crate::sending::SendMode;
use crate::webhook::{Effect, Status};
use crate::wire::{address_key, cut};
use soft::Soft;

/// Something that happened to a mail, freed of who reported it.
struct Happening<'a> {
    kind: &'a EventKind,
    at: DateTime<Utc>,
    /// The mail of ours, where it is stored.
    message: Option<Uuid>,
    /// Its Message-ID, whether or not it is stored.
    rfc_id: Option<&'a str>,
    recipient: Option<&'a str>,
    user_agent: Option<&'a str>,
    bot: bool,
}

impl Batch<'_, '_> {
    /// Takes a provider event once, whatever token it comes under.
    pub(crate) fn observed(&mut self, event: &EmailObservation) -> Result<Effect, AppError> {
        if self.event_seen(event)? {
            return Ok(Effect {
                status: Status::Duplicate,
                ..Effect::default()
            });
        }
        self.apply_event(event)
    }

    /// Applies a provider event where its message or its user variables place it.
    pub(crate) fn apply_event(&mut self, event: &EmailObservation) -> Result<Effect, AppError> {
        let heads = match &event.message_id {
            Some(id) => self.heads(id.as_str())?,
            None => &[],
        };
        let head = sent(heads).cloned();
        if head.is_none() && !heads.is_empty() {
            // A mail of the lead, which no provider sent for us.
            return Ok(Effect {
                status: Status::Ignored,
                ..Effect::default()
            });
        }
        let of_head = head.as_ref().map(|head| (head.conversation_id, head.id));
        let Some((conversation, message)) = self.place_of(event, of_head)? else {
            if let Some(effect) = self.notice_told(event)? {
                return Ok(effect);
            }
            let ignored = !counts(&event.kind);
            return Ok(Effect {
                status: if ignored {
                    Status::Ignored
                } else {
                    Status::Unmatched
                },
                waits_for: event
                    .message_id
                    .as_ref()
                    .filter(|_| !ignored)
                    .map(|id| id.as_str().to_owned()),
                ..Effect::default()
            });
        };
        let Some(entry) = self.conversation(conversation)? else {
            return Err(AppError::NotFound);
        };
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let mut effect = Effect {
            status: Status::Done,
            conversation: Some(conversation),
            lead: Some(lead),
            campaign,
            message,
            ..Effect::default()
        };
        if let Some(message) = message {
            self.sender_told(message, &event.kind)?;
        }
        if !counts(&event.kind) {
            effect.status = Status::Ignored;
            return Ok(effect);
        }
        let client = event.client.as_ref();
        // An alias that a provider gave it stands for its own id.
        let own_id = head.as_ref().map(|head| head.rfc_id.as_str());
        let given_id = event.message_id.as_ref().map(|id| id.as_str());
        self.happened(
            conversation,
            &Happening {
                kind: &event.kind,
                at: cut(event.occurred_at),
                message,
                rfc_id: own_id.or(given_id),
                recipient: event.recipient.as_deref(),
                user_agent: client.and_then(|client| client.user_agent.as_deref()),
                bot: client.is_some_and(|client| client.bot.is_some()),
            },
        )?;
        Ok(effect)
    }

    /// What an event says of the mail on its way: whatever happens to it, the provider has it.
    fn sender_told(&mut self, message: Uuid, kind: &EventKind) -> Result<(), AppError> {
        if self.context.sending.mode == SendMode::Off {
            return Ok(());
        }
        match kind {
            EventKind::Stored | EventKind::Unknown(_) => Ok(()),
            EventKind::Rejected { .. } => self.provider_speaks_of(message, true),
            _ => self.provider_speaks_of(message, false),
        }
    }

    /// Something happened that no provider told, and that is about no mail.
    pub(crate) fn told(
        &mut self,
        conversation: Uuid,
        kind: &EventKind,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let what = Happening {
            kind,
            at,
            message: None,
            rfc_id: None,
            recipient: None,
            user_agent: None,
            bot: false,
        };
        self.happened(conversation, &what).map(|_| ())
    }

    /// The conversation an event is about, and the message where it is stored there.
    fn place_of(
        &mut self,
        event: &EmailObservation,
        head: Option<(Uuid, Uuid)>,
    ) -> Result<Option<(Uuid, Option<Uuid>)>, AppError> {
        let named: Option<Uuid> = event
            .variables
            .conversation_id
            .as_deref()
            .and_then(|id| id.parse().ok());
        if let Some(named) = named
            && self.conversation(named)?.is_some()
        {
            let message = head
                .filter(|(conversation, _)| *conversation == named)
                .map(|(_, id)| id);
            return Ok(Some((named, message)));
        }
        if let Some((conversation, message)) = head {
            return Ok(Some((conversation, Some(message))));
        }
        let lead: Option<Uuid> = event
            .variables
            .lead_id
            .as_deref()
            .and_then(|id| id.parse().ok());
        let Some(lead) = lead else { return Ok(None) };
        if self.lead(lead)?.is_none() {
            return Ok(None);
        }
        let campaign: Option<Uuid> = event
            .variables
            .campaign_id
            .as_deref()
            .and_then(|id| id.parse().ok());
        // An id that names no campaign is ignored; one that does speaks of no other.
        let campaign = match campaign {
            Some(id) if self.campaign(id)?.is_some() => Some(id),
            _ => None,
        };
        for open in [true, false] {
            let Some(id) = self.most_recent(lead, campaign, open)? else {
                continue;
            };
            let of = self
                .conversation(id)?
                .and_then(|entry| entry.row.campaign_id);
            if campaign.is_none() || of == campaign {
                return Ok(Some((id, None)));
            }
        }
        Ok(None)
    }

    fn happened(&mut self, conversation: Uuid, what: &Happening<'_>) -> Result<Came, AppError> {
        let (now, message) = (self.now, what.message);
        let lead = {
            let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
            entry.row.updated_at = now;
            entry.touch(Touched::Facts);
            entry.row.lead_id
        };
        let id = self.new_id();
        let data = json!({"event": what.kind.name(), "messageId": message});
        self.log("email_event", Some(conversation), Some(lead), None, data);
        match what.kind {
            EventKind::Delivered => {
                self.keep_event(id, conversation, what)?;
                self.delivered_after_all(lead, what)?;
                let delivered = Observation::Delivered {
                    at: what.at,
                    event: id,
                };
                let mut came = self.observe(conversation, &delivered, None)?;
                came.steps
                    .extend(self.judge_again(conversation, what.rfc_id)?.steps);
                Ok(came)
            }
            EventKind::Opened | EventKind::Clicked => {
                self.keep_event(id, conversation, what)?;
                self.judge_again(conversation, what.rfc_id)
            }
            EventKind::Failed(failure) => {
                self.keep_event(id, conversation, what)?;
                self.failed(conversation, lead, message, id, failure.class(), what)
            }
            EventKind::Complained => {
                self.keep_event(id, conversation, what)?;
                self.silenced(
                    LeadFactKind::Complaint,
                    conversation,
                    lead,
                    message,
                    what.at,
                    Cause::ProviderEvent(id),
                )
            }
            EventKind::Unsubscribed => {
                self.keep_event(id, conversation, what)?;
                let cause = Cause::ProviderEvent(id);
                self.silenced(
                    LeadFactKind::Unsubscribed,
                    conversation,
                    lead,
                    message,
                    what.at,
                    cause,
                )
            }
            EventKind::Accepted
            | EventKind::Rejected { .. }
            | EventKind::Stored
            | EventKind::Unknown(_) => Ok(Came::default()),
        }
    }

    fn failed(
        &mut self,
        conversation: Uuid,
        lead: Uuid,
        message: Option<Uuid>,
        id: Uuid,
        class: FailureClass,
        what: &Happening<'_>,
    ) -> Result<Came, AppError> {
        let person = self.lead(lead)?.map(|entry| &entry.row);
        let forgotten = person.is_none_or(|row| row.erased_at.is_some());
        let primary = person.map(|row| row.email_key.clone()).unwrap_or_default();
        let recipient = what.recipient.map(address_key);
        let failure = match class {
            FailureClass::Hard => Failed::Hard {
                primary: recipient
                    .as_ref()
                    .is_none_or(|recipient| *recipient == primary),
            },
            // Nothing is kept of the address of a person who was forgotten.
            FailureClass::Soft if forgotten => Failed::Soft {
                failures: SoftBounces::default(),
            },
            FailureClass::Soft => {
                let key = recipient.as_deref().unwrap_or(&primary);
                let entry = self.conversation(conversation)?;
                let delivered = entry.and_then(|entry| entry.facts.email.last_delivered_at);
                let soft = Soft {
                    at: what.at,
                    message,
                    rfc_id: what.rfc_id,
                    delivered: delivered.filter(|_| *key == primary),
                };
                Failed::Soft {
                    failures: self.soft_bounced(key, &soft)?,
                }
            }
            FailureClass::ProviderSuppression(list) => Failed::Suppressed(match list {
                Suppressed::Bounce => SuppressionReason::HardBounce,
                Suppressed::Unsubscribe => SuppressionReason::OptOut,
                Suppressed::Complaint => SuppressionReason::Complaint,
            }),
        };
        self.failing_address = recipient;
        let observation = Observation::Failed {
            failure,
            at: what.at,
            message,
            cause: Cause::ProviderEvent(id),
        };
        let came = self.observe(conversation, &observation, None);
        self.failing_address = None;
        came
    }

    /// A bounce, delay or complaint that came as mail has the effect of the event it reports, for those it
    /// names among whom our mail went to.
    pub(crate) fn reported(
        &mut self,
        mail: &convo_email::InboundEmail,
        conversation: Uuid,
        about: Option<(Uuid, &str)>,
        went_to: Option<&[String]>,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        use convo_threading::automated::Class;
        let recipients = mail
            .report
            .as_ref()
            .map(|report| report.recipients.clone())
            .unwrap_or_default();
        let failed = |code: Option<u16>, status: Option<String>, hard: bool| {
            EventKind::Failed(convo_email::Failure {
                severity: if hard {
                    convo_email::Severity::Permanent
                } else {
                    convo_email::Severity::Temporary
                },
                reason: Some("bounce".to_owned()),
                code,
                enhanced_code: status,
                bounce_type: None,
            })
        };
        let mut told: Vec<(EventKind, Option<String>)> = Vec::new();
        match mail.class() {
            Class::SpamReport => told.push((EventKind::Complained, None)),
            // A bounce that names nobody is counted, but proves no address dead.
            Class::Bounce if recipients.is_empty() => told.push((failed(None, None, false), None)),
            Class::Bounce => {
                let theirs = |one: &ReportedRecipient| {
                    went_to.is_none_or(|addresses| speaks_of(one, addresses))
                };
                for one in recipients.into_iter().filter(theirs) {
                    let Some(class) = one.class else { continue };
                    let hard = class == FailureClass::Hard;
                    told.push((
                        failed(one.code, one.status, hard),
                        one.original.or(one.address),
                    ));
                }
            }
            _ => {}
        }
        for (kind, address) in told {
            self.happened(
                conversation,
                &Happening {
                    kind: &kind,
                    at,
                    message: about.map(|(id, _)| id),
                    rfc_id: about.map(|(_, rfc_id)| rfc_id),
                    recipient: address.as_deref(),
                    user_agent: None,
                    bot: false,
                },
            )?;
        }
        Ok(())
    }
}

/// Whether an event changes anything anywhere.
fn counts(kind: &EventKind) -> bool {
    match kind {
        EventKind::Delivered
        | EventKind::Opened
        | EventKind::Clicked
        | EventKind::Unsubscribed
        | EventKind::Complained
        | EventKind::Failed(_) => true,
        EventKind::Accepted
        | EventKind::Rejected { .. }
        | EventKind::Stored
        | EventKind::Unknown(_) => false,
    }
}
