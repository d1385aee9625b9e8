//! `cargo xtask fuzz-api`: schemathesis holds a running server against its OpenAPI document.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::cargo::{cargo, root, server, succeed, target};

/// What is installed, each version named: another one finds other things.
const REQUIREMENTS: &str = "tests/examples/fuzz_api/requirements.txt";

/// Builds server and example, sees to schemathesis and runs it; the arguments go to `schemathesis run`.
///
/// # Errors
/// A build fails, schemathesis cannot be had, it found something, or what is stored is not of one piece.
pub fn run(arguments: &[String]) -> Outcome {
    let program = installed()?;
    // Built as for the tests, so that nothing is built twice.
    for build in [
        "build --workspace --all-features --bins",
        "build --package convo-tests --all-features --example fuzz_api",
    ] {
        succeed(cargo(build.split(' ')))?;
    }
    let example = format!("debug/examples/fuzz_api{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(target().join(example));
    command
        .args(arguments)
        .env("CONVO_TEST_SERVER", server())
        .env("CONVO_SCHEMATHESIS", program);
    succeed(command)
}

/// The program, in an environment of its own below `target`.
fn installed() -> Result<PathBuf, String> {
    let folder = target().join("schemathesis");
    let wanted = root().join(REQUIREMENTS);
    let program = folder.join("bin/schemathesis");
    let stamp = folder.join("requirements.txt");
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    if program.is_file() && read(&stamp) == read(&wanted) {
        return Ok(program);
    }
    if !has_venv() {
        return Err(
            "fuzz-api needs Python 3.10 or later with its modules venv and pip.\n  Debian, Ubuntu: sudo apt-get install python3 python3-venv"
                .to_owned(),
        );
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    succeed(make)?;
    let mut install = Command::new(folder.join("bin/python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&wanted);
    succeed(install)?;
    std::fs::copy(&wanted, &stamp).map_err(|cause| format!("{}: {cause}", stamp.display()))?;
    Ok(program)
}

fn has_venv() -> bool {
    let asked = Command::new("python3")
        .args([
            "-c",
            "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}
