//! The table as the chapter prints it.

use std::sync::LazyLock;

/// The columns, in the order of the chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingImport,
    Unavailable,
    Creating,
    Updating,
}

impl Column {
    pub(crate) const ALL: [Self; 7] = [
        Self::Enabled,
        Self::Disabled,
        Self::PendingDeletion,
        Self::PendingImport,
        Self::Unavailable,
        Self::Creating,
        Self::Updating,
    ];
}

#[derive(Debug)]
pub(crate) struct Row {
    /// Without what stands in brackets behind it.
    pub(crate) operation: &'static str,
    cells: [Cell; 7],
}

impl Row {
    pub(crate) fn cell(&self, column: Column) -> &Cell {
        &self.cells[column as usize]
    }
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// `ok`
    Ok,
    /// `ok, else [9]`
    OkElse(u32),
    /// `cond [7]`: ok unless the note applies.
    Unless(u32),
    /// `[1]` or `[1]|[7]`: refused with one of these.
    Refused(Vec<u32>),
    /// `[14] → STA-43`: whoever is in that state does not support the operation at all.
    Unsupported,
    /// `n/a`
    CannotArise,
}

impl Cell {
    /// Whether it says nothing but that the key does not support the operation.
    pub(crate) fn is_always_unsupported(&self) -> bool {
        const UNSUPPORTED: [u32; 3] = [6, 7, 9];
        match self {
            Self::Unsupported => true,
            Self::Refused(notes) => notes.iter().all(|note| UNSUPPORTED.contains(note)),
            _ => false,
        }
    }

    fn parse(text: &str) -> Self {
        // Emphasis, and remarks in brackets or behind the answer, change nothing.
        let text = text.replace("**", "");
        let answer = text.split(" (").next().unwrap_or_default().trim();
        let notes = |text: &str| -> Vec<u32> {
            text.split('|').map(|note| note.trim_matches(['[', ']', '\\', ' ']).parse().expect("a note")).collect()
        };
        let one = |text: &str| notes(text)[0];
        match answer.split_once(" → ") {
            // The gap of the guide is closed by STA-44.
            Some(("n/a", note)) => Self::Refused(notes(note)),
            Some((_, "STA-43")) => Self::Unsupported,
            Some(other) => panic!("{other:?}"),
            None => match answer {
                "ok" | "ok [12]" | "ok, no effect" => Self::Ok,
                "n/a" => Self::CannotArise,
                _ => match (answer.strip_prefix("ok, else "), answer.strip_prefix("cond ")) {
                    (Some(note), _) => Self::OkElse(one(note)),
                    (_, Some(note)) => Self::Unless(one(note)),
                    _ => Self::Refused(notes(answer)),
                },
            },
        }
    }
}

/// The rows of the table.
pub(crate) fn table() -> &'static [Row] {
    static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let lines = CHAPTER.lines().skip_while(|line| !line.starts_with("| Operation | Enabled |"));
        lines.skip(2).take_while(|line| line.starts_with('|')).map(parse_row).collect()
    });
    &TABLE
}

pub(crate) fn row_of(operation: &str) -> &'static Row {
    table().iter().find(|row| row.operation == operation).unwrap_or_else(|| panic!("no row for {operation}"))
}

fn parse_row(line: &'static str) -> Row {
    let fields: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
    let (operation, cells) = fields.split_first().expect("a row");
    let cells: Vec<Cell> = cells.iter().map(|cell| Cell::parse(cell)).collect();
    let operation = operation.split(" (").next().unwrap_or_default();
    Row { operation, cells: cells.try_into().unwrap_or_else(|_| panic!("{line}")) }
}

const CHAPTER: &str = include_str!("../../../../docs/spec/20-key-states-and-deletion.md");
