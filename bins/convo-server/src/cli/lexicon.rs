//! `lexicon test`: the packs' own sentences.

use std::io::Write;

use convo_core::lexicon::Lexicon;

use super::{CommandError, Ended, LexiconTestArgs};

/// Runs the sentences; every one that is read otherwise than its entry says is a line.
pub(super) fn test(args: &LexiconTestArgs, out: &mut dyn Write) -> Result<Ended, CommandError> {
    let replaced;
    let lexicon = if args.packs.is_empty() {
        Lexicon::automotive()
    } else {
        replaced = with_packs(args)?;
        &replaced
    };
    let failures = lexicon.check();
    for failure in &failures {
        writeln!(out, "{failure}")?;
    }
    writeln!(
        out,
        "{}: {} sentences, {} failed",
        lexicon.version(),
        lexicon.sentence_count(),
        failures.len()
    )?;
    Ok(if failures.is_empty() {
        Ended::Done
    } else {
        Ended::Failed
    })
}

fn with_packs(args: &LexiconTestArgs) -> Result<Lexicon, CommandError> {
    let mut texts = Vec::new();
    for path in &args.packs {
        let text = std::fs::read_to_string(path);
        texts.push(text.map_err(|source| CommandError::File {
            path: path.display().to_string(),
            source,
        })?);
    }
    let packs: Vec<&str> = texts.iter().map(String::as_str).collect();
    Lexicon::with_industry(&packs).map_err(|error| {
        let path = args
            .packs
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(", ");
        CommandError::Pack {
            path,
            reason: error.to_string(),
        }
    })
}
