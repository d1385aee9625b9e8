//! While everything is paused after a restore nothing is sent and no timer fires; then all of it goes on.

use chrono::TimeDelta;
use convo_app::outbox::Leased;
use convo_app::{Command, Sent};
use serde_json::json;
use uuid::Uuid;

use crate::world::{World, id, read};

#[test]
fn nothing_leaves_and_nothing_happens_by_itself() {
    World::sending_on_both("2026-01-05T09:00:00Z", |world| {
        let contact = world.written_to("ada@customer.example");
        let agent = json!({"name": "Grace", "email": "grace@dealer.example"});
        let agent = id(&world.run(Command::CreateAgent(read(agent))));
        let sent = Sent {
            request: read(
                json!({"author": "agent", "agentId": agent, "subject": "Your car", "text": "Here it is."}),
            ),
            files: Vec::new(),
            key_agent: None,
        };
        world.run(Command::Send(contact.id, Box::new(sent)));
        let lease = || Command::LeaseOutbox {
            owner: Uuid::from_u128(1),
            limit: 100,
            seconds: 60,
        };
        let leased = || Leased::read(&world.try_run(lease()).unwrap()).leased;
        world.sql("UPDATE instance SET paused_since = created_at");
        assert!(leased().is_empty());
        world.clock.wait(TimeDelta::days(31));
        assert_eq!(world.tick(), 0);
        assert_eq!(world.state(&contact), "ACTIVE");
        assert!(leased().is_empty());
        world.run(Command::Resume);
        assert_eq!(leased().len(), 1);
        assert!(world.tick() > 0);
        assert_eq!(world.state(&contact), "CLOSED");
    });
}
