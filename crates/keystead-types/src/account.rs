//! Accounts.

use std::str::FromStr;

use crate::ParseError;
use crate::text::text_type;

/// A 12-digit account ID, leading zeros included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; LEN]);

impl AccountId {
    /// The account whose ID is this number in 12 digits; `None` from 10^12 on.
    pub fn from_u64(number: u64) -> Option<Self> {
        let mut digits = [b'0'; LEN];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        (rest == 0).then_some(Self(digits))
    }

    /// The ID as a number, below 10^12.
    pub fn as_u64(&self) -> u64 {
        self.0.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
    }

    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        // Always valid: digits only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for AccountId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits: [u8; LEN] = text.as_bytes().try_into().map_err(|_| ParseError::AccountId)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(ParseError::AccountId) }
    }
}

text_type!(stored AccountId);

const LEN: usize = 12;
