//! The hand-worked set, played in the order of its times, comes out exactly.

use convo_app::timers::{TimerKey, TimerKind};
use convo_store::rows::TimerRow;
use convo_store::{Commit, StoreError};

use super::set::{Row, SET};
use super::*;

/// `01-05 09:00` or `01-05 09:00:30`.
fn moment(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    let seconds = if time.len() == 5 { ":00" } else { "" };
    at(&format!("2026-{day}T{time}{seconds}Z"))
}

fn script(text: &str) -> Vec<Doing> {
    let one = |text: &str| {
        let (text, own) = text
            .split_once(" @")
            .map_or((text, None), |(text, own)| (text, Some(own)));
        let mut parts = text.splitn(3, ' ');
        let (day, time) = (parts.next().unwrap(), parts.next().unwrap());
        let done = moment(&format!("{day} {time}"));
        Doing {
            at: done,
            own: own.map_or(done, moment),
            what: parts.next().unwrap().to_owned(),
        }
    };
    text.split("; ").map(one).collect()
}

struct Played {
    world: World,
    agents: Agents,
    campaign: Uuid,
    contacts: Vec<Contact>,
}

fn played(world: World) -> Played {
    let policy = json!({"fastTrack": true, "calendar": {"timeZone": "Europe/Berlin", "holidays": ["2026-01-07"]}});
    world.run(Command::PutPolicy(policy));
    let agents = agents(&world);
    let campaign = id(&world.run(Command::CreateCampaign(read(json!({"name": "Spring"})))));
    let contact = |(number, row): (usize, &Row)| {
        let lead = json!({"email": format!("lead{number}@customer.example"), "source": row.2});
        let lead = id(&world.run(Command::CreateLead(read(lead))));
        let body =
            json!({"leadId": lead, "campaignId": row.1.then_some(campaign), "subject": row.0});
        let id = id(&world.run(Command::CreateConversation(read(body))));
        Contact { lead, id }
    };
    let contacts: Vec<Contact> = SET.iter().enumerate().map(contact).collect();
    let mut all: Vec<(usize, Doing)> = Vec::new();
    for (number, row) in SET.iter().enumerate() {
        all.extend(script(row.3).into_iter().map(|doing| (number, doing)));
    }
    all.sort_by_key(|(number, doing)| (doing.at, *number));
    for (number, doing) in &all {
        world.clock.set(doing.at);
        play(&world, agents, &contacts[*number], doing);
    }
    world.clock.set(at("2026-04-05T12:00:00Z"));
    Played {
        world,
        agents,
        campaign,
        contacts,
    }
}

/// The waits of a conversation as the table writes them.
fn waits(played: &Played, contact: &Contact) -> String {
    let rows = played
        .world
        .app()
        .read(|reader| Ok(reader.waits_by_conversations(&[contact.id])?));
    let mut rows = rows.unwrap();
    rows.sort_by_key(|row| row.began_at);
    let shown = rows.iter().map(|row| {
        let mut began = row.began_at.format("%m-%d %H:%M:%S").to_string();
        if began.ends_with(":00") {
            began.truncate(began.len() - 3);
        }
        let came = match (row.wall_minutes, row.business_minutes) {
            (Some(wall), Some(business)) => format!("{wall} {business}"),
            _ => row.status.clone(),
        };
        let whose = match row.agent_id {
            Some(agent) if agent == played.agents.ann => " ann",
            Some(_) => " bob",
            None => "",
        };
        format!("{began} {came}{whose}")
    });
    shown.collect::<Vec<_>>().join("; ")
}

/// Minutes as the report has them.
fn spread(median: f64, p90: u32, mean: f64) -> Value {
    json!({"medianMinutes": median, "p90Minutes": p90, "meanMinutes": mean})
}

fn speed(counts: [u64; 4], wall: Value, business: Value) -> Value {
    let [waits, answered, waiting, dropped] = counts;
    json!({"waits": waits, "answered": answered, "waiting": waiting, "dropped": dropped, "wall": wall, "business": business})
}

/// The groups of a report, `null` for none.
fn groups(report: &Value) -> Vec<(Value, Value)> {
    let groups = report["groups"].as_array().unwrap().iter();
    let named = groups.map(|group| {
        let shown = if group["name"].is_null() {
            "key"
        } else {
            "name"
        };
        (group[shown].clone(), group["figures"].clone())
    });
    named.collect()
}

#[test]
fn a_hand_worked_set_comes_out_exactly() {
    World::on_both("2026-01-05T06:00:00Z", |world| {
        let played = played(world);
        for (row, contact) in SET.iter().zip(&played.contacts) {
            assert_eq!(waits(&played, contact), row.4, "{}", row.0);
        }
        reply_speed(&played);
        ownership(&played);
        conversion(&played);
        delivery(&played);
        sums_agree(&played.world);
        played.world.verify();
        recounted(&played);
        erased(&played);
    });
}

/// 45 waits, of which 33 have an answer: sorted, the 17th and the 30th are the median and the 90th percentile.
fn reply_speed(played: &Played) {
    let world = &played.world;
    let report = figure(world, Behind::ReplySpeed, json!({"groupBy": "agent"}));
    let total = speed(
        [45, 33, 6, 6],
        spread(45.0, 2340, 24359.0 / 33.0),
        spread(30.0, 120, 3569.0 / 33.0),
    );
    assert_eq!(report["total"], total);
    let groups: Vec<(Value, Value)> = groups(&report);
    let of = |name: Value| {
        groups
            .iter()
            .find(|(key, _)| *key == name)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(groups.len(), 3);
    let ann = speed([5, 2, 2, 1], spread(31.0, 50, 31.0), spread(31.0, 50, 31.0));
    assert_eq!(of(json!("ann")), ann);
    let bob = speed([3, 2, 1, 0], spread(45.0, 60, 45.0), spread(45.0, 60, 45.0));
    assert_eq!(of(json!("bob")), bob);
    let none = of(Value::Null);
    assert_eq!(
        (&none["waits"], &none["answered"]),
        (&json!(37), &json!(29))
    );

    let spring = figure(
        world,
        Behind::ReplySpeed,
        json!({"campaignId": played.campaign}),
    );
    let expected = speed(
        [9, 8, 1, 0],
        spread(105.0, 3840, 800.0),
        spread(22.5, 120, 35.0),
    );
    assert_eq!(spring["total"], expected);

    // Of the span, not of the present: what began on 12 and 13 January.
    let monday = json!({"from": "2026-01-12T00:00:00Z", "to": "2026-01-14T00:00:00Z"});
    let two_days = figure(world, Behind::ReplySpeed, monday);
    let total = &two_days["total"];
    assert_eq!(
        (&total["waits"], &total["answered"]),
        (&json!(4), &json!(1))
    );
}

/// Four offers; three accepted after 20, 900 and 5 minutes, two of these in touch after 30 more.
fn ownership(played: &Played) {
    let leg = |wall: Value, business: Value| json!({"wall": wall, "business": business});
    let report = figure(
        &played.world,
        Behind::Ownership,
        json!({"groupBy": "agent"}),
    );
    let expected = json!({
        "offers": 4, "accepted": 3, "declined": 1, "expired": 0, "withdrawn": 0, "open": 0, "touched": 2,
        "offerToAccept": leg(spread(20.0, 900, 925.0 / 3.0), spread(20.0, 60, 85.0 / 3.0)),
        "acceptToTouch": leg(spread(30.0, 30, 30.0), spread(30.0, 30, 30.0)),
        "offerToTouch": leg(spread(490.0, 930, 490.0), spread(70.0, 90, 70.0)),
    });
    assert_eq!(report["total"], expected);
    assert_eq!(groups(&report), [(json!("ann"), expected)]);
}

/// 44 leads were written to; 37 answered; ten came to a person.
fn conversion(played: &Played) {
    let leads = |by: &str| -> Vec<(Value, u64)> {
        let report = figure(&played.world, Behind::Conversion, json!({"groupBy": by}));
        let groups = groups(&report).into_iter();
        groups
            .map(|(key, figures)| (key, figures["leads"].as_u64().unwrap()))
            .collect()
    };
    let total = &figure(&played.world, Behind::Conversion, json!({}))["total"];
    let reached: Vec<u64> = total["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["leads"].as_u64().unwrap())
        .collect();
    assert_eq!(
        (total["leads"].as_u64(), reached),
        (Some(44), vec![44, 37, 10, 10, 10, 10])
    );
    assert_eq!(total["conversionRate"], json!(10.0 / 44.0));
    assert_eq!(leads("campaign"), [(Value::Null, 35), (json!("Spring"), 9)]);
    let mut agents = leads("agent");
    agents.sort_by_key(|(_, leads)| *leads);
    assert_eq!(
        agents,
        [(json!("bob"), 2), (json!("ann"), 6), (Value::Null, 36)]
    );
    assert_eq!(
        leads("source"),
        [(Value::Null, 37), (json!("fair"), 5), (json!("web"), 2)]
    );
    let weeks = [
        ("2026-W02", 34),
        ("2026-W03", 6),
        ("2026-W12", 1),
        ("2026-W13", 1),
        ("2026-W14", 2),
    ];
    assert_eq!(
        leads("week"),
        weeks.map(|(week, leads)| (json!(week), leads))
    );
}

fn delivery(played: &Played) {
    let total = &figure(&played.world, Behind::Delivery, json!({}))["total"];
    let expected = json!({
        "sent": 55, "delivered": 3, "bouncedHard": 1, "bouncedSoft": 1, "refused": 0, "complained": 1, "unsubscribed": 1,
        "opened": 1, "clicked": 1, "machineOpened": 3, "machineClicked": 1,
    });
    assert_eq!(*total, expected);
    let spring = &figure(
        &played.world,
        Behind::Delivery,
        json!({"campaignId": played.campaign}),
    )["total"];
    assert_eq!(spring["sent"], 11);
}

/// What an older version left uncounted is counted by a timer, and comes to the same.
fn recounted(played: &Played) {
    let world = &played.world;
    let nil = Uuid::nil();
    let key = TimerKey {
        conversation: nil,
        kind: TimerKind::Recount,
        subject: nil,
    };
    let recount = TimerRow {
        conversation_id: nil,
        kind: TimerKind::Recount.as_str().to_owned(),
        subject_id: nil,
        due_at: DateTime::UNIX_EPOCH,
    };
    let forgotten = world.app().store().writer().commit(|reader| {
        let ids: Vec<Uuid> = played.contacts.iter().map(|contact| contact.id).collect();
        let rows = reader.waits_by_conversations(&ids)?;
        let removed = rows.iter().map(|row| (row.conversation_id, row.began_at));
        let commit = Commit {
            waits_removed: removed.collect(),
            timers: vec![recount],
            ..Commit::default()
        };
        Ok::<_, StoreError>((commit, rows.len()))
    });
    assert_eq!(forgotten.unwrap(), 45);
    let none = figure(world, Behind::ReplySpeed, json!({}));
    assert_eq!(none["total"]["waits"], 0);
    world.run(Command::FireTimer(key));
    for (row, contact) in SET.iter().zip(&played.contacts) {
        assert_eq!(waits(played, contact), row.4, "{}", row.0);
    }
    world.verify();
}

/// An erase keeps what happened, and forgets where the person came from.
fn erased(played: &Played) {
    let world = &played.world;
    let lead = played.contacts[10].lead;
    let before = figure(world, Behind::ReplySpeed, json!({}));
    let receipts = Vec::new();
    world.run(Command::EraseLead { lead, receipts });
    assert_eq!(figure(world, Behind::ReplySpeed, json!({})), before);
    let sources = figure(world, Behind::Conversion, json!({"groupBy": "source"}));
    let sources: Vec<Value> = groups(&sources).into_iter().map(|(key, _)| key).collect();
    assert_eq!(sources, [Value::Null, json!("fair"), json!("web")]);
    let last = played.contacts[11].lead;
    let receipts = Vec::new();
    world.run(Command::EraseLead {
        lead: last,
        receipts,
    });
    let found = world.app().store().search_columns("web").unwrap();
    assert!(
        !found
            .iter()
            .any(|(table, _)| table.starts_with("analytics") || table == "cohorts"),
        "{found:?}"
    );
    sums_agree(world);
    world.verify();
}
