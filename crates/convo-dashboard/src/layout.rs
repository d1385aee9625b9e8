//! What stands around every page.

use maud::{DOCTYPE, Markup, html};

use crate::Viewer;
use crate::show;

/// What the script needs, to keep a page as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The page's own address, with its query: what is asked for again.
    pub address: String,
    /// The epoch of the log.
    pub epoch: String,
    /// The head of the log before the page was made: what comes after it is not on the page.
    pub seq: i64,
    /// Subscriptions, with blanks between them; without any nothing is listened to.
    pub subscriptions: String,
    /// Seconds after which the page is asked for again without an event; 0 for never.
    pub poll: u32,
}

/// How many of each kind wait for a person; shown beside the place where they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// Conversations without an agent.
    pub handover: i64,
    /// Mail to decide on.
    pub reviews: i64,
    /// Drafts to approve.
    pub drafts: i64,
    /// Outgoing mails that were given up.
    pub mails: i64,
    /// Webhooks that were given up.
    pub receipts: i64,
    /// Where counting ended: so many are at least so many.
    pub most: i64,
}

impl Waits {
    fn at(self, place: &str) -> i64 {
        match place {
            "handover" => self.handover,
            "review" => self.reviews,
            "drafts" => self.drafts,
            "outbox" => self.mails,
            "receipts" => self.receipts,
            _ => 0,
        }
    }

    /// The number beside a place; nothing where nothing waits.
    fn mark(self, place: &str) -> Markup {
        let count = self.at(place);
        let more = if count >= self.most { "+" } else { "" };
        html! {
            @if count > 0 { " " span.count data-count=(count) { (count) (more) span.hidden { " waiting" } } }
        }
    }
}

/// A page.
#[derive(Debug)]
pub struct Page<'a> {
    /// Its name, in lower case: `overview`, `conversation`.
    pub name: &'static str,
    /// Its title, without the product's name.
    pub title: &'a str,
    /// Who looks; none before logging in.
    pub viewer: Option<&'a Viewer>,
    /// What keeps it as it is now.
    pub live: Option<&'a Live>,
    /// What waits for a person.
    pub waits: Waits,
    /// A restore has to be looked at before anything is sent.
    pub paused: bool,
    /// What it is made of.
    pub body: Markup,
}

/// The pages one can go to from everywhere.
const PLACES: [(&str, &str, &str); 10] = [
    ("/", "overview", "Overview"),
    ("/conversations", "conversations", "Conversations"),
    ("/handover", "handover", "Handover"),
    ("/leads", "leads", "Leads"),
    ("/figures", "figures", "Figures"),
    ("/review", "review", "Review"),
    ("/drafts", "drafts", "Drafts"),
    ("/outbox", "outbox", "Outbox"),
    ("/suppressions", "suppressions", "Suppressions"),
    ("/receipts", "receipts", "Receipts"),
];

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let live = self.live.cloned().unwrap_or_default();
        let listens = self.live.is_some().then_some(live.subscriptions.as_str());
        let markup = html! {
            (DOCTYPE)
            html lang="en" data-connection="off" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex, nofollow";
                    @if let Some(viewer) = self.viewer { meta name="csrf" content=(viewer.csrf); }
                    title { (show::line(self.title, "Convo")) " · Convo" }
                    link rel="stylesheet" href="/assets/style.css";
                    link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
                    script type="module" src="/assets/live.js" {}
                }
                body data-page=(self.name) data-self=[self.live.map(|live| live.address.as_str())]
                    data-epoch=[self.live.map(|live| live.epoch.as_str())] data-seq=[self.live.map(|live| live.seq)]
                    data-subscribe=[listens] data-poll=[(live.poll > 0).then_some(live.poll)] {
                    @if let Some(viewer) = self.viewer { (self.head(viewer)) }
                    main #main tabindex="-1" {
                        p #connection role="status" hidden {}
                        (self.pause())
                        (self.body)
                    }
                }
            }
        };
        markup.into_string()
    }

    /// Part of every page, so that the script takes the words away when they are not true any more.
    fn pause(&self) -> Markup {
        html! {
            @if self.viewer.is_some() {
                div #paused data-part role="status" {
                    @if self.paused {
                        p.alert {
                            "Paused after a restore: no mail is sent, and no timer fires. Look at what was restored, then run "
                            code { "convo-server resume" } " where Convo runs."
                        }
                    }
                }
            }
        }
    }

    fn head(&self, viewer: &Viewer) -> Markup {
        html! {
            header.top {
                a.skip href="#main" { "Skip to content" }
                a.mark href="/" { "Convo" }
                nav #places data-part aria-label="Main" {
                    @for (href, place, shown) in PLACES {
                        a href=(href) aria-current=[(place == self.name).then_some("page")] {
                            (shown) (self.waits.mark(place))
                        }
                    }
                }
                form #log-out method="post" action="/logout" {
                    (show::guarded(viewer))
                    span.who title="The key you are logged in with" { bdi { (show::line(&viewer.name, "a key")) } }
                    button type="submit" { "Log out" }
                }
            }
        }
    }
}

/// The heading of a page.
#[must_use]
pub fn heading(title: &str) -> Markup {
    html! { h1 { bdi { (show::line(title, "Convo")) } } }
}

/// A part of a page that the script replaces when it has changed.
#[must_use]
pub fn part(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section.part id=(id) data-part aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            (body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_nothing_inline() {
        let viewer = Viewer {
            name: "<b>key</b>".to_owned(),
            csrf: "token".to_owned(),
            ..Viewer::default()
        };
        let live = Live {
            address: "/?a=1".to_owned(),
            epoch: "e".to_owned(),
            seq: 7,
            ..Live::default()
        };
        let page = Page {
            name: "overview",
            title: "<x>",
            viewer: Some(&viewer),
            live: Some(&live),
            waits: Waits {
                reviews: 3,
                drafts: 100,
                most: 100,
                ..Waits::default()
            },
            paused: true,
            body: html! { p { "body" } },
        };
        let html = page.render();
        assert!(html.contains("<code>convo-server resume</code>"));
        assert!(
            html.contains("&lt;b&gt;key&lt;/b&gt;")
                && html.contains("<title>&lt;x&gt; · Convo</title>")
        );
        assert!(html.contains("data-seq=\"7\"") && html.contains("aria-current=\"page\""));
        for count in ["data-count=\"3\">3<", "data-count=\"100\">100+<"] {
            assert!(html.contains(count), "{count}: {html}");
        }
        assert_eq!(html.matches("span class=\"count\"").count(), 2);
        for forbidden in [
            "<style",
            " style=",
            "onclick",
            "javascript:",
            "http:",
            "https:",
        ] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let outside = Page {
            name: "login",
            title: "Log in",
            viewer: None,
            live: None,
            waits: Waits::default(),
            paused: true,
            body: html! {},
        }
        .render();
        assert!(!outside.contains("convo-server resume"));
        assert!(
            !outside.contains("data-seq") && !outside.contains("<nav") && !outside.contains("csrf")
        );
    }
}
