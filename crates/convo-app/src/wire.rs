//! Shapes on the wire: what requests carry and what answers look like.
//!
//! Keys are camelCase, times RFC 3339 UTC with milliseconds, ids UUIDs. Unknown request fields are
//! ignored. Validation that needs no database is here; what needs rows is with the commands.

mod analytics;
mod conversation;
mod gate;
mod members;
mod operations;
mod records;
mod sending;
mod suppressions;
mod webhook;

pub use analytics::*;
pub use conversation::*;
pub use gate::*;
pub use operations::*;
pub use records::*;
pub use sending::*;
pub use suppressions::*;
pub use webhook::*;

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::error::{AppError, Violation};

/// The first and the last second of the years that RFC 3339 can write, which both databases keep.
const YEARS: [i64; 2] = [-62_135_596_800, 253_402_300_799];

/// A time cut to microseconds, which is what both databases keep: what is decided on must be what is
/// read back. One beyond the years of four digits is the nearest within.
#[must_use]
pub fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    let nearest = at.timestamp().clamp(YEARS[0], YEARS[1]);
    if nearest == at.timestamp() {
        return at.trunc_subsecs(6);
    }
    DateTime::from_timestamp(nearest, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A time as the wire shows it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Serialises a time as [`time`] shows it.
///
/// # Errors
/// Those of the serializer.
pub fn as_time<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&time(*at))
}

/// Serialises an optional time as [`time`] shows it.
///
/// # Errors
/// Those of the serializer.
pub fn as_maybe_time<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => as_time(at, to),
        None => to.serialize_none(),
    }
}

/// Reads a field that may be absent (`None`), null (`Some(None)`) or set.
///
/// # Errors
/// Those of the value.
pub fn maybe_null<'de, D, T>(from: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(from).map(Some)
}

/// Whether both databases can keep a time and the wire can show it: the years 1 to 9999.
#[must_use]
pub fn is_storable(at: DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// Reads an optional time of the years 1 to 9999.
///
/// # Errors
/// Those of the value; a time before or after.
pub fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let at = Option::<DateTime<Utc>>::deserialize(from)?;
    if at.is_some_and(|at| !is_storable(at)) {
        return Err(D::Error::custom("must be a time of the years 1 to 9999"));
    }
    Ok(at)
}

/// Reads a field that may be absent, null, or a time as [`moment`] reads it.
///
/// # Errors
/// Those of the value; a time before or after.
pub fn maybe_moment<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<DateTime<Utc>>>, D::Error> {
    moment(from).map(Some)
}

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub struct Checks(Vec<Violation>);

impl Checks {
    /// Nothing wrong yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a violation when `ok` is false.
    pub fn require(&mut self, ok: bool, field: &str, message: &str) {
        if !ok {
            self.0.push(Violation::new(field, message));
        }
    }

    /// A text of 1 to `max` characters that is not blank.
    pub fn text(&mut self, value: &str, max: usize, field: &str) {
        self.require(!value.trim().is_empty(), field, "must not be empty");
        self.at_most(value, max, field);
    }

    /// A text of at most `max` characters.
    pub fn at_most(&mut self, value: &str, max: usize, field: &str) {
        if value.len() > max && value.chars().count() > max {
            self.0.push(Violation::new(
                field,
                format!("must have at most {max} characters"),
            ));
        }
    }

    /// An optional text of at most `max` characters.
    pub fn optional(&mut self, value: Option<&String>, max: usize, field: &str) {
        if let Some(value) = value {
            self.at_most(value, max, field);
        }
    }

    /// An e-mail address: one `@` with something on both sides, no blanks, at most 254 bytes.
    pub fn email(&mut self, value: &str, field: &str) {
        self.require(is_address(value), field, "must be an e-mail address");
    }

    /// A JSON object of at most `max` bytes.
    pub fn object(&mut self, value: Option<&serde_json::Value>, max: usize, field: &str) {
        let Some(value) = value else { return };
        self.require(value.is_object(), field, "must be an object");
        self.bounded(Some(value), max, field);
    }

    /// JSON of at most `max` bytes.
    pub fn bounded(&mut self, value: Option<&serde_json::Value>, max: usize, field: &str) {
        let Some(value) = value else { return };
        if value.to_string().len() > max {
            self.0.push(Violation::new(
                field,
                format!("must have at most {max} bytes"),
            ));
        }
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every violation noted.
    pub fn done(self) -> Result<(), AppError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(AppError::Invalid(self.0))
        }
    }
}

/// Whether a text can be an address we write to.
#[must_use]
pub fn is_address(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !domain.is_empty()
        && value.len() <= 254
        && !value
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !local.contains('@')
}

/// The wire name of a state given in either case.
///
/// # Errors
/// `Invalid` for what is no state.
pub fn canonical_state(text: Option<&str>) -> Result<Option<String>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let state = crate::conversations::state(text)
        .ok_or_else(|| AppError::invalid("state", "is not a state"))?;
    Ok(Some(state.as_str().to_owned()))
}

/// The wire name of an outcome given in either case.
///
/// # Errors
/// `Invalid` for what is no outcome.
pub fn canonical_outcome(text: Option<&str>) -> Result<Option<String>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let outcome = crate::conversations::outcome(text);
    let outcome = outcome.ok_or_else(|| AppError::invalid("outcome", "is not an outcome"))?;
    Ok(Some(outcome.as_str().to_owned()))
}

/// The form addresses are compared in.
#[must_use]
pub fn address_key(address: &str) -> String {
    address.trim().to_lowercase()
}
