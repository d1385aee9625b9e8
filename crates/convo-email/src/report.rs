//! Bounces, delays and complaints: what they say of the mail they are about.

mod dsn;
mod feedback;
mod original;
mod words;

use convo_threading::MessageId;
use convo_threading::automated::Class;
use serde::{Deserialize, Serialize};

use crate::failure::FailureClass;
use crate::headers::Headers;
use crate::inbound::Attachment;

/// What a delivery or feedback report says of a mail of ours.
///
/// Source: RFC 3464 (delivery status), RFC 5965 (feedback).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which kind of report.
    pub kind: ReportKind,
    /// Message-ID of the mail it is about, from the returned mail or its headers.
    #[serde(default)]
    pub original_message_id: Option<MessageId>,
    /// The recipients it names; empty when none is readable.
    #[serde(default)]
    pub recipients: Vec<ReportedRecipient>,
    /// `Feedback-Type` of a complaint, lower case: `abuse`, `fraud`, `opt-out`, ...
    #[serde(default)]
    pub feedback_type: Option<String>,
}

/// Kinds of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportKind {
    /// Not delivered, given up.
    Bounce,
    /// Late, will be tried again.
    Delay,
    /// Delivered or relayed: asked for, no problem.
    Success,
    /// A recipient's complaint.
    Complaint,
}

/// One recipient of a delivery report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedRecipient {
    /// The address the mail was finally for, lower case.
    #[serde(default)]
    pub address: Option<String>,
    /// The address we wrote to, where it differs (`Original-Recipient`), lower case.
    #[serde(default)]
    pub original: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
    #[serde(default)]
    pub action: Option<String>,
    /// Status code such as `5.1.1` (RFC 3463).
    #[serde(default)]
    pub status: Option<String>,
    /// SMTP reply code.
    #[serde(default)]
    pub code: Option<u16>,
    /// What it means for the address; `None` when nothing was refused.
    #[serde(default)]
    pub class: Option<FailureClass>,
}

impl Report {
    /// Whether any recipient is reported as a dead address.
    pub fn is_hard(&self) -> bool {
        self.recipients
            .iter()
            .any(|one| one.class == Some(FailureClass::Hard))
    }
}

/// The machine-readable parts of a report, read.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) recipients: Vec<ReportedRecipient>,
    pub(crate) feedback_type: Option<String>,
    original_message_id: Option<MessageId>,
}

impl Evidence {
    /// Reads the parts of a report among the files of a mail.
    pub(crate) fn of(files: &[Attachment]) -> Self {
        let mut found = Self::default();
        for file in files {
            match file.content_type.as_str() {
                "message/delivery-status" | "message/global-delivery-status" => {
                    found.recipients.extend(dsn::recipients(&file.bytes));
                }
                "message/feedback-report" => {
                    let feedback = feedback::read(&file.bytes);
                    found.recipients.extend(feedback.recipients);
                    found.feedback_type = found.feedback_type.or(feedback.kind);
                    found.original_message_id =
                        found.original_message_id.or(feedback.original_message_id);
                }
                "message/disposition-notification" => {
                    let id = original::named_in_fields(&file.bytes, "original-message-id");
                    found.original_message_id = found.original_message_id.or(id);
                }
                _ => {}
            }
        }
        let returned = files.iter().find_map(original::of_returned_mail);
        found.original_message_id = found.original_message_id.or(returned);
        found
    }

    /// The gravest action of the recipients.
    pub(crate) fn action(&self) -> Option<&str> {
        let actions = || {
            self.recipients
                .iter()
                .filter_map(|one| one.action.as_deref())
        };
        let graver = |wanted: &str| actions().find(|action| *action == wanted);
        graver("failed")
            .or_else(|| graver("delayed"))
            .or_else(|| actions().next())
    }
}

/// What a mail of this class says of a mail of ours; `None` for a mail that is no report.
pub(crate) fn read(
    evidence: Evidence,
    class: Class,
    headers: &Headers,
    text: &str,
) -> Option<Report> {
    let delivered = matches!(
        evidence.action(),
        Some("delivered" | "relayed" | "expanded")
    );
    let kind = match class {
        Class::Bounce => ReportKind::Bounce,
        Class::Delay => ReportKind::Delay,
        Class::SpamReport => ReportKind::Complaint,
        _ if delivered => ReportKind::Success,
        _ => return None,
    };
    let mut recipients = evidence.recipients;
    let mut original = evidence
        .original_message_id
        .or_else(|| original::of_headers(headers));
    if matches!(kind, ReportKind::Bounce | ReportKind::Delay) {
        words::complete(&mut recipients, kind, headers, text);
    }
    if original.is_none() {
        original = original::in_text(text);
    }
    Some(Report {
        kind,
        original_message_id: original,
        recipients,
        feedback_type: evidence.feedback_type,
    })
}
