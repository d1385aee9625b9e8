//! Tables of waits and of figures, and every order of arrival.

use proptest::prelude::*;

use super::*;
use crate::tally::Tally;
use crate::vocabulary::{Author, Direction, Kind};

fn at(minutes: i64) -> Time {
    Time::from_timestamp(1_767_600_000 + minutes * 60, 0).unwrap()
}

/// `r` reply, `s` ours, `o` out-of-office, `n` note, `x` somebody else's, `R` a reply that reopens: each a minute
/// after the one before, `.` is a minute without any.
fn played(letters: &str) -> (Vec<MessageFact<u64>>, BTreeSet<Time>) {
    let mut facts = Vec::new();
    let mut reopened = BTreeSet::new();
    for (minute, letter) in letters.chars().enumerate() {
        let (id, time) = (facts.len() as u64 + 1, at(minute as i64));
        let reply = MessageFact::reply(id, time, id);
        let mut fact = match letter {
            's' | 'n' => MessageFact::sent(id, time, id),
            'o' => reply.of_kind(Kind::OutOfOffice),
            'x' => MessageFact::new(id, time, id, Direction::Inbound, Author::Other),
            'r' | 'R' => reply,
            _ => continue,
        };
        fact.note = letter == 'n';
        if letter == 'R' {
            reopened.insert(time);
        }
        facts.push(fact);
    }
    (facts, reopened)
}

/// What is expected: `begin-end`, or `begin-` for one without an answer.
#[track_caller]
fn check(letters: &str, expected: &str) {
    let (facts, reopened) = played(letters);
    let minute = |time: Time| time.signed_duration_since(at(0)).num_minutes();
    let found: Vec<String> = waits(&facts, &reopened)
        .iter()
        .map(|wait| {
            let end = wait.answer.map(|(time, _)| minute(time).to_string());
            format!("{}-{}", minute(wait.began_at), end.unwrap_or_default())
        })
        .collect();
    assert_eq!(found.join(" "), expected, "{letters}");
}

#[test]
fn waits_begin_and_end_with_human_mail() {
    check("", "");
    check("s", "");
    check("r", "0-");
    check("rs", "0-1");
    check("rrs", "0-2");
    check("rss", "0-1");
    check("srsrs", "1-2 3-4");
    check("ros", "0-2");
    check("os", "");
    check("rns", "0-2");
    check("rxs", "0-2");
    check("xs", "");
    check("ro", "0-");
}

#[test]
fn what_reopens_begins_a_new_wait() {
    check("rRs", "0- 1-2");
    check("rsRs", "0-1 2-3");
    check("r.R.R.s", "0- 2- 4-6");
    check("rRrs", "0- 1-3");
    check("R", "0-");
}

#[test]
fn figures_of_minutes() {
    let figures = |all: &[u32]| {
        let minutes = Minutes::of(all.to_vec());
        (minutes.median, minutes.p90, minutes.mean)
    };
    assert_eq!(figures(&[]), (None, None, None));
    assert_eq!(figures(&[7]), (Some(7.0), Some(7), Some(7.0)));
    assert_eq!(figures(&[4, 1]), (Some(2.5), Some(4), Some(2.5)));
    assert_eq!(figures(&[9, 1, 2]), (Some(2.0), Some(9), Some(4.0)));
    let ten: Vec<u32> = (1..=10).collect();
    assert_eq!(figures(&ten), (Some(5.5), Some(9), Some(5.5)));
    let eleven: Vec<u32> = (1..=11).collect();
    assert_eq!(figures(&eleven), (Some(6.0), Some(10), Some(6.0)));
}

proptest! {
    #[test]
    fn every_order_comes_to_the_same(letters in "[rsonxR.]{0,24}", seed in any::<u64>()) {
        let (mut facts, reopened) = played(&letters);
        let expected = waits(&facts, &reopened);
        facts.sort_by_key(|fact| fact.id.wrapping_mul(seed | 1));
        prop_assert_eq!(waits(&facts, &reopened), expected.clone());

        let mut conversation = Conversation::new(1, 2, None, at(0));
        conversation.tally = Tally::recompute(&facts);
        if let Some(newest) = reopened.last() {
            conversation.reopened_by(*newest);
        }
        let open = expected.last().filter(|wait| wait.answer.is_none());
        prop_assert_eq!(conversation.waits_since(), open.map(|wait| wait.began_at));
    }
}
