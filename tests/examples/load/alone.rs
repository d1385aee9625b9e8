//! The yardstick of the raw store: the database alone, given the statements that one commit of the store sends.
//!
//! They are taken from the store as it is (`store_rate URL statements`), and every value from rows that it wrote, so
//! that they never fall behind it. What differs from item to item (ids, versions, revisions, numbers of the log)
//! differs here too. Nothing is decided and no digest is computed.

pub mod pgbench;
pub mod sqlite;

/// The texts of the statements in order, without their binds.
pub fn statements(printed: &str) -> Vec<String> {
    let text = |line: &str| {
        let text = line
            .split_once(" -- binds: ")
            .map_or(line, |(text, _)| text);
        text.to_owned()
    };
    printed.lines().map(text).collect()
}

/// What comes between the first of one text and the next of another.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(part, _)| part)
}

/// The names in a list of columns, without their quotes.
pub fn names(list: &str) -> Vec<&str> {
    list.split(", ")
        .map(|name| name.trim_matches(['"', '`']))
        .collect()
}

/// The table that a statement writes.
pub fn table(statement: &str) -> Option<&str> {
    let rest = statement
        .strip_prefix("INSERT INTO ")
        .or_else(|| statement.strip_prefix("UPDATE "))?;
    rest.split(' ').next().map(|name| name.trim_matches('`'))
}
