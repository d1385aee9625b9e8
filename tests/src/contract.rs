//! Every answer of a server is held against the document the server itself serves.

mod schema;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::Answer;

/// The OpenAPI document of a server, and which of its operations were answered.
pub struct Contract {
    document: Arc<Value>,
    answered: Mutex<BTreeSet<Answered>>,
    met: Mutex<BTreeSet<String>>,
}

/// Method, path template and status.
pub type Answered = (String, String, String);

/// Served, but not part of what the document describes: the document itself and its page.
const BESIDE: [&str; 3] = ["/openapi.json", "/docs", "/docs/"];
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Contract {
    /// The contract that a server's document states.
    pub fn new(document: Value) -> Contract {
        Contract {
            document: Arc::new(document),
            answered: Mutex::default(),
            met: Mutex::default(),
        }
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What was answered so far.
    pub fn answered(&self) -> BTreeSet<Answered> {
        self.answered.lock().expect("answers").clone()
    }

    /// Every answer other than errors that the document names.
    pub fn promised(&self) -> BTreeSet<Answered> {
        let mut promised = BTreeSet::new();
        for (template, item) in members(&self.document["paths"]) {
            for (method, operation) in members(item) {
                for (status, _) in members(&operation["responses"]) {
                    if status.starts_with('2') {
                        promised.insert((
                            method.to_owned(),
                            template.to_owned(),
                            status.to_owned(),
                        ));
                    }
                }
            }
        }
        promised
    }

    /// The named schemas that answers had so far, and their members that were not null.
    pub fn met(&self) -> BTreeSet<String> {
        self.met.lock().expect("schemas").clone()
    }

    /// The named schemas that answers can have, errors included, and all their members.
    pub fn meetable(&self) -> BTreeSet<String> {
        let operations = self.operations();
        let mut open: Vec<&Value> = operations
            .iter()
            .map(|(_, _, operation)| &operation["responses"])
            .collect();
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        while let Some(value) = open.pop() {
            if let Some(reference) = value["$ref"].as_str()
                && seen.insert(reference)
            {
                let meant = self.resolve(value);
                open.push(meant);
                if let Some(name) = reference.strip_prefix("#/components/schemas/") {
                    found.insert(name.to_owned());
                    let members = members(&meant["properties"]);
                    found.extend(members.map(|(member, _)| format!("{name}.{member}")));
                }
            }
            open.extend(members(value).map(|(_, member)| member));
            open.extend(value.as_array().into_iter().flatten());
        }
        found
    }

    /// Every operation: method, path template and what the document says of it.
    pub fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = members(&self.document["paths"]);
        paths
            .flat_map(|(template, item)| {
                members(item)
                    .filter(|(method, _)| METHODS.contains(method))
                    .map(move |(method, operation)| (method, template, operation))
            })
            .collect()
    }

    /// What a `$ref` stands for; anything else is itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        schema::resolve(&self.document, value)
    }

    /// Fails unless the document has such an answer to this request.
    ///
    /// # Panics
    /// Naming method, path, status and the place in the body that differs.
    #[track_caller]
    pub fn hold(&self, method: &str, path: &str, answer: &Answer) {
        if let Err(reason) = self.judge(method, path, answer) {
            panic!(
                "{method} {path} answered {} against the OpenAPI document: {reason}\n{}",
                answer.status,
                answer.text()
            );
        }
    }

    fn judge(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        if BESIDE.contains(&path) || path.starts_with("/docs/") {
            return Ok(());
        }
        let asked = match method {
            "HEAD" => "get".to_owned(),
            other => other.to_ascii_lowercase(),
        };
        let found = self.operation(&asked, path);
        let Some((template, operation)) = found else {
            // A path or a method that the document does not have is refused, with a problem.
            let problem = &self.document["components"]["responses"]["Problem"];
            return match answer.status {
                400.. => self.fits(problem, answer, method == "HEAD"),
                _ => Err("the document has no such operation".to_owned()),
            };
        };
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let response = match &responses[&status] {
            Value::Null if answer.status >= 400 => &responses["default"],
            response => response,
        };
        if response.is_null() {
            return Err("the document has no such status".to_owned());
        }
        self.fits(self.resolve(response), answer, method == "HEAD")?;
        let key = (asked, template.to_owned(), status);
        self.answered.lock().expect("answers").insert(key);
        Ok(())
    }

    /// The operation of the template that names most of the path literally.
    fn operation(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let fitting = members(&self.document["paths"])
            .filter(|(template, item)| is_of(template, path) && !item[method].is_null());
        let most =
            fitting.max_by_key(|(template, _)| std::cmp::Reverse(template.matches('{').count()));
        most.map(|(template, item)| (template, &item[method]))
    }

    fn fits(&self, response: &Value, answer: &Answer, headless: bool) -> Result<(), String> {
        for (name, _) in members(&response["headers"]) {
            if name == "X-Request-Id" && answer.header(name).is_empty() {
                return Err(format!("no header {name}"));
            }
        }
        if matches!(answer.status, 429 | 503)
            && !response["headers"]["Retry-After"].is_null()
            && answer.header("retry-after").parse::<u32>().is_err()
        {
            return Err("no header Retry-After".to_owned());
        }
        let content = &response["content"];
        if content.is_null() {
            let empty = answer.body.is_empty();
            return empty.then_some(()).ok_or("a body".to_owned());
        }
        let media = answer.header("content-type").split(';').next();
        let media = media.unwrap_or_default().trim();
        let schema = &content[media]["schema"];
        if schema.is_null() {
            return Err(format!("media type {media:?}"));
        }
        if headless || !(media == "application/json" || media.ends_with("+json")) {
            return Ok(());
        }
        let body = serde_json::from_slice(&answer.body).map_err(|cause| cause.to_string())?;
        let met = schema::check(&self.document, schema, &body)?;
        self.met.lock().expect("schemas").extend(met);
        Ok(())
    }
}

/// Whether a path is one of a template's.
fn is_of(template: &str, path: &str) -> bool {
    let (mut names, mut parts) = (template.split('/'), path.split('/'));
    loop {
        match (names.next(), parts.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name == part => {}
            (Some(name), Some(part)) if name.starts_with('{') && !part.is_empty() => {}
            _ => return false,
        }
    }
}

/// Members of an object, none of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, member)| (name.as_str(), member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(method: &str, path: &str, status: u16, media: &str, body: &str) -> String {
        let made = json!({"content": {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}}});
        let problem = json!({"content": {"application/problem+json": {"schema": {"type": "object", "properties": {"code": {"type": "string"}}}}}});
        let contract = Contract::new(json!({
            "paths": {
                "/a/{id}": {"get": {"responses": {"200": made, "204": {}, "default": {"$ref": "#/components/responses/Problem"}}}},
                "/a/all": {"get": {"responses": {"200": {"content": {"text/plain": {"schema": {"type": "string"}}}}}}},
            },
            "components": {"responses": {"Problem": problem}},
        }));
        let headers = [("content-type".parse().unwrap(), media.parse().unwrap())];
        let answer = Answer {
            request: String::new(),
            status,
            headers: headers.into_iter().collect(),
            body: body.as_bytes().to_vec(),
        };
        let judged = contract.judge(method, path, &answer);
        assert_eq!(
            judged.is_ok() && path != "/b",
            !contract.answered().is_empty()
        );
        judged.err().unwrap_or_default()
    }

    #[test]
    fn answers_are_held_against_their_operation() {
        const JSON: &str = "application/json; charset=utf-8";
        const PROBLEM: &str = "application/problem+json";
        for (method, path, status, media, body, place) in [
            ("GET", "/a/1", 200, JSON, r#"{"id":"1"}"#, ""),
            ("HEAD", "/a/1", 200, JSON, "", ""),
            ("GET", "/a/all", 200, "text/plain", "x", ""),
            ("GET", "/a/1", 204, "", "", ""),
            ("GET", "/b", 404, PROBLEM, r#"{"code":"x"}"#, ""),
            ("GET", "/a/1", 200, JSON, r#"{"id":1}"#, "/id: not type"),
            ("GET", "/a/1", 200, JSON, r#"{"no":1}"#, "/no: not in"),
            ("GET", "/a/1", 200, "text/html", "x", "media type"),
            ("GET", "/a/1", 204, "", "x", "a body"),
            ("GET", "/a/1", 202, JSON, "{}", "no such status"),
            ("GET", "/a/1/b", 200, JSON, "{}", "no such operation"),
            ("POST", "/a/1", 200, JSON, "{}", "no such operation"),
            ("POST", "/a/1", 405, JSON, "{}", "media type"),
        ] {
            let said = judge(method, path, status, media, body);
            let fits = said.contains(place) && said.is_empty() == place.is_empty();
            assert!(fits, "{method} {path} {status} {body}: {said}");
        }
        let said = judge("GET", "/a/1", 404, PROBLEM, r#"{"code":1}"#);
        assert!(said.contains("/code"), "{said}");
    }
}
