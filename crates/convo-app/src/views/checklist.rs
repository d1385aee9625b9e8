//! What is to be done before there is anything to see.

use convo_store::{LeadList, Reader};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::AppError;
use crate::webhook::UNREADABLE;

/// Receipts looked at for the first of each kind: this is asked while there are few.
const RECEIPTS: i64 = 50;

/// Each item of the checklist and whether it is done; `signed` says whether the provider's webhooks can be checked.
///
/// # Errors
/// The database's.
pub fn checklist(
    reader: &mut Reader<'_>,
    context: &Context,
    signed: bool,
) -> Result<Value, AppError> {
    let receipts = reader.receipts(None, None, RECEIPTS)?;
    let mail = |kind: &str| kind == "inbound";
    let event = |kind: &str| !mail(kind) && kind != UNREADABLE;
    let lead = reader.leads(&LeadList {
        limit: 1,
        ..LeadList::default()
    })?;
    let agent = reader.active_agents(1)?;
    let items = [
        ("public_address", !context.sending.public_url.is_empty()),
        ("provider_key", signed),
        ("first_event", receipts.iter().any(|row| event(&row.kind))),
        ("first_mail", receipts.iter().any(|row| mail(&row.kind))),
        ("leads", !lead.is_empty()),
        ("agents", !agent.is_empty()),
    ];
    let items = items.map(|(code, done)| json!({"code": code, "done": done}));
    Ok(json!({"items": items}))
}
