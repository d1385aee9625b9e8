//! Commands of the toolchain, run at the root of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder the build writes to.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The development build of `convo-server`.
pub fn server() -> PathBuf {
    target()
        .join("debug")
        .join(format!("convo-server{}", std::env::consts::EXE_SUFFIX))
}

/// `cargo` with these arguments, at the root.
pub fn cargo<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command whose output goes to the terminal.
///
/// # Errors
/// The command cannot be started, or ends with anything but 0.
pub fn succeed(mut command: Command) -> Outcome {
    let shown = shown(&command);
    let status = command
        .status()
        .map_err(|cause| format!("{shown}: {cause}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown}: {status}"))
    }
}

/// A command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
