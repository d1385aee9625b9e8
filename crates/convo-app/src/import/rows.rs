//! Rows of CSV or JSON Lines: agents, campaigns, leads, conversations, messages, suppressions.

use convo_store::rows::ExternalIdRow;
use uuid::Uuid;

use super::{ImportConversation, ImportRow};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;

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

    pub(super) fn campaign_named(&mut self, external: &str) -> Result<Uuid, AppError> {
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

    pub(super) fn lead_named(&mut self, row: &ImportConversation) -> Result<Uuid, AppError> {
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
        self.lead_of_external_id(given)?.ok_or_else(nobody)
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
        match found {
            Some(row) => Ok(Some(row.id)),
            None => self.answers_to("conversation", external),
        }
    }

    pub(super) fn agent_named(&mut self, given: &str) -> Result<Uuid, AppError> {
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

    /// The record of a kind that an earlier row with this id joined.
    pub(crate) fn answers_to(
        &mut self,
        kind: &str,
        external: &str,
    ) -> Result<Option<Uuid>, AppError> {
        let mut here = self.commit.external_ids.iter();
        if let Some(row) = here.find(|row| row.kind == kind && row.external_id == external) {
            return Ok(Some(row.record_id));
        }
        let found = self.reader.external_ids(&[external.to_owned()])?;
        let row = found.into_iter().find(|row| row.kind == kind);
        Ok(row.map(|row| row.record_id))
    }

    /// Lets a record answer to the id of a row that joined it, in every later run too.
    pub(super) fn answer_to(&mut self, kind: &str, external: &str, record: Uuid, lead: Uuid) {
        self.commit.external_ids.push(ExternalIdRow {
            external_id: external.to_owned(),
            kind: kind.to_owned(),
            record_id: record,
            lead_id: lead,
        });
        self.wrote();
    }
}
