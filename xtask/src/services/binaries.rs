//! Where PostgreSQL and Redis are installed.

use std::fs;
use std::path::{Path, PathBuf};

/// The programs the servers need.
pub struct Binaries {
    /// Folder with `initdb` and `postgres`.
    pub postgres: PathBuf,
    /// The `redis-server` program.
    pub redis: PathBuf,
}

/// A server that was not found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Postgres,
    Redis,
}

impl Binaries {
    /// `$PG_BINDIR`, then the newest `/usr/lib/postgresql/*/bin`, then `PATH`.
    pub fn find() -> Result<Binaries, Vec<Missing>> {
        match (postgres(), on_path("redis-server")) {
            (Some(postgres), Some(redis)) => Ok(Binaries { postgres, redis }),
            (postgres, redis) => {
                let mut missing = Vec::new();
                if postgres.is_none() {
                    missing.push(Missing::Postgres);
                }
                if redis.is_none() {
                    missing.push(Missing::Redis);
                }
                Err(missing)
            }
        }
    }
}

fn postgres() -> Option<PathBuf> {
    std::env::var_os("PG_BINDIR")
        .map(PathBuf::from)
        .into_iter()
        .chain(packaged())
        .chain(on_path("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// Debian's folders, newest version first.
fn packaged() -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions
        .into_iter()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")))
        .collect()
}

/// A program in one of the folders of `PATH`.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
