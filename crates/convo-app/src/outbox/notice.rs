//! What agents are told by mail, written from facts at the moment it is sent.

use convo_store::Reader;
use convo_store::rows::{AgentRow, ConversationRow, LeadRow, OutboxRow};

use crate::batch::Batch;
use crate::error::AppError;

/// Why an agent is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// A conversation is offered.
    Offer,
    /// A lead waits for an answer.
    ReplyNeeded,
    /// Nobody took a conversation in time.
    Escalated,
}

impl NoticeKind {
    /// Every kind: its name, and the sentence it begins with.
    pub const TABLE: [(Self, &'static str, &'static str); 3] = [
        (Self::Offer, "offer", "A conversation is offered to you."),
        (
            Self::ReplyNeeded,
            "reply_needed",
            "A lead waits for your answer.",
        ),
        (
            Self::Escalated,
            "escalated",
            "Nobody has taken this conversation in time.",
        ),
    ];

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    fn sentence(self) -> &'static str {
        Self::TABLE[self as usize].2
    }

    fn of(name: &str) -> Option<Self> {
        let found = Self::TABLE.iter().find(|(_, known, _)| *known == name);
        found.map(|(kind, _, _)| *kind)
    }
}

/// A notice as it is sent.
pub(super) struct Written {
    pub to: AgentRow,
    pub subject: String,
    pub text: String,
}

/// Writes a notice; `None` when there is nobody to write to, or nobody to write about.
pub(super) fn write(reader: &mut Reader<'_>, row: &OutboxRow) -> Result<Option<Written>, AppError> {
    let kind = row.notice.as_deref().and_then(NoticeKind::of);
    let (Some(kind), Some(agent), Some(conversation)) = (kind, row.agent_id, row.conversation_id)
    else {
        return Ok(None);
    };
    let agent = reader.agents_by_ids(&[agent])?.pop();
    let conversation = reader.conversations_by_ids(&[conversation])?.pop();
    let (Some(agent), Some(conversation)) = (agent, conversation) else {
        return Ok(None);
    };
    let lead = reader.leads_by_ids(&[conversation.lead_id])?.pop();
    let Some(lead) = lead.filter(|lead| lead.erased_at.is_none()) else {
        return Ok(None);
    };
    let who = name(&lead);
    Ok(Some(Written {
        to: agent,
        subject: line(&format!("{who}: {}", conversation.subject)),
        text: text(kind, &who, &conversation),
    }))
}

fn text(kind: NoticeKind, who: &str, conversation: &ConversationRow) -> String {
    format!(
        "{}\n\nLead: {who}\nSubject: {}\nState: {}\nConversation: {}\n",
        kind.sentence(),
        line(&conversation.subject),
        conversation.state,
        conversation.id,
    )
}

fn name(lead: &LeadRow) -> String {
    let names = [&lead.first_name, &lead.last_name];
    let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
    match names.join(" ").trim() {
        "" => lead.email.clone(),
        name => line(name),
    }
}

/// On one line, as a header has to be.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Batch<'_, '_> {
    /// Why a notice may not be sent any more.
    pub(super) fn notice_forbidden(
        &mut self,
        row: &OutboxRow,
    ) -> Result<Option<&'static str>, AppError> {
        let agent = match row.agent_id {
            Some(id) => self.agent(id)?,
            None => None,
        };
        if agent.is_none_or(|agent| !agent.active) {
            return Ok(Some("agent_gone"));
        }
        let lead = match row.lead_id {
            Some(id) => self.lead(id)?,
            None => None,
        };
        let known = lead.is_some_and(|lead| lead.row.erased_at.is_none());
        Ok((!known).then_some("erased"))
    }
}
