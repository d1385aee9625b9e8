//! Dates of header fields, read tolerantly.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Utc};

/// Longest field looked at, in bytes.
const MAX_LEN: usize = 128;

/// The time a Date field names; `None` when it names none (never 1970 for garbage).
///
/// Besides RFC 5322 it reads a wrong or foreign weekday, a missing zone (taken as UTC), ISO 8601
/// and the form of C's `asctime`. Years outside 1970 to 9999 are no dates.
///
/// Source: RFC 5322 §3.3, §4.3.
pub fn parse(field: &str) -> Option<DateTime<Utc>> {
    let field = field.trim();
    if field.is_empty() || field.len() > MAX_LEN {
        return None;
    }
    let squeezed = field.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = with_blank_before_zone(&without_comments(&squeezed));
    let time = rfc5322(&plain).or_else(|| other_forms(&plain))?;
    let time = time.with_timezone(&Utc);
    (1970..=9999).contains(&time.year()).then_some(time)
}

fn rfc5322(text: &str) -> Option<DateTime<FixedOffset>> {
    let tail = match text.split_once(',') {
        // chrono refuses a weekday that does not fit the date; the date counts, not the weekday.
        Some((weekday, rest)) if !weekday.contains(|c: char| c.is_ascii_digit()) => rest.trim(),
        _ => without_weekday(text),
    };
    let words: Vec<&str> = tail.split(' ').collect();
    DateTime::parse_from_rfc2822(tail)
        .ok()
        .or_else(|| with_zone(&words, |zoned| DateTime::parse_from_rfc2822(zoned).ok()))
}

/// Tries the text with `GMT+0200` as `+0200`, and with UTC for a missing or unknown zone.
fn with_zone(
    words: &[&str],
    read: impl Fn(&str) -> Option<DateTime<FixedOffset>>,
) -> Option<DateTime<FixedOffset>> {
    let time_at = words.iter().position(|word| word.contains(':'))?;
    let clock = words.get(..=time_at)?.join(" ");
    let zone = words.get(time_at + 1).copied().unwrap_or_default();
    let offset = zone.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let offset = offset.replace(':', "");
    let offset = if offset.len() == 5 {
        offset.as_str()
    } else {
        "+0000"
    };
    read(&format!("{clock} {offset}"))
}

fn without_weekday(text: &str) -> &str {
    match text.split_once(' ') {
        Some((first, rest))
            if first.len() <= 10
                && first.chars().all(|c| c.is_alphabetic() || c == '.')
                && rest.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            rest
        }
        _ => text,
    }
}

fn other_forms(text: &str) -> Option<DateTime<FixedOffset>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time);
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z") {
        return Some(time);
    }
    for form in [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
    ] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Some(time.and_utc().fixed_offset());
        }
    }
    // `Mon Jan 1 10:00:00 CET 2024`, as `date` and old mailers write it; the zone's name is lost.
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        [_, month, day, time, .., year] => {
            let joined = format!("{month} {day} {time} {year}");
            let time = NaiveDateTime::parse_from_str(&joined, "%b %d %H:%M:%S %Y").ok()?;
            Some(time.and_utc().fixed_offset())
        }
        _ => None,
    }
}

/// `10:00+0100` as `10:00 +0100`.
fn with_blank_before_zone(text: &str) -> String {
    let glued = text.rfind(['+', '-']).filter(|at| {
        let before = text[..*at].bytes().last();
        text.contains(':')
            && !text.contains('T')
            && text.len() - at == 5
            && before.is_some_and(|byte| byte.is_ascii_digit())
    });
    match glued {
        Some(at) => format!("{} {}", &text[..at], &text[at..]),
        None => text.to_owned(),
    }
}

/// The text without `(comments)`, without recursion.
fn without_comments(text: &str) -> String {
    let mut depth = 0usize;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, expected: Option<&str>) {
        let read = parse(field).map(|time| time.to_rfc3339());
        assert_eq!(read.as_deref(), expected, "{field:?}");
    }

    #[test]
    fn dates_as_written_in_the_wild() {
        let ten = Some("2024-01-01T10:00:00+00:00");
        check("Mon, 1 Jan 2024 10:00:00 +0000", ten);
        check("Mon, 01 Jan 2024 11:00:00 +0100 (CET)", ten);
        check("Mon,  1 Jan 2024\r\n 10:00:00 GMT", ten);
        check("1 Jan 2024 10:00 +0000", ten);
        check("Fri, 1 Jan 2024 10:00:00 +0000", ten);
        check("Mo, 1 Jan 2024 10:00:00 +0000", ten);
        check("Mon 1 Jan 2024 10:00:00 +0000", ten);
        check("Mon, 1 Jan 24 05:00:00 EST", ten);
        check("Mon, 1 Jan 2024 10:00:00", ten);
        check("Mon, 1 Jan 2024 12:00:00 GMT+0200", ten);
        check("Mon, 1 Jan 2024 12:00:00 +02:00", ten);
        check("1 Jan 2024 12:00+0200", ten);
        check("2024-01-01T11:00:00+01:00", ten);
        check("2024-01-01 10:00:00", ten);
        check("Mon Jan  1 10:00:00 2024", ten);
        check("Mon Jan  1 10:00:00 UTC 2024", ten);
        check("Mon, 1 Jan 2024 10:00:00 (nested (comment)) +0000", ten);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "garbage",
            "0",
            "31 Feb 2024 10:00:00 +0000",
            "Mon, 1 Jan 999999 10:00:00 +0000",
            "Mon, 1 Jan 1904 10:00:00 +0000",
            "Mon, 1 Jan 2024",
            "((((((",
            "é, é é é é",
        ] {
            check(bad, None);
        }
        check(&"9".repeat(100_000), None);
    }
}
