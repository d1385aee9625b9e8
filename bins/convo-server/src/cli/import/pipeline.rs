//! Commands under way: enough of them that group commit has full batches, few enough for memory.

use std::collections::VecDeque;

use convo_app::{Actor, Answer, App, AppError, Command, Envelope};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use tokio::sync::oneshot::Receiver;

use super::super::CommandError;
use super::report::{Origin, Rejects, Report, refusal};
use crate::wiring::WiringError;

/// Commands under way; twice what one transaction takes.
const UNDER_WAY: usize = 256;
/// Bytes of mail under way.
const BYTES: usize = 64 << 20;

/// Hands commands to the writer and counts what comes of them.
pub(super) struct Pipeline<'a> {
    pub(super) app: &'a App,
    rejects: &'a mut Rejects,
    pub(super) report: Report,
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

struct Waiting {
    origin: Origin,
    bytes: usize,
    answer: Receiver<Result<Answer, AppError>>,
}

#[derive(Deserialize)]
struct Outcome<'a> {
    outcome: Option<&'a str>,
}

impl<'a> Pipeline<'a> {
    /// Nothing under way.
    pub(super) fn new(app: &'a App, rejects: &'a mut Rejects) -> Self {
        Self {
            app,
            rejects,
            report: Report::default(),
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }

    /// A bar on a terminal, nothing elsewhere.
    pub(super) fn bar(&self, doing: &'static str, all: usize) -> ProgressBar {
        let style = "{prefix:10} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}";
        let style = ProgressStyle::with_template(style);
        ProgressBar::new(all as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            .with_prefix(doing)
    }

    /// Hands a command over; waits for the oldest when too much is under way.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) fn push(
        &mut self,
        origin: Origin,
        bytes: usize,
        command: Command,
        at: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<(), CommandError> {
        while self.waiting.len() >= UNDER_WAY || (self.bytes + bytes > BYTES && self.bytes > 0) {
            self.settle()?;
        }
        let envelope = Envelope {
            at,
            silent: true,
            ..Envelope::new(command, Actor::Code("import"))
        };
        let answer = self.app.queue().push_blocking(envelope).map_err(away)?;
        self.bytes += bytes;
        self.waiting.push_back(Waiting {
            origin,
            bytes,
            answer,
        });
        Ok(())
    }

    /// Notes something that cannot be taken.
    ///
    /// # Errors
    /// Those of the error file.
    pub(super) fn reject(
        &mut self,
        origin: &Origin,
        code: &str,
        message: &str,
    ) -> Result<(), CommandError> {
        self.report.rejected += 1;
        self.rejects.add(origin, code, message)
    }

    /// Waits for everything under way.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) fn drain(&mut self) -> Result<(), CommandError> {
        while !self.waiting.is_empty() {
            self.settle()?;
        }
        Ok(())
    }

    /// Waits for everything and gives the report.
    ///
    /// # Errors
    /// When the database is away.
    pub(super) fn end(mut self) -> Result<Report, CommandError> {
        self.drain()?;
        self.rejects.flush()?;
        Ok(self.report)
    }

    fn settle(&mut self) -> Result<(), CommandError> {
        let Some(oldest) = self.waiting.pop_front() else {
            return Ok(());
        };
        self.bytes -= oldest.bytes;
        let answer = oldest.answer.blocking_recv();
        match answer.unwrap_or(Err(AppError::Unavailable)) {
            Ok(answer) => {
                *self.counted(&answer) += 1;
                Ok(())
            }
            Err(AppError::Unavailable) => Err(away(AppError::Unavailable)),
            Err(error) => {
                if let AppError::Fault(fault) = &error {
                    log::error!("not imported: {fault}");
                }
                let (code, message) = refusal(&error);
                self.reject(&oldest.origin, code, &message)
            }
        }
    }

    fn counted(&mut self, answer: &Answer) -> &mut u64 {
        let outcome = serde_json::from_str::<Outcome<'_>>(&answer.body);
        match outcome.ok().and_then(|answer| answer.outcome) {
            Some("review") => &mut self.report.review,
            Some("duplicate" | "ignored") => &mut self.report.duplicates,
            Some(_) => &mut self.report.stored,
            // Records are answered as the API answers them: 201 made, 200 known.
            None if answer.status == 201 => &mut self.report.stored,
            None => &mut self.report.duplicates,
        }
    }
}

fn away(error: AppError) -> CommandError {
    CommandError::Wiring(WiringError::from(error))
}
