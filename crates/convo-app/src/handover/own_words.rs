//! What of an agent's answer is the agent's: not the notice it answers, whose links are for nobody else.

use convo_email::{Attachment, InboundEmail};
use convo_threading::reply;

use crate::context::Context;

/// The line under which a notice begins: nothing below it is the agent's.
pub const WRITE_ABOVE: &str = "--- Answer above this line, and the lead gets your answer. ---";

/// The part of the notice's first line that no mail program breaks or quotes away.
const MARK: &str = "Answer above this line";

/// Bytes of a file that is looked through for the notice; no notice is as long.
const LOOKED_THROUGH: usize = 1 << 20;

/// What the agent wrote: without quotes, and nothing from the notice's first line on.
pub(super) fn own_words(mail: &InboundEmail) -> String {
    let said = mail.reply_text.trim();
    let marked = said.contains(MARK) || (said.is_empty() && mail.text.contains(MARK));
    if !marked {
        return said.to_owned();
    }
    // Where all of it was taken for the agent's words, or none of it, the line tells them apart.
    let whole = if said.is_empty() {
        mail.text.as_str()
    } else {
        said
    };
    // The line is where the quote begins, whether the mail program marked it or not.
    let mut quoting = String::with_capacity(whole.len());
    for line in whole.lines().take_while(|line| !line.contains(MARK)) {
        quoting.push_str(line);
        quoting.push('\n');
    }
    quoting.push_str("> ");
    quoting.push_str(MARK);
    reply::extract(&quoting).reply
}

/// The files that go on to the lead: not the notice, whole or in part.
pub(super) fn own_files(context: &Context, files: &[Attachment]) -> Vec<Attachment> {
    let own = files
        .iter()
        .filter(|file| !is_mail(file) && !holds_notice(context, file));
    own.cloned().collect()
}

/// A mail as a file, in whatever form mail programs attach one.
fn is_mail(file: &Attachment) -> bool {
    let name = file.name.to_ascii_lowercase();
    file.content_type.starts_with("message/")
        || file.content_type == "application/vnd.ms-outlook"
        || name.ends_with(".eml")
        || name.ends_with(".msg")
}

fn holds_notice(context: &Context, file: &Attachment) -> bool {
    if !file.content_type.starts_with("text/") || file.size > LOOKED_THROUGH {
        return false;
    }
    if !file.bytes.is_empty() {
        return String::from_utf8_lossy(&file.bytes).contains(MARK);
    }
    // A mail that waited has its files on disk only.
    let stored = context.attachments.read(&file.sha256).unwrap_or_default();
    String::from_utf8_lossy(&stored).contains(MARK)
}

#[cfg(test)]
mod tests {
    use convo_email::{Headers, InboundParts};

    use super::*;

    fn mail(text: &str) -> InboundEmail {
        let pairs = vec![("From".to_owned(), "agent@dealer.example".to_owned())];
        InboundEmail::assemble(InboundParts {
            headers: Headers::from_pairs(pairs),
            text: Some(text.to_owned()),
            size: text.len(),
            ..InboundParts::default()
        })
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(own_words(&mail(text)), expected, "{text}");
    }

    #[test]
    fn the_notice_never_goes_to_the_lead() {
        check(
            "Come on Tuesday.\n\nBest, Ann",
            "Come on Tuesday.\n\nBest, Ann",
        );
        check(
            "Come on Tuesday.\n\nOn Mon, 5 Jan 2026 at 10:00, Convo <convo@dealer.example> wrote:\n\
             > --- Answer above this line, and the lead gets your answer. ---\n> secret",
            "Come on Tuesday.",
        );
        // A mail program that quotes without marks, and breaks lines where it likes.
        check(
            "Come on Tuesday.\n--- Answer above this line, and the\nlead gets your answer. ---\nsecret",
            "Come on Tuesday.",
        );
        // A mail program that leaves no blank line before it says whom it quotes, or breaks that line.
        check(
            "Come on Tuesday.\nOn Mon, 5 Jan 2026 at 10:00, Convo <convo@dealer.example> wrote:\n\
             --- Answer above this line, and the lead gets your answer. ---\nsecret",
            "Come on Tuesday.",
        );
        check(
            "Come on Tuesday.\nOn Mon, 5 Jan 2026 at 10:00, Convo\n<convo@dealer.example> wrote:\n\
             > --- Answer above this line, and the lead gets your answer. ---\n> secret",
            "Come on Tuesday.",
        );
        // What only looks like one is the agent's.
        check(
            "We have these for you, all below 20000:\n--- Answer above this line, and the lead gets your answer. ---",
            "We have these for you, all below 20000:",
        );
        check(
            "--- Answer above this line, and the lead gets your answer. ---\nsecret",
            "",
        );
        check(
            "\n\nOn Mon, 5 Jan 2026 at 10:00, Convo <convo@dealer.example> wrote:\n\
             > --- Answer above this line, and the lead gets your answer. ---\n> secret",
            "",
        );
    }
}
