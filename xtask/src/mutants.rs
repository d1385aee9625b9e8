//! `cargo xtask mutants`: how many changes to the pure crates no test of theirs notices.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;
use crate::cargo::{cargo, root, shown, target};

/// The crates whose every change must be noticed by their own tests.
const CRATES: [&str; 2] = ["convo-core", "convo-threading"];
/// Per cent of the changes that compile which must be noticed.
const LEAST: usize = 85;

/// Runs `cargo mutants` with these arguments and counts what it found; its report stays in `target/mutants/mutants.out`.
///
/// # Errors
/// The tool is missing or fails, or a crate's tests notice too little.
pub fn run(arguments: &[String]) -> Outcome {
    let asked = cargo(["mutants", "--version"]).output();
    if !asked.is_ok_and(|output| output.status.success()) {
        return Err("cargo-mutants is missing: cargo install --locked cargo-mutants".to_owned());
    }
    let folder = target().join("mutants");
    std::fs::create_dir_all(&folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    let mut command = mutants(arguments);
    command.arg("--output").arg(&folder);
    let status = command
        .status()
        .map_err(|cause| format!("{}: {cause}", shown(&command)))?;
    // 2: some were missed, 3: some ran into the time limit. The rest is no measurement.
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("{}: {status}", shown(&command)));
    }
    let scores = scores(&folder.join("mutants.out/outcomes.json"))?;
    for (name, score) in &scores {
        println!("{name}: {score}");
    }
    match scores.iter().find(|(_, score)| !score.suffices()) {
        Some((name, _)) => Err(format!("{name}: under {LEAST} %")),
        None => Ok(()),
    }
}

fn mutants(arguments: &[String]) -> Command {
    let mut command = cargo(["mutants", "--sharding", "round-robin"]);
    // A package that is asked for by name is the only one.
    if !arguments
        .iter()
        .any(|one| matches!(one.as_str(), "-p" | "--package"))
    {
        command.args(CRATES.iter().flat_map(|name| ["--package", name]));
    }
    command
        .args(arguments)
        .current_dir(root())
        // Built thousands of times and never looked at with a debugger.
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .env("CARGO_PROFILE_TEST_DEBUG", "none");
    if std::env::var_os("PROPTEST_CASES").is_none() {
        // What a property notices at all, it notices early.
        command.env("PROPTEST_CASES", "24");
    }
    command
}

/// What became of the changes to one crate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Score {
    caught: usize,
    missed: usize,
    timed_out: usize,
    unviable: usize,
}

impl Score {
    /// Per cent of those that compile which a test noticed, rounded down.
    fn percent(&self) -> usize {
        let noticed = self.caught + self.timed_out;
        (noticed * 100)
            .checked_div(noticed + self.missed)
            .unwrap_or(100)
    }

    fn suffices(&self) -> bool {
        self.percent() >= LEAST
    }
}

impl fmt::Display for Score {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            caught,
            missed,
            timed_out,
            unviable,
        } = self;
        let percent = self.percent();
        write!(
            formatter,
            "{caught} caught, {missed} missed, {timed_out} timed out, {unviable} unviable: {percent} %"
        )
    }
}

/// The part of `outcomes.json` that is counted.
#[derive(Deserialize)]
struct Report {
    outcomes: Vec<Tried>,
}

#[derive(Deserialize)]
struct Tried {
    scenario: Scenario,
    summary: Summary,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant { package: String },
}

#[derive(Deserialize)]
enum Summary {
    Success,
    CaughtMutant,
    MissedMutant,
    Unviable,
    Failure,
    Timeout,
}

fn scores(report: &Path) -> Result<BTreeMap<String, Score>, String> {
    let wrong = |cause: &dyn fmt::Display| format!("{}: {cause}", report.display());
    let text = std::fs::read_to_string(report).map_err(|cause| wrong(&cause))?;
    counted(&text).map_err(|cause| wrong(&cause))
}

fn counted(report: &str) -> Result<BTreeMap<String, Score>, serde_json::Error> {
    let report: Report = serde_json::from_str(report)?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for tried in report.outcomes {
        let Scenario::Mutant { package } = tried.scenario else {
            continue;
        };
        let score = scores.entry(package).or_default();
        match tried.summary {
            Summary::CaughtMutant => score.caught += 1,
            Summary::MissedMutant => score.missed += 1,
            Summary::Timeout => score.timed_out += 1,
            Summary::Unviable => score.unviable += 1,
            // Only of the tree as it is, or where nothing was run.
            Summary::Success | Summary::Failure => {}
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_report_is_counted_by_crate() {
        let mutant = |package: &str, summary: &str| {
            format!(
                r#"{{"scenario":{{"Mutant":{{"name":"x","package":"{package}"}}}},"summary":"{summary}"}}"#
            )
        };
        let tried = [
            r#"{"scenario":"Baseline","summary":"Success"}"#.to_owned(),
            mutant("a", "CaughtMutant"),
            mutant("a", "Timeout"),
            mutant("a", "MissedMutant"),
            mutant("b", "CaughtMutant"),
            mutant("b", "Unviable"),
        ];
        let report = format!(r#"{{"outcomes":[{}],"total_mutants":5}}"#, tried.join(","));
        let lines: Vec<String> = counted(&report)
            .unwrap()
            .iter()
            .map(|(name, score)| format!("{name}: {score} {}", score.suffices()))
            .collect();
        assert_eq!(
            lines,
            [
                "a: 1 caught, 1 missed, 1 timed out, 0 unviable: 66 % false",
                "b: 1 caught, 0 missed, 0 timed out, 1 unviable: 100 % true",
            ]
        );
    }
}
