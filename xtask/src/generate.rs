//! `cargo xtask generate`: files of `docs/` that the program prints, so that they cannot be wrong.

use std::fs;
use std::process::Command;

use crate::Outcome;
use crate::cargo::{cargo, root, server, succeed};

/// One generated file: where it is, the sub-command that prints it, and how the output stands in it.
struct Page {
    path: &'static str,
    command: &'static str,
    form: Form,
}

enum Form {
    /// The output is the file.
    Whole,
    /// The output is the content of the file's only ```` ```mermaid ```` block.
    MermaidBlock,
}

const PAGES: [Page; 2] = [
    Page {
        path: "docs/state-machine.md",
        command: "diagram",
        form: Form::MermaidBlock,
    },
    Page {
        path: "docs/openapi.json",
        command: "openapi",
        form: Form::Whole,
    },
];

/// Writes every page, or with `check` only compares.
///
/// # Errors
/// The server does not build or print, a page cannot be written, or (with `check`) differs.
pub fn run(check: bool) -> Outcome {
    succeed(cargo(["build", "--workspace", "--all-features", "--bins"]))?;
    let mut stale = Vec::new();
    for page in &PAGES {
        let path = root().join(page.path);
        let present = fs::read_to_string(&path).unwrap_or_default();
        let fresh = page.render(&present, &printed(page.command)?)?;
        if fresh == present {
            continue;
        }
        if check {
            stale.push(page.path);
        } else {
            fs::write(&path, fresh).map_err(|cause| format!("{}: {cause}", page.path))?;
            println!("wrote {}", page.path);
        }
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "{} out of date: run `cargo xtask generate`",
            stale.join(", ")
        ))
    }
}

impl Page {
    fn render(&self, present: &str, output: &str) -> Result<String, String> {
        let output = output.trim_end();
        match self.form {
            Form::Whole => Ok(format!("{output}\n")),
            Form::MermaidBlock => {
                const OPENING: &str = "```mermaid\n";
                let missing = || format!("{}: has no ```mermaid block", self.path);
                let start = present.find(OPENING).ok_or_else(missing)? + OPENING.len();
                let length = present[start..].find("```").ok_or_else(missing)?;
                let (before, after) = (&present[..start], &present[start + length..]);
                Ok(format!("{before}{output}\n{after}"))
            }
        }
    }
}

fn printed(command: &str) -> Result<String, String> {
    let output = Command::new(server())
        .arg(command)
        .output()
        .map_err(|cause| format!("convo-server {command}: {cause}"))?;
    if !output.status.success() {
        return Err(format!("convo-server {command}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|cause| format!("convo-server {command}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(form: Form) -> Page {
        Page {
            path: "docs/page.md",
            command: "print",
            form,
        }
    }

    #[test]
    fn only_the_block_is_replaced() {
        let present = "# Title\n\n```mermaid\nold\n```\n\nText\n";
        let fresh = page(Form::MermaidBlock).render(present, "new\nlines\n");
        assert_eq!(
            fresh,
            Ok("# Title\n\n```mermaid\nnew\nlines\n```\n\nText\n".to_owned())
        );
        assert!(page(Form::MermaidBlock).render("no block", "x").is_err());
    }

    #[test]
    fn a_whole_page_ends_in_one_line_feed() {
        let fresh = page(Form::Whole).render("old", "{}\n\n");
        assert_eq!(fresh, Ok("{}\n".to_owned()));
    }
}
