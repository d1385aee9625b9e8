//! The two programs: chromedriver, and the Chromium it starts.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::{Capabilities, WebDriver};

use crate::api::no_tls;
use crate::guardian;
use crate::process::Process;

const BROWSER: &str = "CONVO_TEST_CHROMIUM";
const DRIVER: &str = "CONVO_TEST_CHROMEDRIVER";

/// Nothing of its own goes out, nothing asks anybody, and it ends with its driver, of whom it hears through a pipe.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-features=AutofillServerCommunication",
    "--remote-debugging-pipe",
    "--force-color-profile=srgb",
];

/// Whether there is no browser here; says so, and fails where there must be one.
pub fn no_browser() -> bool {
    let missing = [BROWSER, DRIVER]
        .into_iter()
        .find(|name| std::env::var_os(name).is_none());
    if let Some(name) = missing {
        assert!(
            std::env::var_os("CI").is_none(),
            "{name} is not set: run `cargo xtask test`"
        );
        println!("skipped: {name} is not set");
    }
    missing.is_some()
}

/// A running chromedriver; the browser it starts ends with it.
pub struct Driver {
    process: Process,
    port: u16,
}

impl Driver {
    /// Starts it on a free port that it picks itself.
    pub async fn start() -> Driver {
        let folder = guardian::folder();
        let mut command = Command::new(program(DRIVER));
        // What the browser keeps besides its profile goes into the folder too.
        command
            .arg("--port=0")
            .current_dir(&folder)
            .env("HOME", &folder)
            .env("TMPDIR", &folder);
        let process = Process::start(command);
        let listening = |line: &str| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end().trim_end_matches('.').parse().ok()
        };
        let Some(port) = process.line(listening).await else {
            panic!("chromedriver did not start:\n{}", process.stderr());
        };
        Driver { process, port }
    }

    /// A browser with a fresh profile that may ask `base` and finds the trap everywhere else.
    pub async fn session(&self, base: &str, trap: u16) -> WebDriver {
        let host = base.trim_start_matches("http://");
        let mut arguments: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", guardian::folder().display()));
        arguments.push(format!("--proxy-server=http://127.0.0.1:{trap}"));
        arguments.push(format!("--proxy-bypass-list=<-loopback>;{host}"));
        let wanted = json!({
            "browserName": "chrome",
            "unhandledPromptBehavior": "dismiss and notify",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {
                "binary": program(BROWSER).to_string_lossy(),
                "args": arguments,
                "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
                // The first page is empty: the usual one asks a search engine. A field somebody writes in has the browser
                // fetch a dictionary.
                "prefs": {
                    "session": {"restore_on_startup": 4, "startup_urls": ["about:blank"]},
                    "browser": {"enable_spellchecking": false},
                    "spellcheck": {"dictionaries": []},
                },
            },
        });
        let Value::Object(wanted) = wanted else {
            panic!("an object");
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .no_proxy()
            .timeout(Duration::from_secs(120))
            .build()
            .expect("a client");
        let url = format!("http://127.0.0.1:{}", self.port);
        let session = WebDriver::builder(url, Capabilities::from(wanted)).client(client);
        session.connect().await.unwrap_or_else(|cause| {
            let said = self.process.stderr();
            panic!("Chromium did not start: {cause}\n{said}")
        })
    }
}

fn program(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test`"))
}
