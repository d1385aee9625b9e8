//! What is due by itself.

use convo_store::rows::TimerRow;
use convo_store::{Commit, Store, TimerKey};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::database::{Fresh, birth, on_both};
use crate::rows::*;

fn timer(conversation: u128, kind: &str, subject: u128, due: i64) -> TimerRow {
    TimerRow {
        conversation_id: id(conversation),
        kind: kind.to_owned(),
        subject_id: id(subject),
        due_at: at(due),
    }
}

fn key(conversation: u128, kind: &'static str, subject: u128) -> TimerKey {
    TimerKey {
        conversation_id: id(conversation),
        kind,
        subject_id: id(subject),
    }
}

fn put(fresh: &Fresh, timers_removed: Vec<TimerKey>, timers: Vec<TimerRow>) {
    let all = Commit {
        timers_removed,
        timers,
        ..Commit::default()
    };
    commit(&mut fresh.store.writer(), all).unwrap();
}

fn first(store: &Store, limit: i64) -> Vec<TimerRow> {
    let kinds = ["archive", "offer", "begin"];
    store
        .read(|reader| reader.timers_first(&kinds, limit))
        .unwrap()
}

#[test]
fn timers_are_set_moved_and_removed() {
    on_both(|fresh| {
        let all = vec![
            timer(1, "offer", 7, 30),
            timer(1, "offer", 8, 10),
            timer(1, "archive", 0, 20),
            timer(2, "archive", 0, 5),
        ];
        put(fresh, Vec::new(), all.clone());
        let order = [3, 1, 2, 0].map(|n: usize| all[n].clone());
        assert_eq!(first(&fresh.store, 9), order);
        assert_eq!(first(&fresh.store, 1), order[..1]);
        let moved = timer(2, "archive", 0, 50);
        let twice = vec![timer(2, "archive", 0, 1), moved.clone()];
        let gone = vec![key(1, "archive", 0), key(1, "offer", 8), key(9, "offer", 9)];
        put(fresh, gone, twice);
        assert_eq!(first(&fresh.store, 9), [all[0].clone(), moved.clone()]);
        let offers = |reader: &mut convo_store::Reader<'_>| reader.timers_first(&["offer"], 9);
        assert_eq!(fresh.store.read(offers).unwrap(), all[..1]);
        // What is removed and set in one commit is set.
        put(fresh, vec![key(2, "archive", 0)], vec![moved.clone()]);
        let read = fresh.store.read(|reader| {
            assert_eq!(reader.timers_by_conversations(&[])?, []);
            assert_eq!(reader.timers_of_kinds(&["offer"], 9)?, all[..1]);
            reader.timers_by_conversations(&[id(2), id(3)])
        });
        assert_eq!(read.unwrap(), [moved]);
    });
}

#[test]
fn many_go_at_once() {
    on_both(|fresh| {
        let all = (0..1_500).map(|n| timer(n, "archive", 0, 1)).collect();
        put(fresh, Vec::new(), all);
        let gone = (1..1_500).map(|n| key(n, "archive", 0)).collect();
        put(fresh, gone, Vec::new());
        assert_eq!(first(&fresh.store, 9), [timer(0, "archive", 0, 1)]);
    });
}

#[test]
fn conversations_with_timers_are_paged() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = Commit::default();
        for n in [1, 3, 5, 7] {
            all.append(pair(n, 100 + n));
        }
        let campaign = convo_store::rows::CampaignRow {
            id: id(50),
            created_at: at(0),
            name: "Spring".to_owned(),
            paused: false,
            lexicon: None,
            tracking: None,
            disclosure: None,
            consent_required: None,
            daily_limit: None,
            external_id: None,
            revision: 0,
            updated_at: at(0),
        };
        all.campaigns.push(convo_store::Put::new(campaign));
        all.conversations[2].row.campaign_id = Some(id(50));
        all.timers = vec![
            timer(101, "archive", 0, 1),
            timer(103, "offer", 4, 1),
            timer(105, "archive", 0, 1),
            timer(105, "no_reply", 0, 1),
            timer(107, "no_reply", 0, 1),
        ];
        commit(&mut writer, all).unwrap();
        let page = |after: Uuid, campaign, limit| {
            let kinds = ["archive", "no_reply"];
            let page = fresh
                .store
                .read(|reader| reader.timed_conversations_after(after, &kinds, campaign, limit));
            page.unwrap()
        };
        assert_eq!(page(Uuid::nil(), None, 2), [id(101), id(105)]);
        assert_eq!(page(id(105), None, 2), [id(107)]);
        assert_eq!(page(Uuid::nil(), Some(id(50)), 9), [id(105)]);
        assert!(page(Uuid::nil(), Some(id(51)), 9).is_empty());
        let ids = fresh
            .store
            .read(|reader| reader.conversation_ids_after(id(103), 9));
        assert_eq!(ids.unwrap(), [id(105), id(107)]);
    });
}

/// Conversations from before the table get their timers from one that is due at once.
#[test]
fn a_database_that_has_conversations_begins() {
    on_both(|fresh| {
        let again = "DROP TABLE timers; \
                     DELETE FROM __diesel_schema_migrations WHERE version = '00000000000002'";
        let back = || match fresh.url.strip_prefix("sqlite://") {
            Some(path) => SqliteConnection::establish(path)
                .unwrap()
                .batch_execute(again),
            None => PgConnection::establish(&fresh.url)
                .unwrap()
                .batch_execute(again),
        };
        back().unwrap();
        assert_eq!(fresh.store.migrate(&birth()).unwrap().len(), 1);
        assert_eq!(first(&fresh.store, 9), []);
        commit(&mut fresh.store.writer(), pair(1, 2)).unwrap();
        back().unwrap();
        assert_eq!(fresh.store.migrate(&birth()).unwrap().len(), 1);
        let begin = TimerRow {
            conversation_id: Uuid::nil(),
            kind: "begin".to_owned(),
            subject_id: Uuid::nil(),
            due_at: chrono::DateTime::UNIX_EPOCH,
        };
        assert_eq!(first(&fresh.store, 9), [begin]);
    });
}
