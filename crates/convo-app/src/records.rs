//! Commands on records: leads, agents, campaigns, policies, suppressions, keys.

mod agents;
mod campaigns;
mod keys;
mod leads;
mod suppressions;

pub(crate) use leads::completeness_of;
pub(crate) use suppressions::Suppressing;

use serde::Serialize;

use crate::command::Answer;
use crate::error::AppError;
use crate::wire::address_key;

/// Addresses beside the primary one, each once.
pub(crate) fn further(primary: &str, given: &[String]) -> Vec<String> {
    let mut seen = std::collections::HashSet::from([address_key(primary)]);
    let mut further: Vec<String> = given.iter().map(|one| one.trim().to_owned()).collect();
    further.retain(|one| seen.insert(address_key(one)));
    further
}

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
