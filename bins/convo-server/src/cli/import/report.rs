//! What an import says at its end, and the file of what it could not take.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use convo_app::AppError;
use serde::Serialize;

use super::super::CommandError;

/// What came of an import, printed as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Mails looked at.
    pub(super) mails: u64,
    /// Rows looked at.
    pub(super) rows: u64,
    /// Taken now.
    pub(super) stored: u64,
    /// Known already.
    pub(super) duplicates: u64,
    /// On the review list, now or already.
    pub(super) review: u64,
    /// Not taken; the error file says why.
    pub(super) rejected: u64,
    /// The error file, when it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<String>,
    seconds: f64,
    /// Mails and rows a second.
    rate: f64,
    /// Of a dry run: what there would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) would: Option<Would>,
}

/// What an import into an empty database leaves there.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Would {
    pub(super) leads: u64,
    pub(super) conversations: u64,
    pub(super) conversations_by_state: std::collections::BTreeMap<String, i64>,
    pub(super) messages: u64,
    pub(super) reviews: u64,
}

impl Report {
    /// Notes how long it took.
    pub(super) fn finish(&mut self, took: Duration, rejects: &Rejects) {
        let seconds = took.as_secs_f64();
        self.seconds = (seconds * 1000.0).round() / 1000.0;
        let all = (self.mails + self.rows) as f64;
        self.rate = (all / seconds.max(0.001)).round();
        self.errors = rejects.written();
    }
}

/// Where something of an import came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Origin {
    pub(super) file: String,
    /// The line of a row, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u64>,
    /// The mail's number in a mailbox file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mail: Option<u32>,
}

impl Origin {
    /// A whole file.
    pub(super) fn file(path: &Path) -> Self {
        Self {
            file: path.display().to_string(),
            ..Self::default()
        }
    }
}

#[derive(Serialize)]
struct Rejected<'a> {
    #[serde(flatten)]
    origin: &'a Origin,
    code: &'a str,
    message: &'a str,
}

/// The error file: made when the first thing is rejected, and never holding what was rejected.
pub(super) struct Rejects {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    /// Nothing rejected yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
        }
    }

    /// Writes a line.
    pub(super) fn add(
        &mut self,
        origin: &Origin,
        code: &str,
        message: &str,
    ) -> Result<(), CommandError> {
        let failed = |source| CommandError::File {
            path: self.path.display().to_string(),
            source,
        };
        if self.file.is_none() {
            self.file = Some(BufWriter::new(File::create(&self.path).map_err(failed)?));
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let line = Rejected {
            origin,
            code,
            message,
        };
        let written = serde_json::to_writer(&mut *file, &line).map_err(io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(failed)
    }

    /// Puts every line on disk.
    pub(super) fn flush(&mut self) -> Result<(), CommandError> {
        let flushed = self.file.as_mut().map_or(Ok(()), Write::flush);
        flushed.map_err(|source| CommandError::File {
            path: self.path.display().to_string(),
            source,
        })
    }

    fn written(&self) -> Option<String> {
        self.file.as_ref().map(|_| self.path.display().to_string())
    }
}

/// Code and sentence of a refusal; neither repeats what was refused.
pub(super) fn refusal(error: &AppError) -> (&'static str, String) {
    match error {
        AppError::Invalid(violations) => {
            let each = violations
                .iter()
                .map(|one| format!("{} {}", one.field, one.message));
            ("validation_failed", each.collect::<Vec<_>>().join("; "))
        }
        AppError::Conflict { detail } => ("conflict", detail.clone()),
        AppError::NotFound => ("not_found", error.to_string()),
        AppError::Unavailable => ("unavailable", error.to_string()),
        AppError::Fault(_) => (
            "internal",
            "a fault of the program; the log says more".to_owned(),
        ),
        _ => ("refused", error.to_string()),
    }
}
