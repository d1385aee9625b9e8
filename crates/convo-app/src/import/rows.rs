//! Rows of CSV or JSON Lines: agents, campaigns, leads, conversations, messages, suppressions.

use chrono::{DateTime, Utc};
use convo_core::machine::State;
use convo_core::observe::Observation;
use convo_core::stages::lift;
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_store::rows::TransitionRow;
use convo_threading::MessageId;
use serde_json::json;
use uuid::Uuid;

use super::{ImportConversation, ImportLead, ImportMessage, ImportRow};
use crate::batch::Batch;
use crate::command::Answer;
use crate::conversations::{outcome, state};
use crate::effects::signed;
use crate::error::AppError;
use crate::message::NewMessage;
use crate::records::answer;

/// The event name of the single step that may begin an imported history.
pub const IMPORTED: &str = "IMPORTED";

impl Batch<'_, '_> {
    /// Takes a row of an import; a known external id changes nothing.
    pub(crate) fn import_row(&mut self, row: &ImportRow) -> Result<Answer, AppError> {
        match row {
            ImportRow::Agent(agent) => self.create_agent(agent),
            ImportRow::Campaign(campaign) => self.create_campaign(campaign),
            ImportRow::Lead(lead) => self.import_lead(lead),
            ImportRow::Conversation(conversation) => self.import_conversation(conversation),
            ImportRow::Message(message) => self.import_message(message),
            ImportRow::Suppression(suppression) => self.create_suppression(suppression),
        }
    }

    fn import_lead(&mut self, row: &ImportLead) -> Result<Answer, AppError> {
        let mut lead = row.lead.clone();
        if let Some(external) = &row.campaign_external_id {
            lead.campaign_id = Some(self.campaign_named(external)?);
        }
        self.create_lead(&lead)
    }

    fn campaign_named(&mut self, external: &str) -> Result<Uuid, AppError> {
        let here = self
            .campaigns
            .values()
            .flatten()
            .find(|row| row.external_id.as_deref() == Some(external));
        if let Some(row) = here {
            return Ok(row.id);
        }
        let found = self
            .reader
            .campaigns_by_external_ids(&[external.to_owned()])?
            .pop();
        let row =
            found.ok_or_else(|| AppError::invalid("campaignExternalId", "names no campaign"))?;
        Ok(row.id)
    }

    fn lead_named(&mut self, row: &ImportConversation) -> Result<Uuid, AppError> {
        let nobody = || AppError::invalid("lead", "names no lead");
        let given = row
            .lead
            .as_ref()
            .or(row.lead_external_id.as_ref())
            .or(row.lead_email.as_ref())
            .ok_or_else(nobody)?;
        if let Ok(id) = given.parse::<Uuid>()
            && self.lead(id)?.is_some()
        {
            return Ok(id);
        }
        if given.contains('@')
            && let Some(id) = self.lead_of_address(given)?
        {
            return Ok(id);
        }
        let mut here = self.leads.values().flatten();
        if let Some(entry) = here.find(|entry| entry.row.external_id.as_deref() == Some(given)) {
            return Ok(entry.row.id);
        }
        let found = self
            .reader
            .leads_by_external_ids(std::slice::from_ref(given))?
            .pop();
        found.map(|row| row.id).ok_or_else(nobody)
    }

    /// The conversation with this id of the caller's.
    pub(crate) fn conversation_named(&mut self, external: &str) -> Result<Option<Uuid>, AppError> {
        let mut here = self.conversations.values().flatten();
        if let Some(entry) = here.find(|entry| entry.row.external_id.as_deref() == Some(external)) {
            return Ok(Some(entry.row.id));
        }
        let found = self
            .reader
            .conversations_by_external_ids(&[external.to_owned()])?
            .pop();
        Ok(found.map(|row| row.id))
    }

    fn import_conversation(&mut self, row: &ImportConversation) -> Result<Answer, AppError> {
        if let Some(id) = self.conversation_named(&row.external_id)? {
            return answer(200, &json!({"id": id, "outcome": "duplicate"}));
        }
        let lead = self.lead_named(row)?;
        let campaign = match &row.campaign_external_id {
            Some(external) => Some(self.campaign_named(external)?),
            None => None,
        };
        let wanted = match &row.state {
            Some(text) => {
                state(text).ok_or_else(|| AppError::invalid("state", "is not a state"))?
            }
            None => State::New,
        };
        let ended = match &row.outcome {
            Some(text) => Some(
                outcome(text).ok_or_else(|| AppError::invalid("outcome", "is not an outcome"))?,
            ),
            None => None,
        };
        let owner = match &row.agent {
            Some(given) => Some(self.agent_named(given)?),
            None => None,
        };
        if wanted.is_open() && self.open_of(lead, campaign)?.is_some() {
            return Err(AppError::conflict(
                "another conversation of this lead and campaign is open",
            ));
        }
        let clock = self.now;
        self.now = row.created_at.map_or(clock, crate::wire::cut).min(clock);
        let id = self.add_conversation(lead, campaign, &row.subject, None)?;
        let changed = row.updated_at.map_or(self.now, crate::wire::cut).min(clock);
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        entry.row.external_id = Some(row.external_id.clone());
        if wanted != State::New {
            entry.facts.state = wanted;
            entry.facts.version = 1;
            entry.facts.agent = owner;
            entry.facts.outcome = ended;
            if !wanted.is_open() {
                entry.facts.closed_at = Some(changed);
            }
            if wanted == State::HandedOver {
                entry.facts.handover.handed_over_at = Some(changed);
            }
            entry.row.updated_at = changed;
            self.imported_step(id, lead, campaign, wanted, changed)?;
            self.lifted_by(wanted, id, lead, changed)?;
        }
        answer(201, &json!({"id": id, "outcome": "stored"}))
    }

    /// The state a conversation comes with lifts its lead, as a transition into it would have.
    fn lifted_by(
        &mut self,
        state: State,
        conversation: Uuid,
        lead: Uuid,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let Some(stage) = lift(state) else {
            return Ok(());
        };
        let entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        let newest = entry.facts.journey.lifted.entry(stage).or_insert(at);
        *newest = (*newest).max(at);
        entry.dirty = true;
        self.now = at;
        self.observe(conversation, &Observation::LeadChanged, None)?;
        Ok(())
    }

    fn agent_named(&mut self, given: &str) -> Result<Uuid, AppError> {
        if let Some(id) = self.agent_of_address(given)? {
            return Ok(id);
        }
        let mut here = self.agents.values().flatten();
        if let Some(row) = here.find(|row| row.external_id.as_deref() == Some(given)) {
            return Ok(row.id);
        }
        let found = self
            .reader
            .agents_by_external_ids(&[given.to_owned()])?
            .pop();
        found
            .map(|row| row.id)
            .ok_or_else(|| AppError::invalid("agent", "names no agent"))
    }

    /// The state a conversation comes with becomes one audited step.
    fn imported_step(
        &mut self,
        id: Uuid,
        lead: Uuid,
        campaign: Option<Uuid>,
        to: State,
        at: DateTime<Utc>,
    ) -> Result<(), AppError> {
        let policy_version = self.policy(campaign)?.version;
        let row = TransitionRow {
            id: self.new_id(),
            conversation_id: id,
            lead_id: lead,
            version: 1,
            from_state: State::New.as_str().to_owned(),
            to_state: to.as_str().to_owned(),
            event: IMPORTED.to_owned(),
            triggered_by: "system".to_owned(),
            actor: self.actor.text(),
            cause: Some("import".to_owned()),
            implied_by: None,
            warnings: "[]".to_owned(),
            waived: "[]".to_owned(),
            policy_version,
            metadata_id: None,
            at,
            recorded_at: self.clock,
        };
        self.commit.transitions.push(row);
        let data = json!({
            "fromState": State::New.as_str(), "toState": to.as_str(), "event": IMPORTED,
            "version": signed(1), "triggeredBy": "system",
        });
        self.log(
            "conversation_state_changed",
            Some(id),
            Some(lead),
            None,
            data,
        );
        Ok(())
    }

    fn import_message(&mut self, row: &ImportMessage) -> Result<Answer, AppError> {
        let id = self
            .conversation_named(&row.conversation_external_id)?
            .ok_or_else(|| AppError::invalid("conversationExternalId", "names no conversation"))?;
        let lead = self
            .conversation(id)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let (author, agent) = self.author_of(row, lead)?;
        let inbound = match row.direction.as_deref() {
            Some("inbound") => true,
            Some("outbound") => false,
            Some(_) => {
                return Err(AppError::invalid(
                    "direction",
                    "must be inbound or outbound",
                ));
            }
            None => author == Author::Lead,
        };
        let mail = crate::message::mail_of(row.email_headers.as_ref(), &row.content, None, None);
        // The external id stands in for a Message-ID, so that a second run finds the message.
        let own = mail.message_id.clone().or_else(|| {
            let digest = self.context.keyed("import", &[row.external_id.as_bytes()]);
            MessageId::parse(&format!(
                "<{}@import.convo>",
                hex::encode(digest.get(..16)?)
            ))
        });
        let rfc_id =
            own.ok_or_else(|| AppError::Fault("no Message-ID could be made".to_owned()))?;
        let hash = mail.content_hash();
        let known = self
            .heads(rfc_id.as_str())?
            .iter()
            .any(|head| head.conversation_id == id && head.content_hash == hash);
        if known {
            return answer(200, &json!({"outcome": "duplicate"}));
        }
        let at = row
            .sent_at
            .or(mail.date)
            .map(crate::wire::cut)
            .unwrap_or(self.now)
            .min(self.clock);
        self.now = at;
        let stored = self.store_message(NewMessage {
            conversation: id,
            direction: if inbound {
                Direction::Inbound
            } else {
                Direction::Outbound
            },
            author,
            author_id: agent,
            kind: if inbound {
                crate::intake::kind_of(mail.verdict.class)
            } else {
                Kind::Human
            },
            note: row.message_type.as_deref() == Some("note"),
            rfc_id,
            chain: &mail.chain.ids,
            in_reply_to: crate::message::ids(mail.in_reply_to.as_deref(), 1).pop(),
            references: crate::message::ids(mail.references.as_deref(), 100),
            at,
            hash,
            rung: None,
            evidence: vec!["import".to_owned()],
            receipt: None,
            from: mail.from.as_ref().map(|from| from.email.clone()),
            recipients: Vec::new(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            reply_text: mail.reply_text.clone(),
            html: None,
            headers: None,
            raw: None,
            size: row.content.len(),
            attachments: &[],
            returns_on: crate::intake::returns(&mail),
            opt_out_decided: false,
        })?;
        answer(201, &json!({"id": stored.row.id, "outcome": "stored"}))
    }

    fn author_of(
        &mut self,
        row: &ImportMessage,
        lead: Uuid,
    ) -> Result<(Author, Option<Uuid>), AppError> {
        if row.is_from_ai == 1 {
            return Ok((Author::Ai, None));
        }
        let Some(sender) = row.sender_id.as_deref() else {
            let inbound = row.direction.as_deref() != Some("outbound");
            return Ok((
                if inbound {
                    Author::Lead
                } else {
                    Author::System
                },
                None,
            ));
        };
        let entry = self.lead(lead)?.ok_or(AppError::NotFound)?;
        let is_lead =
            entry.row.external_id.as_deref() == Some(sender) || sender == lead.to_string();
        if is_lead || self.lead_of_address(sender)? == Some(lead) {
            return Ok((Author::Lead, None));
        }
        match self.agent_named(sender) {
            Ok(agent) => Ok((Author::Agent, Some(agent))),
            Err(AppError::Invalid(_)) => Err(AppError::invalid(
                "senderId",
                "names neither the lead nor an agent",
            )),
            Err(other) => Err(other),
        }
    }
}
