//! The pack as a page: the same value, for people.

use std::fmt::Write as _;

use serde_json::Value;

/// The page's only style; a policy names it by its digest.
pub const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f}\
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #ccc}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dt{color:#555}dd{margin:0}\
blockquote{margin:.2rem 0 .2rem 1rem;padding-left:.6rem;border-left:3px solid #88a;white-space:pre-wrap}\
cite,.m{color:#555;font-size:.85rem;font-style:normal;overflow-wrap:anywhere}ul{padding-left:1.2rem}\
form{display:inline}button{font:inherit;padding:.5rem 1.2rem;cursor:pointer}";

/// A pack as HTML; nothing of it is loaded from elsewhere, and nothing in it runs.
#[must_use]
pub fn handover_page(pack: &Value) -> String {
    let mut page = Page(String::new());
    page.head(&text(&pack["headline"]));
    page.raw("<h1>")
        .say(&pack["headline"])
        .raw("</h1><p class=m>");
    page.say(&pack["subject"])
        .raw(" · ")
        .say(&pack["state"])
        .raw(" · as of ");
    page.say(&pack["asOf"]).raw("</p>");
    page.who(&pack["who"]);
    page.list("What they want", &pack["wants"], &["signal", "class"]);
    page.list("Topics", &pack["topics"], &["topic"]);
    page.list("Open questions", &pack["openQuestions"], &[]);
    page.last_reply(&pack["lastReply"]);
    page.raw("<h2>Next step</h2><p>")
        .say(&pack["nextStep"]["text"])
        .raw("</p>");
    page.list("Risks", &pack["risks"], &["risk"]);
    page.scores(&pack["scores"]);
    page.timeline(&pack["timeline"]);
    page.raw("</body></html>\n");
    page.0
}

struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    fn say(&mut self, value: &Value) -> &mut Self {
        escape(&text(value), &mut self.0);
        self
    }

    fn head(&mut self, title: &str) {
        self.raw("<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>");
        escape(title, &mut self.0);
        self.raw("</title><style>")
            .raw(STYLE)
            .raw("</style></head><body>");
    }

    fn who(&mut self, who: &Value) {
        self.raw("<h2>Who</h2><dl>");
        for (name, label) in [
            ("name", "Name"),
            ("email", "E-mail"),
            ("phone", "Phone"),
            ("interest", "Interest"),
            ("source", "Source"),
            ("language", "Language"),
            ("timeZone", "Time zone"),
            ("stage", "Stage"),
        ] {
            if !who[name].is_null() {
                self.raw("<dt>")
                    .raw(label)
                    .raw("</dt><dd>")
                    .say(&who[name])
                    .raw("</dd>");
            }
        }
        for (name, value) in who["attributes"].as_object().into_iter().flatten() {
            self.raw("<dt>")
                .say(&name.as_str().into())
                .raw("</dt><dd>")
                .say(value)
                .raw("</dd>");
        }
        self.raw("</dl>");
    }

    fn list(&mut self, title: &str, items: &Value, names: &[&str]) {
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            return;
        }
        self.raw("<h2>").raw(title).raw("</h2><ul>");
        for item in items {
            self.raw("<li>");
            for (at, name) in names.iter().enumerate() {
                self.raw(if at == 0 { "<b>" } else { " <span class=m>" });
                self.say(&item[*name])
                    .raw(if at == 0 { "</b>" } else { "</span>" });
            }
            for evidence in item["evidence"].as_array().into_iter().flatten() {
                self.evidence(evidence);
            }
            self.raw("</li>");
        }
        self.raw("</ul>");
    }

    fn evidence(&mut self, evidence: &Value) {
        if evidence["quote"].is_string() {
            self.raw("<blockquote>")
                .say(&evidence["quote"])
                .raw("</blockquote>");
        }
        self.raw(" <cite>")
            .say(&evidence["messageId"])
            .raw(" · ")
            .say(&evidence["at"])
            .raw("</cite>");
    }

    fn last_reply(&mut self, reply: &Value) {
        if reply.is_null() {
            return;
        }
        self.raw("<h2>Their last message</h2><blockquote>")
            .say(&reply["text"])
            .raw("</blockquote>");
        self.evidence(reply);
    }

    fn scores(&mut self, scores: &Value) {
        self.raw("<h2>Scores</h2><ul>");
        for name in ["engagement", "qualification", "readiness"] {
            let one = &scores[name];
            self.raw("<li><b>")
                .raw(name)
                .raw(" ")
                .say(&one["score"])
                .raw("</b><ul>");
            for reason in one["reasons"].as_array().into_iter().flatten() {
                self.raw("<li>")
                    .say(&reason["reason"])
                    .raw(" ")
                    .say(&reason["points"])
                    .raw("</li>");
            }
            self.raw("</ul></li>");
        }
        self.raw("</ul>");
    }

    fn timeline(&mut self, timeline: &Value) {
        self.raw("<h2>Timeline</h2><ul>");
        for entry in timeline["entries"].as_array().into_iter().flatten() {
            self.raw("<li><span class=m>")
                .say(&entry["at"])
                .raw("</span> ");
            match entry["what"].as_str() {
                Some("message") => {
                    self.say(&entry["direction"])
                        .raw(" ")
                        .say(&entry["author"])
                        .raw(" ");
                    self.say(&entry["kind"]).raw(": ").say(&entry["subject"]);
                    self.raw(" <cite>").say(&entry["messageId"]).raw("</cite>");
                }
                Some("step") => {
                    self.say(&entry["event"]).raw(" → ").say(&entry["toState"]);
                }
                Some("touch") => {
                    self.raw("touch ")
                        .say(&entry["channel"])
                        .raw(" ")
                        .say(&entry["note"]);
                }
                _ => {
                    self.say(&entry["stage"]);
                }
            }
            self.raw("</li>");
        }
        self.raw("</ul>");
        if timeline["omitted"].as_u64() > Some(0) {
            self.raw("<p class=m>")
                .say(&timeline["omitted"])
                .raw(" more in between</p>");
        }
    }
}

/// A value as people read it; nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes a text so that it stays one, in elements and in quoted attributes.
pub fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Direction marks would let a text reorder what stands around it.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "&#{};", u32::from('\u{FFFD}'));
            }
            c => out.push(c),
        }
    }
}
