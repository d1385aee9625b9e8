//! Messages, their content, and the tree they stand in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Reader, at, by_keys, texts};
use crate::error::StoreResult;
use crate::rows::tables::*;
use crate::rows::*;
use crate::sql::BoundId;

/// Digests asked for by one statement: SQLite takes at most 32,766 binds.
const CHUNK: usize = 500;

/// What resolving a parent or a duplicate needs of a message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct MessageHead {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Its lead.
    pub lead_id: Uuid,
    /// Order of storing.
    pub sequence_number: i64,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Who wrote it.
    pub author: String,
    /// What kind of mail it is.
    pub kind: String,
    /// Message-ID.
    pub rfc_id: String,
    /// The parent its headers name.
    pub parent_rfc: Option<String>,
    /// Depth.
    pub depth: i32,
    /// Thread.
    pub thread_id: Uuid,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// SHA-256 of the content.
    pub content_hash: Vec<u8>,
}

/// What building the tree needs of a message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct MessageNode {
    /// Its id.
    pub id: Uuid,
    /// Order of storing.
    pub sequence_number: i64,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Who wrote it.
    pub author: String,
    /// What kind of mail it is.
    pub kind: String,
    /// Whether it is a note.
    pub note: bool,
    /// Message-ID.
    pub rfc_id: String,
    /// The parent its headers name.
    pub parent_rfc: Option<String>,
    /// Message-ID of the nearest present ancestor.
    pub parent_message_rfc: Option<String>,
    /// Id of the nearest present ancestor.
    pub parent_id: Option<Uuid>,
    /// Depth.
    pub depth: i32,
    /// Thread.
    pub thread_id: Uuid,
    /// JSON list of the ancestors its headers name.
    pub chain: String,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// When we got it.
    pub received_at: DateTime<Utc>,
    /// SHA-256 of the content.
    pub content_hash: Vec<u8>,
}

/// What recomputing the facts needs of a message: codes only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct MessageFacts {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// Order of storing.
    pub sequence_number: i64,
    /// `inbound` or `outbound`.
    pub direction: String,
    /// Who wrote it.
    pub author: String,
    /// Who wrote it, where known.
    pub author_id: Option<Uuid>,
    /// What kind of mail it is.
    pub kind: String,
    /// Whether it is a note.
    pub note: bool,
    /// Its own time.
    pub at: DateTime<Utc>,
    /// When we got it.
    pub received_at: DateTime<Utc>,
    /// JSON of the codes.
    pub codes: String,
    /// JSON list of flags.
    pub flags: String,
    /// When an absence ends.
    pub returns_on: Option<DateTime<Utc>>,
}

/// What a tree shows of a message's content.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = message_contents)]
pub struct MessageLabel {
    /// The message.
    pub message_id: Uuid,
    /// Subject.
    pub subject: String,
    /// The beginning of the reply text.
    pub snippet: String,
}

/// What telling a flood needs of a message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub struct MessageArrival {
    /// `inbound` or `outbound`.
    pub direction: String,
    /// What kind of mail it is.
    pub kind: String,
    /// When we got it.
    pub received_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = thread_placeholders)]
struct OfConversation {
    conversation_id: Uuid,
}

impl Reader<'_> {
    /// Own time of the newest human mail of a lead from an address in lower case.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn heard_from(
        &mut self,
        lead: Uuid,
        address_key: &str,
    ) -> StoreResult<Option<DateTime<Utc>>> {
        let of = conversations::table
            .filter(conversations::lead_id.eq(BoundId(lead)))
            .select(conversations::id);
        let query = messages::table
            .inner_join(message_contents::table.on(message_contents::message_id.eq(messages::id)))
            .filter(messages::conversation_id.eq_any(of))
            .filter(messages::author.eq("lead"))
            .filter(messages::kind.eq("human"))
            .filter(message_contents::from_address.is_not_null())
            .select((messages::at, message_contents::from_address));
        let all: Vec<(DateTime<Utc>, Option<String>)> = at("messages", query.load(self.conn))?;
        // Compared here: SQLite lowers ASCII only.
        let theirs = all.into_iter().filter(|(_, from)| {
            from.as_ref()
                .is_some_and(|from| from.trim().to_lowercase() == address_key)
        });
        Ok(theirs.map(|(at, _)| at).max())
    }

    /// Messages by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn messages_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<MessageRow>> {
        by_keys!(self, messages, id, MessageRow, ids, |id| BoundId(*id))
    }

    /// Heads of messages by id.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_heads_by_ids(&mut self, ids: &[Uuid]) -> StoreResult<Vec<MessageHead>> {
        by_keys!(self, messages, id, MessageHead, ids, |id| BoundId(*id))
    }

    /// Heads of messages by their own Message-ID; several may have one.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_heads_by_rfc_ids(&mut self, ids: &[String]) -> StoreResult<Vec<MessageHead>> {
        by_keys!(self, messages, rfc_id, MessageHead, &texts(ids), |id| *id)
    }

    /// Aliases by Message-ID.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn aliases_by_rfc_ids(&mut self, ids: &[String]) -> StoreResult<Vec<AliasRow>> {
        by_keys!(self, message_aliases, rfc_id, AliasRow, &texts(ids), |id| {
            *id
        })
    }

    /// All messages of a conversation as nodes of its tree, in order of storing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_nodes(&mut self, conversation: Uuid) -> StoreResult<Vec<MessageNode>> {
        let query = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .select(MessageNode::as_select())
            .order(messages::sequence_number.asc());
        at("messages", query.load(self.conn))
    }

    /// The codes of all messages of a conversation, in order of storing.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_facts(&mut self, conversation: Uuid) -> StoreResult<Vec<MessageFacts>> {
        let query = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .select(MessageFacts::as_select())
            .order(messages::sequence_number.asc());
        at("messages", query.load(self.conn))
    }

    /// The newest messages of a conversation, before a sequence number if one is given, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn messages_before(
        &mut self,
        conversation: Uuid,
        before: Option<i64>,
        limit: i64,
    ) -> StoreResult<Vec<MessageRow>> {
        let query = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .filter(messages::sequence_number.lt(before.unwrap_or(i64::MAX)))
            .select(MessageRow::as_select())
            .order(messages::sequence_number.desc())
            .limit(limit);
        at("messages", query.load(self.conn))
    }

    /// What came last into a conversation, newest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn newest_arrivals(
        &mut self,
        conversation: Uuid,
        limit: i64,
    ) -> StoreResult<Vec<MessageArrival>> {
        let query = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .select(MessageArrival::as_select())
            .order(messages::sequence_number.desc())
            .limit(limit);
        at("messages", query.load(self.conn))
    }

    /// JSON list of the addresses a message went to.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn recipients_of(&mut self, message: Uuid) -> StoreResult<Option<String>> {
        let query = message_contents::table
            .filter(message_contents::message_id.eq(BoundId(message)))
            .select(message_contents::recipients);
        at("message_contents", query.first(self.conn).optional())
    }

    /// The messages of a conversation after a sequence number, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn messages_after(
        &mut self,
        conversation: Uuid,
        after: i64,
        limit: i64,
    ) -> StoreResult<Vec<MessageRow>> {
        let query = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .filter(messages::sequence_number.gt(after))
            .select(MessageRow::as_select())
            .order(messages::sequence_number.asc())
            .limit(limit);
        at("messages", query.load(self.conn))
    }

    /// What messages say.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn contents_by_messages(&mut self, ids: &[Uuid]) -> StoreResult<Vec<ContentRow>> {
        by_keys!(self, message_contents, message_id, ContentRow, ids, |id| {
            BoundId(*id)
        })
    }

    /// Subjects and snippets of all messages of a conversation.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn message_labels(&mut self, conversation: Uuid) -> StoreResult<Vec<MessageLabel>> {
        let of = messages::table
            .filter(messages::conversation_id.eq(BoundId(conversation)))
            .select(messages::id);
        let query = message_contents::table
            .filter(message_contents::message_id.eq_any(of))
            .select(MessageLabel::as_select());
        at("message_contents", query.load(self.conn))
    }

    /// Attachments of messages, in the order of their numbers.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn attachments_by_messages(&mut self, ids: &[Uuid]) -> StoreResult<Vec<AttachmentRow>> {
        let found: StoreResult<Vec<AttachmentRow>> =
            by_keys!(self, attachments, message_id, AttachmentRow, ids, |id| {
                BoundId(*id)
            });
        let mut found = found?;
        found.sort_by_key(|attachment| (attachment.message_id, attachment.n));
        Ok(found)
    }

    /// The digests of a lead's attachments, each once: read before an erase, so that files may go after it.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn attachment_digests_by_lead(&mut self, lead: Uuid) -> StoreResult<Vec<Vec<u8>>> {
        let of = conversations::table
            .filter(conversations::lead_id.eq(BoundId(lead)))
            .select(conversations::id);
        let of = messages::table
            .filter(messages::conversation_id.eq_any(of))
            .select(messages::id);
        let query = attachments::table
            .filter(attachments::message_id.eq_any(of))
            .select(attachments::sha256)
            .distinct();
        at("attachments", query.load(self.conn))
    }

    /// Those of the digests that some attachment still has.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn attachment_digests_in_use(&mut self, digests: &[Vec<u8>]) -> StoreResult<Vec<Vec<u8>>> {
        let mut used = Vec::new();
        for chunk in digests.chunks(CHUNK) {
            let query = attachments::table
                .filter(attachments::sha256.eq_any(chunk))
                .select(attachments::sha256)
                .distinct();
            used.extend(at("attachments", query.load::<Vec<u8>>(self.conn))?);
        }
        Ok(used)
    }

    /// All placeholders of a conversation, or those among the given Message-IDs.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn placeholders(
        &mut self,
        conversation: Uuid,
        among: Option<&[String]>,
    ) -> StoreResult<Vec<PlaceholderRow>> {
        let all = || {
            thread_placeholders::table
                .filter(thread_placeholders::conversation_id.eq(BoundId(conversation)))
                .select(PlaceholderRow::as_select())
        };
        let Some(among) = among else {
            let query = all().order(thread_placeholders::rfc_id.asc());
            return at("thread_placeholders", query.load(self.conn));
        };
        let mut found: Vec<PlaceholderRow> = Vec::new();
        for id in texts(among) {
            let query = all().filter(thread_placeholders::rfc_id.eq(id));
            let row = query.load::<PlaceholderRow>(self.conn);
            found.extend(at("thread_placeholders", row)?);
        }
        Ok(found)
    }

    /// All threads of a conversation, those merged into others too, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn threads_by_conversation(&mut self, conversation: Uuid) -> StoreResult<Vec<ThreadRow>> {
        let query = message_threads::table
            .filter(message_threads::conversation_id.eq(BoundId(conversation)))
            .select(ThreadRow::as_select())
            .order(message_threads::id.asc());
        at("message_threads", query.load(self.conn))
    }

    /// Those of the conversations that have placeholders.
    ///
    /// # Errors
    /// [`crate::StoreError`].
    pub fn with_placeholders(&mut self, among: &[Uuid]) -> StoreResult<Vec<Uuid>> {
        let rows = by_keys!(
            self,
            thread_placeholders,
            conversation_id,
            OfConversation,
            among,
            |id| BoundId(*id)
        )?;
        Ok(rows.into_iter().map(|row| row.conversation_id).collect())
    }
}
