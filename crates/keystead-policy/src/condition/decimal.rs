//! Exact decimal numbers (POL-54): compared digit by digit, never through binary floating point.

use std::cmp::Ordering;

/// A decimal number whose digits stand in the text it was read from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'t> {
    negative: bool,
    /// The significant digits, from the first to the last that is not zero, cut at the decimal point.
    head: &'t [u8],
    tail: &'t [u8],
    /// The power of ten of the place before the first significant digit: the value is 0.DIGITS × 10^magnitude.
    magnitude: i64,
}

impl<'t> Decimal<'t> {
    /// Reads a whole text of the form `[+-]?digits[.digits][e[+-]digits]`. An exponent of more than fifteen digits is
    /// no number.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (mantissa, exponent) = match unsigned.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(place) => (unsigned.get(..place)?, parse_exponent(unsigned.get(place + 1..)?)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
            Some(place) => (mantissa.get(..place)?, Some(mantissa.get(place + 1..)?)),
            None => (mantissa, None),
        };
        if !is_digits(whole) || fraction.is_some_and(|digits| !is_digits(digits)) {
            return None;
        }
        Some(Self::from_parts(negative, whole, fraction.unwrap_or_default(), exponent))
    }

    fn from_parts(negative: bool, whole: &'t [u8], fraction: &'t [u8], exponent: i64) -> Self {
        let mut head = trim_start(whole);
        let mut tail = trim_end(fraction);
        let mut magnitude = head.len() as i64 + exponent;
        if head.is_empty() {
            let significant = trim_start(tail);
            magnitude -= (tail.len() - significant.len()) as i64;
            tail = significant;
        }
        if tail.is_empty() {
            head = trim_end(head);
        }
        let zero = head.is_empty() && tail.is_empty();
        Self { negative: negative && !zero, head, tail, magnitude: if zero { i64::MIN } else { magnitude } }
    }

    fn magnitude_cmp(&self, other: &Self) -> Ordering {
        self.magnitude.cmp(&other.magnitude).then_with(|| self.digits().cmp(other.digits()))
    }

    fn digits(&self) -> impl Iterator<Item = &'t u8> {
        self.head.iter().chain(self.tail)
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude_cmp(other),
            (true, true) => other.magnitude_cmp(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal<'_> {}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    if !is_digits(digits) {
        return None;
    }
    let digits = trim_start(digits);
    if digits.len() > MAX_EXPONENT_DIGITS {
        return None;
    }
    Some(sign * digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn trim_start(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn trim_end(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

/// Keeps every sum of an exponent and a number of digits far from overflow.
const MAX_EXPONENT_DIGITS: usize = 15;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Spec: POL-54
    #[test]
    fn numbers_compare_exactly() {
        let ascending = [
            "-1e20",
            "-10.5",
            "-10",
            "-0.001",
            "0",
            "1e-300",
            "0.1",
            "0.10000000000000001",
            "1",
            "9.99",
            "10",
            "1e2",
            "9007199254740992",
            "9007199254740993",
            "1e400",
            "1e999999999999999",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                let (a, b) = (Decimal::parse(a).unwrap(), Decimal::parse(b).unwrap());
                assert_eq!((a.cmp(&b), a == b), (i.cmp(&j), i == j), "{a:?} {b:?}");
            }
        }
        for (a, b) in [
            ("10", "10.0"),
            ("+10", "1e1"),
            ("-0", "0"),
            ("0.0e9", "0"),
            ("100", "1E2"),
            ("0.05", "5e-2"),
            ("10.50", "0010.5"),
        ] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
        }
    }

    /// Spec: POL-54
    #[test]
    fn anything_but_the_whole_form_is_no_number() {
        for text in [
            "",
            "10abc",
            " 10",
            "10 ",
            "1.",
            ".5",
            "1e",
            "1e+",
            "--1",
            "0x10",
            "1_0",
            "1e9999999999999999",
            "NaN",
            "+",
            "1.2.3",
            "1e1.5",
            "٣",
        ] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }
}
