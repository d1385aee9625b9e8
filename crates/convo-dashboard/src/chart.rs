//! Bars and columns as SVG, inside tables: readable on a phone and to those who do not see them.

use maud::{Markup, html};

use crate::show;

/// A row of a chart of bars.
#[derive(Debug, Clone, Default)]
pub struct Bar {
    /// What it is, as a code: the bar's colour and its `data-state`.
    pub code: String,
    /// What it is, in words.
    pub label: String,
    /// How many.
    pub count: i64,
    /// Where its items are listed.
    pub href: Option<String>,
    /// A figure beside the number.
    pub beside: Option<String>,
}

/// Horizontal bars, one a row, as long as their share of the longest.
#[must_use]
pub fn bars(caption: &str, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    html! {
        table.bars {
            caption.hidden { (caption) }
            @for bar in bars {
                tr data-state=(bar.code) data-count=(bar.count) {
                    th scope="row" {
                        @if let Some(href) = &bar.href { a href=(href) { (bar.label) } } @else { (bar.label) }
                    }
                    td.bar { (line(&bar.code, bar.count, most)) }
                    td.number { (show::grouped(bar.count)) }
                    @if let Some(beside) = &bar.beside { td.beside { (beside) } }
                }
            }
        }
    }
}

/// One bar; a count that is not zero is always to be seen.
fn line(code: &str, count: i64, most: i64) -> Markup {
    let width = if count > 0 {
        (count.saturating_mul(1000) / most).max(8)
    } else {
        0
    };
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.rail x="0" y="0" width="1000" height="10" {}
            rect.fill data-of=(code) x="0" y="0" width=(width) height="10" {}
        }
    }
}

/// One point of a chart of columns.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// What it is, in words: a day, say.
    pub label: String,
    /// The parts of the column from below, each with its code and its number.
    pub parts: Vec<(&'static str, i64)>,
}

/// Places for columns that a chart has at least.
const FEWEST: i64 = 7;

/// Columns over time, with the same numbers as a table below.
#[must_use]
pub fn columns(title: &str, columns: &[Column]) -> Markup {
    let total = |column: &Column| column.parts.iter().map(|(_, n)| n.max(&0)).sum::<i64>();
    let most = columns.iter().map(total).max().unwrap_or(0).max(1);
    // Few columns are no wider than those of a week.
    let count = i64::try_from(columns.len()).unwrap_or(1).max(FEWEST);
    let step = (1000 / count).max(1);
    // As wide as its columns: a thousand does not divide by every number of days.
    let view = format!("0 0 {} 200", step * count);
    let codes: Vec<&str> = columns
        .first()
        .map(|one| one.parts.iter().map(|(code, _)| *code).collect())
        .unwrap_or_default();
    html! {
        figure.columns {
            svg viewBox=(view) preserveAspectRatio="none" role="img" aria-label=(title) {
                @for (at, column) in columns.iter().enumerate() {
                    (stack(column, i64::try_from(at).unwrap_or(0) * step, step, most))
                }
            }
            @if let (Some(first), Some(last)) = (columns.first(), columns.last()) {
                div.axis { span { (first.label) } span { "The highest is " (show::grouped(most)) } @if columns.len() > 1 { span { (last.label) } } }
            }
            figcaption {
                @for code in &codes { span.key { span.dot data-of=(code) {} (show::name(code)) } }
            }
            details {
                summary { "As a table" }
                table {
                    caption.hidden { (title) }
                    thead { tr { th scope="col" { "When" } @for code in &codes { th scope="col" { (show::name(code)) } } } }
                    @for column in columns {
                        tr { th scope="row" { (column.label) } @for (_, n) in &column.parts { td.number { (show::grouped(*n)) } } }
                    }
                }
            }
        }
    }
}

fn stack(column: &Column, x: i64, step: i64, most: i64) -> Markup {
    let mut top = 200;
    let parts: Vec<(&str, i64, i64, i64)> = column
        .parts
        .iter()
        .map(|(code, n)| {
            let height = n.max(&0).saturating_mul(190) / most;
            top -= height;
            (*code, *n, top, height)
        })
        .collect();
    html! {
        @for (code, n, y, height) in parts {
            rect.fill data-of=(code) x=(x + step / 10) y=(y) width=(step * 8 / 10) height=(height) {
                title { (column.label) ": " (n) " " (show::words(code)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        let of = |count| Bar {
            code: "NEW".to_owned(),
            label: "<New>".to_owned(),
            count,
            ..Bar::default()
        };
        let html = bars("States", &[of(10), of(5), of(0)]).into_string();
        for width in [
            "width=\"1000\" height=\"10\"></rect></svg>",
            "width=\"500\"",
            "width=\"0\"",
        ] {
            assert!(html.contains(width), "{width}: {html}");
        }
        assert!(html.contains("&lt;New&gt;") && html.contains("data-count=\"5\""));
        assert!(
            bars("x", &[of(1), of(1_000_000)])
                .into_string()
                .contains("width=\"8\"")
        );
    }

    #[test]
    fn columns_say_their_numbers_too() {
        let column = Column {
            label: "Mon".to_owned(),
            parts: vec![("sent", 4), ("bounced", 1)],
        };
        let html = columns("Mail", &[column]).into_string();
        assert!(
            html.contains("height=\"152\"") && html.contains("<title>Mon: 1 bounced</title>"),
            "{html}"
        );
        assert!(columns("Mail", &[]).into_string().contains("<svg"));
    }
}
