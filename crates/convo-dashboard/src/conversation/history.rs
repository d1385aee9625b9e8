//! What happened, how far the lead has come, and why the scores are what they are.

use maud::{Markup, html};
use serde_json::Value;

use super::Conversation;
use crate::show::{self, items, number, text};

/// The audit, newest step first.
pub fn steps(of: &Conversation<'_>) -> Markup {
    let steps = items(of.history, "items");
    html! {
        @if steps.is_empty() { (show::empty("Nothing has happened yet.")) }
        ol.stream reversed {
            @for step in steps { (one(step)) }
        }
        @if let Some(older) = of.history["older"].as_i64() {
            p { a rel="next" href={ "/conversations/" (of.id()) "?steps=" (older) "#history" } { "Older steps" } }
        }
    }
}

fn one(step: &Value) -> Markup {
    let said = items(step, "warnings").iter().chain(items(step, "waived"));
    let said: Vec<String> = said.filter_map(Value::as_str).map(show::words).collect();
    html! {
        li data-version=(number(step, "version")) value=(number(step, "version")) {
            (show::time(&step["timestamp"])) " " strong { (show::name(text(step, "event"))) }
            @if step["fromState"] == step["newState"] { " recorded in " } @else { " → " }
            (show::state(text(step, "newState")))
            " " span.help {
                "by " bdi { (show::line(text(step, "triggeredBy"), "system")) }
                @if !said.is_empty() { "; " (said.join(", ")) }
            }
            @if step["metadata"].is_object() {
                details { summary { "What was said with it" } code { (show::said(&step["metadata"].to_string())) } }
            }
        }
    }
}

/// The six stages, what was reached when, and what to do.
pub fn journey(of: &Conversation<'_>) -> Markup {
    timeline(of.journey)
}

/// The journey of a lead.
#[must_use]
pub fn timeline(journey: &Value) -> Markup {
    let (progress, analytics) = (&journey["progress"], &journey["analytics"]);
    html! {
        p {
            "Progress " (show::figure(&progress["overallProgress"])) " %"
            @if progress["nextStage"].is_object() {
                ", " (show::figure(&progress["stageProgress"])) " % of the way to "
                (show::words(text(&progress["nextStage"], "id")))
            }
        }
        ol.stages {
            @for stage in items(journey, "stages") {
                li data-stage=(text(stage, "id")) data-done=(stage["isCompleted"] == true)
                    aria-current=[(stage["isCurrent"] == true).then_some("step")] {
                    strong { (show::name(text(stage, "id"))) } " "
                    @if stage["enteredAt"].is_string() { (show::time(&stage["enteredAt"])) } @else { span.none { "not reached" } }
                }
            }
        }
        @if !items(journey, "milestones").is_empty() {
            h3 { "Milestones" }
            ul.stream {
                @for row in items(journey, "milestones") { li { (show::time(&row["at"])) " " (show::name(text(row, "milestone"))) } }
            }
        }
        dl.facts {
            dt { "Next" } dd { (show::line(&show::name(text(analytics, "nextBestAction")), "–")) }
            dt { "Lead answers after" } dd { (show::minutes(&analytics["averageResponseMinutes"])) }
            dt { "Answers" } dd { (show::percent(&analytics["responseRate"])) " of what we write" }
            dt { "Trend" } dd { (show::line(&show::name(text(analytics, "engagementTrend")), "–")) }
            @if !items(analytics, "riskFactors").is_empty() {
                dt { "Risks" } dd { @for risk in items(analytics, "riskFactors") { span.flag { (show::name(risk.as_str().unwrap_or_default())) } " " } }
            }
        }
        @if !items(journey, "recommendations").is_empty() {
            ul { @for one in items(journey, "recommendations") { li { (one.as_str().unwrap_or_default()) } } }
        }
    }
}

/// The three scores, each with the summands that add up to it.
pub fn scores(of: &Conversation<'_>) -> Markup {
    let analytics = &of.status["analytics"];
    let all = [
        ("engagement", "Engagement", "engagementScore"),
        ("qualification", "Qualification", "qualificationScore"),
        ("readiness", "Readiness for handover", "handoverReadiness"),
    ];
    html! {
        @for (code, shown, member) in all {
            div.score data-score=(code) {
                h3 { (shown) " " span.number { (show::figure(&analytics[member])) } }
                meter min="0" max="100" value=(number(analytics, member)) aria-label=(shown) { (show::figure(&analytics[member])) " of 100" }
                ul.points {
                    @for entry in items(&of.journey["explanation"], code) {
                        li { span.number { (signed(number(entry, "points"))) } " " (show::name(text(entry, "reason"))) }
                    }
                }
            }
        }
    }
}

fn signed(points: i64) -> String {
    if points > 0 {
        format!("+{points}")
    } else {
        show::grouped(points)
    }
}
