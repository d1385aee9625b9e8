//! The core's two doors, opened with what the database holds.

use std::sync::Arc;

use convo_core::change::Decision;
use convo_core::decide::{Refusal, Request, Trigger, Validation, decide, validate};
use convo_core::email::{Judged, TrackingKind, Verdict};
use convo_core::observe::{Observation, observe};
use convo_core::policy::Policy;
use convo_core::snapshot::{AgentFact, History, Snapshot};
use convo_core::tally::MessageFact;
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_store::MessageFacts;
use convo_store::rows::{EmailEventRow, MessageRow};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::batch::Batch;
use crate::effects::Came;
use crate::error::AppError;

/// What is stored of a reading beside the message: enough to fold every fact again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Codes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<convo_core::signals::Signal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<convo_core::signals::Intent>,
    pub sentiment: convo_core::signals::Sentiment,
    pub text_len: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexicon: Option<String>,
    /// A mail of ours that did not leave the house.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsent: bool,
}

impl Codes {
    /// The codes of a fact.
    pub fn of(fact: &MessageFact<Uuid>) -> Self {
        Self {
            signals: fact.signals.clone(),
            topics: fact.topics.clone(),
            intent: fact.intent,
            sentiment: fact.sentiment,
            text_len: fact.text_len,
            lexicon: fact.lexicon.clone(),
            unsent: false,
        }
    }
}

/// Whether the codes of a message of ours say that it did not leave the house.
pub(crate) fn is_unsent(codes: &str) -> bool {
    serde_json::from_str(codes).is_ok_and(|codes: Codes| codes.unsent)
}

/// The parts of a stored message that its fact is made of.
pub struct FactParts<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its own time.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Order of storing.
    pub sequence_number: i64,
    /// Wire name.
    pub direction: &'a str,
    /// Wire name.
    pub author: &'a str,
    /// Wire name.
    pub kind: &'a str,
    /// An internal note.
    pub note: bool,
    /// JSON of the codes.
    pub codes: &'a str,
}

/// The fact a stored message stands for.
///
/// # Errors
/// A fault when the row is not one we wrote.
pub fn fact(parts: &FactParts<'_>) -> Result<MessageFact<Uuid>, AppError> {
    let wrong = |what: &str| AppError::Fault(format!("a stored message has an unreadable {what}"));
    let direction: Direction = parts.direction.parse().map_err(|_| wrong("direction"))?;
    let author: Author = parts.author.parse().map_err(|_| wrong("author"))?;
    let kind: Kind = parts.kind.parse().map_err(|_| wrong("kind"))?;
    let codes: Codes = serde_json::from_str(parts.codes).map_err(|_| wrong("reading"))?;
    let seq = u64::try_from(parts.sequence_number).map_err(|_| wrong("number"))?;
    Ok(MessageFact {
        kind,
        // What did not leave the house is shown like a note, and counts for as little.
        note: parts.note || codes.unsent,
        signals: codes.signals,
        topics: codes.topics,
        intent: codes.intent,
        sentiment: codes.sentiment,
        text_len: codes.text_len,
        lexicon: codes.lexicon,
        ..MessageFact::new(parts.id, parts.at, seq, direction, author)
    })
}

macro_rules! parts_of {
    ($($row:ty),+) => {$(
        impl<'a> From<&'a $row> for FactParts<'a> {
            fn from(row: &'a $row) -> Self {
                Self {
                    id: row.id,
                    at: row.at,
                    sequence_number: row.sequence_number,
                    direction: &row.direction,
                    author: &row.author,
                    kind: &row.kind,
                    note: row.note,
                    codes: &row.codes,
                }
            }
        }
    )+};
}

parts_of!(MessageRow, MessageFacts);

/// A stored message as its fact, with who wrote it where that is known.
pub(crate) struct Spoken {
    pub fact: MessageFact<Uuid>,
    pub author: Option<Uuid>,
}

/// What is noted of opens and clicks that came while tracking was switched off: they never count.
pub(crate) const UNTRACKED: &str = "untracked";

/// Whether an open or click was looked at.
pub(crate) fn is_judged(row: &EmailEventRow) -> bool {
    !matches!(row.judged.as_str(), "none" | UNTRACKED)
}

/// Opens and clicks as they were judged when last looked at.
pub(crate) fn judged(rows: &[&EmailEventRow]) -> Judged {
    let mut judged = Judged::default();
    for row in rows.iter().filter(|row| is_judged(row)) {
        let human = row.judged == Verdict::Human.as_str();
        let Ok(kind) = row.kind.parse::<TrackingKind>() else {
            continue;
        };
        let (count, last) = match (kind, human) {
            (TrackingKind::Opened, true) => (&mut judged.opens, Some(&mut judged.last_opened_at)),
            (TrackingKind::Clicked, true) => {
                (&mut judged.clicks, Some(&mut judged.last_clicked_at))
            }
            (TrackingKind::Opened, false) => (&mut judged.machine_opens, None),
            (TrackingKind::Clicked, false) => (&mut judged.machine_clicks, None),
        };
        *count = count.saturating_add(1);
        if let Some(last) = last {
            *last = (*last).max(Some(row.occurred_at));
        }
    }
    judged
}

/// Which mail a tracking observation is about, by Message-ID, so that the others' share can be told.
type About<'a> = Option<&'a str>;

impl Batch<'_, '_> {
    /// Takes in what happened to a conversation.
    pub(crate) fn observe(
        &mut self,
        conversation: Uuid,
        observation: &Observation<Uuid>,
        about: About<'_>,
    ) -> Result<Came, AppError> {
        let context = self.context;
        let decision = self.decided(conversation, None, about, |snapshot, policy, now| {
            observe(snapshot, observation, &context.rules, policy, now)
        })?;
        self.take(conversation, &decision, None)
    }

    /// Asks something of a conversation.
    pub(crate) fn ask(
        &mut self,
        conversation: Uuid,
        agent: Option<Uuid>,
        request: &Request<Uuid>,
    ) -> Result<Decision<Uuid>, AppError> {
        let context = self.context;
        let mut refused = None;
        let decision = self.decided(
            conversation,
            agent,
            None,
            |snapshot, policy, now| match decide(snapshot, request, &context.rules, policy, now) {
                Ok(decision) => decision,
                Err(refusal) => {
                    refused = Some(refusal);
                    Decision::default()
                }
            },
        )?;
        match refused {
            Some(refusal) => Err(refusal.into()),
            None => Ok(decision),
        }
    }

    /// Says what a transition would come to; the same snapshot through the same code.
    pub(crate) fn validated(
        &mut self,
        conversation: Uuid,
        agent: Option<Uuid>,
        trigger: &Trigger<Uuid>,
    ) -> Result<Validation<Uuid>, AppError> {
        let context = self.context;
        let mut said = None;
        self.decided(conversation, agent, None, |snapshot, policy, now| {
            let validation = validate(snapshot, trigger, &context.rules, policy, now);
            let decision = Decision {
                needs_history: validation.needs_history.clone(),
                ..Decision::default()
            };
            said = Some(validation);
            decision
        })?;
        said.ok_or_else(|| AppError::Fault("nothing was validated".to_owned()))
    }

    /// Decides over a snapshot; gives the histories that are asked for, once.
    fn decided(
        &mut self,
        conversation: Uuid,
        agent: Option<Uuid>,
        about: About<'_>,
        mut decision: impl FnMut(&Snapshot<'_, Uuid>, &Policy, convo_core::Time) -> Decision<Uuid>,
    ) -> Result<Decision<Uuid>, AppError> {
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let (lead, campaign) = (entry.row.lead_id, entry.row.campaign_id);
        let named = agent.or(entry.facts.agent);
        let policy = Arc::clone(&self.policy(campaign)?);
        let siblings: Vec<Uuid> = self
            .conversations_of(lead)?
            .into_iter()
            .filter(|id| *id != conversation)
            .collect();
        for id in &siblings {
            self.conversation(*id)?;
        }
        let other_open = self.other_open(conversation)?;
        self.lead(lead)?;
        let agent = match named {
            Some(id) => self.agent(id)?.map(|row| AgentFact {
                id: row.id,
                active: row.active,
            }),
            None => None,
        };
        let mut histories: Vec<(Uuid, Vec<MessageFact<Uuid>>)> = Vec::new();
        let mut others: Option<Vec<Judged>> = None;
        loop {
            let wanted = {
                let of = |id: &Uuid| {
                    self.conversations
                        .get(id)
                        .and_then(Option::as_ref)
                        .map(|entry| &entry.facts)
                };
                let lead = self
                    .leads
                    .get(&lead)
                    .and_then(Option::as_ref)
                    .map(|entry| &entry.facts);
                let (Some(facts), Some(lead)) = (of(&conversation), lead) else {
                    return Err(AppError::NotFound);
                };
                let siblings: Vec<_> = siblings.iter().filter_map(of).collect();
                let given: Vec<History<'_, Uuid>> = histories
                    .iter()
                    .map(|(id, facts)| History {
                        conversation: id,
                        facts,
                    })
                    .collect();
                let snapshot = Snapshot {
                    siblings: &siblings,
                    agent: agent.as_ref(),
                    other_open: other_open.as_ref(),
                    histories: &given,
                    judged_others: others.as_deref(),
                    ..Snapshot::new(facts, lead)
                };
                let decided = decision(&snapshot, &policy.policy, self.now);
                if decided.needs_history.is_empty() {
                    return Ok(decided);
                }
                decided.needs_history
            };
            if wanted
                .iter()
                .any(|id| histories.iter().any(|(given, _)| given == id))
            {
                return Err(AppError::Fault(
                    "a decision asks for a history it was given".to_owned(),
                ));
            }
            for id in wanted {
                let facts = self.history(id)?;
                histories.push((id, facts));
            }
            others = Some(self.judged_others(conversation, about)?);
        }
    }

    /// The codes of all messages of a conversation, those of this batch included.
    fn history(&mut self, conversation: Uuid) -> Result<Vec<MessageFact<Uuid>>, AppError> {
        let spoken = self.spoken(conversation)?.into_iter();
        Ok(spoken.map(|one| one.fact).collect())
    }

    /// The same with who wrote each.
    pub(crate) fn spoken(&mut self, conversation: Uuid) -> Result<Vec<Spoken>, AppError> {
        let mut spoken = Vec::new();
        let changed = &self.commit.messages_changed;
        for row in self.reader.message_facts(conversation)? {
            if !changed.iter().any(|other| other.id == row.id) {
                let fact = fact(&FactParts::from(&row))?;
                let author = row.author_id;
                spoken.push(Spoken { fact, author });
            }
        }
        let here = self.commit.messages.iter().chain(changed);
        for row in here.filter(|row| row.conversation_id == conversation) {
            let fact = fact(&FactParts::from(row))?;
            let author = row.author_id;
            spoken.push(Spoken { fact, author });
        }
        Ok(spoken)
    }

    /// Opens and clicks of the conversation's other messages.
    fn judged_others(
        &mut self,
        conversation: Uuid,
        about: About<'_>,
    ) -> Result<Vec<Judged>, AppError> {
        let rows = self.email_events_of(conversation)?;
        let mut by_message: std::collections::BTreeMap<Option<&str>, Vec<&EmailEventRow>> =
            Default::default();
        for row in &rows {
            let of = row.rfc_id.as_deref();
            if of != about {
                by_message.entry(of).or_default().push(row);
            }
        }
        Ok(by_message.values().map(|rows| judged(rows)).collect())
    }
}

impl From<Refusal<Uuid>> for AppError {
    fn from(refusal: Refusal<Uuid>) -> Self {
        match refusal {
            Refusal::VersionConflict { current } => Self::VersionConflict { current },
            Refusal::Conflict { open } => Self::conflict(format!(
                "conversation {open} of the same lead and campaign is open"
            )),
            Refusal::NotOwned => Self::conflict("no agent owns the conversation"),
            Refusal::NotOpen => Self::conflict("the conversation is not open"),
            Refusal::InvalidTransition {
                from,
                event,
                allowed,
            } => Self::InvalidTransition {
                from: from.as_str().to_owned(),
                event: event.as_str().to_owned(),
                allowed: allowed
                    .iter()
                    .map(|event| event.as_str().to_owned())
                    .collect(),
            },
            Refusal::RulesNotMet { unmet } => Self::RulesNotMet {
                unmet: unmet
                    .iter()
                    .filter_map(|rule| serde_json::to_value(rule).ok())
                    .collect(),
            },
        }
    }
}
