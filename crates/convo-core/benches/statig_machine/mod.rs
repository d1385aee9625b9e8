//! The same machine in `statig`, in its fastest form: no superstates and no actions, each state a function. What a state
//! handles without a transition leaves it as it is, accepted or refused: `statig` does not tell them apart.

use std::hint::black_box;

use convo_core::machine::{Event, State as Ours};
use statig::prelude::*;

struct Walk;

/// The state after these events, from NEW.
pub fn by_statig(events: &[Event]) -> Ours {
    let mut machine = Walk.state_machine();
    for event in events {
        machine.handle(&black_box(*event));
    }
    match machine.state() {
        State::Begun {} => Ours::New,
        State::Active {} => Ours::Active,
        State::Engaged {} => Ours::Engaged,
        State::Qualified {} => Ours::Qualified,
        State::ReadyForHandover {} => Ours::ReadyForHandover,
        State::HandedOver {} => Ours::HandedOver,
        State::Closed {} => Ours::Closed,
        State::Archived {} => Ours::Archived,
    }
}

#[state_machine(initial = "State::begun()")]
impl Walk {
    #[state]
    fn begun(event: &Event) -> Outcome<State> {
        match event {
            Event::FirstEmailSent => Transition(State::active()),
            Event::ConversationAbandoned => Transition(State::closed()),
            _ => Handled,
        }
    }

    #[state]
    fn active(event: &Event) -> Outcome<State> {
        match event {
            Event::LeadReplied => Transition(State::engaged()),
            Event::ConversationAbandoned => Transition(State::closed()),
            _ => Handled,
        }
    }

    #[state]
    fn engaged(event: &Event) -> Outcome<State> {
        match event {
            Event::QualificationCriteriaMet => Transition(State::qualified()),
            Event::ConversationAbandoned => Transition(State::closed()),
            _ => Handled,
        }
    }

    #[state]
    fn qualified(event: &Event) -> Outcome<State> {
        match event {
            Event::HandoverRequested => Transition(State::ready_for_handover()),
            Event::ConversationAbandoned => Transition(State::closed()),
            _ => Handled,
        }
    }

    #[state]
    fn ready_for_handover(event: &Event) -> Outcome<State> {
        match event {
            Event::HumanAgentAssigned => Transition(State::handed_over()),
            Event::ConversationAbandoned => Transition(State::closed()),
            _ => Handled,
        }
    }

    #[state]
    fn handed_over(event: &Event) -> Outcome<State> {
        match event {
            Event::ConversationCompleted | Event::ConversationAbandoned => {
                Transition(State::closed())
            }
            _ => Handled,
        }
    }

    #[state]
    fn closed(event: &Event) -> Outcome<State> {
        match event {
            Event::LeadReplied => Transition(State::engaged()),
            Event::ManualArchive => Transition(State::archived()),
            _ => Handled,
        }
    }

    #[state]
    fn archived() -> Outcome<State> {
        Handled
    }
}
