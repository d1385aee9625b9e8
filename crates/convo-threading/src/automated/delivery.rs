//! Delivery reports and complaints.

use super::marks::is_unread;
use super::{Class, Mail};

/// Local parts of the programs that return mail.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "mail.delivery.system",
];

/// Subjects that only a returned mail has, lower case; they must stand at the beginning.
const FAILURES: &[&str] = &[
    "undeliverable:",
    "undeliverable mail",
    "undeliverable message",
    "undelivered mail returned to sender",
    "delivery status notification",
    "mail delivery status notification",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery system",
    "mail system error",
    "message delivery has failed",
    "message delivery failure",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery notification: delivery has failed",
    "returned mail:",
    "returned to sender",
    "failure notice",
    "failure delivery",
    "failed delivery",
    "failed mail",
    "mail failed, returning to sender",
    "mail could not be delivered",
    "non-delivery",
    "nondeliverable mail",
    "nachricht nicht zustellbar",
    "unzustellbar:",
    "unzustellbare nachricht",
    "fehler bei der übermittlung",
    "échec de remise",
    "échec de la remise",
    "non remis :",
    "no se puede entregar",
    "no entregado:",
    "error de entrega",
    "mancato recapito",
    "non recapitabile",
    "onbestelbaar:",
    "niet-bezorgbaar",
    "não entregue",
    "falha na entrega",
    "niedostarczone",
    "недоставлен",
    "не доставлено",
    "ваше сообщение не доставлено",
    "配信不能",
    "配信エラー",
    "无法传递",
    "退信",
];

/// Words of a subject that speak of a mail that is only late.
const DELAYS: &[&str] = &[
    "(delay)",
    "delayed",
    "still being retried",
    "could not send message for past",
    "verzögert",
    "retardé",
    "retrasado",
    "ritardat",
    "vertraagd",
];

/// What the words of a report say when it has no machine-readable part.
const LATE_WORDS: &[&str] = &[
    "will continue to be retried",
    "will be retried",
    "will retry",
    "will keep trying",
    "still trying",
    "do not need to resend",
    "no action is required on your part",
    "delivery attempts will continue",
    "message has not yet been delivered",
];

/// Words that only the text of a returned mail has.
const FAILURE_WORDS: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "was not delivered",
    "wasn't delivered",
    "undeliverable",
    "delivery to the following recipient",
    "delivery failed",
    "permanent fatal error",
    "permanent error",
    "returned to you",
    "returned to sender",
    "unable to deliver",
    "message that you sent",
    "did not reach the following recipient",
    "user unknown",
    "unknown user",
    "no such user",
    "mailbox unavailable",
    "550 5.1.1",
    "550-5.1.1",
];

/// Finds a bounce or delay, and tells them apart by the report's Action.
pub(super) fn report(mail: &Mail<'_>) -> Option<(Class, &'static str)> {
    if mail.report_type == Some("feedback-report") || mail.feedback_type.is_some() {
        return None;
    }
    let code = evidence(mail)?;
    let class = match mail.action.map(str::to_ascii_lowercase).as_deref() {
        Some("failed") => Class::Bounce,
        Some("delayed") => Class::Delay,
        // Asked for and delivered: a machine's word, but no failure.
        Some("delivered" | "relayed" | "expanded") => {
            return Some((Class::AutoReply, "dsn:delivered"));
        }
        _ if is_late(mail) => Class::Delay,
        _ => Class::Bounce,
    };
    Some((class, code))
}

fn evidence(mail: &Mail<'_>) -> Option<&'static str> {
    let has = |kind: &str| mail.part_types.contains(&kind);
    if has("message/delivery-status") || has("message/global-delivery-status") {
        return Some("part:delivery-status");
    }
    if mail.report_type == Some("delivery-status") {
        return Some("report:delivery-status");
    }
    if mail.header("x-failed-recipients").is_some() {
        return Some("header:x-failed-recipients");
    }
    let local = mail.author_local();
    let nobody = mail.null_sender() || mail.header("return-path").is_some_and(is_daemon_path);
    if DAEMONS.contains(&local.as_str()) {
        return Some("from:daemon");
    }
    let subject = mail.subject.trim().to_lowercase();
    let failure =
        FAILURES.iter().any(|known| subject.starts_with(known)) || is_late_subject(&subject);
    let said = failure || says_failure(mail.text);
    // A postmaster may be a person, and a person may write about a failed delivery.
    if local == "postmaster" && said {
        return Some("from:postmaster");
    }
    if failure
        && (nobody
            || local.is_empty()
            || mail.header("auto-submitted").is_some()
            || says_failure(mail.text))
    {
        return Some("subject:delivery-failure");
    }
    if nobody && says_failure(mail.text) && !mail.text.is_empty() {
        return Some("text:delivery-failure");
    }
    let returns_mail = has("message/rfc822") || has("text/rfc822-headers");
    if returns_mail && is_unread(&local) && says_failure(mail.text) {
        return Some("part:returned-mail");
    }
    (notification(mail.text) == Some("Bounce")).then_some("text:notification")
}

/// The kind of an Amazon SES notification that was subscribed to by mail: JSON as text.
///
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>
fn notification(text: &str) -> Option<&str> {
    let json = super::beginning(text).trim_start().strip_prefix('{')?;
    let (_, after) = json.split_once("notificationType")?;
    // Inside an SNS envelope the quotes are escaped.
    let value = after.trim_start_matches(['\\', '"', ':', ' ']);
    value.split(['\\', '"']).next()
}

fn is_daemon_path(path: &str) -> bool {
    let local = path
        .trim_matches(['<', '>', ' '])
        .split('@')
        .next()
        .unwrap_or_default();
    DAEMONS.contains(&local.to_lowercase().as_str())
}

fn is_late_subject(subject: &str) -> bool {
    (subject.starts_with("warning: ")
        || subject.starts_with("delayed mail")
        || subject.contains("delivery"))
        && DELAYS.iter().any(|word| subject.contains(word))
}

fn is_late(mail: &Mail<'_>) -> bool {
    let subject = mail.subject.to_lowercase();
    if DELAYS.iter().any(|word| subject.contains(word)) {
        return true;
    }
    let text = super::beginning(mail.text).to_lowercase();
    LATE_WORDS.iter().any(|words| text.contains(words))
}

fn says_failure(text: &str) -> bool {
    let text = super::beginning(text).to_lowercase();
    FAILURE_WORDS.iter().any(|words| text.contains(words))
}

/// Finds a complaint (RFC 5965); a report about a failed signature is no person's complaint.
pub(super) fn complaint(mail: &Mail<'_>) -> Option<(Class, &'static str)> {
    let feedback = mail.part_types.contains(&"message/feedback-report")
        || mail.report_type == Some("feedback-report")
        || mail.feedback_type.is_some();
    if !feedback {
        return match notification(mail.text)? {
            "Complaint" => Some((Class::SpamReport, "text:notification")),
            "Delivery" => Some((Class::AutoReply, "text:notification")),
            _ => None,
        };
    }
    let kind = mail
        .feedback_type
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "auth-failure" | "dmarc" | "not-spam" => Some((Class::AutoReply, "feedback:other")),
        "opt-out" | "opt-out-list" => Some((Class::SpamReport, "feedback:opt-out")),
        _ => Some((Class::SpamReport, "feedback:complaint")),
    }
}
