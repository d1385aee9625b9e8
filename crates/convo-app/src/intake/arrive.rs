//! A mail came: routed, stored, or parked for a person.

use chrono::{DateTime, Utc};
use convo_core::vocabulary::{Direction, Kind};
use convo_email::InboundEmail;
use convo_store::rows::{ReviewRow, ReviewWaitRow};
use convo_threading::automated::Class;
use uuid::Uuid;

use super::parked::{Parked, Waiting, parked_key};
use super::{Arriving, Place, Route};
use crate::batch::Batch;
use crate::command::Raw;
use crate::error::AppError;
use crate::message::{NewMessage, ids};
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
    /// A person has said that it is no opt-out, or that it is.
    pub opt_out_decided: bool,
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
    ) -> Result<Effect, AppError> {
        self.arrive(
            mail,
            &Arrival {
                receipt: Some(receipt),
                raw,
                token,
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
        let rfc_id = mail
            .message_id
            .clone()
            .unwrap_or_else(|| mail.derived_message_id(arrival.token));
        let mut mail = std::borrow::Cow::Borrowed(mail);
        if arrival.list_archive && mail.class() == Class::List {
            mail.to_mut().verdict.class = Class::Human;
        }
        let policy = self.policy(None)?;
        let arriving = Arriving {
            mail: &mail,
            rfc_id: &rfc_id,
            hash: mail.content_hash(),
            at: self.own_time(&mail),
            our_addresses: arrival.our_addresses,
            campaign: arrival.campaign,
            create_lead: arrival.history || policy.policy.create_lead,
            history: arrival.history,
        };
        let mut route = self.route(&arriving)?;
        let known = matches!(route, Route::Duplicate(_)) || arrival.parked.is_some();
        if arrival.history
            && !known
            && let Some(parked) = self.parked(&mail)?
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
            Route::Duplicate(head) => Ok(Effect {
                status: Status::Duplicate,
                conversation: Some(head.conversation_id),
                lead: Some(head.lead_id),
                message: Some(head.id),
                ..Effect::default()
            }),
            Route::Review(reason) => self.park(&arriving, arrival, reason),
            Route::There(place) => self.store_mail(&arriving, arrival, place),
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
                self.store_mail(
                    &arriving,
                    arrival,
                    Place {
                        conversation,
                        ..place
                    },
                )
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

    /// The Date where it can be one, else the time of receipt.
    ///
    /// A Date has whole seconds: of mail this fresh the receipt knows the time better, and an answer
    /// is not taken to be older than what it answers.
    fn own_time(&self, mail: &InboundEmail) -> DateTime<Utc> {
        let latest = self.now + chrono::Duration::days(1);
        let earliest = DateTime::from_timestamp(631_152_000, 0).unwrap_or(DateTime::UNIX_EPOCH);
        let dated = mail
            .date
            .filter(|date| *date >= earliest && *date <= latest);
        let fresh = |date: &DateTime<Utc>| {
            let age = self.now.signed_duration_since(*date);
            age >= chrono::Duration::zero() && age < chrono::Duration::seconds(2)
        };
        dated.filter(|date| !fresh(date)).unwrap_or(self.now)
    }

    fn placed_by_hand(
        &mut self,
        arriving: &Arriving<'_>,
        conversation: Uuid,
    ) -> Result<Route, AppError> {
        use convo_core::vocabulary::Author;
        let lead = self
            .conversation(conversation)?
            .ok_or(AppError::NotFound)?
            .row
            .lead_id;
        let sender = arriving
            .mail
            .from
            .as_ref()
            .map(|from| from.email.clone())
            .unwrap_or_default();
        let known = self.lead_of_address(&sender)?;
        let author = if known == Some(lead) {
            Author::Lead
        } else {
            Author::Other
        };
        let place = Place::new(conversation, 6, "review", author);
        self.settle(arriving, place, known)
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
        let kind = if place.outbound {
            Kind::Human
        } else {
            kind_of(mail.class())
        };
        let mut evidence = place.evidence;
        evidence.extend(mail.verdict.evidence.iter().map(ToString::to_string));
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
            returns_on: returns(mail),
            opt_out_decided: arrival.opt_out_decided,
        })?;
        if let Some(about) = place.about {
            self.reported(mail, place.conversation, about, arriving.at)?;
        }
        let (lead, id) = (stored.row.lead_id, stored.row.id);
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

    /// Puts a mail on the review list, once.
    fn park(
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
        if let Some(parked) = self.parked(mail)? {
            return Ok(parked.effect());
        }
        let from_key = mail.from.as_ref().map(|from| address_key(&from.email));
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
        let id = self.new_id();
        let key = parked_key(self.context, mail);
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
            body: serde_json::to_vec(&Waiting::of(mail, arrival)).ok(),
            resolution: None,
            resolved_by: None,
            created_at: self.clock,
            resolved_at: None,
        });
        self.record_changed("review_opened", None, None, Some(id));
        Ok(effect)
    }
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
