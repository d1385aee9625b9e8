//! A PostgreSQL server of one's own.

use std::fs;

use super::binaries::Binaries;
use super::folder::Folder;
use super::guardian::Guardian;
use super::{free_port, wait_until};

/// Fast rather than durable: what it holds is thrown away. Enough connections for every test at once.
const SCRIPT: &str = r#"
"$1/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions &&
exec "$1/postgres" -D data -k "$PWD" -p "$2" -c listen_addresses=127.0.0.1 -c max_connections=500 \
    -c shared_buffers=128MB -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
    -c max_wal_size=4GB -c log_min_messages=fatal
"#;

/// Starts it and gives the administrator's URL.
///
/// # Errors
/// It ended before it was ready (its own words are given), or was not ready in time.
pub fn start(
    binaries: &Binaries,
    folder: &Folder,
    guardian: &mut Guardian,
) -> Result<String, String> {
    let port = free_port()?;
    let room = folder.room("postgres")?;
    let mut command = folder.shell(&room, SCRIPT)?;
    command.arg(&binaries.postgres).arg(port.to_string());
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
