//! What a stored mail's place and kind rest on.

use super::Arriving;

/// Codes in their order: of the rung, of the mail's origin, of a flood, of its kind, of what was not read.
pub(super) fn evidence(
    of_rung: Vec<String>,
    arriving: &Arriving<'_>,
    flooded: bool,
) -> Vec<String> {
    let mut all = of_rung;
    all.extend(arriving.origin.code().map(str::to_owned));
    all.extend(flooded.then(|| "flood".to_owned()));
    let verdict = &arriving.mail.verdict;
    all.extend(verdict.evidence.iter().map(ToString::to_string));
    // What was not read is told beside what was.
    for mark in &arriving.mail.degraded {
        let mark = format!("degraded:{}", mark.code());
        if !all.contains(&mark) {
            all.push(mark);
        }
    }
    all
}
