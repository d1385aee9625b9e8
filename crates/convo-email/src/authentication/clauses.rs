//! A structured field cut at its semicolons.

/// Longest value looked at, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Most clauses of one value.
const MAX_CLAUSES: usize = 100;

/// The clauses between semicolons that stand in no comment and no quoted text, comments left out.
///
/// Hosts put what the sender said into comments and quotes, not always well: what never closes is read
/// again as if it had not opened, so that nothing behind it is hidden.
///
/// Source: RFC 5322 §3.2 (comments, quoted strings), RFC 8601 §2.2.
pub(super) fn clauses(value: &str) -> Vec<String> {
    let value = &value[..value.floor_char_boundary(MAX_BYTES)];
    let readings = [
        (Comments::Nested, true),
        (Comments::Flat, true),
        (Comments::Nested, false),
        (Comments::Flat, false),
    ];
    let whole = readings
        .into_iter()
        .find_map(|(comments, quotes)| cut(value, comments, quotes));
    whole.unwrap_or_else(|| {
        let all = value.split(';').take(MAX_CLAUSES);
        all.map(|clause| clause.trim().to_owned()).collect()
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    /// Parentheses inside parentheses belong to them.
    Nested,
    /// The first closing one ends the comment.
    Flat,
}

/// Cuts under one reading; `None` when something stays open.
fn cut(value: &str, comments: Comments, quotes: bool) -> Option<Vec<String>> {
    let mut clauses = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0_u32, false, false);
    for c in value.chars() {
        let literal = std::mem::take(&mut escaped);
        if c == '\\' && !literal && (depth > 0 || quoted) {
            escaped = true;
            continue;
        }
        if depth > 0 {
            match c {
                ')' if !literal => depth -= 1,
                '(' if !literal && comments == Comments::Nested => depth += 1,
                _ => {}
            }
            continue;
        }
        match c {
            '"' if quotes && !literal => quoted = !quoted,
            '(' if !quoted => {
                depth = 1;
                // A comment separates like a blank.
                push(&mut clauses, ' ');
                continue;
            }
            ';' if !quoted => {
                if clauses.len() == MAX_CLAUSES {
                    break;
                }
                clauses.push(String::new());
                continue;
            }
            _ => {}
        }
        push(&mut clauses, c);
    }
    let closed = depth == 0 && !quoted;
    closed.then(|| {
        let trimmed = clauses.iter().map(|clause| clause.trim().to_owned());
        trimmed.collect()
    })
}

fn push(clauses: &mut [String], c: char) {
    if let Some(last) = clauses.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::clauses;

    #[track_caller]
    fn check(value: &str, expected: &[&str]) {
        assert_eq!(clauses(value), expected, "{value}");
    }

    #[test]
    fn comments_and_quotes_hold_no_clause() {
        check("a; b=c", &["a", "b=c"]);
        check("a (x; y) ; b = c (d) e", &["a", "b = c   e"]);
        check("a; b=\"c; d\"", &["a", "b=\"c; d\""]);
        check("a; b=(x (y; z) \\) w) c", &["a", "b=  c"]);
        check("a; b=\"c\\\"; d\"; e", &["a", "b=\"c\"; d\"", "e"]);
        check("", &[""]);
    }

    #[test]
    fn what_never_closes_hides_nothing() {
        check("a (x (y); b=c", &["a", "b=c"]);
        check("a (x; b=c", &["a (x", "b=c"]);
        check("a; x=\"y; b=c", &["a", "x=\"y", "b=c"]);
        check("a; x=\"y (z; b=c", &["a", "x=\"y (z", "b=c"]);
    }

    #[test]
    fn hostile_values_end() {
        assert_eq!(clauses(&"(".repeat(1_000_000)).len(), 1);
        assert_eq!(clauses(&";".repeat(1_000_000)).len(), super::MAX_CLAUSES);
        assert_eq!(clauses(&"\"\\".repeat(1_000_000)).len(), 1);
    }
}
