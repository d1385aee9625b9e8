//! Accept and decline as signed links: a GET shows, a POST acts.
//!
//! A link is what it does, the offer's id, and the first 16 bytes of an HMAC-SHA256 over both under the instance's key,
//! in URL-safe base64. What it still means is looked at when it is used.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use convo_store::Reader;
use convo_store::rows::OfferRow;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::batch::Batch;
use crate::command::Answer;
use crate::context::Context;
use crate::error::AppError;
use crate::records::answer;
use crate::wire::HandoverRequest;

const LABEL: &str = "offer";
const TAG: usize = 16;

/// What a signed link stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The offer.
    pub offer: Uuid,
    /// To accept it; else to decline it.
    pub accept: bool,
}

impl Link {
    /// The signed part.
    #[must_use]
    pub fn sign(self, context: &Context) -> String {
        let mut claim = self.claim();
        claim.extend_from_slice(&tag(context, &claim));
        URL_SAFE_NO_PAD.encode(claim)
    }

    /// What a signed part stands for; none for one we did not sign.
    #[must_use]
    pub fn open(context: &Context, signed: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(signed).ok()?;
        let (claim, given) = bytes.split_at_checked(17)?;
        let expected = tag(context, claim);
        if expected.len() != TAG || !bool::from(expected.ct_eq(given)) {
            return None;
        }
        let (what, id) = claim.split_first()?;
        Some(Self {
            offer: Uuid::from_slice(id).ok()?,
            accept: *what == b'a',
        })
    }

    fn claim(self) -> Vec<u8> {
        let mut claim = vec![if self.accept { b'a' } else { b'd' }];
        claim.extend_from_slice(self.offer.as_bytes());
        claim
    }
}

fn tag(context: &Context, claim: &[u8]) -> Vec<u8> {
    let mut tag = context.keyed(LABEL, &[claim]);
    tag.truncate(TAG);
    tag
}

/// What a link comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The agent is asked: it can be used.
    Open,
    /// The agent has the conversation.
    Yours,
    /// The agent was too late, and nobody else is asked: the agent can still take it.
    StillFree,
    /// Another agent has it or is asked.
    Taken,
    /// The agent has declined.
    Declined,
    /// The conversation is over, or wants nobody any more.
    Over,
}

impl Means {
    /// The code in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Yours => "yours",
            Self::StillFree => "still_free",
            Self::Taken => "taken",
            Self::Declined => "declined",
            Self::Over => "over",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn read(code: &str) -> Option<Self> {
        let all = [
            Self::Open,
            Self::Yours,
            Self::StillFree,
            Self::Taken,
            Self::Declined,
            Self::Over,
        ];
        all.into_iter().find(|means| means.as_str() == code)
    }
}

/// What a link that was opened shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What it comes to.
    pub means: Means,
    /// Until when the offer stands.
    pub due_at: chrono::DateTime<chrono::Utc>,
    /// The lead's name, or address.
    pub who: String,
    /// The conversation's subject.
    pub subject: String,
}

/// What a link shows: nothing changes.
///
/// # Errors
/// `NotFound` when its offer, or the person, is gone; the database's.
pub fn show(reader: &mut Reader<'_>, link: Link) -> Result<Shown, AppError> {
    let offers = reader.offers_by_ids(&[link.offer])?;
    let offer = offers.into_iter().next().ok_or(AppError::NotFound)?;
    let seen = crate::views::see(reader, offer.conversation_id)?;
    if seen.lead_row.erased_at.is_some() {
        return Err(AppError::NotFound);
    }
    Ok(Shown {
        means: means(&offer, &seen.facts),
        due_at: offer.due_at,
        who: crate::views::lead_name(&seen.lead_row),
        subject: seen.row.subject,
    })
}

fn means(offer: &OfferRow, conversation: &convo_core::conversation::Conversation<Uuid>) -> Means {
    // Who has the conversation may be asked for it again.
    match offer.status.as_str() {
        "open" => Means::Open,
        _ if conversation.is_owned() && conversation.agent == Some(offer.agent_id) => Means::Yours,
        "declined" => Means::Declined,
        _ if !conversation.state.is_open() => Means::Over,
        _ if !conversation.wants_agent() && conversation.agent.is_none() => Means::Over,
        _ if conversation.wants_agent() && conversation.handover.offer.is_none() => {
            Means::StillFree
        }
        _ => Means::Taken,
    }
}

impl Batch<'_, '_> {
    /// A POST to a signed link; what it came to is the answer, refusals too.
    pub(crate) fn handover_link(&mut self, link: Link) -> Result<Answer, AppError> {
        let offer = self.offer(link.offer)?.ok_or(AppError::NotFound)?;
        let (conversation, agent) = (offer.conversation_id, offer.agent_id);
        let entry = self.conversation(conversation)?.ok_or(AppError::NotFound)?;
        let before = means(&offer, &entry.facts);
        let lead = entry.row.lead_id;
        let person = self.lead(lead)?;
        if person.is_none_or(|person| person.row.erased_at.is_some()) {
            return Err(AppError::NotFound);
        }
        let after = match (link.accept, before) {
            (true, Means::Open | Means::StillFree) => match self.accept(conversation, agent) {
                Ok(_) => Means::Yours,
                // Who is not active any more takes nothing over.
                Err(AppError::RulesNotMet { .. }) => Means::Taken,
                Err(other) => return Err(other),
            },
            (false, Means::Open) => {
                self.decline(conversation, agent, &HandoverRequest::default())?;
                Means::Declined
            }
            (_, other) => other,
        };
        answer(200, &json!({"means": after.as_str()}))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::context::tests::context;

    #[test]
    fn a_link_opens_for_what_it_was_signed_for_and_no_changed_one_does() {
        let ours = context(2);
        let link = Link {
            offer: Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001),
            accept: true,
        };
        let signed = link.sign(&ours);
        assert_eq!(Link::open(&ours, &signed), Some(link));
        assert_eq!(Link::open(&context(3), &signed), None);
        let decline = Link {
            accept: false,
            ..link
        };
        assert_ne!(decline.sign(&ours), signed);
        for position in 0..signed.len() {
            let mut bytes = signed.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Link::open(&ours, &changed), None, "changed at {position}");
        }
        for other in [
            "",
            "x",
            "AAAA",
            &signed[..20],
            "ä",
            &format!("{signed}AAAA"),
        ] {
            assert_eq!(Link::open(&ours, other), None, "{other}");
        }
    }
}
