//! The machine-readable part of a complaint.

use convo_threading::MessageId;

use super::ReportedRecipient;
use crate::limits::Limits;
use crate::mime;

/// What a `message/feedback-report` part says.
pub(super) struct Feedback {
    pub(super) kind: Option<String>,
    pub(super) recipients: Vec<ReportedRecipient>,
    pub(super) original_message_id: Option<MessageId>,
}

/// Reads the fields of a feedback report.
///
/// Source: RFC 5965 §3.
pub(super) fn read(bytes: &[u8]) -> Feedback {
    let limits = Limits {
        headers: 200,
        header_bytes: 64 * 1024,
        field_bytes: 8 * 1024,
        ..Limits::default()
    };
    let (fields, _) = mime::fields(bytes, &limits);
    let kind = fields
        .get("feedback-type")
        .map(|kind| kind.trim().to_ascii_lowercase());
    let recipients = fields
        .get_all_raw("original-rcpt-to")
        .chain(fields.get_all_raw("removal-recipient"));
    let recipients = recipients
        .flat_map(crate::Address::parse_list)
        .map(|address| ReportedRecipient {
            address: Some(address.key()),
            ..ReportedRecipient::default()
        });
    Feedback {
        kind: kind.filter(|kind| !kind.is_empty()),
        recipients: recipients.collect(),
        original_message_id: fields
            .get_raw("original-message-id")
            .and_then(MessageId::parse),
    }
}
