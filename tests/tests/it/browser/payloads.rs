//! Texts that try to become a program, a request or a part of the page: one a line in `payloads.txt`.

/// A text with its number.
#[derive(Clone, Debug)]
pub struct Payload {
    pub number: usize,
    pub text: String,
}

/// What each tries to run: it tells the window at the top, out of any frame, without a quotation mark.
const RUN: &str = "top.postMessage(`ran{N}`,`*`)";

/// All of them, in order.
pub fn all() -> Vec<Payload> {
    let lines = include_str!("payloads.txt").lines();
    let lines = lines.filter(|line| !line.starts_with("# ") && !line.is_empty());
    lines
        .enumerate()
        .map(|(number, line)| {
            let text = line
                .replace("{RUN}", RUN)
                .replace("{N}", &number.to_string())
                .replace("{LF}", "\n")
                .replace("{CR}", "\r")
                .replace("{TAB}", "\t")
                .replace("{NUL}", "\0");
            Payload { number, text }
        })
        .collect()
}

impl Payload {
    /// Without what our API refuses: U+0000.
    pub fn clean(&self) -> String {
        self.text.replace('\0', "")
    }

    /// On one line, as a header field is.
    pub fn line(&self) -> String {
        self.text.replace(['\r', '\n'], " ")
    }

    /// As the name of a file in a form, whose own headers hold no U+0000.
    pub fn file(&self) -> String {
        self.line().replace('\0', "")
    }
}

#[test]
fn there_are_three_hundred_and_no_two_are_the_same() {
    let all = all();
    assert!(all.len() >= 300, "{}", all.len());
    let texts: std::collections::BTreeSet<&str> = all.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts.len(), all.len());
    let sizes = all.iter().map(|one| one.text.chars().count());
    assert!(sizes.max().unwrap() <= 200, "one is too long for a name");
}
