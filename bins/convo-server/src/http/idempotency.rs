//! The `Idempotency-Key` header.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07 (a structured-field string; a bare one is
//! taken as well).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

use crate::problem::Problem;

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Its name as people write it.
pub const FIELD: &str = "Idempotency-Key";
/// What [`parse`] reads, for the document: bare, or in quotes.
const PATTERN: &str = r#"^([!#-~]([ !#-~]{0,253}[!#-~])?|"([ !#-\[\]-~]|\\["\\]){1,255}")$"#;
/// Longest key in characters.
const MAX_LENGTH: usize = 255;

/// The request's idempotency key, judged when asked for so that the body is judged before it.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Result<Option<String>, &'static str>);

impl IdempotencyKey {
    /// The key, if one was given.
    ///
    /// # Errors
    /// 422 when the header is empty, too long, given twice or holds other than visible characters.
    pub fn get(&self) -> Result<Option<&str>, Problem> {
        match &self.0 {
            Ok(key) => Ok(key.as_deref()),
            Err(message) => Err(Problem::invalid_field(FIELD, *message)),
        }
    }

    /// Reads the header.
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(HEADER);
        let Some(value) = values.next() else {
            return Self(Ok(None));
        };
        if values.next().is_some() {
            return Self(Err("must be given once"));
        }
        Self(
            value
                .to_str()
                .map_err(|_| "must be ASCII")
                .and_then(|text| parse(text.trim()))
                .map(Some),
        )
    }
}

fn parse(text: &str) -> Result<String, &'static str> {
    let key = match text.strip_prefix('"') {
        Some(rest) => quoted(rest)?,
        None if text.contains('"') => {
            return Err("must be a string in quotes, or bare without any");
        }
        None => text.to_owned(),
    };
    if key.is_empty() || key.len() > MAX_LENGTH {
        return Err("must have 1 to 255 characters");
    }
    if key.bytes().any(|b| !(b' '..=b'~').contains(&b)) {
        return Err("must be visible ASCII");
    }
    Ok(key)
}

/// The rest of a structured-field string after its opening quote. Source: RFC 9651 §3.3.3.
fn quoted(rest: &str) -> Result<String, &'static str> {
    const OPEN: &str = "must end with its closing quote";
    let mut key = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or(OPEN)? {
            '"' if chars.as_str().is_empty() => return Ok(key),
            '"' => return Err(OPEN),
            '\\' => match chars.next() {
                Some(c @ ('"' | '\\')) => key.push(c),
                _ => return Err("may escape only a quote or a backslash"),
            },
            c => key.push(c),
        }
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(PATTERN));
        let header = ParameterBuilder::new()
            .name(FIELD)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "A repeat with the same key within 24 hours gets the first one's answer",
            ))
            .schema(Some(text));
        vec![header.build()]
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of_headers(request.headers())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        IdempotencyKey::of_headers(&headers)
            .get()
            .map(|key| key.map(str::to_owned))
            .map_err(|_| ())
    }

    fn is_documented(value: &str) -> bool {
        regex::Regex::new(PATTERN).unwrap().is_match(value)
    }

    fn check(value: &str, expected: &str) {
        assert_eq!(key(&[value]), Ok(Some(expected.to_owned())), "{value}");
        assert!(is_documented(value), "{value}");
    }

    #[test]
    fn strings_and_bare_keys_are_read() {
        check("\"8e03978e-40d5\"", "8e03978e-40d5");
        check("8e03978e-40d5", "8e03978e-40d5");
        check(r#""a\"b\\c""#, r#"a"b\c"#);
        check(&"k".repeat(255), &"k".repeat(255));
        assert_eq!(key(&[]), Ok(None));
    }

    #[test]
    fn others_are_refused() {
        for value in [
            "",
            "\"\"",
            "\"open",
            "\"a\"b",
            "a\"b",
            r#""a\n""#,
            &"k".repeat(256),
        ] {
            assert_eq!(key(&[value]), Err(()), "{value}");
            assert!(!is_documented(value), "{value}");
        }
        assert_eq!(key(&["a", "a"]), Err(()));
    }
}
