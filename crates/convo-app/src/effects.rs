//! From a decision of the core to rows: audit, journey, log, suppressions.

use chrono::{DateTime, Utc};
use convo_core::change::{Cause, Change, Decision, Step, Suppression, TriggeredBy};
use convo_core::machine::State;
use convo_core::vocabulary::{Stage, SuppressionReason};
use convo_store::rows::{JourneyEventRow, MetadataRow, TransitionRow};
use convo_store::{LeasesOf, NewLogRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::{Batch, Touched};
use crate::error::AppError;
use crate::handover::Before;
use crate::records::Suppressing;
use crate::wire::{address_key, is_address};

/// Bytes of the salt of a metadata row: nobody tries all of them.
pub(crate) const SALT: usize = 16;

/// What came of a decision, for answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Came {
    pub steps: Vec<(Uuid, Step<Uuid>)>,
    pub entered: Vec<Stage>,
}

impl Batch<'_, '_> {
    /// Folds a decision into the working set and writes its rows.
    pub(crate) fn take(
        &mut self,
        conversation: Uuid,
        decision: &Decision<Uuid>,
        metadata: Option<Uuid>,
    ) -> Result<Came, AppError> {
        let mut came = Came::default();
        if decision.changes.is_empty() {
            return Ok(came);
        }
        let silent = self.silent;
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        entry.touch(Touched::Facts);
        let before = Before::of(&entry.facts);
        let waited = entry.facts.waits_since();
        entry.begins |= silent;
        for change in &decision.changes {
            entry.facts.apply(change);
        }
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let lead_entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        for change in decision.changes.iter().filter(|change| change.is_of_lead()) {
            lead_entry.facts.apply(change);
            lead_entry.touch(Touched::Facts);
        }
        self.wrote();
        let version = self.policy(campaign)?.version;
        for change in &decision.changes {
            match change {
                Change::Transitioned(step) => {
                    let id = self.audit(conversation, lead, version, step, metadata);
                    came.steps.push((id, step.clone()));
                }
                Change::StageEntered { stage, at, .. } => {
                    let reached = decision.changes.iter().any(|other| {
                        matches!(other, Change::MilestoneReached { milestone, .. } if *milestone == stage.milestone())
                    });
                    self.journey_row(conversation, lead, *stage, "entered", reached, *at);
                    came.entered.push(*stage);
                }
                Change::StageFell { from, at, .. } => {
                    self.journey_row(conversation, lead, *from, "left", false, *at);
                }
                Change::Suppressed(suppression) => self.suppressed(lead, campaign, suppression)?,
                Change::FlagSet {
                    code,
                    message: Some(message),
                    ..
                } => {
                    let data =
                        json!({"action": "flagged", "messageId": message, "flag": code.as_str()});
                    self.thread_updated(conversation, lead, data);
                }
                Change::Snoozed { until } => {
                    let change = match until {
                        Some(_) => "conversation_snoozed",
                        None => "conversation_woken",
                    };
                    self.record_changed(change, Some(conversation), Some(lead), None);
                }
                Change::FollowUpRaised { .. } => {
                    self.record_changed("follow_up_due", Some(conversation), Some(lead), None);
                }
                Change::ReplyAlerted { message, .. } => {
                    let data = json!({"action": "reply_needed", "messageId": message});
                    self.thread_updated(conversation, lead, data);
                }
                _ => {}
            }
        }
        if decision.changes.iter().any(stops_automation) {
            self.end_leases(LeasesOf::Lead(lead));
        }
        self.waits_follow(conversation, waited, decision)?;
        self.handover_follows(conversation, before, decision)?;
        Ok(came)
    }

    fn audit(
        &mut self,
        conversation: Uuid,
        lead: Uuid,
        policy_version: i64,
        step: &Step<Uuid>,
        metadata: Option<Uuid>,
    ) -> Uuid {
        let id = self.new_id();
        let system = step.triggered_by == TriggeredBy::System;
        let rules = |rules: &[convo_core::rules::RuleId]| {
            serde_json::to_string(rules).unwrap_or_else(|_| "[]".to_owned())
        };
        self.commit.transitions.push(TransitionRow {
            id,
            conversation_id: conversation,
            lead_id: lead,
            version: signed(step.version),
            from_state: step.from.as_str().to_owned(),
            to_state: step.to.as_str().to_owned(),
            event: step.event.as_str().to_owned(),
            triggered_by: if system { "system" } else { "request" }.to_owned(),
            actor: self.actor.text(),
            cause: Some(cause(&step.cause)),
            implied_by: step.implied_by,
            warnings: rules(&step.warnings),
            waived: rules(&step.waived),
            policy_version,
            metadata_id: metadata,
            at: step.at,
            recorded_at: self.clock,
            content_digest: None,
            digest: None,
        });
        let mut data = json!({
            "fromState": step.from.as_str(),
            "toState": step.to.as_str(),
            "event": step.event.as_str(),
            "version": step.version,
        });
        if system && let Value::Object(members) = &mut data {
            members.insert("triggeredBy".to_owned(), "system".into());
        }
        self.log(
            "conversation_state_changed",
            Some(conversation),
            Some(lead),
            metadata,
            data,
        );
        id
    }

    fn journey_row(
        &mut self,
        conversation: Uuid,
        lead: Uuid,
        stage: Stage,
        action: &str,
        reached: bool,
        at: DateTime<Utc>,
    ) {
        let milestone = reached.then(|| stage.milestone().as_str());
        self.commit.journey.push(JourneyEventRow {
            id: self.new_id(),
            lead_id: lead,
            conversation_id: Some(conversation),
            stage: i16::from(stage.order()),
            action: action.to_owned(),
            milestone: milestone.map(str::to_owned),
            at,
            recorded_at: self.clock,
        });
        let data = json!({
            "action": action,
            "stage": stage.as_str(),
            "progress": stage.progress(),
            "milestone": milestone,
        });
        self.log(
            "lead_journey_updated",
            Some(conversation),
            Some(lead),
            None,
            data,
        );
    }

    fn suppressed(
        &mut self,
        lead: Uuid,
        campaign: Option<Uuid>,
        suppression: &Suppression<Uuid>,
    ) -> Result<(), AppError> {
        let Some(entry) = self.lead(lead)? else {
            return Ok(());
        };
        if entry.row.erased_at.is_some() {
            return Ok(());
        }
        let primary = entry.row.email.clone();
        // A failure speaks of the address that failed; what the person said speaks of the person.
        let failed = matches!(
            suppression.reason,
            SuppressionReason::HardBounce | SuppressionReason::SoftBounce
        );
        let address = match &self.failing_address {
            // Whatever a provider writes there, only an address can be one we must not write to.
            Some(failing) if failed && !is_address(failing) => return Ok(()),
            Some(failing) if failed => failing.clone(),
            _ => primary,
        };
        if failed && address.is_empty() {
            return Ok(());
        }
        let evidence = suppression.message.map(|id| format!("message:{id}"));
        // A mail has several recipients: an address that failed is its owner's, whoever the conversation is with.
        let owner = match failed {
            true => self.lead_of_address(&address)?.unwrap_or(lead),
            false => lead,
        };
        let (_, is_new) = self.suppress_once(&Suppressing {
            address: &address,
            lead: Some(owner),
            reason: suppression.reason.as_str(),
            scope: suppression.scope.as_str(),
            source: self.opted_out_by.unwrap_or(suppression.source.as_str()),
            evidence: evidence.as_deref(),
            at: suppression.at,
        })?;
        if is_new {
            self.suppression_fared(campaign, suppression)?;
        }
        if !failed {
            return Ok(());
        }
        // The mail that proves the address alive may have come first.
        match self.heard_from(owner, &address_key(&address))? {
            Some(heard) => self.heard_alive(&address, heard),
            None => Ok(()),
        }
    }

    /// Adds a row to the event log; `data` holds ids, codes and numbers only.
    pub(crate) fn log(
        &mut self,
        kind: &str,
        conversation: Option<Uuid>,
        lead: Option<Uuid>,
        metadata: Option<Uuid>,
        data: Value,
    ) {
        self.commit.log.push(NewLogRow {
            kind: kind.to_owned(),
            at: self.clock,
            conversation_id: conversation,
            lead_id: lead,
            metadata_id: metadata,
            silent: self.silent,
            quiet: conversation.is_some_and(|id| self.is_quiet(id)),
            data: data.to_string(),
        });
        self.wrote();
    }

    /// Whether what happens in a conversation is told to no socket.
    fn is_quiet(&self, conversation: Uuid) -> bool {
        let entry = self.conversations.get(&conversation);
        entry
            .and_then(Option::as_ref)
            .is_some_and(|entry| !entry.facts.integration.real_time)
    }

    /// Logs a change of a record.
    pub(crate) fn record_changed(
        &mut self,
        change: &str,
        conversation: Option<Uuid>,
        lead: Option<Uuid>,
        record: Option<Uuid>,
    ) {
        let data = json!({"change": change, "recordId": record});
        self.log("record_changed", conversation, lead, None, data);
    }

    /// Keeps what a request said in free words in a row of its own, which an erase can empty.
    pub(crate) fn keep_metadata(
        &mut self,
        conversation: Uuid,
        lead: Uuid,
        kind: &str,
        body: &Value,
    ) -> Uuid {
        let id = self.new_id();
        let mut salt = vec![0; SALT];
        self.context.shell.random(&mut salt);
        self.commit.metadata.push(MetadataRow {
            id,
            conversation_id: Some(conversation),
            lead_id: Some(lead),
            kind: kind.to_owned(),
            body: body.to_string(),
            created_at: self.clock,
            salt: Some(salt),
        });
        self.wrote();
        id
    }
}

/// A fact that forbids automation to write to the lead, and that may be undone.
fn stops_automation(change: &Change<Uuid>) -> bool {
    match change {
        Change::Transitioned(step) => {
            step.from != step.to
                && matches!(
                    step.to,
                    State::ReadyForHandover | State::HandedOver | State::Closed | State::Archived
                )
        }
        Change::HoldSet { .. } | Change::AgentAssigned { .. } => true,
        Change::Snoozed { until } => until.is_some(),
        _ => false,
    }
}

fn cause(cause: &Cause<Uuid>) -> String {
    match cause {
        Cause::Message(id) => format!("message:{id}"),
        Cause::ProviderEvent(id) => format!("event:{id}"),
        Cause::Timer => "timer".to_owned(),
        Cause::Request => "request".to_owned(),
        Cause::TakeOver => "take_over".to_owned(),
    }
}

/// A count as the databases hold it.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
