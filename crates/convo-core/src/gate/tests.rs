use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::Conversation;
use crate::machine::State;
use crate::policy::Budget;
use crate::tally::{Mark, MessageFact};
use crate::vocabulary::{Author, Direction, HoldReason, SuppressionReason, SuppressionScope};

fn now() -> Time {
    "2026-05-04T12:00:00Z".parse().unwrap()
}

fn at(minutes: i64) -> Time {
    now() + TimeDelta::minutes(minutes)
}

/// Everything of a lead, owned, so that a test may change any of it.
#[derive(Debug, Clone)]
struct Case {
    mail: Mail<u32>,
    here: Conversation<u32>,
    other: Conversation<u32>,
    reachable: bool,
    in_review: bool,
    suppressions: Vec<Standing>,
    earlier: Vec<Earlier>,
    leased_until: Option<Time>,
    answered: bool,
    imported: bool,
    campaign: CampaignFacts,
    reputation: Vec<Reputation>,
    budget: Option<Budget>,
    policy: Policy,
}

impl Case {
    /// A lead in two campaigns, whom we wrote to a week ago and who answered in one of them an hour ago.
    fn new(author: Author, purpose: Purpose) -> Self {
        let mut here = conversation(1);
        let mut other = conversation(2);
        let week = -7 * 24 * 60;
        for one in [&mut here, &mut other] {
            write(one, MessageFact::sent(one.id * 10, at(week), 1));
        }
        let answers = (purpose == Purpose::Reply).then(|| {
            write(&mut here, MessageFact::reply(12, at(-60), 2));
            Mark {
                at: at(-60),
                id: 12,
            }
        });
        Self {
            mail: Mail {
                author,
                purpose,
                agent: (author == Author::Agent).then_some(7),
                answers,
                lead_wrote: purpose == Purpose::Reply,
                stored: false,
            },
            here,
            other,
            reachable: true,
            in_review: false,
            suppressions: Vec::new(),
            earlier: Vec::new(),
            leased_until: None,
            answered: false,
            imported: false,
            campaign: CampaignFacts::default(),
            reputation: Vec::new(),
            budget: None,
            policy: Policy::default(),
        }
    }

    fn denials(&self) -> Vec<Denial> {
        self.denials_at(now())
    }

    fn denials_at(&self, now: Time) -> Vec<Denial> {
        let siblings = [&self.other];
        let facts = GateFacts {
            siblings: &siblings,
            reachable: self.reachable,
            in_review: self.in_review,
            suppressions: &self.suppressions,
            earlier: &self.earlier,
            leased_until: self.leased_until,
            answered: self.answered,
            imported: self.imported,
            consent: Some("contract"),
            campaign: Some(&self.campaign),
            reputation: &self.reputation,
            budget: self.budget,
            ..GateFacts::new(self.mail.clone(), &self.here)
        };
        may_send(&facts, &self.policy, now)
    }

    fn codes(&self) -> Vec<DenialCode> {
        self.denials().iter().map(|denial| denial.code).collect()
    }
}

fn conversation(id: u32) -> Conversation<u32> {
    let mut conversation = Conversation::new(id, 100, Some(id), at(-30 * 24 * 60));
    conversation.state = State::Active;
    conversation
}

fn write(conversation: &mut Conversation<u32>, fact: MessageFact<u32>) {
    assert_eq!(
        conversation.tally.absorb(&fact),
        crate::tally::Absorbed::Done
    );
}

fn standing(reason: SuppressionReason, scope: SuppressionScope, minutes: i64) -> Standing {
    Standing {
        reason: Some(reason),
        scope,
        at: at(minutes),
        until: None,
    }
}

const OPT_OUT: (SuppressionReason, SuppressionScope) =
    (SuppressionReason::OptOut, SuppressionScope::Automation);
const BOUNCED: (SuppressionReason, SuppressionScope) =
    (SuppressionReason::HardBounce, SuppressionScope::All);

fn dead(scope: ReputationScope, sent: u64) -> Reputation {
    Reputation {
        scope,
        breaker: Breaker::default(),
        sent,
        hard_bounces: sent / 10,
        complaints: 0,
        clears_at: Some(at(24 * 60)),
    }
}

/// Something that stops mail, and of whom and what for.
#[derive(Clone, Copy)]
struct Stop {
    code: DenialCode,
    put: fn(&mut Case),
    /// Automation's campaign mails and follow-ups, its answers, and mail of agents.
    stops: [bool; 3],
}

const ALL: [bool; 3] = [true, true, true];
const AUTOMATION: [bool; 3] = [true, true, false];
const UNASKED: [bool; 3] = [true, false, false];
const ANSWERS: [bool; 3] = [false, true, false];

fn quiet(case: &mut Case) {
    case.policy.gate.quiet_hours = Some(QuietHours {
        from: "11:00:00".parse().unwrap(),
        to: "13:00:00".parse().unwrap(),
    });
}

fn stops() -> Vec<Stop> {
    use DenialCode::*;
    let row = |code, stops, put: fn(&mut Case)| Stop { code, put, stops };
    vec![
        row(Unreachable, ALL, |case| case.reachable = false),
        row(Closed, AUTOMATION, |case| case.here.state = State::Closed),
        row(Closed, ALL, |case| case.here.state = State::Archived),
        row(Handover, AUTOMATION, |case| {
            case.here.state = State::ReadyForHandover
        }),
        row(Handover, AUTOMATION, |case| {
            case.other.state = State::HandedOver
        }),
        row(Owned, AUTOMATION, |case| case.here.agent = Some(8)),
        row(Owned, AUTOMATION, |case| case.other.agent = Some(7)),
        row(InReview, AUTOMATION, |case| case.in_review = true),
        row(Suppressed, ALL, |case| {
            case.suppressions.push(standing(BOUNCED.0, BOUNCED.1, -90));
        }),
        row(Suppressed, ALL, |case| {
            case.suppressions.push(standing(OPT_OUT.0, OPT_OUT.1, -90));
        }),
        row(Held, AUTOMATION, |case| hold(&mut case.here)),
        row(Held, AUTOMATION, |case| hold(&mut case.other)),
        row(Snoozed, AUTOMATION, |case| {
            case.other.snoozed_until = Some(at(60))
        }),
        row(Away, UNASKED, |case| case.other.away_until = Some(at(60))),
        row(ReplyWaiting, UNASKED, |case| {
            write(&mut case.other, MessageFact::reply(22, at(-5), 2));
        }),
        row(Consent, UNASKED, |case| {
            case.campaign.consent_required = vec!["explicit".to_owned()];
        }),
        row(Frequency, UNASKED, |case| {
            case.earlier = (1..6)
                .map(|day| Earlier {
                    at: at(-day * 24 * 60),
                    here: true,
                })
                .collect();
        }),
        row(Frequency, UNASKED, |case| {
            case.earlier = vec![Earlier {
                at: at(-60),
                here: false,
            }];
        }),
        row(Leased, UNASKED, |case| case.leased_until = Some(at(1))),
        row(QuietHours, UNASKED, quiet),
        row(Paused, AUTOMATION, |case| case.campaign.paused = true),
        row(Reputation, UNASKED, |case| {
            case.reputation.push(dead(ReputationScope::Campaign, 100));
        }),
        row(Reputation, UNASKED, |case| {
            case.reputation.push(dead(ReputationScope::Domain, 500));
        }),
        row(DailyLimit, UNASKED, |case| {
            case.campaign.daily_limit = Some(10);
            case.campaign.today = 10;
        }),
        row(NotAwaiting, ANSWERS, |case| {
            write(&mut case.here, MessageFact::sent(13, at(-1), 3));
        }),
        row(Superseded, ANSWERS, |case| {
            write(&mut case.here, MessageFact::reply(14, at(-1), 3));
        }),
        row(Answered, ANSWERS, |case| case.answered = true),
        row(Stale, ANSWERS, |case| case.imported = true),
        row(Stale, ANSWERS, |case| {
            case.policy.gate.answer_within_hours = 0
        }),
        row(LoopBudget, ANSWERS, |case| {
            case.budget = Some(Budget::Total)
        }),
        row(Approval, AUTOMATION, |case| {
            case.policy.gate.approval = true
        }),
    ]
}

fn hold(conversation: &mut Conversation<u32>) {
    let noted = crate::conversation::Noted {
        at: at(-1),
        message: None,
    };
    conversation.holds.insert(HoldReason::Manual, noted);
}

fn askers() -> [(Case, usize); 4] {
    [
        (Case::new(Author::Ai, Purpose::Campaign), 0),
        (Case::new(Author::System, Purpose::FollowUp), 0),
        (Case::new(Author::Ai, Purpose::Reply), 1),
        (Case::new(Author::Agent, Purpose::Reply), 2),
    ]
}

#[test]
fn nothing_stands_in_the_way_of_the_first_mail() {
    for (case, _) in askers() {
        assert_eq!(case.denials(), []);
    }
}

#[test]
fn every_reason_stops_whom_it_is_for() {
    let mut seen = BTreeSet::new();
    for stop in stops() {
        seen.insert(stop.code);
        for (mut case, class) in askers() {
            (stop.put)(&mut case);
            let denied = case.codes().contains(&stop.code);
            assert_eq!(denied, stop.stops[class], "{} {:?}", stop.code, case.mail);
        }
    }
    let all: BTreeSet<DenialCode> = DenialCode::ALL.iter().copied().collect();
    assert_eq!(seen, all, "every code has a row");
}

#[test]
fn every_reason_comes_at_once_in_the_order_of_the_table() {
    let mut case = Case::new(Author::Ai, Purpose::Campaign);
    for stop in stops() {
        (stop.put)(&mut case);
    }
    case.here.state = State::Archived;
    let codes = case.codes();
    let mut sorted = codes.clone();
    sorted.sort();
    assert_eq!(codes, sorted);
    assert_eq!(codes.len(), DenialCode::ALL.len() - 5);
}

#[test]
fn the_owner_answers_what_came_after_an_opt_out_and_nobody_else_does() {
    let mut case = Case::new(Author::Agent, Purpose::Reply);
    case.here.state = State::HandedOver;
    case.here.agent = Some(7);
    case.suppressions = vec![standing(OPT_OUT.0, OPT_OUT.1, -61)];
    assert_eq!(case.codes(), []);
    let denied = |change: fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        assert_eq!(other.codes(), [DenialCode::Suppressed]);
    };
    denied(|case| case.suppressions[0].at = at(-60));
    denied(|case| case.mail.agent = Some(8));
    denied(|case| case.mail.agent = None);
    denied(|case| case.mail.purpose = Purpose::FollowUp);
    denied(|case| case.mail.answers = None);
    // A colleague's mail in the conversation, or one that somebody forged, gives nobody leave.
    denied(|case| case.mail.lead_wrote = false);
    denied(|case| case.suppressions[0].scope = SuppressionScope::All);
    denied(|case| case.suppressions.push(standing(BOUNCED.0, BOUNCED.1, -61)));
    denied(|case| case.here.state = State::Closed);
}

#[test]
fn frequency_ends_when_enough_has_left_the_window() {
    let mut case = Case::new(Author::Ai, Purpose::Campaign);
    case.policy.gate.max_mails = 2;
    let day = 24 * 60;
    let mails = |days: &[i64]| {
        days.iter()
            .map(|days| Earlier {
                at: at(-days * day),
                here: true,
            })
            .collect::<Vec<_>>()
    };
    for (days, until) in [
        (&[][..], None),
        (&[6], None),
        (&[6, 7], None),
        (&[6, 5], Some(at(day))),
        (&[3, 6, 5], Some(at(2 * day))),
        (&[8, 9, 10], None),
    ] {
        case.earlier = mails(days);
        let found = case.denials().first().and_then(|denial| denial.until);
        assert_eq!(found, until, "{days:?}");
    }
    // The gap is between conversations.
    case.earlier = vec![Earlier {
        at: at(-60),
        here: false,
    }];
    assert_eq!(case.denials()[0].until, Some(at(19 * 60)));
}

#[test]
fn a_stored_mail_is_not_in_its_own_way() {
    let mut case = Case::new(Author::Ai, Purpose::Reply);
    write(&mut case.here, MessageFact::sent(13, at(-1), 3));
    case.policy.gate.approval = true;
    case.policy.gate.answer_within_hours = 0;
    case.imported = true;
    case.mail.stored = true;
    assert_eq!(case.codes(), []);
    // What somebody else has said since is in its way.
    case.answered = true;
    assert_eq!(case.codes(), [DenialCode::Answered]);
    case.answered = false;
    write(&mut case.here, MessageFact::reply(14, at(0), 4));
    assert_eq!(case.codes(), [DenialCode::Superseded]);
    let mut case = Case::new(Author::Ai, Purpose::Campaign);
    case.mail.stored = true;
    case.leased_until = Some(at(1));
    case.campaign.daily_limit = Some(0);
    case.earlier = vec![
        Earlier {
            at: at(-1),
            here: false
        };
        9
    ];
    assert_eq!(case.codes(), []);
    write(&mut case.other, MessageFact::reply(22, at(-1), 2));
    assert_eq!(case.codes(), [DenialCode::ReplyWaiting]);
}

#[test]
fn denials_end_together_or_not_by_themselves() {
    let mut case = Case::new(Author::Ai, Purpose::Campaign);
    case.other.snoozed_until = Some(at(60));
    case.here.away_until = Some(at(90));
    assert_eq!(ends_at(&case.denials()), Some(at(90)));
    case.in_review = true;
    assert_eq!(ends_at(&case.denials()), None);
}

/// What is stored already waits for what people end, and for nothing that makes it needless.
#[test]
fn a_stored_mail_waits_where_people_may_still_let_it_go() {
    let mut case = Case::new(Author::Ai, Purpose::Campaign);
    case.mail.stored = true;
    let until = |case: &Case| waits_until(&case.denials(), at(5));
    case.campaign.paused = true;
    case.in_review = true;
    hold(&mut case.here);
    assert_eq!(until(&case), Some(at(5)));
    case.other.snoozed_until = Some(at(60));
    assert_eq!(until(&case), Some(at(60)));
    for end in [
        (|case| case.here.agent = Some(8)) as fn(&mut Case),
        |case| case.here.state = State::Closed,
        |case| case.other.state = State::HandedOver,
        |case| case.suppressions = vec![standing(OPT_OUT.0, OPT_OUT.1, -90)],
        |case| case.reachable = false,
        |case| case.campaign.consent_required = vec!["explicit".to_owned()],
    ] {
        let mut ended = case.clone();
        end(&mut ended);
        assert_eq!(until(&ended), None, "{:?}", ended.codes());
    }
}

/// Somebody who writes into the conversation without being its lead.
#[test]
fn a_stranger_is_answered_by_nobody_automatic() {
    let mut case = Case::new(Author::Ai, Purpose::Reply);
    let mut fact = MessageFact::reply(14, at(-1), 3);
    (fact.author, fact.direction) = (Author::Other, Direction::Inbound);
    write(&mut case.here, fact);
    let mut of_nobody = case.clone();
    of_nobody.mail.answers = None;
    assert_eq!(of_nobody.codes(), [DenialCode::NotAwaiting]);
    // Nor when it is named.
    case.mail.answers = Some(Mark { at: at(-1), id: 14 });
    case.mail.lead_wrote = false;
    assert_eq!(case.codes(), [DenialCode::NotAwaiting]);
}

fn cases() -> impl Strategy<Value = Case> {
    let which = 0..askers().len();
    let put = proptest::collection::vec(0..stops().len(), 0..6);
    (which, put).prop_map(|(which, put)| {
        let [mut case, ..] = askers().map(|(case, _)| case);
        if let Some((chosen, _)) = askers().into_iter().nth(which) {
            case = chosen;
        }
        for at in put {
            try_put(stops()[at], &mut case);
        }
        case
    })
}

/// Adds a fact unless it is one already, or takes another's place: a message is stored once, and a state that
/// stops mail is left only by what is no fact here.
fn try_put(stop: Stop, case: &mut Case) {
    let messages = |one: &Conversation<u32>| one.tally.messages();
    let answered = u32::from(case.mail.answers.is_some());
    let twice = match stop.code {
        DenialCode::ReplyWaiting => messages(&case.other) > 1,
        DenialCode::NotAwaiting | DenialCode::Superseded => messages(&case.here) > 1 + answered,
        _ => false,
    };
    if twice {
        return;
    }
    let mut after = case.clone();
    (stop.put)(&mut after);
    let moved = |before: State, after: State| before != State::Active && before != after;
    if !moved(case.here.state, after.here.state) && !moved(case.other.state, after.other.state) {
        *case = after;
    }
}

proptest! {
    /// Whatever stops mail, stops it however much else is known.
    #[test]
    fn one_more_reason_never_allows(case in cases(), which in any::<prop::sample::Index>()) {
        let before = case.denials();
        let mut after = case.clone();
        let stop = *which.get(&stops());
        // Who owns it may write: that stops automation only.
        prop_assume!(stop.code != DenialCode::Owned || case.mail.is_automation());
        // A turn is ours or theirs: one of these takes the other's place.
        prop_assume!(!matches!(stop.code, DenialCode::NotAwaiting | DenialCode::Superseded));
        try_put(stop, &mut after);
        let denied = after.denials();
        prop_assert!(before.is_empty() || !denied.is_empty(), "{before:?} became an allowance");
        if stop.code != DenialCode::Closed && stop.code != DenialCode::Handover {
            for denial in &before {
                prop_assert!(denied.iter().any(|other| other.code == denial.code), "{denial:?} went");
            }
        }
    }

    /// A denial that names its end is gone then, if nothing else happens.
    #[test]
    fn a_denial_ends_when_it_says(case in cases()) {
        for denial in case.denials() {
            let Some(until) = denial.until else { continue };
            prop_assert!(until > now());
            if denial.code == DenialCode::Reputation || denial.code == DenialCode::DailyLimit {
                continue;
            }
            let later = case.denials_at(until);
            prop_assert!(later.iter().all(|other| other.code != denial.code), "{denial:?}");
        }
    }
}
