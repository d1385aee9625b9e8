//! Forms of webhooks: urlencoded, and multipart with files.

use std::future::ready;

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use futures_util::{StreamExt as _, stream};

/// Most fields of a urlencoded form: a field of a form is a header field of a mail.
const FIELDS: usize = 250_000;
/// Most fields and files of a multipart form, which cost more to find.
const PARTS: usize = 20_000;

/// Why a form was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormError {
    /// It is no form, or breaks off.
    Malformed(&'static str),
    /// It has more fields than this.
    TooMany(usize),
}

/// Fields of a urlencoded form, in order; values stay bytes, since a raw mail may be one of them.
///
/// # Errors
/// [`FormError::TooMany`]: nothing of a form is left out in silence.
pub fn urlencoded(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, FormError> {
    let pairs = || {
        let pairs = bytes.split(|byte| *byte == b'&');
        pairs.filter(|pair| !pair.is_empty())
    };
    if pairs().nth(FIELDS).is_some() {
        return Err(FormError::TooMany(FIELDS));
    }
    let fields = pairs()
        .map(|pair| {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            (
                String::from_utf8_lossy(&decoded(name)).into_owned(),
                decoded(value),
            )
        })
        .collect();
    Ok(fields)
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let plus: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_encoding::percent_decode(&plus).collect()
}

/// One part of a multipart form.
pub struct Part {
    /// Its field name.
    pub name: String,
    /// The file's name.
    pub file_name: Option<String>,
    /// Its type.
    pub content_type: Option<String>,
    /// Whether it is a file.
    pub is_file: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Parts of a multipart form whose body is in memory already, in order.
///
/// # Errors
/// What is wrong with it; a form that breaks off is refused, since half a mail is none.
///
/// Source: RFC 7578.
pub async fn multipart(headers: &HeaderMap, bytes: Bytes) -> Result<Vec<Part>, FormError> {
    let broken = |_| FormError::Malformed("the multipart form is broken");
    let body = stream::once(ready(Ok::<_, PayloadError>(bytes)));
    let mut form = Multipart::new(headers, body);
    let mut parts = Vec::new();
    while let Some(field) = form.next().await {
        let mut field = field.map_err(broken)?;
        if parts.len() >= PARTS {
            return Err(FormError::TooMany(PARTS));
        }
        let disposition = field.content_disposition();
        let name = disposition
            .and_then(|one| one.get_name())
            .ok_or(FormError::Malformed("a part without a name"))?
            .to_owned();
        let file_name = disposition
            .and_then(|one| one.get_filename())
            .map(str::to_owned);
        let content_type = field.content_type().map(ToString::to_string);
        let mut bytes = Vec::new();
        while let Some(chunk) = field.next().await {
            bytes.extend_from_slice(&chunk.map_err(broken)?);
        }
        parts.push(Part {
            is_file: file_name.is_some(),
            name,
            file_name,
            content_type,
            bytes,
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use actix_web::http::header::{self, HeaderValue};

    use super::*;

    #[test]
    fn urlencoded_fields_keep_bytes_and_order() {
        let fields = urlencoded(b"a=1&b=x+y%20z&a=%FF%00&c&=d").unwrap();
        let expected: Vec<(String, Vec<u8>)> = vec![
            ("a".into(), b"1".to_vec()),
            ("b".into(), b"x y z".to_vec()),
            ("a".into(), vec![0xFF, 0]),
            ("c".into(), Vec::new()),
            (String::new(), b"d".to_vec()),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn no_field_is_dropped_in_silence() {
        let most = "a=1&".repeat(FIELDS);
        assert_eq!(urlencoded(most.as_bytes()).map(|all| all.len()), Ok(FIELDS));
        let more = urlencoded(format!("{most}a=1").as_bytes());
        assert_eq!(more, Err(FormError::TooMany(FIELDS)));
    }

    async fn of_parts(count: usize) -> Result<usize, FormError> {
        let part = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
        let body = format!("{}--B--\r\n", part.repeat(count));
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("multipart/form-data; boundary=B");
        headers.insert(header::CONTENT_TYPE, kind);
        let parts = multipart(&headers, Bytes::from(body)).await?;
        Ok(parts.len())
    }

    #[actix_web::test]
    async fn no_part_is_dropped_in_silence() {
        assert_eq!(of_parts(PARTS).await, Ok(PARTS));
        assert_eq!(of_parts(PARTS + 1).await, Err(FormError::TooMany(PARTS)));
    }

    async fn parsed(content_type: &str, body: &'static [u8]) -> Result<Vec<Part>, FormError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_str(content_type).unwrap(),
        );
        multipart(&headers, Bytes::from_static(body)).await
    }

    #[actix_web::test]
    async fn multipart_tells_fields_from_files() {
        let body = b"--B\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nHello\r\nthere\r\n--B\r\n\
            Content-Disposition: form-data; name=\"attachment-1\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n\
            bytes\r\n--B--\r\n";
        let parts = parsed("multipart/form-data; boundary=B", body)
            .await
            .unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(
            (parts[0].name.as_str(), parts[0].bytes.as_slice()),
            ("subject", b"Hello\r\nthere".as_slice())
        );
        assert!(parts[1].is_file);
        assert_eq!(parts[1].bytes, b"bytes");
        assert_eq!(parts[1].file_name.as_deref(), Some("a.txt"));
    }

    #[actix_web::test]
    async fn broken_forms_are_refused() {
        for (content_type, body) in [
            ("multipart/form-data", b"--B\r\n".as_slice()),
            ("multipart/form-data; boundary=B", b"nothing"),
            (
                "multipart/form-data; boundary=B",
                b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n",
            ),
            (
                "multipart/form-data; boundary=B",
                b"--B\r\nX: y\r\n\r\nz\r\n--B--\r\n",
            ),
        ] {
            assert!(parsed(content_type, body).await.is_err());
        }
    }
}
