//! HTML as a flat run of texts and tags.

/// A piece of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text with its entities.
    Text(&'a str),
    /// `<name attributes>`.
    Open { name: &'a str, attributes: &'a str },
    /// `</name>`.
    Close(&'a str),
}

/// Elements whose content is no text of the mail.
const UNREAD: &[&str] = &[
    "script", "style", "title", "xml", "template", "noframes", "svg",
];

/// Cuts HTML into tokens. What looks for an end remembers when there is none left, so that no
/// part of the input is searched twice.
pub(super) struct Tokens<'a> {
    html: &'a str,
    at: usize,
    no_tag_end: bool,
    no_comment_end: bool,
    no_quote_end: bool,
    no_unread_end: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        Self {
            html,
            at: 0,
            no_tag_end: false,
            no_comment_end: false,
            no_quote_end: false,
            no_unread_end: false,
        }
    }

    fn rest(&self) -> &'a str {
        self.html.get(self.at..).unwrap_or_default()
    }

    /// Takes `length` bytes of the rest.
    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += length.max(1);
        taken
    }

    /// `<!-- … -->`, `<!doctype …>`, `<?xml …>`, `<![if …]>`.
    fn skip_declaration(&mut self) {
        if self.rest().starts_with("<!--") && !self.no_comment_end {
            // `<!-->` is a whole comment
            if let Some(end) = self.rest().get(2..).and_then(|rest| rest.find("-->")) {
                self.at += 2 + end + 3;
                return;
            }
            self.no_comment_end = true;
        }
        match self.plain_tag_end() {
            Some(end) => self.at += end + 1,
            None => self.at += 2,
        }
    }

    fn plain_tag_end(&mut self) -> Option<usize> {
        if self.no_tag_end {
            return None;
        }
        let end = self.rest().find('>');
        self.no_tag_end = end.is_none();
        end
    }

    /// The `>` of an opening tag, not one inside a quoted value.
    fn tag_end(&mut self) -> Option<usize> {
        if !self.no_quote_end {
            let mut quote = None;
            let mut after_equals = false;
            for (at, byte) in self.rest().bytes().enumerate() {
                match (quote, byte) {
                    (Some(open), _) if open == byte => quote = None,
                    (Some(_), _) => {}
                    (None, b'"' | b'\'') if after_equals => quote = Some(byte),
                    (None, b'>') => return Some(at),
                    (None, _) => {}
                }
                if !byte.is_ascii_whitespace() {
                    after_equals = byte == b'=';
                }
            }
            self.no_quote_end = true;
        }
        self.plain_tag_end()
    }

    fn opening(&mut self) -> Option<Token<'a>> {
        let end = self.tag_end()?;
        let tag = self.take(end + 1);
        let inner = tag.get(1..end).unwrap_or_default();
        let (name, attributes) = split_name(inner);
        if UNREAD
            .iter()
            .any(|unread| name.eq_ignore_ascii_case(unread))
            && !inner.ends_with('/')
        {
            self.skip_unread(name);
        }
        Some(Token::Open { name, attributes })
    }

    fn skip_unread(&mut self, name: &str) {
        if self.no_unread_end {
            return;
        }
        let rest = self.rest();
        let end = rest.match_indices("</").map(|(at, _)| at).find(|at| {
            rest.get(at + 2..at + 2 + name.len())
                .is_some_and(|close| close.eq_ignore_ascii_case(name))
        });
        match end {
            Some(end) => self.at += end,
            None => self.no_unread_end = true,
        }
    }

    fn tag(&mut self) -> Option<Token<'a>> {
        match self.rest().as_bytes().get(1).copied() {
            Some(b'/') => {
                let end = self.plain_tag_end()?;
                let tag = self.take(end + 1);
                let (name, _) = split_name(tag.get(2..end).unwrap_or_default());
                Some(Token::Close(name))
            }
            Some(c) if c.is_ascii_alphabetic() => self.opening(),
            _ => None,
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = rest.find('<').unwrap_or(rest.len());
                return Some(Token::Text(self.take(end)));
            }
            if rest.starts_with("<!") || rest.starts_with("<?") {
                self.skip_declaration();
                continue;
            }
            return Some(match self.tag() {
                Some(token) => token,
                None => Token::Text(self.take(1)),
            });
        }
    }
}

fn split_name(inner: &str) -> (&str, &str) {
    let end = inner
        .find(|c: char| c.is_ascii_whitespace() || c == '/')
        .unwrap_or(inner.len());
    inner.split_at(end)
}

/// The attributes of a tag that decide how it is read, as written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attributes<'a> {
    pub class: &'a str,
    pub id: &'a str,
    pub style: &'a str,
    pub href: &'a str,
    pub alt: &'a str,
    pub marker: &'a str,
    pub is_hidden: bool,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut found = Self::default();
        let mut rest = text;
        while let Some((name, value, after)) = attribute(rest) {
            rest = after;
            let slot = match name.to_ascii_lowercase().as_str() {
                "class" => &mut found.class,
                "id" => &mut found.id,
                "style" => &mut found.style,
                "href" => &mut found.href,
                "alt" => &mut found.alt,
                "data-marker" | "data-smartmail" | "name" => &mut found.marker,
                "hidden" => {
                    found.is_hidden = true;
                    continue;
                }
                _ => continue,
            };
            if slot.is_empty() {
                *slot = value;
            }
        }
        found
    }
}

/// The next `name=value`, and what follows it.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/' || c == '=');
    if text.is_empty() {
        return None;
    }
    let end = text
        .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.trim_ascii_start().strip_prefix('=') else {
        return Some((name, "", rest));
    };
    let value = value.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote) {
            let (value, rest) = inner.split_once(quote).unwrap_or((inner, ""));
            return Some((name, value, rest));
        }
    }
    let end = value
        .find(|c: char| c.is_ascii_whitespace())
        .unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(html: &str, expected: &[&str]) {
        let found: Vec<String> = Tokens::of(html)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Open { name, .. } => format!("<{name}>"),
                Token::Close(name) => format!("</{name}>"),
            })
            .collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn tokens() {
        check("a<b>c</b>", &["a", "<b>", "c", "</b>"]);
        check("<!-- x > y -->a<!doctype html>b", &["a", "b"]);
        check("<img alt=\"a > b\">c", &["<img>", "c"]);
        check("1 < 2 <3", &["1 ", "<", " 2 ", "<", "3"]);
        check("<style>p > a {}</style>x", &["<style>", "</style>", "x"]);
        check(
            "<SCRIPT>if (a</b) {}</Script>x",
            &["<SCRIPT>", "</Script>", "x"],
        );
        check("<br/>a<p", &["<br>", "a", "<", "p"]);
        check("<a title=\"x>y", &["<a>", "y"]);
        check("<!-- open <b>x", &["x"]);
    }

    #[test]
    fn attributes() {
        let found = Attributes::of(" CLASS='a b' id=c href = \"d\" hidden data-x=1/");
        assert_eq!((found.class, found.id, found.href), ("a b", "c", "d"));
        assert!(found.is_hidden);
    }
}
