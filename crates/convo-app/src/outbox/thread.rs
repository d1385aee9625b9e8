//! Which message an answer stands under, and what its head says of that.

use convo_email::MessageId;
use convo_store::rows::MessageRow;
use convo_threading::subject::base_subject;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Ids that References holds at most: the first of the thread and the last ones, so that the head stays small.
const REFERENCES: usize = 10;

/// Where a new mail of ours stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    /// The message it answers or follows.
    pub message: Option<Uuid>,
    /// Its In-Reply-To.
    pub in_reply_to: Option<MessageId>,
    /// Its References, oldest first.
    pub references: Vec<MessageId>,
    /// `Re:` and the subject of the message it answers; the conversation's own of the first one.
    pub subject: String,
}

impl Batch<'_, '_> {
    /// Under the message it answers, or the newest human one of the lead; else under our newest one that was sent, so
    /// that the lead's mail program shows both together; else under none.
    pub(crate) fn thread_of(
        &mut self,
        conversation: Uuid,
        answers: Option<Uuid>,
    ) -> Result<Thread, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let own = line(&entry.row.subject);
        let tally = &entry.facts.tally;
        let reply = tally.newest_reply.as_ref().map(|reply| reply.mark.id);
        let newest = answers
            .or(reply)
            .or(tally.last_sent.as_ref().map(|mark| mark.id));
        let message = match newest {
            Some(id) => self.message_row(id)?,
            None => None,
        };
        let Some(message) = message else {
            return Ok(Thread {
                subject: own,
                ..Thread::default()
            });
        };
        let said = match self.subject_of(message.id)? {
            Some(subject) if !subject.trim().is_empty() => subject,
            _ => own,
        };
        Ok(Thread {
            message: Some(message.id),
            in_reply_to: id(&message.rfc_id),
            references: references(&message),
            subject: answering(&said),
        })
    }

    fn subject_of(&mut self, message: Uuid) -> Result<Option<String>, AppError> {
        let mut here = self.commit.contents.iter();
        if let Some(content) = here.find(|content| content.message_id == message) {
            return Ok(Some(content.subject.clone()));
        }
        let stored = self.reader.contents_by_messages(&[message])?.pop();
        Ok(stored.map(|content| content.subject))
    }
}

fn id(text: &str) -> Option<MessageId> {
    MessageId::parse(&format!("<{text}>"))
}

/// What answers a message refers to: what that one does, and itself.
fn references(message: &MessageRow) -> Vec<MessageId> {
    let named: Vec<String> = serde_json::from_str(&message.references).unwrap_or_default();
    let mut ids: Vec<MessageId> = named.iter().filter_map(|text| id(text)).collect();
    if ids.is_empty() {
        ids.extend(message.in_reply_to.as_deref().and_then(id));
    }
    ids.retain(|one| one.as_str() != message.rfc_id);
    ids.extend(id(&message.rfc_id));
    if ids.len() > REFERENCES {
        ids.drain(1..=ids.len() - REFERENCES);
    }
    ids
}

/// `Re:` and the subject without the marks that others have put before it.
fn answering(subject: &str) -> String {
    let subject = line(subject);
    let mut rest = subject.as_str();
    while base_subject(rest).prefixed
        && let Some((_, after)) = rest.split_once([':', '：'])
    {
        rest = after.trim_start();
    }
    let whole = format!("Re: {rest}");
    whole.trim_end().chars().take(998).collect()
}

/// On one line, as a head has it.
fn line(subject: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    subject
        .chars()
        .map(plain)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_has_one_mark() {
        for (given, expected) in [
            ("Your new car", "Re: Your new car"),
            ("Re: Your new car", "Re: Your new car"),
            ("AW: Re: Your new car", "Re: Your new car"),
            ("Antwort: WG: Ihr neues Auto", "Re: Ihr neues Auto"),
            ("RE : Votre voiture", "Re: Votre voiture"),
            ("Offer: half price", "Re: Offer: half price"),
            ("Your\r\nBcc: x", "Re: Your  Bcc: x"),
            ("", "Re:"),
            ("Re:", "Re:"),
        ] {
            assert_eq!(answering(given), expected, "{given}");
        }
    }

    fn message(rfc_id: &str, references: &[String], in_reply_to: Option<&str>) -> MessageRow {
        let at = chrono::DateTime::UNIX_EPOCH;
        MessageRow {
            id: Uuid::nil(),
            conversation_id: Uuid::nil(),
            lead_id: Uuid::nil(),
            sequence_number: 1,
            direction: "inbound".to_owned(),
            author: "lead".to_owned(),
            author_id: None,
            kind: "human".to_owned(),
            note: false,
            rfc_id: rfc_id.to_owned(),
            parent_rfc: None,
            parent_message_rfc: None,
            parent_id: None,
            depth: 0,
            thread_id: Uuid::nil(),
            chain: "[]".to_owned(),
            in_reply_to: in_reply_to.map(str::to_owned),
            references: serde_json::to_string(references).unwrap_or_default(),
            at,
            received_at: at,
            content_hash: Vec::new(),
            rung: None,
            evidence: "[]".to_owned(),
            codes: "{}".to_owned(),
            flags: "[]".to_owned(),
            receipt_id: None,
            returns_on: None,
            erased: false,
        }
    }

    fn refers(message: &MessageRow) -> Vec<String> {
        let ids = references(message);
        ids.iter().map(|id| id.as_str().to_owned()).collect()
    }

    #[test]
    fn references_are_the_first_and_the_last_ones() {
        let names = |range: std::ops::RangeInclusive<usize>| -> Vec<String> {
            range.map(|n| format!("m{n}@x.example")).collect()
        };
        let last =
            |given: &[String], in_reply_to| refers(&message("me@x.example", given, in_reply_to));
        assert_eq!(last(&[], None), ["me@x.example"]);
        assert_eq!(
            last(&[], Some("a@x.example")),
            ["a@x.example", "me@x.example"]
        );
        let two = names(1..=2);
        assert_eq!(
            last(&two, Some("a@x.example")),
            ["m1@x.example", "m2@x.example", "me@x.example"]
        );
        let mut expected = vec!["m1@x.example".to_owned()];
        expected.extend(names(93..=100));
        expected.push("me@x.example".to_owned());
        assert_eq!(last(&names(1..=100), None), expected);
        assert_eq!(last(&names(1..=9), None).len(), 10);
        assert_eq!(last(&names(1..=10), None).len(), 10);
    }
}
