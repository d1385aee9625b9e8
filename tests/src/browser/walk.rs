//! The Tab key led over a whole page.

use std::fmt::Write as _;

use serde_json::Value;
use thirtyfour::Key;

use super::Browser;
use crate::wait::eventually;

const WALK: &str = include_str!("walk.js");
/// Keys between two looks.
const STRIDE: usize = 10;

impl Browser {
    /// Leads the Tab key over the page until it was on every control.
    ///
    /// # Panics
    /// Where it does not come to a control, or a control does not show that it has the focus, or has it off the screen.
    pub async fn walk(&self) {
        let stumbles = self.stumbles().await;
        assert!(stumbles.is_empty(), "\n{stumbles}");
    }

    /// As [`Browser::walk`]: what is wrong, a line each, for those who look at several pages.
    pub async fn stumbles(&self) -> String {
        let start = format!("{WALK}\nreturn walk.start();");
        let stops = self.run(&start, Vec::new()).await;
        let stops = stops.as_u64().expect("a number");
        // What is in a frame, and what scrolls, takes steps besides.
        let strides = 2 + 3 * usize::try_from(stops).expect("a number") / STRIDE;
        let mut state = Value::Null;
        for _ in 0..strides {
            for _ in 0..STRIDE {
                self.type_keys(Key::Tab).await;
            }
            state = self.so_far().await;
            if state["missing"].as_array().is_some_and(Vec::is_empty) {
                break;
            }
        }
        let (path, mut stumbles) = (self.path().await, String::new());
        for (fault, what) in [
            ("missing", "the Tab key does not come to"),
            ("faint", "the focus does not show on"),
            ("hidden", "the focus is off the screen on"),
        ] {
            for one in state[fault].as_array().expect("a list") {
                let _ = writeln!(stumbles, "{path}: {what} {one}");
            }
        }
        stumbles
    }

    async fn so_far(&self) -> Value {
        let script = format!("{WALK}\nreturn walk.so_far();");
        eventually("the walk", async || {
            self.attempt(&script, Vec::new()).await.ok()
        })
        .await
    }
}
