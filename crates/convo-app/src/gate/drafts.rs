//! Mail of automation that waits until an agent approves it.
//!
//! A draft takes its lease when it is made: the mail it answers is spoken for. What only says that people are in
//! charge, or that it is not the time, does not keep a draft from being made; it is judged when it is approved. An
//! agent who approves a draft makes its words the agent's own.

use convo_core::gate::{self, DenialCode, Mail, Purpose};
use convo_core::vocabulary::Author;
use convo_email::Attachment;
use convo_store::rows::{DraftRow, LeaseRow};
use serde_json::json;
use uuid::Uuid;

use super::facts::Where;
use super::leave::granted;
use super::{Asked, Denial, Leave};
use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::answer;
use crate::views;
use crate::wire::{ApproveDraft, DiscardDraft, Send, time};

/// What no agent's approval would change.
const FINAL: [DenialCode; 6] = [
    DenialCode::Unreachable,
    DenialCode::Closed,
    DenialCode::Suppressed,
    DenialCode::NotAwaiting,
    DenialCode::Superseded,
    DenialCode::Answered,
];

/// A mail to be kept as a draft.
pub(crate) struct Drafted<'a> {
    /// The conversation.
    pub conversation: Uuid,
    /// What is asked for.
    pub request: &'a Send,
    /// Its files: a draft has none.
    pub files: &'a [Attachment],
}

impl Batch<'_, '_> {
    /// Keeps a mail for an agent.
    pub(crate) fn keep_draft(
        &mut self,
        drafted: &Drafted<'_>,
        asked: &Asked<'_>,
    ) -> Result<Answer, AppError> {
        let (id, request) = (drafted.conversation, drafted.request);
        if !drafted.files.is_empty() {
            return Err(AppError::invalid("attachments", "are not kept with drafts"));
        }
        let (lease, mail) = match request.lease {
            Some(lease) => self.leased_mail(id, lease, Some(asked))?,
            None => {
                let mail = self.meant(id, asked)?;
                let claim = self.claim_of(&mail)?;
                (self.new_lease(id, &mail, claim, 0)?, mail)
            }
        };
        let denials = self.judge(Where::There(id), &mail, Some(lease.id))?;
        let is_final =
            |denial: &gate::Denial| FINAL.contains(&denial.code) && denial.until.is_none();
        granted(denials.into_iter().filter(is_final).collect())?;
        let plain = |text: &str| text.replace('\0', "\u{FFFD}");
        let row = DraftRow {
            id: self.new_id(),
            created_at: self.clock,
            conversation_id: id,
            lead_id: lease.lead_id,
            lease_id: lease.id,
            subject: request.subject.clone(),
            text: plain(&request.text),
            html: request.html.as_deref().map(plain),
            message_id: None,
            decision: None,
            decided_by: None,
            decided_at: None,
        };
        let lease = LeaseRow {
            open_until: None,
            used_at: Some(self.clock),
            ..lease
        };
        self.put_lease(lease.clone());
        self.put_draft(row.clone());
        self.record_changed("draft_waiting", Some(id), Some(row.lead_id), Some(row.id));
        let entry = self.conversation(id)?.ok_or(AppError::NotFound)?;
        let (state, version) = (entry.facts.state, entry.facts.version);
        answer(
            202,
            &json!({
                "success": true,
                "conversationId": id,
                "messageId": lease.rfc_id,
                "draft": views::draft(&row, &lease),
                "conversation": {"currentState": state.as_str(), "version": version},
                "timestamp": time(self.now),
            }),
        )
    }

    /// `POST /api/drafts/{id}/approve`: sends it, as far as the gate lets it now.
    pub(crate) fn approve_draft(
        &mut self,
        id: Uuid,
        request: &ApproveDraft,
        key_agent: Option<Uuid>,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let (row, mut lease) = self.waiting_draft(id)?;
        let conversation = row.conversation_id;
        self.touched_lead = Some(row.lead_id);
        if request.agent_id.or(key_agent).is_some() {
            let author = Author::Agent.as_str();
            let speaker = self.who_writes(author, request.agent_id, key_agent, None)?;
            // The answer stays claimed: what is approved is an answer all the same.
            lease.author = speaker.author.as_str().to_owned();
            lease.agent_id = speaker.agent;
        }
        let mail = self.mail_of_lease(&lease)?;
        let mut denials = self.judge(Where::There(conversation), &mail, Some(lease.id))?;
        // This is the approval.
        denials.retain(|denial| denial.code != DenialCode::Approval);
        granted(denials)?;
        self.not_overtaken(&mail)?;
        let send = Send {
            author: lease.author.clone(),
            text: request.text.clone().unwrap_or_else(|| row.text.clone()),
            html: match (&request.html, &request.text) {
                (Some(html), _) => html.clone(),
                // HTML of other words than the text's would be sent beside them.
                (None, Some(_)) => None,
                (None, None) => row.html.clone(),
            },
            subject: request.subject.clone().or_else(|| row.subject.clone()),
            ..Send::default()
        };
        send.check()?;
        let (message, queued) = self.send_with(conversation, &send, &[], Leave { lease })?;
        self.decide_draft(row, "approved", Some(message));
        self.accepted(conversation, message, &queued, Some(id))
    }

    /// An answer that was written to one mail is no answer to the next, whoever approves it.
    fn not_overtaken(&mut self, mail: &Mail<Uuid>) -> Result<(), AppError> {
        let Some(answered) = mail
            .answers
            .as_ref()
            .filter(|_| mail.purpose == Purpose::Reply)
        else {
            return Ok(());
        };
        let Some(row) = self.message_row(answered.id)? else {
            return Ok(());
        };
        let newest = self.newest_to_answer(row.conversation_id)?;
        let void = |code: DenialCode, detail| {
            let reasons = vec![Denial::new(code.as_str(), detail)];
            Err(AppError::LeaseVoid { reasons })
        };
        if newest.is_some_and(|newest| newest > *answered) {
            return void(DenialCode::Superseded, "the lead has written again since");
        }
        if self.is_overtaken(answered.id, None)? {
            return void(DenialCode::Answered, "somebody has answered the mail since");
        }
        Ok(())
    }

    /// `POST /api/drafts/{id}/discard`. The mail it would have answered is for a person now.
    pub(crate) fn discard_draft(
        &mut self,
        id: Uuid,
        request: &DiscardDraft,
    ) -> Result<Answer, AppError> {
        request.check()?;
        let (row, lease) = self.waiting_draft(id)?;
        self.touched_lead = Some(row.lead_id);
        if let Some(reason) = &request.reason {
            let said = json!({"draftId": id, "reason": reason, "triggeredBy": self.actor.text()});
            self.keep_metadata(row.conversation_id, row.lead_id, "draft_discarded", &said);
        }
        let decided = self.decide_draft(row, "discarded", None);
        answer(200, &views::draft(&decided, &lease))
    }

    fn waiting_draft(&mut self, id: Uuid) -> Result<(DraftRow, LeaseRow), AppError> {
        let row = self.draft(id)?.ok_or(AppError::NotFound)?;
        if row.decided_at.is_some() {
            return Err(AppError::conflict("the draft is decided already"));
        }
        let lease = self.lease(row.lease_id)?;
        let lease = lease.ok_or_else(|| AppError::Fault("a draft has no lease".to_owned()))?;
        Ok((row, lease))
    }

    fn draft(&mut self, id: Uuid) -> Result<Option<DraftRow>, AppError> {
        if let Some(row) = self.gate.drafts.iter().find(|row| row.id == id) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.drafts_by_ids(&[id])?.pop())
    }

    fn put_draft(&mut self, row: DraftRow) {
        self.commit.drafts.retain(|other| other.id != row.id);
        self.commit.drafts.push(row.clone());
        self.gate.drafts.retain(|other| other.id != row.id);
        self.gate.drafts.push(row);
        self.wrote();
    }

    /// Decides a draft; its words are kept no longer.
    fn decide_draft(&mut self, row: DraftRow, decision: &str, message: Option<Uuid>) -> DraftRow {
        let row = DraftRow {
            subject: None,
            text: String::new(),
            html: None,
            message_id: message,
            decision: Some(decision.to_owned()),
            decided_by: Some(self.actor.text()),
            decided_at: Some(self.clock),
            ..row
        };
        self.put_draft(row.clone());
        let change = format!("draft_{decision}");
        self.record_changed(
            &change,
            Some(row.conversation_id),
            Some(row.lead_id),
            Some(row.id),
        );
        row
    }
}
