//! The eight states, the nine events, and the one table of all 72 pairs.
//!
//! Source: "State Machine Details" (it says seven states and lists eight; there are eight).

use crate::vocabulary::vocabulary;

vocabulary! {
    /// Where a conversation stands.
    State, "state" {
        /// Made, nothing sent.
        New = "NEW",
        /// The first mail went out.
        Active = "ACTIVE",
        /// The lead answered.
        Engaged = "ENGAGED",
        /// The lead meets the qualification criteria.
        Qualified = "QUALIFIED",
        /// A person should take it.
        ReadyForHandover = "READY_FOR_HANDOVER",
        /// A person has it.
        HandedOver = "HANDED_OVER",
        /// Ended; may reopen.
        Closed = "CLOSED",
        /// Ended for good.
        Archived = "ARCHIVED",
    }
}

vocabulary! {
    /// What can happen to a conversation.
    Event, "event" {
        /// The first mail went out.
        FirstEmailSent = "FIRST_EMAIL_SENT",
        /// The lead answered; reopens a closed conversation.
        LeadReplied = "LEAD_REPLIED",
        /// The engagement score rose.
        EngagementIncreased = "ENGAGEMENT_INCREASED",
        /// The lead qualified.
        QualificationCriteriaMet = "QUALIFICATION_CRITERIA_MET",
        /// A person is wanted.
        HandoverRequested = "HANDOVER_REQUESTED",
        /// A person was named.
        HumanAgentAssigned = "HUMAN_AGENT_ASSIGNED",
        /// The person is done.
        ConversationCompleted = "CONVERSATION_COMPLETED",
        /// It is given up.
        ConversationAbandoned = "CONVERSATION_ABANDONED",
        /// It is put away.
        ManualArchive = "MANUAL_ARCHIVE",
    }
}

/// What an event does in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Moves to this state.
    To(State),
    /// Accepted and audited; the state stays.
    Recorded,
    /// Refused with `invalid_transition`.
    Refused,
}

/// All 72 pairs: one row per event, one column per state, both in the order of `ALL`.
pub const TRANSITIONS: [[Cell; 8]; 9] = {
    use Cell::{Recorded as R, Refused as X, To};
    use State::{Active, Archived, Closed, Engaged, HandedOver, Qualified, ReadyForHandover};
    const CLOSE: Cell = To(Closed);
    const READY: Cell = To(ReadyForHandover);
    [
        // NEW        ACTIVE       ENGAGED        QUALIFIED  READY_FOR_HANDOVER HANDED_OVER CLOSED       ARCHIVED
        [To(Active), X, X, X, X, X, X, X],
        [X, To(Engaged), R, R, R, R, To(Engaged), X],
        [X, R, R, R, R, R, X, X],
        [X, X, To(Qualified), X, X, X, X, X],
        [X, X, X, READY, X, X, X, X],
        [X, X, X, X, To(HandedOver), R, X, X],
        [X, X, X, X, X, CLOSE, X, X],
        [CLOSE, CLOSE, CLOSE, CLOSE, CLOSE, CLOSE, X, X],
        [X, X, X, X, X, X, To(Archived), X],
    ]
};

/// What `event` does in `state`.
#[must_use]
pub const fn cell(state: State, event: Event) -> Cell {
    TRANSITIONS[event as usize][state as usize]
}

/// The state after `event` in `state`, if the table accepts it.
#[must_use]
pub const fn next_state(state: State, event: Event) -> Option<State> {
    match cell(state, event) {
        Cell::To(to) => Some(to),
        Cell::Recorded => Some(state),
        Cell::Refused => None,
    }
}

/// The events the table accepts in `state`, in table order; rules are not consulted.
pub fn allowed_events(state: State) -> impl Iterator<Item = Event> + Clone {
    Event::ALL
        .iter()
        .copied()
        .filter(move |&event| cell(state, event) != Cell::Refused)
}

/// The one event that moves `from` to `to`; none when there is no such event or more than one.
#[must_use]
pub fn event_between(from: State, to: State) -> Option<Event> {
    let mut events = Event::ALL
        .iter()
        .copied()
        .filter(|&event| cell(from, event) == Cell::To(to));
    let only = events.next()?;
    events.next().is_none().then_some(only)
}

impl State {
    /// True unless CLOSED or ARCHIVED.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Closed | Self::Archived)
    }

    /// What this state says to a person who sees it for the first time.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::New => "made, nothing sent yet",
            Self::Active => "the first mail went out",
            Self::Engaged => "the lead answered",
            Self::Qualified => "the lead meets the qualification criteria",
            Self::ReadyForHandover => "a person should take it",
            Self::HandedOver => "a person has it",
            Self::Closed => "ended; a reply may reopen it",
            Self::Archived => "ended for good",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as people read it: `=` recorded, `.` refused, otherwise the state moved to.
    const EXPECTED: &str = "
        FIRST_EMAIL_SENT           ACTIVE . . . . . . .
        LEAD_REPLIED               . ENGAGED = = = = ENGAGED .
        ENGAGEMENT_INCREASED       . = = = = = . .
        QUALIFICATION_CRITERIA_MET . . QUALIFIED . . . . .
        HANDOVER_REQUESTED         . . . READY_FOR_HANDOVER . . . .
        HUMAN_AGENT_ASSIGNED       . . . . HANDED_OVER = . .
        CONVERSATION_COMPLETED     . . . . . CLOSED . .
        CONVERSATION_ABANDONED     CLOSED CLOSED CLOSED CLOSED CLOSED CLOSED . .
        MANUAL_ARCHIVE             . . . . . . ARCHIVED .";

    #[test]
    fn all_72_pairs_are_as_written() {
        let mut seen = 0;
        for line in EXPECTED.lines().filter(|l| !l.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let event: Event = words.next().unwrap().parse().unwrap();
            for (state, word) in State::ALL.iter().zip(words) {
                let expected = match word {
                    "." => Cell::Refused,
                    "=" => Cell::Recorded,
                    name => Cell::To(name.parse().unwrap()),
                };
                assert_eq!(cell(*state, event), expected, "{event} in {state}");
                seen += 1;
            }
        }
        assert_eq!(seen, 72);
    }

    #[test]
    fn allowed_events_follow_the_table() {
        let allowed: Vec<&str> = allowed_events(State::Closed).map(Event::as_str).collect();
        assert_eq!(allowed, ["LEAD_REPLIED", "MANUAL_ARCHIVE"]);
        assert_eq!(allowed_events(State::Archived).count(), 0);
    }

    #[test]
    fn an_event_between_two_states_is_named_only_when_it_is_the_only_one() {
        assert_eq!(
            event_between(State::New, State::Active),
            Some(Event::FirstEmailSent)
        );
        assert_eq!(event_between(State::HandedOver, State::Closed), None);
        assert_eq!(event_between(State::New, State::Qualified), None);
    }
}
