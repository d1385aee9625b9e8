//! Commands on records: leads, agents, campaigns, policies, suppressions, keys.

mod agents;
mod campaigns;
mod keys;
mod leads;
mod suppressions;

pub(crate) use suppressions::Suppressing;

use serde::Serialize;

use crate::command::Answer;
use crate::error::AppError;

/// Renders an answer.
pub(crate) fn answer<T: Serialize>(status: u16, body: &T) -> Result<Answer, AppError> {
    let body = serde_json::to_string(body).map_err(|error| AppError::Fault(error.to_string()))?;
    Ok(Answer {
        status,
        body,
        replayed: false,
    })
}

/// The answer without a body.
pub(crate) fn no_content() -> Answer {
    Answer {
        status: 204,
        body: String::new(),
        replayed: false,
    }
}
