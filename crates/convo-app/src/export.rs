//! Whole tables as rows of a file, page by page: the same columns whatever the form of the file.
//!
//! A page goes on after the last key of the one before, so that neither memory nor the length of a read grows with the
//! table. What is stored while an export runs may be in it or not; nothing is in it twice.

mod rows;

use chrono::{DateTime, Utc};
use convo_store::rows::{ConversationRow, LeadRow};
use convo_store::{ExportFilter, Reader};
use serde_json::Value;
use uuid::Uuid;

use crate::error::AppError;

/// What can be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Conversations, with scores and counts as of their last commits.
    Conversations,
    /// Messages, with what they say.
    Messages,
    /// Leads.
    Leads,
    /// The audit: every accepted event.
    Transitions,
    /// The event log.
    Events,
}

impl Export {
    /// Everything there is.
    pub const ALL: [Self; 5] = [
        Self::Conversations,
        Self::Messages,
        Self::Leads,
        Self::Transitions,
        Self::Events,
    ];

    /// The name in paths and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Leads => "leads",
            Self::Transitions => "transitions",
            Self::Events => "events",
        }
    }

    /// What is called so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// The names of the columns, in their order.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Conversations => rows::CONVERSATIONS,
            Self::Messages => rows::MESSAGES,
            Self::Leads => rows::LEADS,
            Self::Transitions => rows::TRANSITIONS,
            Self::Events => rows::EVENTS,
        }
    }

    /// Rows of a page; messages may be long.
    const fn page(self) -> i64 {
        match self {
            Self::Messages => 100,
            _ => 500,
        }
    }
}

/// Which rows are wanted, as a caller says it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
    /// Of this campaign.
    pub campaign: Option<Uuid>,
    /// Of conversations in this state, in either case.
    pub state: Option<String>,
}

/// Where an export is.
#[derive(Debug, Clone)]
pub struct Cursor {
    what: Export,
    filter: ExportFilter,
    after: After,
}

#[derive(Debug, Clone, Copy)]
enum After {
    Id(Uuid),
    Seq(i64),
}

/// Conversations as rows of a file of theirs.
#[must_use]
pub fn conversations(page: &[ConversationRow]) -> Rows {
    page.iter().map(rows::conversation).collect()
}

/// Leads as rows of a file of theirs.
#[must_use]
pub fn leads(page: &[LeadRow]) -> Rows {
    page.iter().map(rows::lead).collect()
}

/// Rows in the order of the columns.
pub type Rows = Vec<Vec<Value>>;

impl Cursor {
    /// Before the first row.
    ///
    /// # Errors
    /// `Invalid` for a state that is none, one of leads, and times that leave nothing between them.
    pub fn begin(what: Export, wanted: &Wanted) -> Result<Self, AppError> {
        let state = crate::wire::canonical_state(wanted.state.as_deref())?;
        if state.is_some() && what == Export::Leads {
            return Err(AppError::invalid("state", "leads have no state"));
        }
        if let (Some(from), Some(to)) = (wanted.from, wanted.to)
            && from >= to
        {
            return Err(AppError::invalid("to", "must be later than from"));
        }
        let filter = ExportFilter {
            from: wanted.from,
            to: wanted.to,
            campaign: wanted.campaign,
            state,
        };
        let after = match what {
            Export::Events => After::Seq(0),
            _ => After::Id(Uuid::nil()),
        };
        Ok(Self {
            what,
            filter,
            after,
        })
    }

    /// The next page and where it ends; no cursor behind the last one.
    ///
    /// # Errors
    /// The database's.
    pub fn next(mut self, reader: &mut Reader<'_>) -> Result<(Rows, Option<Self>), AppError> {
        let (rows, next) = self.read(reader)?;
        let Some(next) = next else {
            return Ok((rows, None));
        };
        self.after = next;
        Ok((rows, Some(self)))
    }

    /// Whether a page has as many rows as it may: then there may be more.
    fn is_full<T>(&self, page: &[T]) -> bool {
        i64::try_from(page.len()).is_ok_and(|rows| rows >= self.what.page())
    }

    fn read(&self, reader: &mut Reader<'_>) -> Result<(Rows, Option<After>), AppError> {
        let (filter, limit) = (&self.filter, self.what.page());
        let (id, seq) = match self.after {
            After::Id(id) => (id, 0),
            After::Seq(seq) => (Uuid::nil(), seq),
        };
        Ok(match self.what {
            Export::Conversations => {
                let page = reader.export_conversations(filter, id, limit)?;
                let last = page.last().filter(|_| self.is_full(&page));
                let next = last.map(|row| After::Id(row.id));
                (conversations(&page), next)
            }
            Export::Leads => {
                let page = reader.export_leads(filter, id, limit)?;
                let last = page.last().filter(|_| self.is_full(&page));
                let next = last.map(|row| After::Id(row.id));
                (leads(&page), next)
            }
            Export::Messages => {
                let all = reader.export_messages(filter, id, limit)?;
                let page = rows::light(reader, &all)?;
                let more = self.is_full(&all) || page.len() < all.len();
                let next = page.last().filter(|_| more);
                let next = next.map(|row| After::Id(row.id));
                (rows::messages(reader, page)?, next)
            }
            Export::Transitions => {
                let page = reader.export_transitions(filter, id, limit)?;
                let last = page.last().filter(|_| self.is_full(&page));
                let next = last.map(|row| After::Id(row.id));
                (page.iter().map(rows::transition).collect(), next)
            }
            Export::Events => {
                let page = reader.export_log(filter, seq, limit)?;
                let last = page.last().filter(|_| self.is_full(&page));
                let next = last.map(|row| After::Seq(row.seq));
                (page.iter().map(rows::event).collect(), next)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let begin = |what, wanted| Cursor::begin(what, &wanted).is_ok();
        let state = |state: &str| Wanted {
            state: Some(state.to_owned()),
            ..Wanted::default()
        };
        assert!(begin(Export::Messages, state("engaged")));
        assert!(!begin(Export::Messages, state("nowhere")));
        assert!(!begin(Export::Leads, state("ENGAGED")));
        let now: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let same = Wanted {
            from: Some(now),
            to: Some(now),
            ..Wanted::default()
        };
        assert!(!begin(Export::Events, same));
        for what in Export::ALL {
            assert_eq!(Export::named(what.as_str()), Some(what));
            assert!(begin(what, Wanted::default()));
        }
    }
}
