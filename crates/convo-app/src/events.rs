//! Provider and integration events: what happened to a mail of ours, and what follows.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use convo_core::change::Cause;
use convo_core::decide::Request;
use convo_core::email::{TrackingEvent, TrackingKind, Verdict, judge};
use convo_core::lead::LeadFactKind;
use convo_core::machine::Event;
use convo_core::observe::{Failure as Failed, Observation, SuppressingFact, Tracked};
use convo_core::policy::Tracking;
use convo_core::vocabulary::SuppressionReason;
use convo_email::{EmailObservation, EventKind, FailureClass, Suppressed};
use convo_store::rows::{EmailEventRow, EventDedupeRow, MessageRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::conversations::trigger;
use crate::door::judged;
use crate::effects::Came;
use crate::error::AppError;
use crate::records::answer;
use crate::webhook::{Effect, Status};
use crate::wire::{IntegrationEvent, address_key, time};

/// Something that happened to a mail, freed of who reported it.
struct Happening<'a> {
    kind: &'a EventKind,
    at: DateTime<Utc>,
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
        let Some((conversation, message)) = self.place_of(event)? else {
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
        if !counts(&event.kind) {
            effect.status = Status::Ignored;
            return Ok(effect);
        }
        let client = event.client.as_ref();
        self.happened(
            conversation,
            message,
            &Happening {
                kind: &event.kind,
                at: event.occurred_at,
                recipient: event.recipient.as_deref(),
                user_agent: client.and_then(|client| client.user_agent.as_deref()),
                bot: client.is_some_and(|client| client.bot.is_some()),
            },
        )?;
        Ok(effect)
    }

    fn place_of(
        &mut self,
        event: &EmailObservation,
    ) -> Result<Option<(Uuid, Option<Uuid>)>, AppError> {
        let head = match &event.message_id {
            Some(id) => {
                let heads = self.heads(id.as_str())?;
                let ours = heads
                    .iter()
                    .find(|head| head.direction == "outbound")
                    .or(heads.first());
                ours.map(|head| (head.conversation_id, head.id))
            }
            None => None,
        };
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
        let open = self.most_recent(lead, campaign, true)?;
        let any = match open {
            Some(id) => Some(id),
            None => self.most_recent(lead, campaign, false)?,
        };
        Ok(any.map(|id| (id, None)))
    }

    fn happened(
        &mut self,
        conversation: Uuid,
        message: Option<Uuid>,
        what: &Happening<'_>,
    ) -> Result<Came, AppError> {
        let now = self.now;
        let lead = {
            let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
            entry.row.updated_at = now;
            entry.dirty = true;
            entry.row.lead_id
        };
        let id = self.new_id();
        let data = json!({"event": what.kind.name(), "messageId": message});
        self.log("email_event", Some(conversation), Some(lead), None, data);
        match what.kind {
            EventKind::Delivered => {
                self.keep_event(id, conversation, message, what)?;
                let delivered = Observation::Delivered {
                    at: what.at,
                    event: id,
                };
                let mut came = self.observe(conversation, &delivered, None)?;
                came.steps
                    .extend(self.judge_again(conversation, message)?.steps);
                Ok(came)
            }
            EventKind::Opened | EventKind::Clicked => {
                self.keep_event(id, conversation, message, what)?;
                self.judge_again(conversation, message)
            }
            EventKind::Failed(failure) => {
                self.keep_event(id, conversation, message, what)?;
                self.failed(conversation, lead, message, id, failure.class(), what)
            }
            EventKind::Complained => {
                self.keep_event(id, conversation, message, what)?;
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
                self.keep_event(id, conversation, message, what)?;
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
        let primary = self
            .lead(lead)?
            .map(|entry| entry.row.email_key.clone())
            .unwrap_or_default();
        let recipient = what.recipient.map(address_key);
        let failure = match class {
            FailureClass::Hard => Failed::Hard {
                primary: recipient
                    .as_ref()
                    .is_none_or(|recipient| *recipient == primary),
            },
            FailureClass::Soft => Failed::Soft,
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

    /// The person wants no more mail: told to the conversation it names and every open one of the lead.
    pub(crate) fn silenced(
        &mut self,
        kind: LeadFactKind,
        conversation: Uuid,
        lead: Uuid,
        message: Option<Uuid>,
        at: DateTime<Utc>,
        cause: Cause<Uuid>,
    ) -> Result<Came, AppError> {
        let fact = |direct| SuppressingFact {
            kind,
            at,
            message,
            cause: cause.clone(),
            direct,
        };
        let came = self.observe(conversation, &Observation::Suppressing(fact(true)), None)?;
        self.silenced_elsewhere(lead, conversation, &fact(false))?;
        Ok(came)
    }

    fn silenced_elsewhere(
        &mut self,
        lead: Uuid,
        here: Uuid,
        fact: &SuppressingFact<Uuid>,
    ) -> Result<(), AppError> {
        for id in self.conversations_of(lead)? {
            let now = self.now;
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            if id == here || !entry.facts.state.is_open() {
                continue;
            }
            entry.row.updated_at = now;
            self.observe(id, &Observation::Suppressing(fact.clone()), None)?;
        }
        Ok(())
    }

    /// An opt-out in words, stored in one conversation, reaches the lead's other open ones.
    pub(crate) fn opted_out_everywhere(
        &mut self,
        lead: Uuid,
        conversation: Uuid,
        row: &MessageRow,
    ) -> Result<(), AppError> {
        self.silenced_elsewhere(
            lead,
            conversation,
            &SuppressingFact {
                kind: LeadFactKind::OptOut,
                at: row.at,
                message: Some(row.id),
                cause: Cause::Message(row.id),
                direct: false,
            },
        )
    }

    /// A bounce, delay or complaint that came as mail has the effect of the event it reports.
    pub(crate) fn reported(
        &mut self,
        mail: &convo_email::InboundEmail,
        conversation: Uuid,
        about: Uuid,
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
                for one in recipients {
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
                Some(about),
                &Happening {
                    kind: &kind,
                    at,
                    recipient: address.as_deref(),
                    user_agent: None,
                    bot: false,
                },
            )?;
        }
        Ok(())
    }

    fn keep_event(
        &mut self,
        id: Uuid,
        conversation: Uuid,
        message: Option<Uuid>,
        what: &Happening<'_>,
    ) -> Result<(), AppError> {
        let campaign = self
            .conversation(conversation)?
            .and_then(|entry| entry.row.campaign_id);
        let policy = Arc::clone(&self.policy(campaign)?);
        // Only what follows from the user agent is kept, never itself.
        let machine = what.bot || is_machine(what.user_agent, &policy.policy.tracking);
        self.put_event(EmailEventRow {
            id,
            conversation_id: conversation,
            message_id: message,
            kind: what.kind.name().to_owned(),
            occurred_at: what.at,
            received_at: self.clock,
            bot: machine,
            agent_class: what
                .user_agent
                .map(|_| if machine { "machine" } else { "browser" }.to_owned()),
            judged: "none".to_owned(),
            recorded: false,
        });
        Ok(())
    }

    fn put_event(&mut self, row: EmailEventRow) {
        self.commit.email_events.retain(|other| other.id != row.id);
        self.commit.email_events.push(row);
        self.wrote();
    }

    /// Provider events of a conversation, those of this batch included.
    pub(crate) fn email_events_of(
        &mut self,
        conversation: Uuid,
    ) -> Result<Vec<EmailEventRow>, AppError> {
        let rows = self.reader.email_events_by_conversations(&[conversation])?;
        Ok(self.with_fresh(rows, |row| row.conversation_id == conversation))
    }

    fn with_fresh(
        &self,
        rows: Vec<EmailEventRow>,
        of: impl Fn(&EmailEventRow) -> bool,
    ) -> Vec<EmailEventRow> {
        let fresh = &self.commit.email_events;
        let mut rows: Vec<EmailEventRow> = rows
            .into_iter()
            .filter(|row| !fresh.iter().any(|other| other.id == row.id))
            .collect();
        rows.extend(fresh.iter().filter(|row| of(row)).cloned());
        rows
    }

    /// Judges all opens and clicks of a message anew: one more may make machines of its neighbours.
    fn judge_again(&mut self, conversation: Uuid, message: Option<Uuid>) -> Result<Came, AppError> {
        let rows = match message {
            Some(id) => {
                let rows = self.reader.email_events_by_messages(&[id])?;
                self.with_fresh(rows, |row| row.message_id == Some(id))
            }
            None => {
                let mut rows = self.email_events_of(conversation)?;
                rows.retain(|row| row.message_id.is_none());
                rows
            }
        };
        let delivered = rows
            .iter()
            .filter(|row| row.kind == "delivered")
            .map(|row| row.occurred_at)
            .min();
        let mut tracked: Vec<EmailEventRow> = rows
            .into_iter()
            .filter(|row| row.kind.parse::<TrackingKind>().is_ok())
            .collect();
        if tracked.is_empty() {
            return Ok(Came::default());
        }
        tracked.sort_by_key(|row| (row.occurred_at, row.id));
        let counted: Vec<&EmailEventRow> =
            tracked.iter().filter(|row| row.judged != "none").collect();
        let before = judged(&counted);
        let campaign = self
            .conversation(conversation)?
            .and_then(|entry| entry.row.campaign_id);
        let policy = Arc::clone(&self.policy(campaign)?);
        let events: Vec<TrackingEvent<'_>> = tracked
            .iter()
            .filter_map(|row| {
                let kind = row.kind.parse().ok()?;
                Some(TrackingEvent {
                    kind,
                    at: row.occurred_at,
                    bot: row.bot,
                    user_agent: None,
                })
            })
            .collect();
        let verdicts = judge(delivered, &events, &policy.policy.tracking);
        let mut first_human = Vec::new();
        let mut changed = Vec::new();
        for (row, verdict) in tracked.iter_mut().zip(&verdicts) {
            let first = *verdict == Verdict::Human && !row.recorded;
            if first {
                first_human.push(row.id);
                row.recorded = true;
            }
            if first || row.judged != verdict.as_str() {
                row.judged = verdict.as_str().to_owned();
                changed.push(row.clone());
            }
        }
        let after = judged(&tracked.iter().collect::<Vec<_>>());
        let observation = Observation::Tracked(Tracked {
            before,
            after,
            first_human,
        });
        let came = self.observe(conversation, &observation, message)?;
        for row in changed {
            self.put_event(row);
        }
        Ok(came)
    }

    /// `POST /{id}/integration-event`: always taken; what it comes to is in the answer.
    pub(crate) fn integration_event(
        &mut self,
        id: Uuid,
        event: &IntegrationEvent,
    ) -> Result<Answer, AppError> {
        event.check()?;
        let kind = integration_kind(event).ok_or(AppError::UnknownEvent)?;
        let given = event.lead_id;
        if let Some(lead) = given
            && self.lead(lead)?.is_none()
        {
            return Err(AppError::invalid("leadId", "names no lead"));
        }
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, before) = (entry.row.lead_id, entry.facts.state);
        if given.is_some_and(|given| given != lead) {
            return Err(AppError::invalid(
                "leadId",
                "is not the conversation's lead",
            ));
        }
        self.touched_lead = Some(lead);
        if self.integration_seen(id, event)? {
            return self.integrated(id, event, "ignored", Some("duplicate"));
        }
        let said = json!({
            "type": event.kind, "source": event.source, "metadata": event.metadata, "triggeredBy": event.source,
        });
        let metadata = self.keep_metadata(id, lead, "integration_event", &said);
        let at = event.occurred_at.unwrap_or(self.now);
        match kind {
            Integration::Mail(kind) => {
                let message = self.named_message(id, event.metadata.as_ref())?;
                let text = |name: &str| {
                    event
                        .metadata
                        .as_ref()
                        .and_then(|all| all.get(name))
                        .and_then(Value::as_str)
                };
                self.happened(
                    id,
                    message,
                    &Happening {
                        kind: &kind,
                        at,
                        recipient: text("recipient"),
                        user_agent: text("userAgent"),
                        bot: text("bot").is_some_and(|bot| !bot.is_empty()),
                    },
                )?;
            }
            Integration::Asked(asked) => {
                let asked = trigger(asked.as_str(), event.metadata.as_ref(), None)?;
                match self.ask(id, asked.agent, &Request::Trigger(asked)) {
                    Ok(decision) => {
                        self.taken(id, &decision, Some(metadata))?;
                    }
                    Err(AppError::Conflict { .. }) => {
                        return self.integrated(id, event, "ignored", Some("conflict"));
                    }
                    Err(AppError::InvalidTransition { .. }) => {
                        return self.integrated(id, event, "ignored", Some("invalid_transition"));
                    }
                    Err(AppError::RulesNotMet { .. }) => {
                        return self.integrated(id, event, "ignored", Some("rules_not_met"));
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        let after = self
            .conversation(id)?
            .map_or(before, |entry| entry.facts.state);
        self.integrated(
            id,
            event,
            if after == before { "recorded" } else { "moved" },
            None,
        )
    }

    fn integration_seen(&mut self, id: Uuid, event: &IntegrationEvent) -> Result<bool, AppError> {
        let Some(key) = &event.idempotency_key else {
            return Ok(false);
        };
        let digest = self.context.keyed(
            "integration",
            &[id.as_bytes(), event.source.as_bytes(), key.as_bytes()],
        );
        let seen = self.commit.dedupe.iter().any(|row| row.digest == digest)
            || !self
                .reader
                .seen_events(std::slice::from_ref(&digest))?
                .is_empty();
        if !seen {
            self.commit.dedupe.push(EventDedupeRow {
                digest,
                expires_at: self.clock + Duration::hours(48),
            });
        }
        Ok(seen)
    }

    /// The message an integration names by Message-ID or by our id.
    fn named_message(
        &mut self,
        conversation: Uuid,
        metadata: Option<&Value>,
    ) -> Result<Option<Uuid>, AppError> {
        let Some(text) = metadata
            .and_then(|all| all.get("messageId"))
            .and_then(Value::as_str)
        else {
            return Ok(None);
        };
        let of = |heads: &[convo_store::MessageHead]| {
            heads
                .iter()
                .find(|head| head.conversation_id == conversation)
                .map(|head| head.id)
        };
        if let Ok(id) = text.parse::<Uuid>() {
            return Ok(of(&self.reader.message_heads_by_ids(&[id])?));
        }
        match convo_threading::MessageId::parse(text) {
            Some(id) => Ok(of(self.heads(id.as_str())?)),
            None => Ok(None),
        }
    }

    fn integrated(
        &mut self,
        id: Uuid,
        event: &IntegrationEvent,
        outcome: &str,
        reason: Option<&str>,
    ) -> Result<Answer, AppError> {
        let state = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .facts
            .state;
        let mut body = json!({
            "success": true,
            "event": {
                "type": event.kind,
                "source": event.source,
                "conversationId": id,
                "leadId": self.touched_lead,
                "occurredAt": time(event.occurred_at.unwrap_or(self.now)),
                "metadata": event.metadata,
            },
            "outcome": outcome,
            "newState": state.as_str(),
            "timestamp": time(self.now),
        });
        if let (Value::Object(members), Some(reason)) = (&mut body, reason) {
            members.insert("reason".to_owned(), reason.into());
        }
        answer(200, &body)
    }
}

enum Integration {
    Mail(EventKind),
    Asked(Event),
}

fn integration_kind(event: &IntegrationEvent) -> Option<Integration> {
    let severity = event
        .metadata
        .as_ref()
        .and_then(|all| all.get("severity"))
        .and_then(Value::as_str);
    Some(match event.kind.as_str() {
        "email_delivered" => Integration::Mail(EventKind::Delivered),
        "email_opened" => Integration::Mail(EventKind::Opened),
        "email_clicked" => Integration::Mail(EventKind::Clicked),
        "email_complained" => Integration::Mail(EventKind::Complained),
        "email_unsubscribed" => Integration::Mail(EventKind::Unsubscribed),
        "email_bounced" => Integration::Mail(EventKind::Failed(convo_email::Failure {
            severity: match severity {
                Some("temporary") => convo_email::Severity::Temporary,
                _ => convo_email::Severity::Permanent,
            },
            reason: Some("bounce".to_owned()),
            code: None,
            enhanced_code: None,
            bounce_type: None,
        })),
        "handover_requested" => Integration::Asked(Event::HandoverRequested),
        "agent_assigned" => Integration::Asked(Event::HumanAgentAssigned),
        "conversation_completed" => Integration::Asked(Event::ConversationCompleted),
        _ => return None,
    })
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

/// Whether a user agent alone makes a machine of an open: judged as if all else spoke for a person.
fn is_machine(user_agent: Option<&str>, tracking: &Tracking) -> bool {
    let Some(user_agent) = user_agent else {
        return false;
    };
    let at = DateTime::UNIX_EPOCH + Duration::days(1);
    let event = TrackingEvent {
        kind: TrackingKind::Opened,
        at,
        bot: false,
        user_agent: Some(user_agent),
    };
    judge(Some(DateTime::UNIX_EPOCH), &[event], tracking).first() == Some(&Verdict::Machine)
}
