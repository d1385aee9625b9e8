//! State machine, rules, scores and lead journey of an e-mail conversation, without I/O.
//!
//! The crate has two doors. [`observe()`] takes in what happened (a mail came, a mail bounced) and cannot
//! fail; [`decide()`] is asked for something (trigger this event, take over) and may refuse, and the
//! [`Refusal`] says why. Both return a [`Decision`]: a list of [`Change`]s that [`Conversation::apply`]
//! and [`Lead::apply`] fold in. Nothing here reads a clock, draws an id or touches the outside: `now` is an
//! argument, and ids are whatever [`Key`] the caller brings.
//!
//! | module | what it holds |
//! |---|---|
//! | [`machine`], [`diagram`] | eight states, nine events, the table of all 72 pairs, and its pictures |
//! | [`vocabulary`] | directions, authors, kinds, outcomes, stages, milestones, flags, holds |
//! | [`words`] | what people read instead of codes |
//! | [`policy`], [`calendar`] | every threshold and weight; business hours in an IANA zone |
//! | [`lexicon`], [`signals`] | reading a message: signals, topics, intent, sentiment, opt-out |
//! | [`tally`] | facts of a conversation, kept incrementally from the codes stored with each message |
//! | [`email`] | delivery, opens and clicks, judged human or machine |
//! | [`scoring`] | engagement, qualification, handover readiness, each explained |
//! | [`handover`] | whom to offer a conversation to, until when, and how far it is |
//! | [`conversation`], [`lead`], [`change`] | the two aggregates and what can change in them |
//! | [`history`] | the state as of a time, folded out of the audit |
//! | [`clocks`] | when something is due by itself |
//! | [`rules`] | the seven rules and the trait for the caller's own |
//! | [`snapshot`], [`observe`](mod@observe), [`decide`](mod@decide) | what a decision sees, and the two doors |
//! | [`gate`] | whether a mail may go to a lead now, and every reason why not |
//! | [`stages`], [`journey`], [`metrics`] | when a stage is entered; analytics of a lead and of a conversation |
//! | [`waits`] | how long a lead waits for us; figures over minutes |
//! | `strategies` (feature `proptest`) | walks, command sequences and conversations for property tests |

pub mod calendar;
pub mod change;
pub mod clocks;
pub mod conversation;
pub mod decide;
pub mod diagram;
mod draft;
pub mod email;
pub mod gate;
pub mod handover;
pub mod history;
pub mod journey;
pub mod lead;
pub mod lexicon;
pub mod machine;
pub mod metrics;
pub mod observe;
pub mod policy;
pub mod rules;
pub mod scoring;
pub mod signals;
pub mod snapshot;
pub mod stages;
#[cfg(any(test, feature = "proptest"))]
pub mod strategies;
pub mod tally;
pub mod vocabulary;
pub mod waits;
pub mod words;

pub use change::{Cause, Change, Decision, TriggeredBy, Warning};
pub use conversation::Conversation;
pub use decide::{Refusal, Request, Trigger, Unmet, Validation, decide, validate};
pub use lead::Lead;
pub use machine::{Cell, Event, State};
pub use observe::{Observation, observe};
pub use policy::Policy;
pub use rules::{Rule, Rules};
pub use snapshot::{AgentFact, History, Snapshot};
pub use tally::{MessageFact, Tally};

/// A point in time, always UTC.
pub type Time = chrono::DateTime<chrono::Utc>;

/// What a caller may use as an id: integers, strings, UUIDs.
pub trait Key: Clone + Ord + std::fmt::Debug {}

impl<T: Clone + Ord + std::fmt::Debug> Key for T {}

#[cfg(test)]
mod tests;
