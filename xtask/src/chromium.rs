//! Chromium and its driver, for the tests that open pages.

use std::path::PathBuf;

use crate::services::{install, on_path};

/// Name of the variable that holds the browser.
const BROWSER: &str = "CONVO_TEST_CHROMIUM";
/// Name of the variable that holds the program that drives it, of the same version.
const DRIVER: &str = "CONVO_TEST_CHROMEDRIVER";

/// Debian's packages of the two.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// What the browser is called where it is packaged.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// The variables that tell the tests where the two programs are; they are installed where they are missing and may be.
///
/// Where they cannot be had this says what to install; the tests that open pages then say that they are skipped, and
/// fail on CI.
pub fn ensure() -> Vec<(&'static str, PathBuf)> {
    if let Some(found) = find() {
        return found;
    }
    if install::may_install()
        && let Err(reason) = install::packages(&PACKAGES)
    {
        eprintln!("xtask: {reason}");
    }
    find().unwrap_or_else(|| {
        eprintln!("{}", advice());
        Vec::new()
    })
}

/// The same where both are installed; nothing is installed.
pub fn find() -> Option<Vec<(&'static str, PathBuf)>> {
    let given = |name| std::env::var_os(name).map(PathBuf::from);
    let browser = given(BROWSER).or_else(|| NAMES.into_iter().find_map(on_path))?;
    let driver = given(DRIVER).or_else(|| on_path("chromedriver"))?;
    Some(vec![(BROWSER, browser), (DRIVER, driver)])
}

fn advice() -> String {
    format!(
        "the browser tests are skipped: this machine has no Chromium, or none with its driver.\n  \
         Debian: sudo apt-get install {}\n  \
         elsewhere: name a Chromium or Chrome in {BROWSER} and the chromedriver of the same version in {DRIVER}",
        PACKAGES.join(" ")
    )
}
