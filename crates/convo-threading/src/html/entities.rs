//! Character references: `&amp;`, `&#8217;`, `&eacute;`.

/// The longest name looked for, in bytes.
const LONGEST: usize = 10;

/// Appends the text to `out` with its character references resolved; unknown ones stay as written.
pub(super) fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        match reference(after) {
            Some((c, length)) => {
                out.push(c);
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// The character of a reference at the start of the text, and the reference's length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, start) = match number.strip_prefix(['x', 'X']) {
            Some(hex) => (hex, 16, 3),
            None => (number, 10, 2),
        };
        let length = digits
            .bytes()
            .take(8)
            .take_while(|b| char::from(*b).is_digit(radix))
            .count();
        let value = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        let end = start + length;
        return Some((numbered(value), end + semicolon(text, end)));
    }
    let length = body
        .bytes()
        .take(LONGEST)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let name = body.get(..length)?;
    let end = 1 + length;
    let closed = semicolon(text, end);
    // without the semicolon only the names of old HTML are read: `&copy` but not `&euro`
    let c = named(name).filter(|c| closed == 1 || (*c as u32) < 256)?;
    Some((c, end + closed))
}

fn semicolon(text: &str, at: usize) -> usize {
    usize::from(text.as_bytes().get(at) == Some(&b';'))
}

/// Numbers 128 to 159 mean Windows' characters there.
fn numbered(value: u32) -> char {
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let windows = value
        .checked_sub(128)
        .and_then(|at| WINDOWS.get(usize::try_from(at).ok()?).copied());
    match windows {
        Some(c) => c,
        None if value == 0 => '\u{fffd}',
        None => char::from_u32(value).unwrap_or('\u{fffd}'),
    }
}

/// Names of U+00A0 to U+00FF, in order.
#[rustfmt::skip]
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde",
    "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml",
    "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc",
    "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
    "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

fn named(name: &str) -> Option<char> {
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "ndash" => '–',
        "mdash" => '—',
        "horbar" => '―',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "lsaquo" => '‹',
        "rsaquo" => '›',
        "bull" => '•',
        "hellip" => '…',
        "euro" => '€',
        "trade" => '™',
        "dagger" => '†',
        "permil" => '‰',
        "prime" => '′',
        "minus" => '−',
        "ne" => '≠',
        "le" => '≤',
        "ge" => '≥',
        "larr" => '←',
        "rarr" => '→',
        "uarr" => '↑',
        "darr" => '↓',
        "hearts" => '♥',
        "check" => '✓',
        "star" => '☆',
        "oelig" => 'œ',
        "OElig" => 'Œ',
        "scaron" => 'š',
        "Scaron" => 'Š',
        "zcaron" => 'ž',
        "Zcaron" => 'Ž',
        "Yuml" => 'Ÿ',
        "fnof" => 'ƒ',
        "circ" => 'ˆ',
        "tilde" => '˜',
        "ensp" | "emsp" | "thinsp" | "hairsp" | "numsp" => ' ',
        "Tab" => '\t',
        "NewLine" => '\n',
        "commat" => '@',
        "colon" => ':',
        "comma" => ',',
        "period" => '.',
        "excl" => '!',
        "quest" => '?',
        "num" => '#',
        "dollar" => '$',
        "percnt" => '%',
        "ast" => '*',
        "plus" => '+',
        "equals" => '=',
        "lpar" => '(',
        "rpar" => ')',
        "lsqb" => '[',
        "rsqb" => ']',
        "sol" => '/',
        "bsol" => '\\',
        "lowbar" => '_',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        _ => return latin(name),
    })
}

fn latin(name: &str) -> Option<char> {
    if !(3..=6).contains(&name.len()) {
        return None;
    }
    let at = LATIN.iter().position(|known| *known == name)?;
    char::from_u32(0xa0 + u32::try_from(at).ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        decode(text, &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn references() {
        check("a &amp; b", "a & b");
        check("&lt;a&gt;", "<a>");
        check("&auml;&ouml;&uuml;&szlig;&yuml;&nbsp;", "äöüßÿ\u{a0}");
        check("&#8217;&#x2019;&#146;&#x1F600;", "’’’😀");
        check("&copy 2024 &euro 5 &euro; 5", "© 2024 &euro 5 € 5");
        check(
            "AT&T, a&b, &, &;, &#;, &#x;, &bogus;",
            "AT&T, a&b, &, &;, &#;, &#x;, &bogus;",
        );
        check("&#0;&#xD800;&#99999999;", "\u{fffd}\u{fffd}\u{fffd}");
    }

    /// Source: <https://html.spec.whatwg.org/multipage/named-characters.html>
    #[test]
    fn names() {
        for (names, characters) in [
            ("amp AMP lt LT gt GT quot QUOT apos", "&&<<>>\"\"'"),
            (
                "ndash mdash horbar lsquo rsquo sbquo ldquo rdquo bdquo",
                "–—―‘’‚“”„",
            ),
            (
                "lsaquo rsaquo bull hellip euro trade dagger permil prime",
                "‹›•…€™†‰′",
            ),
            (
                "minus ne le ge larr rarr uarr darr hearts check star",
                "−≠≤≥←→↑↓♥✓☆",
            ),
            (
                "oelig OElig scaron Scaron zcaron Zcaron Yuml fnof circ tilde",
                "œŒšŠžŽŸƒˆ˜",
            ),
            // Of blanks of many widths one is enough to read.
            ("ensp emsp thinsp hairsp numsp Tab NewLine", "     \t\n"),
            (
                "commat colon comma period excl quest num dollar percnt",
                "@:,.!?#$%",
            ),
            (
                "ast plus equals lpar rpar lsqb rsqb sol bsol lowbar",
                "*+=()[]/\\_",
            ),
            ("zwnj zwj lrm rlm", "\u{200c}\u{200d}\u{200e}\u{200f}"),
            ("nbsp not divide ordm thorn yuml Agrave", "\u{a0}¬÷ºþÿÀ"),
        ] {
            let text: String = names.split(' ').map(|name| format!("&{name};")).collect();
            check(&text, characters);
        }
    }

    #[test]
    fn numbers() {
        check("&#128;&#159;&#160;&#127;", "€Ÿ\u{a0}\u{7f}");
        check("&#65&#x41B&#X41;", "A\u{41b}A");
        check("&#0000065;&#00000065;", "AA");
        check("&ampx &amp", "&ampx &");
    }
}
