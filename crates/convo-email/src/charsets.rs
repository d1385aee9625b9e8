//! Bytes to text: charsets that lie, transfer encodings that are broken.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use charset::Charset;
use mailparse::ParsedContentType;
use mailparse::body::Body;

/// Base64 that asks for no padding and no clean last bits.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Text in the charset a mail names, or in the one it evidently is in.
///
/// A label that is missing, unknown or a Latin one gives way to UTF-8 where the bytes are valid
/// UTF-8; a wrong `utf-8` gives way to windows-1252. U+0000 becomes U+FFFD.
pub(crate) fn text(bytes: &[u8], label: Option<&str>) -> String {
    let label = label.map(str::trim).unwrap_or_default();
    let named = Charset::for_label_no_replacement(label.as_bytes());
    let weak = match named {
        None => true,
        Some(charset) => matches!(charset.name(), "windows-1252" | "UTF-8"),
    };
    let decoded = match (std::str::from_utf8(bytes), named) {
        (Ok(text), _) if weak => Cow::Borrowed(text),
        (Err(_), None) => latin(bytes),
        (Err(_), Some(charset)) if charset.name() == "UTF-8" => mostly_utf8(bytes),
        (_, Some(charset)) => charset.decode(bytes).0,
        (Ok(text), None) => Cow::Borrowed(text),
    };
    without_nul(decoded.trim_start_matches('\u{FEFF}'))
}

/// A header's bytes: UTF-8, else windows-1252, which contains Latin-1.
pub(crate) fn header_text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => latin(bytes),
    }
}

/// The text with U+0000, which PostgreSQL cannot store, replaced.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn latin(bytes: &[u8]) -> Cow<'_, str> {
    match Charset::for_label(b"windows-1252") {
        Some(charset) => charset.decode_without_bom_handling(bytes).0,
        None => String::from_utf8_lossy(bytes),
    }
}

/// UTF-8 with some broken characters, unless more is broken than right: then it never was UTF-8.
fn mostly_utf8(bytes: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(bytes);
    let broken = lossy.chars().filter(|c| *c == '\u{FFFD}').count();
    let right = lossy.chars().filter(|c| !c.is_ascii()).count() - broken;
    if broken > right { latin(bytes) } else { lossy }
}

/// A body without its transfer encoding; what cannot be decoded stays as it is.
///
/// The second value is plain text that stood behind a base64 body: the footer a mailing list adds.
pub(crate) fn transfer_decoded<'a>(body: &'a [u8], encoding: &str) -> (Cow<'a, [u8]>, &'a [u8]) {
    match encoding {
        "base64" => base64_body(body),
        "quoted-printable" => (Cow::Owned(quoted_printable(body)), &[]),
        _ => (Cow::Borrowed(body), &[]),
    }
}

fn base64_body(body: &[u8]) -> (Cow<'_, [u8]>, &[u8]) {
    if is_plain_text(body) {
        return (Cow::Borrowed(body), &[]);
    }
    let (encoded, rest) = body.split_at(end_of_base64(body));
    let bytes = base64(encoded);
    if bytes.is_empty() && !encoded.trim_ascii().is_empty() {
        return (Cow::Borrowed(body), &[]);
    }
    (Cow::Owned(bytes), rest)
}

/// Whether a body only claims to be base64: its first line has blanks and other characters.
fn is_plain_text(body: &[u8]) -> bool {
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let foreign = |byte: &u8| !is_base64(*byte) && !matches!(byte, b'=' | b' ');
    first.contains(&b' ') && first.iter().any(foreign)
}

/// Where the base64 ends and a footer in plain text begins.
fn end_of_base64(body: &[u8]) -> usize {
    let mut end = 0;
    let mut seen = false;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii();
        let encoded = content.iter().all(|byte| is_base64(*byte) || *byte == b'=');
        // A damaged line among others is no footer; the blank in a footer's words tells.
        if seen && !encoded && content.contains(&b' ') || content.starts_with(b"____") {
            return end;
        }
        end += line.len();
        seen |= encoded && !content.is_empty();
        if seen && content.ends_with(b"=") {
            return end;
        }
    }
    end
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Base64 with anything else skipped, padding optional.
pub(crate) fn base64(encoded: &[u8]) -> Vec<u8> {
    let mut clean: Vec<u8> = encoded
        .iter()
        .copied()
        .filter(|byte| is_base64(*byte))
        .collect();
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    TOLERANT.decode(&clean).unwrap_or_default()
}

/// Quoted-printable; raw 8-bit bytes, which do not belong there, survive.
pub(crate) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let escaped = escape_8bit(body);
    let kind = ParsedContentType::default();
    let encoding = Some("quoted-printable".to_owned());
    match Body::new(&escaped, &kind, &encoding) {
        Body::QuotedPrintable(encoded) => encoded.get_decoded().unwrap_or_else(|_| body.to_vec()),
        _ => body.to_vec(),
    }
}

fn escape_8bit(body: &[u8]) -> Cow<'_, [u8]> {
    let odd = |byte: u8| !matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    if !body.iter().any(|byte| odd(*byte)) {
        return Cow::Borrowed(body);
    }
    let mut escaped = Vec::with_capacity(body.len() + body.len() / 2);
    for byte in body {
        if odd(*byte) {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            escaped.extend([b'=', HEX[high], HEX[low]]);
        } else {
            escaped.push(*byte);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], label: Option<&str>, expected: &str) {
        assert_eq!(text(bytes, label), expected, "{label:?}");
    }

    #[test]
    fn charsets_and_their_lies() {
        check(b"plain", None, "plain");
        check("grün".as_bytes(), None, "grün");
        check("grün".as_bytes(), Some("us-ascii"), "grün");
        check("grün".as_bytes(), Some("iso-8859-1"), "grün");
        check(b"gr\xFCn", Some("iso-8859-1"), "grün");
        check(b"gr\xFCn", Some("utf-8"), "grün");
        check(b"gr\xFCn", Some("no-such-charset"), "grün");
        check(b"gr\xFCn", None, "grün");
        check(b"\x93q\x94", Some("iso-8859-1"), "\u{201C}q\u{201D}");
        check(b"\xF0\xD2\xC9\xD7\xC5\xD4", Some("KOI8-R"), "Привет");
        check(b"\x1B$B$3\x1B(B", Some("ISO-2022-JP"), "こ");
        check(b"+AOQ-", Some("utf-7"), "ä");
        check(b"a\0b", Some("utf-8"), "a\u{FFFD}b");
        check(b"\xEF\xBB\xBFbom", Some("utf-8"), "bom");
        check(
            "äöü äöü \u{FFFD}".as_bytes(),
            Some("utf-8"),
            "äöü äöü \u{FFFD}",
        );
        check(b"\xC3\xA4\xC3\xB6\xC3", Some("utf-8"), "äö\u{FFFD}");
    }

    fn check_base64(body: &str, expected: &str, footer: &str) {
        let (bytes, rest) = transfer_decoded(body.as_bytes(), "base64");
        let read = (
            String::from_utf8_lossy(&bytes).into_owned(),
            String::from_utf8_lossy(rest),
        );
        assert_eq!(read, (expected.to_owned(), footer.into()), "{body:?}");
    }

    #[test]
    fn broken_base64() {
        check_base64("aGVsbG8gd29ybGQ=", "hello world", "");
        check_base64("aGVsbG8gd29ybGQ", "hello world", "");
        check_base64("aGVs\r\nbG8g\r\nd29ybGQ=\r\n", "hello world", "");
        check_base64("aGVsb!G8gd29ybGQ", "hello world", "");
        check_base64(
            "aGVsbG8gd29ybGQ=\r\nfooter of a list\r\n",
            "hello world",
            "footer of a list\r\n",
        );
        check_base64("aGVsbG8g\n_____\nfooter\n", "hello ", "_____\nfooter\n");
        check_base64("aGVsbG8g\nThe list footer\n", "hello ", "The list footer\n");
        check_base64("a", "a", "");
        check_base64("", "", "");
    }

    #[test]
    fn quoted_printable_with_raw_bytes() {
        assert_eq!(
            quoted_printable(b"gr=FCn=\r\n gr\xFCn =zz"),
            b"gr\xFCn gr\xFCn =zz"
        );
    }
}
