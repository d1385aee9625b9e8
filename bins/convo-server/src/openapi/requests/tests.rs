//! The shapes are those of the types that read the requests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use convo_app::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

const ID: &str = "018f0000-0000-7000-8000-000000000000";

/// `minimal` holds what is required and nothing else; written again it has every member there is.
fn check<Shape: ToSchema, Read: DeserializeOwned + Serialize>(minimal: Value) {
    let name = Shape::name();
    let schema = serde_json::to_value(Shape::schema()).unwrap();
    let names = |value: &Value| -> BTreeSet<String> {
        match value {
            Value::Object(members) => members.keys().cloned().collect(),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().unwrap().to_owned())
                .collect(),
            _ => BTreeSet::new(),
        }
    };
    assert_eq!(names(&schema["required"]), names(&minimal), "{name}");
    let read: Read = serde_json::from_value(minimal.clone()).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(names(&schema["properties"]), names(&written), "{name}");
    for member in names(&minimal) {
        let mut less = minimal.clone();
        less.as_object_mut().unwrap().remove(&member);
        assert!(
            serde_json::from_value::<Read>(less).is_err(),
            "{name}.{member} is required"
        );
    }
}

#[test]
fn shapes_are_those_of_the_types_that_read() {
    check::<NewLead, wire::NewLead>(json!({"email": ""}));
    check::<LeadPatch, wire::LeadPatch>(json!({}));
    check::<NewAgent, wire::NewAgent>(json!({"name": "", "email": ""}));
    check::<AgentPatch, wire::AgentPatch>(json!({}));
    check::<NewCampaign, wire::NewCampaign>(json!({"name": ""}));
    check::<CampaignPatch, wire::CampaignPatch>(json!({}));
    check::<NewSuppression, wire::NewSuppression>(json!({"address": ""}));
    check::<NewKey, wire::NewKey>(json!({"name": "", "scopes": []}));
    check::<NewConversation, wire::NewConversation>(json!({"leadId": ID, "subject": ""}));
    check::<ConversationPatch, wire::ConversationPatch>(json!({}));
    check::<IntegrationPatch, wire::IntegrationPatch>(json!({}));
    check::<Send, wire::Send>(json!({"author": "", "text": ""}));
    check::<MaySend, wire::MaySend>(json!({"author": "", "purpose": ""}));
    check::<SentByOthers, wire::SentByOthers>(json!({"lease": ID}));
    check::<Prepare, wire::Prepare>(json!({"leads": []}));
    check::<ApproveDraft, wire::ApproveDraft>(json!({}));
    check::<DiscardDraft, wire::DiscardDraft>(json!({}));
    check::<SendFile, wire::SendFile>(json!({"name": "", "content": ""}));
    check::<ImportedSuppression, wire::ImportedSuppression>(json!({"address": ""}));
    check::<TransitionRequest, wire::TransitionRequest>(json!({"event": "", "triggeredBy": ""}));
    check::<ValidateRequest, wire::ValidateRequest>(json!({"triggeredBy": ""}));
    check::<TakeOver, wire::TakeOver>(json!({"agentId": ID, "reason": ""}));
    check::<Snooze, wire::Snooze>(json!({"until": null}));
    check::<ProcessMessage, wire::ProcessMessage>(
        json!({"senderId": "", "content": "", "messageType": "", "isFromAI": 0}),
    );
    check::<IntegrationEvent, wire::IntegrationEvent>(json!({"type": "", "source": ""}));
    check::<Resolve, wire::Resolve>(json!({"action": ""}));
}
