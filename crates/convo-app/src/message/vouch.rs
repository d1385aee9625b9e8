//! Mail that is not from whom it says, once a person has said that it is.

use convo_core::observe::{MessageStored, Observation};
use convo_core::signals::OptOut;
use convo_core::vocabulary::{Author, FlagCode, HoldReason, Kind};
use convo_store::MessageHead;
use convo_store::rows::{MessageRow, ReviewRow};
use serde_json::json;
use uuid::Uuid;

use super::json_text;
use crate::batch::Batch;
use crate::door::{Codes, FactParts, fact};
use crate::error::AppError;
use crate::webhook::Effect;

/// Why a mail that is not from whom it says is on the review list.
pub(crate) const UNVERIFIED: &str = "unverified";

/// Beside the flag of a forged mail that a person has vouched for.
const VOUCHED: &str = "vouched";

/// The flags of a message about to be stored.
pub(super) fn flags(duplicate_id: bool, forged: bool) -> Vec<&'static str> {
    let all = [
        (duplicate_id, FlagCode::DuplicateMessageId),
        (forged, FlagCode::ForgedSuspect),
    ];
    let set = all.into_iter().filter(|(set, _)| *set);
    set.map(|(_, code)| code.as_str()).collect()
}

/// Whether a stored mail is taken for one that is not from whom it says.
pub(crate) fn is_forged(row: &MessageRow) -> bool {
    row.author == Author::Other.as_str()
        && flags_of(row).contains(&FlagCode::ForgedSuspect.as_str())
}

fn flags_of(row: &MessageRow) -> Vec<&str> {
    serde_json::from_str(&row.flags).unwrap_or_default()
}

fn gone() -> AppError {
    AppError::conflict("the item holds no mail that could be vouched for")
}

impl Batch<'_, '_> {
    /// A person says that the mail of an item is from whom it says.
    pub(crate) fn vouch(&mut self, item: &ReviewRow) -> Result<Effect, AppError> {
        self.believe(item.message_id.ok_or_else(gone)?)
    }

    /// A copy of a stored mail came by a way on which nothing broke it: its origin is proved after all, and the
    /// question to a person is answered.
    pub(crate) fn proved(&mut self, head: &MessageHead) -> Result<(), AppError> {
        let doubted = match head.author == Author::Other.as_str() {
            true => self.message_row(head.id)?.filter(is_forged),
            false => None,
        };
        let Some(row) = doubted.filter(|row| !row.erased) else {
            return Ok(());
        };
        let effect = self.believe(row.id)?;
        let mut items = self.reader.reviews_by_leads(&[row.lead_id])?;
        items.extend(self.commit.reviews.iter().cloned());
        let asked = items.into_iter().find(|item| {
            item.message_id == Some(row.id) && item.reason == UNVERIFIED && item.status == "open"
        });
        if let Some(item) = asked {
            self.close_review(item.clone(), "placed", &effect)?;
            self.lift_hold(&item)?;
        }
        Ok(())
    }

    /// Reads a stored mail anew and counts it as the lead's own, with all that follows from a reply of its time.
    fn believe(&mut self, id: Uuid) -> Result<Effect, AppError> {
        let row = self.message_row(id)?.ok_or_else(gone)?;
        let mut here = self.commit.contents.iter();
        let content = match here.find(|content| content.message_id == id) {
            Some(content) => content.clone(),
            None => {
                let stored = self.reader.contents_by_messages(&[id])?.pop();
                stored.ok_or_else(gone)?
            }
        };
        if row.erased || !is_forged(&row) {
            return Err(gone());
        }
        let from = content.from_address.as_deref().unwrap_or_default();
        if self.lead_of_address(from)? != Some(row.lead_id) {
            return Err(AppError::conflict(
                "its sender is not the conversation's lead",
            ));
        }
        let mut fact = fact(&FactParts::from(&row))?;
        fact.author = Author::Lead;
        let conversation = row.conversation_id;
        let (fact, opt_out) =
            self.read_as_words(conversation, fact, &content.reply_text, &content.subject)?;
        let mut flags = flags_of(&row);
        flags.push(VOUCHED);
        let changed = MessageRow {
            author: Author::Lead.as_str().to_owned(),
            kind: fact.kind.as_str().to_owned(),
            codes: json_text(&Codes::of(&fact))?,
            flags: json_text(&flags)?,
            ..row.clone()
        };
        let stored = Observation::MessageStored(MessageStored {
            again: true,
            hold: (opt_out == OptOut::Doubtful).then_some(HoldReason::DoubtfulOptOut),
            ..MessageStored::new(fact)
        });
        self.analytics.writing = Some((row.at, None));
        self.observe(conversation, &stored, None)?;
        self.analytics.writing = None;
        self.analytics.recount.insert(conversation);
        self.put_changed(changed.clone());
        let data = json!({"action": "flagged", "messageId": id, "flag": VOUCHED});
        self.thread_updated(conversation, changed.lead_id, data);
        if opt_out == OptOut::Doubtful {
            self.ask_a_person("doubtful_opt_out", &changed);
        }
        self.reaches_the_lead(&changed, content.from_address.as_deref())?;
        if changed.kind == Kind::Human.as_str() {
            // Its owner was told of it when it came; now it waits for an answer too.
            self.lead_wrote(&changed)?;
        }
        Ok(Effect {
            conversation: Some(conversation),
            lead: Some(changed.lead_id),
            message: Some(id),
            ..Effect::default()
        })
    }

    fn put_changed(&mut self, mut row: MessageRow) {
        // Rows are replaced before they are placed: where it stands now must not be lost in between.
        if let Some(place) = self.commit.placements.iter().find(|one| one.id == row.id) {
            row.parent_message_rfc.clone_from(&place.parent_message_rfc);
            row.parent_id = place.parent_id;
            row.depth = place.depth;
            row.thread_id = place.thread_id;
        }
        for head in self.heads.values_mut().flatten() {
            if head.id == row.id {
                head.author.clone_from(&row.author);
                head.kind.clone_from(&row.kind);
            }
        }
        let changed = self.commit.messages_changed.iter_mut();
        let fresh = self.commit.messages.iter_mut().chain(changed);
        match fresh.into_iter().find(|other| other.id == row.id) {
            Some(known) => *known = row,
            None => self.commit.messages_changed.push(row),
        }
        self.wrote();
    }
}
