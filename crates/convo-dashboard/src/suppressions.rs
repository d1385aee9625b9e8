//! Addresses that are not written to.

use maud::{Markup, html};
use serde_json::Value;

use crate::layout::part;
use crate::show::{self, asked, items, text};
use crate::{Viewer, problem};

/// The list: a page of rows, the query, who looks, and the refusal of what was asked for last.
#[must_use]
pub fn page(
    list: &Value,
    query: &[(String, String)],
    viewer: &Viewer,
    alert: Option<&Value>,
    done: Option<&str>,
) -> Markup {
    let (found, address) = (items(list, "items"), asked(query, "address"));
    let rows = html! {
        @if found.is_empty() { (show::empty("No address is suppressed.")) } @else { (table(found, Some(viewer))) }
        (show::next("/suppressions", query, &list["nextCursor"]))
    };
    html! {
        @if let Some(refused) = alert { (problem::alert(refused)) }
        (show::done(done))
        h1 { "Suppressions" }
        form #filters.filters method="get" action="/suppressions" role="search" {
            label { "Address" input type="search" name="address" value=(address) maxlength="254"; }
            button type="submit" { "Show" }
            a href="/suppressions" { "Clear" }
        }
        @if viewer.may_write {
            form #suppress.filters method="post" action="/suppressions" {
                (show::guarded(viewer))
                label { "Suppress an address" input type="email" name="address" required maxlength="254"; }
                label { "Because" input name="evidence" maxlength="1000"; }
                button type="submit" data-act="suppress" { "Suppress" }
            }
        }
        (part("list", "Not written to", &rows))
    }
}

/// Suppressions as a table; with a viewer who may, a form to lift each that holds.
#[must_use]
pub fn table(rows: &[Value], viewer: Option<&Viewer>) -> Markup {
    let viewer = viewer.filter(|viewer| viewer.may_administer);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Suppressions" {
            table.list {
                thead { tr {
                    th scope="col" { "Address" } th scope="col" { "Reason" } th scope="col" { "Holds for" } th scope="col" { "Source" }
                    th scope="col" { "Evidence" } th scope="col" { "Since" } th scope="col" { "Ends" }
                    @if viewer.is_some() { th scope="col" { "Lift" } }
                } }
                tbody { @for row in rows { (one(row, viewer)) } }
            }
        }
    }
}

fn one(row: &Value, viewer: Option<&Viewer>) -> Markup {
    let holds = row["liftedAt"].is_null();
    html! {
        tr data-suppression=(text(row, "id")) data-holds=(holds) {
            td { bdi { (show::line(text(row, "address"), "(forgotten)")) } }
            td { (show::words(text(row, "reason"))) }
            td { @if text(row, "scope") == "all" { "all mail" } @else { "automatic mail" } }
            td { (show::line(text(row, "source"), "–")) }
            td { bdi { (show::line(text(row, "evidence"), "–")) } }
            td { (show::time(&row["at"])) }
            td { @if holds { (show::time(&row["expiresAt"])) } @else { "lifted " (show::time(&row["liftedAt"])) } }
            @if let Some(viewer) = viewer {
                td {
                    @if holds && row["address"].is_string() {
                        form.inline method="post" action="/suppressions/lift" {
                            (show::guarded(viewer))
                            input type="hidden" name="address" value=(text(row, "address"));
                            label { span.hidden { "Evidence" } input name="evidence" maxlength="1000" placeholder="What shows it"; }
                            button type="submit" data-act="lift" { "Lift" }
                        }
                    }
                }
            }
        }
    }
}
