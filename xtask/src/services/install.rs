//! Installing Debian's packages where that is allowed, without any of their daemons starting.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::account::is_root;
use super::binaries::Missing;
use crate::cargo::succeed;

/// Installs the servers that are missing as root on a machine with apt, or says what to install by hand.
///
/// # Errors
/// Not root, no apt, or apt fails.
pub fn servers(missing: &[Missing]) -> Result<(), String> {
    if !may_install() {
        return Err(advice(missing));
    }
    let names: Vec<&str> = missing.iter().map(|server| server.package()).collect();
    packages(&names)
}

/// Whether this process is root on a machine with apt.
pub fn may_install() -> bool {
    is_root() && Path::new("/usr/bin/apt-get").is_file()
}

/// Installs packages.
///
/// # Errors
/// apt fails.
pub fn packages(names: &[&str]) -> Result<(), String> {
    println!("installing {}", names.join(" and "));
    keep_clusters_away()?;
    let _quiet = DaemonsStopped::new()?;
    apt(&["update", "--quiet"])?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    let keep = ["--option", "Dpkg::Options::=--force-confold"];
    apt(&[&options[..], &keep[..], names].concat())
}

/// The sentence for a person whose machine lacks a server.
pub fn advice(missing: &[Missing]) -> String {
    let names: Vec<&str> = missing.iter().map(|server| server.package()).collect();
    let mut advice = format!(
        "the tests start their own {}, which this machine does not have.\n  Debian, Ubuntu: sudo apt-get install {}",
        missing
            .iter()
            .map(|server| server.name())
            .collect::<Vec<_>>()
            .join(" and "),
        names.join(" "),
    );
    if missing.contains(&Missing::Postgres) {
        advice.push_str("\n  elsewhere: name the folder with initdb and postgres in PG_BINDIR");
    }
    advice.push_str(
        "\n  or name running servers in CONVO_TEST_POSTGRES_URL and CONVO_TEST_REDIS_URL",
    );
    advice
}

impl Missing {
    fn package(self) -> &'static str {
        match self {
            Missing::Postgres => "postgresql",
            Missing::Redis => "redis-server",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Missing::Postgres => "PostgreSQL",
            Missing::Redis => "Redis",
        }
    }
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new("/usr/bin/apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("UCF_FORCE_CONFFOLD", "1");
    succeed(command)
}

/// Tells Debian's package not to make a cluster of its own.
fn keep_clusters_away() -> Result<(), String> {
    let folder = Path::new("/etc/postgresql-common");
    let settings = folder.join("createcluster.conf");
    if settings.exists() {
        return Ok(());
    }
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&settings, "create_main_cluster = false\n"))
        .map_err(|cause| format!("{}: {cause}", settings.display()))
}

/// While it lives, Debian's packages start no daemon.
struct DaemonsStopped {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl DaemonsStopped {
    fn new() -> Result<DaemonsStopped, String> {
        let opened = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(POLICY);
        let written = match opened {
            Ok(mut file) => file
                .write_all(b"#!/bin/sh\nexit 101\n")
                .and_then(|()| fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)))
                .map(|()| true),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(cause) => Err(cause),
        };
        written
            .map(|ours| DaemonsStopped { ours })
            .map_err(|cause| format!("{POLICY}: {cause}"))
    }
}

impl Drop for DaemonsStopped {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(POLICY);
        }
    }
}
