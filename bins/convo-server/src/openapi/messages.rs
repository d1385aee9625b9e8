//! Messages, alone, as a tree and as context.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::sending::OutgoingMail;
use super::vocabulary::{Author, Direction, Intent, Kind, MessageFlag, Sentiment, SignalClass};

/// A message.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Its conversation.
    pub conversation_id: Uuid,
    /// The component of the tree it is in.
    pub thread_id: Uuid,
    /// Message-ID without `<>`.
    pub message_id: String,
    /// Message-ID of the nearest present ancestor.
    pub parent_message_id: Option<String>,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What sort of mail it is.
    pub kind: Kind,
    /// The whole text; empty once erased.
    pub content: String,
    /// What the sender wrote: without quotes and signature.
    pub reply_text: String,
    /// Order of storing in the conversation.
    #[schema(minimum = 1)]
    pub sequence_number: i64,
    /// Real depth; a root has 0.
    #[schema(minimum = 0)]
    pub thread_depth: i32,
    /// In-Reply-To without `<>`.
    pub in_reply_to: Option<String>,
    /// References without `<>`, oldest first.
    pub references: Vec<String>,
    /// The message's own time.
    pub created_at: DateTime<Utc>,
}

/// What is kept of a message beside itself.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageDetails {
    /// Its subject; null once erased.
    pub subject: Option<String>,
    /// The address in From.
    pub from: Option<String>,
    /// Addresses it went to; null once erased.
    pub recipients: Option<Vec<String>>,
    /// Its HTML, as it came: not safe to show.
    pub html: Option<String>,
    /// An internal note.
    pub note: bool,
    /// The rung of evidence that placed it, 0–6; null for what needed no placing.
    #[schema(minimum = 0, maximum = 6)]
    pub rung: Option<i16>,
    /// Codes of what placed it, and of what its kind was told by.
    pub evidence: Vec<String>,
    /// Marks on it.
    pub flags: Vec<MessageFlag>,
    /// What was read in it.
    pub codes: Codes,
    /// The agent who wrote it.
    pub author_id: Option<Uuid>,
    /// Of an absence: the day its sender is back.
    pub returns_on: Option<NaiveDate>,
    /// When we got it.
    pub received_at: DateTime<Utc>,
    /// Its text was erased.
    pub erased: bool,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Of a mail that Convo sends: how far that is; forgotten some time after it was sent.
    pub sending: Option<OutgoingMail>,
}

/// A message with everything that is kept of it.
#[derive(Debug)]
pub struct StoredMessage;

impl PartialSchema for StoredMessage {
    fn schema() -> RefOr<Schema> {
        AllOfBuilder::new()
            .description(Some("A message with everything that is kept of it."))
            .item(Ref::from_schema_name(Message::name()))
            .item(Ref::from_schema_name(MessageDetails::name()))
            .into()
    }
}

impl ToSchema for StoredMessage {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("StoredMessage")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Message::schemas(schemas);
        MessageDetails::schemas(schemas);
        schemas.push((Message::name().into_owned(), Message::schema()));
        schemas.push((
            MessageDetails::name().into_owned(),
            MessageDetails::schema(),
        ));
    }
}

/// What was read in a message; of others than replies of the lead nearly nothing.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Codes {
    /// Signals.
    #[schema(nullable = false)]
    pub signals: Option<Vec<Signal>>,
    /// Topics.
    #[schema(nullable = false)]
    pub topics: Option<Vec<String>>,
    /// What the lead wants.
    #[schema(nullable = false)]
    pub intent: Option<Intent>,
    /// Its tone.
    pub sentiment: Sentiment,
    /// Characters of the reply text.
    pub text_len: u64,
    /// The lexicon it was read with.
    #[schema(nullable = false)]
    pub lexicon: Option<String>,
    /// True for a mail of ours that did not leave the house: it counts for nothing.
    #[schema(nullable = false)]
    pub unsent: Option<bool>,
}

/// A signal in the lead's own words.
#[derive(Debug, ToSchema)]
pub struct Signal {
    /// Its code.
    pub code: String,
    /// How much it says.
    pub class: SignalClass,
}

/// An attachment.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Attachment {
    /// Its number in the message, from 1.
    #[schema(minimum = 1)]
    pub n: i32,
    /// Its file name; may be empty.
    pub name: String,
    /// The media type its sender claims.
    pub content_type: String,
    /// Content-ID without `<>`.
    pub content_id: Option<String>,
    /// Bytes.
    #[schema(minimum = 0)]
    pub size: i64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// A conversation's messages as a tree, missing ones as placeholders.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ThreadTree {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Stored messages.
    pub total_messages: u64,
    /// Depth of the deepest node.
    pub max_depth: u32,
    /// Newest human activity.
    pub last_activity: DateTime<Utc>,
    /// Topics, the most frequent first.
    pub key_topics: Vec<String>,
    /// What the newest reply wants.
    pub current_intent: Option<Intent>,
    /// The roots; with `flat` all nodes in pre-order.
    pub thread_tree: Vec<ThreadNode>,
    /// True where the nested form ends at depth 100 and there is more.
    #[schema(nullable = false)]
    pub truncated: Option<bool>,
}

/// A message in the tree, or the place of one that is missing; siblings by `createdAt`, then `id`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ThreadNode {
    /// Its id; null when missing.
    pub id: Option<Uuid>,
    /// Message-ID without `<>`.
    pub message_id: String,
    /// Message-ID of the nearest present ancestor.
    pub parent_message_id: Option<String>,
    /// Real depth; a root has 0.
    pub thread_depth: u32,
    /// Which way it went; null when missing.
    pub direction: Option<Direction>,
    /// Who wrote it; null when missing.
    pub author: Option<Author>,
    /// What sort of mail it is; null when missing.
    pub kind: Option<Kind>,
    /// Its subject; null when missing or erased.
    pub subject: Option<String>,
    /// The beginning of its text; null when missing or erased.
    pub snippet: Option<String>,
    /// Its own time; null when missing.
    pub created_at: Option<DateTime<Utc>>,
    /// It is known only because others name it.
    pub missing: bool,
    /// Answers to it; not with `flat`.
    #[schema(nullable = false, no_recursion)]
    pub children: Option<Vec<ThreadNode>>,
    /// The same as `threadDepth`; only with `flat`.
    #[schema(nullable = false)]
    pub depth: Option<u32>,
}

/// What a writer needs to answer well.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ContextAnswer {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its context.
    pub context: Context,
    /// As of when.
    pub timestamp: DateTime<Utc>,
}

/// The context of a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Context {
    /// The lead.
    pub lead_id: Uuid,
    /// One paragraph made of facts alone.
    pub context_summary: String,
    /// Topics, the most frequent first.
    pub key_topics: Vec<String>,
    /// What the newest reply wants.
    pub current_intent: Option<Intent>,
    /// Codes of the signals read.
    pub signals: Vec<String>,
    /// Tone of the newest reply.
    pub sentiment: Sentiment,
    /// The newest messages, oldest of them first.
    pub message_history: Vec<Message>,
    /// The lead's newest reply, open or click.
    pub last_engagement_at: Option<DateTime<Utc>>,
}
