//! Dates that are written out: `14 August`, `August 14, 2026`, `14.8.`, `2026-08-14`, `14-Aug-2026`.

use super::names::MONTHS;

/// A date in a text, as far as it is written out.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// The readings of it, month and day: an ambiguous `05/01` has two.
    pub(super) readings: [Option<(u32, u32)>; 2],
    pub(super) year: Option<i32>,
    /// Index of its first word and of the word behind it.
    pub(super) start: usize,
    pub(super) end: usize,
    /// It is the end of a range in itself: `9-20 March`.
    pub(super) range: bool,
    /// A dot at its end belongs to it: `23.3.`
    pub(super) dotted: bool,
}

/// The date that begins at a word.
pub(super) fn date_at(words: &[&str], at: usize) -> Option<Found> {
    let word = words[at].trim_end_matches('.');
    if let Some(found) = numeric(word, at).or_else(|| hyphened(word, at)) {
        return Some(found);
    }
    let (range, first) = match word.split_once(['-', '–', '—']) {
        Some((from, to)) if day_number(from).is_some() => (true, to),
        _ => (false, word),
    };
    // `14 August`, `14. August`, `14th of August`, `14 de agosto de 2026`, `1er août`
    if let Some(day) = day_number(first) {
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
        // What ends in a dot ends the sentence.
        let closed = words[month_at].ends_with('.') && words[month_at].len() > 5;
        let year = words.get(year_at).filter(|_| !closed);
        let year = year.and_then(|word| year_in(word));
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
            range,
            dotted: false,
        });
    }
    // `August 14, 2026`, `August 14th`
    let month = month(word)?;
    let day = words
        .get(at + 1)
        .and_then(|word| day_number(word.trim_end_matches('.')))?;
    let closed = words[at + 1].ends_with('.');
    let year = words.get(at + 2).filter(|_| !closed);
    let year = year.and_then(|word| year_in(word));
    let end = at + 2 + usize::from(year.is_some());
    Some(Found {
        readings: [Some((month, day)), None],
        year,
        start: at,
        end,
        range: false,
        dotted: false,
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
        range: false,
        dotted: separator == '.' && year.is_none(),
    })
}

/// `20-Mar-2026`, `20/mars/26`
fn hyphened(word: &str, at: usize) -> Option<Found> {
    let separator = word.chars().find(|c| matches!(c, '-' | '/'))?;
    let mut fields = word.split(separator);
    let (day, name, year) = (fields.next()?, fields.next()?, fields.next()?);
    let (day, month) = (day_number(day)?, month(name)?);
    let year = match year.len() {
        2 => year.parse::<i32>().ok().map(|year| year + 2000),
        _ => year_in(year),
    };
    (fields.next().is_none() && year.is_some()).then_some(Found {
        readings: [Some((month, day)), None],
        year,
        start: at,
        end: at + 1,
        range: false,
        dotted: false,
    })
}

/// `14`, `14.`, `14th`, `1er`
pub(super) fn day_number(word: &str) -> Option<u32> {
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

/// The number of a month by its name.
pub(super) fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    MONTHS
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, month)| *month)
}

fn year_in(word: &str) -> Option<i32> {
    let word = word.trim_end_matches('.');
    let year = (word.len() == 4).then(|| word.parse().ok()).flatten()?;
    (1970..2200).contains(&year).then_some(year)
}
