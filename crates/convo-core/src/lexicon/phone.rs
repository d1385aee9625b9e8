//! Telephone numbers in running text.

/// Digits of a number written in full (ITU-T E.164 allows 15).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Ranges that are telephone numbers; `announced` are the ends of words such as "call me on",
/// sorted, after which a number needs no telling shape.
///
/// A number begins with `+` or `0`, or has the groups of a North American or nine-digit number.
/// Dates, prices and number plates are none.
pub(super) fn numbers(folded: &str, announced: &[usize]) -> Vec<(usize, usize)> {
    let bytes = folded.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let begins = byte.is_ascii_digit() || matches!(byte, b'+' | b'(');
        let inside = at > 0 && bytes.get(at - 1).is_some_and(|b| b.is_ascii_alphanumeric());
        if !begins || inside {
            at += 1;
            continue;
        }
        let end = run_end(bytes, at);
        let run = folded.get(at..end).unwrap_or_default();
        let after = folded.get(end..).unwrap_or_default();
        let before = folded.get(..at).unwrap_or_default();
        let told = announced.partition_point(|word| *word <= at);
        let told = told
            .checked_sub(1)
            .and_then(|last| announced.get(last))
            .is_some_and(|word| at - word <= ANNOUNCED_BYTES);
        if !is_priced(before, after) && is_number(run, told) {
            found.push((at, end));
        }
        at = end.max(at + 1);
    }
    found
}

/// How far behind "call me on" a number still belongs to it.
const ANNOUNCED_BYTES: usize = 20;

/// End of the last digit of a run of digits with single separators.
fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    let mut separators = 0;
    for (offset, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'0'..=b'9' => {
                end = offset + 1;
                separators = 0;
            }
            b'+' if offset == start => {}
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' if separators < 3 => separators += 1,
            _ => break,
        }
    }
    end
}

fn is_priced(before: &str, after: &str) -> bool {
    let money = |c: char| matches!(c, '€' | '$' | '£' | '%');
    before.trim_end().ends_with(money)
        || after.trim_start().starts_with(money)
        || after.starts_with(|c: char| c.is_alphanumeric() || c == ':')
        || ["eur", "km", "chf", "miles"]
            .iter()
            .any(|unit| after.trim_start().starts_with(unit))
}

fn is_number(run: &str, told: bool) -> bool {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    if !DIGITS.contains(&digits) {
        return told && digits == 7;
    }
    let groups: Vec<&str> = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .collect();
    if is_date(&groups) || is_table(run, &groups) {
        return false;
    }
    if told || run.starts_with('+') {
        return true;
    }
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if run.trim_start_matches('(').starts_with('0') {
        return digits >= 9;
    }
    match lengths.as_slice() {
        [3, 3, 4] | [1, 3, 3, 4] | [3, 7] => true,
        [3, 3, 3] | [3, 2, 2, 2] => run.starts_with(['6', '7', '9']) && !run.contains('.'),
        _ => false,
    }
}

/// Day, month and year in any order, possibly with a time behind.
fn is_date(groups: &[&str]) -> bool {
    let small = |group: &str| group.len() <= 2 && group.parse::<u8>().is_ok_and(|n| n <= 31);
    let year = |group: &str| {
        group
            .parse::<u16>()
            .is_ok_and(|n| (1900..2100).contains(&n))
    };
    matches!(groups, [a, b, c, ..]
        if (small(a) && small(b) && year(c)) || (year(a) && small(b) && small(c)))
        || matches!(groups, [all] if all.len() == 8 && (all.starts_with("19") || all.starts_with("20")))
}

/// Decimals, version numbers, and times with a date behind.
fn is_table(run: &str, groups: &[&str]) -> bool {
    let decimal = run.starts_with("0.") || run.starts_with("0,");
    let zeros = groups.first().is_some_and(|group| group.starts_with("000"));
    let mixed = run.contains('.') && run.contains(' ') && !run.contains(". ");
    let dated = run.contains('/') && groups.windows(3).any(is_date);
    decimal || zeros || mixed || dated || run.matches('/').count() > 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = numbers(text, &[])
            .into_iter()
            .map(|(start, end)| &text[start..end])
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn finds_numbers() {
        check(
            "my number is +49 (0)171 123 45 67.",
            &["+49 (0)171 123 45 67"],
        );
        check("0171/1234567 please", &["0171/1234567"]);
        check("06 12 34 56 78", &["06 12 34 56 78"]);
        check("06-12345678", &["06-12345678"]);
        check("(555) 123-4567", &["(555) 123-4567"]);
        check("555-123-4567", &["555-123-4567"]);
        check("612 345 678", &["612 345 678"]);
        check("347 1234567", &["347 1234567"]);
    }

    #[test]
    fn leaves_other_numbers() {
        for text in [
            "on 03.06.2024 at 10:30",
            "on 2024-06-03 10 30",
            "20240603",
            "it costs 25.000 or 25 000 000",
            "€ 612 345 678",
            "612 345 678 km",
            "order 12345678",
            "vin wvwzzz1jz3w386752",
            "10 to 12, 2024",
            "2019 2020 2021",
            "100 200 300",
            "0,5",
            "0.999632042904",
            "0000 1.100.2.11",
            "0700 8/13/02",
            "06 06/08/2002",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_told_number_needs_no_shape() {
        let text = "call me on 55512345";
        assert_eq!(numbers(text, &[10]), [(11, 19)]);
        assert_eq!(numbers("call me 555 1234", &[7]), [(8, 16)]);
    }
}
