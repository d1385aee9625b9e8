//! Which lexicon a message is read with: its campaign's, else the policy's, else the default one.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use convo_core::lexicon::{AUTOMOTIVE, Lexicon, Reading};
use serde_json::Value;
use uuid::Uuid;

use crate::batch::Batch;
use crate::error::AppError;

/// Compiled packs kept beside the shipped ones; past it all are forgotten and compiled again.
const KEPT: usize = 32;

/// A lexicon in use.
#[derive(Debug, Clone)]
pub enum InUse {
    /// Compiled into the program.
    Shipped(&'static Lexicon),
    /// Made from packs that a policy or a campaign carries.
    Carried(Arc<Lexicon>),
}

impl Deref for InUse {
    type Target = Lexicon;

    fn deref(&self) -> &Lexicon {
        match self {
            Self::Shipped(lexicon) => lexicon,
            Self::Carried(lexicon) => lexicon,
        }
    }
}

impl InUse {
    fn is(&self, other: &Self) -> bool {
        std::ptr::eq(&**self, &**other)
    }
}

/// What a lexicon found in a text and its subject.
#[derive(Debug)]
pub struct Words {
    lexicon: InUse,
    text: String,
    subject: String,
    reading: Reading,
}

impl Words {
    /// Reads a text.
    #[must_use]
    pub fn read(lexicon: InUse, text: &str, subject: &str) -> Self {
        let reading = lexicon.read(text, Some(subject));
        Self {
            lexicon,
            text: text.to_owned(),
            subject: subject.to_owned(),
            reading,
        }
    }

    /// What was found.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The version of the lexicon that found it.
    #[must_use]
    pub fn version(&self) -> &str {
        self.lexicon.version()
    }

    fn are_of(&self, lexicon: &InUse, text: &str, subject: &str) -> bool {
        self.lexicon.is(lexicon) && self.text == text && self.subject == subject
    }
}

/// The lexicons compiled so far, by what they were compiled from.
#[derive(Debug, Default)]
pub struct Lexicons {
    compiled: Mutex<HashMap<String, Arc<Lexicon>>>,
    last: Mutex<Option<InUse>>,
}

impl Lexicons {
    /// The one a message was read with last: a good guess for the next.
    #[must_use]
    pub fn last(&self) -> InUse {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().unwrap_or_else(default)
    }

    /// The lexicon a choice stands for: the name of a shipped industry, a pack, or a list of packs.
    ///
    /// # Errors
    /// What is wrong with the choice, without repeating it.
    pub fn chosen(&self, choice: &Value) -> Result<InUse, String> {
        let packs = match choice {
            Value::String(name) => {
                return Lexicon::shipped(name.trim())
                    .map(InUse::Shipped)
                    .ok_or_else(|| format!("names no industry: known is {AUTOMOTIVE}"));
            }
            Value::Array(packs) if !packs.is_empty() => packs.as_slice(),
            Value::Object(_) => std::slice::from_ref(choice),
            _ => return Err("must be the name of an industry or a lexicon pack".to_owned()),
        };
        let key = choice.to_string();
        // A thread that died while it held the lock leaves whole entries behind.
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(&key) {
            return Ok(InUse::Carried(Arc::clone(known)));
        }
        let lexicon = Lexicon::with_industry_values(packs).map_err(|error| error.to_string())?;
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        let lexicon = Arc::new(lexicon);
        compiled.insert(key, Arc::clone(&lexicon));
        Ok(InUse::Carried(lexicon))
    }

    /// The lexicon a stored choice stands for; one of an older version may be unknown now.
    #[must_use]
    pub fn chosen_or_default(&self, choice: Option<&Value>) -> InUse {
        let chosen = choice.and_then(|choice| self.chosen(choice).ok());
        chosen.unwrap_or_else(default)
    }

    /// Checks a choice before it is stored.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for `field`.
    pub fn check(&self, choice: Option<&Value>, field: &str) -> Result<(), AppError> {
        let Some(choice) = choice.filter(|choice| !choice.is_null()) else {
            return Ok(());
        };
        let chosen = self.chosen(choice);
        chosen
            .map(drop)
            .map_err(|message| AppError::invalid(field, message))
    }
}

fn default() -> InUse {
    InUse::Shipped(Lexicon::automotive())
}

impl Batch<'_, '_> {
    /// Reads a text with the lexicon of a campaign, unless it was read with it already.
    pub(crate) fn words(
        &mut self,
        campaign: Option<Uuid>,
        text: &str,
        subject: &str,
    ) -> Result<Arc<Words>, AppError> {
        let lexicon = self.lexicon(campaign)?;
        if let Some(words) = &self.words
            && words.are_of(&lexicon, text, subject)
        {
            return Ok(Arc::clone(words));
        }
        let mut last = self
            .context
            .lexicons
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(lexicon.clone());
        drop(last);
        let words = Arc::new(Words::read(lexicon, text, subject));
        self.words = Some(Arc::clone(&words));
        Ok(words)
    }

    /// The lexicon of a campaign's messages, or of those of none.
    fn lexicon(&mut self, campaign: Option<Uuid>) -> Result<InUse, AppError> {
        if let Some(known) = self.lexicons.get(&campaign) {
            return Ok(known.clone());
        }
        let own = match campaign {
            Some(id) => self.campaign(id)?.and_then(|row| row.lexicon),
            None => None,
        };
        let own: Option<Value> = own.and_then(|text| serde_json::from_str(&text).ok());
        let choice = match own {
            Some(own) => Some(own),
            None => self.policy(campaign)?.policy.lexicon.clone(),
        };
        let found = self.context.lexicons.chosen_or_default(choice.as_ref());
        self.lexicons.insert(campaign, found.clone());
        Ok(found)
    }
}
