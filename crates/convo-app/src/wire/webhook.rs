//! What a webhook is answered.

use serde::Serialize;
use uuid::Uuid;

/// Answer to a provider's webhook.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAnswer {
    /// done, duplicate, parked or ignored.
    pub status: &'static str,
    /// The receipt; of a duplicate the first one's.
    pub receipt_id: Uuid,
    /// The conversation it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<Uuid>,
    /// Its lead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_id: Option<Uuid>,
    /// Its campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<Uuid>,
}
