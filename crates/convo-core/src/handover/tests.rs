//! Turns as properties: over teams, days and any behaviour of agents.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::Time;
use crate::policy::Policy;

fn monday() -> Time {
    "2026-01-05T09:00:00Z".parse().unwrap()
}

fn desk(agent: u32) -> Desk<u32> {
    Desk {
        agent,
        active: true,
        manager: false,
        away_until: None,
        capacity: None,
        hours: None,
        load: 0,
        missed: 0,
        last_offered_at: None,
    }
}

fn wanted(asked: &[u32]) -> Wanted<'_, u32> {
    Wanted {
        previous_owner: None,
        asked,
        round_began_at: monday(),
    }
}

#[track_caller]
fn check(wanted: Wanted<'_, u32>, desks: &[Desk<u32>], minutes: i64, expected: Turn<u32>) {
    let now = monday() + TimeDelta::minutes(minutes);
    assert_eq!(turn(&wanted, desks, &Policy::default(), now), expected);
}

fn offer(agent: u32) -> Turn<u32> {
    Turn::Offer {
        agent,
        escalated: false,
        new_round: false,
    }
}

#[test]
fn the_order_is_previous_owner_then_least_load_then_longest_unasked_then_manager() {
    let busy = Desk { load: 3, ..desk(1) };
    let asked_lately = Desk {
        last_offered_at: Some(monday()),
        ..desk(2)
    };
    let manager = Desk {
        manager: true,
        ..desk(9)
    };
    let team = [busy, asked_lately, desk(3), manager];
    check(wanted(&[]), &team, 0, offer(3));
    check(wanted(&[3]), &team, 0, offer(2));
    check(wanted(&[3, 2]), &team, 0, offer(1));
    let escalated = Turn::Offer {
        agent: 9,
        escalated: true,
        new_round: false,
    };
    check(wanted(&[3, 2, 1]), &team, 0, escalated);
    let known = Wanted {
        previous_owner: Some(&1),
        ..wanted(&[])
    };
    check(known, &team, 0, offer(1));
}

#[test]
fn who_lets_offers_pass_is_asked_as_often_as_the_others_and_not_more() {
    let silent = Desk {
        missed: 2,
        ..desk(1)
    };
    let working = Desk { load: 2, ..desk(2) };
    check(wanted(&[]), &[silent.clone(), working], 0, offer(1));
    let less = Desk { load: 1, ..desk(2) };
    check(wanted(&[]), &[silent, less], 0, offer(2));
}

#[test]
fn a_round_has_the_time_of_one_offer_before_it_begins_anew() {
    let team = [desk(1), desk(2)];
    let wait = |at: Time| Turn::Wait { until: Some(at) };
    let all = wanted(&[1, 2]);
    check(all, &team, 3, wait(monday() + TimeDelta::minutes(15)));
    let again = Turn::Offer {
        agent: 1,
        escalated: false,
        new_round: true,
    };
    check(all, &team, 15, again);
}

#[test]
fn nobody_to_ask_waits_for_whoever_comes_first() {
    let back = monday() + TimeDelta::hours(2);
    let away = Desk {
        away_until: Some(back),
        ..desk(1)
    };
    let gone = Desk {
        active: false,
        ..desk(2)
    };
    let full = Desk {
        capacity: Some(1),
        load: 1,
        ..desk(3)
    };
    let until = |until| Turn::Wait { until };
    check(
        wanted(&[]),
        &[away, gone.clone(), full.clone()],
        0,
        until(Some(back)),
    );
    check(wanted(&[]), &[gone, full], 0, until(None));
    check(wanted(&[]), &[], 0, until(None));
}

/// What happens in a walk.
#[derive(Debug, Clone)]
enum Move {
    Lead,
    Accept(usize),
    Decline(usize),
    Complete(usize),
    Away(usize, i64),
    Minutes(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => Just(Move::Lead),
        4 => (0..50usize).prop_map(Move::Accept),
        1 => (0..50usize).prop_map(Move::Decline),
        1 => (0..50usize).prop_map(Move::Complete),
        1 => ((0..6usize), (1..600i64)).prop_map(|(who, minutes)| Move::Away(who, minutes)),
        2 => (1..40i64).prop_map(Move::Minutes),
    ];
    proptest::collection::vec(one, 1..120)
}

fn team() -> impl Strategy<Value = Vec<Desk<u32>>> {
    let one = (
        proptest::option::of(0..6u32),
        proptest::bool::weighted(0.9),
        proptest::bool::weighted(0.2),
    );
    proptest::collection::vec(one, 1..6).prop_map(|team| {
        let each = team.into_iter().zip(1..);
        each.map(|((capacity, active, manager), agent)| Desk {
            capacity,
            active,
            manager,
            ..desk(agent)
        })
        .collect()
    })
}

/// A lead in the walk.
#[derive(Default)]
struct One {
    facts: HandoverFacts<u32>,
    offered: Option<(u32, Time)>,
    owner: Option<u32>,
    done: bool,
}

struct World {
    team: Vec<Desk<u32>>,
    leads: Vec<One>,
    now: Time,
    policy: Policy,
}

impl World {
    fn desk(&mut self, agent: u32) -> &mut Desk<u32> {
        let mut team = self.team.iter_mut();
        team.find(|desk| desk.agent == agent).unwrap()
    }

    fn at(&self, at: usize) -> Option<usize> {
        (!self.leads.is_empty()).then(|| at % self.leads.len())
    }

    fn ask(&mut self, at: usize) {
        let facts = &self.leads[at].facts;
        let wanted = Wanted {
            previous_owner: None,
            asked: &facts.asked,
            round_began_at: facts.round_began_at.unwrap(),
        };
        let turn = turn(&wanted, &self.team, &self.policy, self.now);
        let Turn::Offer {
            agent,
            escalated,
            new_round,
        } = turn
        else {
            self.nobody_could(at);
            return;
        };
        let now = self.now;
        if new_round {
            let began = self.leads[at].facts.round_began_at.unwrap();
            assert!(now >= began + TimeDelta::minutes(15));
            self.leads[at].facts.begin_round(now);
        }
        assert!(
            !self.leads[at].facts.asked.contains(&agent),
            "asked twice in a round"
        );
        assert!(
            self.desk(agent).is_available(now),
            "asked although absent or full"
        );
        if escalated {
            let asked = &self.leads[at].facts.asked;
            let left = |desk: &&Desk<u32>| !desk.manager && !asked.contains(&desk.agent);
            assert!(
                !self
                    .team
                    .iter()
                    .filter(left)
                    .any(|desk| desk.is_available(now))
            );
        }
        let desk = self.desk(agent);
        desk.load += 1;
        desk.last_offered_at = Some(now);
        let due = until(&self.policy.calendar, now, 15);
        let lead = &mut self.leads[at];
        lead.facts.offered(0, agent);
        lead.offered = Some((agent, due));
    }

    /// Whoever waits, waits because nobody can be asked now.
    fn nobody_could(&self, at: usize) {
        let facts = &self.leads[at].facts;
        let fresh = |desk: &&Desk<u32>| !facts.asked.contains(&desk.agent);
        let can = |desk: &Desk<u32>| desk.is_available(self.now);
        assert!(!self.team.iter().filter(fresh).any(can));
    }

    fn close_offer(&mut self, at: usize, missed: bool) {
        let Some((agent, _)) = self.leads[at].offered.take() else {
            return;
        };
        self.leads[at].facts.offer = None;
        let desk = self.desk(agent);
        desk.load -= 1;
        desk.missed = if missed { desk.missed + 1 } else { 0 };
    }

    fn drain(&mut self) {
        for at in 0..self.leads.len() {
            let lead = &self.leads[at];
            if !lead.done && lead.owner.is_none() && lead.offered.is_none() {
                self.ask(at);
            }
        }
    }

    fn go(&mut self, one: &Move) {
        match *one {
            Move::Lead => {
                let mut lead = One::default();
                lead.facts.queue(self.now);
                self.leads.push(lead);
            }
            Move::Accept(at) => {
                let Some(at) = self.at(at) else { return };
                let Some((agent, _)) = self.leads[at].offered else {
                    return;
                };
                self.close_offer(at, false);
                self.desk(agent).load += 1;
                self.leads[at].owner = Some(agent);
            }
            Move::Decline(at) => {
                let Some(at) = self.at(at) else { return };
                self.close_offer(at, false);
            }
            Move::Complete(at) => {
                let Some(at) = self.at(at) else { return };
                let Some(owner) = self.leads[at].owner.take() else {
                    return;
                };
                self.leads[at].done = true;
                self.desk(owner).load -= 1;
            }
            Move::Away(who, minutes) => {
                let who = who % self.team.len();
                let back = self.now + TimeDelta::minutes(minutes);
                self.team[who].away_until = Some(back);
                let agent = self.team[who].agent;
                for at in 0..self.leads.len() {
                    if self.leads[at]
                        .offered
                        .is_some_and(|(asked, _)| asked == agent)
                    {
                        self.close_offer(at, false);
                    }
                }
            }
            Move::Minutes(minutes) => {
                self.now += TimeDelta::minutes(minutes);
                for at in 0..self.leads.len() {
                    if self.leads[at]
                        .offered
                        .is_some_and(|(_, due)| due <= self.now)
                    {
                        self.close_offer(at, true);
                    }
                }
            }
        }
        self.drain();
        for desk in &self.team {
            assert!(desk.capacity.is_none_or(|capacity| desk.load <= capacity));
        }
    }
}

proptest! {
    #[test]
    fn nobody_is_asked_twice_absent_or_full_and_nobody_waits_beside_a_free_agent(
        team in team(), moves in moves(),
    ) {
        let mut world = World {
            team,
            leads: Vec::new(),
            now: monday(),
            policy: Policy::default(),
        };
        for one in &moves {
            world.go(one);
        }
    }

    #[test]
    fn loads_of_those_who_accept_differ_by_at_most_one(
        size in 1..7u32, silent in 0..3u32, leads in 1..60usize,
    ) {
        let mut world = World {
            team: (1..=size + silent).map(desk).collect(),
            leads: Vec::new(),
            now: monday(),
            policy: Policy::default(),
        };
        for at in 0..leads {
            world.go(&Move::Lead);
            // Whoever works accepts; the silent let it pass.
            for _ in 0..=silent {
                let (agent, due) = world.leads[at].offered.unwrap();
                if agent <= size {
                    world.go(&Move::Accept(at));
                    break;
                }
                let rest = due.signed_duration_since(world.now);
                world.go(&Move::Minutes(rest.num_minutes()));
            }
            prop_assert!(world.leads[at].owner.is_some());
            let mut loads: BTreeMap<u32, u32> = BTreeMap::new();
            for desk in world.team.iter().filter(|desk| desk.agent <= size) {
                loads.insert(desk.agent, desk.load);
            }
            let (most, least) = (loads.values().max(), loads.values().min());
            prop_assert!(most.unwrap() - least.unwrap() <= 1, "{loads:?}");
        }
    }
}
