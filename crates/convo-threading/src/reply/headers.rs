//! The header block that Outlook and its like put over a quote instead of an intro line.

use super::dates::has_date;
use super::labels::{self, Label};
use super::lines::{LONGEST, Line};

/// Lines a block may have, with the wrapped rests of its fields.
const MOST_LINES: usize = 14;
/// Lines in a row that are no field: the rest of a wrapped one.
const MOST_WRAPPED: usize = 2;

/// The last line of the header block that starts at line `at`, if one does.
///
/// Two different fields are needed and an address among them, or three with a subject; a lone
/// `Date:` or `From: Berlin` over `To: Munich` belongs to the writer.
pub(super) fn ends(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let first = field(lines.get(at)?.text)?;
    if first == Label::Other {
        return None;
    }
    let mut seen = Seen::default();
    let mut wrapped = 0;
    let mut end = at;
    for (at, line) in lines.iter().enumerate().skip(at).take(MOST_LINES) {
        if let Some(label) = field(line.text) {
            seen.add(label, line.text);
            wrapped = 0;
            end = at;
            continue;
        }
        if seen.is_block() && (line.text.is_empty() || line.marked) {
            break;
        }
        wrapped += 1;
        if wrapped > MOST_WRAPPED {
            break;
        }
        seen.address |= seen.fields() < 2 && is_address_line(line.text);
        if seen.is_block() {
            end = at;
        }
    }
    seen.is_block().then_some(end)
}

/// Whether the line is a field of a header block.
pub(super) fn field(text: &str) -> Option<Label> {
    labels::split(text).map(|(label, _)| label)
}

fn is_address_line(text: &str) -> bool {
    text.len() <= LONGEST && text.contains('@') && text.split_whitespace().count() <= 6
}

#[derive(Debug, Default)]
struct Seen {
    from: bool,
    to: bool,
    date: bool,
    subject: bool,
    address: bool,
}

impl Seen {
    fn add(&mut self, label: Label, text: &str) {
        match label {
            Label::From => self.from = true,
            Label::To => self.to = true,
            Label::Date => self.date = true,
            Label::Subject => self.subject = true,
            Label::Other => {}
        }
        let text = head(text);
        self.address |= matches!(label, Label::From | Label::To) && text.contains('@');
        self.add_inline(text);
    }

    /// Fields that a converter ran together on one line: `From: a@example.com Date: Mon, 5 May …`.
    fn add_inline(&mut self, text: &str) {
        for (colon, _) in text.match_indices(':').skip(1).take(16) {
            let before = text.get(..colon).unwrap_or_default().trim_end();
            let name = before.split_whitespace().next_back().unwrap_or_default();
            match labels::named(name) {
                Some(Label::From) => self.from = true,
                Some(Label::To) => self.to = true,
                Some(Label::Subject) => self.subject = true,
                Some(Label::Date) => self.date |= has_date(text.get(colon..).unwrap_or_default()),
                Some(Label::Other) | None => {}
            }
        }
    }

    fn fields(&self) -> usize {
        [self.from, self.to, self.date, self.subject]
            .into_iter()
            .filter(|seen| *seen)
            .count()
    }

    fn is_block(&self) -> bool {
        (self.from || self.to)
            && (self.fields() >= 2 && self.address || self.fields() >= 3 && self.subject)
    }
}

/// The beginning of a line that is long because many recipients stand in it.
fn head(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
