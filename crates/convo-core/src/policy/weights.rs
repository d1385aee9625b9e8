//! Weights of the three scores, and the lists a policy starts with.

use serde::{Deserialize, Serialize};

/// Weights of the engagement score, in points unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EngagementWeights {
    /// For one reply to every message of ours.
    pub rate: u32,
    /// For every reply within the hour.
    pub promptness: u32,
    /// Percent of `promptness` for a reply within 4 hours.
    pub four_hours_percent: u32,
    /// Percent of `promptness` for a reply within 24 hours.
    pub day_percent: u32,
    /// Percent of `promptness` for a reply within 48 hours.
    pub two_days_percent: u32,
    /// For each reply.
    pub per_reply: u32,
    /// At most this for the number of replies.
    pub depth_cap: u32,
    /// For each open judged human.
    pub per_open: u32,
    /// For each click judged human.
    pub per_click: u32,
    /// At most this for opens and clicks.
    pub tracking_cap: u32,
}

impl Default for EngagementWeights {
    fn default() -> Self {
        Self {
            rate: 25,
            promptness: 25,
            four_hours_percent: 80,
            day_percent: 50,
            two_days_percent: 30,
            per_reply: 9,
            depth_cap: 40,
            per_open: 3,
            per_click: 6,
            tracking_cap: 25,
        }
    }
}

/// Weights of the qualification score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct QualificationWeights {
    /// For each distinct purchase signal.
    pub per_signal: u32,
    /// At most this for purchase signals.
    pub signal_cap: u32,
    /// For interest or a raised hand.
    pub interest: u32,
    /// For complete contact data; a part of it for incomplete data.
    pub contact_data: u32,
    /// Percent of the engagement score.
    pub engagement_percent: u32,
}

impl Default for QualificationWeights {
    fn default() -> Self {
        Self {
            per_signal: 15,
            signal_cap: 45,
            interest: 10,
            contact_data: 15,
            engagement_percent: 30,
        }
    }
}

/// Weights of the handover readiness score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReadinessWeights {
    /// For as many human messages as handover needs.
    pub depth: u32,
    /// Percent of the engagement score.
    pub engagement_percent: u32,
    /// For each distinct purchase signal.
    pub per_signal: u32,
    /// At most this for purchase signals.
    pub signal_cap: u32,
    /// For a known e-mail address.
    pub email: u32,
    /// For a known phone number.
    pub phone: u32,
    /// For a known name.
    pub names: u32,
    /// For a known interest.
    pub interest: u32,
}

impl Default for ReadinessWeights {
    fn default() -> Self {
        Self {
            depth: 25,
            engagement_percent: 35,
            per_signal: 10,
            signal_cap: 25,
            email: 5,
            phone: 5,
            names: 3,
            interest: 2,
        }
    }
}

/// Parts of user agents of image proxies, link scanners and programs; `=` asks for the whole (Apple Mail's
/// privacy proxy names nothing but `Mozilla/5.0`).
pub(super) const MACHINE_USER_AGENTS: &[&str] = &[
    "=mozilla/5.0",
    "googleimageproxy",
    "yahoomailproxy",
    "yahoo! slurp",
    "ymailnorrisproxy",
    "duckduckgo-email",
    "barracuda",
    "mimecast",
    "proofpoint",
    "symantec",
    "messagelabs",
    "fireeye",
    "trendmicro",
    "sophos",
    "cisco-ironport",
    "forcepoint",
    "bingpreview",
    "headlesschrome",
    "phantomjs",
    "bot/",
    "bot;",
    "crawler",
    "spider",
    "python-",
    "curl/",
    "wget/",
    "go-http-client",
];

/// Domains of public mail providers.
pub(super) const PUBLIC_MAIL_DOMAINS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "outlook.es",
    "outlook.it",
    "hotmail.com",
    "hotmail.co.uk",
    "hotmail.de",
    "hotmail.fr",
    "hotmail.es",
    "hotmail.it",
    "live.com",
    "live.co.uk",
    "live.de",
    "live.fr",
    "live.nl",
    "msn.com",
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.co.in",
    "yahoo.de",
    "yahoo.fr",
    "yahoo.es",
    "yahoo.it",
    "ymail.com",
    "rocketmail.com",
    "aol.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "fastmail.com",
    "hey.com",
    "zoho.com",
    "mail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "gmx.at",
    "gmx.ch",
    "web.de",
    "t-online.de",
    "freenet.de",
    "posteo.de",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "sfr.fr",
    "libero.it",
    "virgilio.it",
    "ziggo.nl",
    "kpnmail.nl",
    "mail.ru",
    "yandex.ru",
    "qq.com",
];
