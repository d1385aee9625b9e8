//! Pictures of the machine, printed from [`TRANSITIONS`](crate::machine::TRANSITIONS).

use std::fmt::Write as _;

use crate::machine::{Cell, Event, State, cell};

/// Mermaid state diagram; recorded events are notes beside their state.
#[must_use]
pub fn mermaid() -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> NEW\n");
    for &from in State::ALL {
        for &event in Event::ALL {
            if let Cell::To(to) = cell(from, event) {
                let _ = writeln!(out, "    {from} --> {to}: {event}");
            }
        }
    }
    out.push_str("    ARCHIVED --> [*]\n");
    for &state in State::ALL {
        let recorded: Vec<&str> = Event::ALL
            .iter()
            .filter(|&&event| cell(state, event) == Cell::Recorded)
            .map(|event| event.as_str())
            .collect();
        if !recorded.is_empty() {
            let _ = writeln!(
                out,
                "    note right of {state}: records {}",
                recorded.join(", ")
            );
        }
    }
    out
}

/// Markdown table of all 72 pairs: `→ X` moves, `=` is recorded, `·` is refused.
#[must_use]
pub fn table() -> String {
    let mut out = String::from("| event \\ state |");
    for state in State::ALL {
        let _ = write!(out, " {state} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(State::ALL.len()));
    out.push('\n');
    for &event in Event::ALL {
        let _ = write!(out, "| {event} |");
        for &state in State::ALL {
            let _ = match cell(state, event) {
                Cell::To(to) => write!(out, " → {to} |"),
                Cell::Recorded => write!(out, " = |"),
                Cell::Refused => write!(out, " · |"),
            };
        }
        out.push('\n');
    }
    out
}

/// The whole page `docs/state-machine.md`.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "# The state machine\n\n<!-- Printed from `convo_core::machine::TRANSITIONS`; do not edit by hand. -->\n\n\
         Eight states, nine events. Every one of the 72 pairs is defined: `→ X` moves, `=` is recorded \
         (audited, version + 1, state unchanged), `·` is refused with `invalid_transition`.\n\n",
    );
    out.push_str(&table());
    out.push_str("\n```mermaid\n");
    out.push_str(&mermaid());
    out.push_str("```\n\n| state | meaning |\n|---|---|\n");
    for state in State::ALL {
        let _ = writeln!(out, "| {state} | {} |", state.meaning());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_is_drawn_once() {
        let arrows = mermaid()
            .lines()
            .filter(|l| l.contains(" --> ") && !l.contains("[*]"))
            .count();
        let moves = State::ALL
            .iter()
            .flat_map(|&s| Event::ALL.iter().map(move |&e| cell(s, e)))
            .filter(|c| matches!(c, Cell::To(_)))
            .count();
        assert_eq!(arrows, moves);
    }

    #[test]
    fn the_table_has_nine_rows_of_eight_cells() {
        let table = table();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), 9);
        assert!(rows.iter().all(|row| row.matches('|').count() == 10));
    }
}
