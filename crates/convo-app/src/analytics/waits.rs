//! How long leads wait for us.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use convo_core::change::{Cause, Change, Decision};
use convo_core::conversation::Conversation;
use convo_core::machine::{Event, State};
use convo_core::tally::MessageFact;
use convo_core::vocabulary::Author;
use convo_core::waits::{minutes_between, waits};
use convo_store::rows::{TransitionRow, WaitRow};
use uuid::Uuid;

use crate::batch::{Batch, PolicyInForce, Touched};
use crate::door::Spoken;
use crate::error::AppError;

/// A wait without an answer, as the facts of its conversation tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenWait {
    since: DateTime<Utc>,
    open: bool,
    owner: Option<Uuid>,
}

impl OpenWait {
    /// The last wait of a conversation, if it has no answer.
    pub fn of(facts: &Conversation<Uuid>) -> Option<Self> {
        facts.waits_since().map(|since| Self {
            since,
            open: facts.state.is_open(),
            owner: facts.agent,
        })
    }
}

/// The rows of all waits of a conversation as its messages tell them, minutes left out.
pub(crate) fn wait_rows(
    facts: &Conversation<Uuid>,
    spoken: &[Spoken],
    reopened: &BTreeSet<DateTime<Utc>>,
) -> Vec<WaitRow> {
    let found = waits(spoken.iter().map(|one| &one.fact), reopened);
    let last = found.len();
    let numbered = found.into_iter().zip(1..);
    let row = numbered.map(|(wait, number)| {
        let unanswered = unanswered(
            facts,
            wait.began_at,
            number == last && facts.state.is_open(),
        );
        let Some((at, id)) = wait.answer else {
            return unanswered;
        };
        let answer = spoken.iter().find(|one| one.fact.id == id);
        WaitRow {
            agent_id: answer.and_then(Spoken::agent),
            status: "answered".to_owned(),
            ended_at: Some(at),
            answer_id: Some(id),
            ..unanswered
        }
    });
    row.collect()
}

fn unanswered(facts: &Conversation<Uuid>, began_at: DateTime<Utc>, waiting: bool) -> WaitRow {
    WaitRow {
        conversation_id: facts.id,
        began_at,
        lead_id: facts.lead,
        campaign_id: facts.campaign,
        agent_id: facts.agent,
        status: if waiting { "waiting" } else { "dropped" }.to_owned(),
        ended_at: None,
        answer_id: None,
        wall_minutes: None,
        business_minutes: None,
        policy_version: 0,
    }
}

/// The waits of a conversation with their minutes: those stored where they are right by the policy of their time, else
/// those of the policy in force.
pub(crate) fn timed_waits(
    policy: &PolicyInForce,
    stored: &[WaitRow],
    told: Vec<WaitRow>,
) -> Vec<WaitRow> {
    let calendar = &policy.policy.calendar;
    let whole = |minutes: u32| i32::try_from(minutes).unwrap_or(i32::MAX);
    let timed = |row: WaitRow| {
        let Some(ended) = row.ended_at else {
            return row;
        };
        let wall = whole(minutes_between(row.began_at, ended));
        let business = whole(calendar.business_minutes_between(row.began_at, ended));
        let is_right = |kept: &&WaitRow| {
            let bare = WaitRow {
                wall_minutes: None,
                business_minutes: None,
                policy_version: 0,
                ..(*kept).clone()
            };
            // Those of another policy were right under it.
            let other = kept.policy_version != policy.version && kept.business_minutes.is_some();
            bare == row
                && kept.wall_minutes == Some(wall)
                && (other || kept.business_minutes == Some(business))
        };
        match stored.iter().find(is_right) {
            Some(kept) => kept.clone(),
            None => WaitRow {
                wall_minutes: Some(wall),
                business_minutes: Some(business),
                policy_version: policy.version,
                ..row
            },
        }
    };
    told.into_iter().map(timed).collect()
}

/// Own times of the mails that reopened a conversation, by its audit.
pub(crate) fn reopenings<'a>(
    audit: impl Iterator<Item = &'a TransitionRow>,
    spoken: &[Spoken],
) -> BTreeSet<DateTime<Utc>> {
    let by = audit.filter_map(|step| {
        let reopens =
            step.event == Event::LeadReplied.as_str() && step.from_state == State::Closed.as_str();
        let cause = step.cause.as_deref().filter(|_| reopens)?;
        cause.strip_prefix("message:")?.parse::<Uuid>().ok()
    });
    by.filter_map(|id| {
        let mail = spoken.iter().find(|one| one.fact.id == id);
        mail.map(|one| one.fact.at)
    })
    .collect()
}

impl Batch<'_, '_> {
    /// Follows up a decision that is folded in already; `waited` is since when the lead waited before it.
    pub(crate) fn waits_follow(
        &mut self,
        conversation: Uuid,
        waited: Option<DateTime<Utc>>,
        decision: &Decision<Uuid>,
    ) -> Result<(), AppError> {
        let writing = self.analytics.writing;
        let reopens = decision.steps().any(|step| {
            step.event == Event::LeadReplied
                && step.from == State::Closed
                && matches!(step.cause, Cause::Message(_))
        });
        let replaced = |change: &Change<Uuid>| matches!(change, Change::TallyReplaced(_));
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        if let Some((at, _)) = writing.filter(|_| reopens) {
            entry.facts.reopened_by(at);
        }
        if decision.changes.iter().any(replaced) || (reopens && writing.is_none()) {
            self.analytics.recount.insert(conversation);
            return Ok(());
        }
        let (Some(began), now) = (waited, entry.facts.waits_since()) else {
            return Ok(());
        };
        let row = unanswered(&entry.facts, began, false);
        let sent = decision.changes.iter().find_map(|change| match change {
            Change::MessageAbsorbed(fact) if fact.is_sent() => Some(fact),
            _ => None,
        });
        if let Some(answer) = sent {
            let agent = writing.and_then(|(_, agent)| agent);
            let answered = WaitRow {
                agent_id: agent.filter(|_| answer.author == Author::Agent),
                status: "answered".to_owned(),
                ended_at: Some(answer.at),
                answer_id: Some(answer.id),
                ..row
            };
            let answered = self.timed(answered)?;
            self.analytics.ended.insert(conversation);
            self.commit.waits.push(answered);
        } else if now.is_some_and(|now| now != began) {
            self.commit.waits.push(row);
        }
        Ok(())
    }

    /// With the minutes of one that was answered, by the policy in force.
    fn timed(&mut self, row: WaitRow) -> Result<WaitRow, AppError> {
        let Some(ended) = row.ended_at else {
            return Ok(row);
        };
        let [wall, business] = self.minutes(row.campaign_id, row.began_at, ended)?;
        Ok(WaitRow {
            wall_minutes: Some(wall),
            business_minutes: Some(business),
            policy_version: self.policy(row.campaign_id)?.version,
            ..row
        })
    }

    /// Whole minutes between two times: all of them, and those of the business hours of a campaign's policy.
    pub(crate) fn minutes(
        &mut self,
        campaign: Option<Uuid>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<[i32; 2], AppError> {
        let policy = self.policy(campaign)?;
        let business = policy.policy.calendar.business_minutes_between(from, to);
        let whole = |minutes: u32| i32::try_from(minutes).unwrap_or(i32::MAX);
        Ok([whole(minutes_between(from, to)), whole(business)])
    }

    /// Writes what has become of the last wait of each changed conversation.
    pub(super) fn seal_waits(&mut self) -> Result<(), AppError> {
        let mut again = std::mem::take(&mut self.analytics.recount);
        let mut rows = Vec::new();
        for entry in self.conversations.values().flatten() {
            let (id, facts) = (entry.row.id, &entry.facts);
            if entry.touched == Touched::No || again.contains(&id) {
                continue;
            }
            // What was dropped before the last reopening has an owner too.
            if facts.reopened_at.is_some() && facts.agent != entry.owner {
                again.insert(id);
                continue;
            }
            let Some(open) = OpenWait::of(facts) else {
                continue;
            };
            if entry.waiting != Some(open) || self.analytics.ended.contains(&id) {
                rows.push(unanswered(facts, open.since, open.open));
            }
        }
        self.commit.waits.append(&mut rows);
        self.recount_all(&again.into_iter().collect::<Vec<_>>())
    }

    /// Counts the waits of conversations anew; what is stored of them is read in bulk.
    fn recount_all(&mut self, ids: &[Uuid]) -> Result<(), AppError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut audit: HashMap<Uuid, Vec<TransitionRow>> = HashMap::new();
        for step in self.reader.transitions_by_conversations(ids)? {
            audit.entry(step.conversation_id).or_default().push(step);
        }
        let mut stored: HashMap<Uuid, BTreeMap<DateTime<Utc>, WaitRow>> = HashMap::new();
        for row in self.reader.waits_by_conversations(ids)? {
            let of = stored.entry(row.conversation_id).or_default();
            of.insert(row.began_at, row);
        }
        for id in ids {
            let audit = audit.remove(id).unwrap_or_default();
            self.recount_waits(*id, &audit, stored.remove(id).unwrap_or_default())?;
        }
        Ok(())
    }

    /// Counts the waits of a conversation from its messages and its audit, and writes what is stored otherwise.
    /// A wait that began and ended as before keeps its minutes: they are those of the policy of its time.
    fn recount_waits(
        &mut self,
        id: Uuid,
        audit: &[TransitionRow],
        mut stored: BTreeMap<DateTime<Utc>, WaitRow>,
    ) -> Result<(), AppError> {
        let spoken = self.spoken(id)?;
        let here = self.commit.transitions.iter();
        let here = here.filter(|step| step.conversation_id == id);
        let reopened = reopenings(audit.iter().chain(here), &spoken);
        let Some(entry) = self.conversation(id)? else {
            return Ok(());
        };
        let newest = reopened.last().copied();
        if entry.facts.reopened_at != newest {
            entry.facts.reopened_at = newest;
            entry.touch(Touched::Facts);
        }
        let rows = wait_rows(&entry.facts, &spoken, &reopened);
        self.commit.waits.retain(|row| row.conversation_id != id);
        for row in rows {
            let known = stored.remove(&row.began_at);
            let kept = known
                .as_ref()
                .filter(|known| known.ended_at == row.ended_at);
            let row = match kept {
                Some(known) => WaitRow {
                    wall_minutes: known.wall_minutes,
                    business_minutes: known.business_minutes,
                    policy_version: known.policy_version,
                    ..row
                },
                None => self.timed(row)?,
            };
            if known.as_ref() != Some(&row) {
                self.commit.waits.push(row);
            }
        }
        let gone = stored.into_keys().map(|began| (id, began));
        self.commit.waits_removed.extend(gone);
        Ok(())
    }
}

impl Spoken {
    /// The agent who wrote it.
    fn agent(&self) -> Option<Uuid> {
        let MessageFact { author, .. } = &self.fact;
        self.author.filter(|_| *author == Author::Agent)
    }
}
