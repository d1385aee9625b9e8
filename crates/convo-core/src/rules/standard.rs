//! The seven rules.

use super::{Finding, Rule, RuleContext, RuleId, RuleKind, Seen};
use crate::Key;
use crate::machine::{Event, State};

/// `first_email_sent`: FIRST_EMAIL_SENT needs an outbound message.
#[derive(Debug, Clone, Copy)]
pub struct FirstEmailSent;

impl<K: Key> Rule<K> for FirstEmailSent {
    fn id(&self) -> RuleId {
        RuleId::FIRST_EMAIL_SENT
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::FirstEmailSent
    }

    fn description(&self) -> &'static str {
        "At least one outbound message is stored."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let (actual, expected) = (number(context.tally.sent), Seen::Number(1));
        if context.tally.sent > 0 {
            return Finding::passed(actual, expected, "An outbound message is stored.");
        }
        Finding::failed(
            actual,
            expected,
            "No outbound message is stored.",
            "Store an outbound message first.",
        )
    }
}

/// `lead_reply`: LEAD_REPLIED needs a reply stored after the one the last LEAD_REPLIED took.
#[derive(Debug, Clone, Copy)]
pub struct LeadReply;

impl<K: Key> Rule<K> for LeadReply {
    fn id(&self) -> RuleId {
        RuleId::LEAD_REPLY
    }

    fn guards(&self, event: Event, from: State) -> bool {
        event == Event::LeadReplied && matches!(from, State::Active | State::Closed)
    }

    fn description(&self) -> &'static str {
        "A reply was stored after the last accepted LEAD_REPLIED, or at all if there was none."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let expected = Seen::text("a reply stored since the last LEAD_REPLIED");
        let fresh = context
            .tally
            .stored_reply
            .filter(|reply| context.replied_seq.is_none_or(|seq| reply.seq > seq));
        let Some(reply) = fresh else {
            let (actual, message) = match context.tally.stored_reply {
                None => (Seen::text("no reply"), "The lead has not replied."),
                Some(_) => (
                    Seen::text("no new reply"),
                    "The lead has not replied since the last LEAD_REPLIED.",
                ),
            };
            return Finding::failed(
                actual,
                expected,
                message,
                "Store a reply of the lead first.",
            );
        };
        Finding::passed(Seen::text("a reply"), expected, "The lead replied.").warn_if(
            reply.text_len < context.policy.short_reply,
            "The reply is very short.",
        )
    }
}

/// `qualification_criteria`: QUALIFICATION_CRITERIA_MET needs replies and purchase signals.
#[derive(Debug, Clone, Copy)]
pub struct QualificationCriteria;

impl<K: Key> Rule<K> for QualificationCriteria {
    fn id(&self) -> RuleId {
        RuleId::QUALIFICATION_CRITERIA
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::QualificationCriteriaMet
    }

    fn description(&self) -> &'static str {
        "Enough replies, with a purchase signal in the lead's own words."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let (replies, signals) = (context.tally.replies, context.tally.purchase_signals());
        let (min_replies, min_signals) = (context.policy.min_replies, context.policy.min_signals);
        let figures = |replies: u32, signals: u32| {
            Seen::Figures(
                "replies {}, purchase signals {}",
                [replies.into(), signals.into()],
            )
        };
        let (actual, expected) = (figures(replies, signals), figures(min_replies, min_signals));
        if context.fast_tracked() {
            return Finding::passed(actual, expected, "The lead asked for a person.");
        }
        if replies >= min_replies && signals >= min_signals {
            return Finding::passed(
                actual,
                expected,
                "The lead replied and shows purchase signals.",
            );
        }
        let mut fixes = Vec::new();
        if replies < min_replies {
            fixes.push(format!(
                "wait for {}",
                count(min_replies - replies, "more reply", "more replies")
            ));
        }
        if signals < min_signals {
            fixes.push("wait for a purchase signal (test drive, price, financing, trade-in, appointment, purchase)".into());
        }
        Finding::failed(
            actual,
            expected,
            "The lead does not qualify yet.",
            sentence(&fixes),
        )
    }
}

/// `engagement_threshold`: QUALIFICATION_CRITERIA_MET needs engagement.
#[derive(Debug, Clone, Copy)]
pub struct EngagementThreshold;

impl<K: Key> Rule<K> for EngagementThreshold {
    fn id(&self) -> RuleId {
        RuleId::ENGAGEMENT_THRESHOLD
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::QualificationCriteriaMet
    }

    fn description(&self) -> &'static str {
        "The engagement score reaches the policy's minimum."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let engagement = context.scores().engagement;
        let (actual, expected) = (number(engagement), number(context.policy.min_engagement));
        if context.fast_tracked() {
            return Finding::passed(actual, expected, "The lead asked for a person.");
        }
        if engagement >= context.policy.min_engagement {
            return Finding::passed(actual, expected, "The lead is engaged enough.").warn_if(
                engagement < context.policy.warn_engagement,
                "Engagement is only moderate.",
            );
        }
        Finding::failed(
            actual,
            expected,
            "The lead is not engaged enough.",
            "Wait for more or prompter replies; silence lowers the score.",
        )
    }
}

const REACHABLE: &str = "messages {}, reachable, readiness {}";
const UNREACHABLE: &str = "messages {}, not reachable, readiness {}";

/// `handover_readiness`: HANDOVER_REQUESTED needs depth, a reachable lead and readiness.
#[derive(Debug, Clone, Copy)]
pub struct HandoverReadiness;

impl<K: Key> Rule<K> for HandoverReadiness {
    fn id(&self) -> RuleId {
        RuleId::HANDOVER_READINESS
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::HandoverRequested
    }

    fn description(&self) -> &'static str {
        "The conversation is deep enough, the lead can be reached, and readiness reaches the policy's minimum."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let (messages, min_messages) = (context.tally.human, context.policy.min_messages);
        let (readiness, min_readiness) = (context.scores().readiness, context.policy.min_readiness);
        let reachable = context.lead.completeness.reachable();
        let text = if reachable { REACHABLE } else { UNREACHABLE };
        let actual = Seen::Figures(text, [messages.into(), readiness.into()]);
        let expected = Seen::Figures(REACHABLE, [min_messages.into(), min_readiness.into()]);
        if context.fast_tracked() {
            return Finding::passed(actual, expected, "The lead asked for a person.");
        }
        if messages >= min_messages && reachable && readiness >= min_readiness {
            return Finding::passed(actual, expected, "The lead is ready for a person.");
        }
        let mut fixes = Vec::new();
        if messages < min_messages {
            fixes.push(format!(
                "exchange {}",
                count(min_messages - messages, "more message", "more messages")
            ));
        }
        if !reachable {
            fixes.push("record an e-mail address or a phone number".into());
        }
        if readiness < min_readiness {
            fixes.push(
                "raise readiness by replies, purchase signals or more complete lead data".into(),
            );
        }
        Finding::failed(
            actual,
            expected,
            "The lead is not ready for a person yet.",
            sentence(&fixes),
        )
    }
}

/// `agent_assignment`: HUMAN_AGENT_ASSIGNED needs an existing, active agent.
#[derive(Debug, Clone, Copy)]
pub struct AgentAssignment;

impl<K: Key> Rule<K> for AgentAssignment {
    fn id(&self) -> RuleId {
        RuleId::AGENT_ASSIGNMENT
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        event == Event::HumanAgentAssigned
    }

    fn description(&self) -> &'static str {
        "An existing, active agent is named or assigned."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let expected = Seen::text("an active agent");
        let failed = |actual, message, fix: &'static str| {
            Finding::failed(
                Seen::text(actual),
                Seen::text("an active agent"),
                message,
                fix,
            )
        };
        match (context.agent_id, context.agent) {
            (None, _) => failed(
                "no agent",
                "No agent is named.",
                "Name an agent in metadata.agentId.",
            ),
            (Some(id), Some(agent)) if agent.id == *id => {
                if agent.active {
                    Finding::passed(
                        Seen::text("an active agent"),
                        expected,
                        "The agent is active.",
                    )
                } else {
                    failed(
                        "an inactive agent",
                        "The agent is not active.",
                        "Name an active agent, or activate this one.",
                    )
                }
            }
            _ => failed(
                "an unknown agent",
                "There is no such agent.",
                "Name an existing agent.",
            ),
        }
    }
}

/// `business_hours`: handing over outside business hours warns.
#[derive(Debug, Clone, Copy)]
pub struct BusinessHours;

impl<K: Key> Rule<K> for BusinessHours {
    fn id(&self) -> RuleId {
        RuleId::BUSINESS_HOURS
    }

    fn kind(&self) -> RuleKind {
        RuleKind::Advisory
    }

    fn guards(&self, event: Event, _from: State) -> bool {
        matches!(event, Event::HandoverRequested | Event::HumanAgentAssigned)
    }

    fn description(&self) -> &'static str {
        "It happens inside business hours."
    }

    fn check(&self, context: &RuleContext<'_, K>) -> Finding {
        let expected = Seen::text("inside business hours");
        if context.policy.calendar.is_open(context.now) {
            return Finding::passed(
                Seen::text("inside business hours"),
                expected,
                "It is inside business hours.",
            );
        }
        Finding::failed(
            Seen::text("outside business hours"),
            expected,
            "It is outside business hours.",
            "Wait for business hours, or go on: this rule only warns.",
        )
    }
}

fn number(n: impl Into<i64>) -> Seen {
    Seen::Number(n.into())
}

fn count(n: u32, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Joins fixes into one sentence: "Wait for …; record …."
fn sentence(fixes: &[String]) -> String {
    let mut text = fixes.join("; ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}
