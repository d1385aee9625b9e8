//! The elements of HTML that shape text.

/// What an element does to the lines around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// `br`.
    Break,
    /// `hr`.
    Rule,
    /// `img`.
    Image,
    /// `a`.
    Link,
    /// `li`.
    Item,
    /// `td`, `th`.
    Cell,
    /// A line of its own that needs no end tag: `tr`, `dt`, `dd`, `body`.
    Line,
    /// Blank lines around it, no end tag needed: `p`, headings.
    Paragraph,
    /// Nests, and must be followed to its end tag.
    Nested(Nested),
    /// Runs inside a line.
    Inline,
}

/// Elements kept on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nested {
    Div,
    Section,
    Span,
    Blockquote,
    Bullets,
    Numbers,
    Preformatted,
    Table,
}

/// How many kinds of [`Nested`] there are.
pub(super) const NESTED: usize = 8;

impl Element {
    pub(super) fn of(name: &str) -> Self {
        let mut lower = [0_u8; 12];
        let Some(lower) = lower.get_mut(..name.len()) else {
            return Self::Inline;
        };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        match &*lower {
            b"br" => Self::Break,
            b"hr" => Self::Rule,
            b"img" => Self::Image,
            b"a" => Self::Link,
            b"li" => Self::Item,
            b"td" | b"th" => Self::Cell,
            b"tr" | b"dt" | b"dd" | b"body" | b"html" | b"option" | b"caption" | b"legend" => {
                Self::Line
            }
            b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Self::Paragraph,
            b"div" => Self::Nested(Nested::Div),
            b"section" | b"article" | b"main" | b"header" | b"footer" | b"aside" | b"center"
            | b"form" | b"fieldset" | b"figure" | b"nav" | b"address" | b"dl" => {
                Self::Nested(Nested::Section)
            }
            b"span" => Self::Nested(Nested::Span),
            b"blockquote" => Self::Nested(Nested::Blockquote),
            b"ul" | b"menu" | b"dir" => Self::Nested(Nested::Bullets),
            b"ol" => Self::Nested(Nested::Numbers),
            b"pre" | b"listing" | b"plaintext" => Self::Nested(Nested::Preformatted),
            b"table" => Self::Nested(Nested::Table),
            _ => Self::Inline,
        }
    }
}
