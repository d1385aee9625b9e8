//! One mail of each kind that can come into a conversation.

use chrono::{DateTime, Utc};
use convo_email::{InboundEmail, Limits, mime};

/// A kind of mail, as the table's columns have them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    Reply,
    OptOut,
    Doubtful,
    Stranger,
    Forged,
    AutoReply,
    OutOfOffice,
    List,
    Delay,
    Bounce,
    Complaint,
}

/// All columns, in their order.
pub const MAILS: [Mail; 11] = [
    Mail::Reply,
    Mail::OptOut,
    Mail::Doubtful,
    Mail::Stranger,
    Mail::Forged,
    Mail::AutoReply,
    Mail::OutOfOffice,
    Mail::List,
    Mail::Delay,
    Mail::Bounce,
    Mail::Complaint,
];

impl Mail {
    /// The head of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::OptOut => "opt-out",
            Self::Doubtful => "doubtful opt-out",
            Self::Stranger => "somebody else",
            Self::Forged => "forged",
            Self::AutoReply => "auto-reply",
            Self::OutOfOffice => "out of office",
            Self::List => "list",
            Self::Delay => "delay",
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }

    /// Such a mail of the lead, or about our mail to the lead, written then.
    pub fn arriving(
        self,
        email: &str,
        ours: &str,
        token: &str,
        written: DateTime<Utc>,
    ) -> InboundEmail {
        let (fields, words): (&str, &str) = match self {
            Self::Reply | Self::Stranger => ("", "Tell me more about the blue one, please."),
            Self::OptOut => ("", "Please unsubscribe me."),
            Self::Doubtful => (
                "",
                "Remove me from your mailing list. Could someone call me?",
            ),
            Self::Forged => (
                "Authentication-Results: mxa.mailgun.org; dmarc=fail\r\n",
                "I want to buy it.",
            ),
            Self::AutoReply => ("Auto-Submitted: auto-replied\r\n", "We have your mail."),
            Self::OutOfOffice => ("Auto-Submitted: auto-replied\r\n", "I am on vacation."),
            Self::List => ("List-Id: <news.customer.example>\r\n", "News of the week."),
            Self::Delay => return report(email, ours, written, "delayed", "4.4.1"),
            Self::Bounce => return report(email, ours, written, "failed", "5.1.1"),
            Self::Complaint => return complaint(ours, written),
        };
        let from = match self {
            Self::Stranger => "friend@elsewhere.example",
            _ => email,
        };
        let to = match self {
            Self::Stranger => format!("reply+{token}@dealer.example"),
            _ => "sales@dealer.example".to_owned(),
        };
        let head = format!(
            "{fields}From: {from}\r\nTo: {to}\r\nSubject: Re: Your car\r\nIn-Reply-To: <{ours}>\r\n"
        );
        read(&format!("{head}{}\r\n{words}\r\n", dated(ours, written)))
    }
}

/// Time and id of a mail; every mail of the table answers another one of ours.
fn dated(ours: &str, written: DateTime<Utc>) -> String {
    let id = ours.replace('@', ".");
    format!(
        "Date: {}\r\nMessage-ID: <{id}@mail.customer.example>\r\n",
        written.to_rfc2822()
    )
}

fn read(mime: &str) -> InboundEmail {
    InboundEmail::assemble(mime::parts(mime.as_bytes(), &Limits::default()).unwrap())
}

fn report(
    email: &str,
    ours: &str,
    written: DateTime<Utc>,
    action: &str,
    status: &str,
) -> InboundEmail {
    read(&format!(
        "From: <MAILER-DAEMON@mx.customer.example>\r\nTo: sales@dealer.example\r\nSubject: Report\r\n{}\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYour message.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.customer.example\r\n\r\n\
         Final-Recipient: rfc822; {email}\r\nAction: {action}\r\nStatus: {status}\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ours}>\r\n\r\n--b--\r\n",
        dated(ours, written)
    ))
}

fn complaint(ours: &str, written: DateTime<Utc>) -> InboundEmail {
    read(&format!(
        "From: <abuse@isp.example>\r\nTo: sales@dealer.example\r\nSubject: Report\r\n{}\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nA report.\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ours}>\r\n\r\n--b--\r\n",
        dated(ours, written)
    ))
}
