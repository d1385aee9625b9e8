//! The rows one batch of commands works on: loaded once, changed in memory, written together.
//!
//! Reads go to memory first and to the transaction's own connection otherwise, so that the second
//! command on a conversation sees what the first one did, and preloading is speed, not correctness.

mod load;
mod once;
mod policy;
mod preload;
mod seal;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_core::clocks::Clocks;
use convo_core::conversation::Conversation;
use convo_core::lead::Lead;
use convo_core::tally::Mark;
use convo_store::rows::{
    AgentRow, CampaignRow, ConversationRow, LeadRow, OutboxRow, PlaceholderRow, ReceiptRow,
    SoftBounceRow, SuppressionRow, WebhookTokenRow,
};
use convo_store::{Commit, MessageHead, Reader};
use uuid::Uuid;

pub(crate) use once::Waiting;
pub(crate) use policy::{PolicyInForce, policy_of};
pub(crate) use seal::{
    Counted, fill_busy, fill_lead, fill_seldom, integration, last_activity_at, queued_since,
};

use crate::analytics::{Analytics, OpenWait};
use crate::command::{Actor, Answer, Command, Envelope};
use crate::context::Context;
use crate::error::AppError;
use crate::gate::Memory;
use crate::handover::Handovers;
use crate::intake::Parked;
use crate::lexicons::{InUse, Words};
use crate::timers::TimerKey;

/// How much of a row has to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    /// Nothing.
    #[default]
    No,
    /// What the aggregate says: the columns made from it.
    Facts,
    /// What the record says beside it.
    Record,
}

/// A conversation in memory: its row and the aggregate the row's `facts` hold.
#[derive(Clone)]
pub(crate) struct ConversationEntry {
    pub row: ConversationRow,
    pub facts: Conversation<Uuid>,
    /// The revision the database has; `None` for one made in this batch.
    pub stored: Option<i64>,
    pub touched: Touched,
    pub before: Counted,
    /// What its timers followed from when it was loaded.
    pub clocks: Clocks,
    /// Its timers are compared with their rows when the batch is sealed.
    pub check_timers: bool,
    /// How its last wait stood when it was loaded, its owner, and our first mail in it.
    pub waiting: Option<OpenWait>,
    pub owner: Option<Uuid>,
    pub first_sent: Option<Mark<Uuid>>,
    /// Its clocks begin now: it came by an import, or its timers are looked at for the first time.
    pub begins: bool,
}

/// A lead in memory.
#[derive(Clone)]
pub(crate) struct LeadEntry {
    pub row: LeadRow,
    pub facts: Lead<Uuid>,
    pub stored: Option<i64>,
    pub touched: Touched,
    pub before: Option<i16>,
    /// Where it came from when it was loaded.
    pub source: Option<String>,
}

impl ConversationEntry {
    /// Notes that it has to be written.
    pub fn touch(&mut self, what: Touched) {
        self.touched = self.touched.max(what);
    }
}

impl LeadEntry {
    /// Notes that it has to be written.
    pub fn touch(&mut self, what: Touched) {
        self.touched = self.touched.max(what);
    }
}

/// The working set of one transaction.
pub(crate) struct Batch<'b, 'r> {
    pub reader: &'b mut Reader<'r>,
    pub context: &'b Context,
    pub commit: Commit,
    /// The time the running command counts as of.
    pub now: DateTime<Utc>,
    /// The real time, of log rows and receipts.
    pub clock: DateTime<Utc>,
    pub actor: Actor,
    pub silent: bool,
    pub conversations: HashMap<Uuid, Option<ConversationEntry>>,
    pub leads: HashMap<Uuid, Option<LeadEntry>>,
    pub of_lead: HashMap<Uuid, Vec<Uuid>>,
    pub addresses: HashMap<String, Option<Uuid>>,
    pub agents: HashMap<Uuid, Option<AgentRow>>,
    pub agent_addresses: HashMap<String, Option<Uuid>>,
    /// Whether addresses are suppressed for a failure in the database.
    pub failing: HashMap<String, bool>,
    pub campaigns: HashMap<Uuid, Option<CampaignRow>>,
    pub heads: HashMap<String, Vec<MessageHead>>,
    /// What waits for a Message-ID.
    pub waiting: HashMap<String, Waiting>,
    /// Uses of webhook tokens by digest.
    pub tokens: HashMap<Vec<u8>, Option<WebhookTokenRow>>,
    /// Receipts of the database as this batch leaves them.
    pub receipts: HashMap<Uuid, ReceiptRow>,
    /// Whether a provider's event was seen, by digest.
    pub events: HashMap<Vec<u8>, bool>,
    /// Conversations whose trees have no placeholders in the database.
    pub whole: HashSet<Uuid>,
    pub policies: HashMap<Option<Uuid>, Arc<PolicyInForce>>,
    pub lexicons: HashMap<Option<Uuid>, InUse>,
    pub answered: HashMap<Vec<u8>, Option<(Vec<u8>, Answer)>>,
    pub placeholders: HashMap<(Uuid, String), Option<PlaceholderRow>>,
    /// Suppressions put in this batch.
    pub suppressed_here: Vec<SuppressionRow>,
    /// Review items resolved in this batch.
    pub resolved: HashSet<Uuid>,
    /// Mails by their key of the review list: on it, discarded, or `None`.
    pub parked: HashMap<String, Option<Parked>>,
    /// What commands did to handovers.
    pub handovers: Handovers,
    /// Timers as this batch leaves them: due then, or stopped.
    pub timers: BTreeMap<TimerKey, Option<DateTime<Utc>>>,
    /// Timers of the database, of the conversations in `timed`.
    pub timers_stored: HashMap<TimerKey, DateTime<Utc>>,
    /// Conversations whose timers were read.
    pub timed: HashSet<Uuid>,
    /// The words read last.
    pub words: Option<Arc<Words>>,
    /// The address a failure being applied speaks of.
    pub failing_address: Option<String>,
    /// Who says that a person wants no more mail, where it is not the person's own words or provider.
    pub opted_out_by: Option<&'static str>,
    /// Outgoing mails of the database by the messages they send.
    pub outgoing: HashMap<Uuid, Option<OutboxRow>>,
    /// What agents were told by Message-ID, of the database.
    pub notices: HashMap<String, Option<OutboxRow>>,
    /// Soft failures by the digest of the address, as this batch leaves them.
    pub soft_bounces: HashMap<Vec<u8>, Option<SoftBounceRow>>,
    /// What figures over many conversations follow from.
    pub analytics: Analytics,
    /// What was read and decided about sending.
    pub gate: Memory,
    /// The answer of the running command is a refusal: it is decided anew when it is asked for again.
    pub forget_answer: bool,
    /// The lead the running command's answer speaks of: its stored copy is erased with it.
    pub touched_lead: Option<Uuid>,
    writes: u64,
}

impl<'b, 'r> Batch<'b, 'r> {
    /// An empty working set over a transaction.
    pub fn new(reader: &'b mut Reader<'r>, context: &'b Context) -> Self {
        let clock = context.shell.now();
        Self {
            reader,
            context,
            commit: Commit::default(),
            now: clock,
            clock,
            actor: Actor::Code("system"),
            silent: false,
            conversations: HashMap::new(),
            leads: HashMap::new(),
            of_lead: HashMap::new(),
            addresses: HashMap::new(),
            agents: HashMap::new(),
            agent_addresses: HashMap::new(),
            failing: HashMap::new(),
            campaigns: HashMap::new(),
            heads: HashMap::new(),
            waiting: HashMap::new(),
            tokens: HashMap::new(),
            receipts: HashMap::new(),
            events: HashMap::new(),
            whole: HashSet::new(),
            policies: HashMap::new(),
            lexicons: HashMap::new(),
            answered: HashMap::new(),
            placeholders: HashMap::new(),
            suppressed_here: Vec::new(),
            resolved: HashSet::new(),
            parked: HashMap::new(),
            handovers: Handovers::default(),
            timers: BTreeMap::new(),
            timers_stored: HashMap::new(),
            timed: HashSet::new(),
            words: None,
            failing_address: None,
            opted_out_by: None,
            outgoing: HashMap::new(),
            notices: HashMap::new(),
            soft_bounces: HashMap::new(),
            analytics: Analytics::default(),
            gate: Memory::default(),
            forget_answer: false,
            touched_lead: None,
            writes: 0,
        }
    }

    /// Rises with every change, so that the writer can tell a clean refusal from a half-done one.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Notes that something was changed.
    pub fn wrote(&mut self) {
        self.writes += 1;
    }

    /// A new id.
    pub fn new_id(&self) -> Uuid {
        self.context.shell.new_id()
    }

    /// Carries one command out.
    ///
    /// # Errors
    /// What the command refuses with; nothing of it is then in the working set, unless
    /// [`Batch::writes`] has risen.
    pub fn run(&mut self, envelope: &Envelope) -> Result<Answer, AppError> {
        self.now = envelope.at.unwrap_or(self.clock);
        self.actor = envelope.actor;
        self.silent = envelope.silent;
        self.touched_lead = None;
        self.forget_answer = false;
        self.handovers.begin();
        let Some(key) = &envelope.idempotency else {
            return self.all_of(&envelope.command);
        };
        if let Some((body, answer)) = self.stored_answer(&key.scope)? {
            if body != key.body {
                return Err(AppError::IdempotencyKeyReused);
            }
            return Ok(Answer {
                replayed: true,
                ..answer
            });
        }
        let answer = self.all_of(&envelope.command)?;
        if !self.forget_answer {
            self.remember(key, &answer);
        }
        Ok(answer)
    }

    fn all_of(&mut self, command: &Command) -> Result<Answer, AppError> {
        let answer = self.dispatch(command)?;
        self.hand_over()?;
        Ok(answer)
    }

    fn dispatch(&mut self, command: &Command) -> Result<Answer, AppError> {
        self.not_of_the_forgotten(command)?;
        match command {
            Command::CreateLead(lead) => self.create_lead(lead),
            Command::PatchLead(id, patch) => self.patch_lead(*id, patch),
            Command::EraseLead { lead, receipts } => self.erase_lead(*lead, receipts),
            Command::CreateAgent(agent) => self.create_agent(agent),
            Command::PatchAgent(id, patch) => self.patch_agent(*id, patch),
            Command::CreateCampaign(campaign) => self.create_campaign(campaign),
            Command::PatchCampaign(id, patch) => self.patch_campaign(*id, patch),
            Command::PutPolicy(policy) => self.put_policy(policy),
            Command::CreateSuppression(new) => self.create_suppression(new),
            Command::ImportSuppressions(import) => self.import_suppressions(import),
            Command::LiftSuppression { address, evidence } => {
                self.lift_suppression(address, evidence.as_deref())
            }
            Command::CreateKey(key) => self.create_key(key),
            Command::RevokeKey(id) => self.revoke_key(*id),
            Command::UseTicket { digest } => self.use_ticket(digest),
            Command::CreateConversation(new) => self.create_conversation(new),
            Command::PatchConversation(id, patch) => self.patch_conversation(*id, patch),
            Command::Transition(id, request) => self.transition(*id, request),
            Command::TakeOver(id, request) => self.take_over(*id, request),
            Command::Handover(id, act) => self.handover_act(*id, act),
            Command::HandoverLink(link) => self.handover_link(*link),
            Command::ProcessMessage(id, request) => self.process_message(*id, request),
            Command::IntegrationEvent(id, event) => self.integration_event(*id, event),
            Command::Send(id, sent) => self.send(*id, sent),
            Command::MaySend(id, request, agent) => self.may_send(*id, request, *agent),
            Command::SentByOthers(id, request, agent) => self.sent_by_others(*id, request, *agent),
            Command::Prepare(id, request) => self.prepare(*id, request),
            Command::ApproveDraft(id, request, agent) => self.approve_draft(*id, request, *agent),
            Command::DiscardDraft(id, request) => self.discard_draft(*id, request),
            Command::ForgetReputation(campaign) => self.reset_reputation(*campaign),
            Command::LeaseOutbox {
                owner,
                limit,
                seconds,
            } => self.lease_outbox(*owner, *limit, *seconds),
            Command::OutboxResult { id, owner, outcome } => {
                self.outbox_result(*id, *owner, outcome)
            }
            Command::RetryOutbox(id) => self.retry_outbox(*id),
            Command::RetryDead(retry) => self.retry_dead(retry),
            Command::OneClick(id) => self.one_click(*id),
            Command::Webhook(webhook) => self.webhook(webhook),
            Command::ParkWebhook(webhook, code) => self.park_webhook(webhook, code),
            Command::RetryReceipt { id, replay, reread } => {
                self.retry_receipt(*id, *replay, reread.as_deref())
            }
            Command::ReceiptFailed(id, code) => self.receipt_failed(*id, code),
            Command::ResolveReview(id, resolve) => self.resolve_review(*id, resolve),
            Command::ImportMail(mail) => self.import_mail(mail),
            Command::ImportRow(row) => self.import_row(row),
            Command::Snooze(id, request) => self.snooze(*id, request),
            Command::FireTimer(key) => self.fire_timer(*key),
            Command::Retain => self.retain(),
            Command::Resume => self.resume(),
        }
    }
}
