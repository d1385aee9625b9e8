//! Lists and figures as files, with the filters that are set: what `/api/export` gives, for whoever is logged in.

use actix_web::{HttpRequest, HttpResponse, web};
use convo_app::export::{self, Export, Rows};
use convo_store::{ConversationList, Cursor, LeadList, Sort};
use serde_json::Value;

use super::answer::{self, Refused, asked};
use super::figures::{Shows, span};
use super::session::Session;
use crate::api::Api;
use crate::api::conversations::Filter;
use crate::api::lists::last;
use crate::api::people::LeadFilter;
use crate::api::sent::{answer as saved, sent};
use crate::export::Form;
use crate::problem::Problem;

/// Rows read at once.
const PAGE: i64 = 500;

/// `GET /conversations/export`: the conversations that the list of the same query has, in the order in which they were
/// made, which does not change while they are read.
pub async fn conversations(
    _session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let (form, filter) = (form(&query)?, answer::filter::<Filter>(&query)?);
    let wanted = ConversationList {
        sort: Sort::Created,
        limit: PAGE,
        ..filter.wanted()?
    };
    let columns = Export::Conversations.columns();
    let file = (Export::Conversations.as_str(), form, form.head(columns));
    let read = move |reader: &mut convo_store::Reader<'_>, after: Option<Cursor>| {
        let page = ConversationList {
            after,
            ..wanted.clone()
        };
        let rows = reader.conversations(&page)?;
        let next = last(&rows, PAGE).map(|row| Some(at(row.created_at, row.id)));
        Ok((form.lines(columns, export::conversations(&rows)), next))
    };
    Ok(sent(&api.app, file, None, read).await?)
}

/// `GET /leads/export`: the leads that the list of the same query has.
pub async fn leads(
    _session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let (form, filter) = (form(&query)?, answer::filter::<LeadFilter>(&query)?);
    let wanted = LeadList {
        limit: PAGE,
        ..filter.wanted()?
    };
    let columns = Export::Leads.columns();
    let file = (Export::Leads.as_str(), form, form.head(columns));
    let read = move |reader: &mut convo_store::Reader<'_>, after: Option<Cursor>| {
        let page = LeadList {
            after,
            ..wanted.clone()
        };
        let rows = reader.leads(&page)?;
        let next = last(&rows, PAGE).map(|row| Some(at(row.created_at, row.id)));
        Ok((form.lines(columns, export::leads(&rows)), next))
    };
    Ok(sent(&api.app, file, None, read).await?)
}

/// `GET /figures/export`: a report of the page, a row for the whole and one for each group.
pub async fn figures(
    _session: Session,
    request: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Refused> {
    let query = answer::query(&request);
    let (form, days) = (form(&query)?, span(&query));
    let name = asked(&query, "report").unwrap_or_default();
    let report = Shows::named(name).ok_or_else(Problem::not_found)?;
    let told = api.ask(move |reader, now| report.read(reader, days, now));
    let (columns, rows) = table(&told.await?);
    let mut file = form.head(&columns);
    file.extend(form.lines(&columns, rows));
    Ok(saved(name, form).body(file))
}

fn at(at: chrono::DateTime<chrono::Utc>, id: uuid::Uuid) -> Cursor {
    Cursor { at, id }
}

fn form(query: &[(String, String)]) -> Result<Form, Problem> {
    let named = Form::named(asked(query, "format").unwrap_or("csv"));
    named.ok_or_else(|| Problem::invalid_field("format", "must be csv or jsonl"))
}

/// A report as columns and rows; the whole comes first and has the group `total`.
fn table(report: &Value) -> (Vec<String>, Rows) {
    let mut columns = vec!["group".to_owned(), "name".to_owned()];
    let mut whole = Vec::new();
    flat("", &report["total"], &mut whole);
    columns.extend(whole.iter().map(|(name, _)| name.clone()));
    let row = |key: Value, name: Value, figures: Vec<(String, Value)>| {
        let mut row = vec![key, name];
        // Every group has the members of the whole, in their order.
        row.extend(figures.into_iter().map(|(_, value)| value));
        row.resize(columns.len(), Value::Null);
        row
    };
    let mut rows = vec![row("total".into(), Value::Null, whole.clone())];
    for group in report["groups"].as_array().into_iter().flatten() {
        let mut figures = Vec::new();
        flat("", &group["figures"], &mut figures);
        rows.push(row(group["key"].clone(), group["name"].clone(), figures));
    }
    (columns, rows)
}

/// Members of members as `wall.meanMinutes`; of the items of a list by their stage, `COLD_LEAD.leads`.
fn flat(before: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    let joined = |name: &str| match before {
        "" => name.to_owned(),
        before => format!("{before}.{name}"),
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "stage") {
                flat(&joined(name), value, out);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let number = at.to_string();
                flat(item["stage"].as_str().unwrap_or(&number), item, out);
            }
        }
        other => out.push((before.to_owned(), other.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_becomes_a_table() {
        let report = json!({"total": {"waits": 3, "wall": {"meanMinutes": 2.5}, "stages": [{"stage": "COLD_LEAD", "leads": 7}]},
            "groups": [{"key": "2026-01-05", "name": null, "figures": {"waits": 1, "wall": {"meanMinutes": null}, "stages": [{"stage": "COLD_LEAD", "leads": 2}]}}]});
        let (columns, rows) = table(&report);
        let at = |name: &str| columns.iter().position(|column| column == name);
        assert_eq!(columns[..2], ["group", "name"]);
        let cell = |row: usize, name: &str| at(name).map(|at| rows[row][at].clone());
        assert_eq!(cell(0, "group"), Some(json!("total")));
        assert_eq!(cell(0, "wall.meanMinutes"), Some(json!(2.5)));
        assert_eq!(cell(1, "COLD_LEAD.leads"), Some(json!(2)));
        assert_eq!(cell(1, "waits"), Some(json!(1)));
        assert_eq!(table(&json!({})).1.len(), 1);
    }
}
