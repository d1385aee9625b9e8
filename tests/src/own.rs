//! Servers of one test's own, which it may kill and start again.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::net::TcpStream;

use crate::process::Process;
use crate::wait::eventually;
use crate::{Database, guardian};

const POSTGRES_BIN: &str = "CONVO_TEST_POSTGRES_BIN";
const REDIS_BIN: &str = "CONVO_TEST_REDIS_BIN";
const ACCOUNT: &str = "CONVO_TEST_ACCOUNT";

/// Whether the programs are not here; says so, and fails where they must be.
pub fn no_own_servers() -> bool {
    let missing = std::env::var_os(POSTGRES_BIN).is_none();
    if missing {
        assert!(
            std::env::var_os("CI").is_none(),
            "{POSTGRES_BIN} is not set: run `cargo xtask test`"
        );
        println!("skipped: {POSTGRES_BIN} is not set");
    }
    missing
}

/// A PostgreSQL server whose commits are on the disk.
pub struct Postgres {
    process: Process,
    folder: PathBuf,
    port: u16,
    /// Most of its write-ahead log.
    wal: &'static str,
}

impl Postgres {
    /// Makes one and waits until it is ready.
    pub async fn start() -> Postgres {
        Postgres::make(private_folder(), "2GB").await
    }

    /// One whose data lie in an empty folder that belongs to whom servers run as; its log stays small.
    pub async fn start_in(folder: PathBuf) -> Postgres {
        Postgres::make(folder, "64MB").await
    }

    async fn make(folder: PathBuf, wal: &'static str) -> Postgres {
        let mut initdb = as_account(bin(POSTGRES_BIN).join("initdb"), &folder);
        initdb.args(["--pgdata=data", "--username=postgres", "--auth=trust"]);
        initdb.args([
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        let mut made = Process::start(initdb);
        assert!(made.end().await.success(), "{}", made.stderr());
        let port = free_port();
        let process = Postgres::launch(&folder, port, wal).await;
        Postgres {
            process,
            folder,
            port,
            wal,
        }
    }

    /// An empty database on it.
    pub async fn database(&self) -> Database {
        let server = format!("postgres://postgres@127.0.0.1:{}", self.port);
        Database::on_own(&server, "convo").await
    }

    /// Kills the postmaster, as a power cut would.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Shuts it down at once, as a restart for an update would.
    pub async fn stop(&mut self) {
        self.process.signal("INT");
        self.process.end().await;
    }

    /// Stops it without a word to anybody and without a checkpoint: the next start recovers.
    pub async fn stop_immediately(&mut self) {
        self.process.signal("QUIT");
        self.process.end().await;
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Starts it again on the same port.
    pub async fn start_again(&mut self) {
        self.process = Postgres::launch(&self.folder, self.port, self.wal).await;
    }

    /// Those that a killed postmaster left behind may still be ending: it is tried until it works.
    async fn launch(folder: &Path, port: u16, wal: &str) -> Process {
        let wal = format!("max_wal_size={wal}");
        eventually("PostgreSQL is ready", async || {
            let mut command = as_account(bin(POSTGRES_BIN).join("postgres"), folder);
            command.args(["-D", "data", "-k", ".", "-p", &port.to_string()]);
            for setting in [
                "listen_addresses=127.0.0.1",
                "fsync=on",
                "full_page_writes=on",
                "synchronous_commit=on",
                "min_wal_size=32MB",
                &wal,
                "log_min_messages=fatal",
            ] {
                command.args(["-c", setting]);
            }
            let mut process = Process::start(command);
            loop {
                // The first line of the lock file is the postmaster's number, the eighth its own word on its state.
                let lock = std::fs::read_to_string(folder.join("data/postmaster.pid"));
                let lock = lock.unwrap_or_default();
                let mut lines = lock.lines().map(str::trim);
                let own = lines.next() == Some(&process.id().to_string());
                if own && lines.nth(6) == Some("ready") {
                    return Some(process);
                }
                if process.has_ended() {
                    return None;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await
    }
}

/// A Redis server without persistence.
pub struct Redis {
    process: Process,
    folder: PathBuf,
    port: u16,
}

impl Redis {
    /// Starts one and waits until it answers.
    pub async fn start() -> Redis {
        let (folder, port) = (private_folder(), free_port());
        let process = Redis::launch(&folder, port).await;
        Redis {
            process,
            folder,
            port,
        }
    }

    /// What `CONVO_REDIS__URL` takes.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Stops it in its tracks: connections stay open and nothing answers.
    pub fn hang(&self) {
        self.process.signal("STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.process.signal("CONT");
    }

    /// Starts it again on the same port, empty.
    pub async fn start_again(&mut self) {
        self.process.kill();
        self.process = Redis::launch(&self.folder, self.port).await;
    }

    async fn launch(folder: &Path, port: u16) -> Process {
        let mut command = as_account(bin(REDIS_BIN), folder);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--dir", "."]);
        let process = Process::start(command);
        eventually("Redis listens", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()
        })
        .await;
        process
    }
}

fn bin(name: &str) -> PathBuf {
    let found = std::env::var_os(name);
    found
        .unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test`"))
        .into()
}

/// User and group that servers run as; `None`: as this process.
pub(crate) fn account() -> Option<(u32, u32)> {
    let text = std::env::var(ACCOUNT).ok()?;
    let (user, group) = text.split_once(':')?;
    Some((user.parse().ok()?, group.parse().ok()?))
}

/// A program run in a folder by whom servers run as: PostgreSQL refuses to run as root.
fn as_account(program: PathBuf, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some((user, group)) = account() {
        command.uid(user).gid(group);
    }
    command
}

/// A folder that belongs to whom servers run as, and whose parents they may pass through.
fn private_folder() -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let folder = guardian::folder();
    if let Some((user, group)) = account() {
        std::os::unix::fs::chown(&folder, Some(user), Some(group)).expect("chown");
        let parent = folder.parent().expect("a parent");
        let open = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(parent, open).expect("chmod");
    }
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
