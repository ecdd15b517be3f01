//! Step 2 of the door: members against the constraint table, every violation in one message (API-016).

use std::fmt::Write;

use crate::Error;
use crate::catalogue::{Member, Row, Shape, UNLIMITED};
use crate::value::MemberValue;

/// Checks `values` against the members of the row.
pub(crate) fn check(row: &Row, values: &[MemberValue<'_>]) -> Result<(), Error> {
    let mut violations = Violations::default();
    for (member, value) in row.members.iter().zip(values) {
        violations.check_member(&Path::Root(member.name), member, value);
    }
    violations.into_result()
}

/// The message for a member that is missing although the model does not mark it required.
pub(crate) fn missing(member: &'static str) -> Error {
    let mut violations = Violations::default();
    violations.add_null(&Path::Root(member));
    match violations.into_result() {
        Err(error) => error,
        Ok(()) => Error::Validation("".into()),
    }
}

#[derive(Default)]
struct Violations {
    count: usize,
    text: String,
}

/// Where in the request a value stands.
enum Path<'p> {
    Root(&'static str),
    Element(&'p Path<'p>, usize),
    Member(&'p Path<'p>, &'static str),
}

impl Path<'_> {
    fn root(&self) -> &'static str {
        match self {
            Path::Root(name) => name,
            Path::Element(parent, _) | Path::Member(parent, _) => parent.root(),
        }
    }
}

impl Violations {
    fn into_result(self) -> Result<(), Error> {
        match self.count {
            0 => Ok(()),
            1 => Err(Error::Validation(format!("1 validation error detected: {}", self.text).into())),
            n => Err(Error::Validation(format!("{n} validation errors detected: {}", self.text).into())),
        }
    }

    fn check_member(&mut self, path: &Path<'_>, member: &Member, value: &MemberValue<'_>) {
        if let MemberValue::Absent = value {
            if member.required {
                self.add_null(path);
            }
            return;
        }
        self.check(path, &member.shape, value);
    }

    fn check(&mut self, path: &Path<'_>, shape: &Shape, value: &MemberValue<'_>) {
        match (shape, value) {
            (Shape::Text { min, max, pattern, sensitive }, MemberValue::Text(text)) => {
                let shown = if *sensitive { None } else { Some(*text) };
                // Bytes bound characters from above, so most texts need no counting.
                let length = if text.len() <= *max as usize && *min <= 1 { text.len() } else { text.chars().count() };
                if length < *min as usize {
                    self.add(path, shown, format_args!("have length greater than or equal to {min}"));
                } else if *max != UNLIMITED && length > *max as usize {
                    self.add(path, shown, format_args!("have length less than or equal to {max}"));
                }
                if let Some(pattern) = pattern
                    && !(pattern.matches)(text)
                {
                    self.add(path, shown, format_args!("satisfy regular expression pattern: {}", pattern.text));
                }
            }
            (
                Shape::Blob { min, max, .. } | Shape::Text { min, max, sensitive: true, .. },
                MemberValue::Blob(bytes),
            ) => {
                if bytes.len() < *min as usize {
                    self.add(path, None, format_args!("have length greater than or equal to {min}"));
                } else if *max != UNLIMITED && bytes.len() > *max as usize {
                    self.add(path, None, format_args!("have length less than or equal to {max}"));
                }
            }
            (Shape::Integer { min, .. }, MemberValue::Integer(number)) if number < min => {
                let shown = number.to_string();
                self.add(path, Some(&shown), format_args!("have value greater than or equal to {min}"));
            }
            (Shape::Integer { max, .. }, MemberValue::Integer(number)) if number > max => {
                let shown = number.to_string();
                self.add(path, Some(&shown), format_args!("have value less than or equal to {max}"));
            }
            (Shape::Enumeration(words), MemberValue::Text(text)) if !words.contains(text) => {
                self.add(path, Some(text), format_args!("satisfy enum value set: [{}]", words.join(", ")));
            }
            (Shape::List { min, max, element }, MemberValue::TextList(texts)) => {
                self.check_list_length(path, *min, *max, texts.len());
                for (index, text) in texts.iter().enumerate() {
                    self.check(&Path::Element(path, index + 1), element, &MemberValue::Text(text));
                }
            }
            (Shape::List { min, max, element: Shape::Structure(members) }, MemberValue::Tags(tags)) => {
                self.check_list_length(path, *min, *max, tags.len());
                for (index, tag) in tags.iter().enumerate() {
                    let path = Path::Element(path, index + 1);
                    for (member, text) in members.iter().zip([&tag.tag_key, &tag.tag_value]) {
                        self.check(&Path::Member(&path, member.name), &member.shape, &MemberValue::Text(text));
                    }
                }
            }
            (Shape::Structure(members), MemberValue::Structure(values)) => {
                for (member, value) in members.iter().zip(values) {
                    self.check_member(&Path::Member(path, member.name), member, value);
                }
            }
            // The remaining pairs have no constraint; requests cannot hold a value of another type.
            _ => {}
        }
    }

    fn check_list_length(&mut self, path: &Path<'_>, min: u32, max: u32, length: usize) {
        if length < min as usize {
            self.add(path, None, format_args!("have length greater than or equal to {min}"));
        } else if max != UNLIMITED && length > max as usize {
            self.add(path, None, format_args!("have length less than or equal to {max}"));
        }
    }

    fn add_null(&mut self, path: &Path<'_>) {
        if !self.begin() {
            return;
        }
        let _ = write!(self.text, "Value null at '");
        write_path(&mut self.text, path);
        self.text.push_str("' failed to satisfy constraint: Member must not be null");
    }

    fn add(&mut self, path: &Path<'_>, shown: Option<&str>, constraint: std::fmt::Arguments<'_>) {
        if !self.begin() {
            return;
        }
        self.text.push_str("Value ");
        let shown = shown.filter(|shown| shown.is_empty() || !UNRECORDED.contains(&path.root()));
        if let Some(shown) = shown {
            let _ = write!(self.text, "'{}' ", abbreviated(shown));
        }
        self.text.push_str("at '");
        write_path(&mut self.text, path);
        let _ = write!(self.text, "' failed to satisfy constraint: Member must {constraint}");
    }

    /// Counts a violation. Whether there is room to describe it too.
    fn begin(&mut self) -> bool {
        let fits = self.text.len() < MAX_TEXT;
        if self.count > 0 && fits {
            self.text.push_str("; ");
        }
        self.count += 1;
        fits
    }
}

fn write_path(out: &mut String, path: &Path<'_>) {
    match path {
        Path::Root(name) => push_lower_camel(out, name),
        Path::Element(parent, index) => {
            write_path(out, parent);
            let _ = write!(out, ".{index}.member");
        }
        Path::Member(parent, name) => {
            write_path(out, parent);
            out.push('.');
            push_lower_camel(out, name);
        }
    }
}

/// Appends an API name with its first letter in lower case (API-017).
pub(crate) fn push_lower_camel(out: &mut String, name: &str) {
    let mut letters = name.chars();
    if let Some(first) = letters.next() {
        out.push(first.to_ascii_lowercase());
        out.push_str(letters.as_str());
    }
}

/// Keeps error messages of hostile input small.
fn abbreviated(value: &str) -> &str {
    match value.char_indices().nth(MAX_ECHO) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

/// Members that the model does not mark as sensitive, but that no record shows, not in an error message either (AUD-17).
const UNRECORDED: [&str; 2] = ["GrantToken", "GrantTokens"];
/// Characters of a refused value that an error message repeats at most.
const MAX_ECHO: usize = 2048;
/// Bytes of text after which further violations are counted but not described.
const MAX_TEXT: usize = 16 * 1024;
