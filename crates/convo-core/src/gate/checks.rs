//! One check for each reason.

use chrono::TimeDelta;

use super::{DenialCode, GateFacts, Purpose, Standing};
use crate::machine::State;
use crate::policy::Policy;
use crate::vocabulary::{Awaiting, SuppressionScope};
use crate::{Key, Time};

/// What a denial says beside its code.
pub(super) struct Why {
    pub detail: String,
    pub until: Option<Time>,
}

fn why(detail: impl Into<String>) -> Option<Why> {
    Some(Why {
        detail: detail.into(),
        until: None,
    })
}

fn ends(detail: impl Into<String>, until: Option<Time>) -> Option<Why> {
    Some(Why {
        detail: detail.into(),
        until,
    })
}

/// Asks for one reason; none: it does not stand in the way.
pub(super) fn check<K: Key>(
    code: DenialCode,
    facts: &GateFacts<'_, K>,
    policy: &Policy,
    now: Time,
) -> Option<Why> {
    let mail = &facts.mail;
    let (automation, unasked, made) = (mail.is_automation(), mail.is_unasked(), mail.stored);
    let automatic_answer = automation && mail.purpose == Purpose::Reply;
    let answers = automatic_answer && !made;
    match code {
        DenialCode::Unreachable if !facts.reachable => why("the lead has no address"),
        DenialCode::Closed => closed(facts),
        DenialCode::Handover if automation => handover(facts),
        DenialCode::Owned if automation => {
            let owned = facts.open().any(|one| one.is_owned());
            owned.then(|| why("an agent owns a conversation of the lead"))?
        }
        DenialCode::InReview if automation && facts.in_review => {
            why("mail of the lead waits on the review list")
        }
        DenialCode::Suppressed => suppressed(facts),
        DenialCode::Held if automation => held(facts),
        DenialCode::Snoozed if automation => {
            let until = facts.open().filter_map(|one| one.snoozed_until).max();
            let until = until.filter(|until| *until > now)?;
            ends("automation sleeps", Some(until))
        }
        DenialCode::Away if unasked => {
            let until = facts.open().filter_map(|one| one.away_until).max();
            let until = until.filter(|until| *until > now)?;
            ends("the lead is absent", Some(until))
        }
        DenialCode::ReplyWaiting if unasked => {
            let waits = facts.open().any(|one| one.awaiting() == Awaiting::Us);
            waits.then(|| why("a mail of the lead waits for an answer"))?
        }
        DenialCode::Consent if unasked => consent(facts),
        DenialCode::Frequency if unasked && !made => frequency(facts, policy, now),
        DenialCode::Leased if unasked && !made => {
            let until = facts.leased_until.filter(|until| *until > now)?;
            ends("another mail to the lead has a lease", Some(until))
        }
        DenialCode::QuietHours if unasked => {
            let quiet = policy.gate.quiet_hours.as_ref()?;
            let zone = facts.zone.unwrap_or_else(|| policy.calendar.zone());
            let until = quiet.ends_at(zone, now)?;
            ends("it is a quiet hour where the lead is", Some(until))
        }
        DenialCode::Paused if automation && facts.paused => {
            why("everything is paused until a restored database is resumed")
        }
        DenialCode::Paused if automation => {
            let paused = facts.campaign.is_some_and(|campaign| campaign.paused);
            paused.then(|| why("the campaign is paused"))?
        }
        DenialCode::Reputation if unasked => {
            let open = facts.reputation.iter().find(|one| one.is_open())?;
            ends(open.detail(), open.clears_at)
        }
        DenialCode::DailyLimit if unasked && !made => {
            let campaign = facts.campaign?;
            let limit = campaign
                .daily_limit
                .filter(|limit| campaign.today >= *limit)?;
            ends(format!("{limit} mails in 24 hours"), campaign.frees_at)
        }
        DenialCode::NotAwaiting if answers => {
            let waits = facts.conversation.awaiting() == Awaiting::Us
                && mail.answers.is_some()
                && mail.lead_wrote;
            (!waits).then(|| why("no mail of the lead waits for an answer"))?
        }
        DenialCode::Superseded if automatic_answer => {
            let newest = facts.conversation.tally.newest_reply.as_ref()?;
            let answered = mail.answers.as_ref()?;
            let newer = newest.mark > *answered;
            newer.then(|| why("the lead has written again: answer the newest mail"))?
        }
        DenialCode::Answered if automatic_answer && facts.answered => {
            why("the mail has an answer, or a lease for one")
        }
        DenialCode::Stale if answers => stale(facts, policy, now),
        DenialCode::LoopBudget if answers => {
            let budget = facts.budget?;
            why(format!("budget of automatic answers: {budget}"))
        }
        DenialCode::Approval if automation && !made && policy.gate.approval => {
            why("an agent has to approve it: send keeps a draft")
        }
        DenialCode::Unreachable
        | DenialCode::Handover
        | DenialCode::Owned
        | DenialCode::InReview
        | DenialCode::Held
        | DenialCode::Snoozed
        | DenialCode::Away
        | DenialCode::ReplyWaiting
        | DenialCode::Consent
        | DenialCode::Frequency
        | DenialCode::Leased
        | DenialCode::QuietHours
        | DenialCode::Paused
        | DenialCode::Reputation
        | DenialCode::DailyLimit
        | DenialCode::NotAwaiting
        | DenialCode::Superseded
        | DenialCode::Answered
        | DenialCode::Stale
        | DenialCode::LoopBudget
        | DenialCode::Approval => None,
    }
}

fn closed<K: Key>(facts: &GateFacts<'_, K>) -> Option<Why> {
    let state = facts.conversation.state;
    let over = match state {
        State::Archived => true,
        State::Closed => facts.mail.is_automation(),
        _ => false,
    };
    over.then(|| why(format!("the conversation is {state}")))?
}

fn handover<K: Key>(facts: &GateFacts<'_, K>) -> Option<Why> {
    let with_people = |state| matches!(state, State::ReadyForHandover | State::HandedOver);
    let one = facts.open().find(|one| with_people(one.state))?;
    why(format!("a conversation of the lead is {}", one.state))
}

/// Scope `all` stops everybody. Scope `automation` leaves one way: the owning agent answers what the person, and
/// nobody else, wrote afterwards.
fn suppressed<K: Key>(facts: &GateFacts<'_, K>) -> Option<Why> {
    let mail = &facts.mail;
    let answered = mail.answers.as_ref().map(|answered| answered.at);
    let answers = mail.purpose == Purpose::Reply && mail.lead_wrote;
    let answered = answered.filter(|_| answers && facts.is_of_owner());
    let standing: Vec<&Standing> = facts
        .suppressions
        .iter()
        .filter(|one| match one.scope {
            SuppressionScope::All => true,
            SuppressionScope::Automation => answered.is_none_or(|at| at <= one.at),
        })
        .collect();
    let mut reasons: Vec<&str> = standing
        .iter()
        .map(|one| one.reason.map_or("other", |reason| reason.as_str()))
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    if reasons.is_empty() {
        return None;
    }
    let all: Option<Vec<Time>> = standing.iter().map(|one| one.until).collect();
    ends(
        reasons.join(", "),
        all.and_then(|all| all.into_iter().max()),
    )
}

/// What was imported, or has lain for long, is not answered as if it had just come.
fn stale<K: Key>(facts: &GateFacts<'_, K>, policy: &Policy, now: Time) -> Option<Why> {
    if facts.imported {
        return why("the mail came by an import");
    }
    let hours = policy.gate.answer_within_hours;
    let within = TimeDelta::hours(i64::from(hours));
    let fresh = facts.mail.answers.as_ref()?.at.checked_add_signed(within);
    let old = fresh.is_some_and(|until| until < now);
    old.then(|| why(format!("the mail is older than {hours} hours")))?
}

fn held<K: Key>(facts: &GateFacts<'_, K>) -> Option<Why> {
    let mut reasons: Vec<&str> = facts
        .open()
        .flat_map(|one| one.holds.keys())
        .map(|reason| reason.as_str())
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    (!reasons.is_empty()).then(|| why(reasons.join(", ")))?
}

fn consent<K: Key>(facts: &GateFacts<'_, K>) -> Option<Why> {
    let required = &facts.campaign?.consent_required;
    let given = facts
        .consent
        .is_some_and(|basis| required.iter().any(|one| one == basis));
    let missing = !required.is_empty() && !given;
    missing.then(|| why(format!("needs consent: {}", required.join(" or "))))?
}

/// At most so many automation mails in the window, and a gap after those of other conversations.
fn frequency<K: Key>(facts: &GateFacts<'_, K>, policy: &Policy, now: Time) -> Option<Why> {
    let gate = &policy.gate;
    let window = TimeDelta::days(i64::from(gate.window_days));
    let mut within: Vec<Time> = facts.earlier.iter().map(|one| one.at).collect();
    within.retain(|at| at.checked_add_signed(window).is_none_or(|end| end > now));
    within.sort_unstable();
    let most = usize::try_from(gate.max_mails).unwrap_or(usize::MAX).max(1);
    // One more fits when so many of the oldest have left the window.
    let full = within.len().checked_sub(most).and_then(|at| within.get(at));
    let full = full.and_then(|at| at.checked_add_signed(window));
    let gap = TimeDelta::hours(i64::from(gate.min_gap_hours));
    let elsewhere = facts
        .earlier
        .iter()
        .filter(|one| !one.here)
        .map(|one| one.at);
    let apart = elsewhere.max().and_then(|at| at.checked_add_signed(gap));
    let apart = apart.filter(|end| *end > now);
    let until = full.max(apart)?;
    let detail = match full {
        Some(_) => format!("{} mails in {} days", gate.max_mails, gate.window_days),
        None => format!(
            "another conversation's mail within {} hours",
            gate.min_gap_hours
        ),
    };
    ends(detail, Some(until))
}
