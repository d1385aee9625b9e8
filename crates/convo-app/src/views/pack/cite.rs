//! Messages as a pack cites them.

use chrono::{DateTime, Utc};
use convo_core::signals::SignalClass;
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_store::Reader;
use convo_store::rows::{ContentRow, MessageRow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::door::Codes;
use crate::error::AppError;
use crate::wire::time;

/// Messages cited for one claim.
pub(super) const QUOTES: usize = 3;
/// Characters of the newest reply that are shown.
const WHOLE: usize = 4_000;

/// One message with what it says.
pub(super) struct Cited {
    pub row: MessageRow,
    pub codes: Codes,
    pub reply_text: String,
    text: String,
    pub subject: String,
}

/// The newest messages of a conversation, newest first by their own times.
pub(super) struct Said(Vec<Cited>);

impl Said {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        conversation: Uuid,
        limit: i64,
    ) -> Result<Self, AppError> {
        let rows = reader.messages_before(conversation, None, limit)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut contents: std::collections::HashMap<Uuid, ContentRow> = reader
            .contents_by_messages(&ids)?
            .into_iter()
            .map(|content| (content.message_id, content))
            .collect();
        let wrong = |_| AppError::Fault("a stored message has an unreadable reading".to_owned());
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let content = contents.remove(&row.id).filter(|_| !row.erased);
            let (reply_text, text, subject) = match content {
                Some(content) => (content.reply_text, content.text, content.subject),
                None => Default::default(),
            };
            all.push(Cited {
                codes: serde_json::from_str(&row.codes).map_err(wrong)?,
                row,
                reply_text,
                text,
                subject,
            });
        }
        all.sort_by_key(|one| std::cmp::Reverse((one.row.at, one.row.id)));
        Ok(Self(all))
    }

    /// Those that we had at a time.
    pub(super) fn until(mut self, at: DateTime<Utc>) -> Self {
        self.0.retain(|one| one.row.received_at <= at);
        self
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Cited> {
        self.0.iter()
    }

    pub(super) fn replies(&self) -> impl Iterator<Item = &Cited> {
        self.newest_first().filter(|one| one.is_reply())
    }

    pub(super) fn newest(&self) -> Option<&Cited> {
        self.newest_first().find(|one| one.is_human())
    }

    pub(super) fn newest_reply(&self) -> Option<&Cited> {
        self.replies().next()
    }

    pub(super) fn by_id(&self, id: Uuid) -> Option<&Cited> {
        self.newest_first().find(|one| one.row.id == id)
    }
}

impl Cited {
    pub(super) fn is_human(&self) -> bool {
        self.row.kind == Kind::Human.as_str() && !self.row.note
    }

    pub(super) fn is_inbound(&self) -> bool {
        self.row.direction == Direction::Inbound.as_str()
    }

    /// The lead's own words; an opt-out is the lead's too.
    pub(super) fn is_reply(&self) -> bool {
        self.is_human() && self.is_inbound() && self.row.author == Author::Lead.as_str()
    }

    pub(super) fn is_sent(&self) -> bool {
        self.is_human() && !self.is_inbound()
    }

    /// The message, without a quote.
    pub(super) fn mention(&self) -> Value {
        json!({
            "id": self.row.id,
            "messageId": self.row.rfc_id,
            "at": time(self.row.at),
        })
    }

    /// The message with a quote, if what is quoted stands in the text as it is shown elsewhere.
    pub(super) fn quoting(&self, sentence: Option<&str>) -> Value {
        let mut value = self.mention();
        let quote = sentence.and_then(|sentence| self.standing(sentence));
        if let (Value::Object(members), Some(quote)) = (&mut value, quote) {
            members.insert("quote".to_owned(), quote.into());
        }
        value
    }

    /// The sentence, or the longest of its lines, that stands in the whole text too: what was cut out of the middle
    /// of a mail leaves sentences that nobody wrote.
    fn standing<'s>(&self, sentence: &'s str) -> Option<&'s str> {
        if self.text.contains(sentence) {
            return Some(sentence);
        }
        let lines = sentence.lines().map(str::trim);
        let standing = lines.filter(|line| !line.is_empty() && self.text.contains(line));
        standing.max_by_key(|line| line.len())
    }

    /// The message with all it says.
    pub(super) fn whole(&self) -> Value {
        let mut value = self.mention();
        let end = self.reply_text.char_indices().nth(WHOLE);
        let text = &self.reply_text[..end.map_or(self.reply_text.len(), |(at, _)| at)];
        if let Value::Object(members) = &mut value {
            members.insert("subject".to_owned(), self.subject.as_str().into());
            members.insert("text".to_owned(), text.into());
        }
        value
    }
}

/// The wire name of a class.
pub(super) fn class(class: SignalClass) -> &'static str {
    match class {
        SignalClass::Interest => "interest",
        SignalClass::Purchase => "purchase",
        SignalClass::HandRaise => "hand_raise",
    }
}
