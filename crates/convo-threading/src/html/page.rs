//! The walk over the tokens of a mail, and the lines it leaves.

use super::containers::{self, Container};
use super::elements::{Element, NESTED, Nested};
use super::tokens::{Attributes, Token, Tokens};
use super::{entities, links};

/// Quote markers before a line, at most; deeper quotes look alike.
const MOST_MARKERS: usize = 5;
/// Levels a list is indented by, at most.
const MOST_INDENTS: usize = 4;
/// What `hr` becomes.
const RULE: &str = "------------------------";

/// A line of the text.
#[derive(Debug)]
pub(super) struct Line {
    /// With its quote markers.
    pub text: String,
    /// Stands in a signature container.
    pub in_signature: bool,
}

/// Reads HTML into lines.
pub(super) fn lines(html: &str) -> Vec<Line> {
    let mut page = Page::default();
    for token in Tokens::of(html) {
        match token {
            Token::Text(text) => page.text(text),
            Token::Open { name, attributes } => page.open(Element::of(name), attributes),
            Token::Close(name) => page.close(Element::of(name)),
        }
    }
    page.end_link();
    page.end_line();
    page.lines
}

/// An open element.
struct Frame {
    element: Nested,
    container: Container,
    /// Of a table: the counts of elements open around it, which nothing inside can close.
    around: Option<[u32; NESTED]>,
}

#[derive(Default)]
struct Page {
    lines: Vec<Line>,
    line: String,
    /// The text being added had white space before it.
    spaced: bool,
    /// A blank line comes before the next text.
    parted: bool,
    /// Bullet or number of the item whose text has not come yet.
    bullet: Option<String>,
    frames: Vec<Frame>,
    /// Open elements per kind, inside the innermost table.
    open: [u32; NESTED],
    /// Open tables.
    tables: u32,
    /// Open lists: none for bullets, the last number for numbers.
    lists: Vec<Option<u32>>,
    /// Levels of quoting.
    quotes: usize,
    /// Gmail containers that quote until a blockquote comes, as indices into `frames`.
    until_blockquote: Vec<usize>,
    signatures: usize,
    hidden: usize,
    preformatted: usize,
    is_rest_quoted: bool,
    /// The link that is open: its address, and its words so far.
    link: Option<(String, String)>,
    /// Decoded text, kept for its memory.
    decoded: String,
}

impl Page {
    fn open(&mut self, element: Element, attributes: &str) {
        let read = || Attributes::of(attributes);
        match element {
            Element::Break => self.end_line_or_part(),
            Element::Rule => {
                self.end_line();
                self.quote_rest_if(containers::of(&read()));
                self.text(RULE);
                self.end_line();
            }
            Element::Image => self.image(&read()),
            Element::Link => {
                self.end_link();
                let href = read().href;
                if !href.is_empty() && self.hidden == 0 {
                    self.link = Some((href.to_owned(), String::new()));
                }
            }
            Element::Item => self.item(),
            Element::Cell => self.spaced = true,
            Element::Line => self.end_line(),
            Element::Paragraph => self.part(),
            Element::Nested(nested) => self.nest(nested, &read()),
            Element::Inline => {}
        }
    }

    fn close(&mut self, element: Element) {
        match element {
            Element::Link => self.end_link(),
            Element::Cell => self.spaced = true,
            Element::Item => {
                self.end_line();
                self.bullet = None;
            }
            Element::Line => self.end_line(),
            Element::Paragraph => self.part(),
            Element::Nested(nested) => self.unnest(nested),
            Element::Break | Element::Rule | Element::Image | Element::Inline => {}
        }
    }

    fn nest(&mut self, nested: Nested, attributes: &Attributes<'_>) {
        let container = match nested {
            Nested::Blockquote => containers::of_blockquote(attributes),
            _ => containers::of(attributes),
        };
        match nested {
            Nested::Span if is_inline(container) => {}
            Nested::Blockquote | Nested::Preformatted => self.part(),
            Nested::Bullets | Nested::Numbers if self.lists.is_empty() => self.part(),
            _ => self.end_line(),
        }
        match nested {
            Nested::Bullets => self.lists.push(None),
            Nested::Numbers => self.lists.push(Some(0)),
            Nested::Preformatted => self.preformatted += 1,
            _ => {}
        }
        if nested == Nested::Blockquote && container == Container::Quote {
            self.quotes -= self.until_blockquote.len();
            for at in std::mem::take(&mut self.until_blockquote) {
                if let Some(frame) = self.frames.get_mut(at) {
                    frame.container = Container::Plain;
                }
            }
        }
        self.enter(container);
        let around = (nested == Nested::Table).then(|| std::mem::take(&mut self.open));
        if around.is_some() {
            self.tables += 1;
        } else if let Some(count) = self.open.get_mut(nested as usize) {
            *count += 1;
        }
        self.frames.push(Frame {
            element: nested,
            container,
            around,
        });
    }

    fn enter(&mut self, container: Container) {
        match container {
            Container::Plain => {}
            Container::Quote => self.quotes += 1,
            Container::GmailQuote => {
                self.quotes += 1;
                self.until_blockquote.push(self.frames.len());
            }
            Container::QuoteRest => self.quote_rest_if(container),
            Container::Signature => self.signatures += 1,
            Container::Hidden => self.hidden += 1,
        }
    }

    fn quote_rest_if(&mut self, container: Container) {
        self.is_rest_quoted |= container == Container::QuoteRest;
    }

    /// An end tag closes the nearest element of its kind, and whatever was left open inside it;
    /// without one it is ignored.
    fn unnest(&mut self, nested: Nested) {
        let open = match nested {
            Nested::Table => self.tables,
            _ => self.open.get(nested as usize).copied().unwrap_or(0),
        };
        if open == 0 {
            return;
        }
        while let Some(frame) = self.frames.pop() {
            let element = frame.element;
            self.leave(frame);
            if element == nested {
                break;
            }
        }
    }

    fn leave(&mut self, frame: Frame) {
        if frame.element != Nested::Span || !is_inline(frame.container) {
            self.end_line();
        }
        match frame.around {
            Some(around) => {
                self.open = around;
                self.tables = self.tables.saturating_sub(1);
            }
            None => {
                if let Some(count) = self.open.get_mut(frame.element as usize) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        match frame.element {
            Nested::Bullets | Nested::Numbers => {
                self.lists.pop();
                self.bullet = None;
                self.parted |= self.lists.is_empty();
            }
            Nested::Preformatted => {
                self.preformatted = self.preformatted.saturating_sub(1);
                self.parted = true;
            }
            Nested::Blockquote => self.parted = true,
            _ => {}
        }
        match frame.container {
            Container::Quote => self.quotes = self.quotes.saturating_sub(1),
            Container::GmailQuote => {
                self.quotes = self.quotes.saturating_sub(1);
                let depth = self.frames.len();
                self.until_blockquote.pop_if(|at| *at >= depth);
            }
            Container::Signature => self.signatures = self.signatures.saturating_sub(1),
            Container::Hidden => self.hidden = self.hidden.saturating_sub(1),
            Container::Plain | Container::QuoteRest => {}
        }
    }

    fn item(&mut self) {
        self.end_line();
        let depth = self.lists.len().clamp(1, MOST_INDENTS);
        let mut bullet = "  ".repeat(depth - 1);
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                bullet.push_str(&format!("{number}. "));
            }
            _ => bullet.push_str("- "),
        }
        self.bullet = Some(bullet);
    }

    fn image(&mut self, attributes: &Attributes<'_>) {
        let alt = attributes.alt;
        if is_alternative(alt) && !containers_hide(attributes) {
            self.text(alt);
        }
    }

    fn end_link(&mut self) {
        if let Some((href, words)) = self.link.take()
            && let Some(note) = links::note(&href, &words)
            && self.hidden == 0
            && !self.line.is_empty()
        {
            self.line.push_str(&note);
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        entities::decode(text, &mut decoded);
        self.say(&decoded);
        self.decoded = decoded;
    }

    fn say(&mut self, text: &str) {
        for c in text.chars() {
            if c == '\n' && self.preformatted > 0 {
                self.end_line_or_part();
            } else if c.is_whitespace()
                && (self.preformatted == 0 || self.line.is_empty() && c == '\r')
            {
                self.spaced = true;
            } else if !matches!(c, '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{34f}' | '\0') {
                self.push(c);
            }
        }
    }

    fn push(&mut self, c: char) {
        if self.line.is_empty() {
            self.begin_line(c);
        } else if self.spaced {
            self.line.push(' ');
        }
        if let Some((_, words)) = &mut self.link {
            if self.spaced {
                words.push(' ');
            }
            words.push(c);
        }
        self.spaced = false;
        self.line.push(c);
    }

    fn begin_line(&mut self, c: char) {
        if c == '-' && !self.until_blockquote.is_empty() {
            // "---------- Forwarded message": the whole container is the mail passed on
            self.until_blockquote.clear();
        }
        if std::mem::take(&mut self.parted) {
            self.blank_line();
        }
        if let Some(bullet) = self.bullet.take() {
            self.line.push_str(&bullet);
        }
    }

    /// Ends the line, and leaves a blank one when it was empty already: what `br` does.
    fn end_line_or_part(&mut self) {
        if self.line.is_empty() {
            self.parted = !self.lines.is_empty();
        }
        self.end_line();
    }

    /// Ends the line and parts it from the next text.
    fn part(&mut self) {
        self.end_line();
        self.parted = !self.lines.is_empty() && self.bullet.is_none();
    }

    fn end_line(&mut self) {
        self.spaced = false;
        if self.line.is_empty() {
            return;
        }
        let mut text = markers(self.depth());
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(self.line.trim_end());
        self.line.clear();
        self.lines.push(Line {
            text,
            in_signature: self.signatures > 0 && self.depth() == 0,
        });
    }

    /// A blank line, quoted as deep as both its neighbours are.
    fn blank_line(&mut self) {
        let Some(last) = self.lines.last() else {
            return;
        };
        let before = last.text.bytes().take_while(|b| *b == b'>').count();
        self.lines.push(Line {
            text: markers(before.min(self.depth())),
            in_signature: last.in_signature && self.signatures > 0,
        });
    }

    fn depth(&self) -> usize {
        (self.quotes + usize::from(self.is_rest_quoted)).min(MOST_MARKERS)
    }
}

/// Text in place of an image, not the name of its file.
fn is_alternative(alt: &str) -> bool {
    let is_file = [".png", ".jpg", ".jpeg", ".gif"]
        .iter()
        .any(|end| alt.ends_with(end));
    !alt.trim().is_empty() && alt.len() <= 100 && !is_file
}

fn markers(depth: usize) -> String {
    ">".repeat(depth)
}

/// Such a span breaks no line.
fn is_inline(container: Container) -> bool {
    matches!(container, Container::Plain | Container::Hidden)
}

fn containers_hide(attributes: &Attributes<'_>) -> bool {
    containers::of(attributes) == Container::Hidden
}
