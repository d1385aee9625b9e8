//! Commands on a conversation: make, change, transition, validate, take over.

mod take_over;
mod validate;

pub use validate::{possibilities, validate_transition};

use chrono::{DateTime, Utc};
use convo_core::change::{Decision, Warning};
use convo_core::clocks::Clocks;
use convo_core::conversation::{Conversation, Integration};
use convo_core::decide::{Request, Trigger};
use convo_core::machine::{Event, State};
use convo_core::vocabulary::Outcome;
use convo_store::rows::ConversationRow;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::{Batch, ConversationEntry, Counted, Touched, integration};
use crate::command::Answer;
use crate::effects::Came;
use crate::error::{AppError, Violation};
use crate::records::answer;
use crate::reply_token;
use crate::views;
use crate::wire::{
    ConversationPatch, IntegrationPatch, NewConversation, TransitionRequest, cut, is_storable, time,
};

impl Batch<'_, '_> {
    /// `POST /api/conversations`: 201, or 200 with the open one that exists.
    pub(crate) fn create_conversation(
        &mut self,
        new: &NewConversation,
    ) -> Result<Answer, AppError> {
        new.check()?;
        let mut wrong = Vec::new();
        let lead = self.lead(new.lead_id)?;
        if lead.is_none_or(|lead| lead.row.erased_at.is_some()) {
            wrong.push(Violation::new("leadId", "names no lead"));
        }
        if let Some(campaign) = new.campaign_id
            && self.campaign(campaign)?.is_none()
        {
            wrong.push(Violation::new("campaignId", "names no campaign"));
        }
        if !wrong.is_empty() {
            return Err(AppError::Invalid(wrong));
        }
        let (status, id) = match self.conversation_meant(new)? {
            Some(id) => (200, id),
            None => {
                let id = self.add_conversation(new.lead_id, new.campaign_id, &new.subject, None)?;
                let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
                entry.row.external_id.clone_from(&new.external_id);
                (201, id)
            }
        };
        self.touched_lead = Some(new.lead_id);
        let token = reply_token::mint(&self.context.reply_key, id);
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let mut row = entry.row.clone();
        row.state = entry.facts.state.as_str().to_owned();
        row.version = crate::effects::signed(entry.facts.version);
        answer(status, &views::conversation(&row, Some(&token)))
    }

    /// The conversation that has the external id, else the open one of the lead and campaign.
    fn conversation_meant(&mut self, new: &NewConversation) -> Result<Option<Uuid>, AppError> {
        let known = match &new.external_id {
            Some(external) => self.conversation_named(external)?,
            None => None,
        };
        match known {
            Some(id) => {
                let lead = self.conversation(id)?.map(|entry| entry.row.lead_id);
                if lead != Some(new.lead_id) {
                    return Err(AppError::conflict(
                        "another lead's conversation has this externalId",
                    ));
                }
                Ok(Some(id))
            }
            None => self.open_of(new.lead_id, new.campaign_id),
        }
    }

    /// The open conversation of a lead and campaign, of which there is at most one.
    pub(crate) fn open_of(
        &mut self,
        lead: Uuid,
        campaign: Option<Uuid>,
    ) -> Result<Option<Uuid>, AppError> {
        for id in self.conversations_of(lead)? {
            let Some(entry) = self.conversation(id)? else {
                continue;
            };
            if entry.row.campaign_id == campaign && entry.facts.state.is_open() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Makes a NEW conversation; the caller has seen that none is open.
    pub(crate) fn add_conversation(
        &mut self,
        lead: Uuid,
        campaign: Option<Uuid>,
        subject: &str,
        previous: Option<Uuid>,
    ) -> Result<Uuid, AppError> {
        self.conversations_of(lead)?;
        let id = self.new_id();
        let mut facts = Conversation::new(id, lead, campaign, self.now);
        facts.previous = previous;
        let row = ConversationRow {
            id,
            lead_id: lead,
            campaign_id: campaign,
            previous_conversation_id: previous,
            created_at: self.now,
            external_id: None,
            subject: subject.trim().to_owned(),
            state: State::New.as_str().to_owned(),
            version: 0,
            revision: 0,
            assigned_agent_id: None,
            outcome: None,
            follow_up_at: None,
            awaiting: "nobody".to_owned(),
            held: false,
            last_event: None,
            last_activity_at: self.now,
            closed_at: None,
            message_count: 0,
            engagement: 0,
            readiness: 0,
            qualification: 0,
            ever_handed_over: false,
            integration: None,
            queued_since: None,
            facts: String::new(),
            audit_version: 0,
            audit_digest: None,
            updated_at: self.now,
        };
        let entry = ConversationEntry {
            row,
            facts,
            stored: None,
            touched: Touched::Record,
            before: Counted::default(),
            clocks: Clocks::default(),
            check_timers: false,
            waiting: None,
            owner: None,
            first_sent: None,
            begins: self.silent,
        };
        self.conversations.insert(id, Some(entry));
        self.of_lead.entry(lead).or_default().push(id);
        self.record_changed("conversation_created", Some(id), Some(lead), None);
        Ok(id)
    }

    /// `PATCH /api/conversations/{id}`: audited, no event.
    pub(crate) fn patch_conversation(
        &mut self,
        id: Uuid,
        patch: &ConversationPatch,
    ) -> Result<Answer, AppError> {
        let outcome = match &patch.outcome {
            Some(text) => Some(
                outcome(text).ok_or_else(|| AppError::invalid("outcome", "is not an outcome"))?,
            ),
            None => None,
        };
        if patch
            .subject
            .as_ref()
            .is_some_and(|subject| subject.chars().count() > 998)
        {
            return Err(AppError::invalid(
                "subject",
                "must have at most 998 characters",
            ));
        }
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (lead, known) = (
            entry.row.lead_id,
            (entry.facts.outcome, entry.facts.follow_up_at),
        );
        if outcome.is_some() || patch.follow_up_at.is_some() {
            let follow_up_at = patch.follow_up_at.map_or(known.1, |at| at.map(cut));
            match outcome.or(known.0) {
                Some(outcome) => {
                    let request = Request::SetOutcome {
                        outcome,
                        follow_up_at,
                    };
                    let decision = self.ask(id, None, &request)?;
                    self.take(id, &decision, None)?;
                }
                None => {
                    let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
                    entry.facts.follow_up_at = follow_up_at;
                }
            }
        }
        if let Some(switches) = &patch.integration {
            self.switch(id, switches)?;
        }
        let now = self.now;
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        if let Some(subject) = &patch.subject {
            entry.row.subject = subject.trim().to_owned();
        }
        entry.row.updated_at = now;
        entry.touch(Touched::Record);
        let mut row = entry.row.clone();
        row.outcome = entry
            .facts
            .outcome
            .map(|outcome| outcome.as_str().to_owned());
        row.follow_up_at = entry.facts.follow_up_at;
        row.integration = integration(&entry.facts);
        let said = json!({
            "outcome": patch.outcome,
            "followUpAt": patch.follow_up_at.flatten().map(time),
            "integration": patch.integration,
            "actor": self.actor.text(),
        });
        self.touched_lead = Some(lead);
        self.keep_metadata(id, lead, "conversation_patched", &said);
        self.record_changed("conversation_changed", Some(id), Some(lead), None);
        answer(200, &views::conversation(&row, None))
    }

    /// Switches on or off what Convo does by itself in a conversation.
    fn switch(&mut self, id: Uuid, switches: &IntegrationPatch) -> Result<(), AppError> {
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let known = entry.facts.integration;
        let wanted = Integration {
            tracking: switches.tracking.unwrap_or(known.tracking),
            handover: switches.handover.unwrap_or(known.handover),
            real_time: switches.real_time.unwrap_or(known.real_time),
        };
        if wanted != known {
            let decision = self.ask(id, None, &Request::Integrate(wanted))?;
            self.take(id, &decision, None)?;
        }
        if wanted.handover != known.handover {
            self.handover_switched(id, wanted.handover)?;
        }
        Ok(())
    }

    /// `POST /{id}/transition`.
    pub(crate) fn transition(
        &mut self,
        id: Uuid,
        request: &TransitionRequest,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let asked = trigger(
            &request.event,
            request.metadata.as_ref(),
            request.expected_version,
        )?;
        let lead = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let decision = self.ask(id, asked.agent, &Request::Trigger(asked))?;
        let said = json!({"triggeredBy": request.triggered_by, "metadata": request.metadata});
        let metadata = self.keep_metadata(id, lead, "transition", &said);
        let came = self.taken(id, &decision, Some(metadata))?;
        self.touched_lead = Some(lead);
        let (transition, step) = came
            .steps
            .first()
            .ok_or_else(|| AppError::Fault("an accepted event left no step".to_owned()))?;
        answer(
            200,
            &json!({
                "success": true,
                "conversationId": id,
                "fromState": step.from.as_str(),
                "newState": step.to.as_str(),
                "event": step.event.as_str(),
                "triggeredBy": request.triggered_by,
                "version": step.version,
                "warnings": warnings(&decision.warnings),
                "transitionId": transition,
                "timestamp": time(self.now),
            }),
        )
    }

    /// Takes a decision on a request, and marks the conversation as changed now.
    pub(crate) fn taken(
        &mut self,
        id: Uuid,
        decision: &Decision<Uuid>,
        metadata: Option<Uuid>,
    ) -> Result<Came, AppError> {
        let came = self.take(id, decision, metadata)?;
        let now = self.now;
        if let Some(entry) = self.conversation(id)? {
            entry.row.updated_at = now;
        }
        Ok(came)
    }
}

/// Judges a transition request as far as no database is needed for it.
///
/// # Errors
/// `Invalid`, or `UnknownEvent`.
pub fn judge(request: &TransitionRequest) -> Result<(), AppError> {
    request.check()?;
    trigger(&request.event, request.metadata.as_ref(), None).map(|_| ())
}

fn warnings(warnings: &[Warning]) -> Vec<Value> {
    warnings
        .iter()
        .map(|warning| json!({"rule": warning.rule, "message": warning.message}))
        .collect()
}

/// Reads an event and what its metadata says to the rules.
///
/// # Errors
/// `UnknownEvent`, or `Invalid` for an outcome or time that is none.
pub(crate) fn trigger(
    event: &str,
    metadata: Option<&Value>,
    expected_version: Option<u64>,
) -> Result<Trigger<Uuid>, AppError> {
    let event: Event = event.parse().map_err(|_| AppError::UnknownEvent)?;
    let text = |name: &str| {
        metadata
            .and_then(|metadata| metadata.get(name))
            .filter(|value| !value.is_null())
    };
    // An id that is none names nobody: the rule says so.
    let agent = text("agentId").map(|value| {
        value
            .as_str()
            .and_then(|id| id.parse().ok())
            .unwrap_or(Uuid::nil())
    });
    let closes = matches!(
        event,
        Event::ConversationCompleted | Event::ConversationAbandoned
    );
    let outcome = match text("outcome").filter(|_| closes) {
        Some(value) => {
            let known = value.as_str().and_then(outcome);
            Some(known.ok_or_else(|| AppError::invalid("metadata.outcome", "is not an outcome"))?)
        }
        None => None,
    };
    let follow_up_at = match text("followUpAt").filter(|_| closes) {
        Some(value) => {
            let read = value
                .as_str()
                .and_then(|text| text.parse::<DateTime<Utc>>().ok())
                .filter(|at| is_storable(*at))
                .map(cut);
            Some(read.ok_or_else(|| {
                AppError::invalid("metadata.followUpAt", "is not an RFC 3339 time")
            })?)
        }
        None => None,
    };
    Ok(Trigger {
        agent,
        outcome,
        follow_up_at,
        expected_version,
        ..Trigger::new(event)
    })
}

pub(crate) fn outcome(text: &str) -> Option<Outcome> {
    text.parse().ok()
}

pub(crate) fn state(text: &str) -> Option<State> {
    text.parse().ok()
}
