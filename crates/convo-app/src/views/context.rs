//! `GET /{id}/context`: what a writer needs to answer well.

use convo_store::Reader;
use serde_json::{Value, json};

use super::{Seen, message};
use crate::error::AppError;
use crate::wire::time;

/// The conversation's context with its newest `limit` messages, oldest of them first.
///
/// # Errors
/// The database's.
pub fn context(reader: &mut Reader<'_>, seen: &Seen, limit: i64) -> Result<Value, AppError> {
    let mut rows = reader.messages_before(seen.row.id, None, limit)?;
    rows.reverse();
    let history = message::messages(reader, &rows)?;
    let tally = &seen.facts.tally;
    let newest = tally.newest_reply.as_ref();
    let signals: Vec<&String> = tally.signals.keys().collect();
    Ok(json!({
        "leadId": seen.row.lead_id,
        "contextSummary": summary(seen),
        "keyTopics": topics(seen),
        "currentIntent": newest.and_then(|reply| reply.intent),
        "signals": signals,
        "sentiment": newest.map_or(convo_core::signals::Sentiment::Neutral, |reply| reply.sentiment),
        "messageHistory": history,
        "lastEngagementAt": seen.facts.last_engagement_at().map(time),
    }))
}

/// Topics, the most frequent first.
pub(super) fn topics(seen: &Seen) -> Vec<&str> {
    let mut topics: Vec<(&String, &u32)> = seen.facts.tally.topics.iter().collect();
    topics.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    topics
        .into_iter()
        .map(|(topic, _)| topic.as_str())
        .collect()
}

/// One paragraph made of facts alone.
fn summary(seen: &Seen) -> String {
    let tally = &seen.facts.tally;
    let mut text = format!(
        "{} {}: {} from us, {} from the lead, {} of them replies.",
        tally.messages(),
        if tally.messages() == 1 {
            "message"
        } else {
            "messages"
        },
        tally.outbound,
        tally.inbound,
        tally.replies,
    );
    let topics = topics(seen);
    if !topics.is_empty() {
        text.push_str(&format!(" Topics: {}.", topics.join(", ")));
    }
    if !tally.signals.is_empty() {
        let signals: Vec<&str> = tally.signals.keys().map(String::as_str).collect();
        text.push_str(&format!(" Signals: {}.", signals.join(", ")));
    }
    let awaiting = match seen.facts.awaiting().as_str() {
        "us" => " The lead waits for our answer.",
        "lead" => " We wait for the lead.",
        _ => "",
    };
    text.push_str(awaiting);
    text.push_str(&format!(" State: {}.", seen.facts.state.as_str()));
    text
}
