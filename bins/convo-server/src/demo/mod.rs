//! `demo`: a week of a made-up car dealer's campaigns, played through the real pipeline.
//!
//! The story is data (`story/*.toml`: people, their mail, when what happens). It is played on a clock of its own that
//! ends at the present: records and our own mail as the API's commands, everything that comes from outside as signed
//! webhooks of a provider, timers when they are due. Nothing is written past the application, so a demo database is
//! one that a server could have come to by itself. The same story gives the same states, stages and messages.
//!
//! | module | holds |
//! |---|---|
//! | `cast` | the story as it is written |
//! | `week` | days and times of the story as instants |
//! | `clock` | the clock, ids and dice |
//! | `script` | the story as scenes in the order of time |
//! | `post` | mail and provider events as signed webhooks |
//! | `play` | scenes as commands; agents who answer offers |

mod cast;
mod clock;
mod play;
mod post;
mod script;
mod week;

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use convo_app::{App, AppError};
use convo_core::policy::Policy;
use convo_store::{LeadList, Reader, Store};
use uuid::Uuid;

use crate::settings::Settings;
use crate::wiring;
use cast::Story;
use clock::StoryClock;
use play::Player;
use week::Week;

/// What the external ids of the demo's records begin with.
const MARK: &str = "convo-demo:";

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The application refused or could not.
    #[error(transparent)]
    App(#[from] AppError),
    /// The story cannot be read or played.
    #[error("the demo's story: {0}")]
    Story(String),
}

/// What a database holds, as far as a demo is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    Empty,
    /// A demo.
    Demo,
    /// A demo that was broken off.
    Unfinished,
    /// Something else.
    Other,
}

/// Looks at what the database holds.
///
/// # Errors
/// The database's.
pub fn look(store: &Store) -> Result<Found, AppError> {
    store.read(|reader| {
        let marks = [cast::FIRST_MARK, cast::LAST_MARK].map(|mark| format!("{MARK}{mark}"));
        let known = reader.campaigns_by_external_ids(&marks)?;
        Ok(match known.len() {
            0 if is_empty(reader)? => Found::Empty,
            0 => Found::Other,
            1 => Found::Unfinished,
            _ => Found::Demo,
        })
    })
}

fn is_empty(reader: &mut Reader<'_>) -> Result<bool, AppError> {
    let any_lead = LeadList {
        limit: 1,
        ..LeadList::default()
    };
    Ok(reader.leads(&any_lead)?.is_empty()
        && reader.agents(None, 1)?.is_empty()
        && reader.campaigns(None, 1)?.is_empty()
        && reader.conversation_ids_after(Uuid::nil(), 1)?.is_empty()
        && reader.receipts(None, None, 1)?.is_empty())
}

/// How much a demo is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// Leads made.
    pub leads: usize,
    /// Things that happened, timers aside.
    pub scenes: usize,
}

/// What the story says of the minutes to come.
pub struct Sequel(Player);

/// The story goes on, on a thread of its own, until this is dropped.
pub struct Going {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sequel {
    /// Lets the story go on while somebody looks.
    ///
    /// # Errors
    /// [`std::io::Error`] when no thread can be made.
    pub fn go_on(self, app: App) -> std::io::Result<Going> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("demo".into());
        let thread = thread.spawn(move || self.0.go_on(app, &stopped))?;
        Ok(Going {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Plays the week into an empty database, whose settings are the demo's.
///
/// # Errors
/// [`DemoError`].
pub fn play(store: Store, settings: &Settings) -> Result<(Played, Sequel), DemoError> {
    let story = Arc::new(Story::read().map_err(DemoError::Story)?);
    let week = Week::until(crate::clock::now());
    let clock = StoryClock::at(week.begin());
    let (app, writer) = App::start(store, wiring::options(settings, clock.clone()))?;
    let played = fill(app, clock, &story, &week);
    let _ = writer.join();
    played
}

fn fill(
    app: App,
    clock: StoryClock,
    story: &Arc<Story>,
    week: &Week,
) -> Result<(Played, Sequel), DemoError> {
    let policy = Policy {
        calendar: week.calendar(),
        ..Policy::default()
    };
    let scenes = script::scenes(story, week);
    let mut player = Player::new(app, clock, story, policy)?;
    let played = Played {
        leads: story.leads.len(),
        scenes: scenes.iter().filter(|scene| scene.at <= week.end()).count(),
    };
    player.play(scenes, week.end())?;
    Ok((played, Sequel(player)))
}

/// Names and addresses that the demo's server and its story share.
pub fn dress(settings: &mut Settings) -> Result<(), DemoError> {
    let story = Story::read().map_err(DemoError::Story)?;
    let house = &story.house;
    settings.our_addresses = vec![house.address.clone()];
    settings.send.from = Some(convo_email::Address {
        name: Some(house.name.clone()),
        email: house.address.clone(),
    });
    settings.send.reply_domain = format!("reply.{}", house.domain());
    Ok(())
}
