//! The handover pack: all an agent needs before the first word to a lead.
//!
//! Every claim about what was said cites messages, with exact quotes of the stored text; no model writes anything. The
//! pack is one of the last commit of its conversation: the same facts give the same bytes, whenever it is asked for.

mod cite;
mod page;
mod timeline;

use chrono::{DateTime, Utc};
use convo_core::handover::quote;
use convo_core::journey;
use convo_core::scoring::{Entry, ScoreInput, explain, scores};
use convo_store::Reader;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Seen, lead_name, parse, summary_line};
use crate::context::Context;
use crate::error::AppError;
use crate::lexicons::InUse;
use crate::wire::time;
use cite::{Cited, QUOTES, Said};
pub use page::{STYLE, escape, handover_page};

/// Messages that are looked at, the newest of a conversation.
const MESSAGES: i64 = 200;

/// `GET /{id}/handover-summary`.
///
/// # Errors
/// The database's.
pub fn handover_pack(
    reader: &mut Reader<'_>,
    context: &Context,
    seen: &Seen,
) -> Result<Value, AppError> {
    let lexicon = lexicon_of(reader, context, seen)?;
    let said = Said::read(reader, seen.row.id, MESSAGES)?;
    let facts = &seen.facts;
    // The time of the last commit, which the scores of the row are of too.
    let as_of = seen.row.updated_at;
    let all = reader.conversations_by_leads(&[seen.row.lead_id])?;
    let all = all
        .iter()
        .map(|row| parse(&row.facts))
        .collect::<Result<Vec<convo_core::conversation::Conversation<Uuid>>, _>>()?;
    let refs: Vec<_> = all.iter().collect();
    let policy = &seen.policy.policy;
    let view = journey::of(&seen.lead, &refs, policy, as_of);
    let action = view.analytics.next_best_action;
    Ok(json!({
        "conversationId": seen.row.id,
        "leadId": seen.row.lead_id,
        "asOf": time(as_of),
        "version": facts.version,
        "state": facts.state.as_str(),
        "subject": seen.row.subject,
        "headline": summary_line(&seen.lead_row, facts),
        "who": who(seen),
        "wants": wants(&said, &lexicon),
        "topics": topics(&said, &lexicon, seen),
        "openQuestions": open_questions(&said),
        "lastReply": said.newest_reply().map(|one| one.whole()),
        "timeline": timeline::timeline(reader, seen, &said)?,
        "scores": explained(seen),
        "risks": risks(&said, seen, &view.analytics.risk_factors),
        "nextStep": {
            "action": action.as_str(),
            "text": step(action),
            "evidence": said.newest().map(|one| vec![one.mention()]).unwrap_or_default(),
        },
    }))
}

/// Wants, open questions and the newest reply, as they were at a time.
///
/// # Errors
/// The database's.
pub(crate) fn handover_gist(
    reader: &mut Reader<'_>,
    context: &Context,
    seen: &Seen,
    at: DateTime<Utc>,
) -> Result<Value, AppError> {
    let lexicon = lexicon_of(reader, context, seen)?;
    let said = Said::read(reader, seen.row.id, MESSAGES)?.until(at);
    Ok(json!({
        "wants": wants(&said, &lexicon),
        "openQuestions": open_questions(&said),
        "lastReply": said.newest_reply().map(|one| one.whole()),
    }))
}

/// The person's own data: the record says so, no message.
fn who(seen: &Seen) -> Value {
    let lead = &seen.lead_row;
    let journey = &seen.lead.journey;
    json!({
        "name": lead_name(lead),
        "email": lead.email,
        "phone": lead.phone,
        "interest": lead.interest,
        "source": lead.source,
        "language": lead.language,
        "timeZone": lead.time_zone,
        "attributes": serde_json::from_str::<Value>(&lead.attributes).unwrap_or_default(),
        "stage": journey.current.map(|stage| stage.as_str()),
        "evidence": [{"record": "lead", "id": lead.id}],
    })
}

/// What was read in the lead's words, as it is stored with the messages, each with the sentences that say it.
fn wants(said: &Said, lexicon: &InUse) -> Vec<Value> {
    let mut codes: Vec<(&str, &str)> = Vec::new();
    for one in said.replies() {
        for signal in &one.codes.signals {
            let class = cite::class(signal.class);
            if !codes.iter().any(|(known, _)| *known == signal.code) {
                codes.push((&signal.code, class));
            }
        }
    }
    codes.sort_unstable();
    let each = codes.into_iter().map(|(code, class)| {
        let carries = |one: &&Cited| one.codes.signals.iter().any(|signal| signal.code == code);
        let evidence = said.replies().filter(carries).take(QUOTES).map(|one| {
            let found = quote::signals(lexicon, &one.reply_text);
            let sentence = found.into_iter().find(|(signal, _)| signal == code);
            one.quoting(sentence.map(|(_, sentence)| sentence))
        });
        json!({"signal": code, "class": class, "evidence": evidence.collect::<Vec<_>>()})
    });
    each.collect()
}

fn topics(said: &Said, lexicon: &InUse, seen: &Seen) -> Vec<Value> {
    let tally = &seen.facts.tally;
    let each = tally.key_topics().into_iter().map(|topic| {
        let carries = |one: &&Cited| one.codes.topics.iter().any(|found| found == topic);
        let evidence = said
            .replies()
            .filter(carries)
            .take(QUOTES)
            .map(|one| one.quoting(quote::topic(lexicon, &one.reply_text, topic)));
        json!({
            "topic": topic,
            "replies": tally.topics.get(topic),
            "evidence": evidence.collect::<Vec<_>>(),
        })
    });
    each.collect()
}

/// What the lead asked since we wrote last, oldest first.
fn open_questions(said: &Said) -> Vec<Value> {
    let mut open: Vec<Value> = Vec::new();
    let unanswered: Vec<&Cited> = said
        .newest_first()
        .take_while(|one| !one.is_sent())
        .filter(|one| one.is_reply())
        .collect();
    for one in unanswered.into_iter().rev() {
        for question in quote::questions(&one.reply_text) {
            let evidence = one.quoting(Some(question));
            if let Some(question) = evidence.get("quote").cloned() {
                open.push(json!({"question": question, "evidence": [evidence]}));
            }
        }
    }
    open
}

fn explained(seen: &Seen) -> Value {
    let input = ScoreInput::of(&seen.facts, &seen.lead);
    let (policy, as_of) = (&seen.policy.policy, seen.row.updated_at);
    let scores = scores(&input, policy, as_of);
    let why = explain(&input, policy, as_of);
    let one = |score: u8, entries: &[Entry<Uuid>]| json!({"score": score, "reasons": entries});
    json!({
        "engagement": one(scores.engagement, &why.engagement),
        "qualification": one(scores.qualification, &why.qualification),
        "readiness": one(scores.readiness, &why.readiness),
    })
}

/// The next step in a sentence.
fn step(action: journey::NextAction) -> &'static str {
    use journey::NextAction;
    match action {
        NextAction::SendFirstEmail => "Send the first mail.",
        NextAction::AnswerLead => "Answer the lead's newest message.",
        NextAction::WaitForReply => "Wait for the lead's answer.",
        NextAction::PrepareHandover => "Ask for a phone number or propose a time.",
        NextAction::AssignAgent => "Take the lead over and write, or call.",
        NextAction::AgentFollowUp => "Write to the lead, or call.",
        NextAction::ResolveHold => "Automation is held: decide what to do.",
        NextAction::StopContact => "The lead wants no more mail: do not write.",
        NextAction::FindOtherContact => "Mail does not arrive: find another address, or call.",
        NextAction::None => "Nothing: the conversation is over.",
    }
}

/// What may lose the lead, each with the messages it was seen in.
fn risks(said: &Said, seen: &Seen, risks: &[journey::Risk]) -> Vec<Value> {
    use convo_core::vocabulary::FlagCode;
    let flags = &seen.facts.flags;
    let flagged = |codes: &[FlagCode]| {
        let noted = codes.iter().filter_map(|code| flags.get(code)?.message);
        noted.filter_map(|id| said.by_id(id)).collect::<Vec<_>>()
    };
    let first = seen.facts.tally.first_reply.as_ref();
    let each = risks.iter().map(|risk| {
        let messages: Vec<&Cited> = match risk {
            journey::Risk::NegativeSentiment => said.newest_reply().into_iter().collect(),
            journey::Risk::SlowResponse => {
                let first = first.and_then(|mark| said.by_id(mark.id));
                first.or(said.newest_reply()).into_iter().collect()
            }
            journey::Risk::OptOut => flagged(&[
                FlagCode::OptOut,
                FlagCode::Complaint,
                FlagCode::Unsubscribed,
            ]),
            journey::Risk::Bounced => flagged(&[FlagCode::HardBounce]),
            journey::Risk::LowResponseRate | journey::Risk::CommunicationGap => {
                said.newest().into_iter().collect()
            }
        };
        let quotes = matches!(
            risk,
            journey::Risk::NegativeSentiment | journey::Risk::OptOut
        );
        let evidence = messages.into_iter().map(|one| {
            let said = quote::sentences(&one.reply_text).next();
            one.quoting(said.filter(|_| quotes && one.is_inbound()))
        });
        json!({"risk": risk.as_str(), "evidence": evidence.collect::<Vec<_>>()})
    });
    each.collect()
}

/// The lexicon of the conversation's campaign, else of the policy.
fn lexicon_of(reader: &mut Reader<'_>, context: &Context, seen: &Seen) -> Result<InUse, AppError> {
    let campaign = match seen.row.campaign_id {
        Some(id) => reader.campaigns_by_ids(&[id])?.pop(),
        None => None,
    };
    let own = campaign.and_then(|row| row.lexicon);
    let own = own.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let choice = own.or_else(|| seen.policy.policy.lexicon.clone());
    Ok(context.lexicons.chosen_or_default(choice.as_ref()))
}
