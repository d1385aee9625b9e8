//! Where a mail belongs: a ladder of evidence, the first rung that holds decides.
//!
//! | rung | holds when |
//! |---|---|
//! | 0 | a report names one of our mails; or the author is one of us |
//! | 1 | the same mail is stored already (asked first) |
//! | 2 | a reply token we minted stands in a recipient |
//! | 3 | In-Reply-To or References name a message we know, and the sender belongs to its conversation |
//! | 4 | the sender is a lead with an open conversation |
//! | 5 | the sender is a lead without one |
//! | 6 | nobody knows the sender: a new lead, where the policy says so, else the review list |

mod arrive;
mod by_hand;
mod candidate;
mod doubt;
mod erased;
mod evidence;
mod own;
mod parked;
mod report;

pub(crate) use arrive::{Arrival, earliest, kind_of, person, returns};
pub(crate) use by_hand::is_report;
pub(crate) use parked::{Coming, KeptMail, Parked, Unparked, parked_key};
pub(crate) use report::{sent, speaks_of};

use chrono::{DateTime, Utc};
use convo_core::signals::OptOut;
use convo_core::vocabulary::Author;
use convo_email::{InboundEmail, Origin};
use convo_store::MessageHead;
use convo_store::rows::OutboxRow;
use convo_threading::MessageId;
use convo_threading::automated::Class;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;
use crate::handover::Relay;
use crate::reply_token;
use crate::wire::address_key;

/// A mail with what the ladder needs to know of it.
pub(crate) struct Arriving<'a> {
    pub mail: &'a InboundEmail,
    pub rfc_id: &'a MessageId,
    pub hash: [u8; 32],
    /// The mail's own time.
    pub at: DateTime<Utc>,
    /// What the host that took it in says of its author.
    pub origin: Origin,
    /// Addresses that are ours beside the configured ones.
    pub our_addresses: &'a [String],
    /// The campaign a new conversation belongs to.
    pub campaign: Option<Uuid>,
    /// Unknown senders and recipients become leads.
    pub create_lead: bool,
    /// A recipient without a lead becomes one too: the mail is history, not traffic.
    pub history: bool,
    /// A person has read it as an opt-out.
    pub said_opt_out: bool,
}

/// Where a mail goes.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    /// It is stored already.
    Duplicate(MessageHead),
    /// Into a conversation that exists.
    There(Place),
    /// Into a new conversation of a lead.
    New {
        lead: Uuid,
        campaign: Option<Uuid>,
        previous: Option<Uuid>,
        place: Place,
    },
    /// A new lead, and its first conversation.
    NewLead {
        address: String,
        name: Option<String>,
        place: Place,
    },
    /// Nowhere: it only asks to hear no more, and no conversation is opened for that.
    Silence { lead: Option<Uuid> },
    /// An agent's answer to the lead.
    Relay(Relay),
    /// One that may be an agent's answer: a person has to say, and the agent is told.
    Held { relay: Relay, reason: &'static str },
    /// About a person who was forgotten: what a report says counts in codes, and nothing of it is stored.
    Forgotten(Place),
    /// What became of a word to an agent.
    Notice(Box<OutboxRow>),
    /// A person has to say.
    Review(&'static str),
}

/// The end of the ladder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub conversation: Uuid,
    pub rung: i16,
    pub evidence: Vec<String>,
    pub author: Author,
    pub agent: Option<Uuid>,
    pub outbound: bool,
    /// The message of ours that a report speaks of.
    pub about: Option<(Uuid, String)>,
    /// The addresses that message went to; none where a person vouches for what the report says.
    pub went_to: Option<Vec<String>>,
}

impl Place {
    fn new(conversation: Uuid, rung: i16, evidence: &str, author: Author) -> Self {
        Self {
            conversation,
            rung,
            evidence: vec![evidence.to_owned()],
            author,
            agent: None,
            outbound: false,
            about: None,
            went_to: None,
        }
    }
}

impl Batch<'_, '_> {
    /// Finds where a mail belongs; changes nothing.
    pub(crate) fn route(&mut self, arriving: &Arriving<'_>) -> Result<Route, AppError> {
        let same = self.heads(arriving.rfc_id.as_str())?;
        let ours = sent(same).cloned();
        // What an agent wrote went on under an id of ours, and is known by its own as well.
        let known = same.iter().find(|head| head.content_hash == arriving.hash);
        if let Some(head) = known {
            return Ok(Route::Duplicate(head.clone()));
        }
        let forged = arriving.origin.is_forged();
        if is_report(arriving.mail) {
            return self.route_report(arriving);
        }
        if let Some(own) = self.own_sender(arriving.mail, arriving.our_addresses)? {
            if let Some(place) = self.of_the_forgotten(arriving, own)? {
                return Ok(Route::Forgotten(place));
            }
            return match (forged, ours) {
                (true, _) => self.route_forged(arriving, own),
                // What we sent comes back, a footer richer perhaps: it is stored already.
                (false, Some(head)) => Ok(Route::Duplicate(head)),
                (false, None) => self.route_own(arriving, own),
            };
        }
        let route = self.route_theirs(arriving)?;
        Ok(if forged { route.doubted() } else { route })
    }

    /// Mail of somebody who is none of us.
    fn route_theirs(&mut self, arriving: &Arriving<'_>) -> Result<Route, AppError> {
        let from = arriving.mail.from.as_ref();
        let sender = from
            .map(|from| address_key(&from.email))
            .unwrap_or_default();
        let lead = if sender.is_empty() {
            None
        } else {
            self.lead_of_address(&sender)?
        };
        if let Some(relay) = self.held_for_agent(arriving, lead)? {
            return Ok(Route::Held {
                relay,
                reason: "agent_mail_unknown_sender",
            });
        }
        if let Some(place) = self.by_token(arriving, lead)? {
            return self.settle(arriving, place, lead);
        }
        if let Some(place) = self.by_headers(arriving, &sender, lead)? {
            return self.settle(arriving, place, lead);
        }
        match lead {
            Some(lead) => self.of_known_lead(arriving, lead),
            None => self.unknown_sender(arriving, &sender),
        }
    }

    fn token_of(&mut self, mail: &InboundEmail) -> Result<Option<Uuid>, AppError> {
        let key = &self.context.reply_key;
        let tokens = mail
            .recipients
            .iter()
            .filter_map(|to| reply_token::in_address(to));
        let opened: Vec<Uuid> = tokens
            .filter_map(|token| reply_token::open(key, token))
            .collect();
        for id in opened {
            if self.conversation(id)?.is_some() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn by_token(
        &mut self,
        arriving: &Arriving<'_>,
        lead: Option<Uuid>,
    ) -> Result<Option<Place>, AppError> {
        let Some(id) = self.token_of(arriving.mail)? else {
            return Ok(None);
        };
        let Some(entry) = self.conversation(id)? else {
            return Ok(None);
        };
        // A forwarded token names the conversation but never speaks for its lead.
        let author = if lead == Some(entry.row.lead_id) {
            Author::Lead
        } else {
            Author::Other
        };
        Ok(Some(Place::new(id, 2, "token", author)))
    }

    fn by_headers(
        &mut self,
        arriving: &Arriving<'_>,
        sender: &str,
        lead: Option<Uuid>,
    ) -> Result<Option<Place>, AppError> {
        let chain = &arriving.mail.chain;
        for (age, id) in chain.candidates().enumerate() {
            let heads = self.heads(id.as_str())?;
            let heads: Vec<(Uuid, Uuid)> = heads
                .iter()
                .map(|head| (head.conversation_id, head.lead_id))
                .collect();
            for (conversation, of) in heads {
                let Some(author) = self.belongs(sender, lead, of)? else {
                    continue;
                };
                let evidence = if age == 0 {
                    chain.evidence.code()
                } else {
                    "references"
                };
                let mut place = Place::new(conversation, 3, evidence, author);
                if author == Author::Other {
                    place.evidence.push("same-domain".to_owned());
                }
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Everyone who answers one newsletter shares an In-Reply-To: the id alone proves nothing.
    fn belongs(
        &mut self,
        sender: &str,
        lead: Option<Uuid>,
        of: Uuid,
    ) -> Result<Option<Author>, AppError> {
        if let Some(lead) = lead {
            return Ok((lead == of).then_some(Author::Lead));
        }
        let Some((_, domain)) = sender.rsplit_once('@') else {
            return Ok(None);
        };
        let domain = domain.to_owned();
        if self.policy(None)?.policy.is_public_mail_domain(&domain) {
            return Ok(None);
        }
        let Some(lead) = self.lead(of)? else {
            return Ok(None);
        };
        let primary = lead.row.email_key.clone();
        let shares = |address: &str| {
            let at = address.rsplit_once('@');
            at.is_some_and(|(_, of_lead)| of_lead == domain)
        };
        let same = shares(&primary)
            || self
                .aliases_of_lead(of)?
                .iter()
                .any(|alias| shares(&address_key(alias)));
        Ok(same.then_some(Author::Other))
    }

    fn of_known_lead(&mut self, arriving: &Arriving<'_>, lead: Uuid) -> Result<Route, AppError> {
        let hint = self.campaign_hint(arriving.mail)?;
        if let Some(route) = self.by_campaign(lead, hint)? {
            return Ok(route);
        }
        if let Some(id) = self.by_subject(arriving, lead)? {
            return self.settle(
                arriving,
                Place::new(id, 4, "subject", Author::Lead),
                Some(lead),
            );
        }
        if let Some(id) = self.most_recent(lead, None, true)? {
            return Ok(Route::There(Place::new(id, 4, "sender", Author::Lead)));
        }
        if let Some(id) = self.most_recent(lead, hint, false)? {
            let place = Place::new(id, 5, "sender", Author::Lead);
            return self.settle(arriving, place, Some(lead));
        }
        if arriving.mail.class() != Class::Human {
            return Ok(Route::Review("automated_without_conversation"));
        }
        let campaign = hint.or(arriving.campaign);
        if self.opts_out(arriving, campaign)? {
            return Ok(Route::Silence { lead: Some(lead) });
        }
        let mut place = Place::new(Uuid::nil(), 5, "sender", Author::Lead);
        if hint.is_some() {
            place.evidence.push("campaign".to_owned());
        }
        Ok(Route::New {
            lead,
            campaign,
            previous: None,
            place,
        })
    }

    fn unknown_sender(&mut self, arriving: &Arriving<'_>, sender: &str) -> Result<Route, AppError> {
        let human = arriving.mail.class() == Class::Human;
        let Some(from) = &arriving.mail.from else {
            return Ok(Route::Review("no_sender"));
        };
        let known_as_address = crate::wire::is_address(sender);
        if human && known_as_address && self.opts_out(arriving, arriving.campaign)? {
            return Ok(Route::Silence { lead: None });
        }
        if arriving.create_lead && human && known_as_address {
            return Ok(Route::NewLead {
                address: from.email.clone(),
                name: from.name.clone(),
                place: Place::new(Uuid::nil(), 6, "new-lead", Author::Lead),
            });
        }
        Ok(Route::Review(if human {
            "unknown_sender"
        } else {
            "automated_from_unknown_sender"
        }))
    }

    /// Whether a person's mail asks to hear no more: it opens and reopens nothing.
    fn opts_out(
        &mut self,
        arriving: &Arriving<'_>,
        campaign: Option<Uuid>,
    ) -> Result<bool, AppError> {
        if arriving.said_opt_out || arriving.mail.class() != Class::Human {
            return Ok(arriving.said_opt_out);
        }
        let mail = arriving.mail;
        let words = self.words(campaign, &mail.reply_text, &mail.subject)?;
        Ok(words.reading().opt_out == OptOut::Clear)
    }
}
