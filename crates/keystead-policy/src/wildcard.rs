//! Where a piece of a pattern stands in a text. Between two `*`, a pattern is a chunk of fixed length; the first place
//! where a chunk fits is as good as any later one, so that no search ever goes back to an earlier `*` (POL-138).

use std::ops::ControlFlow;

/// A run of a pattern without `*`.
pub(crate) trait Chunk {
    /// Calls `visit` for each character wanted, until it breaks.
    fn visit(&self, visit: impl FnMut(Want) -> ControlFlow<()>) -> ControlFlow<()>;

    /// The form in which characters of the text are compared, where letter case is ignored. ASCII stays ASCII.
    fn normalized(&self, c: char) -> char {
        c
    }
}

/// What one place of a chunk wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// This character, normalized.
    Char(char),
    /// Any one character.
    Any,
    /// Any one character but a colon.
    NoColon,
}

/// The first place in `text` where a chunk fits, in bytes, if that is not beyond `last`, which is in bytes too. Takes
/// O(chunk × text / 64) steps and no memory.
pub(crate) fn find(text: &str, last: usize, chunk: &impl Chunk) -> Option<usize> {
    if text.is_ascii() {
        let units = text.bytes().map(|byte| chunk.normalized(char::from(byte)) as u8);
        return search(units, text.len(), last, chunk);
    }
    let units = text.chars().map(|c| u32::from(chunk.normalized(c)));
    let last = text.get(..last).map_or(last, |head| head.chars().count());
    let place = search(units, text.chars().count(), last, chunk)?;
    text.char_indices().nth(place).map_or(Some(text.len()), |(place, _)| Some(place))
}

/// Number of characters of a chunk, or a larger one than `most`.
pub(crate) fn length(chunk: &impl Chunk, most: usize) -> usize {
    let mut length = 0;
    let _ = chunk.visit(|_| {
        length += 1;
        if length > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    length
}

/// Tries the places of a text in blocks of [`BLOCK`], all of a block at once: the characters that the places would have
/// to hold at the same distance are compared in one sweep, which compiles to vector instructions.
fn search<T, U>(mut units: U, count: usize, last: usize, chunk: &impl Chunk) -> Option<usize>
where
    T: Copy + Default + PartialEq + From<u8> + TryFrom<u32>,
    U: Iterator<Item = T> + Clone,
{
    let length = length(chunk, count);
    let last = last.min(count.checked_sub(length)?);
    let mut first = 0;
    loop {
        let places = BLOCK.min(last + 1 - first);
        let mut window = Window::new(units.clone());
        let mut fits = [u8::MAX; BLOCK];
        let mut distance = 0;
        let fitted = chunk.visit(|want| {
            let held = window.at(distance);
            match want {
                Want::Any => {}
                Want::NoColon => {
                    let colon = T::from(b':');
                    fits.iter_mut().zip(held).for_each(|(fit, unit)| *fit &= u8::from(*unit != colon).wrapping_neg());
                }
                Want::Char(c) => match T::try_from(u32::from(c)) {
                    Ok(c) => {
                        fits.iter_mut().zip(held).for_each(|(fit, unit)| *fit &= u8::from(*unit == c).wrapping_neg());
                    }
                    Err(_) => fits = [0; BLOCK],
                },
            }
            distance += 1;
            // Looking for an end at every step would cost as much as the step.
            if distance % 8 == 0 && fits == [0; BLOCK] { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if fitted.is_continue()
            && let Some(place) = fits.iter().take(places).position(|&fit| fit != 0)
        {
            return Some(first + place);
        }
        first += BLOCK;
        if first > last {
            return None;
        }
        units.nth(BLOCK - 1);
    }
}

/// The characters of a text at a growing distance from the places of a block.
struct Window<T, U> {
    units: U,
    held: [T; 2 * BLOCK],
}

impl<T: Copy + Default, U: Iterator<Item = T>> Window<T, U> {
    fn new(units: U) -> Self {
        let mut window = Self { units, held: [T::default(); 2 * BLOCK] };
        window.fill(0);
        window.fill(BLOCK);
        window
    }

    /// The characters at a distance from each place; the distance must be 0 at first, then grow by 1.
    fn at(&mut self, distance: usize) -> &[T] {
        let offset = distance % BLOCK;
        if offset == 0 && distance > 0 {
            self.held.copy_within(BLOCK.., 0);
            self.fill(BLOCK);
        }
        self.held.get(offset..offset + BLOCK).unwrap_or_default()
    }

    /// What lies behind the end of the text does not matter: only places that leave room for the chunk count.
    fn fill(&mut self, from: usize) {
        for held in self.held.iter_mut().skip(from).take(BLOCK) {
            *held = self.units.next().unwrap_or_default();
        }
    }
}

/// Matches `*` (any run) and `?` (one character) in short names such as actions, ignoring ASCII case (POL-28).
pub(crate) fn matches_ignore_ascii_case(pattern: &str, text: &str) -> bool {
    let (head, rest) = pattern.split_once('*').map_or((pattern, None), |(head, rest)| (head, Some(rest)));
    let Some(text) = strip_name(text, head) else { return false };
    let Some(rest) = rest else { return text.is_empty() };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let mut text = text;
    for chunk in middle.split('*').filter(|chunk| !chunk.is_empty()) {
        let found = find(text, text.len(), &Name(chunk));
        let Some(after) = found.and_then(|place| strip_name(text.get(place..)?, chunk)) else { return false };
        text = after;
    }
    let skipped = text.chars().count().checked_sub(tail.chars().count());
    let end = skipped.and_then(|skipped| text.char_indices().map(|(place, _)| place).chain([text.len()]).nth(skipped));
    end.and_then(|end| strip_name(text.get(end..)?, tail)) == Some("")
}

/// What follows a chunk at the start of a text.
fn strip_name<'t>(text: &'t str, chunk: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    chunk
        .chars()
        .all(|wanted| rest.next().is_some_and(|c| wanted == '?' || wanted.eq_ignore_ascii_case(&c)))
        .then_some(rest.as_str())
}

/// A chunk of a pattern for names.
struct Name<'p>(&'p str);

impl Chunk for Name<'_> {
    fn visit(&self, mut visit: impl FnMut(Want) -> ControlFlow<()>) -> ControlFlow<()> {
        self.0.chars().try_for_each(|c| visit(if c == '?' { Want::Any } else { Want::Char(c.to_ascii_lowercase()) }))
    }

    fn normalized(&self, c: char) -> char {
        c.to_ascii_lowercase()
    }
}

/// Places that are tried at once.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use super::matches_ignore_ascii_case as matches;

    /// Spec: POL-28, POL-138
    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("k*", "KMS", true),
            ("k?s", "kms", true),
            ("k?s", "ks", false),
            ("*Key*Pair", "GenerateDataKeyPair", true),
            ("*Key*Pair*", "GenerateDataKeyPairWithoutPlaintext", true),
            ("Encrypt", "Encrypt ", false),
            ("?", "ä", true),
            ("??", "ä", false),
            ("*ä?*", "xxäö", true),
            ("*a*a", "a", false),
            ("", "", true),
            ("", "x", false),
            ("a*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
