//! `--dry-run`: the whole import into a database of its own, which is gone at the end.

use convo_app::wire::NewCampaign;
use convo_app::{Actor, App, Command, Envelope};
use uuid::Uuid;

use super::super::CommandError;
use super::report::Would;
use crate::settings::{ServiceUrl, Settings};
use crate::wiring::WiringError;

/// A folder with a database that nobody else sees.
pub(super) struct Trial(tempfile::TempDir);

impl Trial {
    /// Makes the folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn new() -> Result<Self, CommandError> {
        Ok(Self(
            tempfile::Builder::new()
                .prefix("convo-dry-run-")
                .tempdir()?,
        ))
    }

    /// The settings, on the database of the trial.
    pub(super) fn settings(&self, settings: &Settings) -> Settings {
        let mut settings = settings.clone();
        let file = self.0.path().join("convo.db");
        settings.database.url = ServiceUrl::new(format!("sqlite://{}", file.display()));
        settings.storage = self.0.path().join("attachments");
        settings
    }
}

/// A campaign to stand for the one of the real database.
///
/// # Errors
/// Those of the database.
pub(super) fn campaign(app: &App, given: &str) -> Result<Uuid, CommandError> {
    let new = NewCampaign {
        name: "dry run".to_owned(),
        external_id: Some(given.to_owned()),
        ..NewCampaign::default()
    };
    let made = Envelope::new(Command::CreateCampaign(new), Actor::Code("import"));
    app.queue().run_blocking(made).map_err(WiringError::from)?;
    let given = [given.to_owned()];
    let found = app.read(|reader| Ok(reader.campaigns_by_external_ids(&given)?.pop()));
    let row = found.map_err(WiringError::from)?;
    row.map(|row| row.id)
        .ok_or_else(|| CommandError::Refused("--campaign names no campaign".to_owned()))
}

/// What is in the database of the trial.
///
/// # Errors
/// Those of the database.
pub(super) fn judged(app: &App) -> Result<Would, CommandError> {
    let judged = app.read(|reader| {
        let (mut leads, mut after) = (0, None);
        loop {
            let page = reader.leads_after(after, 1000)?;
            let Some(last) = page.last() else { break };
            leads += page.len() as u64;
            after = Some(last.id);
        }
        let counted = reader.recount()?;
        let unsigned = |count: i64| u64::try_from(count).unwrap_or(0);
        Ok(Would {
            leads,
            conversations: unsigned(counted.conversations_by_state.values().sum()),
            messages: unsigned(counted.messages),
            reviews: unsigned(counted.reviews_open),
            conversations_by_state: counted.conversations_by_state,
        })
    });
    Ok(judged.map_err(WiringError::from)?)
}
