//! Pages of lists: `{items, nextCursor}`.

use utoipa::ToSchema;

use super::analytics::{CohortItem, DeliveryItem, OwnershipItem, WaitItem};
use super::gate::Draft;
use super::handover::Offer;
use super::messages::StoredMessage;
use super::moves::{AuditedStep, Rule};
use super::people::{Agent, Campaign, Key, Lead, Suppression};
use super::records::Conversation;
use super::review::ReviewItem;
use super::sending::OutgoingMail;
use super::webhooks::Receipt;

/// Declares a page of each kind of item.
macro_rules! lists {
    ($($(#[$doc:meta])+ $list:ident = $item:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, ToSchema)]
        #[schema(rename_all = "camelCase")]
        pub struct $list {
            /// The items.
            pub items: Vec<$item>,
            /// Pass it as `cursor` to get the next page; null at the end.
            pub next_cursor: Option<String>,
        }
    )+};
}

lists! {
    /// A page of leads.
    LeadList = Lead;
    /// A page of agents.
    AgentList = Agent;
    /// A page of an agent's open offers.
    OfferList = Offer;
    /// A page of campaigns.
    CampaignList = Campaign;
    /// A page of suppressions.
    SuppressionList = Suppression;
    /// A page of keys.
    KeyList = Key;
    /// A page of conversations.
    ConversationList = Conversation;
    /// A page of messages.
    MessageList = StoredMessage;
    /// A page of the audit trail.
    AuditedStepList = AuditedStep;
    /// All rules.
    RuleList = Rule;
    /// A page of the review list.
    ReviewList = ReviewItem;
    /// A page of outgoing mails.
    OutgoingMailList = OutgoingMail;
    /// A page of drafts.
    DraftList = Draft;
    /// A page of waits.
    WaitList = WaitItem;
    /// A page of offers with what came of them.
    OwnershipList = OwnershipItem;
    /// A page of leads in their cohorts.
    CohortList = CohortItem;
    /// A page of what happened to mails.
    DeliveryList = DeliveryItem;
    /// A page of receipts.
    ReceiptList = Receipt;
}
