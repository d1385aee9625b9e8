//! Failed deliveries: which ones mean that an address is dead.

use serde::{Deserialize, Serialize};

/// A provider's report that one mail did not reach one recipient.
///
/// Free text of the remote server is left out: it may hold addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Whether the provider has given up.
    pub severity: Severity,
    /// The provider's word, lower case, such as `bounce`, `suppress-bounce`, `old`, `espblock`.
    #[serde(default)]
    pub reason: Option<String>,
    /// SMTP reply code, or a provider's own code such as 605.
    #[serde(default)]
    pub code: Option<u16>,
    /// Enhanced status code such as `5.1.1` (RFC 3463).
    #[serde(default)]
    pub enhanced_code: Option<String>,
    /// The provider's own judgement, where it gives one.
    #[serde(default)]
    pub bounce_type: Option<BounceType>,
}

/// Whether a provider has given up on a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// No further attempt.
    Permanent,
    /// It will be tried again.
    Temporary,
}

/// A provider's own judgement of a bounce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceType {
    /// The address is dead.
    Hard,
    /// The address may work later.
    Soft,
}

/// What a failure means for the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The address is dead: suppress it.
    Hard,
    /// The address may work later, or the mail itself was refused: count it.
    Soft,
    /// The provider's own suppression list held the mail back: no fresh bounce.
    ProviderSuppression(Suppressed),
}

/// Which of a provider's own lists held a mail back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppressed {
    /// An earlier bounce (Mailgun `suppress-bounce`, 605).
    Bounce,
    /// An earlier unsubscribe (Mailgun `suppress-unsubscribe`, 606).
    Unsubscribe,
    /// An earlier complaint (Mailgun `suppress-complaint`, 607).
    Complaint,
}

impl Failure {
    /// What the failure means for the address.
    ///
    /// Hard is permanent without any sign that the mail and not the address was refused: the
    /// provider's own list, `old`, `espblock`, a mailbox state (5.2.x), a policy (5.7.x), or the
    /// provider calling the bounce soft.
    ///
    /// Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-types>; RFC 3463.
    pub fn class(&self) -> FailureClass {
        if let Some(list) = self.suppressed() {
            return FailureClass::ProviderSuppression(list);
        }
        let reason = self.reason.as_deref().unwrap_or_default();
        let spares_the_address = self.severity == Severity::Temporary
            || reason.eq_ignore_ascii_case("old")
            || reason.eq_ignore_ascii_case("espblock")
            || self.code == Some(OLD)
            || self.bounce_type == Some(BounceType::Soft)
            || self
                .enhanced_code
                .as_deref()
                .is_some_and(spares_the_address);
        if spares_the_address {
            FailureClass::Soft
        } else {
            FailureClass::Hard
        }
    }

    fn suppressed(&self) -> Option<Suppressed> {
        let reason = self
            .reason
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match (reason.as_str(), self.code) {
            ("suppress-bounce", _) | (_, Some(605)) => Some(Suppressed::Bounce),
            ("suppress-unsubscribe", _) | (_, Some(606)) => Some(Suppressed::Unsubscribe),
            ("suppress-complaint", _) | (_, Some(607)) => Some(Suppressed::Complaint),
            _ => None,
        }
    }
}

/// Mailgun's code for a mail it gave up on after too long a time (`old`).
const OLD: u16 = 602;

/// Whether an enhanced status speaks of the mailbox's state or a policy, not of a dead address.
pub(crate) fn spares_the_address(enhanced: &str) -> bool {
    let mut fields = enhanced.trim().split('.');
    let class = fields.next().unwrap_or_default();
    let subject = fields.next().unwrap_or_default();
    class != "5" || matches!(subject, "2" | "7")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(severity: Severity, reason: &str, code: Option<u16>, enhanced: &str) -> Failure {
        Failure {
            severity,
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            code,
            enhanced_code: (!enhanced.is_empty()).then(|| enhanced.to_owned()),
            bounce_type: None,
        }
    }

    #[test]
    fn the_table_of_failures() {
        use FailureClass::{Hard, ProviderSuppression, Soft};
        use Severity::{Permanent, Temporary};
        for (severity, reason, code, enhanced, expected) in [
            (Permanent, "bounce", Some(550), "5.1.1", Hard),
            (Permanent, "bounce", Some(550), "", Hard),
            (Permanent, "generic", None, "", Hard),
            (Permanent, "", None, "", Hard),
            (Permanent, "bounce", Some(552), "5.2.2", Soft),
            (Permanent, "bounce", Some(550), "5.7.1", Soft),
            (Permanent, "bounce", Some(550), "5.4.4", Hard),
            (Permanent, "old", Some(602), "", Soft),
            (Permanent, "generic", Some(602), "", Soft),
            (Permanent, "espblock", Some(550), "", Soft),
            (Permanent, "bounce", Some(450), "4.2.2", Soft),
            (Temporary, "generic", Some(450), "", Soft),
            (Temporary, "greylisted", Some(451), "4.7.1", Soft),
            (Temporary, "bounce", Some(550), "5.1.1", Soft),
            (
                Permanent,
                "suppress-bounce",
                Some(605),
                "",
                ProviderSuppression(Suppressed::Bounce),
            ),
            (
                Permanent,
                "suppress-bounce",
                None,
                "5.1.1",
                ProviderSuppression(Suppressed::Bounce),
            ),
            (
                Permanent,
                "generic",
                Some(606),
                "",
                ProviderSuppression(Suppressed::Unsubscribe),
            ),
            (
                Permanent,
                "Suppress-Complaint",
                None,
                "",
                ProviderSuppression(Suppressed::Complaint),
            ),
        ] {
            let subject = failure(severity, reason, code, enhanced);
            assert_eq!(subject.class(), expected, "{subject:?}");
        }
        let soft = Failure {
            bounce_type: Some(BounceType::Soft),
            ..failure(Permanent, "bounce", Some(550), "5.1.1")
        };
        assert_eq!(soft.class(), Soft);
    }
}
