//! Sessions end when their key is revoked, on whichever node that happens.

use std::time::Duration;

use actix_web::web;
use convo_app::{App, AppError};
use uuid::Uuid;

/// A revoked key is dead within 5 seconds everywhere.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks for revoked keys among those that are listened with: one question for all of them. Ends with the
/// runtime.
pub async fn watch(app: App) {
    loop {
        actix_web::rt::time::sleep(LOOK_EVERY).await;
        let keys = app.hub().keys();
        if keys.is_empty() {
            continue;
        }
        match revoked(&app, keys).await {
            Ok(revoked) => app.hub().revoke(&revoked),
            Err(error) => log::warn!("keys cannot be looked at: {error}"),
        }
    }
}

async fn revoked(app: &App, keys: Vec<Uuid>) -> Result<Vec<Uuid>, AppError> {
    let app = app.clone();
    let rows = web::block(move || {
        app.read(|reader| {
            let rows = reader.api_keys_by_ids(&keys)?;
            let alive = |key: &Uuid| {
                rows.iter()
                    .any(|row| row.id == *key && row.revoked_at.is_none())
            };
            Ok(keys.into_iter().filter(|key| !alive(key)).collect())
        })
    });
    rows.await.map_err(|_| AppError::Unavailable)?
}
