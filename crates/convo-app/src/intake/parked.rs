//! Mail on the review list: found again by what it is, and read again as it came.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use convo_email::InboundEmail;
use convo_store::rows::ReviewRow;
use convo_threading::MessageId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Arrival;
use crate::batch::Batch;
use crate::context::Context;
use crate::error::AppError;
use crate::webhook::{Effect, Status};

/// What became of a mail that was put on the review list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parked {
    /// It waits, for this reason.
    Open(&'static str),
    /// A person has discarded it.
    Discarded,
}

impl Parked {
    /// What a row says of its mail.
    pub(crate) fn of(row: &ReviewRow) -> Self {
        if row.status == "open" {
            Self::Open("parked")
        } else {
            Self::Discarded
        }
    }

    /// The effect of the mail coming again.
    pub(crate) fn effect(self) -> Effect {
        let (status, code) = match self {
            Self::Open(reason) => (Status::Review, Some(reason)),
            Self::Discarded => (Status::Ignored, Some("discarded")),
        };
        Effect {
            status,
            code,
            ..Effect::default()
        }
    }
}

/// The key a mail on the review list is found by; no Message-ID looks like it.
///
/// It is keyed, so that the table tells nobody what the mail said.
pub(crate) fn parked_key_as(context: &Context, mail: &InboundEmail, id: &MessageId) -> String {
    let digest = context.keyed("parked", &[&mail.content_hash(), id.as_str().as_bytes()]);
    format!("mail:{}", hex::encode(digest))
}

/// The key of a mail that comes without a receipt.
pub(crate) fn parked_key(context: &Context, mail: &InboundEmail) -> String {
    parked_key_as(context, mail, &identified(mail, None))
}

/// A mail's own id, else the one derived from it; `token` tells undated ones apart.
pub(super) fn identified(mail: &InboundEmail, token: Option<&str>) -> MessageId {
    let own = mail.message_id.clone();
    own.unwrap_or_else(|| mail.derived_message_id(token))
}

/// When a mail came and under which id: kept with a mail that has to wait, so that it is placed
/// as if it had not.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Coming {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) came_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) came_as: Option<MessageId>,
}

/// A mail as a receipt keeps it for a later try.
#[derive(Serialize)]
pub(crate) struct KeptMail<'a> {
    #[serde(flatten)]
    mail: &'a InboundEmail,
    coming: Coming,
}

impl<'a> KeptMail<'a> {
    /// A mail whose effect failed at `at`.
    pub(crate) fn of(mail: &'a InboundEmail, token: Option<&str>, at: DateTime<Utc>) -> Self {
        Self {
            mail,
            coming: Coming {
                came_at: Some(at),
                came_as: Some(identified(mail, token)),
            },
        }
    }
}

impl Coming {
    /// What is kept beside a mail; nothing where nothing is.
    pub(crate) fn beside(body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Beside {
            #[serde(default)]
            coming: Coming,
        }
        let beside: Beside = serde_json::from_slice(body).unwrap_or_default();
        beside.coming
    }
}

/// How an imported mail is to be read when it is placed later.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Imported {
    our_addresses: Vec<String>,
    campaign: Option<Uuid>,
    list_archive: bool,
}

/// A mail as the review list keeps it.
#[derive(Serialize)]
pub(crate) struct Waiting<'a> {
    #[serde(flatten)]
    mail: &'a InboundEmail,
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
    coming: Coming,
}

impl<'a> Waiting<'a> {
    /// The mail with what must be known of its coming.
    pub(crate) fn of(mail: &'a InboundEmail, arrival: &Arrival<'_>, coming: Coming) -> Self {
        let imported = arrival.history.then(|| Imported {
            our_addresses: arrival.our_addresses.to_vec(),
            campaign: arrival.campaign,
            list_archive: arrival.list_archive,
        });
        Self {
            mail,
            imported,
            coming,
        }
    }
}

/// A mail taken from the review list.
pub(crate) struct Unparked {
    pub(crate) mail: InboundEmail,
    imported: Option<Imported>,
    coming: Coming,
    item: Uuid,
    receipt: Option<Uuid>,
}

impl Unparked {
    /// The mail of a review item; `None` when it holds none.
    pub(crate) fn of(row: &ReviewRow) -> Option<Self> {
        #[derive(Deserialize)]
        struct Beside {
            #[serde(default)]
            imported: Option<Imported>,
        }
        let body = row.body.as_deref()?;
        let beside: Beside = serde_json::from_slice(body).ok()?;
        Some(Self {
            mail: serde_json::from_slice(body).ok()?,
            imported: beside.imported,
            coming: Coming::beside(body),
            item: row.id,
            receipt: row.receipt_id,
        })
    }

    /// Whether it came with an import, which is silent.
    pub(crate) fn is_imported(&self) -> bool {
        self.imported.is_some()
    }

    /// Our addresses beside the configured ones.
    pub(crate) fn our_addresses(&self) -> &[String] {
        let imported = self.imported.as_ref();
        imported.map_or(&[], |import| &import.our_addresses)
    }

    /// The key it is found by.
    pub(crate) fn key(&self, context: &Context) -> String {
        match &self.coming.came_as {
            Some(id) => parked_key_as(context, &self.mail, id),
            None => parked_key(context, &self.mail),
        }
    }

    /// The same coming again, as it was the first time.
    pub(crate) fn arrival(&self) -> Arrival<'_> {
        let imported = self.imported.as_ref();
        Arrival {
            receipt: self.receipt,
            coming: self.coming.clone(),
            parked: Some(self.item),
            our_addresses: self.our_addresses(),
            campaign: imported.and_then(|import| import.campaign),
            list_archive: imported.is_some_and(|import| import.list_archive),
            history: imported.is_some(),
            ..Arrival::default()
        }
    }
}

impl Batch<'_, '_> {
    /// Fifty copies of a parked mail are one item, and what was discarded stays so.
    pub(crate) fn parked(
        &mut self,
        mail: &InboundEmail,
        id: &MessageId,
    ) -> Result<Option<Parked>, AppError> {
        let key = parked_key_as(self.context, mail, id);
        if !self.parked.contains_key(&key) {
            self.load_parked(&BTreeSet::from([key.clone()]))?;
        }
        Ok(self.parked.get(&key).copied().flatten())
    }
}
