//! What happens to a lead, one step at a time.

use chrono::TimeDelta;
use convo_app::handover::{Act as DeskAct, Action};
use convo_app::wire::{self, HandoverRequest, NewConversation, NewLead};
use convo_app::{Command, Shell as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Ours, Player, host_of, id_of, story_error};
use crate::demo::DemoError;
use crate::demo::cast::{Lead, Step, What};
use crate::demo::post::{Event, Mail, details, message_id};

/// Who writes a mail of ours.
enum Writer {
    /// Our AI, under the name of the house.
    Ai,
    /// The conversation's owner.
    Owner(Uuid),
}

impl Player {
    /// Plays one step of a lead.
    pub(super) fn step(&mut self, place: usize, step: &Step) -> Result<(), DemoError> {
        match step.what {
            What::Arrive => self.arrive(place),
            What::Invite => self.invite(place),
            What::Follow => {
                let lead = self.lead(place);
                let told = self.story.house.follows.iter();
                let text = told.clone().find(|text| text.language == lead.language);
                let text = text.map(|text| text.text.clone());
                let text = lead.filled(&text.unwrap_or_default(), self.story.house.sender());
                self.write(place, &Writer::Ai, &text)
            }
            What::Answer => self.write(place, &Writer::Ai, text_of(step)),
            What::Agent => {
                let owner = self.owner(place)?;
                self.write(place, &Writer::Owner(owner), text_of(step))
            }
            What::Call => {
                let act = DeskAct {
                    action: Action::Touch,
                    key_agent: Some(self.owner(place)?),
                    request: HandoverRequest {
                        channel: Some("phone".to_owned()),
                        note: step.text.clone(),
                        ..HandoverRequest::default()
                    },
                };
                self.run(Command::Handover(self.conversation(place)?, act))?;
                Ok(())
            }
            What::Reply | What::Ooo | What::Remark => self.hear(place, step),
            What::Delivered => self.happen(place, "delivered", false, false),
            What::Open => self.happen(place, "opened", false, false),
            What::Scan => self.happen(place, "opened", true, false),
            What::Click => self.happen(place, "clicked", false, false),
            What::Bounce => self.happen(place, "failed", false, false),
            What::Soft => self.happen(place, "failed", false, true),
            What::Unsubscribed => self.happen(place, "unsubscribed", false, false),
            What::Complained => self.happen(place, "complained", false, false),
            What::Complete => self.trigger(place, "CONVERSATION_COMPLETED", step),
            What::Abandon => self.trigger(place, "CONVERSATION_ABANDONED", step),
            What::Archive => self.trigger(place, "MANUAL_ARCHIVE", step),
            What::Snooze => {
                let until = self.now() + TimeDelta::days(step.days.unwrap_or(1));
                let id = self.conversation(place)?;
                self.run(Command::Snooze(
                    id,
                    read(json!({"until": wire::time(until)}))?,
                ))?;
                Ok(())
            }
        }
    }

    fn lead(&self, place: usize) -> &Lead {
        &self.story.leads[place]
    }

    fn conversation(&self, place: usize) -> Result<Uuid, DemoError> {
        let known = self.threads[place].conversation;
        known.ok_or_else(|| self.wrong(place, "has no conversation yet"))
    }

    fn wrong(&self, place: usize, what: &str) -> DemoError {
        DemoError::Story(format!("lead {place} of the story {what}"))
    }

    fn owner(&self, place: usize) -> Result<Uuid, DemoError> {
        let id = self.conversation(place)?;
        let row = self
            .app()?
            .read(|reader| Ok(reader.conversations_by_ids(&[id])?.pop()))?;
        let owner = row.and_then(|row| row.assigned_agent_id);
        owner.ok_or_else(|| self.wrong(place, "has no owner yet"))
    }

    fn arrive(&mut self, place: usize) -> Result<(), DemoError> {
        let lead = self.lead(place);
        let (first, last) = lead.names();
        let campaign = lead.campaign.as_ref();
        let made = self.run(Command::CreateLead(NewLead {
            email: lead.email.clone(),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            phone: lead.phone.clone(),
            interest: Some(lead.car.clone()),
            source: Some(lead.source.clone()),
            campaign_id: campaign.and_then(|id| self.campaigns.get(id)).copied(),
            language: Some(lead.language.clone()),
            ..NewLead::default()
        }))?;
        self.threads[place].lead = Some(id_of(&made)?);
        Ok(())
    }

    fn invite(&mut self, place: usize) -> Result<(), DemoError> {
        let lead = self.lead(place);
        let mut told = self.story.house.campaigns.iter();
        let campaign = told.find(|one| Some(&one.id) == lead.campaign.as_ref());
        let mail = campaign.and_then(|campaign| {
            let mut mails = campaign.mails.iter();
            mails.find(|mail| mail.language == lead.language)
        });
        let (Some(campaign), Some(mail)) = (campaign, mail) else {
            return Err(self.wrong(place, "has no first mail"));
        };
        let sender = self.story.house.sender();
        let (subject, text) = (
            lead.filled(&mail.subject, sender),
            lead.filled(&mail.text, sender),
        );
        let made = self.run(Command::CreateConversation(NewConversation {
            lead_id: self.threads[place].lead.unwrap_or_default(),
            campaign_id: self.campaigns.get(&campaign.id).copied(),
            subject: subject.clone(),
            external_id: None,
        }))?;
        let conversation = id_of(&made)?;
        self.places.insert(conversation, place);
        let thread = &mut self.threads[place];
        thread.conversation = Some(conversation);
        thread.subject = subject;
        self.write(place, &Writer::Ai, &text)
    }

    /// A mail of ours is sent by somebody else's program, which tells of it.
    fn write(&mut self, place: usize, writer: &Writer, text: &str) -> Result<(), DemoError> {
        let conversation = self.conversation(place)?;
        let house = &self.story.house;
        let (who, sender) = match writer {
            Writer::Ai => (
                format!("{} <{}>", house.name, house.address),
                "ai".to_owned(),
            ),
            Writer::Owner(id) => {
                let at = self.agents.iter().position(|agent| agent == id);
                let agent = at.and_then(|at| house.agents.get(at));
                let who = agent.map(|agent| format!("{} <{}>", agent.name, agent.email));
                (who.unwrap_or_default(), id.to_string())
            }
        };
        let signature = match writer {
            Writer::Owner(_) => format!("\n\n{}\n{}", name_of(&who), house.name),
            Writer::Ai if text.contains(&house.name) => String::new(),
            Writer::Ai => format!("\n\n{}", house.name),
        };
        let text = format!("{}{signature}", text.trim());
        let lead = self.lead(place);
        let now = self.now();
        let thread = &self.threads[place];
        let own = self.our_message_id(&lead.email, thread.written);
        let subject = match thread.chain.is_empty() {
            true => thread.subject.clone(),
            false => format!("Re: {}", thread.subject),
        };
        let mut headers = json!({
            "Message-ID": format!("<{own}>"),
            "Subject": subject,
            "From": who,
            "To": lead.email,
        });
        if let (Some(last), Value::Object(headers)) = (thread.chain.last(), &mut headers) {
            let all: Vec<String> = thread.chain.iter().map(|id| format!("<{id}>")).collect();
            headers.insert("In-Reply-To".to_owned(), format!("<{last}>").into());
            headers.insert("References".to_owned(), all.join(" ").into());
        }
        let body = json!({
            "senderId": sender,
            "isFromAI": u8::from(matches!(writer, Writer::Ai)),
            "messageType": "email",
            "content": text,
            "sentAt": wire::time(now),
            "emailHeaders": headers,
        });
        self.run(Command::ProcessMessage(conversation, Box::new(read(body)?)))?;
        let thread = &mut self.threads[place];
        thread.written += 1;
        thread.chain.push(own.clone());
        thread.ours = Some(Ours {
            message_id: own,
            text,
            who,
            at: now,
        });
        Ok(())
    }

    /// A mail comes in.
    fn hear(&mut self, place: usize, step: &Step) -> Result<(), DemoError> {
        let lead = self.lead(place);
        let thread = &self.threads[place];
        let automatic = step.what == What::Ooo;
        let from = step.from.clone().unwrap_or_else(|| lead.email.clone());
        let name = step.name.clone().unwrap_or_else(|| lead.name.clone());
        let subject = match &step.subject {
            Some(subject) => subject.clone(),
            None if automatic => {
                let absent = absent(&lead.language);
                format!("{absent}: {}", thread.subject)
            }
            None => format!("{} {}", answering(&lead.language), thread.subject),
        };
        let mut text = text_of(step).to_owned();
        if let Some(ours) = thread.ours.as_ref().filter(|_| !automatic) {
            text.push_str(&self.quote(&lead.language, ours));
        }
        let reply_to = thread.conversation.filter(|_| !place.is_multiple_of(3));
        let context = self.app()?.context();
        let reply_to = reply_to.and_then(|id| context.reply_address(id));
        let house = &self.story.house.address;
        let headers = if automatic {
            vec![("Auto-Submitted", "auto-replied".to_owned())]
        } else {
            Vec::new()
        };
        let mail = Mail {
            message_id: message_id(&from, thread.written, host_of(&from)),
            from,
            name,
            to: reply_to.map_or_else(|| house.clone(), |to| to.email),
            subject,
            date: self.now() - TimeDelta::seconds(3),
            chain: thread.chain.clone(),
            headers,
            text,
        };
        let body = self.signer.mail(&mail, self.now());
        let answer = self.take_in(body)?;
        if answer["status"] != "done" {
            return Err(self.wrong(place, "wrote a mail that was not taken"));
        }
        let conversation = answer["conversationId"].as_str();
        let conversation = conversation.and_then(|id| id.parse().ok());
        let thread = &mut self.threads[place];
        if thread.conversation.is_none() {
            thread.conversation = conversation;
            thread.subject = mail.subject;
        }
        thread.written += 1;
        thread.chain.push(mail.message_id);
        if let Some(conversation) = conversation {
            self.places.insert(conversation, place);
        }
        Ok(())
    }

    /// The provider tells what happened to our newest mail.
    fn happen(
        &mut self,
        place: usize,
        name: &'static str,
        machine: bool,
        soft: bool,
    ) -> Result<(), DemoError> {
        let Some(ours) = &self.threads[place].ours else {
            return Err(self.wrong(place, "has no mail of ours"));
        };
        let domain = format!("mail.{}", self.story.house.domain());
        let event = Event {
            name,
            message_id: &ours.message_id,
            recipient: &self.story.leads[place].email,
            domain: &domain,
            more: details(name, machine, soft),
        };
        let body = self.signer.event(&event, self.clock.now());
        let answer = self.take_in(body)?;
        match answer["status"].as_str() {
            Some("done") => Ok(()),
            other => Err(self.wrong(place, &format!("has {name} that came to {other:?}"))),
        }
    }

    /// A delivery of a mail nobody told us of.
    pub(super) fn report(&mut self, place: usize) -> Result<(), DemoError> {
        let report = &self.story.post.reports[place];
        let domain = format!("mail.{}", self.story.house.domain());
        let event = Event {
            name: "delivered",
            message_id: &report.message,
            recipient: &report.recipient,
            domain: &domain,
            more: details("delivered", false, false),
        };
        let body = self.signer.event(&event, self.clock.now());
        self.take_in(body)?;
        Ok(())
    }

    fn trigger(&mut self, place: usize, event: &str, step: &Step) -> Result<(), DemoError> {
        let mut metadata = json!({});
        if let Some(outcome) = &step.outcome {
            metadata["outcome"] = outcome.clone().into();
            let later = step.days.unwrap_or(120);
            if outcome == "not_now" {
                let at = self.now() + TimeDelta::days(later);
                metadata["followUpAt"] = wire::time(at).into();
            }
        }
        let body = json!({"event": event, "triggeredBy": "user", "metadata": metadata});
        let id = self.conversation(place)?;
        self.run(Command::Transition(id, read(body)?))?;
        Ok(())
    }
}

fn text_of(step: &Step) -> &str {
    step.text.as_deref().unwrap_or_default().trim()
}

fn name_of(who: &str) -> &str {
    who.split(" <").next().unwrap_or(who)
}

/// What mail programs write before the subject of an answer.
fn answering(language: &str) -> &'static str {
    match language {
        "de" => "AW:",
        "it" => "R:",
        _ => "Re:",
    }
}

/// What mail programs write before the subject of an absence.
fn absent(language: &str) -> &'static str {
    match language {
        "de" => "Automatische Antwort",
        "fr" => "Réponse automatique",
        "es" => "Respuesta automática",
        "it" => "Risposta automatica",
        "nl" => "Automatisch antwoord",
        _ => "Automatic reply",
    }
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, DemoError> {
    serde_json::from_value(body).map_err(|error| story_error(&error))
}
