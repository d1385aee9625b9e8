//! Mail on the review list: found again by what it is, and read again as it came.

use std::collections::BTreeSet;

use convo_email::InboundEmail;
use convo_store::rows::ReviewRow;
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
pub(crate) fn parked_key(context: &Context, mail: &InboundEmail) -> String {
    let id = mail.message_id.as_ref().map_or("", |id| id.as_str());
    let digest = context.keyed("parked", &[&mail.content_hash(), id.as_bytes()]);
    format!("mail:{}", hex::encode(digest))
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
}

impl<'a> Waiting<'a> {
    /// The mail with what must be known of its coming.
    pub(crate) fn of(mail: &'a InboundEmail, arrival: &Arrival<'_>) -> Self {
        let imported = arrival.history.then(|| Imported {
            our_addresses: arrival.our_addresses.to_vec(),
            campaign: arrival.campaign,
            list_archive: arrival.list_archive,
        });
        Self { mail, imported }
    }
}

/// A mail taken from the review list.
pub(crate) struct Unparked {
    pub(crate) mail: InboundEmail,
    imported: Option<Imported>,
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
            item: row.id,
            receipt: row.receipt_id,
        })
    }

    /// Whether it came with an import, which is silent.
    pub(crate) fn is_imported(&self) -> bool {
        self.imported.is_some()
    }

    /// The same coming again, as it was the first time.
    pub(crate) fn arrival(&self) -> Arrival<'_> {
        let imported = self.imported.as_ref();
        Arrival {
            receipt: self.receipt,
            parked: Some(self.item),
            our_addresses: imported.map_or(&[], |import| &import.our_addresses),
            campaign: imported.and_then(|import| import.campaign),
            list_archive: imported.is_some_and(|import| import.list_archive),
            history: imported.is_some(),
            ..Arrival::default()
        }
    }
}

impl Batch<'_, '_> {
    /// Fifty copies of a parked mail are one item, and what was discarded stays so.
    pub(crate) fn parked(&mut self, mail: &InboundEmail) -> Result<Option<Parked>, AppError> {
        let key = parked_key(self.context, mail);
        if !self.parked.contains_key(&key) {
            self.load_parked(&BTreeSet::from([key.clone()]))?;
        }
        Ok(self.parked.get(&key).copied().flatten())
    }
}
