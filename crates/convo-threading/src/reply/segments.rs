//! Which lines are quoted: the walk over a mail from top to bottom.

use super::follow::{self, Follow};
use super::lines::Line;
use super::separators::Kind;
use super::{headers, intro, separators};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The writer's.
    New,
    /// The writer's up to this byte of the raw line; an intro line fills the rest.
    Shared(usize),
    /// Quoted or forwarded, or the line that introduces it.
    Quote,
    /// The writer's signature.
    Signature,
}

/// The role of every line, and whether the mail forwards another one.
pub(super) struct Cut {
    pub roles: Vec<Role>,
    pub forwarded: bool,
}

/// Finds the quoted lines; all others are new for now.
pub(super) fn quotes(lines: &[Line<'_>]) -> Cut {
    let mut walk = Walk {
        lines,
        roles: vec![Role::New; lines.len()],
        prefix: None,
        forwarded: false,
        has_words: false,
    };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at = if line.text.is_empty() {
            at + 1
        } else if line.fenced {
            walk.has_words = true;
            at + 1
        } else if line.marked || walk.is_prefixed(line) {
            walk.marked(at)
        } else {
            walk.unmarked(at)
        };
    }
    Cut {
        roles: walk.roles,
        forwarded: walk.forwarded,
    }
}

struct Walk<'a, 'b> {
    lines: &'b [Line<'a>],
    roles: Vec<Role>,
    /// What stands before quoted lines besides `>`, once an intro showed it.
    prefix: Option<&'a str>,
    forwarded: bool,
    has_words: bool,
}

impl Walk<'_, '_> {
    fn is_prefixed(&self, line: &Line<'_>) -> bool {
        self.prefix
            .is_some_and(|prefix| line.text.starts_with(prefix))
    }

    /// A line with the quote marker; answers where to go on.
    fn marked(&mut self, at: usize) -> usize {
        let is_first = at == 0 || self.roles.get(at - 1) != Some(&Role::Quote);
        self.forwarded |= is_first
            && self
                .lines
                .get(at)
                .is_some_and(|line| separators::is_marked_forward(line.text));
        self.quote(at, at + 1);
        if self.is_broken_off(at) {
            self.quote(at + 1, at + 2);
            return at + 2;
        }
        at + 1
    }

    /// A line without one: words of the writer, unless a quote begins with it.
    fn unmarked(&mut self, at: usize) -> usize {
        if let Some(separator) = separators::opens(self.lines, at, self.has_words) {
            self.forwarded |= separator == Kind::Forward;
            return match separator {
                Kind::Forward => self.quote_rest(at),
                Kind::Original => self.quote_from(at, at),
            };
        }
        if let Some(end) = headers::ends(self.lines, at) {
            return self.quote_from(at, end);
        }
        let shared = intro::shares(self.lines, at);
        if shared.is_none()
            && let Some(end) = intro::ends(self.lines, at)
        {
            return self.quote_from(at, end);
        }
        self.has_words = true;
        if let Some(byte) = shared
            && let Some(role) = self.roles.get_mut(at)
        {
            *role = Role::Shared(byte);
        }
        at + 1
    }

    /// The line after a marked one lost its marker to wrapping: a long quoted line goes on in
    /// lower case, or a lone link stands there, and the quote continues below.
    fn is_broken_off(&self, at: usize) -> bool {
        let (Some(quoted), Some(next), Some(after)) = (
            self.lines.get(at),
            self.lines.get(at + 1),
            self.lines.get(at + 2),
        ) else {
            return false;
        };
        if next.marked || next.text.is_empty() || !after.marked {
            return false;
        }
        let is_link = next.text.starts_with(['(', '<', '['])
            && next.text.contains("://")
            && next.text.split_whitespace().take(3).count() <= 2;
        let is_long = (60..=100).contains(&quoted.raw.chars().take(101).count());
        let goes_on = is_long
            && !quoted.text.ends_with(['.', '!', '?', ':', ';', ','])
            && next.text.starts_with(char::is_lowercase);
        is_link || goes_on
    }

    /// A quote is introduced by the lines from `at` to `end`: how it is written tells how far it
    /// goes. Answers where to go on.
    fn quote_from(&mut self, at: usize, end: usize) -> usize {
        match follow::after_intro(self.lines, end + 1) {
            Follow::Unmarked => return self.quote_rest(at),
            Follow::Prefixed(prefix) => self.prefix = Some(prefix),
            Follow::Marked | Follow::Block => {}
        }
        self.quote(at, end + 1);
        end + 1
    }

    fn quote_rest(&mut self, from: usize) -> usize {
        self.quote(from, self.lines.len());
        self.lines.len()
    }

    fn quote(&mut self, from: usize, to: usize) {
        for role in self.roles.iter_mut().take(to).skip(from) {
            *role = Role::Quote;
        }
    }
}
