//! The port of sending.

use std::future::Future;

use convo_threading::MessageId;

use crate::address::Address;
use crate::observation::UserVariables;

/// A provider that sends mail for us.
///
/// Sending is no transaction: a caller stores the mail with its Message-ID first, then sends, and
/// treats [`SendError::Unknown`] as perhaps sent.
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

/// One mail to one lead.
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
    /// True for a mail no person wrote for this recipient: it is marked `Auto-Submitted`.
    pub automatic: bool,
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
    pub provider_id: Option<String>,
}

/// Why a mail was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The provider refused the mail for good.
    #[error("the provider refused the mail with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The provider did not take it now; trying again is safe.
    #[error("the provider is busy or away")]
    Later {
        /// Seconds the provider asks to wait.
        retry_after: Option<u64>,
    },
    /// The connection broke after the mail was handed over: it may have been sent.
    #[error("the outcome is unknown")]
    Unknown,
}
