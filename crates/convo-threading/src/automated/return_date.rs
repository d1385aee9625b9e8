//! The day an absent person names as the end of the absence.

mod names;

use chrono::{Datelike, Days, NaiveDate};

use super::subjects::normal;
use names::{CUES, MONTHS, RANGE, WEEKDAYS};

/// Words looked at, from the beginning.
const MAX_WORDS: usize = 400;

/// How many words before a date its cue may stand.
const REACH: usize = 6;

/// An absence longer than this is a misreading.
const MAX_DAYS_AHEAD: u64 = 500;

/// A date in a text, as far as it is written out.
#[derive(Clone, Copy)]
struct Found {
    /// The readings of it: an ambiguous `05/01` has two.
    readings: [Option<(u32, u32)>; 2],
    year: Option<i32>,
    /// Index of its first word and of the word behind it.
    start: usize,
    end: usize,
}

/// The latest day that the subject or text names as end of an absence or day of return.
///
/// A date without a year is the next such day after `written_on`, and without that no date; so is
/// a weekday. An ambiguous `05/01/2026` is read as the day that comes first after `written_on`.
pub(super) fn find(subject: &str, text: &str, written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    let mut days: Vec<NaiveDate> = Vec::new();
    let mut weekdays: Vec<NaiveDate> = Vec::new();
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
    }
    days.into_iter()
        .max()
        .or_else(|| weekdays.into_iter().next())
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
        let ends_range = previous.is_some_and(|before| {
            let between = &words[before.end..found.start];
            between.len() <= 3 && between.iter().any(|word| RANGE.contains(word))
        });
        if ends_range || has_cue(words, found.start) {
            days.extend(resolve(&found, written_on));
        }
        at = found.end;
        previous = Some(found);
    }
}

fn has_cue(words: &[&str], at: usize) -> bool {
    let from = at.saturating_sub(REACH);
    words[from..at]
        .iter()
        .any(|word| CUES.contains(&word.trim_end_matches('.')))
}

/// The date that begins at a word.
fn date_at(words: &[&str], at: usize) -> Option<Found> {
    let word = words[at].trim_end_matches('.');
    if let Some(found) = numeric(word, at) {
        return Some(found);
    }
    // `14 August`, `14. August`, `14th of August`, `14 de agosto de 2026`, `1er août`
    if let Some(day) = day_number(word) {
        let filler = |word: &str| matches!(word, "of" | "de" | "d'" | "di");
        let month_at = at + 1 + usize::from(words.get(at + 1).is_some_and(|word| filler(word)));
        let month = words.get(month_at).and_then(|word| month(word))?;
        let year_at = month_at
            + 1
            + usize::from(
                words
                    .get(month_at + 1)
                    .is_some_and(|word| matches!(*word, "de" | "del")),
            );
        let year = words.get(year_at).and_then(|word| year(word));
        let end = if year.is_some() {
            year_at + 1
        } else {
            month_at + 1
        };
        return Some(Found {
            readings: [Some((month, day)), None],
            year,
            start: at,
            end,
        });
    }
    // `August 14, 2026`, `August 14th`
    let month = month(word)?;
    let day = words
        .get(at + 1)
        .and_then(|word| day_number(word.trim_end_matches('.')))?;
    let year = words.get(at + 2).and_then(|word| year(word));
    let end = at + 2 + usize::from(year.is_some());
    Some(Found {
        readings: [Some((month, day)), None],
        year,
        start: at,
        end,
    })
}

/// `2026-05-01`, `01.05.2026`, `1.5.`, `05/01/2026`, `1-5-26`
fn numeric(word: &str, at: usize) -> Option<Found> {
    let separator = word.chars().find(|c| matches!(c, '.' | '/' | '-'))?;
    let fields: Vec<&str> = word.split(separator).collect();
    if fields.iter().any(|field| {
        field.is_empty() || field.len() > 4 || !field.bytes().all(|byte| byte.is_ascii_digit())
    }) {
        return None;
    }
    let numbers: Vec<u32> = fields
        .iter()
        .filter_map(|field| field.parse().ok())
        .collect();
    let proper = |month: u32, day: u32| {
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
    };
    let (readings, year) = match numbers.as_slice() {
        [year, month, day] if fields[0].len() == 4 => ([proper(*month, *day), None], Some(*year)),
        [first, second, year] if matches!(fields[2].len(), 2 | 4) => {
            let year = if *year < 100 { year + 2000 } else { *year };
            let month_first = if separator == '/' {
                proper(*first, *second)
            } else {
                None
            };
            ([proper(*second, *first), month_first], Some(year))
        }
        // `24/7` and `2.5` are no dates: without a year only the German `14.8.` and `14/08` count.
        [first, second] if separator == '.' || (separator == '/' && fields[1].len() == 2) => {
            let month_first = if separator == '/' {
                proper(*first, *second)
            } else {
                None
            };
            ([proper(*second, *first), month_first], None)
        }
        _ => return None,
    };
    readings.iter().any(Option::is_some).then_some(())?;
    let year = year.and_then(|year| i32::try_from(year).ok());
    Some(Found {
        readings,
        year,
        start: at,
        end: at + 1,
    })
}

fn day_number(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
    let suffix = &word[digits.len()..];
    if !matches!(
        suffix,
        "" | "." | "st" | "nd" | "rd" | "th" | "er" | "e" | "º" | "°"
    ) || digits.len() > 2
    {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    MONTHS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, month)| *month)
}

fn year(word: &str) -> Option<i32> {
    let word = word.trim_end_matches('.');
    let year = (word.len() == 4).then(|| word.parse().ok()).flatten()?;
    (1970..2200).contains(&year).then_some(year)
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
    let last = written.checked_add_days(Days::new(MAX_DAYS_AHEAD));
    days.into_iter().find(|day| {
        *day >= written && (found.year.is_some() || last.is_none_or(|last| *day <= last))
    })
}

/// A weekday behind a cue: the next one after the mail.
fn weekday(words: &[&str], written_on: Option<NaiveDate>) -> Option<NaiveDate> {
    let written = written_on?;
    words.iter().enumerate().find_map(|(at, word)| {
        let word = word.trim_end_matches('.');
        let (_, weekday) = WEEKDAYS.iter().find(|(name, _)| *name == word)?;
        if !has_cue(words, at) {
            return None;
        }
        let days =
            (7 + weekday.num_days_from_monday() - written.weekday().num_days_from_monday()) % 7;
        let days = if days == 0 { 7 } else { u64::from(days) };
        written.checked_add_days(Days::new(days))
    })
}
