//! The story as it is written: the house, its campaigns, the leads and what each of them does.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::week::When;

/// The campaign that is made first, and the one that is made last.
pub(super) const FIRST_MARK: &str = "spring";
pub(super) const LAST_MARK: &str = "winter";

const HOUSE: &str = include_str!("story/house.toml");
const POST: &str = include_str!("story/post.toml");
/// Leads by the language they write.
const LEADS: [(&str, &str); 6] = [
    ("en", include_str!("story/en.toml")),
    ("de", include_str!("story/de.toml")),
    ("fr", include_str!("story/fr.toml")),
    ("es", include_str!("story/es.toml")),
    ("it", include_str!("story/it.toml")),
    ("nl", include_str!("story/nl.toml")),
];

/// Everything there is to play.
pub(super) struct Story {
    pub house: House,
    pub leads: Vec<Lead>,
    pub post: Post,
}

/// Who writes to leads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct House {
    pub name: String,
    pub address: String,
    #[serde(rename = "agent")]
    pub agents: Vec<Agent>,
    #[serde(rename = "campaign")]
    pub campaigns: Vec<Campaign>,
    #[serde(rename = "follow")]
    pub follows: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agent {
    pub name: String,
    pub email: String,
    #[serde(default)]
    pub manager: bool,
    pub capacity: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Campaign {
    pub id: String,
    pub name: String,
    /// When its first mail goes out.
    pub at: When,
    #[serde(rename = "mail")]
    pub mails: Vec<Text>,
}

/// A text of ours in one language; `{first}`, `{car}` and `{sender}` are filled in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub language: String,
    #[serde(default)]
    pub subject: String,
    pub text: String,
}

/// A lead with everything that happens to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lead {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
    pub car: String,
    pub source: String,
    /// Without one the lead writes first.
    pub campaign: Option<String>,
    /// The first mail does not arrive by itself.
    #[serde(default)]
    pub undelivered: bool,
    /// What those do who are asked to take the lead, in turn: `accept 6m`, `decline 3m`, `ignore`.
    #[serde(default)]
    pub desk: Vec<Reaction>,
    pub steps: Vec<Step>,
    #[serde(skip)]
    pub language: String,
}

/// One thing that happens.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub at: When,
    #[serde(rename = "do")]
    pub what: What,
    pub text: Option<String>,
    /// Who writes, for a remark.
    pub from: Option<String>,
    pub name: Option<String>,
    /// Of a mail that answers nothing.
    pub subject: Option<String>,
    pub outcome: Option<String>,
    /// Days until a follow-up or the end of a snooze.
    pub days: Option<i64>,
}

/// What happens.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// The lead is made known.
    Arrive,
    /// The campaign's first mail.
    Invite,
    /// The second mail of the campaign.
    Follow,
    /// Our AI answers.
    Answer,
    /// The owner writes.
    Agent,
    /// The owner was on the phone.
    Call,
    /// The lead writes.
    Reply,
    /// The lead's mail program answers by itself.
    Ooo,
    /// Somebody else writes into the conversation.
    Remark,
    Delivered,
    /// A person opens our last mail.
    Open,
    /// A machine does.
    Scan,
    Click,
    Bounce,
    Soft,
    Unsubscribed,
    Complained,
    /// The owner closes.
    Complete,
    /// We give it up.
    Abandon,
    Archive,
    Snooze,
}

impl What {
    /// Whether it is a mail of ours.
    pub fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Invite | Self::Follow | Self::Answer | Self::Agent
        )
    }
}

/// What an agent does who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Reaction {
    Accept(chrono::TimeDelta),
    Decline(chrono::TimeDelta),
    Ignore,
}

impl TryFrom<String> for Reaction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("no reaction: {text}");
        let Some((word, span)) = text.split_once(' ') else {
            return if text == "ignore" {
                Ok(Self::Ignore)
            } else {
                Err(wrong())
            };
        };
        let span = super::week::span_of(span).ok_or_else(wrong)?;
        match word {
            "accept" => Ok(Self::Accept(span)),
            "decline" => Ok(Self::Decline(span)),
            _ => Err(wrong()),
        }
    }
}

/// What comes and belongs to nobody at first sight.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Post {
    #[serde(rename = "letter")]
    pub letters: Vec<Letter>,
    #[serde(rename = "report")]
    pub reports: Vec<Report>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub at: When,
    pub from: String,
    pub name: String,
    pub subject: String,
    /// Our newest mail to this lead is what it answers.
    pub answers: Option<String>,
    #[serde(default)]
    pub forged: bool,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    pub at: When,
    pub message: String,
    pub recipient: String,
}

impl Story {
    /// Reads the files that are compiled in.
    ///
    /// # Errors
    /// What is wrong with them, which a test holds against.
    pub fn read() -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Leads {
            lead: Vec<Lead>,
        }
        let mut leads = Vec::new();
        for (language, text) in LEADS {
            let mut some: Leads = read(text)?;
            for lead in &mut some.lead {
                language.clone_into(&mut lead.language);
            }
            leads.append(&mut some.lead);
        }
        Ok(Self {
            house: read(HOUSE)?,
            leads,
            post: read(POST)?,
        })
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

impl House {
    /// The part of its address behind the `@`.
    pub fn domain(&self) -> &str {
        self.address
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain)
    }

    /// The person whose name campaigns are sent under.
    pub fn sender(&self) -> &str {
        self.agents.first().map_or("", |agent| &agent.name)
    }
}

impl Lead {
    /// Given and family name.
    pub fn names(&self) -> (&str, &str) {
        self.name.split_once(' ').unwrap_or((&self.name, ""))
    }

    /// A text of ours as this lead gets it.
    pub fn filled(&self, text: &str, sender: &str) -> String {
        text.replace("{first}", self.names().0)
            .replace("{car}", &self.car)
            .replace("{sender}", sender)
            .trim()
            .to_owned()
    }
}
