//! Power cuts and restarts: nothing acknowledged is lost, nothing is counted twice.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use convo_tests::mailgun::Signature;
use convo_tests::records::Contact;
use convo_tests::{Api, Dice, Mail, Options, Server, on_both, together};
use tokio::sync::{Notify, watch};

on_both!(
    kill_9_under_load_loses_and_doubles_nothing,
    sigterm_answers_what_is_under_way,
    a_restart_changes_nothing,
);

const LEADS: usize = 20;
const MAILS: usize = 1_000;
const CLIENTS: usize = 16;
const KILLS: usize = 6;
/// Of a hundred mails, those whose first answer comes back as a 500.
const LOST_ANSWERS: usize = 30;

async fn leads(server: &Server) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for number in 0..LEADS {
        let contact = server
            .contact(&format!("lead-{number}@customer-{number}.example"))
            .await;
        contact.outbound("Hello").await;
        contacts.push(contact);
    }
    contacts
}

/// So many mails with their one signature each.
fn mails(contacts: &[Contact], count: usize) -> Vec<(Mail, Signature)> {
    (0..count)
        .map(|number| {
            let contact = &contacts[number % contacts.len()];
            let text = format!("Mail number {number}, with a question about your cars");
            let mail = Mail::new(&contact.email, "Re: Your new car", &text);
            (mail, Signature::new())
        })
        .collect()
}

/// Sends it until it is answered with 200, to whatever server there is now.
async fn deliver(servers: &mut watch::Receiver<Api>, mail: &Mail, signature: &Signature) {
    loop {
        let api = servers.borrow_and_update().clone();
        match api.inbound_call(mail, signature).attempt().await {
            Ok(answer) if answer.status == 200 => return,
            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
            // Killed: the next server tells its address here.
            Err(_) => servers.changed().await.expect("another server"),
        }
    }
}

/// Numbers of mails to post, as their provider sees it.
struct Posts {
    left: VecDeque<usize>,
    /// Mails whose first answer will come back as a 500, though it was none.
    unlucky: BTreeSet<usize>,
}

impl Posts {
    /// Each mail one to four times, in any order.
    fn drawn(dice: &mut Dice) -> Posts {
        let mut left = Vec::new();
        for mail in 0..MAILS {
            left.extend(vec![mail; 1 + dice.below(4)]);
        }
        dice.shuffle(&mut left);
        let unlucky = (0..MAILS).filter(|_| dice.below(100) < LOST_ANSWERS);
        Posts {
            unlucky: unlucky.collect(),
            left: left.into(),
        }
    }

    /// A 200 arrived, or something on the way made a 500 of it: then it is posted again later.
    fn answered(&mut self, mail: usize) {
        if self.unlucky.remove(&mail) {
            self.left.push_back(mail);
        }
    }
}

async fn kill_9_under_load_loses_and_doubles_nothing(options: Options) {
    let seed = u64::try_from(chrono::Utc::now().timestamp_millis()).unwrap();
    println!("seed {seed}");
    let mut dice = Dice::of(seed);
    let mut server = options.without_contract().start().await;
    let contacts = leads(&server).await;
    let mails = Arc::new(mails(&contacts, MAILS));
    let posts = Posts::drawn(&mut dice);
    let all = posts.left.len() + posts.unlucky.len();
    let posts = Arc::new(Mutex::new(posts));
    let (tell, servers) = watch::channel(server.api());
    let delivered = Arc::new(AtomicUsize::new(0));
    let progress = Arc::new(Notify::new());
    let clients = together((0..CLIENTS).map(|_| {
        let (mails, posts, mut servers) = (Arc::clone(&mails), Arc::clone(&posts), servers.clone());
        let (delivered, progress) = (Arc::clone(&delivered), Arc::clone(&progress));
        async move {
            loop {
                let next = posts.lock().unwrap().left.pop_front();
                let Some(number) = next else { return };
                let (mail, signature) = &mails[number];
                deliver(&mut servers, mail, signature).await;
                posts.lock().unwrap().answered(number);
                delivered.fetch_add(1, Ordering::SeqCst);
                progress.notify_one();
            }
        }
    }));
    // All clients may be at their last one when the last kill comes, none before.
    let mut moments: Vec<usize> = (0..KILLS).map(|_| dice.below(all - CLIENTS)).collect();
    moments.sort_unstable();
    let killer = async {
        for moment in moments {
            while delivered.load(Ordering::SeqCst) < moment {
                progress.notified().await;
            }
            server.kill9();
            server = server.restart().await;
            tell.send_replace(server.api());
        }
        server
    };
    let (server, _) = tokio::join!(killer, clients);

    let mut stored = BTreeSet::new();
    let mut count = 0;
    for contact in &contacts {
        let contact = Contact {
            api: server.api(),
            ..contact.clone()
        };
        for message in contact.messages().await {
            if message["direction"] == "inbound" {
                count += 1;
                stored.insert(message["messageId"].as_str().unwrap().to_owned());
            }
        }
        let rows = contact.transitions().await;
        let replies = rows
            .iter()
            .filter(|row| row["event"] == "LEAD_REPLIED")
            .count();
        assert_eq!(replies, MAILS / LEADS, "each reply was counted once");
        assert_eq!(contact.status().await["version"], rows.len());
    }
    let sent: BTreeSet<String> = mails
        .iter()
        .map(|(mail, _)| mail.message_id.clone())
        .collect();
    assert_eq!(stored, sent);
    assert_eq!(count, MAILS);
    let log = server.log_after(0).await;
    assert!(
        log.iter()
            .enumerate()
            .all(|(index, row)| row["seq"] == index + 1)
    );
    server.verify().await;
}

/// Mails under way when a server is asked to stop.
const UNDER_WAY: usize = 300;

async fn sigterm_answers_what_is_under_way(options: Options) {
    let mut server = options.start().await;
    let contacts = leads(&server).await;
    let mails = Arc::new(mails(&contacts, UNDER_WAY));
    let first = Arc::new(Notify::new());
    let api = server.api();
    let clients = (0..CLIENTS).map(|client| {
        let (mails, first, api) = (Arc::clone(&mails), Arc::clone(&first), api.clone());
        async move {
            let mut acknowledged = Vec::new();
            for number in (client..UNDER_WAY).step_by(CLIENTS) {
                let (mail, signature) = &mails[number];
                match api.inbound_call(mail, signature).attempt().await {
                    Ok(answer) if answer.status == 200 => {
                        acknowledged.push(mail.message_id.clone())
                    }
                    Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                    Err(_) => break,
                }
                first.notify_one();
            }
            acknowledged
        }
    });
    let clients: Vec<_> = clients.collect();
    let clients = tokio::spawn(together(clients));
    first.notified().await;
    let asked = std::time::Instant::now();
    let status = server.stop().await;
    assert_eq!(status.code(), Some(0));
    assert!(asked.elapsed().as_secs() < 20);
    let acknowledged: BTreeSet<String> = clients.await.unwrap().into_iter().flatten().collect();
    let server = server.restart().await;
    let mut stored = BTreeSet::new();
    for contact in &contacts {
        let contact = Contact {
            api: server.api(),
            ..contact.clone()
        };
        let messages = contact.messages().await;
        stored.extend(
            messages
                .iter()
                .map(|message| message["messageId"].as_str().unwrap().to_owned()),
        );
    }
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{lost:?}");
    server.verify().await;
}

async fn a_restart_changes_nothing(options: Options) {
    let mut server = options.start().await;
    let contact = server.contact("ada@customer.example").await;
    let ours = contact.outbound("Hello").await;
    let mail = Mail::new(&contact.email, "Re: Hello", "Tell me more").answering(&ours);
    server.inbound(&mail).await.ok();
    let seen = |contact: Contact| async move {
        let mut status = contact.status().await;
        status.as_object_mut().unwrap().remove("analytics");
        let tree = contact.get("thread-tree").await.ok();
        (
            status,
            tree,
            contact.transitions().await,
            contact.api.log_after(0).await,
        )
    };
    let before = seen(contact.clone()).await;
    assert_eq!(server.stop().await.code(), Some(0));
    let server = server.restart().await;
    let contact = Contact {
        api: server.api(),
        ..contact
    };
    assert_eq!(seen(contact.clone()).await, before);
    assert_eq!(server.inbound(&mail).await.ok()["status"], "duplicate");
    server.verify().await;
}
