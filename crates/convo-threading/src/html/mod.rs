//! HTML-only mail as text a person can read, with its quotes visible as quotes.
//!
//! One tokenizer pass, a stack of open elements instead of recursion, bounded prefixes: the cost
//! is linear in the size of the mail, 20,000 nested elements included. Nothing is fetched, and
//! broken markup is read as far as it makes sense.
//!
//! - Quote containers of the mail clients become lines with `> ` (at most five deep), so that
//!   [`reply::extract`] removes them: `blockquote`, Gmail's `gmail_quote`,
//!   Outlook's `divRplyFwdMsg` and `appendonsend` (which quote the rest of the mail), Outlook for
//!   Mac, Yahoo, Hotmail, Zimbra, Thunderbird, Proton and more. An answer typed between the
//!   blockquotes of a `gmail_quote` stays outside.
//! - An indented paragraph is no quote, though Gmail writes it as a `blockquote`.
//! - Links keep their address behind their words, lists their bullets, table rows their line.
//! - Scripts, styles, titles, comments and hidden elements (preview texts) are left out.

mod containers;
mod elements;
mod entities;
mod links;
mod page;
mod tokens;

#[cfg(test)]
mod tests;

use crate::reply::{self, ReplyText};

/// The mail's HTML as plain text; quoted lines start with `> `.
///
/// Total: every text has an answer.
#[must_use]
pub fn to_text(html: &str) -> String {
    text_of(&page::lines(html), |_| true)
}

/// The words the writer added to an HTML mail, and the whole mail as text (see [`to_text`]).
///
/// Signature containers of the clients (`gmail_signature`, `moz-signature`, …) go to
/// [`ReplyText::signature`], unless everything the writer said stands in one.
#[must_use]
pub fn reply_and_text(html: &str) -> (ReplyText, String) {
    let lines = page::lines(html);
    let full = text_of(&lines, |_| true);
    let contained = text_of(&lines, |line| line.in_signature);
    if contained.is_empty() {
        return (reply::extract(&full), full);
    }
    let mut found = reply::extract(&text_of(&lines, |line| !line.in_signature));
    if found.reply.is_empty() {
        return (reply::extract(&full), full);
    }
    found.signature = Some(match found.signature {
        Some(below) => format!("{below}\n{contained}"),
        None => contained,
    });
    (found, full)
}

fn text_of(lines: &[page::Line], wanted: impl Fn(&page::Line) -> bool) -> String {
    let mut text = String::new();
    for line in lines.iter().filter(|line| wanted(line)) {
        text.push_str(&line.text);
        text.push('\n');
    }
    let trimmed = text.trim_matches('\n');
    trimmed.to_owned()
}
