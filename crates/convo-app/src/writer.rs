//! Group commit: one writer thread takes what has queued up, decides it in memory, commits it in
//! one transaction and only then answers.
//!
//! A command that fails before it wrote anything is answered alone. One that fails after it wrote
//! something, a conflict or a fault makes the batch be redone one by one, each command in its own
//! transaction, so that nobody pays for another's failure. Nothing of a failed command is committed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use convo_store::{CommitError, Writer};
use tokio::sync::{mpsc, oneshot, watch};

use crate::batch::Batch;
use crate::command::{Answer, Envelope};
use crate::context::Context;
use crate::error::AppError;
use crate::live::Wake;
use crate::meters::Told;

/// Most commands one transaction takes; past it the fsync is no longer what costs.
const BATCH: usize = 128;
/// Commands that may wait; a longer queue is answered `Unavailable` at once.
const QUEUE: usize = 4096;

/// Transactions committed by the writer: each is one fsync.
pub const COMMITS: &str = "convo_commits_total";
/// Commands answered by a commit of the writer.
pub const BATCH_COMMANDS: &str = "convo_batch_commands";
/// Seconds a transaction of the writer took, from its first read to its commit.
pub const COMMIT_SECONDS: &str = "convo_commit_duration_seconds";
/// Batches whose transaction did not happen and whose commands were tried one by one.
pub const REDONE: &str = "convo_batches_redone_total";

struct Job {
    envelope: Envelope,
    answer: oneshot::Sender<Result<Answer, AppError>>,
}

/// Hands commands to the writer thread.
#[derive(Clone)]
pub struct Queue {
    jobs: mpsc::Sender<Job>,
}

impl Queue {
    /// Whether there is a thread that writes.
    #[must_use]
    pub fn is_served(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Commands that wait, and how many may.
    #[must_use]
    pub fn depth(&self) -> (usize, usize) {
        let limit = self.jobs.max_capacity();
        (limit - self.jobs.capacity(), limit)
    }

    /// Runs a command and waits until it is committed.
    ///
    /// # Errors
    /// Whatever the command refuses with; `Unavailable` when the queue is full, the writer has
    /// stopped, or the database is away.
    pub async fn run(&self, envelope: Envelope) -> Result<Answer, AppError> {
        let answered = self.push(envelope)?;
        answered.await.unwrap_or(Err(AppError::Unavailable))
    }

    /// Like [`Queue::run`] for callers outside the runtime.
    ///
    /// # Errors
    /// As [`Queue::run`].
    pub fn run_blocking(&self, envelope: Envelope) -> Result<Answer, AppError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { envelope, answer };
        self.jobs
            .blocking_send(job)
            .map_err(|_| AppError::Unavailable)?;
        answered
            .blocking_recv()
            .unwrap_or(Err(AppError::Unavailable))
    }

    /// Queues a command whose answer is fetched later; waits for room instead of refusing.
    ///
    /// # Errors
    /// `Unavailable` when the writer has stopped.
    pub fn push_blocking(
        &self,
        envelope: Envelope,
    ) -> Result<oneshot::Receiver<Result<Answer, AppError>>, AppError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { envelope, answer };
        self.jobs
            .blocking_send(job)
            .map_err(|_| AppError::Unavailable)?;
        Ok(answered)
    }

    fn push(
        &self,
        envelope: Envelope,
    ) -> Result<oneshot::Receiver<Result<Answer, AppError>>, AppError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { envelope, answer };
        self.jobs.try_send(job).map_err(|_| AppError::Unavailable)?;
        Ok(answered)
    }
}

/// Starts the writer thread, which rings `wake` and tells the last number of the log after what it committed; it ends
/// when every [`Queue`] is dropped and the queue is empty.
///
/// # Errors
/// Those of the operating system when no thread can be made.
pub fn start(
    writer: Writer,
    context: Arc<Context>,
    wake: Wake,
    committed: watch::Sender<i64>,
) -> std::io::Result<(Queue, JoinHandle<()>)> {
    let (jobs, waiting) = mpsc::channel(QUEUE);
    let thread = std::thread::Builder::new()
        .name("writer".into())
        .spawn(move || serve(writer, &context, &wake, &committed, waiting))?;
    Ok((Queue { jobs }, thread))
}

fn serve(
    mut writer: Writer,
    context: &Context,
    wake: &Wake,
    committed: &watch::Sender<i64>,
    mut waiting: mpsc::Receiver<Job>,
) {
    while let Some(first) = waiting.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < BATCH {
            match waiting.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        commit(&mut writer, context, jobs);
        wake.wake();
        if let Some(last) = writer.last_seq() {
            committed.send_if_modified(|seq| std::mem::replace(seq, last) != last);
        }
    }
}

fn commit(writer: &mut Writer, context: &Context, jobs: Vec<Job>) {
    let envelopes: Vec<&Envelope> = jobs.iter().map(|job| &job.envelope).collect();
    let outcome = guarded(writer, context, &envelopes);
    let single = jobs.len() == 1;
    match outcome {
        Ok(answers) => {
            for (job, answer) in jobs.into_iter().zip(answers) {
                // The caller may have gone; what it asked for is committed all the same.
                let _ = job.answer.send(answer);
            }
        }
        // Nobody shares a lone command's transaction, and a database that is away serves nobody.
        Err(Failed::Error(error)) if single || matches!(error, AppError::Unavailable) => {
            for job in jobs {
                let _ = job.answer.send(Err(error.clone()));
            }
        }
        Err(_) => {
            metrics::counter!(REDONE).increment(1);
            for job in jobs {
                let answer = alone(writer, context, &job.envelope);
                let _ = job.answer.send(answer);
            }
        }
    }
}

/// One command in a transaction of its own, tried again after a conflict with another writer.
fn alone(writer: &mut Writer, context: &Context, envelope: &Envelope) -> Result<Answer, AppError> {
    for _ in 0..3 {
        match guarded(writer, context, &[envelope]) {
            Ok(mut answers) => return answers.pop().unwrap_or(Err(AppError::Unavailable)),
            Err(Failed::Conflict) => {}
            Err(Failed::Error(error)) => return Err(error),
        }
    }
    // Read anew three times, the same row stands in the way: trying later would not help.
    Err(AppError::conflict("another record has one of these keys"))
}

/// [`attempt`], with a panic turned into a fault: the connection it had is closed while the stack
/// unwinds, and the transaction with it, so that nothing half-done is left behind.
fn guarded(
    writer: &mut Writer,
    context: &Context,
    envelopes: &[&Envelope],
) -> Result<Vec<Result<Answer, AppError>>, Failed> {
    let attempted = catch_unwind(AssertUnwindSafe(|| attempt(writer, context, envelopes)));
    attempted.unwrap_or_else(|_| {
        // The panic's own text may quote a mail; the hook of the shell has logged where it was.
        let fault = AppError::Fault("a command panicked".to_owned());
        Err(Failed::Error(fault))
    })
}

/// Decides and commits; `Err` when the transaction as a whole did not happen.
fn attempt(
    writer: &mut Writer,
    context: &Context,
    envelopes: &[&Envelope],
) -> Result<Vec<Result<Answer, AppError>>, Failed> {
    let single = envelopes.len() == 1;
    let began = context.shell.now();
    let (answers, told) = writer
        .commit(|reader| {
            let mut batch = Batch::new(reader, context);
            batch.preload(envelopes)?;
            let mut answers = Vec::with_capacity(envelopes.len());
            for envelope in envelopes {
                let before = batch.writes();
                let answer = batch.run(envelope);
                if let Err(error) = &answer {
                    let wrote = batch.writes() != before;
                    if single || wrote || error.is_fault() {
                        return Err(error.clone());
                    }
                }
                answers.push(answer);
            }
            let commit = batch.into_commit()?;
            let told = Told::of(&commit);
            Ok((commit, (answers, told)))
        })
        .map_err(|failed| match failed {
            CommitError::Decide(error) => Failed::Error(error),
            CommitError::Conflict { .. } => Failed::Conflict,
            CommitError::Store(error) => Failed::Error(error.into()),
        })?;
    metrics::counter!(COMMITS).increment(1);
    metrics::histogram!(BATCH_COMMANDS).record(envelopes.len() as f64);
    let took = context.shell.now().signed_duration_since(began);
    metrics::histogram!(COMMIT_SECONDS).record(took.as_seconds_f64().max(0.0));
    told.count();
    Ok(answers)
}

/// Why a transaction did not happen.
enum Failed {
    /// Another writer was faster: the same commands may succeed on what it wrote.
    Conflict,
    /// A command failed half-way, or the database did.
    Error(AppError),
}

#[cfg(test)]
mod tests;
