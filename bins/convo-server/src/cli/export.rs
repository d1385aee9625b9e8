//! `export`: a whole table as a file, page by page.

use std::fs::File;
use std::io::{BufWriter, Write};

use convo_app::AppError;
use convo_app::export::{Cursor, Wanted};
use convo_store::Store;

use super::args::ExportArgs;
use super::{CommandError, Ended};
use crate::settings::Settings;
use crate::wiring::{self, WiringError};

/// Writes the file, or to standard output.
pub(super) fn run(
    settings: &Settings,
    args: &ExportArgs,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    let wanted = Wanted {
        from: args.from,
        to: args.to,
        campaign: args.campaign,
        state: args.state.clone(),
    };
    let cursor = Cursor::begin(args.what, &wanted).map_err(refused)?;
    // Before the file, which is not to be there when there is nothing to write into it.
    let store = wiring::migrated(settings)?;
    let Some(path) = &args.output else {
        return write(&store, args, cursor, out);
    };
    // Never over a file that is there: it may be what somebody wants to compare with.
    let file = File::create_new(path).map_err(|source| CommandError::File {
        path: path.display().to_string(),
        source,
    })?;
    let mut file = BufWriter::new(file);
    let ended = write(&store, args, cursor, &mut file)?;
    file.flush()?;
    Ok(ended)
}

fn refused(error: AppError) -> CommandError {
    match error {
        AppError::Invalid(violations) => {
            let each = violations.iter();
            let each = each.map(|one| format!("--{} {}", one.field, one.message));
            CommandError::Refused(each.collect::<Vec<_>>().join("; "))
        }
        other => WiringError::from(other).into(),
    }
}

fn write(
    store: &Store,
    args: &ExportArgs,
    cursor: Cursor,
    out: &mut dyn Write,
) -> Result<Ended, CommandError> {
    out.write_all(&args.format.head(args.what.columns()))?;
    let mut next = Some(cursor);
    while let Some(cursor) = next.take() {
        let page = store.read(|reader| cursor.next(reader));
        let (rows, rest) = page.map_err(WiringError::from)?;
        out.write_all(&args.format.lines(args.what.columns(), rows))?;
        next = rest;
    }
    Ok(Ended::Done)
}
