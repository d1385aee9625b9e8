//! The hours of one local day as instants.

use std::ops::Range;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::Time;

/// Farthest that a zone's clock was ever ahead of UTC or behind it, and a little more, in hours.
const FARTHEST_HOURS: i64 = 16;

/// The instants of a local day that show a time from `opens` on and before `closes`, in order: one span, or two
/// where the day has a clock change. Zones change their clocks at whole seconds, and not twice within three days.
pub(super) fn hours(
    zone: Tz,
    day: NaiveDate,
    opens: NaiveTime,
    closes: NaiveTime,
) -> [Option<Range<Time>>; 2] {
    let local = |offset: FixedOffset| {
        let at = |time| instant(day.and_time(time), offset);
        Some(at(opens)?..at(closes)?)
    };
    let midnight = day.and_time(NaiveTime::MIN);
    let around = |hours| midnight.checked_add_signed(TimeDelta::hours(hours));
    let Some((first, last)) = around(-FARTHEST_HOURS).zip(around(24 + FARTHEST_HOURS)) else {
        return [None, None];
    };
    let (before, after) = (offset(zone, first), offset(zone, last));
    if before == after {
        return [local(before).filter(|span| span.start < span.end), None];
    }
    let change = change(zone, first, last).and_utc();
    // What is left of the day under the old clock, then what the new one brings.
    let early = local(before).map(|span| span.start..span.end.min(change));
    let late = local(after).map(|span| span.start.max(change)..span.end);
    [early, late].map(|span| span.filter(|span| span.start < span.end))
}

fn offset(zone: Tz, utc: NaiveDateTime) -> FixedOffset {
    zone.offset_from_utc_datetime(&utc).fix()
}

fn instant(local: NaiveDateTime, offset: FixedOffset) -> Option<Time> {
    local.checked_sub_offset(offset).map(|utc| utc.and_utc())
}

/// The first second in UTC after `before` that has the offset of `after`, which is another one.
fn change(zone: Tz, mut before: NaiveDateTime, mut after: NaiveDateTime) -> NaiveDateTime {
    let new = offset(zone, after);
    loop {
        let seconds = after.signed_duration_since(before).num_seconds();
        let Some(middle) = before.checked_add_signed(TimeDelta::seconds(seconds / 2)) else {
            return after;
        };
        if seconds <= 1 {
            return after;
        }
        if offset(zone, middle) == new {
            after = middle;
        } else {
            before = middle;
        }
    }
}
