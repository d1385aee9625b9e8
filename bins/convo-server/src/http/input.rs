//! Input beside the body: parts of the path and the query.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::json;
use crate::problem::{Problem, Violation};

/// The variable parts of the path, judged when asked for: a refused body wins over a wrong id.
#[derive(Debug, Clone)]
pub struct PathParts(HttpRequest);

impl PathParts {
    /// The id at `{name}`.
    ///
    /// # Errors
    /// 404 when the part is no UUID in its hyphenated form.
    pub fn id(&self, name: &str) -> Result<Uuid, Problem> {
        let text = self.text(name)?;
        let parsed = if text.len() == 36 {
            Uuid::try_parse(text).ok()
        } else {
            None
        };
        parsed.ok_or_else(Problem::not_found)
    }

    /// The number at `{name}`.
    ///
    /// # Errors
    /// 404 when the part is no number.
    pub fn number(&self, name: &str) -> Result<u32, Problem> {
        let text = self.text(name)?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(Problem::not_found)
    }

    /// The text at `{name}`.
    ///
    /// # Errors
    /// 404 when the route has no such part.
    pub fn text(&self, name: &str) -> Result<&str, Problem> {
        self.0.match_info().get(name).ok_or_else(Problem::not_found)
    }
}

impl FromRequest for PathParts {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

/// The query of a request; unknown names are passed over.
#[derive(Debug, Clone)]
pub struct QueryString<T>(pub T);

impl<T: DeserializeOwned> FromRequest for QueryString<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

/// Reads a query.
///
/// # Errors
/// `validation_failed` naming the first field that is wrong.
pub(crate) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let with_nul = pairs().filter(|(name, value)| name.contains('\0') || value.contains('\0'));
    let violations: Vec<Violation> = with_nul
        .map(|(name, _)| Violation::new(name.replace('\0', ""), "must not hold U+0000"))
        .collect();
    if !violations.is_empty() {
        return Err(Problem::invalid(violations));
    }
    let deserializer = serde_urlencoded::Deserializer::new(pairs());
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        Problem::invalid(vec![json::violation(
            error.path(),
            &error.inner().to_string(),
        )])
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use actix_web::test::TestRequest;
    use serde::Deserialize;

    use super::*;
    use crate::problem::Code;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Filter {
        lead_id: Option<Uuid>,
        limit: Option<u16>,
        sort: Option<String>,
    }

    fn refused(query: &str) -> serde_json::Value {
        read::<Filter>(query).expect_err(query).document()["violations"][0]["field"].clone()
    }

    #[test]
    fn a_query_is_read() {
        let filter: Filter =
            read("limit=20&sort=a%20b&other=1&leadId=0190a0a0-0000-7000-8000-000000000000")
                .unwrap();
        assert_eq!(
            (
                filter.limit,
                filter.sort.as_deref(),
                filter.lead_id.is_some()
            ),
            (Some(20), Some("a b"), true)
        );
        assert!(read::<Filter>("").is_ok());
    }

    #[test]
    fn the_wrong_name_is_named() {
        assert_eq!(refused("limit=x"), "limit");
        assert_eq!(refused("limit=65536"), "limit");
        assert_eq!(refused("leadId=7"), "leadId");
        assert_eq!(refused("limit=1&limit=2"), "");
        assert_eq!(refused("sort=%00"), "sort");
        assert_eq!(refused("x%00=1"), "x");
    }

    #[test]
    fn a_path_part_that_is_no_id_is_not_found() {
        let parts =
            |id: &'static str| PathParts(TestRequest::default().param("id", id).to_http_request());
        assert!(
            parts("0190a0a0-0000-7000-8000-000000000000")
                .id("id")
                .is_ok()
        );
        for no in [
            "7",
            "",
            "0190a0a000007000800000000000000g",
            "0190a0a0000070008000000000000000",
            "{0190a0a0-0000-7000-8000-000000000000}",
        ] {
            assert_eq!(parts(no).id("id").expect_err(no).code(), Code::NotFound);
        }
        assert_eq!(parts("12").number("id").unwrap(), 12);
        for no in ["+1", "-1", "", "4294967296"] {
            assert_eq!(parts(no).number("id").expect_err(no).code(), Code::NotFound);
        }
    }
}
