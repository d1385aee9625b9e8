//! Lists: filters, prefixes, and pages that neither skip nor repeat.

use convo_store::{
    Commit, ConversationList, Cursor, LeadList, Put, Reader, Sort, StoreError, StoreResult,
};
use uuid::Uuid;

use crate::database::{Fresh, on_both};
use crate::rows::*;

/// Walks all pages of three.
fn walk<T>(
    fresh: &Fresh,
    page: impl Fn(&mut Reader<'_>, Option<Cursor>) -> StoreResult<Vec<T>>,
    cursor: impl Fn(&T) -> Cursor,
) -> Vec<Uuid> {
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let rows = fresh.store.read(|reader| page(reader, after)).unwrap();
        let Some(last) = rows.last() else { return seen };
        after = Some(cursor(last));
        seen.extend(rows.iter().map(|row| cursor(row).id));
    }
}

#[test]
fn pages_follow_each_other_through_equal_times() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = Commit::default();
        for n in 1..=10 {
            let mut one = pair(n, 100 + n);
            let row = &mut one.conversations[0].row;
            row.last_activity_at = at(if n <= 5 { 1 } else { 2 });
            row.created_at = at(-(n as i64));
            all.append(one);
        }
        commit(&mut writer, all).unwrap();
        let by_activity = walk(
            fresh,
            |reader, after| {
                reader.conversations(&ConversationList {
                    after,
                    limit: 3,
                    ..Default::default()
                })
            },
            |row| Cursor {
                at: row.last_activity_at,
                id: row.id,
            },
        );
        let newest_first: Vec<Uuid> = (101..=110).rev().map(id).collect();
        assert_eq!(by_activity, newest_first);
        let by_creation = walk(
            fresh,
            |reader, after| {
                let sort = Sort::Created;
                reader.conversations(&ConversationList {
                    after,
                    sort,
                    limit: 3,
                    ..Default::default()
                })
            },
            |row| Cursor {
                at: row.created_at,
                id: row.id,
            },
        );
        assert_eq!(by_creation, (101..=110).map(id).collect::<Vec<_>>());
        let leads = walk(
            fresh,
            |reader, after| {
                reader.leads(&LeadList {
                    after,
                    limit: 3,
                    ..Default::default()
                })
            },
            |row| Cursor {
                at: row.created_at,
                id: row.id,
            },
        );
        assert_eq!(leads, (1..=10).rev().map(id).collect::<Vec<_>>());
    });
}

#[test]
fn filters_restrict() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 11);
        all.append(pair(2, 12));
        all.append(pair(3, 13));
        let row = &mut all.conversations[1].row;
        row.state = "CLOSED".to_owned();
        row.outcome = Some("won".to_owned());
        row.awaiting = "us".to_owned();
        commit(&mut writer, all).unwrap();
        let list = || ConversationList {
            limit: 10,
            ..Default::default()
        };
        let check = |list: ConversationList, expected: &[u128]| {
            let rows = fresh
                .store
                .read(|reader| reader.conversations(&list))
                .unwrap();
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            assert_eq!(ids, expected.iter().copied().map(id).collect::<Vec<_>>());
        };
        check(list(), &[13, 12, 11]);
        check(
            ConversationList {
                state: Some("NEW".to_owned()),
                ..list()
            },
            &[13, 11],
        );
        check(
            ConversationList {
                outcome: Some("won".to_owned()),
                ..list()
            },
            &[12],
        );
        check(
            ConversationList {
                awaiting: Some("us".to_owned()),
                ..list()
            },
            &[12],
        );
        check(
            ConversationList {
                lead_id: Some(id(3)),
                ..list()
            },
            &[13],
        );
        check(
            ConversationList {
                agent_id: Some(id(3)),
                ..list()
            },
            &[],
        );
        check(
            ConversationList {
                campaign_id: Some(id(3)),
                ..list()
            },
            &[],
        );
        check(
            ConversationList {
                q: Some("LEAD2@".to_owned()),
                ..list()
            },
            &[12],
        );
        check(
            ConversationList {
                q: Some("an".to_owned()),
                ..list()
            },
            &[13, 12, 11],
        );
    });
}

#[test]
fn prefixes_are_taken_literally_and_in_any_case() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let names = ["100%_sure", "100x", "Über", "ubel", "z\u{10FFFF}", "zz"];
        for (n, name) in (1..).zip(names) {
            let mut row = lead(n);
            row.first_key = None;
            row.last_name = Some(name.to_owned());
            row.last_key = Some(name.to_lowercase());
            commit(
                &mut writer,
                Commit {
                    leads: vec![Put::new(row)],
                    ..Commit::default()
                },
            )
            .unwrap();
        }
        let check = |q: &str, expected: &[u128]| {
            let list = LeadList {
                q: Some(q.to_owned()),
                limit: 10,
                ..Default::default()
            };
            let rows = fresh.store.read(|reader| reader.leads(&list)).unwrap();
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            assert_eq!(
                ids,
                expected.iter().copied().map(id).collect::<Vec<_>>(),
                "{q:?}"
            );
        };
        check("100%", &[1]);
        check("100%_s", &[1]);
        check("100_", &[]);
        check("100", &[2, 1]);
        check("ÜB", &[3]);
        check("u", &[4]);
        check("Z", &[6, 5]);
        check("z\u{10FFFF}", &[5]);
        check("\u{10FFFF}", &[]);
        check("lead1", &[1]);
        check("%", &[]);
        check("\\", &[]);
        check("a\0", &[]);
    });
}

#[test]
fn messages_are_paged_by_sequence() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = pair(1, 2);
        for n in 1..=5 {
            all.messages.push(message(10 + n, 2, 1, n as i64));
            all.contents.push(content(10 + n, "text"));
        }
        commit(&mut writer, all).unwrap();
        fresh
            .store
            .read(|reader| {
                let numbers = |rows: Vec<convo_store::rows::MessageRow>| -> Vec<i64> {
                    rows.iter().map(|row| row.sequence_number).collect()
                };
                assert_eq!(numbers(reader.messages_before(id(2), None, 2)?), [5, 4]);
                assert_eq!(numbers(reader.messages_before(id(2), Some(4), 2)?), [3, 2]);
                assert_eq!(numbers(reader.messages_after(id(2), 3, 9)?), [4, 5]);
                assert_eq!(reader.message_nodes(id(2))?.len(), 5);
                assert_eq!(reader.message_facts(id(2))?[4].sequence_number, 5);
                assert_eq!(reader.message_labels(id(2))?.len(), 5);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
}

/// More leads than are looked up one by one, then more rows than are looked through.
#[test]
fn common_names_are_found_near_and_far() {
    const EARLY: u128 = 1_100;
    const LATE: u128 = 10_100;
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut all = Commit::default();
        for n in 1..=EARLY + LATE {
            let mut one = pair(n, 100_000 + n);
            one.leads[0].row.created_at = at(n as i64);
            one.leads[0].row.first_key = Some(if n <= EARLY { "ada" } else { "bob" }.to_owned());
            let row = &mut one.conversations[0].row;
            (row.created_at, row.last_activity_at) = (at(n as i64), at(n as i64));
            all.append(one);
        }
        commit(&mut writer, all).unwrap();
        let newest = |last: u128| (last - 6..=last).rev().map(id).collect::<Vec<_>>();
        for (q, last) in [
            ("ada", EARLY),
            ("bob", EARLY + LATE),
            ("lead", EARLY + LATE),
        ] {
            for sort in [Sort::LastActivity, Sort::Created] {
                let list = |after| ConversationList {
                    q: Some(q.to_owned()),
                    limit: 3,
                    sort,
                    after,
                    ..Default::default()
                };
                let page = |after| {
                    fresh
                        .store
                        .read(|reader| reader.conversations(&list(after)))
                        .unwrap()
                };
                let mut rows = page(None);
                for _ in 0..2 {
                    let row = rows.last().unwrap();
                    rows.extend(page(Some(Cursor {
                        at: row.last_activity_at,
                        id: row.id,
                    })));
                }
                rows.truncate(7);
                let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
                assert_eq!(ids, newest(100_000 + last), "{q} by {sort:?}");
            }
            let list = LeadList {
                q: Some(q.to_owned()),
                limit: 7,
                ..Default::default()
            };
            let rows = fresh.store.read(|reader| reader.leads(&list)).unwrap();
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            assert_eq!(ids, newest(last), "{q}");
        }
        let none = ConversationList {
            q: Some("ada".to_owned()),
            state: Some("CLOSED".to_owned()),
            limit: 3,
            ..Default::default()
        };
        let rows = fresh
            .store
            .read(|reader| reader.conversations(&none))
            .unwrap();
        assert!(rows.is_empty());
    });
}
