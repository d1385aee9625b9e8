//! What lists have in common: a page size and a cursor.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use convo_app::AppError;
use convo_app::views::{self, PAGE};
use convo_store::{Cursor, Reader};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Api, answers};
use crate::problem::Problem;

/// Page size and cursor of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Items wanted; default 50. There are at most 200, however many are wanted.
    #[param(nullable = false, minimum = 1)]
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

    /// Where to go on in what is numbered; from the beginning without a cursor.
    ///
    /// # Errors
    /// `Invalid` when the cursor is not a number.
    pub fn number(&self) -> Result<i64, AppError> {
        let wrong = |_| AppError::invalid("cursor", "is not one of ours");
        let text = self.cursor.as_deref().filter(|text| !text.is_empty());
        text.map_or(Ok(0), |text| text.parse().map_err(wrong))
    }
}

impl Api {
    /// A page of a list as an answer.
    ///
    /// # Errors
    /// Those of [`Api::listed`].
    pub(super) async fn page<R: Send + 'static>(
        &self,
        paging: &Paging,
        rows: impl FnOnce(&mut Reader<'_>, Option<Cursor>, i64) -> Result<Vec<R>, AppError>
        + Send
        + 'static,
        at: impl Fn(&R) -> (DateTime<Utc>, Uuid) + Send + 'static,
        show: impl FnOnce(&mut Reader<'_>, &[R]) -> Result<Vec<Value>, AppError> + Send + 'static,
    ) -> Result<HttpResponse, Problem> {
        Ok(answers::json(&self.listed(paging, rows, at, show).await?))
    }

    /// A page of a list by time and id: as many rows as asked for, shown, and where to go on.
    ///
    /// # Errors
    /// Those of the paging and of the two questions.
    pub(crate) async fn listed<R: Send + 'static>(
        &self,
        paging: &Paging,
        rows: impl FnOnce(&mut Reader<'_>, Option<Cursor>, i64) -> Result<Vec<R>, AppError>
        + Send
        + 'static,
        at: impl Fn(&R) -> (DateTime<Utc>, Uuid) + Send + 'static,
        show: impl FnOnce(&mut Reader<'_>, &[R]) -> Result<Vec<Value>, AppError> + Send + 'static,
    ) -> Result<Value, Problem> {
        let (size, after) = (paging.size()?, paging.after()?);
        let page = move |reader: &mut Reader<'_>, _| {
            let rows = rows(reader, after, size)?;
            let next = last(&rows, size).map(|row| {
                let (at, id) = at(row);
                views::cursor_text(&Cursor { at, id })
            });
            Ok(views::page(show(reader, &rows)?, next))
        };
        self.ask(page).await
    }
}

/// The row after which the next page begins: only a full page has one.
pub fn last<T>(rows: &[T], size: i64) -> Option<&T> {
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= size);
    rows.last().filter(|_| full)
}
