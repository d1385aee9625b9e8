//! House rules of the workspace, held by a test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What each crate of ours may name, besides what lies outside the workspace. Dependencies point down only.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("convo-core", &[]),
    ("convo-threading", &[]),
    ("convo-email", &["convo-core", "convo-threading"]),
    (
        "convo-mailgun",
        &["convo-core", "convo-threading", "convo-email"],
    ),
    ("convo-store", &["convo-core"]),
    (
        "convo-app",
        &[
            "convo-core",
            "convo-threading",
            "convo-email",
            "convo-store",
        ],
    ),
    ("convo-dashboard", &["convo-core"]),
    (
        "convo-server",
        &[
            "convo-core",
            "convo-threading",
            "convo-email",
            "convo-mailgun",
            "convo-store",
            "convo-app",
            "convo-dashboard",
        ],
    ),
    ("convo-tests", &[]),
    ("xtask", &[]),
];

/// Crates that may not reach a runtime, a database or a socket.
const PURE: [&str; 5] = [
    "convo-core",
    "convo-threading",
    "convo-email",
    "convo-mailgun",
    "convo-dashboard",
];
const IMPURE: [&str; 8] = [
    "tokio",
    "diesel",
    "actix-web",
    "reqwest",
    "r2d2",
    "redis",
    "getrandom",
    "env_logger",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Names of a package's dependencies; of all kinds, or only those a user of it builds.
fn dependencies(package: &Value, dev: bool) -> Vec<&str> {
    let all = package["dependencies"].as_array().unwrap();
    all.iter()
        .filter(|dependency| dev || dependency["kind"] != "dev")
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect()
}

/// Files below the root whose name ends so, build output left out.
fn files(ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !matches!(name, "target" | ".git") {
                    folders.push(path);
                }
            } else if ends.iter().any(|end| name.ends_with(end)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn is_test(shown: &str) -> bool {
    shown.contains("tests/") || shown.ends_with("tests.rs")
}

#[test]
fn dependencies_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let packages = packages();
    let mut wrong = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let Some(allowed) = allowed.get(name) else {
            wrong.push(format!("{name} has no row in the dependency table"));
            continue;
        };
        let ours = |other: &str| packages.iter().any(|package| package["name"] == other);
        for other in dependencies(package, true) {
            if ours(other) && other != name && !allowed.contains(&other) {
                wrong.push(format!("{name} may not name {other}"));
            }
            if other.starts_with("diesel") && name != "convo-store" {
                wrong.push(format!("only convo-store names diesel, not {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_crates_stay_pure() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        if !PURE.contains(&name) {
            continue;
        }
        for other in dependencies(&package, false) {
            if IMPURE.contains(&other) {
                wrong.push(format!("{name} names {other}"));
            }
        }
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let library = fs::read_to_string(manifest.with_file_name("src").join("lib.rs")).unwrap();
        if !library.contains("#![forbid(unsafe_code)]") && !inherits_lints(manifest) {
            wrong.push(format!("{name} does not forbid unsafe code"));
        }
    }
    for path in files(&[".rs"]) {
        let shown = shown(&path);
        if !PURE
            .iter()
            .any(|name| shown.starts_with(&format!("crates/{name}/src/")))
        {
            continue;
        }
        if is_test(&shown) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        // Tests come last; what else is for tests alone may stand anywhere.
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for call in [
            "Utc::now",
            "SystemTime::now",
            "Instant::now",
            "std::env",
            "std::fs",
            "std::net",
        ] {
            if source.contains(call) {
                wrong.push(format!("{shown} calls {call}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn inherits_lints(manifest: &Path) -> bool {
    fs::read_to_string(manifest)
        .unwrap()
        .contains("[lints]\nworkspace = true")
}

#[test]
fn manifests_are_complete() {
    for package in packages() {
        let name = &package["name"];
        assert_eq!(package["license"], "MIT OR Apache-2.0", "{name}");
        assert!(
            package["description"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{name}"
        );
        assert!(
            inherits_lints(Path::new(package["manifest_path"].as_str().unwrap())),
            "{name}"
        );
    }
}

/// Every dependency of the workspace stands under a line saying what it, or its group, is for.
#[test]
fn dependencies_say_what_they_are_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let table = table.split("\n[").next().unwrap();
    let mut explained = false;
    for line in table.lines() {
        if line.contains(" = ") {
            assert!(explained, "no comment above: {line}");
        } else {
            explained = line.starts_with("# ");
        }
    }
}

#[test]
fn sources_hold_nothing_unfinished() {
    // Put together here, so that this file does not find itself.
    let forbidden = [
        format!("{}!(", "todo"),
        format!("{}!(", "unimplemented"),
        format!("#[{}", "ignore"),
        format!("{}{}", "FIX", "ME"),
        format!("{}{}", "/wo", "rk/"),
        format!("{}{}", "../sha", "red"),
        format!("{} #", "issue"),
    ];
    let mut wrong = Vec::new();
    for path in files(&[".rs", ".md", ".toml", ".sql", ".html", ".yml"]) {
        let source = fs::read_to_string(&path).unwrap();
        for (number, line) in source.lines().enumerate() {
            if let Some(word) = forbidden.iter().find(|word| line.contains(*word)) {
                wrong.push(format!("{}:{}: {word}", shown(&path), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_source_file_is_two_ideas() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        let shown = shown(&path);
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > 500 && !is_test(&shown) {
            wrong.push(format!("{shown}: {lines} lines"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Migrations are the same steps under the same names on both databases.
#[test]
fn migrations_go_in_pairs() {
    let folders = files(&["up.sql"]);
    let of = |kind: &str| -> Vec<String> {
        let all = folders.iter().map(|path| shown(path));
        all.filter_map(|path| {
            path.split_once(&format!("{kind}/"))
                .map(|(_, rest)| rest.to_owned())
        })
        .collect()
    };
    assert!(!of("sqlite").is_empty());
    assert_eq!(of("sqlite"), of("postgres"));
}

/// What a backup must hold and what `rebuild` makes anew is told of every table.
#[test]
fn every_table_is_told_to_be_a_source_or_derived() {
    let page = fs::read_to_string(root().join("docs/recovery.md")).unwrap();
    let told = page.split("## What follows from what").nth(1).unwrap();
    let cells = told.lines().filter_map(|line| line.split('|').nth(1));
    let told: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let steps = files(&["up.sql"]);
    let made = steps.iter().filter(|path| shown(path).contains("sqlite"));
    let mut made: Vec<String> = made
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let tables = text.lines().filter_map(|line| {
                let table = line.strip_prefix("CREATE TABLE ")?;
                table.split([' ', '(']).next().map(str::to_owned)
            });
            tables.collect::<Vec<_>>()
        })
        .collect();
    made.sort();
    let mut told: Vec<String> = told.into_iter().map(str::to_owned).collect();
    told.sort();
    assert_eq!(told, made, "docs/recovery.md names each table once");
}

/// What the README tells people to type is there.
#[test]
fn readme_commands_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let config = fs::read_to_string(root().join(".cargo/config.toml")).unwrap();
    assert!(readme.contains("cargo run --release"));
    assert!(readme.contains("cargo xtask test"));
    assert!(config.contains("xtask = "));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("default-members = [\"bins/convo-server\"]"),
        "`cargo run` starts the server"
    );
    for page in links(&readme) {
        assert!(
            root().join(page).exists(),
            "README.md points to {page}, which is not there"
        );
    }
}

/// Pages of `docs/` point to pages that exist.
#[test]
fn documents_point_to_what_exists() {
    for path in files(&[".md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for page in links(&text) {
            let target = path.parent().unwrap().join(page);
            assert!(
                target.exists(),
                "{} points to {page}, which is not there",
                shown(&path)
            );
        }
    }
}

/// Every row of the table of limits names a test that holds the edge, and each test named is there.
#[test]
fn limits_are_tested() {
    let page = fs::read_to_string(root().join("docs/limits.md")).unwrap();
    let sources: Vec<String> = files(&[".rs"])
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.filter(|row| !row.starts_with("| limit |")).collect();
    assert!(rows.len() > 30, "{} rows", rows.len());
    for row in rows {
        let column = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<&str> = column.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {row}");
        for name in names {
            let function = format!("fn {name}(");
            let there = sources.iter().any(|source| source.contains(&function));
            assert!(there, "no test {name}: {row}");
        }
    }
}

/// Relative targets of Markdown links, fragments left out.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap())
        .filter(|target| !target.is_empty() && !target.contains(':') && !target.contains(' '))
        .collect()
}
