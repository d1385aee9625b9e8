//! The seven rules, and the trait for the caller's own.
//!
//! A rule guards some pairs of event and state. A *required* rule that does not hold refuses the transition,
//! an *advisory* one adds a warning. [`Rules::standard`] has the seven; [`Rules::with`] and [`Rules::without`]
//! change the set. Both doors ask the same set, so that a cascade obeys the caller's rules too.
//!
//! With the policy's `fast_track`, a reply that asks for a person or gives a phone number satisfies
//! `qualification_criteria`, `engagement_threshold` and `handover_readiness` by itself.
//!
//! Source: "State Transition Validation".

mod standard;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use standard::{
    AgentAssignment, BusinessHours, EngagementThreshold, FirstEmailSent, HandoverReadiness,
    LeadReply, QualificationCriteria,
};

use crate::conversation::Conversation;
use crate::email::EmailFacts;
use crate::lead::Lead;
use crate::machine::{Event, State};
use crate::policy::Policy;
use crate::scoring::{ScoreInput, Scores, scores};
use crate::snapshot::AgentFact;
use crate::tally::Tally;
pub use crate::vocabulary::RuleKind;
use crate::{Key, Time};

/// Name of a rule on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// At least one outbound message.
    pub const FIRST_EMAIL_SENT: Self = Self::of("first_email_sent");
    /// A reply since the last LEAD_REPLIED.
    pub const LEAD_REPLY: Self = Self::of("lead_reply");
    /// Replies and purchase signals.
    pub const QUALIFICATION_CRITERIA: Self = Self::of("qualification_criteria");
    /// Enough engagement.
    pub const ENGAGEMENT_THRESHOLD: Self = Self::of("engagement_threshold");
    /// Deep enough, reachable, ready.
    pub const HANDOVER_READINESS: Self = Self::of("handover_readiness");
    /// An existing, active agent.
    pub const AGENT_ASSIGNMENT: Self = Self::of("agent_assignment");
    /// Inside business hours.
    pub const BUSINESS_HOURS: Self = Self::of("business_hours");

    /// A rule of this name.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The wire name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A value seen or wanted; on the wire a number, a boolean or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A number.
    Number(i64),
    /// Yes or no.
    Truth(bool),
    /// Something to be read.
    Text(Cow<'static, str>),
    /// Numbers in a text, written out only when read: each `{}` stands for the next number.
    Figures(&'static str, [i64; 2]),
}

impl Seen {
    /// A fixed text.
    #[must_use]
    pub const fn text(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Truth(yes) => write!(f, "{yes}"),
            Self::Text(text) => f.write_str(text),
            Self::Figures(text, numbers) => {
                let mut numbers = numbers.iter();
                for (i, part) in text.split("{}").enumerate() {
                    if i > 0
                        && let Some(number) = numbers.next()
                    {
                        write!(f, "{number}")?;
                    }
                    f.write_str(part)?;
                }
                Ok(())
            }
        }
    }
}

impl Serialize for Seen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(n) => serializer.serialize_i64(*n),
            Self::Truth(yes) => serializer.serialize_bool(*yes),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Figures(..) => serializer.collect_str(self),
        }
    }
}

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// It holds.
    pub passed: bool,
    /// The value seen.
    pub actual: Seen,
    /// The value needed.
    pub expected: Seen,
    /// What it says, in a sentence.
    pub message: Cow<'static, str>,
    /// What would make it hold.
    pub fix: Cow<'static, str>,
    /// It holds, but.
    pub warning: Option<Cow<'static, str>>,
}

impl Finding {
    /// It holds.
    pub fn passed(actual: Seen, expected: Seen, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            passed: true,
            actual,
            expected,
            message: message.into(),
            fix: Cow::Borrowed(""),
            warning: None,
        }
    }

    /// It does not hold.
    pub fn failed(
        actual: Seen,
        expected: Seen,
        message: impl Into<Cow<'static, str>>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            passed: false,
            actual,
            expected,
            message: message.into(),
            fix: fix.into(),
            warning: None,
        }
    }

    /// The same with a warning.
    #[must_use]
    pub fn warn_if(self, when: bool, warning: impl Into<Cow<'static, str>>) -> Self {
        Self {
            warning: when.then(|| warning.into()),
            ..self
        }
    }
}

/// What a rule may look at: the conversation as it stands at this step of a cascade.
#[derive(Debug)]
pub struct RuleContext<'a, K> {
    /// The conversation as it was before the decision.
    pub conversation: &'a Conversation<K>,
    /// Its lead.
    pub lead: &'a Lead<K>,
    /// The state at this step.
    pub state: State,
    /// The event asked about.
    pub event: Event,
    /// Facts with the message being processed.
    pub tally: &'a Tally<K>,
    /// Provider facts.
    pub email: &'a EmailFacts,
    /// Order of storing of the reply that the newest LEAD_REPLIED took; 0 when it took none.
    pub replied_seq: Option<u64>,
    /// The agent asked for, else the one assigned.
    pub agent_id: Option<&'a K>,
    /// The agent of that id, if there is one.
    pub agent: Option<&'a AgentFact<K>>,
    /// The policy.
    pub policy: &'a Policy,
    /// The present.
    pub now: Time,
    pub(crate) scores: OnceCell<Scores>,
}

impl<K: Key> RuleContext<'_, K> {
    /// The three scores at this step.
    pub fn scores(&self) -> Scores {
        *self.scores.get_or_init(|| {
            let input = ScoreInput {
                tally: self.tally,
                email: self.email,
                completeness: self.lead.completeness,
            };
            scores(&input, self.policy, self.now)
        })
    }

    /// True when the fast track is on and a reply asks for a person.
    #[must_use]
    pub fn fast_tracked(&self) -> bool {
        self.policy.fast_track && self.tally.has_hand_raise()
    }
}

/// Something that must hold, or should, before an event is taken.
pub trait Rule<K>: Send + Sync {
    /// Its name; one set holds a name once.
    fn id(&self) -> RuleId;

    /// Whether it stops or warns.
    fn kind(&self) -> RuleKind {
        RuleKind::Required
    }

    /// True when it has a say about `event` in `from`.
    fn guards(&self, event: Event, from: State) -> bool;

    /// What it protects, in a sentence.
    fn description(&self) -> &'static str {
        ""
    }

    /// Looks at the conversation; must not panic.
    fn check(&self, context: &RuleContext<'_, K>) -> Finding;
}

/// The rules in force, in the order they are asked.
pub struct Rules<K> {
    rules: Vec<Box<dyn Rule<K>>>,
}

impl<K: Key> Rules<K> {
    /// The seven.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            rules: vec![
                Box::new(FirstEmailSent),
                Box::new(LeadReply),
                Box::new(QualificationCriteria),
                Box::new(EngagementThreshold),
                Box::new(HandoverReadiness),
                Box::new(AgentAssignment),
                Box::new(BusinessHours),
            ],
        }
    }

    /// None at all: only the table decides.
    #[must_use]
    pub fn none() -> Self {
        Self { rules: Vec::new() }
    }

    /// Adds a rule, in place of one of the same name.
    #[must_use]
    pub fn with(self, rule: impl Rule<K> + 'static) -> Self {
        let mut rules = self.without(&rule.id());
        rules.rules.push(Box::new(rule));
        rules
    }

    /// Removes the rule of this name.
    #[must_use]
    pub fn without(mut self, id: &RuleId) -> Self {
        self.rules.retain(|rule| rule.id() != *id);
        self
    }

    /// All rules.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Rule<K>> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// The rules that have a say about `event` in `from`.
    pub fn guarding(&self, event: Event, from: State) -> impl Iterator<Item = &dyn Rule<K>> {
        self.iter().filter(move |rule| rule.guards(event, from))
    }
}

impl<K: Key> Default for Rules<K> {
    fn default() -> Self {
        Self::standard()
    }
}

impl<K: Key> fmt::Debug for Rules<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Rule::id)).finish()
    }
}
