//! What a person does on a page.

use std::time::Duration;

use serde_json::{Value, json};
use thirtyfour::error::{WebDriverError, WebDriverErrorInner};
use thirtyfour::{Key, WebElement};

use super::Browser;
use crate::wait::eventually;

impl Browser {
    /// Waits until a person can read these words, however they are broken into lines.
    pub async fn sees(&self, words: &str) {
        self.reads(words, true).await;
    }

    /// Waits until these words are gone.
    pub async fn sees_no_more(&self, words: &str) {
        self.reads(words, false).await;
    }

    async fn reads(&self, words: &str, wanted: bool) {
        let words = Value::from(words).to_string();
        let sign = if wanted { "" } else { "!" };
        let shows = format!("{sign}page.squeezed(page.text()).includes(page.squeezed({words}))");
        self.until(&format!("{sign}{words} on the page"), &shows)
            .await;
    }

    /// Presses the button or link of this name, as soon as it is there and nothing lies over it.
    pub async fn press(&self, name: &str) {
        eventually(&format!("something to press called {name:?}"), async || {
            let control = self.control("press", name).await?;
            done(control.click().await)
        })
        .await;
    }

    /// Writes into the field of this label, in place of what is there.
    pub async fn fill(&self, label: &str, text: &str) {
        eventually(&format!("a field called {label:?}"), async || {
            let field = self.control("fill", label).await?;
            done(field.clear().await)?;
            done(field.send_keys(text).await)
        })
        .await;
    }

    /// Chooses an option of the selection of this label by what the option says.
    pub async fn choose(&self, label: &str, option: &str) {
        let chosen = format!(
            "(field => {{
                const option = field && [...field.options].find(one => page.squeezed(one.text) === {});
                if (!option) return false;
                field.value = option.value;
                field.dispatchEvent(new Event('input', {{ bubbles: true }}));
                field.dispatchEvent(new Event('change', {{ bubbles: true }}));
                return true;
            }})(page.find('fill', {}))",
            json!(option),
            json!(label)
        );
        self.until(&format!("{option:?} of {label:?}"), &chosen)
            .await;
    }

    /// Presses keys where the focus is.
    pub async fn type_keys(&self, keys: impl Into<thirtyfour::TypingData>) {
        let typing = self
            .driver
            .action_chain_with_delay(Some(Duration::ZERO), Some(Duration::ZERO));
        typing.send_keys(keys).perform().await.expect("keys");
    }

    /// Leads the Tab key to the control of this name and presses Enter there.
    pub async fn enter(&self, name: &str) {
        self.tab_to(name).await;
        self.type_keys(Key::Enter).await;
    }

    /// Leads the Tab key to the control of this name.
    ///
    /// # Panics
    /// Where it does not come there in 200 steps.
    pub async fn tab_to(&self, name: &str) {
        self.until(&format!("a control called {name:?}"), &found(name))
            .await;
        for _ in 0..200 {
            self.type_keys(Key::Tab).await;
            let there = format!("return document.activeElement === {};", found(name));
            if self.run(&there, Vec::new()).await == true {
                return;
            }
        }
        panic!("the Tab key does not come to {name:?}");
    }

    async fn control(&self, kind: &str, name: &str) -> Option<WebElement> {
        let found = self.attempt(
            "return page.find(arguments[0], arguments[1]);",
            vec![json!(kind), json!(name)],
        );
        let found = found.await.ok().filter(|found| !found.is_null())?;
        WebElement::from_json(found, self.driver.handle().clone()).ok()
    }
}

fn found(name: &str) -> String {
    let name = json!(name);
    format!("(page.find('press', {name}) || page.find('fill', {name}))")
}

/// `None` where the page has changed meanwhile or still moves, so that it is tried again.
fn done(outcome: Result<(), WebDriverError>) -> Option<()> {
    match outcome {
        Ok(()) => Some(()),
        Err(error) => match &*error {
            WebDriverErrorInner::StaleElementReference(_)
            | WebDriverErrorInner::ElementClickIntercepted(_)
            | WebDriverErrorInner::ElementNotInteractable(_)
            | WebDriverErrorInner::NoSuchElement(_) => None,
            _ => panic!("{error}"),
        },
    }
}
