//! Node.js, for the test that runs the client of the documentation.

use std::process::{Command, Stdio};

use crate::services::install;

/// Debian's packages of it, and of the WebSocket that versions before 20 do not have.
const PACKAGES: [&str; 2] = ["nodejs", "node-ws"];

/// Installs it where it is missing and may be installed. Where it may not the test says that it is skipped, and fails
/// on CI.
///
/// # Errors
/// apt fails.
pub fn ensure() -> Result<(), String> {
    if has_websocket() || !install::may_install() {
        return Ok(());
    }
    install::packages(&PACKAGES)
}

fn has_websocket() -> bool {
    let own = "if (process.versions.node.split('.')[0] < 20) require('ws')";
    let asked = Command::new("node")
        .args(["-e", own])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}
