//! The past, folded out of what is kept of it: the state of a conversation and the stage of a lead as of a time.

use crate::Time;
use crate::machine::State;
use crate::vocabulary::Stage;

/// One accepted event, as the audit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// The conversation's version after it.
    pub version: u64,
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// When it happened.
    pub at: Time,
}

/// Where a conversation stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// Its version.
    pub version: u64,
    /// Since when it was in that state.
    pub since: Time,
    /// When its last event counted from.
    pub at: Time,
}

impl Standing {
    /// A conversation in the moment it was made.
    #[must_use]
    pub fn born(at: Time) -> Self {
        Self {
            state: State::New,
            version: 0,
            since: at,
            at,
        }
    }

    /// Takes the next events in the order of their versions, as long as they had happened by a time, that time included;
    /// false once one had not. Without a time it takes all.
    ///
    /// An event counts from its own time, but from no earlier one than the events before it: one that is told late does
    /// not come before what it followed.
    pub fn fold(&mut self, events: impl IntoIterator<Item = Past>, until: Option<Time>) -> bool {
        for event in events {
            let at = event.at.max(self.at);
            if until.is_some_and(|until| at > until) {
                return false;
            }
            if event.to != self.state {
                self.since = at;
            }
            self.state = event.to;
            self.version = event.version;
            self.at = at;
        }
        true
    }
}

/// A stage entered or left, as the journey has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageMove {
    /// The stage.
    pub stage: Stage,
    /// Entered, or else left for a lower one.
    pub entered: bool,
    /// When.
    pub at: Time,
}

/// How far a lead had come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StagesThen {
    /// The stage it was in.
    pub current: Option<Stage>,
    /// The highest it ever was in.
    pub highest: Option<Stage>,
}

/// How far a lead had come by a time, that time included, out of all its moves in order and the stage it is in now.
///
/// A fall does not say how deep it was; the next move does, since stages are entered one after the other, and where there
/// is none, the present.
#[must_use]
pub fn stages_as_of(moves: &[StageMove], present: Option<Stage>, until: Time) -> StagesThen {
    let (past, later) = moves.split_at(moves.partition_point(|one| one.at <= until));
    let entered = past.iter().filter(|one| one.entered);
    let current = match (past.last(), later.first()) {
        (None, _) => None,
        (_, None) => present,
        (Some(last), _) if last.entered => Some(last.stage),
        (_, Some(next)) if next.entered => Stage::from_order(next.stage.order() - 1),
        (_, Some(next)) => Some(next.stage),
    };
    StagesThen {
        current,
        highest: entered.map(|one| one.stage).max(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::machine::{Cell, Event, cell};

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// A walk through the table, from NEW, at the given times.
    fn walk(events: &[(usize, i64)]) -> Vec<Past> {
        let mut state = State::New;
        let mut steps = Vec::new();
        for (event, time) in events {
            let to = match cell(state, Event::ALL[*event % Event::ALL.len()]) {
                Cell::To(to) => to,
                Cell::Recorded => state,
                Cell::Refused => continue,
            };
            steps.push(Past {
                version: steps.len() as u64 + 1,
                from: state,
                to,
                at: at(*time),
            });
            state = to;
        }
        steps
    }

    fn as_of(steps: &[Past], until: i64) -> Standing {
        let mut standing = Standing::born(at(0));
        standing.fold(steps.iter().copied(), Some(at(until)));
        standing
    }

    proptest! {
        #[test]
        fn folding_all_is_the_present(events in prop::collection::vec((0_usize..9, 1_i64..50), 0..60)) {
            let steps = walk(&events);
            let mut all = Standing::born(at(0));
            prop_assert!(all.fold(steps.iter().copied(), None));
            let last = steps.last();
            prop_assert_eq!(all.state, last.map_or(State::New, |step| step.to));
            prop_assert_eq!(all.version, steps.len() as u64);
            prop_assert_eq!(as_of(&steps, 50), all);
            // Page by page it comes to the same.
            let mut paged = Standing::born(at(0));
            for page in steps.chunks(3) {
                prop_assert!(paged.fold(page.iter().copied(), None));
            }
            prop_assert_eq!(paged, all);
        }

        #[test]
        fn it_is_a_beginning_of_the_history_that_grows(events in prop::collection::vec((0_usize..9, 1_i64..50), 0..60)) {
            let steps = walk(&events);
            let mut before = Standing::born(at(0));
            for time in 0..=50 {
                let then = as_of(&steps, time);
                prop_assert!(then.version >= before.version);
                prop_assert!(then.since <= then.at && then.at <= at(time));
                let version = then.version as usize;
                let (taken, left) = steps.split_at(version);
                prop_assert_eq!(then.state, taken.last().map_or(State::New, |step| step.to));
                // All that it took had happened; the one it did not take had not, or comes after one that had not.
                prop_assert!(taken.iter().all(|step| step.at <= at(time)));
                prop_assert!(left.first().is_none_or(|next| next.at > at(time)));
                if then.state != before.state {
                    prop_assert!(then.since > before.at || before.version == 0);
                }
                before = then;
            }
        }
    }

    #[test]
    fn each_event_counts_from_its_time_on() {
        let steps = walk(&[(0, 10), (1, 20), (2, 30), (1, 25)]);
        for (time, state, version, since) in [
            (0, State::New, 0, 0),
            (9, State::New, 0, 0),
            (10, State::Active, 1, 10),
            (19, State::Active, 1, 10),
            (20, State::Engaged, 2, 20),
            (29, State::Engaged, 2, 20),
            (30, State::Engaged, 4, 20),
        ] {
            let then = as_of(&steps, time);
            assert_eq!(
                (then.state, then.version, then.since),
                (state, version, at(since)),
                "{time}"
            );
        }
    }

    #[test]
    fn stages_rise_and_fall() {
        use Stage::{ColdLead, EngagedLead, InterestedLead, RespondingLead};
        let enter = |stage, time| StageMove {
            stage,
            entered: true,
            at: at(time),
        };
        let leave = |stage, time| StageMove {
            entered: false,
            ..enter(stage, time)
        };
        let moves = [
            enter(ColdLead, 1),
            enter(RespondingLead, 2),
            enter(EngagedLead, 2),
            enter(InterestedLead, 3),
            leave(InterestedLead, 5),
            enter(RespondingLead, 8),
            leave(RespondingLead, 9),
        ];
        let then = |time| {
            let then = stages_as_of(&moves, Some(ColdLead), at(time));
            (then.current, then.highest)
        };
        assert_eq!(then(0), (None, None));
        assert_eq!(then(1), (Some(ColdLead), Some(ColdLead)));
        assert_eq!(then(2), (Some(EngagedLead), Some(EngagedLead)));
        assert_eq!(then(4), (Some(InterestedLead), Some(InterestedLead)));
        assert_eq!(then(6), (Some(ColdLead), Some(InterestedLead)));
        assert_eq!(then(8), (Some(RespondingLead), Some(InterestedLead)));
        assert_eq!(then(9), (Some(ColdLead), Some(InterestedLead)));
    }
}
