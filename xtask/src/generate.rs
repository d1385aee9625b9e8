//! `cargo xtask generate`: files of `docs/` that the program prints, so that they cannot be wrong.

use std::fs;
use std::process::Command;

use crate::Outcome;
use crate::cargo::{cargo, root, server, shown, succeed};

/// One generated file: where it is, and what prints it.
struct Page {
    path: &'static str,
    source: Source,
}

enum Source {
    /// A sub-command of the server.
    Server(&'static str),
    /// An example of `convo-core`.
    Example(&'static str),
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/state-machine.md",
        source: Source::Example("state_machine"),
    },
    Page {
        path: "docs/openapi.json",
        source: Source::Server("openapi"),
    },
];

/// Writes every page, or with `check` only compares.
///
/// # Errors
/// The server does not build or print, a page cannot be written, or (with `check`) differs.
pub fn run(check: bool) -> Outcome {
    succeed(cargo(["build", "--workspace", "--all-features", "--bins"]))?;
    let mut stale = Vec::new();
    for page in &PAGES {
        let path = root().join(page.path);
        let present = fs::read_to_string(&path).unwrap_or_default();
        let fresh = page.source.printed()?;
        if fresh == present {
            continue;
        }
        if check {
            stale.push(page.path);
        } else {
            fs::write(&path, fresh).map_err(|cause| format!("{}: {cause}", page.path))?;
            println!("wrote {}", page.path);
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{} out of date: run `cargo xtask generate`",
            stale.join(", ")
        ))
    }
}

impl Source {
    /// What it prints, ending in one line feed.
    fn printed(&self) -> Result<String, String> {
        let mut command = match self {
            Self::Server(command) => {
                let mut program = Command::new(server());
                program.arg(command);
                program
            }
            Self::Example(name) => cargo(["run", "-q", "-p", "convo-core", "--example", name]),
        };
        let name = shown(&command);
        let output = command
            .output()
            .map_err(|cause| format!("{name}: {cause}"))?;
        if !output.status.success() {
            return Err(format!("{name}: {}", output.status));
        }
        let text = String::from_utf8(output.stdout).map_err(|cause| format!("{name}: {cause}"))?;
        Ok(format!("{}\n", text.trim_end()))
    }
}
