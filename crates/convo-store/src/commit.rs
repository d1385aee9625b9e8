//! What one batch writes, as a value.

mod sweep;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::rows::*;

pub use sweep::{Forgotten, Sweep};

/// The final row of a record that carries a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// The row as it shall be; the writer sets its revision.
    pub row: T,
    /// The revision the row had when it was read; none inserts.
    pub expected: Option<i64>,
    /// Nothing but the columns that change all the time has changed.
    pub busy_only: bool,
}

impl<T> Put<T> {
    /// A new row.
    pub fn new(row: T) -> Self {
        Put {
            row,
            expected: None,
            busy_only: false,
        }
    }

    /// A changed row that had this revision when it was read.
    pub fn changed(row: T, expected: i64) -> Self {
        Put {
            row,
            expected: Some(expected),
            busy_only: false,
        }
    }
}

/// Everything that one batch of decisions writes, in one transaction. Empty by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Campaigns, new or changed.
    pub campaigns: Vec<Put<CampaignRow>>,
    /// New versions of policies.
    pub policies: Vec<PolicyRow>,
    /// Leads, new or changed.
    pub leads: Vec<Put<LeadRow>>,
    /// Keys of lead addresses to remove, before any is added.
    pub lead_addresses_removed: Vec<String>,
    /// Lead addresses to insert: one that another lead has is a conflict.
    pub lead_addresses: Vec<LeadAddressRow>,
    /// Agents, new or changed.
    pub agents: Vec<Put<AgentRow>>,
    /// Keys of agent addresses to remove, before any is added.
    pub agent_addresses_removed: Vec<String>,
    /// Agent addresses to insert.
    pub agent_addresses: Vec<AgentAddressRow>,
    /// Conversations, new or changed.
    pub conversations: Vec<Put<ConversationRow>>,
    /// Offers to agents, inserted or replaced; the ended ones first.
    pub offers: Vec<OfferRow>,
    /// Turns of agents, inserted or replaced.
    pub agent_turns: Vec<AgentTurnRow>,
    /// New external ids of records that have one already; one that is known is a conflict.
    pub external_ids: Vec<ExternalIdRow>,
    /// Threads, inserted or replaced.
    pub threads: Vec<ThreadRow>,
    /// New messages.
    pub messages: Vec<MessageRow>,
    /// The content of new messages.
    pub contents: Vec<ContentRow>,
    /// Messages replaced as a whole: moved to another conversation, or read anew.
    pub messages_changed: Vec<MessageRow>,
    /// New places in the tree for messages that stay where they are otherwise.
    pub placements: Vec<Placement>,
    /// Aliases, inserted or replaced.
    pub aliases: Vec<AliasRow>,
    /// Placeholders to remove, as (conversation, Message-ID), before any is added.
    pub placeholders_removed: Vec<(Uuid, String)>,
    /// Placeholders, inserted or replaced.
    pub placeholders: Vec<PlaceholderRow>,
    /// New attachments.
    pub attachments: Vec<AttachmentRow>,
    /// New metadata rows.
    pub metadata: Vec<MetadataRow>,
    /// New audit rows, those of a conversation in the order of their versions; the writer chains them.
    pub transitions: Vec<TransitionRow>,
    /// Stored audit rows that an older version of the program wrote, to be chained: all of a conversation that follow
    /// its last chained one, or the first of them. Their conversations must be put.
    pub unchained: Vec<TransitionRow>,
    /// Stored metadata rows of those, with the salts that were drawn for them.
    pub salted: Vec<MetadataRow>,
    /// New rows of the journey.
    pub journey: Vec<JourneyEventRow>,
    /// Provider events, inserted or replaced.
    pub email_events: Vec<EmailEventRow>,
    /// New receipts.
    pub receipts: Vec<ReceiptRow>,
    /// Receipts whose fate changed.
    pub receipts_changed: Vec<ReceiptChange>,
    /// Used webhook tokens; one that is known is a conflict.
    pub tokens: Vec<WebhookTokenRow>,
    /// Seen provider events; one that is known is a conflict.
    pub dedupe: Vec<EventDedupeRow>,
    /// Suppressions, inserted or replaced.
    pub suppressions: Vec<SuppressionRow>,
    /// Stored answers; a known key is a conflict.
    pub answers: Vec<IdempotencyRow>,
    /// API keys, inserted or replaced.
    pub api_keys: Vec<ApiKeyRow>,
    /// Open leases that a fact has made void, before any is inserted or replaced.
    pub leases_ended: Vec<EndedLeases>,
    /// Leases, inserted or replaced; a second one for a claim is a conflict.
    pub leases: Vec<LeaseRow>,
    /// Drafts, inserted or replaced.
    pub drafts: Vec<DraftRow>,
    /// Review items, inserted or replaced.
    pub reviews: Vec<ReviewRow>,
    /// Review items that wait for nothing any more.
    pub review_waits_removed: Vec<Uuid>,
    /// What new review items wait for.
    pub review_waits: Vec<ReviewWaitRow>,
    /// Outgoing mails, inserted or replaced.
    pub outbox: Vec<OutboxRow>,
    /// Soft failures of addresses, inserted or replaced.
    pub soft_bounces: Vec<SoftBounceRow>,
    /// New automatic answers.
    pub automatic_answers: Vec<AutomaticAnswerRow>,
    /// Timers that do not run any more, before any is set.
    pub timers_removed: Vec<TimerKey>,
    /// Timers, inserted or replaced.
    pub timers: Vec<TimerRow>,
    /// Set-based deletes and erasures, after all other rows were written.
    pub sweeps: Vec<Sweep>,
    /// How mail fared: what to add to the hour of each scope.
    pub fared: BTreeMap<(String, DateTime<Utc>), Fared>,
    /// Waits that are none after all, before any is put.
    pub waits_removed: Vec<(Uuid, DateTime<Utc>)>,
    /// Waits, inserted or replaced.
    pub waits: Vec<WaitRow>,
    /// Leads that nothing was sent to after all, before any is put.
    pub cohorts_removed: Vec<Uuid>,
    /// Leads in their cohorts, inserted or replaced.
    pub cohorts: Vec<CohortRow>,
    /// What to add to each count of analytics.
    pub counts: BTreeMap<CountKey, i64>,
    /// What to add to each counter.
    pub counters: BTreeMap<String, i64>,
    /// What a restore paused goes on.
    pub resumed: bool,
    /// Rows of the event log, in order; their numbers are taken last.
    pub log: Vec<NewLogRow>,
}

/// Which count of analytics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountKey {
    /// What is counted.
    pub figure: String,
    /// The first instant of the day or the week.
    pub day: DateTime<Utc>,
    /// The campaign, or the nil id.
    pub campaign_id: Uuid,
    /// The agent, or the nil id.
    pub agent_id: Uuid,
    /// The lead's source, or nothing.
    pub source: String,
}

/// Which timer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// What becomes due.
    pub kind: &'static str,
    /// Which of several of the kind, or the nil id.
    pub subject_id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
}

impl TimerKey {
    fn is_of(&self, row: &TimerRow) -> bool {
        (self.kind, self.subject_id, self.conversation_id)
            == (row.kind.as_str(), row.subject_id, row.conversation_id)
    }
}

/// How some mail fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fared {
    /// Unasked mails sent.
    pub sent: i64,
    /// Addresses found dead.
    pub hard_bounces: i64,
    /// Complaints.
    pub complaints: i64,
}

impl std::ops::AddAssign for Fared {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.hard_bounces += other.hard_bounces;
        self.complaints += other.complaints;
    }
}

/// A message's place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The message.
    pub id: Uuid,
    /// Message-ID of the nearest present ancestor.
    pub parent_message_rfc: Option<String>,
    /// Id of the nearest present ancestor.
    pub parent_id: Option<Uuid>,
    /// Depth; a root has 0.
    pub depth: i32,
    /// The thread it is in.
    pub thread_id: Uuid,
}

/// What becomes of a receipt; its body stays, unless it was read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptChange {
    /// The receipt.
    pub id: Uuid,
    /// Its status.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// Where it went.
    pub conversation_id: Option<Uuid>,
    /// Whose it is.
    pub lead_id: Option<Uuid>,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// The message it became or is about.
    pub message_id: Option<Uuid>,
    /// The Message-ID an unmatched one waits for.
    pub wait_rfc_id: Option<String>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// What replaces a body that could not be read at first.
    pub reread: Option<Reread>,
}

/// What a receipt holds after it was read again.
#[derive(Clone, PartialEq, Eq)]
pub struct Reread {
    /// What it turned out to be.
    pub kind: String,
    /// The observation as parsed; none where it is stored elsewhere now.
    pub body: Option<Vec<u8>>,
    /// Keyed digest of the address it speaks of.
    pub address_digest: Option<Vec<u8>>,
}

impl std::fmt::Debug for Reread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reread")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Leases that nobody has used and that are good no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedLeases {
    /// Whose.
    pub of: LeasesOf,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Of whom leases end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeasesOf {
    /// To write to a lead: automation's.
    Lead(Uuid),
    /// To write to a lead: automation's and agents'.
    LeadOfAll(Uuid),
    /// Of a campaign: automation's.
    Campaign(Uuid),
}

/// A row of the event log before it has its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLogRow {
    /// The type on the wire.
    pub kind: String,
    /// When it is stored.
    pub at: DateTime<Utc>,
    /// The conversation.
    pub conversation_id: Option<Uuid>,
    /// The lead.
    pub lead_id: Option<Uuid>,
    /// The metadata row joined when read.
    pub metadata_id: Option<Uuid>,
    /// Whether an import wrote it.
    pub silent: bool,
    /// Whether it is read by REST only, and told to no socket.
    pub quiet: bool,
    /// JSON object of ids, codes and numbers.
    pub data: String,
}

/// A row with a revision.
pub(crate) trait Revised {
    /// The key.
    fn id(&self) -> Uuid;
    /// Sets the revision.
    fn set_revision(&mut self, revision: i64);
}

macro_rules! revised {
    ($($name:ident),+) => {$(
        impl Revised for $name {
            fn id(&self) -> Uuid {
                self.id
            }

            fn set_revision(&mut self, revision: i64) {
                self.revision = revision;
            }
        }
    )+};
}

revised!(CampaignRow, LeadRow, AgentRow, ConversationRow);

impl Commit {
    /// Whether it writes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Commit::default()
    }

    /// Adds to a counter.
    pub fn count(&mut self, name: impl Into<String>, by: i64) {
        *self.counters.entry(name.into()).or_insert(0) += by;
    }

    /// Appends what was decided after this one. A record put by both keeps the later row and the earlier
    /// expected revision.
    pub fn append(&mut self, later: Commit) {
        self.cancel(&later);
        append_puts(&mut self.campaigns, later.campaigns);
        append_puts(&mut self.leads, later.leads);
        append_puts(&mut self.agents, later.agents);
        append_puts(&mut self.conversations, later.conversations);
        self.policies.extend(later.policies);
        self.lead_addresses_removed
            .extend(later.lead_addresses_removed);
        self.lead_addresses.extend(later.lead_addresses);
        self.agent_addresses_removed
            .extend(later.agent_addresses_removed);
        self.agent_addresses.extend(later.agent_addresses);
        self.offers.extend(later.offers);
        self.agent_turns.extend(later.agent_turns);
        self.external_ids.extend(later.external_ids);
        self.threads.extend(later.threads);
        self.messages.extend(later.messages);
        self.contents.extend(later.contents);
        self.messages_changed.extend(later.messages_changed);
        self.placements.extend(later.placements);
        self.aliases.extend(later.aliases);
        self.placeholders_removed.extend(later.placeholders_removed);
        self.placeholders.extend(later.placeholders);
        self.attachments.extend(later.attachments);
        self.metadata.extend(later.metadata);
        self.transitions.extend(later.transitions);
        self.unchained.extend(later.unchained);
        self.salted.extend(later.salted);
        self.journey.extend(later.journey);
        self.email_events.extend(later.email_events);
        self.receipts.extend(later.receipts);
        self.receipts_changed.extend(later.receipts_changed);
        self.tokens.extend(later.tokens);
        self.dedupe.extend(later.dedupe);
        self.suppressions.extend(later.suppressions);
        self.answers.extend(later.answers);
        self.api_keys.extend(later.api_keys);
        self.leases_ended.extend(later.leases_ended);
        self.leases.extend(later.leases);
        self.drafts.extend(later.drafts);
        self.reviews.extend(later.reviews);
        self.review_waits_removed.extend(later.review_waits_removed);
        self.review_waits.extend(later.review_waits);
        self.outbox.extend(later.outbox);
        self.soft_bounces.extend(later.soft_bounces);
        self.automatic_answers.extend(later.automatic_answers);
        self.timers_removed.extend(later.timers_removed);
        self.timers.extend(later.timers);
        self.sweeps.extend(later.sweeps);
        for (hour, fared) in later.fared {
            *self.fared.entry(hour).or_default() += fared;
        }
        self.waits_removed.extend(later.waits_removed);
        self.waits.extend(later.waits);
        self.cohorts_removed.extend(later.cohorts_removed);
        self.cohorts.extend(later.cohorts);
        for (key, by) in later.counts {
            *self.counts.entry(key).or_insert(0) += by;
        }
        for (name, by) in later.counters {
            self.count(name, by);
        }
        self.resumed |= later.resumed;
        self.log.extend(later.log);
    }
}

impl Commit {
    /// Drops rows that the later commit removes or replaces by other means: lists are written in a fixed order.
    fn cancel(&mut self, later: &Commit) {
        for removed in &later.lead_addresses_removed {
            self.lead_addresses
                .retain(|row| row.address_key != *removed);
        }
        for removed in &later.agent_addresses_removed {
            self.agent_addresses
                .retain(|row| row.address_key != *removed);
        }
        for (conversation, rfc_id) in &later.placeholders_removed {
            self.placeholders
                .retain(|row| row.conversation_id != *conversation || row.rfc_id != *rfc_id);
        }
        for removed in &later.review_waits_removed {
            self.review_waits.retain(|row| row.review_id != *removed);
        }
        for removed in &later.timers_removed {
            self.timers.retain(|row| !removed.is_of(row));
        }
        for (conversation, began_at) in &later.waits_removed {
            self.waits
                .retain(|row| row.conversation_id != *conversation || row.began_at != *began_at);
        }
        for removed in &later.cohorts_removed {
            self.cohorts.retain(|row| row.lead_id != *removed);
        }
        for changed in &later.messages_changed {
            self.placements
                .retain(|placement| placement.id != changed.id);
        }
    }
}

fn append_puts<T: Revised>(earlier: &mut Vec<Put<T>>, later: Vec<Put<T>>) {
    for put in later {
        match earlier
            .iter_mut()
            .find(|known| known.row.id() == put.row.id())
        {
            Some(known) => {
                known.row = put.row;
                known.busy_only &= put.busy_only;
            }
            None => earlier.push(put),
        }
    }
}
