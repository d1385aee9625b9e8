//! Small pieces of pages: times, states, figures, empty parts, forms.

use maud::{Markup, html};
use serde_json::Value;

use crate::Viewer;

/// A member's text; empty for anything else.
#[must_use]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A member's number; 0 for anything else.
#[must_use]
pub fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

/// The items of a list member; none for anything else.
#[must_use]
pub fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// A value of a query; empty when it is absent.
#[must_use]
pub fn asked<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    let found = query.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// What somebody else wrote, as text: marks that would reorder what stands around it are made visible.
#[must_use]
pub fn said(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => '\u{FFFD}',
        c if c.is_control() && c != '\n' && c != '\t' => '\u{FFFD}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// What somebody else wrote, on one line; a word of ours where there is nothing.
#[must_use]
pub fn line(text: &str, nothing: &str) -> String {
    let line = said(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        nothing.to_owned()
    } else {
        line
    }
}

/// A code as words inside a sentence: `READY_FOR_HANDOVER` is "ready for handover".
#[must_use]
pub fn words(code: &str) -> String {
    convo_core::words::inside(code)
}

/// A code as a name: `READY_FOR_HANDOVER` is "Ready for handover".
#[must_use]
pub fn name(code: &str) -> String {
    convo_core::words::shown(code)
}

/// A time of the wire. As UTC here; the script writes it in the viewer's zone.
#[must_use]
pub fn time(value: &Value) -> Markup {
    let Some(at) = value.as_str() else {
        return html! { span.none { "–" } };
    };
    html! { time datetime=(at) { (utc(at)) } }
}

/// A time by which something is due: the script says how long that is.
#[must_use]
pub fn clock(value: &Value) -> Markup {
    let Some(at) = value.as_str() else {
        return html! { span.none { "–" } };
    };
    html! { time.clock datetime=(at) data-clock { (utc(at)) } }
}

/// `2026-11-27T22:53:01.000Z` as `2026-11-27 22:53 UTC`.
fn utc(at: &str) -> String {
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => at.to_owned(),
    }
}

/// A state as a mark that has its colour and its name.
#[must_use]
pub fn state(code: &str) -> Markup {
    html! { span.state data-of=(code) { (name(code)) } }
}

/// Minutes as people say them.
#[must_use]
pub fn minutes(value: &Value) -> String {
    let Some(minutes) = value.as_f64() else {
        return "–".to_owned();
    };
    match minutes {
        m if m < 1.0 => "under 1 min".to_owned(),
        m if m < 60.0 => format!("{m:.0} min"),
        m if m < 24.0 * 60.0 => format!("{:.1} h", m / 60.0),
        m => format!("{:.1} days", m / (24.0 * 60.0)),
    }
}

/// A rate of 0–1 as per cent.
#[must_use]
pub fn percent(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

/// A number of the wire with at most one decimal.
#[must_use]
pub fn figure(value: &Value) -> String {
    match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => grouped(whole),
        (None, Some(number)) => format!("{number:.1}"),
        (None, None) => "–".to_owned(),
    }
}

/// A whole number with thin spaces between thousands.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    if number < 0 { format!("−{out}") } else { out }
}

/// What a part shows that has nothing yet.
#[must_use]
pub fn empty(text: &str) -> Markup {
    html! { p.empty { (text) } }
}

/// A link to a lead, by name where it is known.
#[must_use]
pub fn lead(value: &Value) -> Markup {
    let id = text(value, "leadId");
    let known = [text(value, "leadName"), text(value, "leadEmail")];
    let known = known.into_iter().find(|name| !name.is_empty());
    html! {
        @if id.is_empty() { span.none { "–" } }
        @else { a href={ "/leads/" (id) } { bdi { (line(known.unwrap_or_default(), "a lead")) } } }
    }
}

/// A link to a conversation, by its subject.
#[must_use]
pub fn conversation(id: &str, subject: &str) -> Markup {
    html! { a href={ "/conversations/" (id) } { bdi { (line(subject, "(no subject)")) } } }
}

/// What a form of this session carries beside its own fields.
#[must_use]
pub fn guarded(viewer: &Viewer) -> Markup {
    html! {
        input type="hidden" name="csrf" value=(viewer.csrf);
        input type="hidden" name="once" value=(viewer.once);
    }
}

/// A choice of a form: value and words.
#[must_use]
pub fn choice(value: &str, shown: &str, chosen: &str) -> Markup {
    html! { option value=(value) selected[value == chosen] { (shown) } }
}

/// What was just done, above the page that shows what came of it; nothing for what we have no words for.
#[must_use]
pub fn done(code: Option<&str>) -> Markup {
    let told = match code.unwrap_or_default() {
        "transition" => "The event is recorded.",
        "accept" => "The conversation is yours.",
        "decline" => "Declined: the next agent is asked.",
        "release" => "Given back.",
        "called" => "The call is recorded.",
        "take-over" => "Taken over.",
        "send" => "Your answer is on its way.",
        "snooze" => "Done.",
        "approved" => "Approved: it is on its way.",
        "discarded" => "Discarded. The mail it would have answered waits for a person.",
        "retried" => "It is tried again: its status says what comes of it.",
        "retried-some" => {
            "The oldest are tried again; others with this code are still given up: press again for the next ones."
        }
        "resolved" => "Decided.",
        "suppressed" => "The address is suppressed.",
        "lifted" => "The suppression is lifted.",
        "replayed" => "It was tried again: its status says what came of it.",
        _ => "",
    };
    html! { @if !told.is_empty() { p #done.notice role="status" { (told) } } }
}

/// The link to the next page of a list, by the query that it was asked with.
#[must_use]
pub fn next(path: &str, query: &[(String, String)], cursor: &Value) -> Markup {
    let first = html! {
        @if query.iter().any(|(name, _)| name == "cursor") {
            a href=(with(path, query, None)) { "First page" }
        }
    };
    html! {
        nav.pages aria-label="Pages" {
            (first)
            @if let Some(cursor) = cursor.as_str() {
                a #next rel="next" href=(with(path, query, Some(cursor))) { "Next page" }
            }
        }
    }
}

/// Links to what a page lists, as files, with the filters that are set and `more` beside them.
#[must_use]
pub fn saved(path: &str, query: &[(String, String)], more: &[(&str, &str)]) -> Markup {
    let to = |form: &str| {
        let more = more.iter().copied().chain([("format", form)]);
        let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let query: Vec<(String, String)> = query.iter().cloned().chain(more).collect();
        with(path, &query, None)
    };
    html! {
        p.saved {
            "Save as " a href=(to("csv")) download { "CSV" } " " a href=(to("jsonl")) download { "JSON Lines" }
        }
    }
}

/// A path with a query, and with this cursor instead of that of the query.
#[must_use]
pub fn with(path: &str, query: &[(String, String)], cursor: Option<&str>) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query
        .iter()
        .filter(|(name, value)| name != "cursor" && !value.is_empty())
    {
        out.append_pair(name, value);
    }
    if let Some(cursor) = cursor {
        out.append_pair("cursor", cursor);
    }
    match out.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_numbers_and_times_are_words() {
        assert_eq!(name("READY_FOR_HANDOVER"), "Ready for handover");
        assert_eq!(grouped(1_234_567), "1\u{202F}234\u{202F}567");
        assert_eq!(grouped(-12), "−12");
        assert_eq!(minutes(&json!(0.2)), "under 1 min");
        assert_eq!(minutes(&json!(90)), "1.5 h");
        assert_eq!(percent(&json!(0.125)), "12.5 %");
        assert_eq!(percent(&Value::Null), "–");
        let shown = time(&json!("2026-11-27T22:53:01.000Z")).into_string();
        assert_eq!(
            shown,
            "<time datetime=\"2026-11-27T22:53:01.000Z\">2026-11-27 22:53 UTC</time>"
        );
    }

    #[test]
    fn what_others_wrote_is_text() {
        let shown = conversation("1", "<script>\u{202E}x</script>").into_string();
        assert!(shown.contains("&lt;script&gt;\u{FFFD}x"), "{shown}");
        assert!(!shown.contains("<script"));
        assert_eq!(line(" a\r\n b ", "-"), "a\u{FFFD} b");
        assert_eq!(line("  ", "nothing"), "nothing");
    }

    #[test]
    fn a_next_page_keeps_the_question() {
        let query = [
            ("q".to_owned(), "a&b".to_owned()),
            ("cursor".to_owned(), "old".to_owned()),
        ];
        assert_eq!(
            with("/leads", &query, Some("new")),
            "/leads?q=a%26b&cursor=new"
        );
        assert_eq!(with("/leads", &[], None), "/leads");
        let links = saved("/leads/export", &query, &[]).into_string();
        assert!(
            links.contains("href=\"/leads/export?q=a%26b&amp;format=csv\""),
            "{links}"
        );
        assert!(links.contains("format=jsonl") && !links.contains("cursor"));
    }
}
