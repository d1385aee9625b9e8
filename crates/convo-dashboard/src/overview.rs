//! The first page: how many, how far, what just happened, and who has to do something.

use convo_core::machine::State;
use maud::{Markup, html};
use serde_json::Value;

use crate::chart::{self, Bar, Column};
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
    /// How fast we answer, by day.
    pub speed: Option<&'a Value>,
    /// What became of mail, by day.
    pub delivery: Option<&'a Value>,
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
            (part("queue", "Handover queue", &handover::short(of.queue)))
            (part("activity", "Activity", &activity(overview)))
            (part("response-times", "Response time", &responses(overview, of.speed)))
            @if let Some(delivery) = of.delivery { (part("delivery", "Mail, by day", &mail(delivery))) }
            (part("reviews", "Review", &reviews(overview)))
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
                    @if row["event"].is_string() { span.help { " " (show::words(text(row, "event"))) } }
                }
            }
        }
    }
}

/// How fast we answer, from the lead's first mail that waits: in wall time and within business hours.
fn responses(overview: &Value, speed: Option<&Value>) -> Markup {
    let average = &overview["metrics"]["averageTimeToResponseMinutes"];
    html! {
        @if average.is_null() { (show::empty("No mail of a lead was answered yet.")) }
        @else {
            dl.figures { div { dt { "We answer after, on average" } dd { (show::minutes(average)) } } }
        }
        @if let Some(speed) = speed {
            @let total = &speed["total"];
            table {
                caption { "Answers of the last 30 days: " (show::figure(&total["answered"])) " of " (show::figure(&total["waits"])) " waits, " (show::figure(&total["waiting"])) " wait now" }
                thead { tr { th scope="col" { "Minutes" } th scope="col" { "Median" } th scope="col" { "9 of 10 within" } th scope="col" { "Mean" } } }
                @for (member, shown) in [("wall", "By the clock"), ("business", "Business hours")] {
                    tr {
                        th scope="row" { (shown) }
                        td { (show::minutes(&total[member]["medianMinutes"])) }
                        td { (show::minutes(&total[member]["p90Minutes"])) }
                        td { (show::minutes(&total[member]["meanMinutes"])) }
                    }
                }
            }
            (chart::columns("Leads who waited for us, by day", &by_day(speed, &[("answered", "answered"), ("waiting", "waiting"), ("dropped", "dropped")])))
        }
    }
}

/// What became of the mail of each day.
fn mail(delivery: &Value) -> Markup {
    let parts = [
        ("delivered", "delivered"),
        ("bounced", "bouncedHard"),
        ("complained", "complained"),
        ("opened", "opened"),
        ("clicked", "clicked"),
    ];
    let total = &delivery["total"];
    html! {
        dl.figures {
            @for (member, shown) in [("sent", "Sent"), ("delivered", "Delivered"), ("bouncedHard", "Bounced"), ("complained", "Complaints"), ("opened", "Opened"), ("clicked", "Clicked")] {
                div { dt { (shown) } dd { (show::figure(&total[member])) } }
            }
        }
        (chart::columns("Deliveries, bounces, complaints, opens and clicks by day", &by_day(delivery, &parts)))
    }
}

/// The groups of a report as columns: code and member of each part.
fn by_day(report: &Value, parts: &[(&'static str, &str)]) -> Vec<Column> {
    let groups = items(report, "groups").iter();
    groups
        .map(|group| Column {
            label: text(group, "key").to_owned(),
            parts: parts
                .iter()
                .map(|(code, member)| (*code, number(&group["figures"], member)))
                .collect(),
        })
        .collect()
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
            speed: None,
            delivery: None,
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
