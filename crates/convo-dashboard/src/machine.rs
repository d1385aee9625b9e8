//! The state machine as SVG, drawn from the core's one table, with the present state lit.

use convo_core::machine::{Cell, Event, State, cell};
use maud::{Markup, html};

use crate::show;

const WIDTH: i32 = 146;
const HEIGHT: i32 = 44;

/// The middle of a state's box.
const fn middle(state: State) -> (i32, i32) {
    match state {
        State::New => (76, 40),
        State::Active => (240, 40),
        State::Engaged => (404, 40),
        State::Qualified => (568, 40),
        State::ReadyForHandover => (732, 40),
        State::HandedOver => (896, 40),
        State::Closed => (486, 200),
        State::Archived => (732, 200),
    }
}

/// The steps between two states: from, to, and the events that take it.
fn steps() -> Vec<(State, State, Vec<Event>)> {
    let mut steps: Vec<(State, State, Vec<Event>)> = Vec::new();
    for from in State::ALL {
        for event in Event::ALL {
            let Cell::To(to) = cell(*from, *event) else {
                continue;
            };
            match steps.iter_mut().find(|(a, b, _)| a == from && *b == to) {
                Some((_, _, events)) => events.push(*event),
                None => steps.push((*from, to, vec![*event])),
            }
        }
    }
    steps
}

/// The machine; `now` is the wire name of the present state.
#[must_use]
pub fn diagram(now: &str) -> Markup {
    let lit = State::ALL
        .iter()
        .copied()
        .find(|state| state.as_str() == now);
    html! {
        div.scroll tabindex="0" role="region" aria-label="State machine" {
            svg.machine viewBox="0 0 972 240" role="img" aria-label={ "State machine, now in " (show::words(now)) } {
                defs {
                    marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto" {
                        path.tip d="M0 0 L8 4 L0 8 z" {}
                    }
                }
                @for (from, to, events) in steps() {
                    path.step.out[lit == Some(from)] d=(path(from, to)) marker-end="url(#arrow)" {
                        title { (show::name(from.as_str())) " → " (show::name(to.as_str())) ": " (named(&events)) }
                    }
                }
                @for state in State::ALL { (drawn(*state, lit == Some(*state))) }
            }
        }
    }
}

fn named(events: &[Event]) -> String {
    let names: Vec<String> = events
        .iter()
        .map(|event| show::words(event.as_str()))
        .collect();
    names.join(", ")
}

fn drawn(state: State, lit: bool) -> Markup {
    let (x, y) = middle(state);
    html! {
        g.box.lit[lit] data-state=(state.as_str()) data-of=(state.as_str()) {
            title { (show::name(state.as_str())) ": " (state.meaning()) }
            rect x=(x - WIDTH / 2) y=(y - HEIGHT / 2) width=(WIDTH) height=(HEIGHT) rx="8" {}
            text x=(x) y=(y + 5) text-anchor="middle" { (show::name(state.as_str())) }
        }
    }
}

/// From edge to edge: along a row, down to where conversations end, or back up.
fn path(from: State, to: State) -> String {
    let ((x, y), (to_x, to_y)) = (middle(from), middle(to));
    if y == to_y {
        return format!("M{} {y} L{} {to_y}", x + WIDTH / 2, to_x - WIDTH / 2 - 2);
    }
    if y < to_y {
        let (down, up) = (y + HEIGHT / 2, to_y - HEIGHT / 2 - 2);
        // Where they arrive follows from where they come from, so that no two lie on each other.
        let end = to_x + (x - to_x) / 8 + 12;
        return format!(
            "M{x} {down} C{x} {} {end} {} {end} {up}",
            down + 70,
            up - 50
        );
    }
    let (up, down) = (y - HEIGHT / 2, to_y + HEIGHT / 2 + 2);
    let start = x - WIDTH / 2 + 12;
    format!(
        "M{start} {up} C{start} {} {} {} {} {down}",
        up - 60,
        to_x - 40,
        down + 60,
        to_x - 40
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_table_is_drawn_and_one_state_is_lit() {
        let moves = State::ALL
            .iter()
            .flat_map(|state| Event::ALL.iter().map(|event| cell(*state, *event)));
        let moves = moves.filter(|cell| matches!(cell, Cell::To(_))).count();
        let drawn: usize = steps().iter().map(|(_, _, events)| events.len()).sum();
        assert_eq!(drawn, moves);
        let html = diagram("ENGAGED").into_string();
        assert_eq!(html.matches(" lit\"").count(), 1, "{html}");
        assert!(
            html.contains("<g class=\"box lit\" data-state=\"ENGAGED\""),
            "{html}"
        );
        assert_eq!(html.matches("<g ").count(), 8);
        assert_eq!(
            diagram("IMPORTED").into_string().matches(" lit\"").count(),
            0
        );
    }
}
