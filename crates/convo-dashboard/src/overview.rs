//! The first page: how many, how far, what just happened, and who has to do something.

use convo_core::machine::State;
use maud::{Markup, html};
use serde_json::Value;

use crate::chart::{self, Bar};
use crate::layout::part;
use crate::show::{self, items, number, text};
use crate::{handover, setup};

/// What the first page is made of: the overview, its activity with names, the handover queue, and the checklist.
pub struct Overview<'a> {
    /// `GET /dashboard/overview`, with names beside ids.
    pub overview: &'a Value,
    /// Offers, conversations that wait, and clocks.
    pub queue: &'a Value,
    /// What is to be done first, while there is no conversation.
    pub checklist: Option<&'a Value>,
}

/// Where the parts come from whose cost is that of a span of days: after the page, which costs the same always.
const FIGURES: &str = "/figures?days=30";

/// A part that the script takes from the figures of the last days; without it, what is known at once and a link.
fn later(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section.part id=(id) data-part data-later=(FIGURES) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            (body)
        }
    }
}

/// The page.
#[must_use]
pub fn page(of: &Overview<'_>) -> Markup {
    let overview = of.overview;
    html! {
        h1 { "Overview" }
        @if let Some(list) = of.checklist { (part("checklist", "Getting started", &setup::checklist(list))) }
        (part("figures", "Figures", &figures(overview)))
        div.grid {
            (part("states", "Conversations by state", &states(overview)))
            (part("funnel", "Leads by stage reached", &funnel(overview)))
        }
        div.grid {
            div.stack {
                (part("queue", "Handover queue", &handover::short(of.queue)))
                (part("reviews", "Review", &reviews(overview)))
                (later("response-times", "Response time", &responses(overview)))
            }
            div.stack {
                (part("activity", "Activity", &activity(overview)))
                (later("delivery", "Mail", &html! { p { a href=(FIGURES) { "What became of our mail" } } }))
            }
        }
    }
}

fn figures(overview: &Value) -> Markup {
    let metrics = &overview["metrics"];
    let all = [
        (
            "Conversations",
            show::figure(&overview["totalConversations"]),
        ),
        ("Active today", show::figure(&metrics["activeToday"])),
        ("Leads qualified", show::percent(&metrics["conversionRate"])),
        ("Won of handed over", show::percent(&metrics["wonRate"])),
        ("Mean engagement", show::figure(&metrics["engagementScore"])),
    ];
    html! {
        dl.figures { @for (name, value) in all { div { dt { (name) } dd { (value) } } } }
    }
}

fn states(overview: &Value) -> Markup {
    let counts = &overview["stateDistribution"];
    let bars: Vec<Bar> = State::ALL
        .iter()
        .map(|state| Bar {
            code: state.as_str().to_owned(),
            label: show::name(state.as_str()),
            count: number(counts, state.as_str()),
            href: Some(format!("/conversations?state={}", state.as_str())),
            beside: None,
        })
        .collect();
    chart::bars("Conversations by state", &bars)
}

fn funnel(overview: &Value) -> Markup {
    let bars: Vec<Bar> = items(overview, "funnel")
        .iter()
        .map(|row| Bar {
            code: text(row, "stage").to_owned(),
            label: show::name(text(row, "stage")),
            count: number(row, "leads"),
            href: Some(format!("/leads?stage={}", text(row, "stage"))),
            beside: Some(show::percent(&row["rateFromPrevious"])),
        })
        .collect();
    html! {
        (chart::bars("Leads that ever reached each stage, with the share of the stage before", &bars))
        p.help { "Leads that ever got so far, and their share of the stage before. The list of a stage shows those who are in it now." }
    }
}

fn activity(overview: &Value) -> Markup {
    let rows = items(overview, "recentActivity");
    html! {
        @if rows.is_empty() { (show::empty("Nothing has happened yet.")) }
        ol.stream {
            @for row in rows {
                li data-conversation=(text(row, "conversationId")) {
                    (show::time(&row["lastUpdated"])) " "
                    (show::lead(row)) " · " (show::conversation(text(row, "conversationId"), text(row, "subject"))) " "
                    (show::state(text(row, "currentState")))
                    @if row["event"].is_string() { " " span.help { (show::name(text(row, "event"))) } }
                }
            }
        }
    }
}

/// How fast we answer.
fn responses(overview: &Value) -> Markup {
    let average = &overview["metrics"]["averageTimeToResponseMinutes"];
    html! {
        @if average.is_null() { (show::empty("No mail of a lead was answered yet.")) }
        @else {
            dl.figures { div { dt { "We answer after, on average" } dd { (show::minutes(average)) } } }
        }
        p { a href=(FIGURES) { "By day, within business hours, and what became of mail" } }
    }
}

fn reviews(overview: &Value) -> Markup {
    let review = &overview["review"];
    html! {
        @if number(review, "count") == 0 { (show::empty("Nothing waits for a decision.")) }
        @else {
            p data-count=(number(review, "count")) {
                a href="/review" { (show::grouped(number(review, "count"))) " to decide" }
                ", the oldest since " (show::minutes(&review["oldestMinutes"]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_database_shows_a_checklist_and_empty_parts() {
        let overview = json!({"totalConversations": 0, "metrics": {}, "review": {"count": 0}});
        let list = json!({"items": []});
        let page = page(&Overview {
            overview: &overview,
            queue: &json!({}),
            checklist: Some(&list),
        })
        .into_string();
        for id in [
            "checklist",
            "figures",
            "states",
            "funnel",
            "queue",
            "activity",
            "response-times",
            "delivery",
            "reviews",
        ] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
        assert!(
            page.contains("Nothing has happened yet")
                && page.contains("data-state=\"HANDED_OVER\" data-count=\"0\"")
        );
    }
}
