//! What the writer can be asked to do, and what it answers.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use convo_email::InboundEmail;
use uuid::Uuid;

use crate::handover::{Act, link::Link};
use crate::import::ImportRow;
use crate::lexicons::Words;
use crate::outbox::Outcome;
use crate::send::Sent;
use crate::timers::TimerKey;
use crate::wire;

/// Who asked, as the audit keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// An API key.
    Key(Uuid),
    /// A part of the system: `system`, `settings`, `import`, `cli`, `admin`, `bootstrap`, or a
    /// provider's name.
    Code(&'static str),
}

impl Actor {
    /// The text stored with audit rows: a code, or `key:` and the key's id.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Key(id) => format!("key:{id}"),
            Self::Code(code) => code.to_owned(),
        }
    }
}

/// What an `Idempotency-Key` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// SHA-256 over API key, method, path and the header's value.
    pub scope: [u8; 32],
    /// SHA-256 over the body.
    pub body: [u8; 32],
}

/// A command with everything that decides how it is carried out.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// What to do.
    pub command: Command,
    /// Who asked.
    pub actor: Actor,
    /// Remembered with the effect, so that a repeat changes nothing.
    pub idempotency: Option<IdempotencyKey>,
    /// The time it counts as of; the clock's when absent. Imports pass each mail's own.
    pub at: Option<DateTime<Utc>>,
    /// Nothing outside is told: no mail, offer, notification or automatic handover.
    pub silent: bool,
}

impl Envelope {
    /// A command of `actor`, now, told to everyone.
    #[must_use]
    pub fn new(command: Command, actor: Actor) -> Self {
        Self {
            command,
            actor,
            idempotency: None,
            at: None,
            silent: false,
        }
    }
}

/// What a command is answered, rendered once inside the transaction that carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON; empty for 204.
    pub body: String,
    /// The answer of an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// Everything that changes something.
#[derive(Debug, Clone)]
pub enum Command {
    /// `POST /api/leads`.
    CreateLead(wire::NewLead),
    /// `PATCH /api/leads/{id}`.
    PatchLead(Uuid, wire::LeadPatch),
    /// `DELETE /api/leads/{id}`.
    EraseLead {
        /// The person.
        lead: Uuid,
        /// Receipts that could not be read and name one of the person's addresses.
        receipts: Vec<Uuid>,
    },
    /// `POST /api/agents`.
    CreateAgent(wire::NewAgent),
    /// `PATCH /api/agents/{id}`.
    PatchAgent(Uuid, wire::AgentPatch),
    /// `POST /api/campaigns`.
    CreateCampaign(wire::NewCampaign),
    /// `PATCH /api/campaigns/{id}`.
    PatchCampaign(Uuid, wire::CampaignPatch),
    /// `PUT /api/policy`.
    PutPolicy(serde_json::Value),
    /// `POST /api/suppressions`.
    CreateSuppression(wire::NewSuppression),
    /// `POST /api/suppressions/import`.
    ImportSuppressions(wire::SuppressionImport),
    /// `DELETE /api/suppressions?address=&evidence=`.
    LiftSuppression {
        /// The address.
        address: String,
        /// What shows that the person wants mail again.
        evidence: Option<String>,
    },
    /// `POST /api/keys`; the key itself was drawn outside and only its hash comes here.
    CreateKey(NewKeyHash),
    /// `DELETE /api/keys/{id}`.
    RevokeKey(Uuid),
    /// Uses a ticket, once.
    UseTicket {
        /// What stands for it.
        digest: Vec<u8>,
    },
    /// `POST /api/conversations`.
    CreateConversation(wire::NewConversation),
    /// `PATCH /api/conversations/{id}`.
    PatchConversation(Uuid, wire::ConversationPatch),
    /// `POST /{id}/transition`.
    Transition(Uuid, wire::TransitionRequest),
    /// `POST /{id}/take-over`.
    TakeOver(Uuid, wire::TakeOver),
    /// `POST /{id}/handover/…`.
    Handover(Uuid, Act),
    /// A POST to a signed link of an offer.
    HandoverLink(Link),
    /// `POST /{id}/process-message`.
    ProcessMessage(Uuid, Box<wire::ProcessMessage>),
    /// `POST /{id}/integration-event`.
    IntegrationEvent(Uuid, wire::IntegrationEvent),
    /// `POST /{id}/send`; its files are kept already.
    Send(Uuid, Box<Sent>),
    /// `POST /{id}/may-send`, with the agent whom the caller's key belongs to.
    MaySend(Uuid, wire::MaySend, Option<Uuid>),
    /// `POST /{id}/sent`.
    SentByOthers(Uuid, Box<wire::SentByOthers>, Option<Uuid>),
    /// `POST /api/campaigns/{id}/prepare`.
    Prepare(Uuid, wire::Prepare),
    /// `POST /api/drafts/{id}/approve`, with the agent whom the caller's key belongs to.
    ApproveDraft(Uuid, Box<wire::ApproveDraft>, Option<Uuid>),
    /// `POST /api/drafts/{id}/discard`.
    DiscardDraft(Uuid, wire::DiscardDraft),
    /// `DELETE /api/reputation`: of a campaign, or of everything we send.
    ForgetReputation(Option<Uuid>),
    /// Gives a sender what is due in the outbox.
    LeaseOutbox {
        /// Who sends.
        owner: Uuid,
        /// At most so many mails.
        limit: i64,
        /// For so long.
        seconds: i64,
    },
    /// What came of a mail that was handed to a sender.
    OutboxResult {
        /// The mail.
        id: Uuid,
        /// Who had it.
        owner: Uuid,
        /// What came of it.
        outcome: Outcome,
    },
    /// `POST /api/outbox/{id}/retry`.
    RetryOutbox(Uuid),
    /// `POST /api/outbox/retry`.
    RetryDead(wire::RetryMails),
    /// A POST to the unsubscribe link of a conversation.
    OneClick(Uuid),
    /// A verified webhook.
    Webhook(Arc<Webhook>),
    /// A verified webhook whose effect failed: kept for a later try.
    ParkWebhook(Arc<Webhook>, &'static str),
    /// Tries the effect of a stored receipt again.
    RetryReceipt {
        /// The receipt.
        id: Uuid,
        /// Asked for by a person: `dead` ones too.
        replay: bool,
        /// What a request that could not be read says now.
        reread: Option<Box<Payload>>,
    },
    /// A try of a stored receipt failed: counts it and sets the next one.
    ReceiptFailed(Uuid, &'static str),
    /// `POST /api/review/{id}/resolve`.
    ResolveReview(Uuid, wire::Resolve),
    /// A mail read from a file.
    ImportMail(Box<ImportMail>),
    /// A row of an import file.
    ImportRow(Box<ImportRow>),
    /// `POST /{id}/snooze`.
    Snooze(Uuid, wire::Snooze),
    /// Fires a timer, if it still runs and is due.
    FireTimer(TimerKey),
    /// Forgets what the policy's times no longer allow to keep.
    Retain,
    /// `convo-server resume`: lets a restored database go on.
    Resume,
}

/// A key to store: its hash, never itself.
#[derive(Debug, Clone)]
pub struct NewKeyHash {
    /// What it is for and what it may do.
    pub key: wire::NewKey,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// Its last four characters.
    pub hint: String,
}

/// A verified webhook on its way to the writer.
#[derive(Clone)]
pub struct Webhook {
    /// The provider's name.
    pub provider: &'static str,
    /// The value the provider uses once per delivery.
    pub token: Option<String>,
    /// SHA-256 over the parsed fields.
    pub fingerprint: [u8; 32],
    /// What it says, or that it could not be read.
    pub payload: Payload,
    /// The words of a person's mail, read before it comes to the writer.
    pub words: Option<Arc<Words>>,
}

/// A mail's bytes as they came.
pub type Raw = Arc<[u8]>;

/// What a webhook says, in the form it is stored for a later try.
#[derive(Clone)]
pub enum Payload {
    /// Something happened to a mail of ours.
    Event(Box<convo_email::EmailObservation>),
    /// A mail came in; its attachments' bytes are in the attachment folder already.
    Mail(Box<InboundEmail>, Option<Raw>),
    /// Verified, but not readable: kept as it came, for a person and a later version.
    Unreadable(Original),
}

/// The body of a request as it came.
#[derive(Clone)]
pub struct Original {
    /// Its media type with parameters.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Raw,
}

impl Original {
    /// The form it is stored in: the media type, an empty line, the bytes.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let content_type: Vec<u8> = self
            .content_type
            .bytes()
            .filter(|byte| !byte.is_ascii_control())
            .collect();
        [content_type.as_slice(), b"\r\n\r\n", &self.bytes].concat()
    }

    /// Reads what was stored.
    #[must_use]
    pub fn read(stored: &[u8]) -> Option<Self> {
        let end = stored.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        Some(Self {
            content_type: String::from_utf8_lossy(&stored[..end]).into_owned(),
            bytes: stored[end + 4..].into(),
        })
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Event(_) => "Event",
            Self::Mail(..) => "Mail",
            Self::Unreadable(_) => "Unreadable",
        })
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// A mail read from a file.
#[derive(Clone)]
pub struct ImportMail {
    /// The mail.
    pub mail: InboundEmail,
    /// Its bytes.
    pub raw: Option<Raw>,
    /// Addresses that are ours beside the configured ones.
    pub our_addresses: Vec<String>,
    /// The campaign new conversations belong to.
    pub campaign: Option<Uuid>,
    /// List headers do not make the mail automated.
    pub list_archive: bool,
}

impl std::fmt::Debug for ImportMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportMail")
            .field("mail", &self.mail)
            .finish_non_exhaustive()
    }
}
