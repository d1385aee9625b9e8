//! One mail as `inspect` shows it.

use std::borrow::Cow;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use convo_core::lexicon::Lexicon;
use convo_core::signals::{Intent, OptOut};
use convo_core::vocabulary::{Direction, Kind};
use convo_email::{InboundEmail, Limits, mime};
use convo_threading::automated::Class;
use convo_threading::references::whole_chain;
use convo_threading::resolve::Evidence;
use convo_threading::tree::Node;
use convo_threading::{HeaderFields, MessageId};
use serde::Serialize;

use super::Unreadable;

/// Addresses of ours: mail from them is outbound.
pub(super) struct OurAddresses(HashSet<String>);

impl OurAddresses {
    pub(super) fn new(addresses: &[String]) -> Self {
        Self(
            addresses
                .iter()
                .map(|address| address.trim().to_lowercase())
                .collect(),
        )
    }
}

/// What is kept of a mail; the fields that are serialised stand in a line of `--json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[serde(skip)]
    pub(super) file: String,
    #[serde(skip)]
    pub(super) id: MessageId,
    #[serde(skip)]
    pub(super) derived: bool,
    #[serde(skip)]
    pub(super) parent_evidence: Evidence,
    #[serde(skip)]
    pub(super) date: Option<DateTime<Utc>>,
    #[serde(skip)]
    chain: Vec<MessageId>,
    #[serde(skip)]
    hash: [u8; 32],
    direction: Direction,
    kind: Kind,
    evidence: Vec<Cow<'static, str>>,
    reply_text: String,
    topics: Vec<String>,
    intent: Option<Intent>,
    signals: Vec<String>,
    subject: String,
    from: Option<String>,
}

impl Message {
    pub(super) fn read(
        file: String,
        bytes: &[u8],
        ours: &OurAddresses,
    ) -> Result<Self, Unreadable> {
        match mime::read(bytes, &Limits::default()) {
            Ok(mail) => Ok(Self::of(file, mail, ours)),
            Err(error) => Err(Unreadable {
                file,
                error: error.to_string(),
            }),
        }
    }

    fn of(file: String, mail: InboundEmail, ours: &OurAddresses) -> Self {
        let hash = mail.content_hash();
        let derived = mail.message_id.is_none();
        let id = mail
            .message_id
            .clone()
            .unwrap_or_else(|| mail.derived_message_id(None));
        let chain = chain_of(&mail, &id);
        let outbound = mail
            .from
            .as_ref()
            .is_some_and(|from| ours.0.contains(&from.key()));
        let mut message = Self {
            file,
            id,
            derived,
            parent_evidence: chain.evidence,
            date: mail.date,
            chain: chain.ids,
            hash,
            direction: if outbound {
                Direction::Outbound
            } else {
                Direction::Inbound
            },
            kind: if outbound {
                Kind::Human
            } else {
                kind_of(mail.class())
            },
            evidence: mail.verdict.evidence,
            reply_text: mail.reply_text,
            topics: Vec::new(),
            intent: None,
            signals: Vec::new(),
            subject: mail.subject,
            from: mail.from.map(|from| from.email),
        };
        if !outbound && message.kind == Kind::Human {
            message.read_words();
        }
        message
    }

    /// Reads the words of a person who is not one of us.
    fn read_words(&mut self) {
        let reading = Lexicon::automotive().read(&self.reply_text, Some(&self.subject));
        if reading.opt_out == OptOut::Clear {
            self.kind = Kind::OptOut;
            self.evidence.push(Cow::Borrowed("text:opt-out"));
        }
        self.signals = reading
            .signals
            .into_iter()
            .map(|signal| signal.code.to_string())
            .collect();
        self.topics = reading.topics;
        self.intent = reading.intent;
    }

    /// The message as the tree sees it; without a Date it stands before all others.
    pub(super) fn node<K>(&self, key: K) -> Node<'_, K> {
        let at = self.date.unwrap_or(DateTime::UNIX_EPOCH);
        Node {
            key,
            message_id: &self.id,
            chain: &self.chain,
            at,
            hash: &self.hash,
        }
    }

    /// Its line in the tree: time, sender, subject, and the kind where it is no person's.
    pub(super) fn label(&self) -> String {
        let date = self.date.map_or_else(
            || "undated         ".to_owned(),
            |date| date.format("%Y-%m-%d %H:%M").to_string(),
        );
        let from = self.from.as_deref().unwrap_or("(no sender)");
        let kind = if self.kind == Kind::Human {
            String::new()
        } else {
            format!("  [{}]", self.kind)
        };
        let subject = if self.subject.is_empty() {
            "(no subject)"
        } else {
            &self.subject
        };
        format!("{date}  {from}  {subject}{kind}")
    }
}

/// All ids its headers name: a set that is not stored needs no bound.
fn chain_of(mail: &InboundEmail, own: &MessageId) -> convo_threading::Chain {
    let values = |name| mail.headers.get_all_raw(name).collect::<Vec<_>>();
    let addresses = mail
        .from
        .iter()
        .chain(&mail.sender)
        .chain(&mail.to)
        .chain(&mail.cc)
        .chain(&mail.reply_to);
    let participants: Vec<&str> = addresses.map(|address| address.email.as_str()).collect();
    let fields = HeaderFields {
        message_id: &values("message-id"),
        in_reply_to: &values("in-reply-to"),
        references: &values("references"),
        participants: &participants,
    };
    whole_chain(&fields, Some(own))
}

fn kind_of(class: Class) -> Kind {
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
