//! The words the writer of a mail added: quotes, intro line and signature taken away.
//!
//! What stays and what goes, decided once:
//!
//! - **The reply is everything that is not quoted.** Lines marked with `>` go, the line that
//!   introduces them (`On Friday, Ann wrote:`) goes, answers between and below them stay.
//! - An intro line over *unmarked* text, `-----Original Message-----` and an Outlook header block
//!   (`From:`/`Sent:`/`To:`/`Subject:`) take the rest of the mail with them: nothing tells where
//!   that quote would end.
//! - **The signature is cut off and handed back beside the reply**: from a `-- ` line, a phone's
//!   own line (`Sent from my …`), or the contact lines below a closing. The closing and the name
//!   (`Kind regards, Ann`) are words of the writer and stay.
//! - **Of a forward the introduction is the reply**; a mail that only forwards has an empty one,
//!   with [`ReplyText::forwarded`] set.
//! - Fenced code, sentences that start with `On`, addresses with `wrote` in them, dashes inside a
//!   sentence and lists of dates are left alone: a line goes only for two independent marks.
//!
//! One pass over the lines, a bounded look ahead at each, no backtracking: the cost is linear in
//! the size of the mail, whatever stands in it.

mod closing;
mod dates;
mod follow;
mod headers;
mod intro;
mod labels;
mod lines;
mod mobile;
mod openings;
mod phrases;
mod segments;
mod separators;
mod signature;
mod verbs;

#[cfg(test)]
mod edges;
#[cfg(test)]
mod tests;

use lines::Line;
use segments::Role;

/// A mail's text taken apart into what its writer added and what was there before.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReplyText {
    /// The writer's own words, lines joined by `\n`, without blank edges; empty when the mail
    /// holds nothing but a quote, a forward or a signature.
    pub reply: String,
    /// The writer's signature with its delimiter line, when one was cut off.
    pub signature: Option<String>,
    /// Everything quoted or forwarded, with markers and intro lines, in the order of the mail.
    pub quoted: String,
    /// The mail passes another one on (`---------- Forwarded message ---------` and its like).
    pub forwarded: bool,
}

/// Takes the plain text of a mail apart: the new words, the signature, the quote.
///
/// Total: every text has an answer. Line ends may be `\n`, `\r\n` or `\r`; each line of the reply
/// is a line of `text`, or the beginning of one whose rest is an intro line.
#[must_use]
pub fn extract(text: &str) -> ReplyText {
    let lines = lines::split(text);
    let mut cut = segments::quotes(&lines);
    signature::cut(&lines, &mut cut.roles);
    closing::cut(&lines, &mut cut.roles);
    let signature = joined(&lines, &cut.roles, |role| role == Role::Signature);
    ReplyText {
        reply: reply(&lines, &cut.roles),
        signature: (!signature.is_empty()).then_some(signature),
        quoted: joined(&lines, &cut.roles, |role| role == Role::Quote),
        forwarded: cut.forwarded,
    }
}

/// The new lines, with one blank line where something was cut out between them.
fn reply(lines: &[Line<'_>], roles: &[Role]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut gap = false;
    for (line, role) in lines.iter().zip(roles) {
        let text = match role {
            Role::New => line.raw,
            Role::Shared(end) => line.raw.get(..*end).unwrap_or(line.raw),
            Role::Quote | Role::Signature => {
                gap = true;
                continue;
            }
        };
        if line.text.is_empty() && gap {
            continue;
        }
        if gap && kept.last().is_some_and(|last| !last.is_empty()) {
            kept.push("");
        }
        gap = false;
        kept.push(lines::trim_end(text));
    }
    let is_edge = |text: &&str| lines::is_ruler(lines::trim(text));
    let start = kept
        .iter()
        .position(|text| !is_edge(text))
        .unwrap_or(kept.len());
    let end = kept
        .iter()
        .rposition(|text| !is_edge(text))
        .map_or(start, |last| last + 1);
    kept.get(start..end).unwrap_or_default().join("\n")
}

/// The lines whose role is wanted, without blank edges.
fn joined(lines: &[Line<'_>], roles: &[Role], wanted: impl Fn(Role) -> bool) -> String {
    let picked = || {
        lines
            .iter()
            .zip(roles)
            .filter(|(_, role)| wanted(**role))
            .map(|(line, _)| line)
    };
    let start = picked().position(|line| !line.text.is_empty()).unwrap_or(0);
    let mut out = String::new();
    for line in picked().skip(start) {
        out.push_str(line.raw);
        out.push('\n');
    }
    out.truncate(lines::trim_end(&out).len());
    out
}
