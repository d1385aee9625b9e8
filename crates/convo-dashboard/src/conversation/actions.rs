//! What people do with a handover, and the owner's answer.

use maud::{Markup, html};

use super::{Conversation, events};
use crate::show::{self, text};

/// How far the handover is, and the buttons of those who may.
pub fn handover(of: &Conversation<'_>) -> Markup {
    let handover = &of.status["integrationStatus"]["handover"];
    let offer = &handover["offer"];
    html! {
        dl.facts data-status=(text(handover, "status")) {
            dt { "Handover" } dd { (show::line(&show::words(text(handover, "status")), "none")) }
            @if offer.is_object() {
                dt { "Offered to" } dd { bdi { (show::line(text(offer, "agentName"), "an agent")) } ", answer due " (show::clock(&offer["dueAt"])) }
            }
            @if of.owner().is_some() {
                dt { "Owner" } dd { bdi { (show::line(text(of.record, "agentName"), "an agent")) } " since " (show::time(&handover["assignedAt"])) }
                dt { "In touch" } dd { (show::time(&handover["touchedAt"])) }
            }
            @if handover["replyDueAt"].is_string() { dt { "Reply due" } dd { (show::clock(&handover["replyDueAt"])) } }
        }
        @if of.viewer.may_act { (offered(of)) (owned(of)) (taken_over(of)) }
        @if of.is_open() && of.viewer.may_write { (sleep(of)) }
    }
}

fn button(of: &Conversation<'_>, act: &str, agent: Option<&str>, shown: &str) -> Markup {
    html! {
        form.inline method="post" action=(of.action(act)) {
            (show::guarded(of.viewer))
            @if let Some(agent) = agent { input type="hidden" name="agentId" value=(agent); }
            button.quiet[matches!(act, "decline" | "release")] type="submit" data-act=(act) { (shown) }
        }
    }
}

/// Accept and decline, of the agent who is asked; where nobody is, any agent may accept.
fn offered(of: &Conversation<'_>) -> Markup {
    let offer = &of.status["integrationStatus"]["handover"]["offer"];
    let asked = offer["agentId"].as_str();
    let waits = text(of.status, "currentState") == "READY_FOR_HANDOVER" && !offer.is_object();
    let own = of.viewer.agent.as_deref();
    html! {
        @if asked.is_some() && (own == asked || own.is_none()) {
            (button(of, "accept", asked, "Accept")) (button(of, "decline", asked, "Decline"))
        } @else if waits && own.is_some() { (button(of, "accept", own, "Accept")) }
    }
}

/// One tap after a call, and giving back.
fn owned(of: &Conversation<'_>) -> Markup {
    html! {
        @if of.acts_as_owner() && of.is_open() {
            (button(of, "called", of.owner(), "Called"))
            (button(of, "release", of.owner(), "Give back"))
        }
    }
}

fn taken_over(of: &Conversation<'_>) -> Markup {
    let own = of.viewer.agent.as_deref();
    html! {
        @if of.is_open() && !of.viewer.is_agent(of.owner()) {
            form.inline method="post" action=(of.action("take-over")) {
                (show::guarded(of.viewer))
                @if let Some(own) = own { input type="hidden" name="agentId" value=(own); }
                @else { (events::agent(of)) }
                label { span.hidden { "Why" } input name="reason" required maxlength="2000" placeholder="Why"; }
                button.quiet type="submit" data-act="take-over" { "Take over" }
            }
        }
    }
}

/// Sleep for some days, or wake.
fn sleep(of: &Conversation<'_>) -> Markup {
    let asleep = of.status["snoozedUntil"].is_string();
    html! {
        form.inline method="post" action=(of.action("snooze")) {
            (show::guarded(of.viewer))
            @if asleep { input type="hidden" name="days" value="0"; button.quiet type="submit" data-act="wake" { "Wake" } }
            @else {
                label { span.hidden { "For how long" } select name="days" {
                    option value="1" { "a day" } option value="3" { "three days" }
                    option value="7" selected { "a week" } option value="30" { "a month" }
                } }
                button.quiet type="submit" data-act="snooze" { "Snooze" }
            }
        }
    }
}

/// The owner's answer to the lead.
pub fn reply(of: &Conversation<'_>) -> Markup {
    let owner = of.viewer.is_agent(of.owner()) && of.viewer.may_write;
    html! {
        @if owner && of.is_open() {
            section.part aria-labelledby="reply-title" {
                h2 #reply-title { "Your answer" }
                @if !of.sends { p.help { "Nothing is sent from here: CONVO_SEND__MODE is off." } }
                form #reply method="post" action=(of.action("send")) {
                    (show::guarded(of.viewer))
                    label for="text" { "To " bdi { (show::line(text(of.record, "leadName"), "the lead")) } ", from you" }
                    textarea #text name="text" rows="8" required maxlength="100000" { (of.unsent) }
                    button type="submit" data-act="send" { "Send" }
                }
            }
        }
    }
}
