//! A restored database is paused: nothing is sent and no timer fires until somebody has looked at it.

use crate::batch::Batch;
use crate::command::Answer;
use crate::error::AppError;
use crate::records::{answer, no_content};

impl Batch<'_, '_> {
    /// Whether everything is paused, read once in a batch.
    pub(crate) fn is_paused(&mut self) -> Result<bool, AppError> {
        if let Some(paused) = self.gate.paused {
            return Ok(paused);
        }
        let paused = self.reader.is_paused()?;
        self.gate.paused = Some(paused);
        Ok(paused)
    }

    /// Lets a restored database go on; 204 where nothing was paused.
    pub(crate) fn resume(&mut self) -> Result<Answer, AppError> {
        if !self.is_paused()? {
            return Ok(no_content());
        }
        self.gate.paused = Some(false);
        self.commit.resumed = true;
        self.record_changed("resumed", None, None, None);
        answer(200, &serde_json::json!({"resumed": true}))
    }
}
