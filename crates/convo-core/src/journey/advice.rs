//! What may lose the lead, and what to do now.

use super::foremost;
use crate::conversation::Conversation;
use crate::lead::{Lead, LeadFactKind};
use crate::machine::State;
use crate::policy::Policy;
use crate::signals::Sentiment;
use crate::vocabulary::{Awaiting, vocabulary};
use crate::{Key, Time};

vocabulary! {
    /// What may lose the lead.
    Risk, "risk factor" {
        /// At least three messages of ours, and a reply to fewer than a third.
        LowResponseRate = "low_response_rate",
        /// An open conversation in which nobody wrote for the policy's gap.
        CommunicationGap = "communication_gap",
        /// A first reply, or replies on average, later than the policy's prompt hours.
        SlowResponse = "slow_response",
        /// The newest reply is negative.
        NegativeSentiment = "negative_sentiment",
        /// The lead wants no more mail.
        OptOut = "opt_out",
        /// Mail to the lead failed for good.
        Bounced = "bounced",
    }
}

vocabulary! {
    /// What to do now.
    NextAction, "next action" {
        /// Nothing was sent yet.
        SendFirstEmail = "send_first_email",
        /// The lead wrote last.
        AnswerLead = "answer_lead",
        /// We wrote last; nothing to do but wait.
        WaitForReply = "wait_for_reply",
        /// The lead qualifies; lead on to a person.
        PrepareHandover = "prepare_handover",
        /// Ready, and nobody has it.
        AssignAgent = "assign_agent",
        /// The agent's turn.
        AgentFollowUp = "agent_follow_up",
        /// A person must look at why automation is held.
        ResolveHold = "resolve_hold",
        /// The lead wants no more mail.
        StopContact = "stop_contact",
        /// The address does not work.
        FindOtherContact = "find_other_contact",
        /// No conversation is open.
        None = "none",
    }
}

pub(super) fn risks<K: Key>(
    lead: &Lead<K>,
    conversations: &[&Conversation<K>],
    policy: &Policy,
    now: Time,
) -> Vec<Risk> {
    let applies = |risk: &Risk| match risk {
        Risk::LowResponseRate => {
            let sent: u32 = conversations.iter().map(|c| c.tally.sent).sum();
            let replies: u32 = conversations.iter().map(|c| c.tally.replies).sum();
            sent >= 3 && replies.saturating_mul(3) < sent
        }
        Risk::CommunicationGap => conversations.iter().any(|c| has_gap(c, policy, now)),
        Risk::SlowResponse => conversations.iter().any(|c| is_slow(c, policy)),
        Risk::NegativeSentiment => {
            let newest = conversations
                .iter()
                .filter_map(|c| c.tally.newest_reply.as_ref())
                .max_by_key(|r| &r.mark);
            newest.is_some_and(|reply| reply.sentiment == Sentiment::Negative)
        }
        Risk::OptOut => opted_out(lead, conversations),
        Risk::Bounced => bounced(lead, conversations),
    };
    Risk::ALL.iter().copied().filter(applies).collect()
}

fn has_gap<K: Key>(conversation: &Conversation<K>, policy: &Policy, now: Time) -> bool {
    let gap = chrono::TimeDelta::days(i64::from(policy.stages.gap_days));
    let silent = |at: Time| now.signed_duration_since(at) > gap;
    conversation.state.is_open() && conversation.tally.last_activity_at().is_some_and(silent)
}

fn is_slow<K: Key>(conversation: &Conversation<K>, policy: &Policy) -> bool {
    let limit = i64::from(policy.stages.prompt_hours).saturating_mul(3_600_000);
    let tally = &conversation.tally;
    [tally.first_latency_ms, tally.lead_latency.mean_ms()]
        .into_iter()
        .flatten()
        .any(|ms| ms > limit)
}

/// The newest such fact stands against every reply so far.
fn opted_out<K: Key>(lead: &Lead<K>, conversations: &[&Conversation<K>]) -> bool {
    lead.opted_out_at()
        .is_some_and(|at| last_reply(conversations) <= Some(at))
}

fn bounced<K: Key>(lead: &Lead<K>, conversations: &[&Conversation<K>]) -> bool {
    let bounced = lead.facts.get(&LeadFactKind::HardBounce);
    bounced.is_some_and(|at| last_reply(conversations) <= Some(*at))
}

fn last_reply<K: Key>(conversations: &[&Conversation<K>]) -> Option<Time> {
    conversations
        .iter()
        .filter_map(|c| c.tally.last_reply_at())
        .max()
}

pub(super) fn next_action<K: Key>(
    lead: &Lead<K>,
    conversations: &[&Conversation<K>],
) -> NextAction {
    let Some(conversation) = foremost(conversations).filter(|c| c.state.is_open()) else {
        return if opted_out(lead, conversations) {
            NextAction::StopContact
        } else {
            NextAction::None
        };
    };
    let owned = conversation.is_owned();
    if opted_out(lead, conversations) && !owned {
        return NextAction::StopContact;
    }
    if bounced(lead, conversations) {
        return NextAction::FindOtherContact;
    }
    match conversation.state {
        State::ReadyForHandover => NextAction::AssignAgent,
        State::HandedOver if !owned => NextAction::AssignAgent,
        _ if owned && conversation.awaiting() != Awaiting::Lead => NextAction::AgentFollowUp,
        _ if !conversation.holds.is_empty() => NextAction::ResolveHold,
        _ if conversation.tally.sent == 0 && conversation.tally.replies == 0 => {
            NextAction::SendFirstEmail
        }
        State::Qualified => NextAction::PrepareHandover,
        _ if conversation.awaiting() == Awaiting::Us => NextAction::AnswerLead,
        _ => NextAction::WaitForReply,
    }
}

pub(super) fn recommendations(risks: &[Risk], action: NextAction) -> Vec<&'static str> {
    let of_risks = risks.iter().map(|risk| match risk {
        Risk::LowResponseRate => {
            "Few messages are answered: change the approach or write less often."
        }
        Risk::CommunicationGap => "Nobody wrote for a while: follow up.",
        Risk::SlowResponse => "The lead answers slowly: leave time between messages.",
        Risk::NegativeSentiment => "The newest reply is negative: let a person look at it.",
        Risk::OptOut => "The lead wants no more mail: do not write.",
        Risk::Bounced => "Mail does not arrive: find another address or call.",
    });
    let of_action = match action {
        NextAction::SendFirstEmail => Some("Send the first mail."),
        NextAction::AnswerLead => Some("Answer the lead's newest message."),
        NextAction::PrepareHandover => {
            Some("Lead on to a person: ask for a phone number or propose a time.")
        }
        NextAction::AssignAgent => Some("Assign an agent."),
        NextAction::AgentFollowUp => Some("The agent should write next."),
        NextAction::ResolveHold => Some("Automation is held: decide what to do."),
        NextAction::WaitForReply
        | NextAction::StopContact
        | NextAction::FindOtherContact
        | NextAction::None => None,
    };
    of_risks.chain(of_action).collect()
}
