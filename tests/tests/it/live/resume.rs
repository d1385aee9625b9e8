//! Going on from where one was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convo_tests::records::Contact;
use convo_tests::{Options, on_both};
use serde_json::json;

use super::{ask, assert_told, exchange, head, rows_after, subscribe, to_head, wanted};

on_both!(the_seam_has_no_gap, a_past_that_cannot_be_told_is_said);

/// A conversation in which one recorded event after the other is asked for, until told to stop.
async fn busy(contact: &Contact, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    let (contact, stop) = (contact.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        while !stop.load(Ordering::SeqCst) {
            contact.transition("ENGAGEMENT_INCREASED").await.ok();
        }
    })
}

async fn the_seam_has_no_gap(options: Options) {
    let server = options.start().await;
    let (one, two) = (
        exchange(&server, "ada@customer.example").await,
        exchange(&server, "grace@customer.example").await,
    );
    let (start, epoch) = head(&server).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = [busy(&one, &stop).await, busy(&two, &stop).await];
    let mine = format!("conversation:{}", one.id);
    let mut lives = Vec::new();
    for round in 0..20 {
        let names: &[&str] = if round % 2 == 0 {
            &["conversation_states"]
        } else {
            &[&mine]
        };
        let mut live = server.listener().await;
        let subscribed = live.resume(names, start, &epoch).await;
        assert_eq!(subscribed["type"], "subscribed", "{subscribed}");
        lives.push((live, names[0].to_owned(), subscribed));
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let rows = rows_after(&server, start).await;
    for (mut live, name, subscribed) in lives {
        let wanted = wanted(&rows, &name);
        let frames = to_head(&mut live, &wanted).await;
        assert_told(&frames, &wanted, &json!(start));
        let upto = subscribed["seq"].as_i64().unwrap();
        let replayed = frames
            .iter()
            .filter(|frame| frame["seq"].as_i64() <= Some(upto));
        assert_eq!(subscribed["replayed"], replayed.count());
        assert!(live.events().await.is_empty(), "nothing twice");
        let pong = ask(&mut live, json!({"type": "ping"})).await;
        assert_eq!(pong["last"], head(&server).await.0, "all was considered");
    }
}

async fn a_past_that_cannot_be_told_is_said(options: Options) {
    let server = options.start().await;
    let contact = exchange(&server, "ada@customer.example").await;
    let (_, epoch) = head(&server).await;
    for (beyond, epoch, reason) in [
        (0, "018f0000-0000-7000-8000-000000000000", "epoch_changed"),
        (0, "another", "epoch_changed"),
        (1, epoch.as_str(), "beyond_head"),
    ] {
        let (seq, _) = head(&server).await;
        let mut live = server.listener().await;
        let resync = live.resume(&["email_events"], seq + beyond, epoch).await;
        assert_eq!(resync["type"], "resync_required", "{resync}");
        assert_eq!(resync["reason"], reason);
        assert_eq!(resync["seq"], seq);
        assert_eq!(live.frame().await["replayed"], 0);
        live.subscribe(&["conversation_states"]).await;
        contact.transition("ENGAGEMENT_INCREASED").await.ok();
        let rows = wanted(&rows_after(&server, seq).await, "conversation_states");
        assert_told(&to_head(&mut live, &rows).await, &rows, &json!(seq));
        let error = live.resume(&["lead_journeys"], 0, epoch).await;
        assert_eq!(error["code"], "already_live");
    }
    // An error leaves the connection as it was: the next subscription is the first.
    let (seq, epoch) = head(&server).await;
    let mut live = server.listener().await;
    let mut frame = subscribe(&["conversation_states"]);
    frame["since"] = json!(0);
    assert_eq!(ask(&mut live, frame).await["code"], "epoch_required");
    let subscribed = live.resume(&["conversation_states"], 0, &epoch).await;
    let rows = wanted(&rows_after(&server, 0).await, "conversation_states");
    assert_eq!(subscribed["seq"], seq);
    assert_eq!(subscribed["replayed"], rows.len());
    assert_told(&to_head(&mut live, &rows).await, &rows, &json!(0));
}
