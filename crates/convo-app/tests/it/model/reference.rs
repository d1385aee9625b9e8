//! The rules as the documents have them, told again as simply as possible: what each command does to a few leads.
//!
//! Nothing here asks the program; of the core it takes the table of transitions alone. Scores are left out: recorded
//! `ENGAGEMENT_INCREASED` of the system's own is not predicted.

use convo_core::machine::{Cell, Event, State, cell};
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

/// Leads of one case.
pub const LEADS: usize = 3;
const MINUTES_OF_A_DAY: i64 = 24 * 60;
/// Days after our last mail, of silence, until we give up; after a closing, until it is put away.
const SILENCE: i64 = 30 * MINUTES_OF_A_DAY;
const PUT_AWAY: i64 = 210 * MINUTES_OF_A_DAY;

/// Something that is asked for or happens; the number is the lead's.
#[derive(Debug, Clone)]
pub enum Step {
    /// A conversation is made, or the open one found.
    Begin(usize),
    /// Our AI writes.
    Write(usize),
    /// The lead writes a mail that names one of ours, another lead's or none, and asks for a person or not.
    Mail(usize, Parent, bool),
    /// Two mails of the lead, the answer before the one it answers.
    Crossed(usize),
    /// The lead's last mail comes again, by the same call or another delivery.
    Again(usize, bool),
    /// The provider says that our last mail was delivered or opened; or that, twice.
    Fared(usize, &'static str, bool),
    Complained(usize),
    /// The link at the end of our mails.
    Unsubscribe(usize),
    /// An event by request, expecting the right version or a wrong one, once or twice under one key.
    Ask(usize, Event, bool, bool),
    Accept(usize),
    Decline(usize),
    Release(usize),
    TakeOver(usize),
    Erase(usize),
    Hours(u16),
    Restart,
}

/// Which of our mails a mail names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    Ours,
    Nothing,
    /// One that we sent to somebody else.
    Forged,
}

/// A conversation.
#[derive(Debug, Clone)]
pub struct Talk {
    pub state: State,
    /// Accepted events, but those the system records of engagement.
    pub events: Vec<Event>,
    pub messages: u32,
    pub owned: bool,
    pub outbound: u32,
    replies: u32,
    raised: bool,
    delivered: bool,
    /// A reply that no LEAD_REPLIED has taken.
    pending: bool,
    /// Of the newest human message.
    ours_is_last: bool,
    last_outbound: i64,
    closed_at: i64,
    silent: bool,
}

/// A lead.
#[derive(Debug, Clone, Default)]
pub struct Person {
    pub talks: Vec<Talk>,
    /// Mails of the lead so far.
    pub mails: u32,
    pub opted_out: bool,
    pub complained: bool,
    /// Said to want no more, and wrote nothing since.
    gone: bool,
    pub erased: bool,
}

/// All of them, and the time in minutes.
#[derive(Debug, Clone, Default)]
pub struct Town {
    pub people: [Person; LEADS],
    pub now: i64,
}

impl Talk {
    fn new() -> Self {
        Self {
            state: State::New,
            events: Vec::new(),
            messages: 0,
            owned: false,
            outbound: 0,
            replies: 0,
            raised: false,
            delivered: false,
            pending: false,
            ours_is_last: false,
            last_outbound: 0,
            closed_at: 0,
            silent: false,
        }
    }

    /// Takes an event as the table has it.
    fn take(&mut self, event: Event, now: i64) -> bool {
        match cell(self.state, event) {
            Cell::Refused => return false,
            Cell::Recorded => {}
            Cell::To(to) => self.state = to,
        }
        self.events.push(event);
        if event == Event::LeadReplied {
            self.pending = false;
        }
        if self.state == State::Closed {
            self.closed_at = now;
        }
        true
    }

    /// What the seven rules demand of a request; those about scores are met by who asks for a person.
    fn holds(&self, event: Event) -> bool {
        match event {
            Event::FirstEmailSent => self.outbound > 0,
            Event::LeadReplied => {
                self.pending || !matches!(self.state, State::Active | State::Closed)
            }
            Event::QualificationCriteriaMet | Event::HandoverRequested => self.raised,
            _ => true,
        }
    }

    fn first_contact(&mut self, now: i64) {
        let reached = self.replies > 0 || self.delivered;
        if self.state == State::New && self.outbound > 0 && reached {
            self.take(Event::FirstEmailSent, now);
            if self.replies > 0 {
                self.take(Event::LeadReplied, now);
            }
        }
    }

    fn ours(&mut self, now: i64) {
        self.messages += 1;
        self.outbound += 1;
        self.ours_is_last = true;
        self.last_outbound = now;
        self.first_contact(now);
    }

    fn reply(&mut self, raised: bool, now: i64) {
        self.messages += 1;
        self.replies += 1;
        self.raised |= raised;
        self.pending = true;
        self.ours_is_last = false;
        if self.state == State::New {
            self.first_contact(now);
        } else {
            self.take(Event::LeadReplied, now);
        }
        if self.owned || !self.raised {
            return;
        }
        if self.state == State::Engaged {
            self.take(Event::QualificationCriteriaMet, now);
        }
        if self.state == State::Qualified {
            self.take(Event::HandoverRequested, now);
        }
    }

    fn may_reopen(&self, now: i64) -> bool {
        let days = if self.silent { 180 } else { 14 };
        self.state == State::Closed && now - self.closed_at <= days * MINUTES_OF_A_DAY
    }

    /// Time passes: what nobody answers is given up, what is long closed is put away.
    fn passes(&mut self, now: i64) {
        let waits = matches!(
            self.state,
            State::Active | State::Engaged | State::Qualified
        );
        if waits && !self.owned && self.ours_is_last && now - self.last_outbound >= SILENCE {
            self.take(Event::ConversationAbandoned, now);
            self.silent = true;
        } else if self.state == State::Closed && now - self.closed_at >= PUT_AWAY {
            self.take(Event::ManualArchive, now);
        }
    }
}

impl Person {
    /// The one that everything goes to: the open one is always the last.
    pub fn last(&mut self) -> Option<&mut Talk> {
        self.talks.last_mut()
    }

    fn mail(&mut self, raised: bool, now: i64) {
        self.mails += 1;
        self.gone = false;
        let there = self
            .last()
            .is_some_and(|talk| talk.state.is_open() || talk.may_reopen(now));
        if !there {
            self.talks.push(Talk::new());
        }
        if let Some(talk) = self.last() {
            talk.silent &= talk.state == State::Closed && talk.state.is_open();
            talk.reply(raised, now);
        }
    }

    /// The lead wants no more: what no agent has is over.
    fn leaves(&mut self, now: i64) {
        self.gone = true;
        if let Some(talk) = self
            .last()
            .filter(|talk| talk.state.is_open() && !talk.owned)
        {
            talk.take(Event::ConversationAbandoned, now);
        }
    }
}

impl Town {
    pub fn play(&mut self, step: &Step) {
        self.now += 1;
        let now = self.now;
        match *step {
            Step::Begin(who) => {
                let person = &mut self.people[who];
                if !person.last().is_some_and(|talk| talk.state.is_open()) {
                    person.talks.push(Talk::new());
                }
            }
            Step::Write(who) => self.talk(who).ours(now),
            Step::Mail(who, _, raised) => self.people[who].mail(raised, now),
            Step::Crossed(who) => {
                self.people[who].mail(false, now);
                self.people[who].mail(false, now);
            }
            Step::Again(..) | Step::Decline(_) | Step::Restart => {}
            Step::Fared(who, what, _) => {
                let talk = self.talk(who);
                if what == "delivered" {
                    talk.delivered = true;
                    if talk.state == State::New {
                        talk.take(Event::FirstEmailSent, now);
                    }
                }
            }
            Step::Complained(who) => {
                self.people[who].complained = true;
                self.people[who].leaves(now);
            }
            Step::Unsubscribe(who) => {
                // Again it changes nothing, until the person has written since.
                let person = &mut self.people[who];
                if !(person.opted_out && person.gone) {
                    person.opted_out = true;
                    person.leaves(now);
                }
            }
            Step::Ask(who, event, right, _) => {
                let talk = self.talk(who);
                if right && talk.holds(event) && talk.take(event, now) {
                    talk.owned |= event == Event::HumanAgentAssigned;
                    talk.silent = false;
                }
            }
            Step::Accept(who) => {
                let talk = self.talk(who);
                if !talk.owned && talk.take(Event::HumanAgentAssigned, now) {
                    talk.owned = true;
                }
            }
            Step::Release(who) => self.talk(who).owned = false,
            Step::TakeOver(who) => {
                let talk = self.talk(who);
                for event in [
                    Event::FirstEmailSent,
                    Event::LeadReplied,
                    Event::QualificationCriteriaMet,
                    Event::HandoverRequested,
                    Event::HumanAgentAssigned,
                ] {
                    if matches!(cell(talk.state, event), Cell::To(_)) {
                        talk.take(event, now);
                    }
                }
                talk.owned = true;
            }
            Step::Erase(who) => self.people[who].erased = true,
            Step::Hours(hours) => {
                self.now += i64::from(hours) * 60;
                for person in &mut self.people {
                    person
                        .talks
                        .iter_mut()
                        .for_each(|talk| talk.passes(self.now));
                }
            }
        }
    }

    fn talk(&mut self, who: usize) -> &mut Talk {
        self.people[who].last().expect("a precondition")
    }

    /// Whether a step makes sense now, so that every case is worth its time.
    pub fn allows(&self, step: &Step) -> bool {
        let open = |talk: &Talk| talk.state.is_open();
        let (who, needed): (usize, fn(&Talk) -> bool) = match step {
            Step::Hours(_) | Step::Restart => return true,
            Step::Begin(who) => return !self.people[*who].erased,
            Step::Mail(who, parent, _) => match parent {
                Parent::Nothing => return !self.people[*who].erased,
                Parent::Ours => (*who, |talk| talk.outbound > 0),
                Parent::Forged => {
                    let other = &self.people[(who + 1) % LEADS];
                    let sent = other.talks.last().is_some_and(|talk| talk.outbound > 0);
                    return !self.people[*who].erased && !other.erased && sent;
                }
            },
            Step::Crossed(who) | Step::Again(who, _) => {
                let person = &self.people[*who];
                return !person.erased && person.mails > 0;
            }
            Step::Write(who) | Step::Ask(who, ..) | Step::Erase(who) => (*who, |_| true),
            Step::Fared(who, ..) | Step::Complained(who) => (*who, |talk| talk.outbound > 0),
            Step::Unsubscribe(who) => (*who, open),
            Step::Accept(who) | Step::Decline(who) => (*who, |talk| {
                talk.state == State::ReadyForHandover && !talk.owned
            }),
            Step::Release(who) => (*who, |talk| talk.owned && talk.state == State::HandedOver),
            Step::TakeOver(who) => (*who, |talk| {
                talk.state.is_open() && talk.state != State::HandedOver
            }),
        };
        let person = &self.people[who];
        !person.erased && person.talks.last().is_some_and(needed)
    }
}

impl ReferenceStateMachine for Town {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let who = 0..LEADS;
        let parent = prop_oneof![
            3 => Just(Parent::Ours),
            1 => Just(Parent::Nothing),
            1 => Just(Parent::Forged),
        ];
        let fared = prop::sample::select(&["delivered", "delivered", "opened"][..]);
        prop_oneof![
            4 => who.clone().prop_map(Step::Begin),
            6 => who.clone().prop_map(Step::Write),
            8 => (who.clone(), parent, prop::bool::weighted(0.2))
                .prop_map(|(who, parent, raised)| Step::Mail(who, parent, raised)),
            2 => who.clone().prop_map(Step::Crossed),
            2 => (who.clone(), any::<bool>()).prop_map(|(who, same)| Step::Again(who, same)),
            3 => (who.clone(), fared, any::<bool>())
                .prop_map(|(who, what, twice)| Step::Fared(who, what, twice)),
            1 => who.clone().prop_map(Step::Complained),
            1 => who.clone().prop_map(Step::Unsubscribe),
            8 => (who.clone(), prop::sample::select(Event::ALL), prop::bool::weighted(0.85), any::<bool>())
                .prop_map(|(who, event, right, twice)| Step::Ask(who, event, right, twice)),
            2 => who.clone().prop_map(Step::Accept),
            1 => who.clone().prop_map(Step::Decline),
            2 => who.clone().prop_map(Step::Release),
            1 => who.clone().prop_map(Step::TakeOver),
            1 => who.prop_map(Step::Erase),
            3 => prop::sample::select(&[2_u16, 30, 400, 800][..]).prop_map(Step::Hours),
            1 => Just(Step::Restart),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        state.play(step);
        state
    }

    fn preconditions(state: &Self, step: &Step) -> bool {
        state.allows(step)
    }
}
