//! One conversation, with all that is known of it and all that can be done with it.

mod actions;
mod events;
mod history;
mod messages;

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::{heading, part};
use crate::show::{self, items, text};
use crate::{Viewer, conversations, machine, problem};

pub use history::timeline;
pub use messages::thread_page;

/// What a conversation's page is made of.
pub struct Conversation<'a> {
    /// `GET /status`, with names beside ids.
    pub status: &'a Value,
    /// Its record, with names beside ids.
    pub record: &'a Value,
    /// Its lead's record.
    pub lead: &'a Value,
    /// `GET /lead-journey?explain=true`.
    pub journey: &'a Value,
    /// What each of the nine events would come to now.
    pub events: &'a [Value],
    /// A page of messages, newest first: `items`, and `older` where there are more.
    pub messages: &'a Value,
    /// All nodes of the thread tree in pre-order; none where it has a page of its own.
    pub tree: Option<&'a [Value]>,
    /// A page of the audit, newest first: `items`, and `older` where there are more.
    pub history: &'a Value,
    /// Agents who can be named.
    pub agents: &'a [Value],
    /// Whether mail can be sent from here.
    pub sends: bool,
    /// Who looks.
    pub viewer: &'a Viewer,
    /// The refusal of what was asked for last.
    pub alert: Option<&'a Value>,
    /// What was written and not sent.
    pub unsent: &'a str,
    /// What was just done.
    pub done: Option<&'a str>,
}

impl Conversation<'_> {
    fn id(&self) -> &str {
        text(self.status, "conversationId")
    }

    /// Where a form of this page leads.
    fn action(&self, name: &str) -> String {
        format!("/conversations/{}/{name}", self.id())
    }

    fn is_open(&self) -> bool {
        !matches!(text(self.status, "currentState"), "CLOSED" | "ARCHIVED")
    }

    fn owner(&self) -> Option<&str> {
        self.status["assignedAgentId"].as_str()
    }

    /// Whether the viewer may act for the owner: the owner's own key, or a key of nobody's that may do everything.
    fn acts_as_owner(&self) -> bool {
        let own = self.viewer.is_agent(self.owner());
        let anyones = self.viewer.agent.is_none() && self.viewer.may_administer;
        self.viewer.may_act && self.owner().is_some() && (own || anyones)
    }
}

/// The page.
#[must_use]
pub fn page(of: &Conversation<'_>) -> Markup {
    html! {
        @if let Some(refused) = of.alert { (problem::alert(refused)) }
        (show::done(of.done))
        (heading(&show::line(text(of.record, "subject"), "(no subject)")))
        (part("head", "Where it stands", &head(of)))
        (part("machine", "The machine", &machine::diagram(text(of.status, "currentState"))))
        // What people work with stands in one column, what explains it beside it; on a phone below it.
        div.grid.work {
            div.stack {
                (part("handover", "Handover", &actions::handover(of)))
                // Not replaced while somebody writes in it.
                (actions::reply(of))
                (part("messages", "Messages", &messages::list(of)))
                (part("thread", "Thread", &messages::thread(of)))
            }
            div.stack {
                (part("events", "What can happen now", &events::list(of)))
                (part("history", "State history", &history::steps(of)))
                (part("journey", "Lead journey", &history::journey(of)))
                (part("scores", "Scores", &history::scores(of)))
            }
        }
    }
}

fn head(of: &Conversation<'_>) -> Markup {
    let (status, email) = (of.status, &of.status["integrationStatus"]["email"]);
    let state = text(status, "currentState");
    html! {
        dl.facts data-state=(state) data-version=(show::number(status, "version")) {
            dt { "State" } dd {
                (show::state(state)) @if status["outcome"].is_string() { " " (show::words(text(status, "outcome"))) }
            }
            dt { "Turn" } dd {
                (conversations::turn(text(status, "awaiting")))
                @if status["held"] == true { " – automation is held" }
                @if status["snoozedUntil"].is_string() { " – asleep until " (show::time(&status["snoozedUntil"])) }
            }
            dt { "Lead" } dd {
                (show::lead(of.record)) " " bdi { (show::said(text(of.lead, "email"))) }
                @if of.lead["phone"].is_string() { " · " bdi { (show::said(text(of.lead, "phone"))) } }
            }
            dt { "Agent" } dd { bdi { (show::line(text(of.record, "agentName"), "nobody")) } }
            @if of.record["campaignName"].is_string() {
                dt { "Campaign" } dd { bdi { (show::said(text(of.record, "campaignName"))) } }
            }
            dt { "Mail" } dd {
                (show::line(&show::words(text(email, "deliveryStatus")), "nothing sent")) ", "
                (show::figure(&email["opens"])) " opens, " (show::figure(&email["clicks"])) " clicks ("
                (show::figure(&email["machineOpens"])) " and " (show::figure(&email["machineClicks"])) " by machines)"
                @if email["suppressed"] == true { strong { " – suppressed" } }
            }
            @if !items(status, "flags").is_empty() {
                dt { "Flags" } dd { @for flag in items(status, "flags") { span.flag { (show::name(text(flag, "code"))) } " " } }
            }
            @if status["followUpAt"].is_string() { dt { "Follow up" } dd { (show::time(&status["followUpAt"])) } }
            @if let Some(before) = status["previousConversationId"].as_str() {
                dt { "Before it" } dd { a href={ "/conversations/" (before) } { "the conversation before" } }
            }
            dt { "Last changed" } dd { (show::time(&status["lastUpdated"])) }
        }
    }
}

#[cfg(test)]
mod tests;
