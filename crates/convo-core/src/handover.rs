//! Handing a conversation to a person: whom to ask, until when, and how far it is.
//!
//! Everything here is a value: the caller brings the agents and the present, and stores what comes back.
//!
//! - A conversation *wants an agent* in READY_FOR_HANDOVER, and in HANDED_OVER while nobody owns it.
//! - One agent is asked at a time. In a *round* nobody is asked twice: first whoever had the lead before, then
//!   those with the least load, the longest not asked first among equals; when all have been asked, the agents
//!   flagged as managers. A round that ends with nobody is an alarm, and the next one begins.
//! - *Load* is what an agent owns and is open, plus offers that are open; for the choice, offers in a row that the
//!   agent let pass count too, so that somebody who never answers is not asked more often than the others.
//! - An agent is *present* when active, not away and inside working hours of the agent's own. The policy's calendar
//!   keeps nobody from being asked: it is the clock of those without hours, and stands still outside of them.

mod clock;
mod desk;
mod facts;
pub mod quote;
#[cfg(test)]
mod tests;
mod turn;

pub use clock::{half_way, until};
pub use desk::{Desk, own_hours};
pub use facts::{HandoverFacts, HandoverStatus};
pub use turn::{Turn, Wanted, turn};
