//! One inbound mail, in every form in which it can arrive.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A plain-text mail somebody sends us.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Address of the writer.
    pub from: String,
    /// Address it goes to.
    pub to: String,
    pub subject: String,
    pub text: String,
    /// Without `<>`.
    pub message_id: String,
    pub date: DateTime<Utc>,
    /// Further header fields, in order.
    pub headers: Vec<(String, String)>,
}

impl Mail {
    /// A mail to our sales address with an id of its own, written now.
    pub fn new(from: &str, subject: &str, text: &str) -> Mail {
        Mail {
            from: from.to_owned(),
            to: "sales@dealer.example".to_owned(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            message_id: format!("{}@mail.customer.example", Uuid::new_v4().simple()),
            // A Date header has whole seconds: the next one, so that an answer is not older than what it answers.
            date: Utc::now() + TimeDelta::seconds(1),
            headers: Vec::new(),
        }
    }

    /// With another header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Mail {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As the answer to this message (its id without `<>`).
    #[must_use]
    pub fn answering(self, message_id: &str) -> Mail {
        let id = format!("<{message_id}>");
        self.header("In-Reply-To", &id).header("References", &id)
    }

    /// To another address.
    #[must_use]
    pub fn to(mut self, address: &str) -> Mail {
        self.to = address.to_owned();
        self
    }

    /// With another time of writing.
    #[must_use]
    pub fn dated(mut self, date: DateTime<Utc>) -> Mail {
        self.date = date;
        self
    }

    /// With an id of one's choice, without `<>`.
    #[must_use]
    pub fn identified(mut self, message_id: &str) -> Mail {
        self.message_id = message_id.to_owned();
        self
    }

    /// All header fields, in order.
    pub fn fields(&self) -> Vec<(String, String)> {
        let own = [
            ("From", self.from.clone()),
            ("To", self.to.clone()),
            ("Subject", self.subject.clone()),
            ("Date", self.date.to_rfc2822()),
            ("Message-Id", format!("<{}>", self.message_id)),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        own.into_iter()
            .chain(self.headers.iter().cloned())
            .collect()
    }

    /// As it stands on disk.
    pub fn mime(&self) -> String {
        let mut mime = String::new();
        for (name, value) in self.fields() {
            mime.push_str(&format!("{name}: {value}\r\n"));
        }
        mime.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
        mime.push_str("Content-Transfer-Encoding: 8bit\r\n\r\n");
        mime.push_str(&self.text.replace('\n', "\r\n"));
        mime.push_str("\r\n");
        mime
    }

    /// As an mbox entry.
    pub fn mbox(&self) -> String {
        let date = self.date.format("%a %b %e %H:%M:%S %Y");
        let text = self
            .mime()
            .replace("\r\n", "\n")
            .replace("\nFrom ", "\n>From ");
        format!("From {} {date}\n{text}\n", self.from)
    }
}
