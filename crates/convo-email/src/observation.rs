//! What a provider says happened to a mail of ours.

use chrono::{DateTime, Utc};
use convo_threading::MessageId;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Something a provider says happened to one of our mails.
///
/// It is stored as a receipt's body, so that a failed effect can be tried again from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailObservation {
    /// The provider's name, such as `mailgun`.
    pub provider: String,
    /// What happened.
    pub kind: EventKind,
    /// When it happened, by the provider's clock, in microseconds.
    pub occurred_at: DateTime<Utc>,
    /// The provider's id of the event; unique within one UTC day at least.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The sending domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// The recipient's address, lower case.
    #[serde(default)]
    pub recipient: Option<String>,
    /// The mail it happened to.
    #[serde(default)]
    pub message_id: Option<MessageId>,
    /// What we attached to the mail when it was sent.
    #[serde(default)]
    pub variables: UserVariables,
    /// The program that opened or clicked.
    #[serde(default)]
    pub client: Option<Client>,
    /// The address clicked on.
    #[serde(default)]
    pub url: Option<String>,
}

/// The kinds of provider events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The provider took the mail.
    Accepted,
    /// The recipient's server took the mail.
    Delivered,
    /// A tracking image was loaded, by a person or a machine.
    Opened,
    /// A link was followed, by a person or a machine.
    Clicked,
    /// The recipient used an unsubscribe link.
    Unsubscribed,
    /// The recipient marked the mail as spam.
    Complained,
    /// The mail was not delivered; [`Failure::class`] says what that means.
    Failed(Failure),
    /// The provider refused to send the mail.
    Rejected {
        /// The provider's word for it.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The provider stored an incoming mail.
    Stored,
    /// An event this version does not know, by the provider's name.
    Unknown(String),
}

impl EventKind {
    /// A stable lower-case name; a failure is `failed`, an unknown event `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Unsubscribed => "unsubscribed",
            Self::Complained => "complained",
            Self::Failed(_) => "failed",
            Self::Rejected { .. } => "rejected",
            Self::Stored => "stored",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The ids we attach to an outgoing mail and get back with its events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserVariables {
    /// The lead written to.
    #[serde(default)]
    pub lead_id: Option<String>,
    /// The campaign.
    #[serde(default)]
    pub campaign_id: Option<String>,
    /// The conversation.
    #[serde(default)]
    pub conversation_id: Option<String>,
}

impl UserVariables {
    /// Reads the three ids from name and value pairs, in camelCase or snake_case; the first
    /// non-empty value of a name wins.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (name, value) in pairs {
            let slot = match name {
                "lead_id" | "leadId" => &mut found.lead_id,
                "campaign_id" | "campaignId" => &mut found.campaign_id,
                "conversation_id" | "conversationId" => &mut found.conversation_id,
                _ => continue,
            };
            let value = value.trim();
            if slot.is_none() && !value.is_empty() {
                *slot = Some(value.replace('\0', "\u{FFFD}"));
            }
        }
        found
    }

    /// Whether no id is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The program that opened a mail or followed a link. Its network address is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The user agent as sent.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// The machine the provider recognised, such as `apple` or `gmail`; never empty.
    #[serde(default)]
    pub bot: Option<String>,
}

/// A time given as seconds since 1970 with a fraction, cut to microseconds.
///
/// `None` for what is no time: NaN, infinities, and years beyond 9999.
pub fn time_from_seconds(seconds: f64) -> Option<DateTime<Utc>> {
    const YEAR_10000: f64 = 253_402_300_800.0;
    if !seconds.is_finite() || !(0.0..YEAR_10000).contains(&seconds) {
        return None;
    }
    // Below 2^53 after the bound above, so the cast keeps every microsecond.
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn seconds_with_a_fraction_become_microseconds() {
        let at = time_from_seconds(1_521_233_195.375_624).unwrap();
        assert_eq!(at.timestamp_micros(), 1_521_233_195_375_624);
        for bad in [f64::NAN, f64::INFINITY, -1.0, 1e30] {
            assert_eq!(time_from_seconds(bad), None);
        }
    }

    #[test]
    fn variables_are_read_in_both_spellings() {
        let read = UserVariables::from_pairs([
            ("leadId", "l1"),
            ("lead_id", "l2"),
            ("campaign_id", " c "),
            ("conversationId", ""),
            ("other", "x"),
        ]);
        assert_eq!(read.lead_id.as_deref(), Some("l1"));
        assert_eq!(read.campaign_id.as_deref(), Some("c"));
        assert_eq!(read.conversation_id, None);
        assert!(!read.is_empty());
    }

    #[test]
    fn an_observation_survives_storage() {
        let failure = Failure {
            severity: crate::Severity::Permanent,
            reason: Some("bounce".into()),
            code: Some(550),
            enhanced_code: None,
            bounce_type: None,
        };
        for kind in [
            EventKind::Delivered,
            EventKind::Failed(failure),
            EventKind::Unknown("list_member_uploaded".into()),
            EventKind::Rejected { reason: None },
        ] {
            let before = EmailObservation {
                provider: "mailgun".into(),
                kind,
                occurred_at: time_from_seconds(1.25).unwrap(),
                event_id: Some("e".into()),
                domain: None,
                recipient: None,
                message_id: None,
                variables: UserVariables::default(),
                client: None,
                url: None,
            };
            let stored = serde_json::to_string(&before).unwrap();
            assert_eq!(
                serde_json::from_str::<EmailObservation>(&stored).unwrap(),
                before
            );
        }
    }
}
