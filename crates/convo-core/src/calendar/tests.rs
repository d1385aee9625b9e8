use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

fn berlin() -> Calendar {
    Calendar {
        time_zone: "Europe/Berlin".into(),
        ..Calendar::default()
    }
}

#[track_caller]
fn check(now: &str, open: bool) {
    assert_eq!(berlin().is_open(at(now)), open, "{now}");
}

#[test]
fn hours_are_local_and_end_before_their_end() {
    check("2026-01-05T06:59:59Z", false);
    check("2026-01-05T07:00:00Z", true);
    check("2026-01-05T16:59:59.999Z", true);
    check("2026-01-05T17:00:00Z", false);
    // Summer time moves them by an hour.
    check("2026-07-06T06:00:00Z", true);
    check("2026-07-06T16:00:00Z", false);
    // Saturday.
    check("2026-01-10T10:00:00Z", false);
}

#[test]
fn holidays_have_no_hours() {
    let mut calendar = berlin();
    calendar.holidays.insert("2026-01-05".parse().unwrap());
    assert!(!calendar.is_open(at("2026-01-05T10:00:00Z")));
    assert_eq!(
        calendar.next_open(at("2026-01-05T10:00:00Z")),
        Some(at("2026-01-06T07:00:00Z"))
    );
}

#[test]
fn the_next_opening_skips_nights_and_weekends() {
    let calendar = berlin();
    assert_eq!(
        calendar.next_open(at("2026-01-05T10:00:00Z")),
        Some(at("2026-01-05T10:00:00Z"))
    );
    assert_eq!(
        calendar.next_open(at("2026-01-09T17:00:00Z")),
        Some(at("2026-01-12T07:00:00Z"))
    );
    let never = Calendar {
        weekdays: Vec::new(),
        ..berlin()
    };
    assert_eq!(never.next_open(at("2026-01-09T17:00:00Z")), None);
}

#[test]
fn an_opening_in_a_clock_gap_is_the_first_instant_after_it() {
    // 2026-03-29: 02:00 becomes 03:00 in Berlin. A Sunday.
    let calendar = berlin().with_hours("Sun 02:30-05:00").unwrap();
    assert_eq!(
        calendar.next_open(at("2026-03-28T12:00:00Z")),
        Some(at("2026-03-29T01:00:00Z"))
    );
}

#[test]
fn an_opening_that_occurs_twice_is_the_earlier_one() {
    // 2026-10-25: 03:00 becomes 02:00 in Berlin. A Sunday.
    let calendar = berlin().with_hours("Sun 02:30-05:00").unwrap();
    assert_eq!(
        calendar.next_open(at("2026-10-24T12:00:00Z")),
        Some(at("2026-10-25T00:30:00Z"))
    );
}

#[test]
fn business_minutes_run_only_in_hours() {
    let mut calendar = berlin();
    calendar.holidays.insert("2026-05-01".parse().unwrap());
    for (from, minutes, then) in [
        ("2026-01-05T10:00:00Z", 30, "2026-01-05T10:30:00Z"),
        ("2026-01-05T10:00:00Z", 0, "2026-01-05T10:00:00Z"),
        // What ends with the day ends at its closing.
        ("2026-01-09T16:30:00Z", 30, "2026-01-09T17:00:00Z"),
        ("2026-01-09T16:45:00Z", 30, "2026-01-12T07:15:00Z"),
        ("2026-01-10T10:00:00Z", 0, "2026-01-12T07:00:00Z"),
        // Friday the first of May is a holiday.
        ("2026-04-30T15:59:30Z", 1, "2026-05-04T06:00:30Z"),
        // Over the last Sundays of March and October the opening moves by an hour in UTC.
        ("2026-03-27T16:00:00Z", 120, "2026-03-30T07:00:00Z"),
        ("2026-10-23T15:00:00Z", 120, "2026-10-26T08:00:00Z"),
        ("2026-01-05T07:00:00Z", 5 * 600, "2026-01-09T17:00:00Z"),
    ] {
        let reached = calendar.add_business_minutes(at(from), minutes);
        assert_eq!(reached, Some(at(then)), "{from} + {minutes}");
        let between = calendar.business_minutes_between(at(from), at(then));
        assert_eq!(between, minutes, "{from} to {then}");
    }
}

#[test]
fn hours_that_a_clock_change_takes_or_repeats() {
    // 02:00 becomes 03:00 on 2026-03-29; 03:00 becomes 02:00 on 2026-10-25. Sundays.
    let open = |hours: &str, day: &str| {
        let from = at(&format!("{day}T00:00:00Z")) - TimeDelta::hours(2);
        let calendar = berlin().with_hours(hours).unwrap();
        calendar.business_minutes_between(from, from + TimeDelta::hours(28))
    };
    for (hours, spring, autumn) in [
        ("Sun 01:00-04:00", 120, 240),
        ("Sun 02:00-03:00", 0, 120),
        ("Sun 02:30-05:00", 120, 180),
        ("Sun 00:00-02:30", 120, 180),
        ("Sun 08:00-18:00", 600, 600),
    ] {
        assert_eq!(open(hours, "2026-03-29"), spring, "{hours} in spring");
        assert_eq!(open(hours, "2026-10-25"), autumn, "{hours} in autumn");
    }
    // Half past two comes twice: the hours are interrupted in between.
    let calendar = berlin().with_hours("Sun 02:30-05:00").unwrap();
    let after = |minutes| calendar.add_business_minutes(at("2026-10-25T00:30:00Z"), minutes);
    assert_eq!(after(30), Some(at("2026-10-25T01:00:00Z")));
    assert_eq!(after(31), Some(at("2026-10-25T01:31:00Z")));
    assert!(!calendar.is_open(at("2026-10-25T01:15:00Z")));
}

#[test]
fn a_day_that_a_zone_leaves_out_has_no_hours() {
    // Samoa went from Thursday the 29th to Saturday the 31st of December 2011.
    let apia = Calendar {
        time_zone: "Pacific/Apia".into(),
        ..Calendar::default()
    };
    let (thursday, monday) = (at("2011-12-29T18:00:00Z"), at("2012-01-02T18:00:00Z"));
    assert_eq!(apia.business_minutes_between(thursday, monday), 1_200);
    assert_eq!(
        apia.add_business_minutes(thursday, 601),
        Some(at("2012-01-01T18:01:00Z"))
    );
}

#[test]
fn counting_ends_where_nothing_opens() {
    let now = at("2026-01-09T17:00:00Z");
    let never = Calendar {
        weekdays: Vec::new(),
        ..berlin()
    };
    let empty = Calendar {
        closes: berlin().opens,
        ..berlin()
    };
    let year =
        (0..1_500).map(|day| "2026-01-01".parse::<NaiveDate>().unwrap() + TimeDelta::days(day));
    let holidays = Calendar {
        holidays: year.collect(),
        ..berlin()
    };
    for calendar in [never, empty, holidays] {
        assert_eq!(calendar.next_open(now), None);
        assert_eq!(calendar.add_business_minutes(now, 0), None);
        assert_eq!(calendar.add_business_minutes(now, u32::MAX), None);
        let end = now + TimeDelta::days(500);
        assert_eq!(calendar.business_minutes_between(now, end), 0);
    }
    assert_eq!(berlin().add_business_minutes(now, u32::MAX), None);
    let far = at("9999-12-31T00:00:00Z");
    assert!(berlin().business_minutes_between(now, far) > 15_000_000);
    assert_eq!(berlin().business_minutes_between(far, now), 0);
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let zones = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kathmandu",
        "Africa/Casablanca",
    ];
    let days = [
        Weekday::Mon,
        Weekday::Tue,
        Weekday::Wed,
        Weekday::Thu,
        Weekday::Fri,
        Weekday::Sat,
        Weekday::Sun,
    ];
    (
        proptest::sample::select(zones.to_vec()),
        proptest::sample::subsequence(days.to_vec(), 1..=7),
        0..1_438u32,
        1..1_439u32,
        proptest::collection::vec(0..400i64, 0..5),
    )
        .prop_map(|(zone, weekdays, opens, length, holidays)| {
            let time =
                |minutes: u32| NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap();
            let first: NaiveDate = "2026-01-01".parse().unwrap();
            Calendar {
                time_zone: zone.to_owned(),
                weekdays,
                opens: time(opens),
                closes: time((opens + length).min(1_439)),
                holidays: holidays
                    .into_iter()
                    .map(|day| first + TimeDelta::days(day))
                    .collect(),
            }
        })
}

proptest! {
    /// Minute by minute through a week of a year with clock changes.
    #[test]
    fn minutes_are_those_in_which_we_are_open(calendar in calendars(), start in 0..525_600i64, length in 0..10_080i64) {
        let from = at("2026-01-01T00:00:00Z") + TimeDelta::minutes(start);
        let to = from + TimeDelta::minutes(length);
        let open = (0..length).filter(|minute| calendar.is_open(from + TimeDelta::minutes(*minute)));
        prop_assert_eq!(i64::from(calendar.business_minutes_between(from, to)), i64::try_from(open.count()).unwrap());
    }

    /// What is added lies between, and ends in the hours or with them.
    #[test]
    fn what_is_added_lies_between(calendar in calendars(), start in 0..31_536_000i64, minutes in 0..5_000u32) {
        let from = at("2026-01-01T00:00:00Z") + TimeDelta::seconds(start);
        if let Some(then) = calendar.add_business_minutes(from, minutes) {
            prop_assert!(then >= from);
            prop_assert_eq!(calendar.business_minutes_between(from, then), minutes);
            let before = then - TimeDelta::microseconds(1);
            prop_assert!(calendar.is_open(then) || calendar.is_open(before));
        }
    }
}

#[test]
fn hours_are_read_from_one_line() {
    let calendar = Calendar::default()
        .with_hours("Mon,Wed-Fri 09:00-12:30")
        .unwrap();
    assert_eq!(
        calendar.weekdays,
        [Weekday::Mon, Weekday::Wed, Weekday::Thu, Weekday::Fri]
    );
    assert_eq!(calendar.closes, NaiveTime::from_hms_opt(12, 30, 0).unwrap());
    for wrong in ["", "Mon", "Mon 9", "Foo 08:00-18:00", "Mon 25:00-26:00"] {
        assert_eq!(
            Calendar::default().with_hours(wrong),
            Err(HoursError),
            "{wrong}"
        );
    }
}
