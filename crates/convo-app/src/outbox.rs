//! Mail on its way out: queued in the commit of its cause, leased to a sender, sent outside of any transaction.
//!
//! A row holds ids and codes. What is sent is the stored message it names, or a notice written from facts when it is
//! sent; its Message-ID is stored with the row and is the same at every attempt, so that a mail of which nobody knows
//! whether it was taken can only be sent again as the same mail. Before each attempt the gate is asked again.
//!
//! | module | holds |
//! |---|---|
//! | `lease` | handing what is due to a sender for a while |
//! | `outcome` | what came of it: sent, later, dead; what providers say of it; trying dead ones again |
//! | `told` | what providers say of words to agents |
//! | `unsent` | messages that did not leave the house count for nothing |
//! | [`compose`] | the mail of a row |
//! | `kinds` | why agents are written to |
//! | `notice` | what they are told |
//! | `thread` | which message an answer stands under |

pub mod compose;
mod kinds;
mod lease;
mod notice;
mod outcome;
mod thread;
mod told;
mod unsent;

use convo_email::{Automatic, MessageId};
use convo_store::rows::{MessageRow, OutboxRow};
use uuid::Uuid;

pub use kinds::NoticeKind;
pub use lease::Leased;
pub use outcome::Outcome;
pub(crate) use thread::Thread;

use crate::batch::Batch;
use crate::error::AppError;
use crate::gate::says_automatic;
use crate::sending::SendMode;
use crate::wire::address_key;

/// Outgoing mails by what became of them.
pub const MAILS: &str = "convo_outgoing_mails_total";

/// Something to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing {
    /// A stored outbound message, to its lead, sent with a lease: what it says of its making follows from that.
    Message(Uuid),
    /// The same, as the automatic answer to one mail.
    AutoReply(Uuid),
    /// A word to an agent about a conversation.
    Notice {
        /// Which.
        kind: NoticeKind,
        /// To whom.
        agent: Uuid,
        /// About which conversation.
        conversation: Uuid,
        /// About what in it, such as an offer.
        subject: Option<Uuid>,
    },
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits for its time.
    Queued,
    /// A sender has it.
    Leased,
    /// The provider took it.
    Sent,
    /// It would have been sent.
    Shadow,
    /// It may not be sent any more.
    Void,
    /// It could not be sent.
    Dead,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Leased,
        Self::Sent,
        Self::Shadow,
        Self::Void,
        Self::Dead,
    ];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Sent => "sent",
            Self::Shadow => "shadow",
            Self::Void => "void",
            Self::Dead => "dead",
        }
    }
}

impl Batch<'_, '_> {
    /// Queues a mail in the commit of its cause; `None` where nothing is sent: sending is off, or what is done is
    /// silent.
    ///
    /// # Errors
    /// `NotFound` for a message that is not stored.
    pub(crate) fn queue_mail(&mut self, outgoing: Outgoing) -> Result<Option<OutboxRow>, AppError> {
        let mode = self.context.sending.mode;
        if self.silent || mode == SendMode::Off {
            return Ok(None);
        }
        let mut row = match outgoing {
            Outgoing::Message(id) => self.outgoing_message(id, None)?,
            Outgoing::AutoReply(id) => self.outgoing_message(id, Some(Automatic::Replied))?,
            Outgoing::Notice {
                kind,
                agent,
                conversation,
                subject,
            } => {
                let of = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
                let lead = of.row.lead_id;
                OutboxRow {
                    kind: "notice".to_owned(),
                    notice: Some(kind.as_str().to_owned()),
                    conversation_id: Some(conversation),
                    lead_id: Some(lead),
                    agent_id: Some(agent),
                    subject_id: subject,
                    automatic: Some(Automatic::Generated.as_str().to_owned()),
                    ..self.outgoing(self.outgoing_id()?.as_str())
                }
            }
        };
        if mode == SendMode::Shadow {
            Status::Shadow.as_str().clone_into(&mut row.status);
            row.due_at = None;
            if let Some(message) = row.message_id {
                self.mark_unsent(message, true)?;
            }
        }
        self.put_outgoing(row.clone());
        Ok(Some(row))
    }

    /// A new Message-ID of ours.
    pub(crate) fn outgoing_id(&self) -> Result<MessageId, AppError> {
        let (id, domain) = (self.new_id(), self.context.id_domain());
        MessageId::parse(&format!("<{id}@{domain}>"))
            .ok_or_else(|| AppError::Fault("no Message-ID could be made".to_owned()))
    }

    fn outgoing_message(
        &mut self,
        id: Uuid,
        automatic: Option<Automatic>,
    ) -> Result<OutboxRow, AppError> {
        let message = self.message_row(id)?.ok_or(AppError::NotFound)?;
        let automatic = match automatic {
            Some(automatic) => Some(automatic),
            None => self.lease_of_message(id)?.as_ref().and_then(says_automatic),
        };
        Ok(OutboxRow {
            message_id: Some(id),
            conversation_id: Some(message.conversation_id),
            lead_id: Some(message.lead_id),
            automatic: automatic.map(|automatic| automatic.as_str().to_owned()),
            ..self.outgoing(&message.rfc_id)
        })
    }

    /// A mail that is due now.
    fn outgoing(&self, rfc_id: &str) -> OutboxRow {
        OutboxRow {
            id: self.new_id(),
            kind: "message".to_owned(),
            notice: None,
            message_id: None,
            conversation_id: None,
            lead_id: None,
            agent_id: None,
            subject_id: None,
            rfc_id: rfc_id.to_owned(),
            automatic: None,
            created_at: self.clock,
            status: Status::Queued.as_str().to_owned(),
            code: None,
            attempts: 0,
            due_at: Some(self.clock),
            lease_owner: None,
            provider_id: None,
            updated_at: self.clock,
            sent_at: None,
        }
    }

    /// Puts an outgoing mail once, so that later commands of the batch find it.
    fn put_outgoing(&mut self, row: OutboxRow) {
        self.commit.outbox.retain(|other| other.id != row.id);
        self.commit.outbox.push(row);
        self.wrote();
    }

    /// An outgoing mail, as this batch leaves it.
    fn outgoing_row(&mut self, id: Uuid) -> Result<Option<OutboxRow>, AppError> {
        if let Some(row) = self.commit.outbox.iter().find(|row| row.id == id) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.outbox_by_ids(&[id])?.pop())
    }

    /// The addresses a message names as its recipients, in the form addresses are compared in.
    pub(crate) fn written_to(&mut self, message: Uuid) -> Result<Vec<String>, AppError> {
        let mut here = self.commit.contents.iter();
        let here = here.find(|content| content.message_id == message);
        let stored = match here {
            Some(content) => Some(content.recipients.clone()),
            None => self.reader.recipients_of(message)?,
        };
        let named: Option<Vec<String>> = stored.and_then(|json| serde_json::from_str(&json).ok());
        let named = named.unwrap_or_default();
        Ok(named.iter().map(|address| address_key(address)).collect())
    }

    /// A message of this batch or of the database.
    pub(crate) fn message_row(&mut self, id: Uuid) -> Result<Option<MessageRow>, AppError> {
        let changed = self.commit.messages_changed.iter();
        let mut here = self.commit.messages.iter().chain(changed);
        if let Some(row) = here.find(|row| row.id == id) {
            return Ok(Some(row.clone()));
        }
        Ok(self.reader.messages_by_ids(&[id])?.pop())
    }
}
