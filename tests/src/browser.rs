//! Pages in a real browser: Chromium, driven as a person would use it.
//!
//! A [`Browser`] opens pages of one server, finds what is there by the name that a screen reader says, and waits for
//! what shows. [`Browser::close`] fails where a page wrote an error to the console, broke off with an exception, or asked
//! another host for anything (`watch`, `trap`). [`Browser::inspect`] holds a page against the rules of `checks.js` and
//! takes its pictures ([`Look`]); [`Browser::walk`] leads the Tab key over it.

mod act;
mod checks;
mod driver;
mod look;
mod trap;
mod walk;
mod watch;

use std::sync::Mutex;

use serde_json::Value;
use thirtyfour::WebDriver;

use self::driver::Driver;
use self::trap::Trap;
use self::watch::Watch;
use crate::wait::eventually;

pub use self::driver::no_browser;
pub use self::look::Look;

/// What runs in a page: how things there are called and found.
const PAGE: &str = include_str!("browser/page.js");

/// One window of a browser with a profile of its own; ends when dropped.
pub struct Browser {
    driver: WebDriver,
    base: String,
    trap: Trap,
    watch: Mutex<Watch>,
    closed: bool,
    // Ends last: the session is ended through it.
    _process: Driver,
}

impl Browser {
    /// Opens one that may ask what listens at `base`, such as `http://127.0.0.1:8080`, and nobody else.
    ///
    /// Call [`no_browser`] before: without the two programs this panics.
    pub async fn start(base: &str) -> Browser {
        let base = base.trim_end_matches('/').to_owned();
        let trap = Trap::start().await;
        let process = Driver::start().await;
        let driver = process.session(&base, trap.port()).await;
        let browser = Browser {
            driver,
            watch: Mutex::new(Watch::over(&base)),
            base,
            trap,
            closed: false,
            _process: process,
        };
        browser.wear(Look::Light).await;
        browser
    }

    /// Opens a page by its path and waits until it stands still.
    pub async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.driver
            .goto(url)
            .await
            .unwrap_or_else(|cause| panic!("{path}: {cause}"));
        self.settled().await;
    }

    /// Waits until the page is loaded and nothing on it moves.
    pub async fn settled(&self) {
        self.until("the page stands still", "page.still()").await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.driver.refresh().await.expect("a page");
        self.settled().await;
    }

    /// Waits until an expression of JavaScript (it has `page` of page.js) is true for the page; its value.
    pub async fn until(&self, what: &str, expression: &str) -> Value {
        let script = format!("return {expression};");
        eventually(what, async || {
            // Between two pages there is none that could answer.
            let value = self.attempt(&script, Vec::new()).await.ok()?;
            let is =
                !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0;
            is.then_some(value)
        })
        .await
    }

    /// Runs a body of a JavaScript function in the page (it has `page` of page.js, and `arguments`); what it returns.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let answer = self.attempt(script, arguments).await;
        answer.unwrap_or_else(|cause| panic!("{cause}\nin: {script}"))
    }

    async fn attempt(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> thirtyfour::error::WebDriverResult<Value> {
        let answer = self.driver.execute(format!("{PAGE}\n{script}"), arguments);
        Ok(answer.await?.json().clone())
    }

    /// What a person reads on the page.
    pub async fn text(&self) -> String {
        let text = self.run("return page.text();", Vec::new()).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.driver.title().await.expect("a page")
    }

    /// Path and query of the page.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.expect("a page");
        let whole = url.as_str();
        whole.strip_prefix(&self.base).unwrap_or(whole).to_owned()
    }

    /// From now on console errors that contain this are expected, such as those of a connection that the test cuts.
    pub fn tolerate(&self, words: &str) {
        self.watch.lock().expect("a watch").tolerate(words);
    }

    /// Every address asked for so far, in order.
    pub async fn requests(&self) -> Vec<String> {
        self.look_at_logs().await;
        self.watch.lock().expect("a watch").requests()
    }

    /// What went wrong so far, by the console, the requests and the trap: empty is good.
    pub async fn complaints(&self) -> Vec<String> {
        self.look_at_logs().await;
        let mut complaints = self.watch.lock().expect("a watch").complaints();
        complaints.extend(self.trap.caught());
        complaints
    }

    async fn look_at_logs(&self) {
        for kind in watch::LOGS {
            let entries = watch::entries(&self.driver, kind).await;
            self.watch.lock().expect("a watch").read(kind, &entries);
        }
    }

    /// Ends it.
    ///
    /// # Panics
    /// Where a page failed or asked another host.
    pub async fn close(self) {
        let complaints = self.complaints().await;
        self.leave().await;
        assert!(
            complaints.is_empty(),
            "the pages are not well:\n{}",
            complaints.join("\n")
        );
    }

    /// Ends it whatever its pages complained of.
    pub async fn leave(mut self) {
        self.closed = true;
        let driver = self.driver.clone();
        driver.quit().await.expect("the browser ends");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A test that fails has its own words; one that ends well must have looked.
        assert!(
            self.closed || std::thread::panicking(),
            "close the browser: what its pages complained of was not looked at"
        );
    }
}
