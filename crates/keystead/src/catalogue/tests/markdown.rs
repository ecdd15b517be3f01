//! Reads the tables of the chapters.

use std::collections::BTreeSet;

/// A table of a chapter, without its header and separator lines.
pub(super) struct Table(Vec<Vec<String>>);

impl Table {
    /// The table of a chapter whose header begins with these cells.
    pub(super) fn read(chapter: &str, header: &[&str]) -> Self {
        let path = format!("{}/../../docs/spec/{chapter}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut lines = text.lines().map(cells).skip_while(|cells| !cells.starts_with(&owned(header)));
        assert!(lines.next().is_some(), "{chapter} has no table with the header {header:?}");
        let rows: Vec<_> = lines.skip(1).take_while(|cells| cells.len() >= header.len()).collect();
        assert!(!rows.is_empty(), "{chapter}: the table {header:?} is empty");
        Self(rows)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.0.iter().map(Vec::as_slice)
    }
}

/// What stands between the bars; `\|` is a bar within a cell, asterisks of emphasis are dropped.
fn cells(line: &str) -> Vec<String> {
    let Some(inner) = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { return Vec::new() };
    let inner = inner.replace("\\|", "\u{1}");
    inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|").replace("**", "")).collect()
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| cell.replace("**", "")).collect()
}

/// The code spans of a cell, in order.
pub(super) fn code_spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A cell without what stands in brackets.
pub(super) fn without_brackets(cell: &str) -> String {
    let mut depth = 0;
    cell.chars()
        .filter(|letter| {
            depth += i32::from(matches!(letter, '(' | '{'));
            let shown = depth == 0;
            depth -= i32::from(matches!(letter, ')' | '}'));
            shown
        })
        .collect()
}

/// The name with its first letter in lower case, as records write it (AUD-15).
pub(super) fn lower_camel(name: &str) -> String {
    name[..1].to_ascii_lowercase() + &name[1..]
}

/// Everything that is in only one of the two, with a mark of which.
pub(super) fn difference<'s>(ours: &'s BTreeSet<String>, theirs: &'s BTreeSet<String>) -> Vec<String> {
    let surplus = ours.difference(theirs).map(|item| format!("+{item}"));
    surplus.chain(theirs.difference(ours).map(|item| format!("-{item}"))).collect()
}

#[test]
fn bars_in_cells_and_emphasis_are_understood() {
    assert_eq!(cells("| **a** | `b\\|c` |"), ["a", "`b|c`"]);
    assert_eq!(code_spans("x `a` y `b`"), ["a", "b"]);
    assert_eq!(without_brackets("keyId (ARN), keyMetadata{…}"), "keyId , keyMetadata");
}
