//! The tables and their rows: one struct per table, used to insert and to read alike.
//!
//! Conventions: JSON columns are `String`s holding JSON text, written and read by the caller; states, events,
//! kinds and codes are wire names; times are cut to microseconds. `Debug` shows ids, numbers and times only.

mod analytics;
mod answer;
mod audit;
mod conversation;
mod gate;
mod handover;
mod ledger;
mod message;
mod operations;
mod outbox;
mod people;
mod provider;
mod timer;

pub use analytics::{CohortRow, CountRow, WaitRow};
pub use answer::AutomaticAnswerRow;
pub use audit::{JourneyEventRow, MetadataRow, TransitionRow};
pub use conversation::ConversationRow;
pub use gate::{DraftRow, LeaseRow, ReputationRow};
pub use handover::{AgentTurnRow, OfferRow};
pub use ledger::{CounterRow, InstanceRow, LogHeadRow, LogRow};
pub use message::{AliasRow, AttachmentRow, ContentRow, MessageRow, PlaceholderRow, ThreadRow};
pub use operations::{
    ApiKeyRow, ExternalIdRow, IdempotencyRow, ReviewRow, ReviewWaitRow, SuppressionRow,
};
pub use outbox::{OutboxRow, SoftBounceRow};
pub use people::{AgentAddressRow, AgentRow, CampaignRow, LeadAddressRow, LeadRow, PolicyRow};
pub use provider::{EmailEventRow, EventDedupeRow, ReceiptRow, WebhookTokenRow};
pub use timer::TimerRow;

/// The tables' Diesel names, for queries.
pub(crate) mod tables {
    pub(crate) use super::analytics::{analytics_counts, cohorts, waits};
    pub(crate) use super::answer::automatic_answers;
    pub(crate) use super::audit::{
        conversation_metadata, conversation_state_transitions, lead_journey_events,
    };
    pub(crate) use super::conversation::conversations;
    pub(crate) use super::gate::{drafts, reputation, send_leases};
    pub(crate) use super::handover::{agent_turns, handover_offers};
    pub(crate) use super::ledger::{counters, event_log, instance, log_head};
    pub(crate) use super::message::{
        attachments, message_aliases, message_contents, message_threads, messages,
        thread_placeholders,
    };
    pub(crate) use super::operations::{
        api_keys, external_ids, idempotency_keys, review_items, review_waits, suppressions,
    };
    pub(crate) use super::outbox::{outbox, soft_bounces};
    pub(crate) use super::people::{
        agent_addresses, agents, campaigns, lead_addresses, leads, policies,
    };
    pub(crate) use super::provider::{
        email_events, event_dedupe, webhook_receipts, webhook_tokens,
    };
    pub(crate) use super::timer::timers;

    diesel::allow_tables_to_appear_in_same_query!(
        conversations,
        conversation_state_transitions,
        event_log,
        leads,
        messages,
        message_contents,
        attachments,
        review_items,
        review_waits,
        thread_placeholders,
        timers,
    );
}
