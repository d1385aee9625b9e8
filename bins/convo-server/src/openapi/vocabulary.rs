//! The closed vocabularies, from the tables that define them, and the few shapes used everywhere.

use std::borrow::Cow;

use convo_core::email::DeliveryStatus as Delivery;
use convo_core::gate;
use convo_core::journey as way;
use convo_core::machine;
use convo_core::signals;
use convo_core::vocabulary as words;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::Scope;
use crate::problem;

/// Declares schemas that are not structs: each a name, what it is, and its schema.
macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident = $schema:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let described = concat!($($doc),+).trim();
                $schema.description(Some(described)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

schemas! {
    /// Where a conversation stands.
    State = one_of(machine::State::ALL.iter().map(|word| word.as_str()));
    /// What can happen to a conversation.
    Event = one_of(machine::Event::ALL.iter().map(|word| word.as_str()));
    /// What an audited step came from: an event, or the import that began the history.
    StepEvent = one_of(machine::Event::ALL.iter().map(|word| word.as_str()).chain([convo_app::IMPORTED]));
    /// Which way a message went.
    Direction = one_of(words::Direction::ALL.iter().map(|word| word.as_str()));
    /// Who wrote a message.
    Author = one_of(words::Author::ALL.iter().map(|word| word.as_str()));
    /// What sort of mail a message is.
    Kind = one_of(words::Kind::ALL.iter().map(|word| word.as_str()));
    /// How a conversation ended.
    Outcome = one_of(words::Outcome::ALL.iter().map(|word| word.as_str()));
    /// Stages of a lead, the first one first.
    Stage = one_of(words::Stage::ALL.iter().map(|word| word.as_str()));
    /// Written once per lead, when its stage is first entered.
    Milestone = one_of(words::Milestone::ALL.iter().map(|word| word.as_str()));
    /// A mark on a conversation.
    FlagCode = one_of(words::FlagCode::ALL.iter().map(|word| word.as_str()));
    /// A mark on a message.
    MessageFlag = one_of(["duplicate_message_id", "forged_suspect", "vouched"]);
    /// A mark that was set on a conversation or a message.
    AnyFlag = one_of(words::FlagCode::ALL.iter().map(|word| word.as_str()).chain(["vouched"]));
    /// Why an address may not be written to.
    SuppressionReason = one_of(words::SuppressionReason::ALL.iter().map(|word| word.as_str()));
    /// How far a suppression reaches.
    SuppressionScope = one_of(words::SuppressionScope::ALL.iter().map(|word| word.as_str()));
    /// Whose turn it is.
    Awaiting = one_of(words::Awaiting::ALL.iter().map(|word| word.as_str()));
    /// How the newest delivery attempt ended.
    DeliveryStatus = one_of(Delivery::ALL.iter().map(|word| word.as_str()));
    /// Where engagement goes.
    Trend = one_of(way::Trend::ALL.iter().map(|word| word.as_str()));
    /// What may lose the lead.
    RiskFactor = one_of(way::Risk::ALL.iter().map(|word| word.as_str()));
    /// What to do now.
    NextAction = one_of(way::NextAction::ALL.iter().map(|word| word.as_str()));
    /// What the lead wants with a message.
    Intent = one_of(names(&INTENTS));
    /// Tone of a message.
    Sentiment = one_of(names(&SENTIMENTS));
    /// How much a signal says.
    SignalClass = one_of(names(&CLASSES));
    /// What a key may do.
    KeyScope = one_of(Scope::ALL.iter().map(|scope| scope.name()));
    /// What went wrong, for machines.
    ProblemCode = one_of(problem::Code::ALL.iter().map(|code| code.name()));
    /// What an integration event can be.
    IntegrationType = one_of(convo_app::INTEGRATION_TYPES);
    /// What an integration event came to.
    IntegrationOutcome = one_of(["moved", "recorded", "ignored"]);
    /// Why a transition would be refused.
    RefusalReason = one_of(["version_conflict", "conflict", "invalid_transition", "rules_not_met", "state_mismatch"]);
    /// How far the handover is.
    HandoverStatus = one_of(convo_core::handover::HandoverStatus::ALL.iter().map(|word| word.as_str()));
    /// What an agent does with a handover.
    AgentAct = one_of(["accept", "decline", "release", "touch"]);
    /// As data, or as a page.
    PackFormat = one_of(["json", "html"]);
    /// What a webhook came to.
    WebhookStatus = one_of(["done", "duplicate", "parked", "ignored"]);
    /// What a mail is for.
    Purpose = one_of(gate::Purpose::ALL.iter().map(|word| word.as_str()));
    /// Whose mail is counted together.
    ReputationScope = one_of(gate::ReputationScope::ALL.iter().map(|word| word.as_str()));
    /// What became of a draft.
    DraftDecision = one_of(["approved", "discarded", "expired"]);
    /// Who writes where no person does.
    Automation = one_of(["ai", "system"]);
    /// How far a receipt got.
    ReceiptStatus = one_of(["done", "failed", "dead", "unmatched", "ignored"]);
    /// How far an outgoing mail is.
    OutboxStatus = one_of(convo_app::outbox::Status::ALL.map(|status| status.as_str()));
    /// What an outgoing mail is.
    OutgoingKind = one_of(["message", "notice"]);
    /// Who writes a mail that is sent.
    Writer = one_of(["ai", "agent", "system"]);
    /// The form of a whole list.
    ListFormat = one_of(["csv", "jsonl"]);
    /// What is given out as a file.
    ExportName = one_of(convo_app::export::Export::ALL.iter().map(|one| one.as_str()));
    /// Why an item is on the review list.
    ReviewReason = one_of([
        "unknown_sender", "automated_from_unknown_sender", "no_sender", "own_mail_without_lead", "unmatched_report",
        "automated_without_conversation", "opt_out_without_conversation", "conversation_gone", "doubtful_opt_out", "other_author",
        "unverified", "unverified_sender", "unverified_report", "unverified_own_mail", "report_of_another_recipient",
        "agent_mail_empty", "agent_not_owner", "agent_mail_held", "agent_mail_unknown_sender",
    ]);
    /// What a person can decide of a review item.
    ReviewAction = one_of(REVIEW_ACTIONS);
    /// How a review item was decided: by a person, or by a later mail.
    ReviewResolution = one_of(REVIEW_ACTIONS.into_iter().chain(["placed"]));
    /// What readiness depends on, or reports.
    CheckName = one_of(["database", "migrations", "writer", "resumed", "redis"]);
    /// That the process lives.
    AliveStatus = one_of(["alive"]);
    /// Whether the server should get requests.
    ReadyStatus = one_of(["ready", "not_ready", "draining"]);
    /// By what a list of conversations is ordered, newest first.
    ConversationOrder = one_of(["lastActivity", "created"]);
    /// What figures are told apart by.
    AnalyticsGroupBy = one_of(["campaign", "agent", "source", "day", "week"]);
    /// What figures of agents are told apart by.
    AgentsBy = one_of(["campaign", "agent", "day", "week"]);
    /// What figures of leads are told apart by.
    LeadsBy = one_of(["campaign", "agent", "source", "week"]);
    /// What figures of mails are told apart by.
    MailsBy = one_of(["campaign", "day", "week"]);
    /// What came of a wait: `dropped` had no answer when the conversation was closed.
    WaitStatus = one_of(["answered", "waiting", "dropped"]);
    /// What came of an offer.
    OfferStatus = one_of(["open", "accepted", "declined", "expired", "withdrawn"]);
    /// What a mail or an event is counted as.
    MailFigure = one_of([
        "sent", "delivered", "bounced_hard", "bounced_soft", "refused", "complained", "unsubscribed", "opened", "clicked",
        "machine_opened", "machine_clicked",
    ]);
    /// As a document, or one line a message.
    TreeFormat = one_of(["json", "text"]);
    /// Whether a stage was entered or left.
    StageAction = one_of(["entered", "left"]);

    /// An id; or `none`, for what has none.
    IdOrNone = either([
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["none"])),
    ]);
    /// A time; or a day, for its beginning in UTC.
    TimeOrDay = either([
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))),
    ]);
    /// A time of day, local.
    TimeOfDay = ObjectBuilder::new().schema_type(Type::String).pattern(Some(super::texts::TIME));
    /// A score, 0–100.
    Score = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(100));
    /// A value seen or wanted by a rule.
    Measured = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::Integer, Type::Boolean, Type::String]));
    /// An object whose members its sender chooses.
    FreeObject = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)));
    /// Fields of a mail's head: each name with a text or a list of texts; names are case-insensitive.
    HeadFields = ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(RefOr::<Schema>::from(
        OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::String)).item(
            ObjectBuilder::new().schema_type(Type::String).to_array_builder(),
        ),
    )));
    /// A lexicon: the name of a shipped industry, a pack, or a list of packs.
    LexiconChoice = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Object, Type::Array]));
}

const INTENTS: [signals::Intent; 7] = {
    use signals::Intent::{
        Information, NotInterested, OptOut, Pricing, Purchase, Scheduling, TestDrive,
    };
    [
        OptOut,
        NotInterested,
        Purchase,
        TestDrive,
        Scheduling,
        Pricing,
        Information,
    ]
};
const SENTIMENTS: [signals::Sentiment; 3] = {
    use signals::Sentiment::{Negative, Neutral, Positive};
    [Negative, Neutral, Positive]
};
const CLASSES: [signals::SignalClass; 3] = {
    use signals::SignalClass::{HandRaise, Interest, Purchase};
    [Interest, Purchase, HandRaise]
};
const REVIEW_ACTIONS: [&str; 6] = [
    "attach",
    "alias",
    "create_lead",
    "discard",
    "opt_out",
    "release_hold",
];

fn either(all: [ObjectBuilder; 2]) -> OneOfBuilder {
    all.into_iter()
        .fold(OneOfBuilder::new(), OneOfBuilder::item)
}

fn one_of<W: Into<Value>>(words: impl IntoIterator<Item = W>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(
            words.into_iter().map(Into::into).collect::<Vec<Value>>(),
        ))
}

/// The names serde writes.
fn names<W: Serialize>(words: &[W]) -> Vec<Value> {
    words
        .iter()
        .filter_map(|word| serde_json::to_value(word).ok())
        .collect()
}
