//! The write path.

use std::sync::atomic::{AtomicI64, Ordering};

use convo_store::rows::*;
use convo_store::{Commit, CommitError, Put, StoreError};

use crate::database::on_both;
use crate::rows::*;

type Never = CommitError<StoreError>;

#[test]
fn a_commit_writes_everything_or_nothing() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, pair(1, 2)).unwrap();
        let mut second = pair(3, 4);
        second.log.push(log("record_changed"));
        // The alias belongs to the first lead: a conflict after other rows were written.
        second.lead_addresses[0].address_key = "lead1@example.com".to_owned();
        let refused = commit(&mut writer, second).unwrap_err();
        assert!(
            matches!(
                refused,
                CommitError::Conflict {
                    table: "lead_addresses"
                }
            ),
            "{refused:?}"
        );
        let (leads, head) = fresh
            .store
            .read(|reader| Ok::<_, StoreError>((reader.leads_by_ids(&[id(3)])?, reader.head()?)))
            .unwrap();
        assert_eq!(leads, []);
        assert_eq!(head.seq, 0);
        commit(&mut writer, pair(3, 4)).unwrap();
    });
}

#[test]
fn a_failed_decision_writes_nothing_and_keeps_the_writer() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let refused = writer.commit(|_| Err::<(Commit, ()), _>("no")).unwrap_err();
        assert!(matches!(refused, CommitError::Decide("no")));
        let value = writer
            .commit(|_| Ok::<_, StoreError>((Commit::default(), 5)))
            .unwrap();
        assert_eq!(value, 5);
        commit(&mut writer, pair(1, 2)).unwrap();
    });
}

#[test]
fn a_panic_in_a_decision_rolls_back() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            writer.commit(|_| -> Result<(Commit, ()), StoreError> { panic!("on purpose") })
        }));
        assert!(panicked.is_err());
        commit(&mut writer, pair(1, 2)).unwrap();
    });
}

#[test]
fn a_decision_reads_inside_its_transaction() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, pair(1, 2)).unwrap();
        writer
            .commit(|reader| {
                let mut row = reader.conversations_by_ids(&[id(2)])?.remove(0);
                let revision = row.revision;
                row.state = "ACTIVE".to_owned();
                let conversations = vec![Put::changed(row, revision)];
                Ok::<_, StoreError>((
                    Commit {
                        conversations,
                        ..Commit::default()
                    },
                    (),
                ))
            })
            .unwrap();
        let rows = fresh
            .store
            .read(|reader| reader.conversations_by_ids(&[id(2)]))
            .unwrap();
        assert_eq!((rows[0].state.as_str(), rows[0].revision), ("ACTIVE", 2));
    });
}

#[test]
fn a_stale_revision_is_a_conflict() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, pair(1, 2)).unwrap();
        let put = |expected| Commit {
            conversations: vec![Put::changed(conversation(2, 1), expected)],
            log: vec![log("message_thread_updated")],
            ..Commit::default()
        };
        commit(&mut writer, put(1)).unwrap();
        let refused = commit(&mut writer, put(1)).unwrap_err();
        assert!(matches!(
            refused,
            CommitError::Conflict {
                table: "conversations"
            }
        ));
        commit(&mut writer, put(2)).unwrap();
        assert_eq!(fresh.store.read(|reader| reader.head()).unwrap().seq, 2);
        assert_eq!(writer.last_seq(), Some(2));
    });
}

#[test]
fn one_open_conversation_per_lead_and_campaign() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, pair(1, 2)).unwrap();
        let new = |row| Commit {
            conversations: vec![Put::new(row)],
            ..Commit::default()
        };
        let refused = commit(&mut writer, new(conversation(3, 1))).unwrap_err();
        assert!(matches!(
            refused,
            CommitError::Conflict {
                table: "conversations"
            }
        ));
        let campaign = CampaignRow {
            id: id(9),
            name: "Spring".to_owned(),
            paused: false,
            lexicon: None,
            tracking: None,
            disclosure: None,
            consent_required: None,
            daily_limit: None,
            external_id: None,
            revision: 0,
            created_at: at(0),
            updated_at: at(0),
        };
        let mut with_campaign = conversation(4, 1);
        with_campaign.campaign_id = Some(id(9));
        let mut other = new(with_campaign.clone());
        other.campaigns.push(Put::new(campaign));
        commit(&mut writer, other).unwrap();
        with_campaign.id = id(5);
        assert!(commit(&mut writer, new(with_campaign)).is_err());
        let mut closed = conversation(2, 1);
        closed.state = "CLOSED".to_owned();
        let close = Commit {
            conversations: vec![Put::changed(closed, 1)],
            ..Commit::default()
        };
        commit(&mut writer, close).unwrap();
        commit(&mut writer, new(conversation(3, 1))).unwrap();
        let again = Commit {
            conversations: vec![Put::changed(conversation(2, 1), 2)],
            ..Commit::default()
        };
        let refused = commit(&mut writer, again).unwrap_err();
        assert!(
            matches!(refused, CommitError::Conflict { .. }),
            "{refused:?}"
        );
    });
}

#[test]
fn the_log_is_contiguous_with_concurrent_writers() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        for n in 0..4 {
            commit(&mut writer, pair(10 + n, 20 + n)).unwrap();
        }
        let commits = AtomicI64::new(0);
        std::thread::scope(|scope| {
            for n in 0..4 {
                let commits = &commits;
                scope.spawn(move || {
                    let mut writer = fresh.store.writer();
                    for _ in 0..25 {
                        swap_with_log(&mut writer, 20 + n).unwrap();
                        commits.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let (span, head, rows) = fresh
            .store
            .snapshot(|reader| {
                Ok::<_, StoreError>((
                    reader.log_span()?,
                    reader.head()?,
                    reader.log_after(0, 1_000)?,
                ))
            })
            .unwrap();
        assert_eq!(commits.into_inner(), 100);
        assert_eq!(
            (span.first, span.last, span.count, head.seq),
            (Some(1), Some(200), 200, 200)
        );
        assert!(rows.iter().map(|row| row.seq).eq(1..=200));
        assert!(
            rows.chunks(2)
                .all(|two| two[0].conversation_id == two[1].conversation_id)
        );
    });
}

/// Reads, changes and logs twice.
fn swap_with_log(writer: &mut convo_store::Writer, n: u128) -> Result<(), Never> {
    writer.commit(|reader| {
        let mut row = reader.conversations_by_ids(&[id(n)])?.remove(0);
        let expected = row.revision;
        row.message_count += 1;
        let mut line = log("message_thread_updated");
        line.conversation_id = Some(row.id);
        let conversations = vec![Put::changed(row, expected)];
        Ok((
            Commit {
                conversations,
                log: vec![line.clone(), line],
                ..Commit::default()
            },
            (),
        ))
    })
}

#[test]
fn racing_writers_of_one_row_lose_nothing() {
    on_both(|fresh| {
        commit(&mut fresh.store.writer(), pair(1, 2)).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut writer = fresh.store.writer();
                    for _ in 0..25 {
                        loop {
                            match swap_with_log(&mut writer, 2) {
                                Ok(()) => break,
                                Err(CommitError::Conflict { .. }) => {}
                                Err(other) => panic!("{other:?}"),
                            }
                        }
                    }
                });
            }
        });
        let rows = fresh
            .store
            .read(|reader| reader.conversations_by_ids(&[id(2)]))
            .unwrap();
        assert_eq!((rows[0].message_count, rows[0].revision), (100, 101));
    });
}

#[test]
fn a_batch_of_128_is_one_commit() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let mut batch = Commit::default();
        for n in 0..128 {
            let mut one = pair(1_000 + n, 2_000 + n);
            one.messages
                .push(message(3_000 + n, 2_000 + n, 1_000 + n, 1));
            one.contents.push(content(3_000 + n, "Yes, please."));
            one.transitions
                .push(transition(4_000 + n, 2_000 + n, 1_000 + n, 1));
            one.log.push(log("conversation_state_changed"));
            one.count("conversations.NEW", 1);
            batch.append(one);
        }
        commit(&mut writer, batch).unwrap();
        let (recount, counters, head) = fresh
            .store
            .snapshot(|reader| {
                Ok::<_, StoreError>((reader.recount()?, reader.counters()?, reader.head()?))
            })
            .unwrap();
        assert_eq!(recount.conversations_by_state["NEW"], 128);
        assert_eq!(recount.messages, 128);
        assert_eq!(counters["conversations.NEW"], 128);
        assert_eq!(head.seq, 128);
    });
}

#[test]
fn counters_add_up() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        for by in [3, -1, 0] {
            let mut one = Commit::default();
            one.count("a", by);
            one.count("b", 1);
            commit(&mut writer, one).unwrap();
        }
        let counters = fresh.store.read(|reader| reader.counters()).unwrap();
        assert_eq!((counters["a"], counters["b"]), (2, 3));
    });
}

#[test]
fn later_rows_of_a_batch_win() {
    let mut batch = pair(1, 2);
    let mut later = Commit::default();
    let mut row = conversation(2, 1);
    row.state = "ACTIVE".to_owned();
    later.conversations.push(Put::changed(row, 1));
    later
        .lead_addresses_removed
        .push("lead1@example.com".to_owned());
    batch.append(later);
    assert_eq!(batch.conversations.len(), 1);
    assert_eq!(batch.conversations[0].expected, None);
    assert_eq!(batch.conversations[0].row.state, "ACTIVE");
    assert_eq!(batch.lead_addresses, []);
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, batch.clone()).unwrap();
        let placeholder = |depth| PlaceholderRow {
            conversation_id: id(2),
            rfc_id: "gone@example.com".to_owned(),
            thread_id: id(5),
            parent_rfc: None,
            depth,
            votes: "[]".to_owned(),
        };
        let placeholders = vec![placeholder(1), placeholder(2)];
        commit(
            &mut writer,
            Commit {
                placeholders,
                ..Commit::default()
            },
        )
        .unwrap();
        let found = fresh
            .store
            .read(|reader| reader.placeholders(id(2), None))
            .unwrap();
        assert_eq!(found, [placeholder(2)]);
    });
}

#[test]
fn keys_taken_are_conflicts() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let token = WebhookTokenRow {
            token_digest: vec![1; 32],
            fields_digest: vec![2; 32],
            receipt_id: id(1),
            expires_at: at(60),
        };
        let event = EventDedupeRow {
            digest: vec![3; 32],
            expires_at: at(60),
        };
        let answer = IdempotencyRow {
            scope_digest: vec![4; 32],
            body_digest: vec![5; 32],
            status: 201,
            content_type: "application/json".to_owned(),
            answer: Some("{}".to_owned()),
            lead_id: None,
            created_at: at(0),
        };
        let mut all = Commit {
            tokens: vec![token],
            ..Commit::default()
        };
        all.dedupe.push(event);
        all.answers.push(answer);
        commit(&mut writer, all.clone()).unwrap();
        let tokens = Commit {
            tokens: all.tokens,
            ..Commit::default()
        };
        let dedupe = Commit {
            dedupe: all.dedupe,
            ..Commit::default()
        };
        let answers = Commit {
            answers: all.answers,
            ..Commit::default()
        };
        for again in [tokens, dedupe, answers] {
            let refused = commit(&mut writer, again).unwrap_err();
            assert!(
                matches!(refused, CommitError::Conflict { .. }),
                "{refused:?}"
            );
        }
    });
}

#[test]
fn external_ids_are_unique_and_may_be_missing() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        let with = |n, external: Option<&str>| {
            let mut row = lead(n);
            row.external_id = external.map(str::to_owned);
            Commit {
                leads: vec![Put::new(row)],
                ..Commit::default()
            }
        };
        for one in [with(1, None), with(2, None), with(3, Some("crm-1"))] {
            commit(&mut writer, one).unwrap();
        }
        let refused = commit(&mut writer, with(4, Some("crm-1"))).unwrap_err();
        assert!(matches!(refused, CommitError::Conflict { table: "leads" }));
        let found = fresh
            .store
            .read(|reader| reader.leads_by_external_ids(&["crm-1".to_owned()]))
            .unwrap();
        assert_eq!(found[0].id, id(3));
    });
}
