//! How the page is looked at, and its pictures.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Browser;

/// A screen and what its owner prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A desk, light colours.
    Light,
    /// A desk, dark colours.
    Dark,
    /// A phone held upright, light colours.
    Phone,
}

impl Look {
    /// All of them.
    pub const ALL: [Look; 3] = [Look::Light, Look::Dark, Look::Phone];

    /// How its pictures are called.
    pub fn name(self) -> &'static str {
        match self {
            Look::Light => "light",
            Look::Dark => "dark",
            Look::Phone => "phone",
        }
    }

    /// Width and height in CSS pixels.
    const fn size(self) -> (u32, u32) {
        match self {
            Look::Light | Look::Dark => (1280, 900),
            Look::Phone => (390, 844),
        }
    }
}

/// Pictures end here, however long the page is.
const TALLEST: f64 = 6000.0;

impl Browser {
    /// Makes the screen and the preferences these. Nothing moves for who looks like this.
    pub async fn wear(&self, look: Look) {
        let (width, height) = look.size();
        let scheme = if look == Look::Dark { "dark" } else { "light" };
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": look == Look::Phone});
        self.devtools("Emulation.setDeviceMetricsOverride", screen)
            .await;
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Puts the viewer into a time zone, such as `Asia/Tokyo`, from the next page on.
    pub async fn live_in(&self, zone: &str) {
        self.devtools("Emulation.setTimezoneOverride", json!({"timezoneId": zone}))
            .await;
    }

    /// Takes a picture of the whole page into `target/screenshots/NAME-LOOK.png`, as it is now.
    pub async fn picture(&self, name: &str, look: Look) -> PathBuf {
        self.shot(name, look, TALLEST).await
    }

    /// Takes a picture of what fits on the screen, likewise.
    pub async fn screen(&self, name: &str, look: Look) -> PathBuf {
        self.shot(name, look, 0.0).await
    }

    async fn shot(&self, name: &str, look: Look, tallest: f64) -> PathBuf {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let whole = size["cssContentSize"]["height"].as_f64();
        let (width, least) = look.size();
        let height = whole.expect("a height").min(tallest).max(f64::from(least));
        let clip = json!({"x": 0, "y": 0, "scale": 1, "width": width, "height": height});
        let wanted = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = self.devtools("Page.captureScreenshot", wanted).await;
        let bytes = STANDARD.decode(taken["data"].as_str().expect("a picture"));
        let folder = folder();
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(format!("{name}-{}.png", look.name()));
        std::fs::write(&path, bytes.expect("base64")).expect("a file");
        path
    }

    /// A command of the browser's developer tools; its result.
    pub async fn devtools(&self, command: &str, arguments: Value) -> Value {
        let answer = self.driver.cdp().send_raw(command, arguments).await;
        answer.unwrap_or_else(|cause| panic!("{command}: {cause}"))
    }
}

/// `screenshots` in the folder the build writes to.
fn folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace");
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => workspace.join(folder),
        None => workspace.join("target"),
    };
    target.join("screenshots")
}
