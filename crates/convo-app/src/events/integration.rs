//! Events of other systems, by `POST /{id}/integration-event`.

use convo_core::decide::Request;
use convo_core::machine::Event;
use convo_email::EventKind;
use convo_store::MessageHead;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Happening;
use crate::batch::Batch;
use crate::command::Answer;
use crate::conversations::trigger;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::{IntegrationEvent, cut, time};

/// What an integration event can be.
pub const INTEGRATION_TYPES: [&str; 9] = [
    "email_delivered",
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_complained",
    "email_unsubscribed",
    "handover_requested",
    "agent_assigned",
    "conversation_completed",
];

impl Batch<'_, '_> {
    /// `POST /{id}/integration-event`: always taken; what it comes to is in the answer.
    pub(crate) fn integration_event(
        &mut self,
        id: Uuid,
        event: &IntegrationEvent,
    ) -> Result<Answer, AppError> {
        event.check()?;
        let given = event.lead_id;
        if let Some(lead) = given
            && self.lead(lead)?.is_none()
        {
            return Err(AppError::invalid("leadId", "names no lead"));
        }
        let kind = integration_kind(event).ok_or(AppError::UnknownEvent)?;
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
        let at = event.occurred_at.map_or(self.now, cut);
        match kind {
            Integration::Mail(kind) => {
                let named = self.named_message(id, event.metadata.as_ref())?;
                if named.inbound {
                    return self.integrated(id, event, "ignored", Some("inbound_message"));
                }
                let text = |name: &str| {
                    event
                        .metadata
                        .as_ref()
                        .and_then(|all| all.get(name))
                        .and_then(Value::as_str)
                };
                let bot = event.metadata.as_ref().and_then(|all| all.get("bot"));
                self.happened(
                    id,
                    &Happening {
                        kind: &kind,
                        at,
                        message: named.message,
                        rfc_id: named.rfc_id.as_deref(),
                        recipient: text("recipient"),
                        user_agent: text("userAgent"),
                        bot: bot.is_some_and(names_a_bot),
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
        Ok(!self.first_time(digest)?)
    }

    /// The message an integration names by Message-ID or by our id.
    fn named_message(
        &mut self,
        conversation: Uuid,
        metadata: Option<&Value>,
    ) -> Result<Named, AppError> {
        let text = metadata
            .and_then(|all| all.get("messageId"))
            .and_then(Value::as_str);
        let Some(text) = text else {
            return Ok(Named::default());
        };
        let (heads, rfc_id) = if let Ok(id) = text.parse::<Uuid>() {
            (self.message_heads_of(id)?, None)
        } else if let Some(id) = convo_threading::MessageId::parse(text) {
            (
                self.heads(id.as_str())?.to_vec(),
                Some(id.as_str().to_owned()),
            )
        } else {
            return Ok(Named::default());
        };
        let here: Vec<MessageHead> = heads
            .into_iter()
            .filter(|head| head.conversation_id == conversation)
            .collect();
        let ours = crate::intake::sent(&here);
        Ok(Named {
            message: ours.map(|head| head.id),
            inbound: ours.is_none() && !here.is_empty(),
            rfc_id: ours.map(|head| head.rfc_id.clone()).or(rfc_id),
        })
    }

    /// A message by our id, stored or of this batch.
    fn message_heads_of(&mut self, id: Uuid) -> Result<Vec<MessageHead>, AppError> {
        let mut here = self.heads.values().flatten();
        if let Some(head) = here.find(|head| head.id == id) {
            return Ok(vec![head.clone()]);
        }
        Ok(self.reader.message_heads_by_ids(&[id])?)
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

/// The mail an integration speaks of.
#[derive(Default)]
struct Named {
    message: Option<Uuid>,
    /// It is one of the lead's, which nobody delivered for us.
    inbound: bool,
    rfc_id: Option<String>,
}

/// A provider's name of a bot, or a plain yes.
fn names_a_bot(value: &Value) -> bool {
    match value {
        Value::Bool(bot) => *bot,
        Value::String(name) => {
            !matches!(name.trim().to_lowercase().as_str(), "" | "false" | "none")
        }
        _ => false,
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
