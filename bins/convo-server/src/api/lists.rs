//! What lists have in common: a page size and a cursor.

use convo_app::views;
use convo_app::{AppError, views::PAGE};
use convo_store::Cursor;
use serde::Deserialize;

/// Page size and cursor of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items wanted; default 50.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// `nextCursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
}

impl Paging {
    /// The size, at most 200.
    ///
    /// # Errors
    /// `Invalid` below 1.
    pub fn size(&self) -> Result<i64, AppError> {
        match self.limit {
            Some(limit) if limit < 1 => Err(AppError::invalid("limit", "must be at least 1")),
            limit => Ok(limit.unwrap_or(50).min(PAGE)),
        }
    }

    /// Where to go on.
    ///
    /// # Errors
    /// `Invalid` when the cursor is not one of ours.
    pub fn after(&self) -> Result<Option<Cursor>, AppError> {
        self.cursor
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(views::cursor)
            .transpose()
    }
}

/// The cursor of the next page: only a full page has one.
pub fn next<T>(rows: &[T], size: i64, cursor: impl Fn(&T) -> Cursor) -> Option<String> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= size);
    rows.last()
        .filter(|_| full)
        .map(|row| views::cursor_text(&cursor(row)))
}
