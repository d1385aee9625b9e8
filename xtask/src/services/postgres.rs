//! A PostgreSQL server of one's own.

use std::fs;

use super::binaries::Binaries;
use super::folder::Folder;
use super::guardian::Guardian;
use super::{free_port, wait_until};

/// Enough connections for every test at once. What follows the port are further settings.
const SCRIPT: &str = r#"
bin="$1" port="$2"
shift 2
"$bin/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions &&
exec "$bin/postgres" -D data -k "$PWD" -p "$port" -c listen_addresses=127.0.0.1 -c max_connections=500 \
    -c shared_buffers=128MB -c max_wal_size=4GB -c log_min_messages=fatal "$@"
"#;

/// What a commit is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Fast: what the server holds is thrown away.
    None,
    /// As in production: a commit is on the disk.
    Full,
}

impl Durability {
    const fn settings(self) -> [&'static str; 3] {
        match self {
            Durability::None => [
                "fsync=off",
                "full_page_writes=off",
                "synchronous_commit=off",
            ],
            Durability::Full => ["fsync=on", "full_page_writes=on", "synchronous_commit=on"],
        }
    }
}

/// Starts it and gives the administrator's URL.
///
/// # Errors
/// It ended before it was ready (its own words are given), or was not ready in time.
pub fn start(
    binaries: &Binaries,
    folder: &Folder,
    guardian: &mut Guardian,
    durability: Durability,
) -> Result<String, String> {
    let port = free_port()?;
    let room = folder.room("postgres")?;
    let mut command = folder.shell(&room, SCRIPT)?;
    command.arg(&binaries.postgres).arg(port.to_string());
    for setting in durability.settings() {
        command.args(["-c", setting]);
    }
    let server = guardian.start(command)?;
    wait_until("PostgreSQL", || {
        if guardian.has_ended(server) {
            let log = fs::read_to_string(room.join("log")).unwrap_or_default();
            return Err(format!("PostgreSQL did not start:\n{log}"));
        }
        // Line 8 of the lock file is the server's own word on its state.
        let lock = fs::read_to_string(room.join("data/postmaster.pid")).unwrap_or_default();
        Ok(lock
            .lines()
            .nth(7)
            .is_some_and(|state| state.trim() == "ready"))
    })?;
    Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
}
