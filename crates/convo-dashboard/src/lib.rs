//! Convo's pages: what views say, as HTML and SVG, and the few files that pages load.
//!
//! Nothing here asks anything: a page is a function of the values of `convo-app`'s views, which are those of the JSON
//! API, and of who looks at it. What a person or a mail wrote is text everywhere; only `/messages/{id}/html` gives
//! a mail's own HTML, in a frame that runs and loads nothing.
//!
//! | module | holds |
//! |---|---|
//! | [`layout`] | what stands around every page, and what the script needs to know |
//! | [`viewer`] | who looks, and what that key may do |
//! | [`assets`] | style, script and icon, with their tags |
//! | [`policy`] | what a browser may load and run |
//! | [`show`] | times, states, figures, empty parts: small pieces |
//! | [`chart`], [`machine`] | bars, columns and the state machine as SVG |
//! | [`figures`] | reports over a span of days |
//! | [`overview`], [`setup`] | the first page, and what is to be done before it shows anything |
//! | [`conversations`], [`conversation`] | the list, and one with all that is known of it |
//! | [`leads`], [`handover`], [`reviews`], [`drafts`], [`outbox`], [`suppressions`], [`receipts`] | the other pages |
//! | [`entry`], [`problem`] | logging in, and what went wrong |

#![forbid(unsafe_code)]

pub mod assets;
pub mod chart;
pub mod conversation;
pub mod conversations;
pub mod drafts;
pub mod entry;
pub mod figures;
pub mod handover;
pub mod layout;
pub mod leads;
pub mod machine;
pub mod outbox;
pub mod overview;
pub mod policy;
pub mod problem;
pub mod receipts;
pub mod reviews;
pub mod setup;
pub mod show;
pub mod suppressions;
pub mod viewer;

pub use layout::{Live, Page, Waits};
pub use maud::Markup;
pub use viewer::Viewer;
