//! A running server.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use crate::process::Process;
use crate::{Api, Database, Kind, guardian};

/// The key with scope admin that every server of the tests starts with.
pub const BOOTSTRAP_KEY: &str = "bootstrap-key-of-the-black-box-tests";
/// The webhook signing key of every server of the tests.
pub const SIGNING_KEY: &str = "signing-key-of-the-black-box-tests";

/// How a server is to run.
#[derive(Clone)]
pub struct Options {
    kind: Kind,
    database: Option<Arc<Database>>,
    variables: Vec<(String, String)>,
    /// Whether every answer is held against the document.
    contract: bool,
}

/// A running server and its API with the bootstrap key; killed when dropped.
pub struct Server {
    process: Process,
    database: Arc<Database>,
    folder: PathBuf,
    options: Options,
    api: Api,
}

impl Options {
    /// The usual settings on a fresh database of this kind.
    pub fn on(kind: Kind) -> Options {
        let variables = [
            ("CONVO_SERVER__BIND", "127.0.0.1:0"),
            ("CONVO_AUTH__BOOTSTRAP_KEY", BOOTSTRAP_KEY),
            ("CONVO_MAILGUN__SIGNING_KEY", SIGNING_KEY),
            ("CONVO_MAIL__OUR_ADDRESSES", "sales@dealer.example"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Options {
            kind,
            database: None,
            variables: variables.map(owned).to_vec(),
            contract: true,
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// With this variable, or another value of it; an empty value takes it away.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Options {
        self.variables.retain(|(other, _)| other != name);
        if !value.is_empty() {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Without holding answers against the document: for loads.
    #[must_use]
    pub fn without_contract(mut self) -> Options {
        self.contract = false;
        self
    }

    /// On a database that exists.
    #[must_use]
    pub fn over(mut self, database: &Arc<Database>) -> Options {
        self.database = Some(Arc::clone(database));
        self
    }

    /// Starts a server and waits until it listens.
    pub async fn start(self) -> Server {
        let database = match &self.database {
            Some(database) => Arc::clone(database),
            None => Arc::new(Database::create(self.kind).await),
        };
        let folder = guardian::folder();
        Server::launch(self, database, folder).await
    }

    /// A finished run of the program with these arguments on this database; settings as for a server.
    pub async fn command(
        &self,
        database: &Database,
        folder: &Path,
        arguments: &[&str],
    ) -> Finished {
        let mut command = self.program(database, folder);
        command.args(arguments);
        let mut process = Process::start(command);
        let status = process.end().await;
        Finished {
            status,
            stdout: process.stdout(),
            stderr: process.stderr(),
        }
    }

    /// The program with these settings, not started.
    pub fn program(&self, database: &Database, folder: &Path) -> Command {
        let mut command = Command::new(binary());
        command
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("RUST_BACKTRACE", "1")
            .env("CONVO_DATABASE__URL", database.url())
            .env("CONVO_STORAGE__PATH", folder.join("attachments"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Standard output of a run that ended with 0.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert!(self.status.success(), "{self:#?}");
        &self.stdout
    }
}

impl Server {
    async fn launch(options: Options, database: Arc<Database>, folder: PathBuf) -> Server {
        let process = Process::start(options.program(&database, &folder));
        let listening = |line: &str| {
            let (_, after) = line.split_once("listening on ")?;
            after.split_whitespace().next().map(str::to_owned)
        };
        let Some(base) = process.line(listening).await else {
            panic!(
                "the server did not start:\n{}\n{}",
                process.stdout(),
                process.stderr()
            );
        };
        let api = Api::new(base.trim_end_matches('/'), Some(BOOTSTRAP_KEY));
        let api = match options.contract {
            true => api.under_contract().await,
            false => api,
        };
        Server {
            process,
            database,
            folder,
            api,
            options,
        }
    }

    /// The API with the bootstrap key.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// The server's working folder: attachments and whatever else it writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Everything it has said on standard output.
    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    /// Kills it, as a power cut would.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// Time it has spent on processors so far; `None` where the system does not tell.
    pub fn on_cpu(&self) -> Option<std::time::Duration> {
        self.process.on_cpu()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.process.signal("TERM");
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        self.process.end().await
    }

    /// Asks it to stop; its exit status.
    pub async fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.end().await
    }

    /// The same server again (another port) on the same database, after it was stopped or killed.
    pub async fn restart(mut self) -> Server {
        self.process.kill();
        let (options, database, folder) = (
            self.options.clone(),
            Arc::clone(&self.database),
            self.folder.clone(),
        );
        Server::launch(options, database, folder).await
    }

    /// Runs a sub-command with the server's settings on its database.
    pub async fn command(&self, arguments: &[&str]) -> Finished {
        self.options
            .command(&self.database, &self.folder, arguments)
            .await
    }

    /// Every stored invariant holds, by the program's own `verify`.
    pub async fn verify(&self) {
        self.command(&["verify"]).await.ok();
    }
}

impl Deref for Server {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(30)..];
            eprintln!("-- the server's log ends:\n{}", last.join("\n"));
        }
    }
}

/// The program under test: `CONVO_TEST_SERVER`, else what the last development build made.
fn binary() -> PathBuf {
    match std::env::var_os("CONVO_TEST_SERVER") {
        Some(path) => path.into(),
        None => {
            let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
                .parent()
                .expect("a workspace");
            let built = workspace.join("target/debug/convo-server");
            assert!(
                built.is_file(),
                "no convo-server built: run `cargo build`, or `cargo xtask test`"
            );
            built
        }
    }
}
