//! A small list of text pairs.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

/// A key and its value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A list that keeps up to four pairs without a heap allocation.
///
/// Unlike the usual small vectors it is covariant in `'a`, so that a list of long-lived texts can be used where a
/// short-lived one is asked for.
#[derive(Clone)]
pub(crate) enum Pairs<'a> {
    Inline { len: usize, slots: [Pair<'a>; INLINE] },
    Heap(Vec<Pair<'a>>),
}

impl<'a> Pairs<'a> {
    /// Inserts a pair at `at`, which is at most the length.
    pub(crate) fn insert(&mut self, at: usize, pair: Pair<'a>) {
        match self {
            Self::Inline { len, slots } if *len < INLINE => {
                slots[*len] = pair;
                for place in (at..*len).rev() {
                    slots.swap(place, place + 1);
                }
                *len += 1;
            }
            Self::Inline { slots, .. } => {
                let mut pairs: Vec<_> = slots.iter_mut().map(std::mem::take).collect();
                pairs.insert(at, pair);
                *self = Self::Heap(pairs);
            }
            Self::Heap(pairs) => pairs.insert(at, pair),
        }
    }

    pub(crate) fn into_iter(self) -> impl Iterator<Item = Pair<'a>> {
        let (slots, heap) = match self {
            Self::Inline { len, slots } => (Some(slots.into_iter().take(len)), None),
            Self::Heap(pairs) => (None, Some(pairs)),
        };
        slots.into_iter().flatten().chain(heap.into_iter().flatten())
    }
}

impl Default for Pairs<'_> {
    fn default() -> Self {
        Self::Inline { len: 0, slots: Default::default() }
    }
}

impl<'a> Deref for Pairs<'a> {
    type Target = [Pair<'a>];

    fn deref(&self) -> &[Pair<'a>] {
        match self {
            Self::Inline { len, slots } => &slots[..*len],
            Self::Heap(pairs) => pairs,
        }
    }
}

impl<'a> DerefMut for Pairs<'a> {
    fn deref_mut(&mut self) -> &mut [Pair<'a>] {
        match self {
            Self::Inline { len, slots } => &mut slots[..*len],
            Self::Heap(pairs) => pairs,
        }
    }
}

impl<'a> FromIterator<Pair<'a>> for Pairs<'a> {
    fn from_iter<I: IntoIterator<Item = Pair<'a>>>(pairs: I) -> Self {
        let mut list = Self::default();
        for pair in pairs {
            let end = list.len();
            list.insert(end, pair);
        }
        list
    }
}

/// Pairs without a heap allocation; most encryption contexts have fewer.
const INLINE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_keep_their_order_on_both_sides_of_the_heap() {
        for count in 0..9_usize {
            let mut list = Pairs::default();
            let mut model = Vec::new();
            for number in 0..count {
                let pair: Pair<'_> = (number.to_string().into(), "v".into());
                list.insert(number / 2, pair.clone());
                model.insert(number / 2, pair);
            }
            assert_eq!(&*list, model.as_slice());
            assert_eq!(list.into_iter().collect::<Vec<_>>(), model);
        }
    }
}
