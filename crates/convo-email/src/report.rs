//! Bounces, delays and complaints: what they say of the mail they are about.

use convo_threading::MessageId;
use serde::{Deserialize, Serialize};

use crate::failure::FailureClass;

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
