//! A mail came: routed, stored, or parked for a person.

use chrono::{DateTime, Utc};
use convo_core::vocabulary::{Author, Direction, Kind};
use convo_email::{InboundEmail, Origin};
use convo_store::LeasesOf;
use convo_store::rows::{ReviewRow, ReviewWaitRow};
use convo_threading::automated::Class;
use uuid::Uuid;

use super::evidence::evidence;
use super::parked::{Coming, Parked, Waiting, identified, parked_key_as};
use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::command::Raw;
use crate::error::AppError;
use crate::message::{NewMessage, ids};
use crate::records::Suppressing;
use crate::webhook::{Effect, Status};
use crate::wire::{NewLead, address_key};

/// What decides where and how a mail is stored, beside the mail.
#[derive(Default)]
pub(crate) struct Arrival<'a> {
    pub receipt: Option<Uuid>,
    /// The mail's bytes.
    pub raw: Option<Raw>,
    /// Tells mails apart that carry neither a Message-ID nor a Date.
    pub token: Option<&'a str>,
    pub our_addresses: &'a [String],
    pub campaign: Option<Uuid>,
    /// Unknown people become leads whatever the policy says.
    pub history: bool,
    /// List headers do not make it automated.
    pub list_archive: bool,
    /// A person has said where it goes.
    pub placed: Option<Uuid>,
    /// A person has read it as an opt-out.
    pub said_opt_out: bool,
    /// A person has seen it and believes it.
    pub vouched: bool,
    /// When and under which id it came, where it had to wait since.
    pub coming: Coming,
    /// The review item it waited in.
    pub parked: Option<Uuid>,
}

impl Batch<'_, '_> {
    /// Takes a mail from a provider.
    pub(crate) fn mail_came(
        &mut self,
        mail: &InboundEmail,
        raw: Option<Raw>,
        receipt: Uuid,
        token: Option<&str>,
        coming: Coming,
    ) -> Result<Effect, AppError> {
        self.arrive(
            mail,
            &Arrival {
                receipt: Some(receipt),
                raw,
                token,
                coming,
                ..Arrival::default()
            },
        )
    }

    /// Takes a mail from wherever: a provider, a file, the review list.
    pub(crate) fn arrive(
        &mut self,
        mail: &InboundEmail,
        arrival: &Arrival<'_>,
    ) -> Result<Effect, AppError> {
        let came_as = arrival.coming.came_as.clone();
        let rfc_id = came_as.unwrap_or_else(|| identified(mail, arrival.token));
        let mut mail = std::borrow::Cow::Borrowed(mail);
        if arrival.list_archive && mail.class() == Class::List {
            mail.to_mut().verdict.class = Class::Human;
        }
        self.mark_returned(&mut mail, &rfc_id, arrival.our_addresses)?;
        let policy = self.policy(None)?;
        let arriving = Arriving {
            origin: arrival.origin(&mail, self.context),
            mail: &mail,
            rfc_id: &rfc_id,
            hash: mail.content_hash(),
            at: own_time(&mail, arrival.coming.came_at.unwrap_or(self.now)),
            our_addresses: arrival.our_addresses,
            campaign: arrival.campaign,
            create_lead: arrival.history || policy.policy.create_lead,
            history: arrival.history,
            said_opt_out: arrival.said_opt_out,
        };
        let mut route = self.route(&arriving)?;
        let known = matches!(route, Route::Duplicate(_)) || arrival.parked.is_some();
        if arrival.history
            && !known
            && let Some(parked) = self.parked(&mail, &rfc_id)?
        {
            // A second run of an import leaves with people what the first one left with them.
            return Ok(parked.effect());
        }
        if let Some(conversation) = arrival.placed
            && !matches!(route, Route::Duplicate(_))
        {
            route = self.placed_by_hand(&arriving, conversation)?;
        }
        match route {
            Route::Duplicate(head) => {
                if arriving.origin == Origin::Confirmed {
                    self.proved(&head)?;
                }
                Ok(Effect {
                    status: Status::Duplicate,
                    conversation: Some(head.conversation_id),
                    lead: Some(head.lead_id),
                    message: Some(head.id),
                    ..Effect::default()
                })
            }
            Route::Review(reason) => self.park(&arriving, arrival, reason),
            Route::Silence { lead } => self.silence(&arriving, arrival, lead),
            Route::There(place) => self.store_mail(&arriving, arrival, place),
            Route::Relay(relay) => self.relay(&arriving, arrival, relay),
            Route::Held { relay, reason } => self.not_sent(&arriving, arrival, relay, reason),
            Route::Notice(row) => self.notice_reported(&mail, *row, arriving.at),
            Route::Forgotten(place) => self.forgotten(&arriving, place),
            Route::New {
                lead,
                campaign,
                previous,
                place,
            } => {
                let conversation = match self.open_of(lead, campaign)? {
                    Some(open) => open,
                    None => self.add_conversation(lead, campaign, &mail.subject, previous)?,
                };
                let place = Place {
                    conversation,
                    ..place
                };
                let inbound = !place.outbound;
                let effect = self.store_mail(&arriving, arrival, place)?;
                if inbound && let Some(from) = &mail.from {
                    // What of this person found no conversation before has one now.
                    self.place_parked_from(std::slice::from_ref(&from.email))?;
                }
                Ok(effect)
            }
            Route::NewLead {
                address,
                name,
                place,
            } => {
                let lead = self.add_lead(&person(&address, name.as_deref()))?;
                let conversation =
                    self.add_conversation(lead, arriving.campaign, &mail.subject, None)?;
                let effect = self.store_mail(
                    &arriving,
                    arrival,
                    Place {
                        conversation,
                        ..place
                    },
                )?;
                self.place_parked_from(&[address])?;
                Ok(effect)
            }
        }
    }

    fn store_mail(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        place: Place,
    ) -> Result<Effect, AppError> {
        let mail = arriving.mail;
        let direction = if place.outbound {
            Direction::Outbound
        } else {
            Direction::Inbound
        };
        let report = place.author == Author::System && !place.outbound;
        let kind = if place.outbound || arrival.said_opt_out {
            Kind::Human
        } else {
            kind_of(mail.class())
        };
        let forged = arriving.origin.is_forged();
        let flooded = !arrival.history
            && self.flooded(place.conversation, kind)?
            && !self.proves_dead(mail, &place)?;
        let evidence = evidence(place.evidence, arriving, flooded);
        let stored = self.store_message(NewMessage {
            conversation: place.conversation,
            direction,
            author: place.author,
            author_id: place.agent,
            kind,
            note: false,
            rfc_id: arriving.rfc_id.clone(),
            chain: &mail.chain.ids,
            in_reply_to: ids(mail.in_reply_to.as_deref(), 1).pop(),
            references: ids(mail.references.as_deref(), 100),
            at: arriving.at,
            hash: arriving.hash,
            rung: Some(place.rung),
            evidence,
            receipt: arrival.receipt,
            from: mail.from.as_ref().map(|from| from.email.clone()),
            recipients: mail.recipients.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            reply_text: mail.reply_text.clone(),
            html: mail.html.clone(),
            headers: serde_json::to_string(&mail.headers).ok(),
            raw: arrival.raw.as_ref().map(|raw| raw.to_vec()),
            size: mail.size,
            attachments: &mail.attachments,
            returns_on: returns(mail).filter(|_| !forged && !flooded),
            opt_out_decided: arrival.said_opt_out,
            unsent: false,
            forged,
        })?;
        if report && !flooded {
            let about = place
                .about
                .as_ref()
                .map(|(id, rfc_id)| (*id, rfc_id.as_str()));
            let went_to = place.went_to.as_deref();
            self.reported(mail, place.conversation, about, went_to, arriving.at)?;
        }
        if place.author == Author::Lead && arrival.parked.is_none() {
            self.acknowledge(mail, place.conversation)?;
        }
        let (lead, id) = (stored.lead, stored.id);
        let campaign = self
            .conversation(place.conversation)?
            .and_then(|entry| entry.row.campaign_id);
        self.touched_lead = Some(lead);
        Ok(Effect {
            status: Status::Done,
            conversation: Some(place.conversation),
            lead: Some(lead),
            campaign,
            message: Some(id),
            ..Effect::default()
        })
    }

    /// An opt-out that no conversation can hold: its address is suppressed at once, and the mail
    /// stays visible.
    fn silence(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        lead: Option<Uuid>,
    ) -> Result<Effect, AppError> {
        // Told once: what was lifted since is not suppressed again by a copy of the same mail.
        let known =
            arrival.parked.is_some() || self.parked(arriving.mail, arriving.rfc_id)?.is_some();
        if !known && let Some(from) = &arriving.mail.from {
            self.suppress(&Suppressing {
                address: &from.email,
                lead,
                reason: "opt_out",
                scope: "automation",
                source: "person",
                evidence: None,
                at: arriving.at,
            })?;
        }
        self.park(arriving, arrival, "opt_out_without_conversation")
    }

    /// Puts a mail on the review list, once.
    pub(crate) fn park(
        &mut self,
        arriving: &Arriving<'_>,
        arrival: &Arrival<'_>,
        reason: &'static str,
    ) -> Result<Effect, AppError> {
        let effect = Effect {
            status: Status::Review,
            code: Some(reason),
            ..Effect::default()
        };
        if arrival.parked.is_some() {
            return Ok(effect);
        }
        let mail = arriving.mail;
        if let Some(parked) = self.parked(mail, arriving.rfc_id)? {
            return Ok(parked.effect());
        }
        let person = match self.own_sender(mail, arriving.our_addresses)? {
            // Our own mail waits for the person it was written to.
            Some(_) => self.stranger(mail, arriving.our_addresses)?,
            None => mail.from.clone(),
        };
        let from_key = person.map(|person| address_key(&person.email));
        if let Some(key) = from_key
            .as_ref()
            .filter(|_| !reason.starts_with("automated"))
            && let Some(lead) = self.lead_of_address(key)?
        {
            self.end_leases(LeasesOf::Lead(lead));
        }
        let mut waits: Vec<String> = mail
            .chain
            .candidates()
            .take(60)
            .map(|id| id.as_str().to_owned())
            .collect();
        let original = mail
            .report
            .as_ref()
            .and_then(|report| report.original_message_id.as_ref());
        waits.extend(original.map(|id| id.as_str().to_owned()));
        waits.sort();
        waits.dedup();
        let coming = Coming {
            came_at: Some(arrival.coming.came_at.unwrap_or(self.now)),
            came_as: Some(arriving.rfc_id.clone()),
        };
        let id = self.new_id();
        let key = parked_key_as(self.context, mail, arriving.rfc_id);
        self.parked.insert(key.clone(), Some(Parked::Open(reason)));
        let keys = waits.iter().cloned().chain([key]);
        self.commit
            .review_waits
            .extend(keys.map(|rfc_id| ReviewWaitRow {
                rfc_id,
                review_id: id,
            }));
        self.commit.reviews.push(ReviewRow {
            id,
            reason: reason.to_owned(),
            status: "open".to_owned(),
            receipt_id: arrival.receipt,
            message_id: None,
            conversation_id: None,
            lead_id: None,
            from_key,
            wait_rfc_ids: serde_json::to_string(&waits).unwrap_or_else(|_| "[]".to_owned()),
            body: serde_json::to_vec(&Waiting::of(mail, arrival, coming)).ok(),
            resolution: None,
            resolved_by: None,
            created_at: self.clock,
            resolved_at: None,
        });
        self.record_changed("review_opened", None, None, Some(id));
        Ok(effect)
    }
}

/// The Date where it can be one, else the time of receipt.
///
/// A Date has whole seconds: of mail this fresh the receipt knows the time better, and an answer
/// is not taken to be older than what it answers.
fn own_time(mail: &InboundEmail, received: DateTime<Utc>) -> DateTime<Utc> {
    let latest = received + chrono::Duration::days(1);
    let dated = mail
        .date
        .filter(|date| *date >= earliest() && *date <= latest);
    let fresh = |date: &DateTime<Utc>| {
        let age = received.signed_duration_since(*date);
        age >= chrono::Duration::zero() && age < chrono::Duration::seconds(2)
    };
    dated.filter(|date| !fresh(date)).unwrap_or(received)
}

/// The beginning of 1990: an older time of a message is a mistake of whoever gave it.
pub(crate) fn earliest() -> DateTime<Utc> {
    DateTime::from_timestamp(631_152_000, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// The kind of message a class of mail is.
pub(crate) fn kind_of(class: Class) -> Kind {
    match class {
        Class::Human => Kind::Human,
        Class::AutoReply => Kind::AutoReply,
        Class::OutOfOffice => Kind::OutOfOffice,
        Class::Bounce => Kind::Bounce,
        Class::Delay => Kind::Delay,
        Class::SpamReport => Kind::SpamReport,
        Class::List => Kind::List,
    }
}

/// The end of the absence a mail names.
pub(crate) fn returns(mail: &InboundEmail) -> Option<DateTime<Utc>> {
    let day = mail.verdict.returns_on?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

/// A lead made from an address and the name beside it.
pub(crate) fn person(address: &str, name: Option<&str>) -> NewLead {
    let mut words = name.unwrap_or_default().split_whitespace();
    let first = words.next().map(|word| word.chars().take(200).collect());
    let rest: Vec<&str> = words.collect();
    let last = (!rest.is_empty()).then(|| rest.join(" ").chars().take(200).collect());
    NewLead {
        email: address.trim().to_owned(),
        first_name: first,
        last_name: last,
        source: Some("mail".to_owned()),
        ..NewLead::default()
    }
}
