//! The nine events: a button for each that would be accepted now, and why not for the others.

use convo_core::vocabulary::Outcome;
use maud::{Markup, html};
use serde_json::Value;

use super::Conversation;
use crate::problem;
use crate::show::{self, choice, items, text};

/// The list.
pub fn list(of: &Conversation<'_>) -> Markup {
    html! {
        ul.events { @for event in of.events { (row(of, event)) } }
    }
}

/// Whether it would be accepted now, or as soon as an agent is chosen.
fn is_possible(event: &Value) -> bool {
    let lacks = items(event, "rules")
        .iter()
        .filter(|rule| rule["passed"] == false && rule["required"] == true);
    let lacks: Vec<&str> = lacks.map(|rule| text(rule, "id")).collect();
    event["canProceed"] == true || (event["isValid"] == true && lacks == ["agent_assignment"])
}

fn row(of: &Conversation<'_>, event: &Value) -> Markup {
    let (code, possible) = (text(event, "event"), is_possible(event));
    let stays = event["fromState"] == event["toState"];
    html! {
        li data-event=(code) data-allowed=(possible) {
            div {
                strong { (show::name(code)) }
                @if event["toState"].is_string() {
                    @if stays { span.help { " is recorded, the state stays" } }
                    @else { " → " (show::state(text(event, "toState"))) }
                }
            }
            @if possible { @if of.viewer.may_write { (form(of, event)) } }
            @else { (why(event)) }
        }
    }
}

fn form(of: &Conversation<'_>, event: &Value) -> Markup {
    let code = text(event, "event");
    html! {
        form.inline method="post" action=(of.action("transition")) {
            (show::guarded(of.viewer))
            input type="hidden" name="event" value=(code);
            input type="hidden" name="expectedVersion" value=(show::number(of.status, "version"));
            @match code {
                "HUMAN_AGENT_ASSIGNED" => (agent(of)),
                "CONVERSATION_COMPLETED" | "CONVERSATION_ABANDONED" => (outcome(code)),
                _ => {},
            }
            button.quiet type="submit" data-fire=(code) aria-label={ "Trigger " (show::words(code)) } { "Trigger" }
            @for warning in items(event, "warnings") { span.help { " " (warned(warning)) } }
        }
    }
}

fn warned(warning: &Value) -> String {
    match warning.as_str() {
        Some(code) => show::words(code),
        None => show::said(text(warning, "message")),
    }
}

/// Whom it is given to.
pub(super) fn agent(of: &Conversation<'_>) -> Markup {
    let own = of.viewer.agent.as_deref().unwrap_or_default();
    html! {
        label { span.hidden { "Agent" } select name="agentId" required {
            option value="" { "Agent…" }
            @for agent in of.agents { (choice(text(agent, "id"), &show::line(text(agent, "name"), "without a name"), own)) }
        } }
    }
}

fn outcome(event: &str) -> Markup {
    let usual = if event == "CONVERSATION_COMPLETED" {
        "won"
    } else {
        "other"
    };
    html! {
        label { span.hidden { "Outcome" } select name="outcome" {
            @for outcome in Outcome::ALL {
                // It needs a date, which has a form of its own in the API.
                @if *outcome != Outcome::NotNow { (choice(outcome.as_str(), &show::name(outcome.as_str()), usual)) }
            }
        } }
    }
}

fn why(event: &Value) -> Markup {
    let failed: Vec<&Value> = items(event, "rules")
        .iter()
        .filter(|rule| rule["passed"] == false && rule["required"] == true)
        .collect();
    html! {
        div.why {
            @if event["isValid"] != true { p { "Not possible in " (show::words(text(event, "fromState"))) "." } }
            @else if failed.is_empty() { p { "Not now: " (show::words(text(event, "reason"))) "." } }
            @else { ul { @for rule in failed { (problem::unmet(rule)) } } }
        }
    }
}
