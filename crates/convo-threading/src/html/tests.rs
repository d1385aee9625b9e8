//! Mail we wrote ourselves: how it reads, and what of it is the reply.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::{reply_and_text, to_text};

#[track_caller]
fn check(html: &str, text: &str) {
    assert_eq!(to_text(html), text, "{html}");
}

#[track_caller]
fn check_reply(html: &str, reply: &str) {
    let (found, full) = reply_and_text(html);
    assert_eq!(found.reply, reply, "{html}\n{full}");
}

#[test]
fn lines_and_paragraphs() {
    check("", "");
    check("a  b\n c", "a b c");
    check("a<br>b<br/><br>c", "a\nb\n\nc");
    check("<p>a</p><p>b</p>", "a\n\nb");
    check("<div>a</div><div>b</div>", "a\nb");
    check("<div>a</div><div><br></div><div>b</div>", "a\n\nb");
    check("<h1>a</h1>b", "a\n\nb");
    check("a<hr>b", "a\n------------------------\nb");
    check("<b>a</b><i> b</i>c", "a bc");
    check("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd");
}

#[test]
fn lists_tables_links_images() {
    check("<ul><li>a<li>b<ul><li>c</ul></ul>d", "- a\n- b\n  - c\n\nd");
    check("<ol><li>a</li><li><p>b</p></li></ol>", "1. a\n2. b");
    check(
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d",
        "a b\nc\nd",
    );
    check(
        "<a href=\"https://example.com/x\">our offer</a>!",
        "our offer <https://example.com/x>!",
    );
    check(
        "<a href='https://example.com/'>example.com</a>",
        "example.com",
    );
    check(
        "Ann &lt;<a href=\"mailto:a@example.com\">a@example.com</a>&gt;",
        "Ann <a@example.com>",
    );
    check("<img src=x alt=\"Our shop\"> <img src=y>", "Our shop");
    check("<img src=x alt=\"logo.png\">a<img src=x alt=\" \">", "a");
    check(&format!("<img src=x alt=\"{}\">a", "b".repeat(101)), "a");
    check(
        &format!("<img src=x alt=\"{}\">", "b".repeat(100)),
        &"b".repeat(100),
    );
    check("<img src=x alt=\"Our shop\" style=\"display:none\">a", "a");
}

#[test]
fn left_out() {
    check("<style>p{}</style><script>a<b</script><!-- c -->d", "d");
    check("<head><title>t</title></head><body>b</body>", "b");
    check(
        "<div style=\"display: none\">preview<div>x</div></div>b",
        "b",
    );
    check("a <span hidden>x</span>b", "a b");
    check("<!--[if mso]>x<![endif]-->b<![if !mso]>c<![endif]>", "bc");
}

#[test]
fn entities_and_broken_markup() {
    check("&lt;b&gt; &amp;amp; &eacute;&nbsp;&#8364;", "<b> &amp; é €");
    check("1 < 2 & 3 > 2", "1 < 2 & 3 > 2");
    check("</div>a</p></table>b", "a\n\nb");
    check("<p>a<div>b", "a\nb");
    check("a<", "a<");
    check("a<b", "a<b");
}

#[test]
fn quotes_are_marked() {
    check(
        "a<blockquote>b<blockquote>c</blockquote></blockquote>d",
        "a\n\n> b\n>\n>> c\n\nd",
    );
    check(
        "a<blockquote style=\"margin:0 0 0 40px;border:none;padding:0px\">b</blockquote>",
        "a\n\nb",
    );
}

#[test]
fn containers_of_clients() {
    for quote in [
        // Gmail
        "<div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Feb 5, 2024 Ann &lt;<a href=\"mailto:a@example.com\">a@example.com</a>&gt; wrote:<br></div>\
         <blockquote class=\"gmail_quote\" style=\"margin:0\">When?</blockquote></div>",
        "<div class=\"gmail_quote\">Any language at all:<br><blockquote>When?</blockquote></div>",
        "<div class=\"gmail_quote gmail_quote_container\">On Feb 5 Ann wrote:<div>When?</div></div>",
        "<div class=\"gmail_quote\">---------- Forwarded message ---------<br>From: Ann<br><blockquote>x</blockquote>When?</div>",
        // Outlook on the web, for mobile, for Mac, for Windows
        "<div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> Ann<br><b>Sent:</b> Monday</div><div>When?</div>",
        "<hr><div id=\"x_divRplyFwdMsg\">From: Ann</div><p>When?</p>",
        "<div id=\"mail-editor-reference-message-container\"><div>From: Ann</div>When?</div>",
        "<span id=\"OLK_SRC_BODY_SECTION\"><div>From: Ann</div><div>When?</div></span>",
        "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt\"><p class=MsoNormal><b>From:</b> Ann &lt;a@example.com&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Bob<br><b>Subject:</b> Car</p></div><p>When?</p>",
        // Hotmail, Yahoo, Zimbra, Yandex, mail.ru
        "<hr id=\"stopSpelling\">Date: Mon<br>When?",
        "<div id=\"ydp123yahoo_quoted_1\" class=\"yahoo_quoted\"><div>On Monday, Ann wrote:</div>When?</div>",
        "<hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\"><b>From: </b>Ann</div><div data-marker=\"__QUOTED_TEXT__\">When?</div>",
        "<div>05.02.2024, 16:58, \"Ann\" &lt;a@example.com&gt;:</div><blockquote><p>When?</p></blockquote>",
        "<blockquote style=\"border-left:1px solid #0857A6;margin:10px\">Monday, 5 February 2024<br>When?</blockquote>",
        // Thunderbird, Apple Mail, Proton
        "<div class=\"moz-cite-prefix\">Am 05.02.24 um 16:58 schrieb Ann:<br></div><blockquote type=\"cite\">When?</blockquote>",
        "<div><blockquote type=\"cite\"><div>On 5 Feb 2024, at 16:58, Ann wrote:</div><div>When?</div></blockquote></div>",
        "<div class=\"protonmail_quote\">On Monday, Ann wrote:<br><blockquote type=\"cite\">When?</blockquote></div>",
        // no container at all
        "<div>On 5 Feb 2024, at 16:58, Ann &lt;a@example.com&gt; wrote:</div><div>When?</div>",
    ] {
        check_reply(
            &format!("<html><body><div>Yes <b>please</b>.</div><br>{quote}</body></html>"),
            "Yes please.",
        );
    }
}

#[test]
fn answers_between_the_quotes_of_gmail() {
    check_reply(
        "<div class=\"gmail_quote\"><div class=\"gmail_attr\">On Feb 5 Ann wrote:</div><blockquote class=\"gmail_quote\">When?</blockquote>\
         <div>Now.</div><blockquote class=\"gmail_quote\">Where?</blockquote><div>Here.</div></div>",
        "Now.\n\nHere.",
    );
}

#[test]
fn a_container_ends_with_its_element() {
    check_reply(
        "<div class=\"yahoo_quoted\"><table><tr><td><div>x</td></tr></table>y</div>Bottom answer.",
        "Bottom answer.",
    );
    check_reply(
        "<blockquote><div><table></div></blockquote>x</table></div></blockquote>Bottom answer.",
        "Bottom answer.",
    );
}

#[test]
fn signature_containers() {
    let (found, full) = reply_and_text(
        "<div>Yes.</div><div class=\"gmail_signature\">Ann<br>Example Ltd</div><blockquote>old</blockquote>",
    );
    assert_eq!(found.reply, "Yes.");
    assert_eq!(found.signature.as_deref(), Some("Ann\nExample Ltd"));
    assert!(full.contains("Example Ltd") && full.contains("> old"));
    let (found, _) = reply_and_text("<div id=\"Signature\">Yes, typed in the wrong place.</div>");
    assert_eq!(found.reply, "Yes, typed in the wrong place.");
}

#[test]
fn deep_nesting_stays_small() {
    let deep = format!(
        "{}x{}",
        "<blockquote>".repeat(20_000),
        "</blockquote>".repeat(20_000)
    );
    assert_eq!(to_text(&deep), ">>>>> x");
    let deep = format!(
        "{}x{}",
        "<div><table>".repeat(20_000),
        "</table></div>".repeat(20_000)
    );
    assert_eq!(to_text(&deep), "x");
}

proptest! {
    #[test]
    fn any_text_has_an_answer(html in any::<String>()) {
        let _ = reply_and_text(&html);
    }

    #[test]
    fn tag_soup_has_an_answer(pieces in proptest::collection::vec(prop_oneof![
        Just("<div>"), Just("</div>"), Just("<div class=\"gmail_quote\">"), Just("<blockquote>"), Just("</blockquote>"),
        Just("<table>"), Just("</table>"), Just("<td>"), Just("<ul>"), Just("</ul>"), Just("<li>"), Just("<p>"), Just("<a href=x>"),
        Just("</a>"), Just("<span hidden>"), Just("</span>"), Just("<pre>"), Just("</pre>"), Just("word "), Just("&amp;"), Just("<!--"),
        Just("-->"), Just("<"), Just(">"), Just("<br>"), Just("<hr id=zwchr>"), Just("<div id=Signature>"), Just("\n"),
    ], 0..60)) {
        let (found, full) = reply_and_text(&pieces.concat());
        prop_assert!(found.reply.len() <= full.len());
        prop_assert_eq!(to_text(&pieces.concat()), full);
    }

    #[test]
    fn plain_words_pass_through(words in "[a-z]{1,9}( [a-z]{1,9}){0,9}") {
        prop_assert_eq!(to_text(&format!("<p>{words}</p>")), words);
    }
}
