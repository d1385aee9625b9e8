//! Figures over a span of days: how fast we answer, how fast agents take over, how far leads come, what becomes of mail.

use maud::{Markup, html};
use serde_json::Value;

use crate::chart::{self, Bar, Column};
use crate::layout::part;
use crate::show::{self, choice, items, number, text};

/// Spans to choose from, in days.
pub const SPANS: [u32; 4] = [7, 30, 90, 365];

/// The reports of a span, as the JSON API gives them.
pub struct Figures<'a> {
    /// Days up to now.
    pub days: u32,
    /// `GET /api/analytics/reply-speed?groupBy=day`.
    pub speed: &'a Value,
    /// `GET /api/analytics/ownership?groupBy=agent`.
    pub ownership: &'a Value,
    /// `GET /api/analytics/conversion?groupBy=campaign`.
    pub conversion: &'a Value,
    /// `GET /api/analytics/delivery?groupBy=day`.
    pub delivery: &'a Value,
}

/// The page.
#[must_use]
pub fn page(of: &Figures<'_>) -> Markup {
    html! {
        h1 { "Figures" }
        form #filters.filters method="get" action="/figures" {
            label { "The last" select name="days" {
                @for days in SPANS { (choice(&days.to_string(), &format!("{days} days"), &of.days.to_string())) }
            } }
            button type="submit" { "Show" }
        }
        div.grid {
            (part("response-times", "Response time", &saved(of, "reply-speed", &speed(of.speed))))
            (part("delivery", "Mail", &saved(of, "delivery", &mail(of.delivery))))
            (part("ownership", "Handover, by agent", &saved(of, "ownership", &ownership(of.ownership))))
            (part("conversion", "Leads by stage reached, by campaign", &saved(of, "conversion", &conversion(of.conversion))))
        }
    }
}

/// A report, and where it is as a file.
fn saved(of: &Figures<'_>, report: &str, body: &Markup) -> Markup {
    let days = of.days.to_string();
    html! { (body) (show::saved("/figures/export", &[], &[("report", report), ("days", &days)])) }
}

/// From the lead's first mail that waits to our answer: by the clock and within business hours.
fn speed(report: &Value) -> Markup {
    let total = &report["total"];
    let parts = [
        ("answered", "answered"),
        ("waiting", "waiting"),
        ("dropped", "dropped"),
    ];
    html! {
        p { (show::figure(&total["answered"])) " of " (show::figure(&total["waits"])) " waits were answered, " (show::figure(&total["waiting"])) " wait now." }
        table {
            thead { tr { th scope="col" { "Answered after" } th scope="col" { "Half" } th scope="col" { "9 of 10" } th scope="col" { "Mean" } } }
            tbody { @for (member, shown) in [("wall", "By the clock"), ("business", "Business hours")] { (minutes(shown, &total[member])) } }
        }
        (chart::columns("Leads who waited for us, by the day they began to", &by_day(report, &parts)))
    }
}

fn minutes(shown: &str, of: &Value) -> Markup {
    html! {
        tr {
            th scope="row" { (shown) }
            @for member in ["medianMinutes", "p90Minutes", "meanMinutes"] { td { (show::minutes(&of[member])) } }
        }
    }
}

/// What became of mail, and when.
fn mail(report: &Value) -> Markup {
    let total = &report["total"];
    let all = [
        ("sent", "Sent"),
        ("delivered", "Delivered"),
        ("bouncedHard", "Bounced"),
        ("bouncedSoft", "Put off"),
        ("complained", "Complaints"),
        ("unsubscribed", "Unsubscribed"),
        ("opened", "Opened"),
        ("clicked", "Clicked"),
    ];
    let parts = [
        ("delivered", "delivered"),
        ("bounced", "bouncedHard"),
        ("complained", "complained"),
        ("opened", "opened"),
        ("clicked", "clicked"),
    ];
    html! {
        dl.figures { @for (member, shown) in all { div { dt { (shown) } dd { (show::figure(&total[member])) } } } }
        p.help { "Opens and clicks of machines are not among them." }
        (chart::columns("Deliveries, bounces, complaints, opens and clicks, by day", &by_day(report, &parts)))
    }
}

/// Each agent's offers, and how long they took.
fn ownership(report: &Value) -> Markup {
    let rows = items(report, "groups");
    html! {
        @if rows.is_empty() { (show::empty("No offer was made.")) }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Offers by agent" {
                table.list {
                    thead { tr {
                        th scope="col" { "Agent" } th.number scope="col" { "Offers" } th.number scope="col" { "Accepted" } th.number scope="col" { "Declined" }
                        th.number scope="col" { "Ran out" } th scope="col" { "Half accepted after" } th scope="col" { "Half in touch after" }
                    } }
                    tbody {
                        @for row in rows {
                            @let of = &row["figures"];
                            tr data-agent=(text(row, "key")) {
                                th scope="row" { bdi { (show::line(text(row, "name"), "nobody")) } }
                                @for member in ["offers", "accepted", "declined", "expired"] { td.number { (show::figure(&of[member])) } }
                                td { (show::minutes(&of["offerToAccept"]["business"]["medianMinutes"])) }
                                td { (show::minutes(&of["offerToTouch"]["business"]["medianMinutes"])) }
                            }
                        }
                    }
                }
            }
            p.help { "Minutes within business hours, from the offer." }
        }
    }
}

/// How far leads came whom we first wrote to in the span: all of them, and those of each campaign.
fn conversion(report: &Value) -> Markup {
    let rows = items(report, "groups");
    html! {
        (stages(&report["total"]))
        @for row in rows {
            details {
                summary { bdi { (show::line(text(row, "name"), "Without a campaign")) } ": " (show::percent(&row["figures"]["conversionRate"])) " qualified" }
                (stages(&row["figures"]))
            }
        }
    }
}

fn stages(of: &Value) -> Markup {
    let bars: Vec<Bar> = items(of, "stages")
        .iter()
        .map(|row| Bar {
            code: text(row, "stage").to_owned(),
            label: show::name(text(row, "stage")),
            count: number(row, "leads"),
            href: None,
            beside: Some(show::percent(&row["rateFromPrevious"])),
        })
        .collect();
    chart::bars(
        "Leads that reached each stage, with the share of the stage before",
        &bars,
    )
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reports_are_drawn_and_empty_ones_too() {
        let speed = json!({"total": {"waits": 3, "answered": 2, "waiting": 1, "wall": {"medianMinutes": 90.0}},
            "groups": [{"key": "2026-01-05", "name": null, "figures": {"answered": 2, "waiting": 1, "dropped": 0}}]});
        let offers = json!({"groups": [{"key": "a1", "name": "<i>Grace", "figures": {"offers": 2, "accepted": 1}}]});
        let null = Value::Null;
        let of = Figures {
            days: 30,
            speed: &speed,
            ownership: &offers,
            conversion: &null,
            delivery: &null,
        };
        let html = page(&of).into_string();
        for word in [
            "2 of 3 waits",
            "1.5 h",
            "2026-01-05: 2 answered",
            "&lt;i&gt;Grace",
            "value=\"30\" selected",
        ] {
            assert!(html.contains(word), "{word}: {html}");
        }
        let of = Figures {
            speed: &null,
            ownership: &null,
            ..of
        };
        assert!(page(&of).into_string().contains("No offer was made"));
    }
}
