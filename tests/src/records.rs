//! The calls most tests begin with.

use serde_json::{Value, json};

use crate::{Answer, Api};

/// Path of the conversation-state routes.
pub const STATE: &str = "/api/conversation-state";

/// A lead and one conversation with it.
#[derive(Clone)]
pub struct Contact {
    pub api: Api,
    /// Id of the lead.
    pub lead: String,
    pub email: String,
    /// Id of the conversation.
    pub id: String,
}

impl Api {
    /// A lead with this address; its id.
    pub async fn lead(&self, email: &str) -> String {
        let answer = self.post("/api/leads", json!({"email": email, "firstName": "Ada"}));
        let answer = answer.await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        id(&answer.json())
    }

    /// A lead with this address and an open conversation with it.
    pub async fn contact(&self, email: &str) -> Contact {
        let lead = self.lead(email).await;
        let body = json!({"leadId": lead, "subject": "Your new car"});
        let answer = self.post("/api/conversations", body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        Contact {
            api: self.clone(),
            lead,
            email: email.to_owned(),
            id: id(&answer.json()),
        }
    }

    /// A campaign of this name; its id.
    pub async fn campaign(&self, name: &str) -> String {
        id(&self
            .post("/api/campaigns", json!({"name": name}))
            .await
            .expect(201))
    }

    /// An active agent; its id.
    pub async fn agent(&self, email: &str) -> String {
        let body = json!({"name": "Grace Agent", "email": email, "active": true});
        id(&self.post("/api/agents", body).await.expect(201))
    }

    /// A new key with these scopes; the secret.
    pub async fn key(&self, scopes: &[&str]) -> String {
        let body = json!({"name": "a key of the tests", "scopes": scopes});
        let made = self.post("/api/keys", body).await.expect(201);
        let names = ["key", "secret", "apiKey", "token"];
        let secret = names.iter().find_map(|name| made[*name].as_str());
        secret.expect("the secret is shown once").to_owned()
    }

    /// `GET /status` of a conversation.
    pub async fn status(&self, conversation: &str) -> Value {
        self.get(&format!("{STATE}/{conversation}/status"))
            .await
            .ok()
    }

    /// The state of a conversation.
    pub async fn state(&self, conversation: &str) -> String {
        text(&self.status(conversation).await["currentState"])
    }

    /// Events of the log after `seq`, all pages.
    pub async fn log_after(&self, seq: u64) -> Vec<Value> {
        let mut events = Vec::new();
        let mut after = seq;
        loop {
            let page = self
                .get(&format!("/api/events?after={after}&limit=1000"))
                .await
                .ok();
            let items = page["items"].as_array().expect("items");
            let Some(last) = items.last() else {
                return events;
            };
            after = last["seq"].as_u64().expect("seq");
            events.extend(items.iter().cloned());
        }
    }
}

impl Contact {
    /// A path below the conversation.
    pub fn path(&self, rest: &str) -> String {
        format!("{STATE}/{}/{rest}", self.id)
    }

    pub async fn get(&self, rest: &str) -> Answer {
        self.api.get(&self.path(rest)).await
    }

    pub async fn post(&self, rest: &str, body: Value) -> Answer {
        self.api.post(&self.path(rest), body).await
    }

    pub async fn status(&self) -> Value {
        self.api.status(&self.id).await
    }

    pub async fn state(&self) -> String {
        self.api.state(&self.id).await
    }

    /// Asks for an event.
    pub async fn transition(&self, event: &str) -> Answer {
        self.post("transition", json!({"event": event, "triggeredBy": "test"}))
            .await
    }

    /// Asks for an event with metadata.
    pub async fn transition_with(&self, event: &str, metadata: Value) -> Answer {
        let body = json!({"event": event, "triggeredBy": "test", "metadata": metadata});
        self.post("transition", body).await
    }

    /// Records a mail of ours; its Message-ID.
    pub async fn outbound(&self, content: &str) -> String {
        let body = json!({"senderId": "campaign", "content": content, "messageType": "email", "isFromAI": 1});
        let answer = self.post("process-message", body).await.ok();
        text(&answer["message"]["messageId"])
    }

    /// Sends a mail to the lead; the answer.
    pub async fn send(&self, body: Value) -> Answer {
        self.post("send", body).await
    }

    /// The message of this id (without `<>`), as it is listed.
    pub async fn message(&self, message_id: &str) -> Value {
        let all = self.messages().await;
        let found = all.into_iter().find(|one| one["messageId"] == message_id);
        found.unwrap_or_else(|| panic!("no message {message_id}"))
    }

    /// Records a mail of the lead, as `process-message` takes it.
    pub async fn reply(&self, content: &str) -> Value {
        let body = json!({"senderId": self.lead, "content": content, "messageType": "email", "isFromAI": 0});
        self.post("process-message", body).await.ok()
    }

    /// The stored messages, all pages.
    pub async fn messages(&self) -> Vec<Value> {
        self.api.items(&self.path("messages")).await
    }

    /// The audit rows, oldest first, all pages.
    pub async fn transitions(&self) -> Vec<Value> {
        self.api.items(&self.path("transitions")).await
    }
}

/// The `id` of a record.
#[track_caller]
pub fn id(record: &Value) -> String {
    text(&record["id"])
}

/// A JSON string.
#[track_caller]
pub fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => panic!("not a string: {value}"),
    }
}
