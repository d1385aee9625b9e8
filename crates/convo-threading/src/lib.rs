//! E-mail threading by headers, reply text and automated-mail classification, without I/O.
//!
//! Nothing here fails on a bad header: every function says what it understood. No clock, no
//! environment, no recursion whose depth a message decides, linear time.
//!
//! | module | answers |
//! |---|---|
//! | [`message_id`] | which Message-IDs stand in a header field; the derived id of a mail without one |
//! | [`references`] | the chain of ancestors a message's own headers name, oldest first |
//! | [`resolve`] | which known message is the parent, and on what evidence |
//! | [`subject`] | the base subject, and whether a reply or forward prefix stood before it |
//! | [`tree`] | the forest of a set of messages, the same for every arrival order |
//! | [`incremental`] | where one more message goes without reading the whole conversation |
//! | [`render`] | a forest as text, one line a node |
//! | [`reply`] | the lines the sender wrote: quotes and signature stripped |
//! | [`html`] | HTML-only mail as text |
//! | [`automated`] | whether a person or a machine sent a mail |

pub mod automated;
pub mod html;
pub mod incremental;
pub mod message_id;
pub mod references;
pub mod render;
pub mod reply;
pub mod resolve;
pub mod subject;
pub mod tree;

pub use message_id::MessageId;
pub use references::{Chain, HeaderFields, chain};
pub use tree::{Forest, Node, build};
