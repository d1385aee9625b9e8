//! Scenes as commands, in the order of time: timers fire when they are due, and agents answer what they are offered.

mod steps;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use convo_app::handover::{Act as DeskAct, Action};
use convo_app::wire::{HandoverRequest, NewAgent, NewCampaign};
use convo_app::{Actor, App, Command, Envelope, Shell as _};
use convo_core::policy::Policy;
use convo_email::WebhookBody;
use convo_mailgun::Mailgun;
use convo_store::rows::OfferRow;
use serde_json::Value;
use uuid::Uuid;

use super::cast::{self, Reaction, Story};
use super::clock::StoryClock;
use super::post::{Mail, Signer, attribution, message_id, quoted};
use super::script::{Act, Scene};
use super::{DemoError, MARK};
use crate::api::webhooks;
use crate::ids;

/// Timers fired at once.
const AT_ONCE: usize = 100;
/// Open offers there may be at once.
const OFFERS: i64 = 200;
/// Between two looks at what is to happen now.
const LOOK: Duration = Duration::from_millis(500);
/// How long somebody takes to accept of whom the story says nothing.
const ACCEPTS: TimeDelta = TimeDelta::minutes(7);

/// Plays the story on an application whose clock it moves.
pub(super) struct Player {
    /// None between the past and the present.
    app: Option<App>,
    clock: StoryClock,
    story: Arc<Story>,
    signer: Signer,
    provider: Mailgun,
    campaigns: BTreeMap<String, Uuid>,
    agents: Vec<Uuid>,
    threads: Vec<Thread>,
    /// Leads by conversation.
    places: HashMap<Uuid, usize>,
    offered: HashSet<Uuid>,
    queue: BTreeMap<(DateTime<Utc>, u64), Due>,
    queued: u64,
}

/// Where a lead's mail stands.
#[derive(Default)]
struct Thread {
    lead: Option<Uuid>,
    conversation: Option<Uuid>,
    subject: String,
    chain: Vec<String>,
    /// Our newest mail.
    ours: Option<Ours>,
    /// Mails written so far, by anybody.
    written: usize,
    /// Agents asked so far.
    asked: usize,
}

struct Ours {
    message_id: String,
    text: String,
    who: String,
    at: DateTime<Utc>,
}

/// What is to happen.
enum Due {
    Scene(Act),
    /// An agent answers an offer.
    Reaction(Action, OfferRow),
}

impl Player {
    /// Before the first scene: the policy and the agents are there.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn new(
        app: App,
        clock: StoryClock,
        story: &Arc<Story>,
        policy: Policy,
    ) -> Result<Self, DemoError> {
        let key: [u8; 16] = ids::random_bytes().map_err(|error| story_error(&error))?;
        let signer = Signer::new(Uuid::from_bytes(key).simple().to_string());
        let mut player = Self {
            app: Some(app),
            clock,
            story: Arc::clone(story),
            provider: signer.provider(),
            signer,
            campaigns: BTreeMap::new(),
            agents: Vec::new(),
            threads: story.leads.iter().map(|_| Thread::default()).collect(),
            places: HashMap::new(),
            offered: HashSet::new(),
            queue: BTreeMap::new(),
            queued: 0,
        };
        let policy = serde_json::to_value(&policy).map_err(|error| story_error(&error))?;
        player.run(Command::PutPolicy(policy))?;
        // First of all, so that a demo that is broken off can be told from anything else.
        player.campaign(cast::FIRST_MARK)?;
        for agent in &story.house.agents {
            let made = player.run(Command::CreateAgent(NewAgent {
                name: agent.name.clone(),
                email: agent.email.clone(),
                manager: Some(agent.manager),
                capacity: Some(agent.capacity),
                ..NewAgent::default()
            }))?;
            player.agents.push(id_of(&made)?);
        }
        Ok(player)
    }

    /// Plays until the present.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn play(&mut self, scenes: Vec<Scene>, end: DateTime<Utc>) -> Result<(), DemoError> {
        for scene in scenes {
            self.queue(scene.at, Due::Scene(scene.act));
        }
        loop {
            let fired = self.app()?.fire_due(AT_ONCE)?;
            self.look_at_offers()?;
            if fired.fired > 0 {
                continue;
            }
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = next.filter(|at| *at <= end);
            let until = next.unwrap_or(end);
            if let Some(due) = fired.next.filter(|due| *due <= until) {
                self.clock.set(due);
                continue;
            }
            self.clock.set(until);
            if next.is_none() {
                break;
            }
            if let Some((_, due)) = self.queue.pop_first() {
                self.perform(due)?;
            }
        }
        self.campaign(cast::LAST_MARK)?;
        self.app = None;
        Ok(())
    }

    /// Goes on with what the story says of the time to come, on an application that lives by the real clock; until there
    /// is nothing left, or nobody holds the other end of `stop` any more. What somebody who looks has made impossible is
    /// left out.
    pub fn go_on(mut self, app: App, stop: &Receiver<()>) {
        self.app = Some(app);
        loop {
            let now = crate::clock::now();
            self.clock.set(now);
            if let Err(error) = self.look_at_offers() {
                log::info!("the demo stands still: {error}");
                return;
            }
            while let Some(entry) = self.queue.first_entry().filter(|one| one.key().0 <= now) {
                let due = entry.remove();
                if let Err(error) = self.perform(due) {
                    log::info!("the demo leaves something out: {error}");
                }
            }
            if !matches!(stop.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }

    fn app(&self) -> Result<&App, DemoError> {
        let app = self.app.as_ref();
        app.ok_or_else(|| DemoError::Story("it is over".to_owned()))
    }

    fn queue(&mut self, at: DateTime<Utc>, due: Due) {
        self.queued += 1;
        self.queue.insert((at, self.queued), due);
    }

    fn perform(&mut self, due: Due) -> Result<(), DemoError> {
        match due {
            Due::Scene(Act::Step(place, step)) => self.step(place, &step),
            Due::Scene(Act::Campaign(place)) => {
                let id = self.story.house.campaigns[place].id.clone();
                self.campaign(&id)
            }
            Due::Scene(Act::Letter(place)) => self.letter(place),
            Due::Scene(Act::Report(place)) => self.report(place),
            Due::Reaction(action, offer) => {
                let act = DeskAct {
                    action,
                    key_agent: Some(offer.agent_id),
                    request: HandoverRequest::default(),
                };
                self.run(Command::Handover(offer.conversation_id, act))?;
                Ok(())
            }
        }
    }

    /// Those who are asked will do what the story says.
    fn look_at_offers(&mut self) -> Result<(), DemoError> {
        let open = self
            .app()?
            .read(|reader| Ok(reader.open_offers_after(None, OFFERS)?))?;
        for offer in open {
            if !self.offered.insert(offer.id) {
                continue;
            }
            let Some(place) = self.places.get(&offer.conversation_id).copied() else {
                continue;
            };
            let thread = &mut self.threads[place];
            let reaction = self.story.leads[place].desk.get(thread.asked);
            thread.asked += 1;
            let (action, after) = match reaction.copied() {
                Some(Reaction::Accept(after)) => (Action::Accept, after),
                Some(Reaction::Decline(after)) => (Action::Decline, after),
                Some(Reaction::Ignore) => continue,
                None => (Action::Accept, ACCEPTS),
            };
            self.queue(offer.offered_at + after, Due::Reaction(action, offer));
        }
        Ok(())
    }

    /// Makes a campaign, once; the last one stays paused.
    fn campaign(&mut self, id: &str) -> Result<(), DemoError> {
        if self.campaigns.contains_key(id) {
            return Ok(());
        }
        let told = self.story.house.campaigns.iter();
        let named = told.clone().find(|campaign| campaign.id == id);
        let made = self.run(Command::CreateCampaign(NewCampaign {
            name: named
                .map_or("Winter check", |campaign| &campaign.name)
                .to_owned(),
            paused: Some(named.is_none()),
            external_id: Some(format!("{MARK}{id}")),
            ..NewCampaign::default()
        }))?;
        self.campaigns.insert(id.to_owned(), id_of(&made)?);
        Ok(())
    }

    /// Runs a command as of the story's time.
    fn run(&self, command: Command) -> Result<Value, DemoError> {
        let envelope = Envelope::new(command, Actor::Code("demo"));
        let answer = self.app()?.queue().run_blocking(envelope)?;
        Ok(serde_json::from_str(&answer.body).unwrap_or_default())
    }

    /// Takes in a webhook by the steps every webhook takes; its answer.
    fn take_in(&mut self, body: Option<WebhookBody>) -> Result<Value, DemoError> {
        let refused = || DemoError::Story("a webhook was refused".to_owned());
        let webhook = webhooks::verified_at(&self.provider, body.ok_or_else(refused)?, self.now());
        let webhook = webhook.map_err(|_| refused())?;
        let app = self.app()?;
        app.keep_attachments(&webhook.payload)?;
        // Nothing but the writer's answer is waited for, so that a runtime of the smallest kind will do.
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| story_error(&error))?;
        let answer = runtime.block_on(app.webhook(webhook))?;
        Ok(serde_json::from_str(&answer.body).unwrap_or_default())
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A Message-ID of ours.
    fn our_message_id(&self, name: &str, number: usize) -> String {
        let host = format!("mail.{}", self.story.house.domain());
        message_id(name, number, &host)
    }

    /// Below what somebody writes: our mail, as a mail program quotes it.
    fn quote(&self, language: &str, ours: &Ours) -> String {
        let line = attribution(language, ours.at, &ours.who);
        format!("\n\n{line}\n{}", quoted(&ours.text))
    }

    fn letter(&mut self, place: usize) -> Result<(), DemoError> {
        let letter = &self.story.post.letters[place];
        let answers = letter.answers.as_ref();
        let answers = answers.and_then(|email| {
            let mut leads = self.story.leads.iter();
            leads.position(|lead| lead.email == *email)
        });
        let thread = answers.map(|place| &self.threads[place]);
        let forged = "mxa.mailgun.org; dmarc=fail (p=reject) header.from=post.example";
        let mail = Mail {
            from: letter.from.clone(),
            name: letter.name.clone(),
            to: self.story.house.address.clone(),
            subject: letter.subject.clone(),
            message_id: message_id(&letter.from, place, host_of(&letter.from)),
            date: self.now() - TimeDelta::seconds(4),
            chain: thread
                .map(|thread| thread.chain.clone())
                .unwrap_or_default(),
            headers: if letter.forged {
                vec![("Authentication-Results", forged.to_owned())]
            } else {
                Vec::new()
            },
            text: letter.text.trim().to_owned(),
        };
        let body = self.signer.mail(&mail, self.now());
        self.take_in(body)?;
        Ok(())
    }
}

fn host_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, host)| host)
}

fn id_of(record: &Value) -> Result<Uuid, DemoError> {
    let id = record["id"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| DemoError::Story("a record has no id".to_owned()))
}

fn story_error(error: &dyn std::fmt::Display) -> DemoError {
    DemoError::Story(error.to_string())
}
