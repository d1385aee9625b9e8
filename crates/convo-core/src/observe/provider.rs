//! What a provider reports.

use super::mail::flag;
use super::{Failure, Known, SuppressingFact, Tracked, abandon};
use crate::change::{Cause, Change, Suppression};
use crate::draft::{Draft, Taking};
use crate::email::{DeliveryStatus, EmailFacts};
use crate::lead::LeadFactKind;
use crate::machine::{Event, State};
use crate::vocabulary::{
    FlagCode, Outcome, SuppressionReason, SuppressionScope, SuppressionSource,
};
use crate::{Key, Time};

/// NEW with an outbound message takes FIRST_EMAIL_SENT, and LEAD_REPLIED where the reply came first; otherwise the
/// delivery is only recorded.
pub(super) fn delivered<K: Key>(draft: &mut Draft<'_, K>, at: Time, event: &K) -> Known {
    note(draft, at, DeliveryStatus::Delivered);
    if draft.state == State::New && draft.tally.sent > 0 {
        let cause = Cause::ProviderEvent(event.clone());
        let taken = draft.take(Taking::system(Event::FirstEmailSent, cause.clone()));
        if taken.is_ok() && draft.tally.replies > 0 {
            let _ = draft.take(Taking::system(Event::LeadReplied, cause));
        }
    }
    Known::Yes
}

/// Counts move by the difference; ENGAGEMENT_INCREASED comes once per event, when first judged human.
pub(super) fn tracked<K: Key>(draft: &mut Draft<'_, K>, tracked: &Tracked<K>) -> Known {
    let replaced = draft.email.replace(
        &tracked.before,
        &tracked.after,
        draft.snapshot.judged_others,
    );
    let Some(judged) = replaced else {
        return Known::NeedsHistory;
    };
    if judged != draft.email.judged {
        draft.email = EmailFacts {
            judged,
            ..draft.email
        };
        draft.push(Change::EmailFacts(Box::new(draft.email)));
    }
    for event in &tracked.first_human {
        let _ = draft.take(Taking::system(
            Event::EngagementIncreased,
            Cause::ProviderEvent(event.clone()),
        ));
    }
    Known::Yes
}

pub(super) fn failed<K: Key>(
    draft: &mut Draft<'_, K>,
    failure: &Failure<K>,
    at: Time,
    message: Option<&K>,
    cause: &Cause<K>,
) -> Known {
    match failure {
        Failure::Hard { primary } => {
            note(draft, at, DeliveryStatus::Bounced);
            suppress(
                draft,
                SuppressionReason::HardBounce,
                SuppressionSource::Delivery,
                at,
                message,
            );
            if !*primary {
                draft.lead_fact(LeadFactKind::AddressBounce, at);
            } else {
                draft.lead_fact(LeadFactKind::HardBounce, at);
                flag(draft, FlagCode::HardBounce, at, message);
                if draft.tally.replies == 0 && !draft.snapshot.conversation.is_history(at) {
                    abandon(draft, Outcome::Unreachable, cause.clone());
                }
            }
        }
        Failure::Soft { failures } => {
            note(draft, at, DeliveryStatus::Deferred);
            draft.lead_fact(LeadFactKind::SoftBounce, at);
            if failures.count >= draft.policy.soft_bounce_limit {
                // Which of them comes last is chance: the newest one dates the suppression.
                let (at, message) = failures.newest.clone().unwrap_or((at, None));
                suppress(
                    draft,
                    SuppressionReason::SoftBounce,
                    SuppressionSource::Delivery,
                    at,
                    message.as_ref(),
                );
            }
        }
        Failure::Suppressed(reason) => {
            suppress(draft, *reason, SuppressionSource::Provider, at, message);
            if *reason == SuppressionReason::HardBounce {
                draft.lead_fact(LeadFactKind::AddressBounce, at);
            }
        }
    }
    Known::Yes
}

/// Suppresses at once; gives the conversation up unless an agent owns it or a newer reply stands against it.
pub(super) fn suppressing<K: Key>(draft: &mut Draft<'_, K>, fact: &SuppressingFact<K>) -> Known {
    let (code, reason) = match fact.kind {
        LeadFactKind::OptOut => (FlagCode::OptOut, SuppressionReason::OptOut),
        LeadFactKind::Unsubscribed => (FlagCode::Unsubscribed, SuppressionReason::OptOut),
        LeadFactKind::Complaint => (FlagCode::Complaint, SuppressionReason::Complaint),
        LeadFactKind::HardBounce
        | LeadFactKind::AddressBounce
        | LeadFactKind::SoftBounce
        | LeadFactKind::NoReply => {
            return Known::Yes;
        }
    };
    if fact.direct && fact.kind == LeadFactKind::Complaint {
        note(draft, fact.at, DeliveryStatus::Complained);
    }
    suppress(
        draft,
        reason,
        SuppressionSource::Person,
        fact.at,
        fact.message.as_ref(),
    );
    draft.lead_fact(fact.kind, fact.at);
    flag(draft, code, fact.at, fact.message.as_ref());
    let replied = draft.tally.last_reply_at();
    let stands = replied.is_none_or(|reply| reply <= fact.at)
        && !draft.snapshot.conversation.is_history(fact.at);
    if stands && !abandon(draft, Outcome::OptedOut, fact.cause.clone()) {
        let closed = draft.snapshot.conversation;
        if closed.state == State::Closed && closed.outcome == Some(Outcome::Unreachable) {
            draft.push(Change::OutcomeSet {
                outcome: Some(Outcome::OptedOut),
                follow_up_at: None,
            });
        }
    }
    Known::Yes
}

fn note<K: Key>(draft: &mut Draft<'_, K>, at: Time, status: DeliveryStatus) {
    draft.email.note(at, status);
    draft.push(Change::EmailFacts(Box::new(draft.email)));
}

fn suppress<K: Key>(
    draft: &mut Draft<'_, K>,
    reason: SuppressionReason,
    source: SuppressionSource,
    at: Time,
    message: Option<&K>,
) {
    let scope = match reason {
        SuppressionReason::OptOut | SuppressionReason::Complaint => SuppressionScope::Automation,
        SuppressionReason::HardBounce
        | SuppressionReason::SoftBounce
        | SuppressionReason::Manual => SuppressionScope::All,
    };
    draft.push(Change::Suppressed(Suppression {
        reason,
        scope,
        source,
        at,
        message: message.cloned(),
    }));
}
