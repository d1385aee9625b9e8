//! What the host that took a mail in says of where it comes from: `Authentication-Results`.
//!
//! Anybody can write such a field. Only those of hosts one trusts count, by the name the host gives itself
//! (authserv-id), and of each host only the topmost field that names a check: a host puts its fields above
//! what came with the mail, and what lies below the next `Received` was there before. Each host speaks for
//! itself, so that a field forged in the name of another trusted host takes no failure away.
//!
//! A mail is *forged* when a trusted host says
//! - that DMARC failed, whatever the domain asks to be done with such mail; or,
//! - without a DMARC result (none published, or an error), that SPF failed hard and that no DKIM signature
//!   holds. SPF alone fails whenever mail is forwarded, a soft failure is a guess, and a host that did not
//!   look at DKIM has not said enough.
//!
//! Source: RFC 8601 §2.2 (form), §2.7 (results), §5 (fields that came with the mail); RFC 7489 §6.6.

mod clauses;

use crate::headers::Headers;
use clauses::clauses;

/// Most fields of trusted hosts that are read.
const MAX_FIELDS: usize = 20;

/// Fields of a provider that says its results in fields of its own instead: its domain, SPF, DKIM.
///
/// Source: <https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/spam-filter>.
const OF_PROVIDERS: &[(&str, &str, &str)] = &[(
    "mailgun.org",
    "x-mailgun-spf",
    "x-mailgun-dkim-check-result",
)];

/// Hosts whose results are believed, by their authserv-id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedHosts(Vec<String>);

impl TrustedHosts {
    /// From names, compared without case; `*.example.org` stands for that domain and everything below it.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(|name| canonical(name.as_ref()));
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether a host of this name is among them.
    pub fn trusts(&self, host: &str) -> bool {
        let host = canonical(host);
        self.0.iter().any(|name| match name.strip_prefix("*.") {
            Some(domain) => is_below(&host, domain),
            None => *name == host,
        })
    }

    /// Whether any of them belongs to a domain.
    fn any_of(&self, domain: &str) -> bool {
        let mut names = self.0.iter();
        names.any(|name| is_below(name.strip_prefix("*.").unwrap_or(name), domain))
    }
}

/// Where a mail comes from, as far as trusted hosts tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// They do not say.
    #[default]
    Unknown,
    /// The domain of its author stands for it: DMARC passed.
    Confirmed,
    /// Its author's domain did not send it.
    Forged(Proof),
}

/// What shows that a mail is forged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// DMARC failed.
    Dmarc,
    /// No DMARC result; SPF failed and no DKIM signature holds.
    SpfAndDkim,
}

impl Origin {
    /// Whether it is forged.
    pub fn is_forged(self) -> bool {
        matches!(self, Self::Forged(_))
    }

    /// The code kept as evidence.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Confirmed => Some("auth:dmarc-pass"),
            Self::Forged(Proof::Dmarc) => Some("auth:dmarc-fail"),
            Self::Forged(Proof::SpfAndDkim) => Some("auth:spf-dkim-fail"),
        }
    }
}

/// Says where a mail comes from, by its header fields in their order.
pub fn origin(headers: &Headers, trusted: &TrustedHosts) -> Origin {
    if trusted.0.is_empty() {
        return Origin::Unknown;
    }
    let mut hosts: Vec<(String, Checks)> = Vec::new();
    let mut read = 0;
    for field in headers.iter() {
        let ended = read > 0 && field.name().eq_ignore_ascii_case("received");
        if ended || read == MAX_FIELDS {
            break;
        }
        if !field.name().eq_ignore_ascii_case("authentication-results") {
            continue;
        }
        let Some((host, checks)) = results(field.raw(), trusted) else {
            continue;
        };
        read += 1;
        match hosts.iter_mut().find(|(known, _)| *known == host) {
            Some((_, above)) => above.fill(checks),
            None => hosts.push((host, checks)),
        }
    }
    let said = hosts.iter().map(|(_, checks)| checks.origin());
    let decided = said.max_by_key(|origin| weight(*origin));
    match decided {
        Some(decided) if decided != Origin::Unknown => decided,
        _ => of_provider(headers, trusted),
    }
}

/// What one check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Pass,
    Fail,
    /// Looked at, and neither.
    Neither,
}

/// The checks of one host; none where it does not speak of one.
#[derive(Debug, Clone, Copy, Default)]
struct Checks {
    dmarc: Option<Outcome>,
    spf: Option<Outcome>,
    dkim: Option<Outcome>,
}

impl Checks {
    /// Adds what a field further down says of checks that those above do not name.
    fn fill(&mut self, below: Self) {
        self.dmarc = self.dmarc.or(below.dmarc);
        self.spf = self.spf.or(below.spf);
        self.dkim = self.dkim.or(below.dkim);
    }

    /// Takes one result of a field in: of several DMARC results the worst counts, of several
    /// signatures or SPF identities the best.
    fn note(&mut self, method: &str, result: &str) {
        let outcome = outcome(method, result);
        match method {
            "dmarc" if self.dmarc != Some(Outcome::Fail) => self.dmarc = outcome.or(self.dmarc),
            "spf" if self.spf != Some(Outcome::Pass) => self.spf = outcome.or(self.spf),
            "dkim" if self.dkim != Some(Outcome::Pass) => self.dkim = outcome.or(self.dkim),
            _ => {}
        }
    }

    fn origin(&self) -> Origin {
        match self.dmarc {
            Some(Outcome::Fail) => Origin::Forged(Proof::Dmarc),
            Some(Outcome::Pass) => Origin::Confirmed,
            Some(Outcome::Neither) | None => {
                let unsigned = self.dkim.is_some_and(|dkim| dkim != Outcome::Pass);
                if self.spf == Some(Outcome::Fail) && unsigned {
                    Origin::Forged(Proof::SpfAndDkim)
                } else {
                    Origin::Unknown
                }
            }
        }
    }
}

/// What a result word means for a method; `None` where the check could not be made.
fn outcome(method: &str, result: &str) -> Option<Outcome> {
    Some(match (method, result) {
        (_, "pass") | ("dmarc", "bestguesspass") => Outcome::Pass,
        // A broken record or a server that is away says nothing of the mail.
        (_, "temperror") | ("dmarc" | "spf", "permerror") => return None,
        (_, "fail" | "hardfail") => Outcome::Fail,
        _ => Outcome::Neither,
    })
}

/// The host of a field and its results, where the host is trusted.
fn results(field: &str, trusted: &TrustedHosts) -> Option<(String, Checks)> {
    let clauses = clauses(field);
    let (first, rest) = clauses.split_first()?;
    // A version may follow the name.
    let host = first.split_whitespace().next()?.trim_matches('"');
    if host.contains('=') || !trusted.trusts(host) {
        return None;
    }
    let mut checks = Checks::default();
    for clause in rest {
        if let Some((method, result)) = method_and_result(clause) {
            checks.note(&method, &result);
        }
    }
    Some((canonical(host), checks))
}

/// `dkim/1 = pass reason=…` as `dkim` and `pass`.
fn method_and_result(clause: &str) -> Option<(String, String)> {
    let (method, rest) = clause.split_once('=')?;
    let method = method.split('/').next()?.trim().to_ascii_lowercase();
    let rest = rest.trim_start();
    let end = rest.find(|c: char| c.is_whitespace() || c == '(');
    let result = rest[..end.unwrap_or(rest.len())].to_ascii_lowercase();
    (!method.is_empty() && !result.is_empty()).then_some((method, result))
}

/// Which of several hosts decides: a failure before a confirmation before silence.
fn weight(origin: Origin) -> u8 {
    match origin {
        Origin::Unknown => 0,
        Origin::Confirmed => 1,
        Origin::Forged(Proof::SpfAndDkim) => 2,
        Origin::Forged(Proof::Dmarc) => 3,
    }
}

/// What a trusted provider says in fields of its own; a signature that is not there is not looked at
/// by it. A field of that name may have come with the mail, so a failure counts wherever it stands.
fn of_provider(headers: &Headers, trusted: &TrustedHosts) -> Origin {
    for (domain, spf, dkim) in OF_PROVIDERS {
        if !trusted.any_of(domain) {
            continue;
        }
        let says = |name: &str, word: &str| {
            let mut values = headers.get_all_raw(name);
            values.any(|value| value.trim().eq_ignore_ascii_case(word))
        };
        let signed = says(dkim, "pass") && !says(dkim, "fail");
        if says(spf, "fail") && !signed {
            return Origin::Forged(Proof::SpfAndDkim);
        }
    }
    Origin::Unknown
}

fn canonical(host: &str) -> String {
    host.trim().trim_end_matches('.').to_ascii_lowercase()
}

fn is_below(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

#[cfg(test)]
mod tests;
