//! The day an absent person names as the end of the absence.

mod names;
mod relative;
mod written;

use chrono::{Datelike, Days, NaiveDate};

use super::subjects::normal;
use names::{AFTER_CUES, ARTICLES, CUES, RANGE, STARTS, WEEKDAYS};
use written::{Found, date_at, day_number};

/// Words looked at, from the beginning.
const MAX_WORDS: usize = 400;

/// How many words before a date its cue may stand.
const REACH: usize = 6;

/// How many words behind a date its cue may stand: `am 23. März bin ich wieder da`.
const REACH_BEHIND: usize = 4;

/// A day without a year that lies this shortly before the mail is past, not next year's.
const DAYS_PAST: i64 = 120;

/// An absence longer than this is a misreading.
const MAX_DAYS_AHEAD: u64 = 500;
/// The same for one that names the year itself: parents are away for three years.
const MAX_DAYS_AHEAD_WITH_YEAR: u64 = 3 * 366;

/// The latest day that the subject or text names as end of an absence or day of return.
///
/// A date without a year is the next such day after `written_on`, and without that no date; so are
/// a weekday and `tomorrow`, which are asked only where no date is written out. An ambiguous
/// `05/01/2026` is read as the day that comes first after `written_on`.
pub(super) fn find(subject: &str, text: &str, written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    let mut days: Vec<NaiveDate> = Vec::new();
    let mut weekdays: Vec<NaiveDate> = Vec::new();
    let mut named: Vec<NaiveDate> = Vec::new();
    for part in [subject, text] {
        let part = normal(part);
        let words: Vec<&str> = part
            .split(' ')
            .map(trimmed)
            .filter(|word| !word.is_empty())
            .take(MAX_WORDS)
            .collect();
        dates(&words, written_on, &mut days);
        weekdays.extend(weekday(&words, written_on));
        let cued = |start, end| has_cue(&words, start, end, true);
        named.extend(written_on.and_then(|written| relative::find(&words, written, cued)));
    }
    days.into_iter()
        .max()
        .or_else(|| weekdays.into_iter().next())
        .or_else(|| named.into_iter().next())
}

/// A word without the punctuation around it; a date's own dots and slashes stay inside.
fn trimmed(word: &str) -> &str {
    let edges = |c: char| {
        matches!(
            c,
            ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '<' | '>' | '*'
        )
    };
    word.trim_matches(edges)
}

fn dates(words: &[&str], written_on: Option<NaiveDate>, days: &mut Vec<NaiveDate>) {
    let mut at = 0;
    let mut previous: Option<Found> = None;
    while at < words.len() {
        let Some(found) = date_at(words, at) else {
            at += 1;
            continue;
        };
        let ends_range = found.range
            || follows_day(words, found.start)
            || previous.is_some_and(|before| {
                let between = &words[before.end..found.start];
                between.len() <= 3 && between.iter().any(|word| RANGE.contains(word))
            });
        if ends_range || has_cue(words, found.start, found.end, found.dotted) {
            days.extend(resolve(&found, written_on));
        }
        at = found.end;
        previous = Some(found);
    }
}

/// Whether a date ends a range that begins with a bare day: `du 9 au vendredi 20 mars`.
fn follows_day(words: &[&str], start: usize) -> bool {
    let filler = |word: &str| ARTICLES.contains(&word) || is_weekday(word);
    let mut before = words[..start]
        .iter()
        .rev()
        .map(|word| word.trim_end_matches('.'))
        .skip_while(|word| filler(word));
    let to = before.next().is_some_and(|word| RANGE.contains(&word));
    to && before.next().is_some_and(|word| day_number(word).is_some())
}

/// Whether words lead to an end or a return: before a date, or behind it in the same sentence.
///
/// `dotted` says that a dot at the date's end belongs to it.
fn has_cue(words: &[&str], start: usize, end: usize, dotted: bool) -> bool {
    let is = |cues: &[&str], word: &str| cues.contains(&word.trim_end_matches('.'));
    let from = start.saturating_sub(REACH);
    if words[from..start].iter().any(|word| is(CUES, word)) {
        return true;
    }
    if start > 0 && is(STARTS, words[start - 1]) {
        return false;
    }
    let ends = |word: &str| word.ends_with('.');
    if !dotted && end > 0 && words.get(end - 1).is_some_and(|word| ends(word)) {
        return false;
    }
    for word in words.iter().skip(end).take(REACH_BEHIND) {
        if is(AFTER_CUES, word) {
            return true;
        }
        if ends(word) {
            return false;
        }
    }
    false
}

fn is_weekday(word: &str) -> bool {
    WEEKDAYS.iter().any(|(name, _)| *name == word)
}

/// The day a date means: of its readings the first that is not before the mail.
fn resolve(found: &Found, written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    let readings = found.readings.iter().flatten();
    let mut days: Vec<NaiveDate> = readings
        .filter_map(|(month, day)| match found.year {
            Some(year) => NaiveDate::from_ymd_opt(year, *month, *day),
            None => {
                let written = written_on?;
                let this = NaiveDate::from_ymd_opt(written.year(), *month, *day);
                let past = this.is_some_and(|this| {
                    (1..=DAYS_PAST).contains(&written.signed_duration_since(this).num_days())
                });
                if past {
                    return None;
                }
                let next = NaiveDate::from_ymd_opt(written.year() + 1, *month, *day);
                [this, next]
                    .into_iter()
                    .flatten()
                    .find(|day| *day >= written)
            }
        })
        .collect();
    days.sort_unstable();
    let Some(written) = written_on else {
        return days.first().copied();
    };
    let ahead = match found.year {
        Some(_) => MAX_DAYS_AHEAD_WITH_YEAR,
        None => MAX_DAYS_AHEAD,
    };
    let last = written.checked_add_days(Days::new(ahead));
    days.into_iter()
        .find(|day| *day >= written && last.is_none_or(|last| *day <= last))
}

/// A weekday beside a cue: the next one after the mail.
fn weekday(words: &[&str], written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    let written = written_on?;
    words.iter().enumerate().find_map(|(at, word)| {
        let bare = word.trim_end_matches('.');
        let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| *name == bare)?;
        if !has_cue(words, at, at + 1, false) {
            return None;
        }
        let days =
            (7 + weekday.num_days_from_monday() - written.weekday().num_days_from_monday()) % 7;
        let days = if days == 0 { 7 } else { u64::from(days) };
        written.checked_add_days(Days::new(days))
    })
}
