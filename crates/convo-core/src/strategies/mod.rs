//! Strategies for property tests of one's own rules and policies.
//!
//! [`walks`] are events that the table accepts one after the other; [`commands`] are any sequence of things
//! that happen or are asked for, in and out of order; [`plays`] are conversations that such a sequence ends
//! in. [`Play`] runs commands through the two doors, and checks nothing: what must hold is the test's to say.

mod play;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

pub use play::Play;

use crate::machine::{Event, State, allowed_events, next_state};
use crate::signals::{Sentiment, Signal, SignalClass, signal};
use crate::vocabulary::{Kind, Outcome};

/// Something that happens or is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Minutes that pass before it.
    pub after_minutes: u32,
    /// Minutes by which its own time lies before its arrival.
    pub late_minutes: u32,
    /// What it is.
    pub act: Act,
}

/// What happens or is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// We write.
    Send,
    /// An agent leaves a note.
    Note,
    /// The lead writes.
    Reply {
        /// Signals in it.
        signals: Vec<Signal>,
        /// Its tone.
        sentiment: Sentiment,
    },
    /// Somebody else writes.
    OtherWrites,
    /// A mail says it is the lead's and is not.
    Forged,
    /// A person says that the newest such mail is the lead's after all.
    Vouched,
    /// We acknowledge by machine.
    Acknowledged,
    /// A mail of this kind comes from the lead's address.
    Automated(Kind),
    /// The newest outbound message arrives.
    Delivered,
    /// The newest outbound message is opened.
    Opened,
    /// A link in it is followed.
    Clicked,
    /// It fails for good.
    HardBounce,
    /// It fails for now.
    SoftBounce,
    /// The lead presses "spam".
    Complaint,
    /// The lead unsubscribes.
    Unsubscribe,
    /// Somebody asks for an event, with or without an agent.
    Trigger(Event, bool),
    /// An agent takes over.
    TakeOver,
    /// The owner gives it back.
    Release,
    /// Somebody corrects the outcome.
    SetOutcome(Outcome),
    /// The no-reply timer fires.
    NoReplyDue,
    /// The archive timer fires.
    ArchiveDue,
    /// Somebody snoozes it for so many minutes; 0 wakes it.
    Snooze(u32),
    /// The snooze timer fires.
    SnoozeDue,
    /// The follow-up timer fires.
    FollowUpDue,
}

/// Events that the table accepts one after the other, beginning in NEW; at most `length` of them.
pub fn walks(length: usize) -> impl Strategy<Value = Vec<Event>> {
    vec(any::<proptest::sample::Index>(), 0..=length).prop_map(|choices| {
        let mut state = State::New;
        let mut walk = Vec::with_capacity(choices.len());
        for choice in choices {
            let allowed: Vec<Event> = allowed_events(state).collect();
            if allowed.is_empty() {
                break;
            }
            let event = *choice.get(&allowed);
            state = next_state(state, event).unwrap_or(state);
            walk.push(event);
        }
        walk
    })
}

/// Any sequence of commands, at most `length` of them.
pub fn commands(length: usize) -> impl Strategy<Value = Vec<Command>> {
    vec(command(), 0..=length)
}

/// Conversations that at most `length` commands end in, under the default policy and the standard rules.
pub fn plays(length: usize) -> impl Strategy<Value = Play> {
    commands(length).prop_map(|commands| {
        let mut play = Play::new();
        play.run(&commands);
        play
    })
}

/// One command.
pub fn command() -> impl Strategy<Value = Command> {
    // Mostly prompt and in order; sometimes days later, sometimes late.
    let after = prop_oneof![6 => 0..90u32, 2 => 90..6_000u32, 1 => 6_000..400_000u32];
    let late = prop_oneof![4 => Just(0), 1 => 0..200u32, 1 => 0..20_000u32];
    (after, late, act()).prop_map(|(after_minutes, late_minutes, act)| Command {
        after_minutes,
        late_minutes,
        act,
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Send),
        8 => (signals(), sentiment()).prop_map(|(signals, sentiment)| Act::Reply { signals, sentiment }),
        1 => Just(Act::Note),
        1 => Just(Act::OtherWrites),
        1 => Just(Act::Forged),
        1 => Just(Act::Vouched),
        1 => Just(Act::Acknowledged),
        2 => kind().prop_map(Act::Automated),
        3 => Just(Act::Delivered),
        2 => Just(Act::Opened),
        2 => Just(Act::Clicked),
        1 => Just(Act::HardBounce),
        1 => Just(Act::SoftBounce),
        1 => Just(Act::Complaint),
        1 => Just(Act::Unsubscribe),
        4 => (event(), any::<bool>()).prop_map(|(event, agent)| Act::Trigger(event, agent)),
        1 => Just(Act::TakeOver),
        1 => Just(Act::Release),
        1 => proptest::sample::select(Outcome::ALL).prop_map(Act::SetOutcome),
        1 => Just(Act::NoReplyDue),
        1 => Just(Act::ArchiveDue),
        1 => prop_oneof![1 => Just(0), 2 => 1..100_000u32].prop_map(Act::Snooze),
        1 => Just(Act::SnoozeDue),
        1 => Just(Act::FollowUpDue),
    ]
}

/// Any event.
pub fn event() -> impl Strategy<Value = Event> {
    proptest::sample::select(Event::ALL)
}

/// Any state.
pub fn state() -> impl Strategy<Value = State> {
    proptest::sample::select(State::ALL)
}

/// Any tone.
pub fn sentiment() -> impl Strategy<Value = Sentiment> {
    proptest::sample::select(vec![
        Sentiment::Negative,
        Sentiment::Neutral,
        Sentiment::Positive,
    ])
}

fn kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(vec![
        Kind::AutoReply,
        Kind::OutOfOffice,
        Kind::Delay,
        Kind::List,
        Kind::OptOut,
    ])
}

/// Signals of one reply: none, or some of the shipped pack's.
pub fn signals() -> impl Strategy<Value = Vec<Signal>> {
    let known = vec![
        Signal::new(signal::INTEREST, SignalClass::Interest),
        Signal::new(signal::TEST_DRIVE, SignalClass::Purchase),
        Signal::new(signal::PRICING, SignalClass::Purchase),
        Signal::new(signal::PURCHASE, SignalClass::Purchase),
        Signal::new(signal::HAND_RAISE, SignalClass::HandRaise),
    ];
    proptest::sample::subsequence(known, 0..=2)
}
