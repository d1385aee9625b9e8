//! Throw-away PostgreSQL and Redis servers for the tests, gone when the task is gone.

mod account;
mod binaries;
mod folder;
mod guardian;
pub mod install;
mod postgres;
mod redis;

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use self::account::Account;
use self::binaries::Binaries;
pub use self::binaries::on_path;
use self::folder::Folder;
use self::guardian::Guardian;
use self::postgres::Durability;

/// Name of the variable that holds the administrator's URL of the PostgreSQL server, database `postgres`.
pub const POSTGRES_URL: &str = "CONVO_TEST_POSTGRES_URL";
/// Name of the variable that holds the URL of the Redis server.
pub const REDIS_URL: &str = "CONVO_TEST_REDIS_URL";

/// Name of the variable that holds PostgreSQL's folder of programs, for tests that kill a server of their own.
const POSTGRES_BIN: &str = "CONVO_TEST_POSTGRES_BIN";
/// Name of the variable that holds the program of Redis, likewise.
const REDIS_BIN: &str = "CONVO_TEST_REDIS_BIN";
/// Name of the variable that holds whom such servers run as, `UID:GID`; empty where it is the tests' own user.
const ACCOUNT: &str = "CONVO_TEST_ACCOUNT";

/// Two running servers; dropping it stops them and removes their folder.
pub struct Services {
    environment: Vec<(&'static str, OsString)>,
    _guardian: Option<Guardian>,
}

impl Services {
    /// Starts both, or takes those whose URLs are already in the environment.
    ///
    /// # Errors
    /// A server is not installed and cannot be, or does not become ready.
    pub fn start() -> Result<Services, String> {
        let given = |name| std::env::var_os(name);
        if let (Some(postgres), Some(redis)) = (given(POSTGRES_URL), given(REDIS_URL)) {
            let mut environment = vec![(POSTGRES_URL, postgres), (REDIS_URL, redis)];
            // Tests that kill a server need one of their own, installed here.
            if let Ok(binaries) = Binaries::find() {
                environment.extend(programs(&binaries)?);
            }
            return Ok(Services {
                environment,
                _guardian: None,
            });
        }
        Services::own(Durability::None)
    }

    /// Starts nothing: the variables that tell where the programs are, installed where they are missing.
    ///
    /// # Errors
    /// A program is not installed and cannot be.
    pub fn programs() -> Result<Vec<(&'static str, OsString)>, String> {
        programs(&installed()?)
    }

    /// Starts both with a PostgreSQL whose commits are on the disk, whatever is in the environment.
    ///
    /// # Errors
    /// As [`Services::start`].
    pub fn start_durable() -> Result<Services, String> {
        Services::own(Durability::Full)
    }

    fn own(durability: Durability) -> Result<Services, String> {
        let binaries = installed()?;
        let started = Instant::now();
        let folder = Folder::create()?;
        let mut guardian = Guardian::over(folder.path())?;
        let redis_url = redis::start(&binaries, &folder, &mut guardian)?;
        let postgres_url = postgres::start(&binaries, &folder, &mut guardian, durability)?;
        println!(
            "PostgreSQL and Redis ready after {} ms",
            started.elapsed().as_millis()
        );
        let mut environment = programs(&binaries)?;
        environment.push((POSTGRES_URL, postgres_url.into()));
        environment.push((REDIS_URL, redis_url.into()));
        Ok(Services {
            environment,
            _guardian: Some(guardian),
        })
    }

    /// The variables that tell the tests where the servers are.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.environment.iter().map(|(name, value)| (*name, value))
    }
}

/// The programs of both servers, installed where they are missing.
fn installed() -> Result<Binaries, String> {
    Binaries::find().or_else(|missing| {
        install::servers(&missing)?;
        Binaries::find().map_err(|missing| install::advice(&missing))
    })
}

/// What tests need to start servers themselves.
fn programs(binaries: &Binaries) -> Result<Vec<(&'static str, OsString)>, String> {
    let account = Account::unprivileged()?.map_or_else(String::new, |account| account.to_string());
    Ok(vec![
        (POSTGRES_BIN, binaries.postgres.clone().into()),
        (REDIS_BIN, binaries.redis.clone().into()),
        (ACCOUNT, account.into()),
    ])
}

/// A port of 127.0.0.1 that nobody listened on a moment ago.
fn free_port() -> Result<u16, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|cause| format!("no free port on 127.0.0.1: {cause}"))
}

/// Asks again and again, for 60 seconds, whether a server is ready; `Err` ends the wait at once.
fn wait_until(what: &str, mut ready: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if ready()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(format!("{what} was not ready after 60 s"))
}
