//! The port of sending.

use std::future::Future;

use convo_threading::MessageId;

use crate::address::Address;
use crate::inbound::Attachment;
use crate::observation::UserVariables;

/// A provider that sends mail for us.
///
/// Sending is no transaction: a caller stores the mail with its Message-ID first, then sends, and
/// treats [`SendError::Unknown`] as perhaps sent: it may send again under the same Message-ID only.
pub trait Mailer: Send + Sync {
    /// The provider's name: lower case, stable.
    fn name(&self) -> &'static str;

    /// Hands one mail to the provider.
    ///
    /// # Errors
    /// [`SendError`] says whether trying again is safe.
    fn send(&self, mail: &OutgoingEmail)
    -> impl Future<Output = Result<Receipt, SendError>> + Send;
}

/// One mail of ours.
#[derive(Clone)]
pub struct OutgoingEmail {
    /// Our id, stored before the mail is sent.
    pub message_id: MessageId,
    /// The author.
    pub from: Address,
    /// The recipients.
    pub to: Vec<Address>,
    /// Where answers go; carries the reply token.
    pub reply_to: Option<Address>,
    /// The subject, not encoded.
    pub subject: String,
    /// The text; always there, so that a reader without HTML sees it.
    pub text: String,
    /// The HTML form of the same text.
    pub html: Option<String>,
    /// The mail this one answers.
    pub in_reply_to: Option<MessageId>,
    /// The chain above it, oldest first.
    pub references: Vec<MessageId>,
    /// Ids that come back with the provider's events.
    pub variables: UserVariables,
    /// What a mail that no person wrote for this recipient is marked with.
    pub automatic: Option<Automatic>,
    /// The address that takes the recipient off by one POST (RFC 8058).
    pub unsubscribe: Option<String>,
    /// What the provider is asked to track.
    pub tracking: TrackingWish,
    /// The files, with their bytes.
    pub attachments: Vec<Attachment>,
}

/// The value of `Auto-Submitted`.
///
/// Source: RFC 3834 §5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Automatic {
    /// No mail asked for it.
    Generated,
    /// It answers one mail by itself.
    Replied,
}

impl Automatic {
    /// The field's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generated => "auto-generated",
            Self::Replied => "auto-replied",
        }
    }

    /// The value a field has.
    pub fn of(text: &str) -> Option<Self> {
        [Self::Generated, Self::Replied]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// What the provider is asked to track; none: as its domain is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrackingWish {
    /// Loading of a picture in the HTML.
    pub opens: Option<bool>,
    /// Following of links.
    pub clicks: Option<bool>,
}

impl TrackingWish {
    /// Nothing at all.
    pub const OFF: Self = Self {
        opens: Some(false),
        clicks: Some(false),
    };
}

impl std::fmt::Debug for OutgoingEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingEmail")
            .field("to", &self.to.len())
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// A provider's word that it took a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's name.
    pub provider: String,
    /// The provider's id of the mail, stored as an alias of ours.
    pub provider_id: Option<MessageId>,
}

/// Why a mail was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail cannot be sent as it is, by any provider or at any time.
    #[error("the mail cannot be sent: {0}")]
    Unsendable(&'static str),
    /// The provider refused the mail for good.
    #[error("the provider refused the mail with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The provider takes nothing from us for now, whatever the mail: a wrong key, an unpaid or closed account.
    #[error("the provider takes no mail from us: status {status}")]
    Closed {
        /// HTTP status.
        status: u16,
    },
    /// The provider did not take it now; trying again is safe.
    #[error("the provider is busy or away")]
    Later {
        /// HTTP status, where there was an answer.
        status: Option<u16>,
        /// Seconds the provider asks to wait.
        retry_after: Option<u64>,
    },
    /// The connection broke after the mail was handed over: it may have been sent.
    #[error("the outcome is unknown")]
    Unknown,
}
