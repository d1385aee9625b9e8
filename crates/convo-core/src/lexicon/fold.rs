//! Text as the lexicon compares it, with the way back to the bytes as given.

/// Folded text: lower case, accents off, one space between words, and a `\n` where a line or
/// paragraph ends a thought.
///
/// Quotation marks and other decoration are dropped, hyphens between letters are spaces, dashes
/// are `;`, addresses and links are one [`BLANK`]. The result is at most twice as long as the text.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) text: String,
    /// (position in `text`, position in the original) wherever their difference changes.
    anchors: Vec<(usize, usize)>,
}

/// Stands for an address or link, so that its words say nothing.
pub(super) const BLANK: char = '\u{1}';

/// Lines shorter than this that are followed by a capital end a thought; longer ones were wrapped.
const SHORT_LINE_BYTES: usize = 45;

impl Folded {
    pub(super) fn new(original: &str) -> Self {
        let mut folded = Self {
            text: String::with_capacity(original.len()),
            anchors: Vec::new(),
        };
        let mut at = 0;
        let mut line_start = 0;
        while at < original.len() {
            let rest = &original[at..];
            let gap = rest.len() - rest.trim_start().len();
            let (space, rest) = rest.split_at(gap);
            if rest.is_empty() {
                break;
            }
            folded.space(space, rest, at - line_start, at);
            if let Some(newline) = space.rfind('\n') {
                line_start = at + newline + 1;
            }
            at += gap;
            let token = rest.split(char::is_whitespace).next().unwrap_or(rest);
            folded.token(token, at);
            at += token.len();
        }
        folded
    }

    /// The bytes of the original that the range `start..end` of the folded text came from.
    pub(super) fn original_range(
        &self,
        original: &str,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        let first = original.floor_char_boundary(self.original_position(start));
        let last = original.floor_char_boundary(self.original_position(end.max(1) - 1));
        let width = original[last..].chars().next().map_or(0, char::len_utf8);
        (first, (last + width).max(first))
    }

    fn original_position(&self, position: usize) -> usize {
        let after = self
            .anchors
            .partition_point(|(folded, _)| *folded <= position);
        match after.checked_sub(1).and_then(|i| self.anchors.get(i)) {
            Some((folded, original)) => original + (position - folded),
            None => position,
        }
    }

    fn emit(&mut self, character: char, original: usize) {
        let here = self.text.len();
        let expected = self
            .anchors
            .last()
            .map_or(here, |(folded, o)| o + (here - folded));
        if expected != original {
            match self.anchors.last_mut() {
                // Several characters out of one share its first anchor.
                Some(last) if last.0 == here => last.1 = original,
                _ => self.anchors.push((here, original)),
            }
        }
        self.text.push(character);
    }

    fn space(&mut self, space: &str, next: &str, line_bytes: usize, at: usize) {
        if self.text.is_empty() {
            return;
        }
        let newlines = space.bytes().filter(|byte| *byte == b'\n').count();
        let ends = match newlines {
            0 => false,
            1 => {
                starts_item(next)
                    || (line_bytes < SHORT_LINE_BYTES && next.starts_with(char::is_uppercase))
            }
            _ => true,
        };
        let mark = if ends { '\n' } else { ' ' };
        if ends || !self.text.ends_with(' ') {
            self.emit(mark, at);
        }
    }

    fn token(&mut self, token: &str, at: usize) {
        if is_address(token) {
            let bare = token.trim_end_matches(['.', ',', '!', '?', ';', ':', ')', '>']);
            self.emit(BLANK, at);
            for (offset, character) in token[bare.len()..].char_indices() {
                self.emit(character, at + bare.len() + offset);
            }
            return;
        }
        let mut characters = token.char_indices().peekable();
        let mut before = ' ';
        while let Some((offset, character)) = characters.next() {
            let after = characters.peek().map_or(' ', |(_, next)| *next);
            self.character(character, before, after, at + offset);
            before = character;
        }
    }

    fn character(&mut self, character: char, before: char, after: char, at: usize) {
        match character {
            '’' | '‘' | 'ʼ' | '`' | '´' => self.emit('\'', at),
            '"' | '“' | '”' | '„' | '«' | '»' | '*' | '_' | '>' | '<' | '~' => {}
            '…' => self.emit('.', at),
            '¿' | '¡' | '•' | '·' => self.emit(';', at),
            '-' | '‐' | '‑' | '–' | '—' => {
                let mark = if before.is_ascii_digit() && after.is_ascii_digit() {
                    '-'
                } else if before.is_alphanumeric() && after.is_alphanumeric() {
                    ' '
                } else {
                    ';'
                };
                self.emit(mark, at);
            }
            _ if character.is_ascii() => self.emit(character.to_ascii_lowercase(), at),
            _ => fold_character(character, |folded| self.emit(folded, at)),
        }
    }
}

/// Folds a phrase of a pack as [`Folded`] folds a message.
pub(super) fn fold_phrase(phrase: &str) -> String {
    Folded::new(phrase).text
}

fn starts_item(line: &str) -> bool {
    let mut characters = line.chars();
    match characters.next() {
        Some('-' | '*' | '•' | '–' | '·') => true,
        Some(digit) if digit.is_ascii_digit() => {
            matches!(characters.next(), Some('.' | ')'))
        }
        _ => false,
    }
}

fn is_address(token: &str) -> bool {
    token.contains('@') || token.contains("://") || token.starts_with("www.")
}

/// Lower case without accents; `ß` and ligatures become two letters.
fn fold_character(character: char, mut emit: impl FnMut(char)) {
    for lower in character.to_lowercase() {
        let plain = match lower {
            'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
            'æ' => "ae",
            'ç' | 'ć' | 'č' => "c",
            'ď' | 'đ' | 'ð' => "d",
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
            'ğ' => "g",
            'ì'..='ï' | 'ī' | 'į' | 'ı' => "i",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
            'œ' => "oe",
            'ř' => "r",
            'ś' | 'ş' | 'š' => "s",
            'ß' => "ss",
            'ť' | 'ţ' => "t",
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            // Combining marks, soft hyphen, zero-width characters.
            '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => "",
            other => {
                emit(other);
                continue;
            }
        };
        plain.chars().for_each(&mut emit);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(Folded::new(text).text, expected, "{text:?}");
    }

    #[test]
    fn folds() {
        check("Réponse, s’il vous plaît", "reponse, s'il vous plait");
        check("re\u{301}ponse", "reponse");
        check("Straße GROẞ Œuvre", "strasse gross oeuvre");
        check("E-Mail  test-drive\tnow", "e mail test drive now");
        check("yes - but", "yes ; but");
        check("0171-1234", "0171-1234");
        check("*Stop* \"it\"", "stop it");
        check("see https://x.example/unsubscribe. ok", "see \u{1}. ok");
        check("to stop@x.example, ok", "to \u{1}, ok");
        check("Not today\nStop", "not today\nstop");
        check("I am not\ninterested", "i am not interested");
        check("one\n\ntwo", "one\ntwo");
        check("one:\n- two", "one:\n; two");
        check("  \n ", "");
    }

    #[test]
    fn finds_the_way_back() {
        let text = "Ça  va: „Straße“ é\u{301}té ende";
        let folded = Folded::new(text);
        for (word, expected) in [
            ("ca", "Ça"),
            ("va", "va"),
            ("strasse", "Straße"),
            ("ete", "é\u{301}té"),
            ("ende", "ende"),
        ] {
            let start = folded.text.find(word).unwrap();
            let (first, last) = folded.original_range(text, start, start + word.len());
            assert_eq!(&text[first..last], expected);
        }
    }
}
