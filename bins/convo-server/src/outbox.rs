//! What sends: takes what is due from the outbox, hands it to the provider, tells what came of it.
//!
//! A lease and its outcome are commands; the HTTP between them is in no transaction. Several nodes may run one. A
//! node that dies between the two leaves a lease that ends: the mail is then sent again, under the same Message-ID.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web;
use convo_app::outbox::compose::Composed;
use convo_app::outbox::{Leased, Outcome};
use convo_app::{Actor, App, AppError, Command, Envelope};
use convo_email::{Mailer, SendError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::settings::Send;
use crate::{clock, ids};

/// How often it is looked for what is due when nothing was committed here: another node may have queued it.
const POLL: Duration = Duration::from_secs(1);
/// Between a commit and the look at what it queued, so that many commits cost one.
const GATHER: Duration = Duration::from_millis(20);
/// A provider that asks for a pause, or takes nothing from us, gets it from all mails of this node, at most so long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The first pause after a provider has refused our key; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Mails under way at SIGTERM get so long.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two tries to tell an outcome, while the database is away.
const RETELL: Duration = Duration::from_millis(250);

/// One node's sender.
pub struct Sender<M> {
    app: App,
    mailer: Arc<M>,
    parallel: usize,
    lease: Duration,
    paused: Arc<Mutex<Pause>>,
}

/// Until when the provider is left alone.
#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    /// How often in a row it has refused our key.
    refusals: u32,
}

/// A mail that is ours for one attempt.
#[derive(Clone, Copy)]
struct Attempt {
    id: Uuid,
    /// Whoever leases it later, this node too, is another owner.
    owner: Uuid,
}

impl<M: Mailer + 'static> Sender<M> {
    /// A sender by the settings.
    #[must_use]
    pub fn new(app: App, mailer: M, settings: &Send) -> Self {
        Self {
            app,
            mailer: Arc::new(mailer),
            parallel: settings.parallel,
            // Long enough for one mail and for telling what came of it.
            lease: settings.timeout * 2,
            paused: Arc::default(),
        }
    }

    /// Sends until it is told to stop; what is under way then may still finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut committed = self.app.committed();
        let mut under_way = JoinSet::new();
        loop {
            self.fill(&mut under_way).await;
            tokio::select! {
                _ = stop.changed() => break,
                Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                changed = committed.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    sleep(GATHER).await;
                }
                () = sleep(POLL) => {}
            }
        }
        let finish = async { while under_way.join_next().await.is_some() {} };
        if timeout(DRAIN, finish).await.is_err() {
            log::warn!("mails were under way at the end: they are sent again under their ids");
        }
    }

    /// Takes as many mails as there is room for.
    async fn fill(&self, under_way: &mut JoinSet<()>) {
        let room = self.parallel.saturating_sub(under_way.len());
        if room == 0 || self.is_paused() {
            return;
        }
        // Half of the lease is for the provider: what is begun later might meet another node's attempt.
        let begin_by = clock::monotonic() + self.lease / 2;
        match self.lease(room).await {
            Ok(leased) => {
                for one in leased {
                    under_way.spawn(self.attempt(one, begin_by));
                }
            }
            Err(error) => log::warn!("mails cannot be taken from the outbox: {error}"),
        }
    }

    async fn lease(&self, room: usize) -> Result<Vec<Attempt>, AppError> {
        let app = self.app.clone();
        // Most of the time nothing is due, and the writer need not be asked.
        let due = web::block(move || app.read(|reader| Ok(reader.outbox_due(clock::now(), 1)?)));
        if due.await.map_err(|_| AppError::Unavailable)??.is_empty() {
            return Ok(Vec::new());
        }
        let owner = ids::new_id();
        let lease = Command::LeaseOutbox {
            owner,
            limit: i64::try_from(room).unwrap_or(1),
            seconds: i64::try_from(self.lease.as_secs())
                .unwrap_or(i64::MAX)
                .max(1),
        };
        let answer = self.app.run(Envelope::new(lease, actor())).await?;
        let leased = Leased::read(&answer).leased.into_iter();
        Ok(leased.map(|id| Attempt { id, owner }).collect())
    }

    /// One attempt of one mail, from reading it to telling what came of it.
    fn attempt(
        &self,
        one: Attempt,
        begin_by: Instant,
    ) -> impl Future<Output = ()> + std::marker::Send + use<M> {
        let (app, mailer) = (self.app.clone(), Arc::clone(&self.mailer));
        let lease = self.lease;
        let paused = Arc::clone(&self.paused);
        async move {
            let outcome = outcome(&app, &*mailer, one.id, begin_by, &paused).await;
            let told = timeout(lease, tell(&app, one, &outcome)).await;
            if told.is_err() {
                log::error!(
                    "what came of a mail could not be stored: it is sent again under its id"
                );
            }
        }
    }

    fn is_paused(&self) -> bool {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        paused.until.is_some_and(|until| until > clock::monotonic())
    }
}

fn actor() -> Actor {
    Actor::Code("system")
}

async fn outcome<M: Mailer>(
    app: &App,
    mailer: &M,
    id: Uuid,
    begin_by: Instant,
    paused: &Mutex<Pause>,
) -> Outcome {
    let reader = app.clone();
    let composed = web::block(move || reader.compose(id)).await;
    let mail = match composed {
        Ok(Ok(Composed::Mail(mail))) => mail,
        Ok(Ok(Composed::Void(code))) => return Outcome::Void { code },
        Ok(Err(error)) => {
            log::error!("a mail cannot be written: {error}");
            return later("not_written", None);
        }
        Err(_) => return later("not_written", None),
    };
    if clock::monotonic() > begin_by {
        return later("stalled", None);
    }
    match mailer.send(&mail).await {
        Ok(receipt) => {
            let mut paused = paused.lock().unwrap_or_else(PoisonError::into_inner);
            paused.refusals = 0;
            Outcome::Taken {
                provider_id: receipt.provider_id,
            }
        }
        Err(SendError::Closed { status }) => {
            refused(paused, status);
            Outcome::Closed {
                code: format!("status_{status}"),
            }
        }
        Err(SendError::Unsendable(why)) => {
            log::error!("a mail cannot be sent as it is: {why}");
            Outcome::Refused {
                code: "unsendable".to_owned(),
            }
        }
        Err(SendError::Refused { status }) => Outcome::Refused {
            code: format!("status_{status}"),
        },
        Err(SendError::Later {
            status,
            retry_after,
        }) => {
            pause(paused, status, retry_after);
            let code = status.map_or_else(|| "no_connection".to_owned(), |n| format!("status_{n}"));
            Outcome::Later { code, retry_after }
        }
        Err(SendError::Unknown) => later("unknown", None),
    }
}

fn later(code: &str, retry_after: Option<u64>) -> Outcome {
    Outcome::Later {
        code: code.to_owned(),
        retry_after,
    }
}

/// A provider that has too much to do is left alone by all mails of this node.
fn pause(paused: &Mutex<Pause>, status: Option<u16>, retry_after: Option<u64>) {
    let Some(seconds) = retry_after.filter(|_| matches!(status, Some(429 | 503))) else {
        return;
    };
    let until = clock::monotonic() + Duration::from_secs(seconds).min(LONGEST_PAUSE);
    let mut paused = paused.lock().unwrap_or_else(PoisonError::into_inner);
    paused.until = paused.until.max(Some(until));
}

/// A provider that refuses our key is asked again with one mail after the other, and not for each of them at once.
fn refused(paused: &Mutex<Pause>, status: u16) {
    let now = clock::monotonic();
    let mut paused = paused.lock().unwrap_or_else(PoisonError::into_inner);
    if paused.until.is_some_and(|until| until > now) {
        return;
    }
    let doubled = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(paused.refusals));
    let pause = doubled.min(LONGEST_PAUSE);
    paused.refusals = paused.refusals.saturating_add(1);
    paused.until = Some(now + pause);
    log::error!(
        "the provider answers {status}: is the key of mailgun.api_key right, and the account open? Mails wait; \
         sending pauses for {} s",
        pause.as_secs()
    );
}

/// Tells until it is stored, or nobody wants to know.
async fn tell(app: &App, one: Attempt, outcome: &Outcome) {
    loop {
        let told = Command::OutboxResult {
            id: one.id,
            owner: one.owner,
            outcome: outcome.clone(),
        };
        match app.run(Envelope::new(told, actor())).await {
            Err(AppError::Unavailable) => sleep(RETELL).await,
            Err(error) => {
                log::error!("what came of a mail cannot be stored: {error}");
                return;
            }
            Ok(_) => return,
        }
    }
}
