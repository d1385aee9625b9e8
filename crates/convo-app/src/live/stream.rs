//! What one client gets: rows it missed out of the database, then events as they happen.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::event::Event;
use super::hub::Hub;
use super::listener::{Found, Listener};
use super::log::{Began, FAR_BEHIND, Log, Since, begin};
use super::mailbox::End;
use super::topic::{Topic, filter};
use crate::error::AppError;
use convo_store::{Head, LogFilter};

/// Events handed out at once: enough for one write, few enough to hold for one that is slow.
const HANDFUL: usize = 64;
/// How often a client that took longer for a replay than its queue lasts may begin anew without getting nearer.
const CHASES: u32 = 1_000;

/// A listener with a past.
pub struct Stream {
    log: Arc<dyn Log>,
    listener: Listener,
    phase: Phase,
    considered: i64,
}

/// How far it is.
enum Phase {
    /// Nothing was subscribed to yet.
    Quiet,
    /// Rows of the database, up to a head.
    Replay(Box<Replay>),
    /// What is published.
    Live,
}

struct Replay {
    at: i64,
    /// The head; read anew when it is not known.
    upto: Option<i64>,
    filter: Arc<LogFilter>,
    reading: Option<JoinHandle<Page>>,
    chases: u32,
}

type Page = Result<(Vec<Arc<Event>>, i64, i64), AppError>;

/// What there is for a client.
#[derive(Debug)]
pub enum Next {
    /// Its next events.
    Events(Vec<Arc<Event>>),
    /// It reads so much slower than events come that it had better begin anew.
    Lagging,
    /// It must go.
    End(End),
}

impl Stream {
    /// A client that listens to nothing yet.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, listener: Listener) -> Self {
        Self {
            log,
            listener,
            phase: Phase::Quiet,
            considered: 0,
        }
    }

    /// The end of the log now. As all reads of streams it waits for its turn.
    ///
    /// # Errors
    /// The database's.
    pub async fn head(&self) -> Result<Head, AppError> {
        let log = Arc::clone(&self.log);
        let hub = self.listener.hub().clone();
        hub.ask(move || log.head()).await
    }

    /// Its place in the hub.
    #[must_use]
    pub fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Whether something was subscribed to before: then there is no past to ask for.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !matches!(self.phase, Phase::Quiet)
    }

    /// Highest number considered for this client, sent or filtered out.
    #[must_use]
    pub fn considered(&self) -> i64 {
        self.considered
    }

    /// Adds subscriptions. The first time it says from where; later ones begin at the head.
    ///
    /// # Errors
    /// The database's; nothing is subscribed to then.
    pub async fn subscribe(
        &mut self,
        topics: &[Topic],
        since: Option<Since>,
    ) -> Result<Began, AppError> {
        if self.has_begun() {
            return self.add(topics).await;
        }
        self.listener.want(topics);
        // In the hub first: what is committed after the head is read waits in the queue.
        self.listener.join();
        let filter = Arc::new(filter(self.listener.topics()));
        let (log, asked) = (Arc::clone(&self.log), Arc::clone(&filter));
        let hub = self.listener.hub().clone();
        let began = hub.ask(move || begin(&*log, since, &asked)).await;
        let began = match began {
            Ok(began) => began,
            Err(error) => {
                self.listener.give_up();
                return Err(error);
            }
        };
        self.listener.anchor(began.seq);
        self.considered = began.from;
        self.phase = if began.from == began.seq {
            Phase::Live
        } else {
            Phase::Replay(Box::new(Replay {
                at: began.from,
                upto: Some(began.seq),
                filter,
                reading: None,
                chases: 0,
            }))
        };
        Ok(began)
    }

    async fn add(&mut self, topics: &[Topic]) -> Result<Began, AppError> {
        let head = self.head().await?;
        // Published up to the head: what is added now gets what was committed after it.
        let mut published = self.listener.hub().head();
        self.listener.hub().wake();
        let reached = published.wait_for(|seq| *seq >= head.seq);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), reached).await;
        self.listener.want(topics);
        Ok(Began {
            from: head.seq,
            seq: head.seq,
            replayed: 0,
            resync: None,
        })
    }

    /// Gives subscriptions up.
    pub fn unsubscribe(&mut self, topics: &[Topic]) {
        self.listener.unwant(topics);
    }

    /// Waits for what comes next. Nothing is lost when it is dropped while it waits.
    ///
    /// # Errors
    /// The database's, while rows come from there.
    pub async fn next(&mut self) -> Result<Next, AppError> {
        loop {
            if let Some(end) = self.listener.ended() {
                return Ok(Next::End(end));
            }
            let events = match &mut self.phase {
                Phase::Quiet => None,
                Phase::Replay(replay) => {
                    let (events, reached) = tokio::select! {
                        page = replay.page(&self.log, self.listener.hub()) => page?,
                        () = self.listener.rung() => continue,
                    };
                    self.considered = self.considered.max(reached);
                    self.after_page()?;
                    Some(events)
                }
                Phase::Live => match self.listener.take(HANDFUL) {
                    Found::Lagging => {
                        let behind = self.listener.hub().published() - self.considered;
                        if behind > FAR_BEHIND {
                            return Ok(Next::Lagging);
                        }
                        // What its queue could not hold comes out of the database, as fast as it takes it.
                        self.listener.rejoin();
                        self.phase = Phase::Replay(Box::new(Replay {
                            at: self.considered,
                            upto: None,
                            filter: Arc::new(filter(self.listener.topics())),
                            reading: None,
                            chases: 0,
                        }));
                        continue;
                    }
                    Found::Nothing(upto) => {
                        self.considered = self.considered.max(upto);
                        None
                    }
                    Found::Events(events) => {
                        let last = events.last().map_or(0, |event| event.seq);
                        self.considered = self.considered.max(last);
                        Some(events)
                    }
                },
            };
            match events {
                Some(events) if !events.is_empty() => return Ok(Next::Events(events)),
                Some(_) => {}
                None => self.listener.rung().await,
            }
        }
    }

    /// At the end of a replay: live, unless more came meanwhile than the queue holds. Then it joins anew
    /// and goes on with what the database has by now.
    fn after_page(&mut self) -> Result<(), AppError> {
        let Phase::Replay(replay) = &mut self.phase else {
            return Ok(());
        };
        let Some(upto) = replay.upto else {
            return Ok(());
        };
        // From the head on it has everything out of the queue; it may have joined anew before this page.
        self.listener.anchor(upto);
        if replay.at < upto {
            return Ok(());
        }
        if !self.listener.is_lagging() {
            self.phase = Phase::Live;
            return Ok(());
        }
        replay.chases += 1;
        if replay.chases > CHASES {
            return Err(AppError::Unavailable);
        }
        self.listener.rejoin();
        replay.filter = Arc::new(filter(self.listener.topics()));
        replay.upto = None;
        Ok(())
    }
}

impl Replay {
    /// The next page and the number it reaches; goes on with a read that is under way.
    async fn page(
        &mut self,
        log: &Arc<dyn Log>,
        hub: &Hub,
    ) -> Result<(Vec<Arc<Event>>, i64), AppError> {
        let (log, filter) = (Arc::clone(log), Arc::clone(&self.filter));
        let (at, upto) = (self.at, self.upto);
        let reading = self.reading.get_or_insert_with(|| {
            tokio::spawn(hub.clone().ask(move || {
                let upto = match upto {
                    Some(upto) => upto,
                    None => log.head()?.seq,
                };
                let (events, reached) = log.matching(at, upto, &filter)?;
                Ok((events, reached, upto))
            }))
        });
        let page = reading.await.map_err(|_| AppError::Unavailable);
        self.reading = None;
        let (events, reached, upto) = page??;
        self.at = reached;
        self.upto = Some(upto);
        Ok((events, reached))
    }
}
