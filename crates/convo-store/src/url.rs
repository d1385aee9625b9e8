//! Which database a URL means.

use std::net::IpAddr;

use crate::error::{StoreError, StoreResult};

/// A database, told by the scheme of its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A SQLite file by path.
    Sqlite(String),
    /// A PostgreSQL server by its whole URL.
    Postgres(String),
}

impl Target {
    /// Reads `sqlite://path`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// [`StoreError::Config`] for another scheme, an empty path, or a PostgreSQL server that is not local while
    /// plaintext is not allowed: this build has no TLS.
    pub(crate) fn parse(url: &str, allow_plaintext: bool) -> StoreResult<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() {
                return Err(StoreError::Config(
                    "the database URL names no file".to_owned(),
                ));
            }
            return Ok(Target::Sqlite(path.to_owned()));
        }
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"));
        let Some(rest) = rest else {
            return Err(StoreError::Config(
                "the database URL must begin with sqlite:// or postgres://".to_owned(),
            ));
        };
        if !allow_plaintext && !hosts(rest).iter().all(|host| is_local(host)) {
            return Err(StoreError::Config(
                "the PostgreSQL server is not local and this build has no TLS: \
                 set CONVO_DATABASE__ALLOW_PLAINTEXT to connect in clear"
                    .to_owned(),
            ));
        }
        Ok(Target::Postgres(url.to_owned()))
    }
}

/// The hosts of a connection URL: those of the authority and those of the parameters `host` and `hostaddr`.
fn hosts(rest: &str) -> Vec<String> {
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before_query.split('/').next().unwrap_or_default();
    let after_user = authority
        .rsplit_once('@')
        .map_or(authority, |(_, hosts)| hosts);
    let mut hosts: Vec<String> = after_user
        .split(',')
        .map(|host| decoded(without_port(host)))
        .collect();
    for parameter in query.split('&') {
        if let Some(("host" | "hostaddr", value)) = parameter.split_once('=') {
            hosts.extend(decoded(value).split(',').map(str::to_owned));
        }
    }
    hosts
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

fn is_local(host: &str) -> bool {
    host.is_empty()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Undoes percent encoding; what is no valid escape stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[track_caller]
    fn check(url: &str, expected: bool) {
        assert_eq!(Target::parse(url, false).is_ok(), expected, "{url}");
    }

    #[test]
    fn local_servers_and_files_are_taken() {
        check("sqlite://convo.db", true);
        check("sqlite:///var/lib/convo/convo.db", true);
        check("postgres://localhost/convo", true);
        check("postgresql://user:secret@127.0.0.1:5432/convo", true);
        check("postgres://user@[::1]:5432/convo", true);
        check("postgres:///convo?host=/run/postgresql", true);
        check("postgres://%2Frun%2Fpostgresql/convo", true);
        check("postgres:///convo", true);
    }

    #[test]
    fn remote_servers_and_other_schemes_are_refused() {
        check("postgres://db.example.com/convo", false);
        check("postgres://localhost,db.example.com/convo", false);
        check("postgres:///convo?host=db.example.com", false);
        check("postgres:///convo?hostaddr=192.0.2.1", false);
        check("postgres://a@localhost@192.0.2.1/convo", false);
        check("sqlite://", false);
        check("mysql://localhost/convo", false);
        check("convo.db", false);
    }

    #[test]
    fn remote_servers_are_taken_where_plaintext_is_allowed() {
        assert!(Target::parse("postgres://db.example.com/convo", true).is_ok());
    }
}
