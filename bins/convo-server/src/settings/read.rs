//! From merged layers to typed [`Settings`]; problems are gathered, not returned one by one.

mod sending;

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use convo_core::Policy;
use convo_core::calendar::Calendar;
use figment::Figment;
use figment::value::Value;

use super::layers::{Layers, SettingsError};
use super::{Database, Limits, Live, Log, LogFormat, Secret, Server, ServiceUrl, Settings};

/// A shorter bootstrap key could be guessed.
const SHORTEST_BOOTSTRAP_KEY: usize = 24;

pub(super) fn settings(layers: Layers) -> Result<Settings, SettingsError> {
    let mut read = Reader {
        figment: layers.figment,
        problems: layers.problems,
    };
    let settings = Settings {
        server: server(&mut read),
        limits: Limits {
            json_bytes: read.number("limits.json_bytes", 1_024..=64 << 20),
            webhook_bytes: read.number("limits.webhook_bytes", 1_024..=256 << 20),
            memory_bytes: read.number("limits.memory_bytes", 1 << 20..=64 << 30),
            failed_checks_per_minute: read.number("limits.failed_checks_per_minute", 1..=1_000_000),
        },
        live: Live {
            max_connections: read.number("live.max_connections", 0..=1_000_000),
            ping_every: read.seconds("live.ping_seconds", 1..=3_600),
            origins: read.list(
                "live.origins",
                "an origin such as https://crm.example",
                |text| {
                    let (scheme, host) = text.split_once("://")?;
                    let plain = !host.is_empty() && !host.contains('/');
                    (plain && matches!(scheme, "http" | "https")).then(|| text.to_owned())
                },
            ),
        },
        database: Database {
            url: database_url(&mut read),
            allow_plaintext: read.flag("database.allow_plaintext"),
        },
        redis: redis_url(&mut read),
        storage: read
            .parsed("storage.path", "a folder", |text| {
                (!text.is_empty()).then(|| text.into())
            })
            .unwrap_or_default(),
        our_addresses: our_addresses(&mut read),
        trusted_auth_hosts: read.list(
            "mail.trusted_auth_hosts",
            "the name of a host such as mx.example.org, or *.example.org",
            auth_host,
        ),
        mailgun: sending::mailgun(&mut read),
        bootstrap_key: bootstrap_key(&mut read),
        send: sending::send(&mut read),
        policy: policy(&mut read),
        log: Log {
            level: read
                .parsed(
                    "log.level",
                    "off, error, warn, info, debug or trace",
                    |text| text.parse().ok(),
                )
                .unwrap_or(log::LevelFilter::Info),
            format: read
                .parsed("log.format", "json or text", log_format)
                .unwrap_or(LogFormat::Json),
        },
    };
    sending::complete(&settings, &mut read);
    if read.problems.is_empty() {
        Ok(settings)
    } else {
        Err(SettingsError(read.problems))
    }
}

fn server(read: &mut Reader) -> Server {
    const ADDRESS: &str = "an address with a port, such as 127.0.0.1:8080";
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers: usize = read.number("server.workers", 0..=512);
    Server {
        bind: read
            .parsed("server.bind", ADDRESS, address)
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))),
        trusted_proxies: read.list(
            "server.trusted_proxies",
            "an address or a network such as 10.0.0.0/8",
            |text| text.parse().ok(),
        ),
        metrics_bind: read
            .parsed("server.metrics_bind", ADDRESS, |text| {
                optional(text, address)
            })
            .flatten(),
        workers: if workers == 0 { cores } else { workers },
        max_connections: read.number("server.max_connections", 1..=1_000_000),
        keep_alive: read.seconds("server.keep_alive_seconds", 1..=3_600),
        head_timeout: read.seconds("server.head_seconds", 1..=600),
        body_timeout: read.seconds("server.body_seconds", 1..=3_600),
        drain: read.seconds("server.drain_seconds", 1..=18),
        public_url: read
            .parsed(
                "server.public_url",
                "an address such as https://convo.dealer.example",
                |text| optional(text, sending::base_url),
            )
            .flatten(),
    }
}

/// The compiled-in policy with what is set of it; the core judges the whole.
fn policy(read: &mut Reader) -> Policy {
    const DAYS: RangeInclusive<u32> = 0..=36_500;
    const SCORE: RangeInclusive<u8> = 0..=100;
    let before = read.problems.len();
    let mut policy = Policy {
        auto_qualify: read.flag("policy.auto_qualify"),
        auto_handover: read.flag("policy.auto_handover"),
        fast_track: read.flag("policy.fast_track"),
        create_lead: read.flag("policy.create_lead"),
        lexicon: read
            .parsed("policy.lexicon", "a text", |text| Some(text.to_owned()))
            .filter(|text| !text.is_empty())
            .map(serde_json::Value::String),
        min_messages: read.number("policy.min_messages", 0..=10_000),
        min_engagement: read.number("policy.min_engagement", SCORE),
        min_readiness: read.number("policy.min_readiness", SCORE),
        no_reply_days: read.number("policy.no_reply_days", DAYS),
        archive_days: read.number("policy.archive_days", DAYS),
        soft_bounce_limit: read.number("policy.soft_bounce_limit", 1..=1_000),
        ..Policy::default()
    };
    policy.reopen.other_days = read.number("policy.reopen_days", DAYS);
    let hours = |text: &str| Calendar::default().with_hours(text).ok();
    policy.calendar = read
        .parsed(
            "policy.business_hours",
            "days and hours such as Mon-Fri 08:00-18:00",
            hours,
        )
        .unwrap_or_default();
    let zone = |text: &str| text.parse::<chrono_tz::Tz>().ok().map(|_| text.to_owned());
    policy.calendar.time_zone = read
        .parsed(
            "policy.time_zone",
            "an IANA zone such as Europe/Berlin",
            zone,
        )
        .unwrap_or_default();
    if read.problems.len() == before {
        for problem in policy.validate().err().unwrap_or_default() {
            read.problem(
                &format!("policy.{}", setting_of(problem.field)),
                &problem.message,
            );
        }
    }
    policy
}

/// The setting behind a field of the policy: the few whose names differ, else `archiveDays` is `archive_days`.
fn setting_of(field: &str) -> String {
    match field {
        "reopen.otherDays" => return "reopen_days".to_owned(),
        "calendar.timeZone" => return "time_zone".to_owned(),
        "calendar.weekdays" | "calendar.opens" | "calendar.closes" => {
            return "business_hours".to_owned();
        }
        _ => {}
    }
    let mut name = String::new();
    for letter in field.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

fn database_url(read: &mut Reader) -> ServiceUrl {
    let known = |text: &str| {
        let rest = ["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))?;
        (!rest.is_empty()).then(|| ServiceUrl::new(text.to_owned()))
    };
    read.parsed("database.url", "sqlite://FILE or postgres://…", known)
        .unwrap_or_else(|| ServiceUrl::new(String::new()))
}

fn redis_url(read: &mut Reader) -> Option<ServiceUrl> {
    let known = |text: &str| {
        let known = ["redis://", "rediss://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        known.then(|| ServiceUrl::new(text.to_owned()))
    };
    read.parsed("redis.url", "redis://HOST:PORT", |text| {
        optional(text, known)
    })
    .flatten()
}

fn our_addresses(read: &mut Reader) -> Vec<String> {
    read.list("mail.our_addresses", "an e-mail address", |text| {
        let (local, domain) = text.rsplit_once('@')?;
        (!local.is_empty() && !domain.is_empty()).then(|| text.to_lowercase())
    })
}

/// An authserv-id, or a domain with everything below it.
fn auth_host(text: &str) -> Option<String> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = !name.is_empty() && name.chars().all(plain);
    named.then(|| text.to_lowercase())
}

fn bootstrap_key(read: &mut Reader) -> Option<Secret> {
    let long_enough =
        |text: &str| (text.chars().count() >= SHORTEST_BOOTSTRAP_KEY).then(|| text.to_owned());
    let key = read.parsed(
        "auth.bootstrap_key",
        "a text of at least 24 characters",
        |text| optional(text, long_enough),
    );
    key.flatten().and_then(Secret::new)
}

/// An empty text is "not set", anything else must parse.
fn optional<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.is_empty() {
        Some(None)
    } else {
        parse(text).map(Some)
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    text.replace("localhost:", "127.0.0.1:").parse().ok()
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    }
}

/// Reads one value after the other and keeps what is wrong.
struct Reader {
    figment: Figment,
    problems: Vec<String>,
}

impl Reader {
    /// Notes a problem with a setting under the name of the layer its value came from.
    fn problem(&mut self, path: &str, what: &str) {
        let origin = self.figment.find_value(path).ok().and_then(|value| {
            self.figment
                .get_metadata(value.tag())
                .map(|m| m.name.to_string())
        });
        self.problems.push(format!(
            "{path}: {what} ({})",
            origin.unwrap_or_else(|| "not set".to_owned())
        ));
    }

    /// The value as text, where it is a single one; numbers and flags of a file count as their text.
    fn text(&self, path: &str) -> Option<String> {
        match self.figment.find_value(path).ok()? {
            Value::String(_, text) => Some(text.trim().to_owned()),
            Value::Num(_, number) => number
                .to_i128()
                .or_else(|| number.to_u128().and_then(|n| n.try_into().ok()))
                .map(|n| n.to_string()),
            Value::Bool(_, flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    fn parsed<T>(
        &mut self,
        path: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(path).and_then(|text| parse(&text));
        if value.is_none() {
            self.problem(path, &format!("must be {expected}"));
        }
        value
    }

    fn number<T>(&mut self, path: &str, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display + Default,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.parsed(path, &expected, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })
        .unwrap_or_default()
    }

    fn seconds(&mut self, path: &str, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(path, range))
    }

    fn flag(&mut self, path: &str) -> bool {
        self.parsed(path, "true or false", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// A key that was given without what often comes along when one is copied.
    fn secret(&mut self, path: &str) -> Option<Secret> {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        self.parsed(path, "a key without white space", |text| {
            (!text.contains(odd)).then(|| text.to_owned())
        })
        .and_then(Secret::new)
    }

    /// A list of a file, or a text with commas.
    fn list<T>(&mut self, path: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let items: Option<Vec<String>> = match self.figment.find_value(path) {
            Ok(Value::Array(_, items)) => items.into_iter().map(Value::into_string).collect(),
            Ok(Value::String(_, text)) => Some(text.split(',').map(str::to_owned).collect()),
            _ => None,
        };
        let parsed = items.and_then(|items| {
            items
                .iter()
                .map(|item| item.trim())
                .filter(|item| !item.is_empty())
                .map(parse)
                .collect()
        });
        if parsed.is_none() {
            self.problem(path, &format!("every item must be {expected}"));
        }
        parsed.unwrap_or_default()
    }
}
