//! What a mail needs that somebody else sends, so that its answers and its events come back to its conversation.

use std::collections::BTreeMap;

use chrono::DateTime;
use convo_core::gate::Purpose;
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::Automatic;
use convo_store::rows::LeaseRow;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::batch::Batch;
use crate::door::is_unsent;
use crate::error::AppError;
use crate::outbox::{Status, Thread};
use crate::unsubscribe;
use crate::wire::time;

/// Leave as it is answered.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Minted {
    /// Id and end of the lease.
    pub lease: Value,
    /// Message-ID without `<>`.
    pub message_id: String,
    /// Where answers go; none without a domain for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Its subject when it answers or follows something.
    pub subject: String,
    /// Header fields by name.
    pub headers: Map<String, Value>,
    /// What the provider's events have to carry.
    pub variables: Map<String, Value>,
    /// The line that it has to carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<String>,
}

impl Batch<'_, '_> {
    /// Everything about a leased mail but its words.
    pub(super) fn minted(&mut self, lease: &LeaseRow) -> Result<Minted, AppError> {
        let id = lease.conversation_id;
        let Thread {
            in_reply_to,
            references,
            subject,
            ..
        } = self.thread_of(id, lease.answers_id)?;
        let reply_to = self.context.reply_address(id).map(|address| address.email);
        let mut headers = Map::new();
        let mut set = |name: &str, value: String| {
            headers.insert(name.to_owned(), value.into());
        };
        set("Message-ID", format!("<{}>", lease.rfc_id));
        if let Some(id) = &in_reply_to {
            set("In-Reply-To", format!("<{}>", id.as_str()));
        }
        if !references.is_empty() {
            let ids = references.iter().map(|id| format!("<{}>", id.as_str()));
            set("References", ids.collect::<Vec<_>>().join(" "));
        }
        if let Some(address) = &reply_to {
            set("Reply-To", address.clone());
        }
        let by_hand = lease.author == Author::Agent.as_str();
        if !by_hand && !self.context.sending.public_url.is_empty() {
            let link = unsubscribe::link(self.context, id);
            set("List-Unsubscribe", format!("<{link}>"));
            let one_click = "List-Unsubscribe=One-Click";
            set("List-Unsubscribe-Post", one_click.to_owned());
        }
        if let Some(automatic) = says_automatic(lease) {
            set("Auto-Submitted", automatic.as_str().to_owned());
        }
        Ok(Minted {
            lease: json!({"id": lease.id, "expiresAt": time(lease.expires_at)}),
            message_id: lease.rfc_id.clone(),
            reply_to,
            subject,
            headers,
            variables: variables(lease),
            disclosure: self.disclosure_of(lease)?,
        })
    }

    /// The campaign's line, where no mail of author `ai` is known to have left its conversation before this one.
    pub(crate) fn disclosure_of(&mut self, lease: &LeaseRow) -> Result<Option<String>, AppError> {
        if lease.author != Author::Ai.as_str() {
            return Ok(None);
        }
        let campaign = match lease.campaign_id {
            Some(id) => self.campaign(id)?,
            None => None,
        };
        let line = campaign.and_then(|campaign| campaign.disclosure);
        let line = line.filter(|line| !line.trim().is_empty());
        if line.is_some() && self.machine_has_written(lease)? {
            return Ok(None);
        }
        Ok(line)
    }

    /// Whether a mail of author `ai` has left a lease's conversation: what is queued may never leave, and a note never
    /// does.
    fn machine_has_written(&mut self, lease: &LeaseRow) -> Result<bool, AppError> {
        let conversation = lease.conversation_id;
        let entry = self.conversation(conversation)?;
        let stored = entry.and_then(|entry| entry.facts.tally.authors.get(&Author::Ai).copied());
        if stored.unwrap_or(0) == 0 {
            return Ok(false);
        }
        let changed = &self.commit.messages_changed;
        let here = self.commit.messages.iter().chain(changed);
        let here = here.filter(|row| row.conversation_id == conversation);
        let mut written: BTreeMap<Uuid, bool> = here
            .map(|row| {
                let said = is_said(&row.direction, &row.kind, row.note, &row.codes);
                (row.id, said && row.author == Author::Ai.as_str())
            })
            .collect();
        let leads = [lease.lead_id];
        for mail in self.reader.sent_to_leads(&leads, DateTime::UNIX_EPOCH)? {
            if mail.conversation_id == conversation {
                let outbound = Direction::Outbound.as_str();
                let said = is_said(outbound, &mail.kind, mail.note, &mail.codes);
                let by_machine = mail.author == Author::Ai.as_str();
                written.entry(mail.id).or_insert(said && by_machine);
            }
        }
        let written = written.into_iter().filter(|(_, written)| *written);
        let written: Vec<Uuid> = written.map(|(id, _)| id).collect();
        let mut outgoing: BTreeMap<Uuid, bool> = BTreeMap::new();
        let stored = self.reader.outbox_by_messages(&written)?;
        for row in stored.iter().chain(&self.commit.outbox) {
            let sent = row.status == Status::Sent.as_str();
            outgoing.extend(row.message_id.map(|message| (message, sent)));
        }
        // What is in no outbox was told by whoever sent it, or left so long ago that its row is gone.
        let left = |id: &Uuid| outgoing.get(id).copied().unwrap_or(true);
        Ok(written.iter().any(left))
    }
}

/// A mail of ours that left the house, or may.
pub(super) fn is_said(direction: &str, kind: &str, note: bool, codes: &str) -> bool {
    direction == Direction::Outbound.as_str()
        && kind == Kind::Human.as_str()
        && !note
        && !is_unsent(codes)
}

/// What a mail says of its making: a machine's answer to a mail is `auto-replied`, what the system writes unasked is
/// `auto-generated`. A campaign's mail says neither: people wrote and ordered it, and absences are worth knowing.
///
/// Source: RFC 3834 §3.1.7, §5.
pub(crate) fn says_automatic(lease: &LeaseRow) -> Option<Automatic> {
    if lease.author == Author::Agent.as_str() {
        return None;
    }
    if lease.purpose == Purpose::Reply.as_str() {
        return Some(Automatic::Replied);
    }
    (lease.author == Author::System.as_str()).then_some(Automatic::Generated)
}

fn variables(lease: &LeaseRow) -> Map<String, Value> {
    let ids: [(&str, Option<Uuid>); 3] = [
        ("leadId", Some(lease.lead_id)),
        ("campaignId", lease.campaign_id),
        ("conversationId", Some(lease.conversation_id)),
    ];
    let known = ids.into_iter().filter_map(|(name, id)| {
        let id = id?.to_string();
        Some((name.to_owned(), id.into()))
    });
    known.collect()
}

/// A text with the line at its end, unless it has it already.
pub(crate) fn disclosed(text: &str, line: &str) -> String {
    if text.contains(line) {
        return text.to_owned();
    }
    format!("{}\n\n{line}\n", text.trim_end())
}

/// HTML with the line at the end of its body, unless it has it already.
pub(crate) fn disclosed_html(html: &str, line: &str) -> String {
    let escaped = escape(line);
    if html.contains(&escaped) {
        return html.to_owned();
    }
    let line = format!("<p>{escaped}</p>");
    // Only ASCII changes its case here, so that places in both are the same.
    let end = html.to_ascii_lowercase().rfind("</body>");
    match end.and_then(|end| html.split_at_checked(end)) {
        Some((before, after)) => format!("{before}{line}{after}"),
        None => format!("{html}{line}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_stands_once_at_the_end() {
        const LINE: &str = "Written by a \"machine\" <3 & us";
        const ESCAPED: &str = "<p>Written by a &quot;machine&quot; &lt;3 &amp; us</p>";
        let text = disclosed("Hello\n", LINE);
        assert_eq!(text, format!("Hello\n\n{LINE}\n"));
        assert_eq!(disclosed(&text, LINE), text);
        for (html, expected) in [
            ("<p>Hi</p>", format!("<p>Hi</p>{ESCAPED}")),
            (
                "<html><body>Hi</BODY></html>",
                format!("<html><body>Hi{ESCAPED}</BODY></html>"),
            ),
            ("<body>İ</body>", format!("<body>İ{ESCAPED}</body>")),
        ] {
            assert_eq!(disclosed_html(html, LINE), expected);
            assert_eq!(disclosed_html(&expected, LINE), expected);
        }
    }
}
