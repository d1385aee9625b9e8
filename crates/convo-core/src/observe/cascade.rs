//! What follows by itself from a stored message.

use crate::Key;
use crate::change::Cause;
use crate::draft::{Draft, Taking};
use crate::machine::{Event, State};
use crate::tally::MessageFact;

/// First contact: with an outbound message and either a reply or a delivery, NEW is behind us.
///
/// A delivery reported before its message was stored moves only now.
pub(super) fn first_contact<K: Key>(draft: &mut Draft<'_, K>, message: &K) {
    let replied = draft.tally.replies > 0;
    let reached = replied || draft.email.first_delivered_at.is_some();
    if draft.state != State::New || draft.tally.sent == 0 || !reached {
        return;
    }
    let implied = Taking {
        implied_by: Some(message.clone()),
        ..taking(Event::FirstEmailSent, message)
    };
    if draft.take(implied).is_ok() && replied {
        let _ = draft.take(taking(Event::LeadReplied, message));
    }
}

/// The cascade after a reply; `before` is the engagement without it.
pub(super) fn after_reply<K: Key>(
    draft: &mut Draft<'_, K>,
    reply: &MessageFact<K>,
    before: u8,
    silent: bool,
) {
    if draft.state == State::New {
        first_contact(draft, &reply.id);
    } else if draft.state != State::Closed || may_reopen(draft, reply) {
        let _ = draft.take(taking(Event::LeadReplied, &reply.id));
    }
    if draft.engagement() > before {
        let _ = draft.take(taking(Event::EngagementIncreased, &reply.id));
    }
    if draft.is_owned() {
        return;
    }
    if draft.policy.auto_qualify && draft.state == State::Engaged {
        let _ = draft.take(taking(Event::QualificationCriteriaMet, &reply.id));
    }
    let automatic = draft.policy.auto_handover && draft.snapshot.conversation.integration.handover;
    if automatic && !silent && draft.state == State::Qualified {
        let _ = draft.take(taking(Event::HandoverRequested, &reply.id));
    }
}

/// A reply reopens unless another conversation is open or the lead opted out at or after it.
fn may_reopen<K: Key>(draft: &Draft<'_, K>, reply: &MessageFact<K>) -> bool {
    draft.snapshot.other_open.is_none()
        && draft
            .opted_out_at
            .is_none_or(|opted_out| reply.at > opted_out)
}

fn taking<'a, K: Key>(event: Event, message: &K) -> Taking<'a, K> {
    Taking::system(event, Cause::Message(message.clone()))
}
