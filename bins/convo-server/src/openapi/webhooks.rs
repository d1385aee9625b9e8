//! What providers send, and what they are answered. Providers may send more than is named here.

use utoipa::ToSchema;
use uuid::Uuid;

use super::vocabulary::{FreeObject, ReceiptStatus, WebhookStatus};

/// An event of a mail of ours, as Mailgun posts it.
///
/// `user-variables` `leadId`, `campaignId` and `conversationId` in `event-data` name the conversation;
/// without them its Message-ID does.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub struct MailgunEvent {
    /// What proves the sender.
    pub signature: MailgunSignature,
    /// What happened.
    pub event_data: FreeObject,
}

/// Mailgun's signature: HMAC-SHA-256 of timestamp and token.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub struct MailgunSignature {
    /// Seconds since 1970.
    pub timestamp: String,
    /// Used once per delivery.
    pub token: String,
    /// In hexadecimal digits.
    pub signature: String,
    /// Of a subaccount's event: the parent account's signature.
    #[schema(nullable = false)]
    pub parent_signature: Option<String>,
}

/// A mail that came in, taken apart by Mailgun; attachments are files `attachment-1` and on.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub struct MailgunMail {
    /// The address it came to.
    pub recipient: String,
    /// Its envelope sender.
    #[schema(nullable = false)]
    pub sender: Option<String>,
    /// Its header fields, a JSON list of pairs.
    #[schema(nullable = false)]
    pub message_headers: Option<String>,
    /// Its From, where `message-headers` has none.
    #[schema(nullable = false)]
    pub from: Option<String>,
    /// Its Subject, where `message-headers` has none.
    #[schema(nullable = false)]
    pub subject: Option<String>,
    /// Its text.
    #[schema(nullable = false)]
    pub body_plain: Option<String>,
    /// Its HTML.
    #[schema(nullable = false)]
    pub body_html: Option<String>,
    /// Number of attachments.
    #[schema(nullable = false)]
    pub attachment_count: Option<String>,
    /// Seconds since 1970.
    pub timestamp: String,
    /// Used once per delivery.
    pub token: String,
    /// HMAC-SHA-256 of timestamp and token, in hexadecimal digits.
    pub signature: String,
}

/// A mail that came in as raw MIME.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case")]
pub struct MailgunMime {
    /// The address it came to.
    pub recipient: String,
    /// Its envelope sender.
    #[schema(nullable = false)]
    pub sender: Option<String>,
    /// The mail.
    pub body_mime: String,
    /// Seconds since 1970.
    pub timestamp: String,
    /// Used once per delivery.
    pub token: String,
    /// HMAC-SHA-256 of timestamp and token, in hexadecimal digits.
    pub signature: String,
}

/// Answer to a webhook.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WebhookAnswer {
    /// What it came to; `parked` waits for a person, or for the message it speaks of.
    pub status: WebhookStatus,
    /// The receipt; of a duplicate the first one's.
    pub receipt_id: Uuid,
    /// The conversation it went to.
    #[schema(nullable = false)]
    pub conversation_id: Option<Uuid>,
    /// Its lead.
    #[schema(nullable = false)]
    pub lead_id: Option<Uuid>,
    /// Its campaign.
    #[schema(nullable = false)]
    pub campaign_id: Option<Uuid>,
}

/// A webhook that was taken; what it said is not shown.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Receipt {
    /// Its id.
    pub id: Uuid,
    /// Who sent it.
    pub provider: String,
    /// The provider's event, `inbound` or `unreadable`.
    pub kind: String,
    /// How far it got.
    pub status: ReceiptStatus,
    /// How often its effect was tried.
    #[schema(minimum = 1)]
    pub attempts: i32,
    /// When it is tried again.
    pub next_attempt_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Why it failed, or waits.
    pub error_code: Option<String>,
    /// The conversation it went to.
    pub conversation_id: Option<Uuid>,
    /// Its lead.
    pub lead_id: Option<Uuid>,
    /// Its campaign.
    pub campaign_id: Option<Uuid>,
    /// The message it is, or speaks of.
    pub message_id: Option<Uuid>,
    /// When it came.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// The same.
    pub received_at: chrono::DateTime<chrono::Utc>,
    /// When its effect was complete.
    pub done_at: Option<chrono::DateTime<chrono::Utc>>,
}
