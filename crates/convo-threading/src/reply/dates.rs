//! Dates and addresses as they stand in intro lines, in any language's order.

/// The value of a decimal digit of the scripts mail clients write dates in.
fn digit(c: char) -> Option<u32> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        '\u{966}'..='\u{96f}' => '\u{966}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    Some(c as u32 - zero as u32)
}

/// Whether a digit stands among the first `within` characters.
pub(super) fn digit_within(text: &str, within: usize) -> bool {
    text.chars().take(within).any(|c| digit(c).is_some())
}

/// Whether the text holds a year, a time of day or a day with its month in figures.
pub(super) fn has_date(text: &str) -> bool {
    let mut group = Group::default();
    let mut before: Option<(Group, char)> = None;
    for c in text.chars().chain([' ']) {
        if let Some(value) = digit(c) {
            group.push(value);
            continue;
        }
        if group.length > 0 {
            if group.is_year() || before.is_some_and(|(left, sign)| joins(left, sign, group)) {
                return true;
            }
            before = Some((group, c));
        } else {
            before = None;
        }
        group = Group::default();
        if matches!(c, '年' | '月' | '日' | '년' | '월' | '일') && before.is_some() {
            return true;
        }
    }
    false
}

/// `10:42`, `10h42`, `18.30`, `3/12`, `17-02`.
fn joins(left: Group, sign: char, right: Group) -> bool {
    let is_time = matches!(sign, ':' | 'h' | '.' | '：')
        && left.length <= 2
        && right.length == 2
        && left.value < 24
        && right.value < 60;
    let is_day = matches!(sign, '/' | '-') && left.length <= 2 && right.length <= 2;
    is_time || is_day
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    value: u32,
    length: u32,
}

impl Group {
    fn push(&mut self, value: u32) {
        self.value = self.value.saturating_mul(10).saturating_add(value);
        self.length = self.length.saturating_add(1);
    }

    fn is_year(self) -> bool {
        self.length == 4 && (1980..2100).contains(&self.value)
    }
}

/// A date of figures with its zone, as Gmail writes it without any word: `… 17:21 GMT+01:00 Ann`.
pub(super) fn starts_with_zoned_date(text: &str) -> bool {
    let end = text.char_indices().nth(40).map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or_default();
    head.starts_with(|c| digit(c).is_some())
        && has_date(head)
        && ["GMT+", "GMT-", "UTC+", "UTC-"]
            .iter()
            .any(|zone| head.contains(zone))
}

/// The byte after an e-mail address, with the bracket that closes it; of the last one in the text.
pub(super) fn last_address_end(text: &str) -> Option<usize> {
    let sign = text.rfind('@')?;
    let is_local = text
        .get(..sign)?
        .ends_with(|c: char| c.is_alphanumeric() || "._-+=\"'".contains(c));
    let domain = text.get(sign + 1..)?;
    if !is_local || !domain.starts_with(char::is_alphanumeric) {
        return None;
    }
    let end = domain
        .find(|c: char| c.is_whitespace() || ">)],;:\"'<".contains(c))
        .map_or(text.len(), |length| sign + 1 + length);
    let closed = text
        .get(end..)?
        .trim_start_matches([' ', '>', ')', ']', '"', '\'']);
    Some(text.len() - closed.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn dates_of_many_orders() {
        for text in [
            "12 May 2024",
            "at 3:45",
            "14h05",
            "3/12",
            "17-02-24",
            "18.30",
            "2024年5月",
            "5월 3일",
            "١٢:٣٠",
        ] {
            assert!(has_date(text), "{text}");
        }
        for text in ["5 May", "Golf 7", "100", "12345", "v1.2.3", "30:99", ""] {
            assert!(!has_date(text), "{text}");
        }
    }

    #[test]
    fn addresses() {
        let end =
            |text: &str| last_address_end(text).map(|end| text.get(end..).unwrap().to_owned());
        assert_eq!(end("Ann <ann@example.com>:"), Some(":".into()));
        assert_eq!(end("Ann (ann@example.com) wrote:"), Some("wrote:".into()));
        assert_eq!(end("see you @ noon"), None);
        assert_eq!(end("no address"), None);
    }
}
