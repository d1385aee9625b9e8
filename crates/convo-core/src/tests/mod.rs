//! Behaviour of the two doors, seen from outside.

mod anchors;
mod cascade;
mod cells;
mod clocks;
mod closing;
mod forged;
mod lead_journey;
mod permutations;
mod properties;
mod replays;

use crate::signals::{Signal, SignalClass, signal};
use crate::strategies::Play;

fn interest() -> Signal {
    Signal::new(signal::INTEREST, SignalClass::Interest)
}

fn test_drive() -> Signal {
    Signal::new(signal::TEST_DRIVE, SignalClass::Purchase)
}

fn purchase() -> Signal {
    Signal::new(signal::PURCHASE, SignalClass::Purchase)
}

/// We write, and the lead answers half an hour later.
fn exchange(play: &mut Play, signals: &[Signal]) {
    play.wait(60);
    play.send();
    play.wait(30);
    play.reply(signals);
}

/// The accepted events since the `n`th decision, as names.
fn events_since(play: &Play, n: usize) -> Vec<&'static str> {
    play.decisions
        .iter()
        .skip(n)
        .flat_map(|decision| decision.steps().map(|step| step.event.as_str()))
        .collect()
}
