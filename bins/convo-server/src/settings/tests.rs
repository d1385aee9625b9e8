//! Layers, problems and limits of the settings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn environment(variables: &[(&str, &str)]) -> Sources {
    Sources {
        file: None,
        environment: variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    }
}

fn load(variables: &[(&str, &str)]) -> Settings {
    Settings::load(&environment(variables)).unwrap()
}

/// The settings are refused with exactly one problem, which begins with `start`.
fn refused(name: &str, value: &str, start: &str) {
    let SettingsError(problems) = Settings::load(&environment(&[(name, value)])).expect_err(name);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with(start), "{problems:?}");
}

#[test]
fn defaults_are_complete() {
    assert!(DEFAULTS.parse::<toml::Table>().is_ok());
    let settings = load(&[]);
    assert_eq!(settings.server.bind, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(settings.database.url.expose(), "sqlite://convo.db");
    assert!(settings.server.workers >= 1);
    assert_eq!(settings.send.mode, SendMode::Off);
    assert_eq!(settings.mailgun.base_url, "https://api.mailgun.net");
    assert_eq!(
        settings.policy,
        Policy::default(),
        "the defaults of the policy are written down once more, the same"
    );
    assert!(
        settings.bootstrap_key.is_none()
            && settings.redis.is_none()
            && settings.mailgun.signing_key.is_none()
    );
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("convo.toml");
    std::fs::write(
        &file,
        "[server]\nbind = \"0.0.0.0:1\"\nworkers = 3\n[mail]\nour_addresses = [\"A@x.example\"]\n",
    )
    .unwrap();
    let mut sources = environment(&[("CONVO_SERVER__BIND", "127.0.0.1:0")]);
    sources.file = Some(file);
    let settings = Settings::load(&sources).unwrap();
    assert_eq!(settings.server.bind, "127.0.0.1:0".parse().unwrap());
    assert_eq!(settings.server.workers, 3);
    assert_eq!(settings.our_addresses, ["a@x.example"]);
}

#[test]
fn values_of_the_environment_are_read_by_their_type() {
    let settings = load(&[
        ("CONVO_MAILGUN__SIGNING_KEY", "00123456"),
        (
            "CONVO_MAIL__OUR_ADDRESSES",
            "sales@x.example, Info@x.example",
        ),
        ("CONVO_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("CONVO_POLICY__AUTO_HANDOVER", "false"),
        ("CONVO_POLICY__TIME_ZONE", "Europe/Berlin"),
        ("CONVO_SEND__MODE", "shadow"),
        ("CONVO_SEND__FROM", "Dealer <sales@dealer.example>"),
        ("CONVO_SERVER__PUBLIC_URL", "https://convo.dealer.example/"),
        (
            "CONVO_CONFIG",
            "names without two underscores are no settings",
        ),
        ("HOME", "/"),
    ]);
    assert_eq!(settings.mailgun.signing_key.unwrap().expose(), "00123456");
    assert_eq!(
        settings.our_addresses,
        ["sales@x.example", "info@x.example"]
    );
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert!(!settings.policy.auto_handover);
    assert_eq!(settings.policy.calendar.time_zone, "Europe/Berlin");
    assert_eq!(settings.send.mode, SendMode::Shadow);
    assert_eq!(settings.send.reply_domain, "dealer.example");
    let public = settings.server.public_url.as_deref();
    assert_eq!(public, Some("https://convo.dealer.example"));
}

#[test]
fn sending_says_all_that_it_needs() {
    for (mode, missing) in [
        ("off", vec![]),
        ("shadow", vec!["send.from", "server.public_url"]),
        (
            "live",
            vec![
                "send.from",
                "server.public_url",
                "mailgun.api_key",
                "mailgun.domain",
            ],
        ),
    ] {
        let loaded = Settings::load(&environment(&[("CONVO_SEND__MODE", mode)]));
        let problems = loaded.map_or_else(|error| error.0, |_| Vec::new());
        let named: Vec<&str> = problems
            .iter()
            .filter_map(|problem| problem.split(':').next())
            .collect();
        assert_eq!(named, missing, "{problems:?}");
    }
    let settings = load(&[
        ("CONVO_SEND__MODE", "live"),
        ("CONVO_SEND__FROM", "sales@dealer.example"),
        ("CONVO_SERVER__PUBLIC_URL", "https://convo.dealer.example"),
        ("CONVO_MAILGUN__API_KEY", "key-1"),
        ("CONVO_MAILGUN__DOMAIN", "Mail.Dealer.example"),
        ("CONVO_MAILGUN__REGION", "eu"),
    ]);
    assert_eq!(settings.mailgun.base_url, "https://api.eu.mailgun.net");
    assert_eq!(settings.send.reply_domain, "mail.dealer.example");
}

#[test]
fn every_wrong_value_is_named() {
    refused("CONVO_SERVER__BIND", "everywhere", "server.bind: must be");
    refused(
        "CONVO_SERVER__NOPE",
        "1",
        "CONVO_SERVER__NOPE: there is no such setting",
    );
    refused(
        "CONVO_NOPE__BIND",
        "1",
        "CONVO_NOPE__BIND: there is no such setting",
    );
    refused(
        "CONVO_SERVER__TRUSTED_PROXIES",
        "10.0.0.0/33",
        "server.trusted_proxies:",
    );
    refused("CONVO_DATABASE__URL", "mysql://x", "database.url:");
    refused("CONVO_REDIS__URL", "http://x", "redis.url:");
    refused("CONVO_STORAGE__PATH", "", "storage.path:");
    refused("CONVO_SEND__MODE", "on", "send.mode:");
    refused("CONVO_SEND__FROM", "Dealer", "send.from:");
    refused("CONVO_SEND__REPLY_DOMAIN", "a b", "send.reply_domain:");
    refused("CONVO_SEND__PARALLEL", "0", "send.parallel:");
    refused("CONVO_MAILGUN__REGION", "mars", "mailgun.region:");
    refused("CONVO_MAILGUN__BASE_URL", "api", "mailgun.base_url:");
    refused("CONVO_MAILGUN__DOMAIN", "a/b", "mailgun.domain:");
    refused(
        "CONVO_SERVER__PUBLIC_URL",
        "convo.example",
        "server.public_url:",
    );
    refused("CONVO_LOG__LEVEL", "loud", "log.level:");
    refused("CONVO_LOG__FORMAT", "xml", "log.format:");
    refused("CONVO_POLICY__FAST_TRACK", "maybe", "policy.fast_track:");
    refused(
        "CONVO_POLICY__MIN_ENGAGEMENT",
        "101",
        "policy.min_engagement:",
    );
    refused("CONVO_POLICY__TIME_ZONE", "Mars/Base", "policy.time_zone:");
    refused(
        "CONVO_POLICY__BUSINESS_HOURS",
        "always",
        "policy.business_hours:",
    );
    refused("CONVO_POLICY__ARCHIVE_DAYS", "180", "policy.archive_days:");
    refused("CONVO_MAIL__OUR_ADDRESSES", "nobody", "mail.our_addresses:");
    refused("CONVO_LIMITS__JSON_BYTES", "1023", "limits.json_bytes:");
}

#[test]
fn limits_hold_at_their_edges() {
    refused(
        "CONVO_AUTH__BOOTSTRAP_KEY",
        &"k".repeat(23),
        "auth.bootstrap_key:",
    );
    assert!(
        load(&[("CONVO_AUTH__BOOTSTRAP_KEY", &"1".repeat(24))])
            .bootstrap_key
            .is_some()
    );
    assert_eq!(
        load(&[("CONVO_POLICY__ARCHIVE_DAYS", "181")])
            .policy
            .archive_days,
        181
    );
    refused("CONVO_POLICY__REOPEN_DAYS", "210", "policy.archive_days:");
    refused("CONVO_SERVER__DRAIN_SECONDS", "19", "server.drain_seconds:");
    assert_eq!(
        load(&[("CONVO_LIMITS__JSON_BYTES", "1024")])
            .limits
            .json_bytes,
        1024
    );
}

#[test]
fn all_problems_are_reported_at_once_and_no_secret_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("convo.toml");
    std::fs::write(
        &file,
        "top = 1\n[server]\nbind = 7\nnope = 1\n[policy.min_messages]\ndeep = 1\n",
    )
    .unwrap();
    let mut sources = environment(&[
        ("CONVO_AUTH__BOOTSTRAP_KEY", "hush"),
        ("CONVO_DATABASE__URL", "mysql://me:hush@x"),
    ]);
    sources.file = Some(file.clone());
    let error = Settings::load(&sources).expect_err("five problems");
    assert_eq!(error.0.len(), 6, "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");

    std::fs::write(&file, "[server]\n\nsigning_key = hush\n").unwrap();
    let error = Settings::load(&sources).expect_err("no TOML");
    assert!(
        error.to_string().contains("line 3: not valid TOML"),
        "{error}"
    );
    assert!(!error.to_string().contains("hush"), "{error}");
    sources.file = Some(folder.path().join("absent.toml"));
    assert!(
        Settings::load(&sources)
            .expect_err("no file")
            .to_string()
            .contains("cannot be read")
    );
}

#[test]
fn debug_shows_no_secret() {
    let settings = load(&[
        ("CONVO_AUTH__BOOTSTRAP_KEY", &"hush".repeat(6)),
        ("CONVO_MAILGUN__SIGNING_KEY", "hush"),
        ("CONVO_DATABASE__URL", "postgres://me:hush@x/y"),
    ]);
    assert!(!format!("{settings:?}").contains("hush"));
}
