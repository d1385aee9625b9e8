//! The authenticator over keys in memory.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use super::*;
use crate::clock;
use crate::testing::{BOOTSTRAP, Keys};

thread_local! {
    static NOW: Cell<Instant> = Cell::new(clock::monotonic());
}

fn pass(seconds: u64) {
    NOW.set(NOW.get() + Duration::from_secs(seconds));
}

fn authenticator() -> (Authenticator, Arc<Keys>) {
    let keys = Arc::new(Keys::default());
    let lookup: Arc<dyn KeyLookup> = keys.clone();
    (
        Authenticator::with_clock(lookup, ApiKey::given(BOOTSTRAP).as_ref(), || NOW.get()),
        keys,
    )
}

async fn known(authenticator: &Authenticator, key: &ApiKey) -> bool {
    authenticator.caller(key).await.unwrap().is_some()
}

#[actix_web::test]
async fn a_revoked_key_is_dead_within_five_seconds() {
    let (authenticator, keys) = authenticator();
    let key = keys.add(&[Scope::Read]);
    assert!(known(&authenticator, &key).await);
    keys.revoke(&key);
    assert!(
        known(&authenticator, &key).await,
        "believed a little longer"
    );
    pass(3);
    assert!(!known(&authenticator, &key).await);
}

#[actix_web::test]
async fn a_key_revoked_here_is_dead_at_once() {
    let (authenticator, keys) = authenticator();
    let key = keys.add(&[Scope::Read]);
    assert!(known(&authenticator, &key).await);
    keys.revoke(&key);
    authenticator.forget();
    assert!(!known(&authenticator, &key).await);
}

/// Answers with the key as it was before it was revoked meanwhile.
struct RevokedMeanwhile {
    keys: Keys,
    key: ApiKey,
    authenticator: OnceLock<Weak<Authenticator>>,
}

impl KeyLookup for RevokedMeanwhile {
    fn find(
        &self,
        hash: KeyHash,
    ) -> Pin<Box<dyn Future<Output = Result<Option<KeyRecord>, LookupFailed>> + Send + '_>> {
        let found = self.keys.find(hash);
        self.keys.revoke(&self.key);
        let authenticator = self.authenticator.get().and_then(Weak::upgrade);
        authenticator.unwrap().forget();
        found
    }
}

#[actix_web::test]
async fn a_key_revoked_while_it_is_looked_up_is_dead_at_once() {
    let keys = Keys::default();
    let key = keys.add(&[Scope::Read]);
    let lookup = Arc::new(RevokedMeanwhile {
        keys,
        key: key.clone(),
        authenticator: OnceLock::new(),
    });
    let asked: Arc<dyn KeyLookup> = lookup.clone();
    let authenticator = Arc::new(Authenticator::with_clock(asked, None, || NOW.get()));
    let _ = lookup.authenticator.set(Arc::downgrade(&authenticator));
    assert!(
        known(&authenticator, &key).await,
        "asked before it was revoked"
    );
    assert!(!known(&authenticator, &key).await);
}

#[actix_web::test]
async fn the_database_is_asked_once_in_a_while_and_never_for_what_is_no_key() {
    let (authenticator, keys) = authenticator();
    let key = keys.add(&[Scope::Read]);
    for _ in 0..10 {
        assert!(known(&authenticator, &key).await);
    }
    assert_eq!(keys.asked.load(Ordering::SeqCst), 1);
    assert!(!known(&authenticator, &ApiKey::given("guess").unwrap()).await);
    let caller = authenticator
        .caller(&ApiKey::given(BOOTSTRAP).unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (caller.actor().as_str(), caller.scopes.allow(Scope::Admin)),
        ("key:bootstrap", true)
    );
    assert_eq!(keys.asked.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_database_that_is_away_is_no_refusal() {
    let (authenticator, keys) = authenticator();
    let key = keys.add(&[Scope::Read]);
    keys.away.store(true, Ordering::SeqCst);
    assert_eq!(authenticator.caller(&key).await, Err(LookupFailed));
    keys.away.store(false, Ordering::SeqCst);
    assert!(known(&authenticator, &key).await);
    keys.away.store(true, Ordering::SeqCst);
    assert!(
        known(&authenticator, &key).await,
        "the cache carries over a short absence"
    );
}

#[test]
fn the_actor_is_an_id() {
    let (key, agent) = (crate::ids::new_id(), crate::ids::new_id());
    let mut caller = Caller {
        key_id: Some(key),
        name: "Jane".into(),
        scopes: Scopes::default(),
        agent_id: None,
    };
    assert_eq!(caller.actor(), format!("key:{key}"));
    caller.agent_id = Some(agent);
    assert_eq!(caller.actor(), format!("agent:{agent}"));
}
