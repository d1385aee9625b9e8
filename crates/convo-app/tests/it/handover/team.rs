//! Five agents and five hundred leads: one agent away, one full, one silent; one leaves, one goes away with leads that
//! wait for an answer; and the program is started again and again.

use std::collections::BTreeMap;

use convo_core::calendar::Calendar;
use convo_store::rows::CounterRow;

use super::*;
use crate::world::at;

const LEADS: usize = 500;
/// Leads that come in one step, and how long a step takes.
const ARRIVE: usize = 5;
const STEP: i64 = 5;

struct Team {
    ann: Uuid,
    bob: Uuid,
    cid: Uuid,
    dan: Uuid,
}

/// Five leads ask for a person at the same moment.
pub fn arrive(world: &World, from: usize) -> Vec<Contact> {
    let run = |commands: Vec<Command>| -> Vec<Value> {
        let answers = together(world, commands).into_iter();
        let bodies = answers.map(|answer| answer.unwrap().body);
        bodies
            .map(|body| serde_json::from_str(&body).unwrap())
            .collect()
    };
    let leads = (from..from + ARRIVE)
        .map(|n| Command::CreateLead(read(json!({"email": format!("lead{n}@customer.example")}))));
    let leads: Vec<Uuid> = run(leads.collect()).iter().map(id).collect();
    let made = leads.iter().map(|lead| {
        Command::CreateConversation(read(json!({"leadId": lead, "subject": "Your car"})))
    });
    let made = run(made.collect());
    let contacts: Vec<Contact> = leads
        .iter()
        .zip(&made)
        .map(|(lead, made)| Contact {
            lead: *lead,
            id: id(made),
        })
        .collect();
    let said = |members: fn(&Contact) -> Value| -> Vec<Command> {
        let each = contacts
            .iter()
            .map(|contact| Command::ProcessMessage(contact.id, Box::new(read(members(contact)))));
        each.collect()
    };
    run(said(
        |_| json!({"senderId": "ai", "isFromAI": 1, "content": "Hello", "messageType": "email"}),
    ));
    run(said(
        |contact| json!({"senderId": contact.lead, "isFromAI": 0, "content": CALL_ME, "messageType": "email"}),
    ));
    contacts
}

/// An agent at work accepts whatever is offered, and calls all but `untouched` of them.
fn work(world: &World, agent: Uuid, untouched: usize) {
    let offered = offers(world, agent);
    let keep = offered.len().saturating_sub(untouched);
    let act =
        |action, row: &OfferRow| Command::Handover(row.conversation_id, act(action, Some(agent)));
    let accept = offered.iter().map(|row| act(Action::Accept, row)).collect();
    for answer in together(world, accept) {
        answer.unwrap();
    }
    let touch = offered[..keep]
        .iter()
        .map(|row| act(Action::Touch, row))
        .collect();
    for answer in together(world, touch) {
        answer.unwrap();
    }
}

fn owned(world: &World, agent: Uuid) -> i64 {
    let name = format!("owned:{}", agent.simple());
    let rows: Vec<CounterRow> = world
        .app()
        .read(|reader| Ok(reader.counters_by_names(&[name])?))
        .unwrap();
    rows.first().map_or(0, |row| row.value)
}

#[track_caller]
fn balanced(world: &World, agents: &[Uuid]) {
    // What is offered and not answered yet lies on the desk too.
    let desk = |agent: &Uuid| owned(world, *agent) + offers(world, *agent).len() as i64;
    let loads: Vec<i64> = agents.iter().map(desk).collect();
    let (most, least) = (loads.iter().max().unwrap(), loads.iter().min().unwrap());
    assert!(most - least <= 1, "{loads:?}");
}

/// To the next moment of business time.
fn go_on(world: &World, calendar: &Calendar) {
    world.clock.wait(minutes(STEP));
    let open = calendar.next_open(world.clock.now()).unwrap();
    world.clock.set(open);
}

#[test]
fn five_hundred_leads_are_each_accepted_by_one_in_time() {
    World::on_both("2026-01-05T08:00:00Z", |mut world| {
        fast_track(&world);
        let calendar = Calendar::default();
        let back = at("2026-01-05T10:00:00Z");
        let team = Team {
            ann: agent(&world, "ann", json!({})),
            bob: agent(&world, "bob", json!({})),
            cid: agent(&world, "cid", json!({"awayUntil": back})),
            dan: agent(&world, "dan", json!({"capacity": 2})),
        };
        agent(&world, "eve", json!({}));
        let mut contacts: Vec<Contact> = Vec::new();
        let (mut ann_left, mut bob_away) = (None, None);
        for step in 0.. {
            if step % 7 == 3 {
                world.restart();
            }
            world.tick();
            if contacts.len() < LEADS {
                let from = contacts.len();
                contacts.extend(arrive(&world, from));
            }
            // In the last three steps before they go, one lead each time does not hear from them.
            let owing = |from: usize| usize::from((from - 10..=from).contains(&contacts.len()));
            if ann_left.is_none() {
                work(&world, team.ann, owing(300));
            }
            if bob_away.is_none() {
                work(&world, team.bob, owing(400));
            }
            // From when the one who came later has as many as the others, to the next one who goes.
            match contacts.len() {
                250..=300 if ann_left.is_none() => {
                    balanced(&world, &[team.ann, team.bob, team.cid]);
                }
                320..400 => balanced(&world, &[team.bob, team.cid]),
                _ => {}
            }
            if contacts.len() == 300 && ann_left.is_none() {
                patch(&world, team.ann, json!({"active": false}));
                ann_left = Some(world.clock.now());
            }
            if contacts.len() == 400 && bob_away.is_none() {
                patch(
                    &world,
                    team.bob,
                    json!({"awayUntil": "2026-02-05T08:00:00Z"}),
                );
                bob_away = Some(world.clock.now());
            }
            work(&world, team.dan, 0);
            if world.clock.now() >= back {
                work(&world, team.cid, 0);
            }
            let waits = |contact: &&Contact| owner(&world, contact).is_none();
            let over = bob_away
                .is_some_and(|since| calendar_minutes(&calendar, since, world.clock.now()) > 260);
            if contacts.len() == LEADS && over && !contacts.iter().any(|contact| waits(&contact)) {
                break;
            }
            assert!(step < 1_000, "it ends");
            go_on(&world, &calendar);
        }
        assert_eq!(owned(&world, team.dan), 2, "full is full");
        in_time(
            &world,
            &calendar,
            ann_left.unwrap(),
            bob_away.unwrap(),
            &team,
        );
        world.verify();
    });
}

fn calendar_minutes(calendar: &Calendar, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    i64::from(calendar.business_minutes_between(from, to))
}

/// Every handover was accepted once, and once more for every time it was given back; in time, and for a reason.
fn in_time(
    world: &World,
    calendar: &Calendar,
    ann_left: DateTime<Utc>,
    bob_away: DateTime<Utc>,
    team: &Team,
) {
    let mut each: BTreeMap<Uuid, Vec<Told>> = BTreeMap::new();
    for one in told(world) {
        each.entry(one.conversation).or_default().push(one);
    }
    assert_eq!(each.len(), LEADS);
    let (mut given_back, mut unclaimed, mut escalated) = (Vec::new(), 0, Vec::new());
    for steps in each.values() {
        let mut wanted = None;
        for step in steps {
            match step.action.as_str() {
                "requested" => wanted = Some(step.at),
                "released" => {
                    assert_eq!(wanted, None, "who owns it gives it back");
                    given_back.push(step.clone());
                    wanted = Some(step.at);
                }
                "accepted" => {
                    let since = wanted.take().expect("accepted once each time it is wanted");
                    // At most the silent one was asked before, and somebody looks every five minutes.
                    let took = calendar_minutes(calendar, since, step.at);
                    assert!(took <= 15 + 2 * STEP, "{took} minutes: {steps:#?}");
                }
                "unclaimed" => unclaimed += 1,
                "escalated" => escalated.extend(step.agent),
                "offered" | "expired" | "withdrawn" | "touched" => {}
                other => panic!("{other}"),
            }
        }
        assert_eq!(wanted, None, "{steps:#?}");
    }
    let of = |agent: Uuid| {
        given_back
            .iter()
            .filter(move |one| one.agent == Some(agent))
    };
    assert_eq!(of(team.ann).count(), 3);
    assert!(
        of(team.ann).all(|one| one.at == ann_left),
        "who leaves gives back at once"
    );
    assert_eq!(of(team.bob).count(), 3);
    for one in of(team.bob) {
        let after = calendar_minutes(calendar, bob_away, one.at);
        assert!((240..=245).contains(&after), "{after} minutes after");
    }
    assert_eq!(given_back.len(), 6);
    assert_eq!(unclaimed, 0, "somebody could always be asked");
    assert_eq!(
        escalated, [team.bob; 3],
        "only those who went away owing were late"
    );
}
