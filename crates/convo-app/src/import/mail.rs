//! Mail read from a file: the same ladder as live mail, silent, as of its own date.

use serde_json::json;

use crate::batch::Batch;
use crate::command::{Answer, ImportMail};
use crate::error::AppError;
use crate::intake::Arrival;
use crate::records::answer;
use crate::webhook::Status;

impl Batch<'_, '_> {
    /// Takes a mail of an import; a second run finds it stored and changes nothing.
    pub(crate) fn import_mail(&mut self, import: &ImportMail) -> Result<Answer, AppError> {
        let effect = self.arrive(
            &import.mail,
            &Arrival {
                our_addresses: &import.our_addresses,
                campaign: import.campaign,
                raw: import.raw.clone(),
                history: true,
                list_archive: import.list_archive,
                ..Arrival::default()
            },
        )?;
        let outcome = match effect.status {
            Status::Done => "stored",
            Status::Duplicate => "duplicate",
            Status::Review => "review",
            Status::Ignored | Status::Unmatched => "ignored",
        };
        answer(
            200,
            &json!({"outcome": outcome, "reason": effect.code, "conversationId": effect.conversation}),
        )
    }
}
