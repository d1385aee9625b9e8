//! Days that are named by their distance: tomorrow, in two weeks, the end of March, the 23rd.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::names::{END_OF, HOW_MANY, IN, MONTH_WORDS, NEXT_WEEK, TOMORROW, UNITS, Unit};
use super::written::{day_number, month};

/// The first such day; `cued` is asked whether words from `start` to `end` have a cue beside them.
pub(super) fn find(
    words: &[&str],
    written: NaiveDate,
    cued: impl Fn(usize, usize) -> bool,
) -> Option<NaiveDate> {
    (0..words.len()).find_map(|at| {
        let (day, end) = tomorrow(words, at, written)
            .or_else(|| next_week(words, at, written))
            .or_else(|| distance(words, at, written))
            .or_else(|| end_of_month(words, at, written))
            .or_else(|| day_alone(words, at, written))?;
        cued(at, end).then_some(day)
    })
}

fn bare<'a>(words: &[&'a str], at: usize) -> Option<&'a str> {
    words.get(at).map(|word| word.trim_end_matches('.'))
}

fn later(written: NaiveDate, days: u64) -> Option<NaiveDate> {
    written.checked_add_days(Days::new(days))
}

/// `tomorrow`, `übermorgen`; not `guten Morgen` and `por la mañana`.
fn tomorrow(words: &[&str], at: usize, written: NaiveDate) -> Option<(NaiveDate, usize)> {
    let word = bare(words, at)?;
    let (_, days, never_after) = TOMORROW.iter().find(|(name, ..)| *name == word)?;
    let before = at.checked_sub(1).and_then(|before| bare(words, before));
    if before.is_some_and(|before| never_after.contains(&before)) {
        return None;
    }
    let after_that = matches!(before, Some("after" | "pasado"));
    let days = days + u64::from(after_that);
    Some((later(written, days)?, at + 1))
}

/// The Monday of `next week`.
fn next_week(words: &[&str], at: usize, written: NaiveDate) -> Option<(NaiveDate, usize)> {
    let phrase = NEXT_WEEK.iter().find(|phrase| {
        let here = phrase.iter().enumerate();
        here.into_iter()
            .all(|(n, word)| bare(words, at + n) == Some(*word))
    })?;
    let days = 7 - written.weekday().num_days_from_monday();
    Some((later(written, u64::from(days))?, at + phrase.len()))
}

/// `in two weeks`, `dans 10 jours`
fn distance(words: &[&str], at: usize, written: NaiveDate) -> Option<(NaiveDate, usize)> {
    IN.contains(&bare(words, at)?).then_some(())?;
    let number = bare(words, at + 1)?;
    let named = HOW_MANY.iter().find(|(name, _)| *name == number);
    let count = named.map(|(_, count)| *count);
    let count = count.or_else(|| number.parse().ok().filter(|count| *count <= 99))?;
    let unit = bare(words, at + 2)?;
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let day = match unit {
        Unit::Day => later(written, u64::from(count)),
        Unit::Week => later(written, 7 * u64::from(count)),
        Unit::Month => written.checked_add_months(Months::new(count)),
    };
    Some((day?, at + 3))
}

/// `end of March`, `Ende des Monats`, `fin mars`, `finales de marzo`
fn end_of_month(words: &[&str], at: usize, written: NaiveDate) -> Option<(NaiveDate, usize)> {
    END_OF.contains(&bare(words, at)?).then_some(())?;
    let filler = |word: &&str| matches!(*word, "of" | "the" | "des" | "du" | "de" | "di" | "del");
    let mut next = at + 1;
    while next < at + 3 && bare(words, next).as_ref().is_some_and(filler) {
        next += 1;
    }
    let name = bare(words, next)?;
    let in_month = match month(name) {
        Some(month) => month,
        None => MONTH_WORDS.contains(&name).then(|| written.month())?,
    };
    let year = written.year() + i32::from(in_month < written.month());
    let first = NaiveDate::from_ymd_opt(year, in_month, 1)?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some((last, next + 1))
}

/// `the 23rd`: the next day of that number.
fn day_alone(words: &[&str], at: usize, written: NaiveDate) -> Option<(NaiveDate, usize)> {
    let word = bare(words, at)?;
    let ordinal = ["st", "nd", "rd", "th"]
        .iter()
        .any(|end| word.ends_with(end));
    let day = day_number(word).filter(|_| ordinal)?;
    let beside = [at.checked_sub(1), Some(at + 1), Some(at + 2)];
    let mut beside = beside.into_iter().flatten();
    if beside.any(|near| bare(words, near).and_then(month).is_some()) {
        return None;
    }
    let this = written.with_day(day).filter(|this| *this > written);
    let next = || {
        let first = written.with_day(1)?;
        first.checked_add_months(Months::new(1))?.with_day(day)
    };
    Some((this.or_else(next)?, at + 1))
}
