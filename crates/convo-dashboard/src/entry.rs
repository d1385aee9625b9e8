//! Logging in.

use maud::{Markup, html};

/// The form that asks for a key; `wrong` says why the last try failed, `to` is where to go afterwards.
#[must_use]
pub fn log_in(csrf: &str, to: &str, wrong: Option<&str>) -> Markup {
    html! {
        div.entry {
            h1 { "Convo" }
            p { "Conversations by e-mail: where they stand, and whose turn it is." }
            @if let Some(wrong) = wrong { p #alert.alert role="alert" { (wrong) } }
            form #log-in method="post" action="/login" {
                input type="hidden" name="csrf" value=(csrf);
                input type="hidden" name="to" value=(to);
                label for="key" { "API key" }
                input #key name="key" type="password" autocomplete="current-password" required autofocus
                    spellcheck="false" autocapitalize="none" aria-describedby="key-help";
                p #key-help.help {
                    "A key with the scope " code { "read" } ". The server prints one at its first start; "
                    code { "convo-server keys create" } " makes more."
                }
                button type="submit" { "Log in" }
            }
        }
    }
}
