//! The event log.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use utoipa::openapi::schema::{Discriminator, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::vocabulary::{
    AnyFlag, Author, Direction, Kind, Milestone, Score, Stage, StageAction, State, StepEvent,
};

/// A page of the event log, in the order of the commits.
#[derive(Debug, ToSchema)]
pub struct LogPage {
    /// Which log this is: another one begins with another database.
    pub epoch: Uuid,
    /// Position of the newest row.
    pub head: u64,
    /// The rows after the one asked for.
    pub items: Vec<LogRow>,
}

/// Declares the kinds of rows, each with its own data.
macro_rules! rows {
    ($($(#[$doc:meta])+ $variant:ident = $row:ident ($data:ident);)+) => {
        /// A row of the event log.
        #[derive(Debug)]
        pub struct LogRow;

        impl PartialSchema for LogRow {
            fn schema() -> RefOr<Schema> {
                let mapping = [$((
                    word(&kinds::$variant::schema()),
                    Ref::from_schema_name($row::name()).ref_location,
                )),+];
                let rows = OneOfBuilder::new()
                    .description(Some("A row of the event log, by its `type`."))
                    .discriminator(Some(Discriminator::with_mapping("type", mapping)));
                rows$(.item(Ref::from_schema_name($row::name())))+.into()
            }
        }

        impl ToSchema for LogRow {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed("LogRow")
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $(
                    $row::schemas(schemas);
                    schemas.push(($row::name().into_owned(), $row::schema()));
                )+
            }
        }

        $(
            $(#[$doc])+
            #[derive(Debug, ToSchema)]
            #[schema(rename_all = "camelCase")]
            pub struct $row {
                /// Position in the log, from 1 without gaps.
                #[schema(minimum = 1)]
                pub seq: u64,
                /// What it tells.
                #[schema(rename = "type")]
                pub kind: kinds::$variant,
                /// When it was written.
                pub at: DateTime<Utc>,
                /// The conversation.
                #[schema(nullable = false)]
                pub conversation_id: Option<Uuid>,
                /// The lead.
                #[schema(nullable = false)]
                pub lead_id: Option<Uuid>,
                /// True for what came with an import, of which nobody outside is told.
                #[schema(nullable = false)]
                pub silent: Option<bool>,
                /// What it tells.
                pub data: $data,
            }
        )+

        /// The one word that `type` is in each kind of row.
        pub mod kinds {
            $(
                $(#[$doc])+
                #[derive(Debug, utoipa::ToSchema)]
                #[schema(rename_all = "snake_case")]
                pub enum $variant {
                    $(#[$doc])+
                    $variant,
                }
            )+
        }
    };
}

/// The one word of an enumeration of one.
fn word(schema: &RefOr<Schema>) -> String {
    let RefOr::T(Schema::Object(object)) = schema else {
        return String::new();
    };
    let words = object.enum_values.iter().flatten();
    words.filter_map(|word| word.as_str()).collect()
}

rows! {
    /// A step of a conversation, recorded events included.
    ConversationStateChanged = StateRow (StateData);
    /// A lead entered or left a stage.
    LeadJourneyUpdated = JourneyRow (JourneyData);
    /// A message was added, moved in the tree, flagged, or needs a person.
    MessageThreadUpdated = ThreadRow (ThreadData);
    /// A person is wanted, or has the conversation.
    HandoverEvent = HandoverRow (HandoverData);
    /// Something happened to a mail of ours.
    EmailEvent = EmailRow (EmailData);
    /// A record was made or changed.
    RecordChanged = RecordRow (RecordData);
}

/// A step of a conversation.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct StateData {
    /// The state before.
    pub from_state: State,
    /// The state after.
    pub to_state: State,
    /// What happened.
    pub event: StepEvent,
    /// The version after.
    pub version: u64,
    /// Who claims to have caused it, or `system`; absent once that text was erased.
    #[schema(nullable = false)]
    pub triggered_by: Option<String>,
}

/// A stage that was entered or left.
#[derive(Debug, ToSchema)]
pub struct JourneyData {
    /// Which of the two.
    pub action: StageAction,
    /// The stage.
    pub stage: Stage,
    /// Its progress in percent.
    pub progress: Score,
    /// The milestone reached with it.
    pub milestone: Option<Milestone>,
}

/// What happened to a message.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ThreadData {
    /// What happened to it.
    pub action: ThreadAction,
    /// The message.
    pub message_id: Uuid,
    /// The message itself; only its ids once what it said was erased.
    pub message: LogMessage,
    /// Of `flagged`: the mark.
    #[schema(nullable = false)]
    pub flag: Option<AnyFlag>,
    /// Of `added`: the component of the tree it is in.
    #[schema(nullable = false)]
    pub thread_id: Option<Uuid>,
    /// Of `added`: which way it went.
    #[schema(nullable = false)]
    pub direction: Option<Direction>,
    /// Of `added`: who wrote it.
    #[schema(nullable = false)]
    pub author: Option<Author>,
    /// Of `added`: what sort of mail it is.
    #[schema(nullable = false)]
    pub kind: Option<Kind>,
    /// Of `added`: order of storing in the conversation.
    #[schema(nullable = false, minimum = 1)]
    pub sequence_number: Option<i64>,
    /// Of `added`: its depth in the tree.
    #[schema(nullable = false, minimum = 0)]
    pub thread_depth: Option<i32>,
}

/// A message in the event log; once it is erased only its ids are left.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LogMessage {
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
    #[schema(nullable = false)]
    pub direction: Option<Direction>,
    /// Who wrote it.
    #[schema(nullable = false)]
    pub author: Option<Author>,
    /// What sort of mail it is.
    #[schema(nullable = false)]
    pub kind: Option<Kind>,
    /// The whole text.
    #[schema(nullable = false)]
    pub content: Option<String>,
    /// What the sender wrote: without quotes and signature.
    #[schema(nullable = false)]
    pub reply_text: Option<String>,
    /// Order of storing in the conversation.
    #[schema(nullable = false, minimum = 1)]
    pub sequence_number: Option<i64>,
    /// Its depth in the tree.
    #[schema(nullable = false, minimum = 0)]
    pub thread_depth: Option<i32>,
    /// In-Reply-To.
    pub in_reply_to: Option<String>,
    /// References, oldest first.
    #[schema(nullable = false)]
    pub references: Option<Vec<String>>,
    /// The message's own time.
    #[schema(nullable = false)]
    pub created_at: Option<DateTime<Utc>>,
}

/// A ticket for one WebSocket, shown once.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WsTicket {
    /// The ticket, for `/ws?ticket=…`.
    pub ticket: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// What happened to a message.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ThreadAction {
    /// It was stored.
    Added,
    /// It has another place in the tree.
    Moved,
    /// The conversation was marked because of it.
    Flagged,
    /// A person must look at it.
    ReplyNeeded,
}

/// How far the handover is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoverData {
    /// What happened.
    pub action: HandoverAction,
    /// The agent it is about.
    #[schema(nullable = false)]
    pub agent_id: Option<Uuid>,
    /// The offer it is about.
    #[schema(nullable = false)]
    pub offer_id: Option<Uuid>,
}

/// A step of a handover.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum HandoverAction {
    /// A person is wanted.
    Requested,
    /// An agent is asked.
    Offered,
    /// The agent who was asked, or found it unclaimed, takes it.
    Accepted,
    /// An agent has it by request.
    Assigned,
    /// Another agent has it by request.
    Reassigned,
    /// The agent who was asked does not take it.
    Declined,
    /// The agent who was asked did not answer in time.
    Expired,
    /// The offer stands no more: it was assigned or closed, or the agent has gone.
    Withdrawn,
    /// The manager is asked; or an owner is late, and the managers are told.
    Escalated,
    /// Nobody can be asked, or nobody took it in a whole round.
    Unclaimed,
    /// The owner was in touch with the lead.
    Touched,
    /// The owner has given it back, or is gone.
    Released,
    /// The owner is done.
    Completed,
}

/// What happened to a mail of ours.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EmailData {
    /// What happened: `delivered`, `opened`, `clicked`, `failed`, `complained`, `unsubscribed`.
    pub event: String,
    /// The mail, where it is known.
    pub message_id: Option<Uuid>,
}

/// A record that was made or changed.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RecordData {
    /// What happened to it, e.g. `lead_created`.
    pub change: String,
    /// The record, where it is neither the conversation nor the lead.
    pub record_id: Option<Uuid>,
}
