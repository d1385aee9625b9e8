//! Leases, drafts, and how mail fared.

use convo_store::rows::*;
use convo_store::{Commit, CommitError, Fared, Forgotten, StoreError, Sweep};

use crate::database::{Fresh, on_both};
use crate::rows::*;

const SECRET: &str = "Margaréthe";

fn lease(n: u128, claim: Option<&str>) -> LeaseRow {
    LeaseRow {
        id: id(n),
        created_at: at(0),
        conversation_id: id(2),
        lead_id: id(1),
        campaign_id: Some(id(9)),
        author: "ai".to_owned(),
        agent_id: None,
        purpose: if claim.is_some() { "reply" } else { "campaign" }.to_owned(),
        answers_id: None,
        claim: claim.map(str::to_owned),
        rfc_id: format!("l{n}@example.com"),
        actor: "test".to_owned(),
        expires_at: at(100),
        open_until: Some(at(100)),
        used_at: None,
        message_id: None,
    }
}

fn leases(leases: Vec<LeaseRow>) -> Commit {
    Commit {
        leases,
        ..Commit::default()
    }
}

fn put(fresh: &Fresh, all: Commit) {
    commit(&mut fresh.store.writer(), all).unwrap();
}

#[test]
fn a_message_is_claimed_once() {
    on_both(|fresh| {
        let mut writer = fresh.store.writer();
        commit(&mut writer, pair(1, 2)).unwrap();
        let first = lease(10, Some("m1@example.com"));
        commit(&mut writer, leases(vec![first.clone()])).unwrap();
        let second = commit(&mut writer, leases(vec![lease(11, Some("m1@example.com"))]));
        assert!(matches!(second, Err(CommitError::Conflict { .. })));
        let mut of_another_lead = lease(12, Some("m1@example.com"));
        of_another_lead.lead_id = id(3);
        commit(
            &mut writer,
            leases(vec![of_another_lead, lease(13, None), lease(14, None)]),
        )
        .unwrap();
        let used = LeaseRow {
            open_until: None,
            used_at: Some(at(5)),
            message_id: Some(id(20)),
            ..first
        };
        commit(&mut writer, leases(vec![used.clone()])).unwrap();
        fresh
            .store
            .read(|reader| {
                assert_eq!(
                    reader.leases_by_ids(&[id(10)])?,
                    std::slice::from_ref(&used)
                );
                assert_eq!(
                    reader.leases_by_messages(&[id(20)])?,
                    std::slice::from_ref(&used)
                );
                assert_eq!(
                    reader
                        .leases_by_claims(&["m1@example.com".to_owned()])?
                        .len(),
                    2
                );
                assert_eq!(reader.open_leases_by_leads(&[id(1)], at(99))?.len(), 2);
                assert_eq!(
                    reader.open_leases_by_leads(&[id(1), id(3)], at(99))?.len(),
                    3
                );
                assert_eq!(reader.open_leases_by_leads(&[id(1)], at(100))?, []);
                let of_campaign = reader.open_leases_of_campaign(id(9), at(99))?;
                assert_eq!(of_campaign.len(), 2, "answers are no campaign's mail");
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let sweep = Sweep::Leases {
            before: at(101),
            limit: 10,
        };
        assert!(
            fresh
                .store
                .read(|reader| reader.sweep_pending(&sweep))
                .unwrap()
        );
        put(
            fresh,
            Commit {
                sweeps: vec![sweep.clone()],
                ..Commit::default()
            },
        );
        assert!(
            !fresh
                .store
                .read(|reader| reader.sweep_pending(&sweep))
                .unwrap()
        );
        let claimed = fresh
            .store
            .read(|reader| reader.leases_by_claims(&["m1@example.com".to_owned()]));
        assert_eq!(claimed.unwrap().len(), 2, "who answers what is kept");
    });
}

#[test]
fn what_was_sent_to_a_lead_is_found_by_its_time() {
    on_both(|fresh| {
        let mut all = pair(1, 2);
        all.append(pair(3, 4));
        let sent = |n, seconds| MessageRow {
            direction: "outbound".to_owned(),
            author: "ai".to_owned(),
            at: at(seconds),
            ..message(n, 2, 1, n as i64)
        };
        all.messages = vec![
            message(10, 2, 1, 1),
            sent(11, 5),
            sent(12, 6),
            message(13, 4, 3, 1),
        ];
        put(fresh, all);
        let found = fresh
            .store
            .read(|reader| reader.sent_to_leads(&[id(1), id(3)], at(5)))
            .unwrap();
        let found: Vec<_> = found.iter().map(|mail| (mail.id, mail.at)).collect();
        assert_eq!(found, [(id(12), at(6))]);
    });
}

fn draft(n: u128) -> DraftRow {
    DraftRow {
        id: id(n),
        created_at: at(n as i64),
        conversation_id: id(2),
        lead_id: id(1),
        lease_id: id(10),
        subject: Some(SECRET.to_owned()),
        text: SECRET.to_owned(),
        html: Some(SECRET.to_owned()),
        message_id: None,
        decision: None,
        decided_by: None,
        decided_at: None,
    }
}

#[test]
fn drafts_wait_and_leave_no_text() {
    on_both(|fresh| {
        let mut all = pair(1, 2);
        let decided = DraftRow {
            decided_at: Some(at(50)),
            ..draft(33)
        };
        all.drafts = vec![draft(31), draft(32), decided];
        put(fresh, all);
        let page = |conversation, after| {
            let rows = fresh
                .store
                .read(|reader| reader.drafts(conversation, after, 10));
            rows.unwrap().iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(page(None, None), [id(31), id(32)]);
        assert_eq!(page(Some(id(2)), None), [id(31), id(32)]);
        assert!(page(Some(id(3)), None).is_empty());
        let after = convo_store::Cursor {
            at: at(31),
            id: id(31),
        };
        assert_eq!(page(None, Some(after)), [id(32)]);
        let sweep = Sweep::Drafts {
            before: at(32),
            now: at(60),
            limit: 10,
        };
        assert!(
            fresh
                .store
                .read(|reader| reader.sweep_pending(&sweep))
                .unwrap()
        );
        put(
            fresh,
            Commit {
                sweeps: vec![sweep.clone()],
                ..Commit::default()
            },
        );
        assert_eq!(page(None, None), [id(32)]);
        let expired = fresh
            .store
            .read(|reader| reader.drafts_by_ids(&[id(31)]))
            .unwrap();
        assert_eq!(
            (expired[0].text.as_str(), expired[0].decision.as_deref()),
            ("", Some("expired"))
        );
        let erase = Sweep::EraseLead {
            lead_id: id(1),
            address_keys: Vec::new(),
            address_digests: Vec::new(),
            receipts: Vec::new(),
        };
        put(
            fresh,
            Commit {
                sweeps: vec![erase],
                ..Commit::default()
            },
        );
        assert_eq!(fresh.store.search_columns(SECRET).unwrap(), []);
        assert_eq!(
            fresh
                .store
                .read(|reader| reader.drafts_by_leads(&[id(1)]))
                .unwrap()
                .len(),
            3
        );
    });
}

#[test]
fn how_mail_fared_adds_up_by_the_hour() {
    on_both(|fresh| {
        let fared = |scope: &str, hour: i64, sent, hard_bounces| {
            let mut commit = Commit::default();
            let key = (scope.to_owned(), at(hour * 3_600));
            *commit.fared.entry(key).or_default() += Fared {
                sent,
                hard_bounces,
                complaints: 1,
            };
            commit
        };
        let mut all = fared("campaign:1", 1, 10, 1);
        all.append(fared("campaign:1", 1, 5, 0));
        all.append(fared("campaign:1", 2, 7, 0));
        all.append(fared("domain:x", 1, 1, 0));
        put(fresh, all);
        put(fresh, fared("campaign:1", 2, 3, 2));
        let of = |scope: &str, from: i64| {
            let rows = fresh
                .store
                .read(|reader| reader.reputation(scope, at(from * 3_600)));
            let rows = rows.unwrap();
            rows.iter()
                .map(|row| (row.sent, row.hard_bounces, row.complaints))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("campaign:1", 0), [(15, 1, 2), (10, 2, 2)]);
        assert_eq!(of("campaign:1", 2), [(10, 2, 2)]);
        let forget = |what: Forgotten| {
            let sweeps = vec![Sweep::Reputation(what)];
            put(
                fresh,
                Commit {
                    sweeps,
                    ..Commit::default()
                },
            );
        };
        forget(Forgotten::Scope("campaign:1".to_owned(), at(0)));
        assert_eq!((of("campaign:1", 0).len(), of("domain:x", 0).len()), (0, 1));
        forget(Forgotten::Before(at(2 * 3_600)));
        assert_eq!(of("domain:x", 0), []);
    });
}
