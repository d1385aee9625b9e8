//! Business hours as one writes them: `Mon-Fri 08:00-18:00, Sat 09:00-12:00`.

use chrono::Weekday;

/// One stretch of business time on one weekday, in minutes after midnight; the end is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The day.
    pub day: Weekday,
    /// First minute that is inside, 0 to 1439.
    pub from: u16,
    /// First minute that is outside again, 1 to 1440.
    pub to: u16,
}

/// Reads business hours; `None` when the text is not of that form. An empty text means none.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<Hours>> {
    let mut all = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (days, hours) = part.split_once(char::is_whitespace)?;
        let (from, to) = hours.trim().split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from >= to {
            return None;
        }
        all.extend(
            weekdays(days)?
                .into_iter()
                .map(|day| Hours { day, from, to }),
        );
    }
    Some(all)
}

fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    let Some((first, last)) = text.split_once('-') else {
        return Some(vec![text.parse().ok()?]);
    };
    let (first, last): (Weekday, Weekday) = (first.parse().ok()?, last.parse().ok()?);
    let mut days = vec![first];
    let mut day = first;
    while day != last {
        day = day.succ();
        days.push(day);
    }
    Some(days)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(text: &str, days: usize, first: (Weekday, u16, u16)) {
        let hours = parse(text).unwrap();
        assert_eq!(hours.len(), days, "{text}");
        assert_eq!((hours[0].day, hours[0].from, hours[0].to), first, "{text}");
    }

    #[test]
    fn hours_are_read() {
        check("Mon-Fri 08:00-18:00", 5, (Weekday::Mon, 480, 1080));
        check("Sat 9:30-24:00", 1, (Weekday::Sat, 570, 1440));
        check(
            "Fri-Mon 00:00-00:01, Tue 01:00-02:00",
            5,
            (Weekday::Fri, 0, 1),
        );
        assert_eq!(parse(""), Some(Vec::new()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "always",
            "Mon",
            "Mon 8-18",
            "Mon 18:00-08:00",
            "Mon 08:00-24:01",
            "Mon 08:60-09:00",
            "Xyz 08:00-09:00",
            "Mon 99999:00-1:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
