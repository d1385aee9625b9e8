//! Storing a message: read, placed in the tree, counted, and all that follows from it.

mod alive;
mod flood;
mod place;
mod process;
mod vouch;

use chrono::{DateTime, Utc};
use convo_core::observe::{MessageStored, Observation};
use convo_core::signals::OptOut;
use convo_core::tally::MessageFact;
use convo_core::vocabulary::{Author, Direction, HoldReason, Kind};
use convo_store::MessageHead;
use convo_store::rows::{AttachmentRow, ContentRow, MessageRow, ReviewRow};
use convo_threading::MessageId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::batch::{Batch, Touched};
use crate::door::Codes;
use crate::effects::signed;
use crate::error::AppError;
pub(crate) use alive::is_failure;
pub(crate) use flood::FLOODED;
use place::Placing;
pub(crate) use place::row as placeholder_row;
pub(crate) use process::mail_of;
use vouch::flags;
pub(crate) use vouch::{UNVERIFIED, is_forged};

/// In the evidence of a message that came silently: nobody expects an answer now.
pub(crate) const IMPORTED: &str = "import";

/// A message about to be stored.
pub(crate) struct NewMessage<'a> {
    pub conversation: Uuid,
    pub direction: Direction,
    pub author: Author,
    pub author_id: Option<Uuid>,
    pub kind: Kind,
    pub note: bool,
    pub rfc_id: MessageId,
    pub chain: &'a [MessageId],
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub at: DateTime<Utc>,
    pub hash: [u8; 32],
    pub rung: Option<i16>,
    pub evidence: Vec<String>,
    pub receipt: Option<Uuid>,
    pub from: Option<String>,
    pub recipients: Vec<String>,
    pub subject: String,
    pub text: String,
    pub reply_text: String,
    pub html: Option<String>,
    pub headers: Option<String>,
    pub raw: Option<Vec<u8>>,
    pub size: usize,
    pub attachments: &'a [convo_email::Attachment],
    pub returns_on: Option<DateTime<Utc>>,
    /// A person has read it as an opt-out, whatever the words say.
    pub opt_out_decided: bool,
    /// A mail of ours that does not leave the house.
    pub unsent: bool,
    /// It is not from whom it says.
    pub forged: bool,
}

/// A message that is stored now; where it stands may still change with what waited for it.
pub(crate) struct Stored {
    pub id: Uuid,
    pub lead: Uuid,
}

impl Batch<'_, '_> {
    /// Stores a message in a conversation, with everything that follows from it.
    pub(crate) fn store_message(&mut self, new: NewMessage<'_>) -> Result<Stored, AppError> {
        let id = self.new_id();
        let duplicate_id = self
            .heads(new.rfc_id.as_str())?
            .iter()
            .any(|head| head.rfc_id == new.rfc_id.as_str());
        let (lead, seq) = {
            let now = self.now;
            let entry = self
                .conversation(new.conversation)?
                .ok_or(AppError::NotFound)?;
            entry.row.message_count += 1;
            entry.row.updated_at = entry.row.updated_at.max(now);
            entry.touch(Touched::Facts);
            (entry.row.lead_id, entry.row.message_count)
        };
        self.wrote();
        let stands = self.place(&Placing {
            id,
            conversation: new.conversation,
            rfc_id: &new.rfc_id,
            chain: new.chain,
            at: new.at,
            hash: &new.hash,
        })?;
        let (fact, opt_out) = self.read_words(&new, id, seq)?;
        let row = MessageRow {
            id,
            conversation_id: new.conversation,
            lead_id: lead,
            sequence_number: seq,
            direction: new.direction.as_str().to_owned(),
            author: new.author.as_str().to_owned(),
            author_id: new.author_id,
            kind: fact.kind.as_str().to_owned(),
            note: new.note,
            rfc_id: new.rfc_id.as_str().to_owned(),
            parent_rfc: new.chain.last().map(|id| id.as_str().to_owned()),
            parent_message_rfc: stands
                .shown_parent
                .as_ref()
                .map(|id| id.as_str().to_owned()),
            parent_id: stands.parent_id,
            depth: stands.depth,
            thread_id: stands.thread,
            chain: json_text(&new.chain)?,
            in_reply_to: new.in_reply_to.clone(),
            references: json_text(&new.references)?,
            at: new.at,
            received_at: self.clock,
            content_hash: new.hash.to_vec(),
            rung: new.rung,
            evidence: json_text(&self.evidence_of(&new.evidence))?,
            codes: json_text(&Codes {
                unsent: new.unsent,
                ..Codes::of(&fact)
            })?,
            flags: json_text(&flags(duplicate_id, new.forged))?,
            receipt_id: new.receipt,
            returns_on: new.returns_on,
            erased: false,
        };
        self.know_head(&row);
        let observation = Observation::MessageStored(MessageStored {
            fact,
            silent: self.silent,
            duplicate_id,
            forged: new.forged,
            again: false,
            hold: (opt_out == OptOut::Doubtful).then_some(HoldReason::DoubtfulOptOut),
            away_until: new.returns_on,
        });
        self.analytics.writing = Some((new.at, new.author_id));
        self.observe(new.conversation, &observation, None)?;
        self.analytics.writing = None;
        let content = self.content(id, new);
        self.commit.messages.push(row.clone());
        let from = content.from_address.clone();
        self.commit.contents.push(content);
        self.after_storing(&row, from.as_deref(), opt_out, stands.moved)?;
        Ok(Stored { id, lead })
    }

    /// What a message's place rests on, and that it came silently.
    fn evidence_of(&self, given: &[String]) -> Vec<String> {
        let mut evidence = given.to_vec();
        if self.silent && !evidence.iter().any(|code| code == IMPORTED) {
            evidence.push(IMPORTED.to_owned());
        }
        evidence
    }

    /// Reads the lead's own words; everything else carries no codes.
    fn read_words(
        &mut self,
        new: &NewMessage<'_>,
        id: Uuid,
        seq: i64,
    ) -> Result<(MessageFact<Uuid>, OptOut), AppError> {
        let seq = u64::try_from(seq).unwrap_or(0);
        let mut fact =
            MessageFact::new(id, new.at, seq, new.direction, new.author).of_kind(new.kind);
        fact.note = new.note || new.unsent;
        fact.text_len = new.reply_text.chars().count() as u64;
        let speaks = new.author == Author::Lead && new.kind == Kind::Human && !new.note;
        if !speaks {
            return Ok((fact, OptOut::None));
        }
        let (fact, opt_out) =
            self.read_as_words(new.conversation, fact, &new.reply_text, &new.subject)?;
        if new.opt_out_decided {
            return Ok((fact.of_kind(Kind::OptOut), OptOut::Clear));
        }
        Ok((fact, opt_out))
    }

    /// The fact of a message of the lead's with what its words say.
    fn read_as_words(
        &mut self,
        conversation: Uuid,
        fact: MessageFact<Uuid>,
        reply_text: &str,
        subject: &str,
    ) -> Result<(MessageFact<Uuid>, OptOut), AppError> {
        let campaign = self
            .conversation(conversation)?
            .and_then(|entry| entry.row.campaign_id);
        let words = self.words(campaign, reply_text, subject)?;
        let reading = words.reading();
        let opt_out = reading.opt_out;
        let mut fact = fact.read(reading, words.version());
        if opt_out == OptOut::Clear {
            fact.kind = Kind::OptOut;
        }
        Ok((fact, opt_out))
    }

    fn know_head(&mut self, row: &MessageRow) {
        let head = MessageHead {
            id: row.id,
            conversation_id: row.conversation_id,
            lead_id: row.lead_id,
            sequence_number: row.sequence_number,
            direction: row.direction.clone(),
            author: row.author.clone(),
            kind: row.kind.clone(),
            rfc_id: row.rfc_id.clone(),
            parent_rfc: row.parent_rfc.clone(),
            depth: row.depth,
            thread_id: row.thread_id,
            at: row.at,
            content_hash: row.content_hash.clone(),
        };
        self.heads.entry(row.rfc_id.clone()).or_default().push(head);
    }

    fn content(&mut self, id: Uuid, new: NewMessage<'_>) -> ContentRow {
        for (n, attachment) in new.attachments.iter().enumerate() {
            self.commit.attachments.push(AttachmentRow {
                id: self.new_id(),
                message_id: id,
                n: i32::try_from(n + 1).unwrap_or(i32::MAX),
                name: attachment.name.clone(),
                content_type: attachment.content_type.clone(),
                content_id: attachment.content_id.clone(),
                size: signed(attachment.size as u64),
                sha256: attachment.sha256.to_vec(),
            });
        }
        ContentRow {
            message_id: id,
            from_address: new.from,
            recipients: json_text(&new.recipients).unwrap_or_else(|_| "[]".to_owned()),
            snippet: snippet(if new.reply_text.is_empty() {
                &new.text
            } else {
                &new.reply_text
            }),
            subject: new.subject,
            size: signed(new.size as u64),
            reply_text: new.reply_text,
            text: new.text,
            html: new.html,
            headers: new.headers,
            raw: new.raw,
        }
    }

    /// What is told of a stored message, and what waited for it.
    fn after_storing(
        &mut self,
        row: &MessageRow,
        from: Option<&str>,
        opt_out: OptOut,
        moved: Vec<Uuid>,
    ) -> Result<(), AppError> {
        let (conversation, lead) = (row.conversation_id, row.lead_id);
        let data = json!({
            "action": "added",
            "messageId": row.id,
            "threadId": row.thread_id,
            "direction": row.direction,
            "author": row.author,
            "kind": row.kind,
            "sequenceNumber": row.sequence_number,
            "threadDepth": row.depth,
        });
        self.thread_updated(conversation, lead, data);
        for id in moved {
            let data = json!({"action": "moved", "messageId": id});
            self.thread_updated(conversation, lead, data);
        }
        if opt_out == OptOut::Doubtful {
            self.ask_a_person("doubtful_opt_out", row);
        } else if row.author == Author::Other.as_str() && row.kind == Kind::Human.as_str() {
            let reason = if is_forged(row) {
                UNVERIFIED
            } else {
                "other_author"
            };
            self.ask_a_person(reason, row);
            let data = json!({"action": "reply_needed", "messageId": row.id});
            self.thread_updated(conversation, lead, data);
        }
        self.reaches_the_lead(row, from)?;
        self.handover_hears(row)?;
        self.take_waiting(&row.rfc_id)?;
        self.place_parked(&row.rfc_id)
    }

    /// What the lead's own mail means beyond its conversation.
    fn reaches_the_lead(&mut self, row: &MessageRow, from: Option<&str>) -> Result<(), AppError> {
        let (conversation, lead) = (row.conversation_id, row.lead_id);
        // What an imported state contains already moves nothing, here or in the lead's other conversations.
        let history = self.silent
            && self
                .conversation(conversation)?
                .is_some_and(|entry| entry.facts.is_history(row.at));
        if row.kind == Kind::OptOut.as_str() && !history {
            self.opted_out_everywhere(lead, conversation, row)?;
        }
        if row.author == Author::Lead.as_str() && row.kind == Kind::Human.as_str() {
            self.alive_again(from, row.at)?;
        }
        Ok(())
    }

    /// Tells that a message was added, moved, flagged or wants an answer.
    pub(crate) fn thread_updated(&mut self, conversation: Uuid, lead: Uuid, data: Value) {
        self.log(
            "message_thread_updated",
            Some(conversation),
            Some(lead),
            None,
            data,
        );
    }

    fn ask_a_person(&mut self, reason: &str, row: &MessageRow) {
        let item = ReviewRow {
            id: self.new_id(),
            reason: reason.to_owned(),
            status: "open".to_owned(),
            receipt_id: row.receipt_id,
            message_id: Some(row.id),
            conversation_id: Some(row.conversation_id),
            lead_id: Some(row.lead_id),
            from_key: None,
            wait_rfc_ids: "[]".to_owned(),
            body: None,
            resolution: None,
            resolved_by: None,
            created_at: self.clock,
            resolved_at: None,
        };
        self.record_changed(
            "review_opened",
            Some(row.conversation_id),
            Some(row.lead_id),
            Some(item.id),
        );
        self.commit.reviews.push(item);
    }
}

fn json_text<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(|error| AppError::Fault(error.to_string()))
}

/// The beginning of a text on one line.
fn snippet(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.len() + word.len() > 200 {
            if line.is_empty() {
                line.extend(word.chars().take(200));
            }
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// References and In-Reply-To as the wire shows them.
pub(crate) fn ids(value: Option<&str>, most: usize) -> Vec<String> {
    let found = value.map(|value| convo_threading::message_id::scan(value).take(most));
    found
        .into_iter()
        .flatten()
        .map(|id| id.as_str().to_owned())
        .collect()
}

/// The lead's own data for an answer that has none of the message's.
pub(crate) fn journey_of(
    stage: Option<convo_core::vocabulary::Stage>,
    entered: &[convo_core::vocabulary::Stage],
) -> Value {
    json!({
        "stage": stage.map(|stage| stage.as_str()),
        "progress": stage.map_or(0, |stage| stage.progress()),
        "entered": entered.iter().map(|stage| stage.as_str()).collect::<Vec<_>>(),
    })
}
