//! A page held against the rules of `checks.js`.

use std::fmt::Write as _;

use super::{Browser, Look};

const CHECKS: &str = include_str!("checks.js");

impl Browser {
    /// Holds the page against every rule, light, dark and on a phone, and takes its three pictures.
    ///
    /// # Panics
    /// Naming every rule that is broken, and where.
    pub async fn inspect(&self, name: &str) {
        let faults = self.faults(name).await;
        assert!(faults.is_empty(), "\n{faults}");
    }

    /// As [`Browser::inspect`]: what is broken, a line each, for those who look at several pages.
    pub async fn faults(&self, name: &str) -> String {
        let mut broken = String::new();
        for look in Look::ALL {
            self.wear(look).await;
            self.settled().await;
            self.picture(name, look).await;
            for (rule, place) in self.findings(look).await {
                let _ = writeln!(broken, "  {:5} {rule}: {place}", look.name());
            }
        }
        self.wear(Look::Light).await;
        let path = self.path().await;
        match broken.is_empty() {
            true => broken,
            false => format!("{name} ({path}):\n{broken}"),
        }
    }

    /// Rules that the page breaks as it is looked at now, each with the place.
    pub async fn findings(&self, look: Look) -> Vec<(String, String)> {
        let script = format!("{CHECKS}\nreturn checks({});", look == Look::Phone);
        let found = self.run(&script, Vec::new()).await;
        let found = found.as_array().expect("a list of findings").clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        found
            .iter()
            .map(|one| (text(&one["rule"]), text(&one["where"])))
            .collect()
    }
}
