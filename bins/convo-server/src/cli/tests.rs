//! Words, exit codes, and the commands that need nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use clap::CommandFactory as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

fn output(line: &str) -> (String, Ended) {
    let mut out = Vec::new();
    let ended = dispatch(&parse(line).unwrap(), &mut out).unwrap();
    (String::from_utf8(out).unwrap(), ended)
}

#[test]
fn the_words_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    for line in [
        "convo-server nonsense",
        "convo-server inspect",
        "convo-server inspect --nope x",
        "convo-server lexicon",
    ] {
        assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
    }
    assert_eq!(
        parse("convo-server --help").expect_err("help").exit_code(),
        0
    );
    assert_eq!(
        parse("convo-server --version")
            .expect_err("version")
            .exit_code(),
        0
    );
}

#[test]
fn inspect_takes_several_addresses() {
    let cli = parse(
        "convo-server inspect a b --json --our-address x@y --our-address z@y --config c.toml",
    )
    .unwrap();
    assert_eq!(cli.config, Some("c.toml".into()));
    let Some(Command::Inspect(args)) = cli.command else {
        unreachable!()
    };
    assert_eq!(
        (args.files.len(), args.our_addresses.len(), args.json),
        (2, 2, true)
    );
}

#[test]
fn the_diagram_is_the_machine() {
    let (text, ended) = output("convo-server diagram");
    assert!(
        text.starts_with("stateDiagram-v2\n") && text.contains("NEW --> ACTIVE: FIRST_EMAIL_SENT")
    );
    assert_eq!(ended, Ended::Done);
}

#[test]
fn the_lexicon_test_ends_by_what_it_found() {
    let (text, ended) = output("convo-server lexicon test");
    let clean = text.ends_with(" sentences, 0 failed\n");
    assert_eq!(ended == Ended::Done, clean, "{text}");
}

#[test]
fn a_broken_pack_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.toml");
    std::fs::write(&path, "nonsense").unwrap();
    let cli = parse(&format!("convo-server lexicon test {}", path.display())).unwrap();
    let error = dispatch(&cli, &mut Vec::new())
        .expect_err("no pack")
        .to_string();
    assert!(error.contains("pack.toml"), "{error}");
}
