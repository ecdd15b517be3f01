//! Published vectors kept as text (`testdata/README.md`): records of `name = value` lines between empty lines.

use super::unhex;

pub(super) fn records(text: &str) -> impl Iterator<Item = Record<'_>> {
    text.split("\n\n").map(Record::parse).filter(|record| !record.0.is_empty())
}

pub(super) struct Record<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Record<'t> {
    fn parse(block: &'t str) -> Self {
        let lines = block.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(lines.map(|line| line.split_once(" = ").expect("a line is `name = value`")).collect())
    }

    pub(super) fn text(&self, name: &str) -> &'t str {
        self.find(name).unwrap_or_else(|| panic!("a record has no `{name}`"))
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    pub(super) fn find(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }

    /// Whether the published verdict is `P` (pass) or `F` (fail).
    pub(super) fn passes(&self) -> bool {
        match self.text("result") {
            "P" => true,
            "F" => false,
            other => panic!("`{other}` is not a result"),
        }
    }
}
