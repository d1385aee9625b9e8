//! What agents are told by mail, written from facts when it is sent: those of the moment it was queued, so that a mail
//! that is tried again says the same.
//!
//! Everything an agent needs stands in the mail, above all the lead's own words; answering it answers the lead
//! (`handover/agent_mail`), so that all of it stands below a line that no answer carries on.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use convo_core::calendar::Calendar;
use convo_core::handover::own_hours;
use convo_store::Reader;
use convo_store::rows::{AgentRow, AttachmentRow, OfferRow, OutboxRow};
use serde_json::Value;
use uuid::Uuid;

use super::kinds::{About, NoticeKind, Tells};
use crate::batch::Batch;
use crate::context::Context;
use crate::error::AppError;
use crate::handover::WRITE_ABOVE;
use crate::handover::link::Link;
use crate::views::{self, Seen};

/// Characters of a reply that its copy carries.
const WHOLE: usize = 100_000;

/// A notice as it is sent.
pub(super) struct Written {
    pub to: AgentRow,
    pub subject: String,
    pub text: String,
    /// Files of the message it is a copy of.
    pub files: Vec<AttachmentRow>,
}

/// Writes a notice; `None` when there is nobody to write to, or nobody to write about.
pub(super) fn write(
    reader: &mut Reader<'_>,
    context: &Context,
    row: &OutboxRow,
) -> Result<Option<Written>, AppError> {
    let kind = row.notice.as_deref().and_then(NoticeKind::of);
    let (Some(kind), Some(agent), Some(conversation)) = (kind, row.agent_id, row.conversation_id)
    else {
        return Ok(None);
    };
    let Some(agent) = reader.agents_by_ids(&[agent])?.pop() else {
        return Ok(None);
    };
    let seen = match views::see(reader, conversation) {
        Ok(seen) if seen.lead_row.erased_at.is_none() => seen,
        Ok(_) | Err(AppError::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = format!("{WRITE_ABOVE}\n\n{}\n\n", kind.sentence());
    if kind == NoticeKind::Unreachable {
        whom(reader, row.subject_id, &mut text)?;
    }
    who(&seen, &mut text);
    let offer = match row.subject_id.filter(|_| kind.about() == About::Offer) {
        Some(id) => reader.offers_by_ids(&[id])?.pop(),
        None => None,
    };
    if let Some(offer) = offer {
        links(context, &agent, &seen, &offer, &mut text);
    }
    let mut files = Vec::new();
    match kind.tells() {
        Tells::Gist => {
            // A mail that is tried again is the same mail, whatever came since.
            let known = views::handover_gist(reader, context, &seen, row.created_at)?;
            gist(&known, &mut text);
        }
        Tells::Mail { files: with } => {
            let copied = copy(reader, row.subject_id, &mut text)?;
            files.extend(copied.into_iter().filter(|_| with));
        }
        Tells::Nothing => {}
    }
    let named = format!("{}: {}", views::lead_name(&seen.lead_row), seen.row.subject);
    let subject = match kind.mark() {
        "" => line(&named),
        mark => line(&format!("[{mark}] {named}")),
    };
    Ok(Some(Written {
        to: agent,
        subject,
        text,
        files,
    }))
}

/// The agent a notice is about.
fn whom(reader: &mut Reader<'_>, agent: Option<Uuid>, text: &mut String) -> Result<(), AppError> {
    let agent: Vec<Uuid> = agent.into_iter().collect();
    if let Some(agent) = reader.agents_by_ids(&agent)?.pop() {
        let _ = writeln!(
            text,
            "Agent: {} ({})",
            line(&agent.name),
            line(&agent.email)
        );
    }
    Ok(())
}

fn who(seen: &Seen, text: &mut String) {
    let lead = &seen.lead_row;
    let pairs = [
        ("Lead", Some(views::lead_name(lead))),
        ("E-mail", Some(lead.email.clone())),
        ("Phone", lead.phone.clone()),
        ("Subject", Some(seen.row.subject.clone())),
    ];
    for (name, value) in pairs {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            let _ = writeln!(text, "{name}: {}", line(&value));
        }
    }
}

/// Accept and decline, and until when.
fn links(context: &Context, agent: &AgentRow, seen: &Seen, offer: &OfferRow, text: &mut String) {
    let link = |accept| {
        let link = Link {
            offer: offer.id,
            accept,
        };
        context.link("o", &link.sign(context))
    };
    let general = &seen.policy.policy.calendar;
    let _ = write!(
        text,
        "Until: {}\n\nAccept: {}\nDecline: {}\n\nAnswering this mail accepts it too.\n",
        local(agent, general, offer.due_at),
        link(true),
        link(false),
    );
}

/// A time as the agent's clock shows it.
fn local(agent: &AgentRow, general: &Calendar, at: DateTime<Utc>) -> String {
    let given: Option<Value> = agent
        .hours
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let own = given.and_then(|given| own_hours(&given, general).ok().flatten());
    let zone = own.as_ref().unwrap_or(general).zone();
    at.with_timezone(&zone)
        .format("%Y-%m-%d %H:%M %Z")
        .to_string()
}

/// What the pack says, in plain text: wants, open questions, the newest reply.
fn gist(pack: &Value, text: &mut String) {
    for (title, member, name) in [
        ("What they want", "wants", "signal"),
        ("Open questions", "openQuestions", "question"),
    ] {
        let items = pack[member]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if !items.is_empty() {
            let _ = writeln!(text, "\n{title}:");
        }
        for item in items {
            let quote = item["evidence"][0]["quote"].as_str();
            let said = item[name].as_str().unwrap_or_default();
            let _ = match quote.filter(|quote| *quote != said) {
                Some(quote) => writeln!(text, "- {said}: \"{}\"", line(quote)),
                None => writeln!(text, "- {}", line(said)),
            };
        }
    }
    if let Some(said) = pack["lastReply"]["text"].as_str() {
        let _ = writeln!(text, "\nTheir last message:\n\n{}", quoted(said));
    }
}

/// The message itself, with its files.
fn copy(
    reader: &mut Reader<'_>,
    message: Option<Uuid>,
    text: &mut String,
) -> Result<Vec<AttachmentRow>, AppError> {
    let Some(id) = message else {
        return Ok(Vec::new());
    };
    let standing = reader.messages_by_ids(&[id])?;
    if standing.iter().all(|message| message.erased) {
        return Ok(Vec::new());
    }
    if let Some(content) = reader.contents_by_messages(&[id])?.pop() {
        let said = match content.reply_text.trim() {
            "" => content.text,
            said => said.to_owned(),
        };
        let end = said
            .char_indices()
            .nth(WHOLE)
            .map_or(said.len(), |(at, _)| at);
        let _ = writeln!(text, "\n{}", &said[..end]);
    }
    Ok(reader.attachments_by_messages(&[id])?)
}

fn quoted(text: &str) -> String {
    let lines = text.trim().lines().map(|line| format!("> {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// On one line, as a header has to be.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Batch<'_, '_> {
    /// Why a notice may not be sent any more.
    pub(super) fn notice_forbidden(
        &mut self,
        row: &OutboxRow,
    ) -> Result<Option<&'static str>, AppError> {
        let agent = match row.agent_id {
            Some(id) => self.agent(id)?,
            None => None,
        };
        if agent.is_none_or(|agent| !agent.active) {
            return Ok(Some("agent_gone"));
        }
        let lead = match row.lead_id {
            Some(id) => self.lead(id)?,
            None => None,
        };
        if lead.is_none_or(|lead| lead.row.erased_at.is_some()) {
            return Ok(Some("erased"));
        }
        let kind = row.notice.as_deref().and_then(NoticeKind::of);
        let stands = match kind.map(NoticeKind::about) {
            Some(About::Offer) => match row.subject_id {
                Some(id) => self.offer(id)?.is_some_and(|offer| offer.status == "open"),
                None => false,
            },
            Some(About::Own) => match row.conversation_id {
                Some(id) => self
                    .conversation(id)?
                    .is_some_and(|entry| entry.facts.agent == row.agent_id),
                None => false,
            },
            Some(About::Any) | None => true,
        };
        Ok((!stands).then_some("settled"))
    }
}
