//! What the containers of the mail clients mean.

use super::tokens::Attributes;

/// What an element does to the text inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// Nothing of interest here.
    Plain,
    /// Its text is quoted.
    Quote,
    /// Gmail's: quoted up to the first blockquote in it, then only what blockquotes hold.
    GmailQuote,
    /// From here on the rest of the mail is quoted.
    QuoteRest,
    /// Its text is the writer's signature.
    Signature,
    /// Its text is not shown.
    Hidden,
}

/// Class names of quotes; clients that pass a mail on put their own prefix before them.
const QUOTE_CLASSES: &[&str] = &[
    "yahoo_quoted",
    "moz-cite-prefix",
    "gmail_attr",
    "protonmail_quote",
    "tutanota_quote",
    "zmail_extra",
    "moz-forward-container",
    "sh-quoted-content",
    "quoted-mail",
    "cite_prefix",
    "skiff_quote",
    "front-quote",
];

/// Ids of quotes.
const QUOTE_IDS: &[&str] = &[
    "yahoo_quoted",
    "yahoo-quoted",
    "isReplyContent",
    "isForwardContent",
    "mail-editor-reference-message-container",
];

/// Ids after which everything is quoted.
const REST_IDS: &[&str] = &[
    "divRplyFwdMsg",
    "appendonsend",
    "OLK_SRC_BODY_SECTION",
    "stopSpelling",
    "zwchr",
    "ms-outlook-mobile-reference-message",
    "divtagdefaultwrapper_reply",
];

/// Classes after which everything is quoted.
const REST_CLASSES: &[&str] = &[
    "OutlookMessageHeader",
    "ms-outlook-mobile-reference-message",
    "BodyFragment_reply",
];

const SIGNATURES: &[&str] = &[
    "gmail_signature",
    "moz-signature",
    "protonmail_signature_block",
    "AppleMailSignature",
    "ms-outlook-mobile-signature",
    "tutanota_signature",
    "yahoo_signature",
    "ydpsignature",
    "x_gmail_signature",
    "mail-signature",
];

/// Reads the attributes of any element but a `blockquote`.
pub(super) fn of(attributes: &Attributes<'_>) -> Container {
    if is_hidden(attributes) {
        return Container::Hidden;
    }
    let (class, id) = (attributes.class, attributes.id);
    if class.is_empty() && id.is_empty() && attributes.marker.is_empty() {
        return Container::Plain;
    }
    let has = |text: &str, names: &[&str]| names.iter().any(|name| text.contains(name));
    if has(id, REST_IDS)
        || has(class, REST_CLASSES)
        || has(
            attributes.marker,
            &["__QUOTED_TEXT__", "OLK_SRC_BODY_SECTION"],
        )
    {
        Container::QuoteRest
    } else if class.contains("gmail_quote") {
        Container::GmailQuote
    } else if has(class, QUOTE_CLASSES) || has(id, QUOTE_IDS) {
        Container::Quote
    } else if has(class, SIGNATURES)
        || has(id, SIGNATURES)
        || attributes.marker == "gmail_signature"
        || matches!(id, "Signature" | "x_Signature" | "signature")
    {
        Container::Signature
    } else {
        Container::Plain
    }
}

/// Reads the attributes of a `blockquote`: a quote, unless it only indents.
pub(super) fn of_blockquote(attributes: &Attributes<'_>) -> Container {
    if is_hidden(attributes) {
        return Container::Hidden;
    }
    let style = squeezed(attributes.style);
    let indents = attributes.class.is_empty()
        && style.contains("margin:00040px")
        && (style.contains("border:none") || style.contains("border:medium"));
    if indents {
        Container::Plain
    } else {
        Container::Quote
    }
}

fn is_hidden(attributes: &Attributes<'_>) -> bool {
    attributes.is_hidden
        || (!attributes.style.is_empty() && squeezed(attributes.style).contains("display:none"))
}

/// In lower case, without white space; styles that matter here are short.
fn squeezed(style: &str) -> String {
    style
        .chars()
        .take(400)
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
