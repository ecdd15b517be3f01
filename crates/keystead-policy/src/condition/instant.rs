//! Instants in policies and requests (POL-55): the W3C profile of ISO 8601, or epoch seconds.

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub(crate) type Instant = i128;

/// Reads an instant. A text of digits only is epoch seconds, never a year (RUL-52). More than nine decimals of a second
/// are cut off.
pub(crate) fn parse(text: &str) -> Option<Instant> {
    epoch_seconds(text).or_else(|| calendar(text))
}

/// An instant in whole seconds.
pub(crate) fn from_seconds(seconds: i64) -> Instant {
    Instant::from(seconds) * NANOS_PER_SECOND
}

/// `[+-]?digits[.digits]`.
fn epoch_seconds(text: &str) -> Option<Instant> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    let nanos = match fraction {
        Some(digits) => nanoseconds(digits)?,
        None => 0,
    };
    if !is_digits(whole) || whole.len() > MAX_EPOCH_DIGITS {
        return None;
    }
    Some(sign * (Instant::from(whole.parse::<i64>().ok()?) * NANOS_PER_SECOND + nanos))
}

/// `YYYY-MM`, `YYYY-MM-DD`, or `YYYY-MM-DDThh:mm[:ss[.f]]` with `Z` or `±hh:mm`.
fn calendar(text: &str) -> Option<Instant> {
    let mut scanner = Scanner(text);
    let year = scanner.number(4)?;
    scanner.expect('-')?;
    let month = scanner.number(2).filter(|month| (1..=12).contains(month))?;
    if scanner.is_at_end() {
        return Some(days_from_civil(year, month, 1) * NANOS_PER_DAY);
    }
    scanner.expect('-')?;
    let day = scanner.number(2).filter(|day| (1..=days_in_month(year, month)).contains(day))?;
    let midnight = days_from_civil(year, month, day) * NANOS_PER_DAY;
    if scanner.is_at_end() {
        return Some(midnight);
    }
    scanner.expect('T')?;
    let minutes = scanner.hours_and_minutes()?;
    let mut nanos = 0;
    if scanner.expect(':').is_some() {
        nanos = Instant::from(scanner.number(2).filter(|second| *second < 60)?) * NANOS_PER_SECOND;
        if scanner.expect('.').is_some() {
            nanos += nanoseconds(scanner.digits())?;
        }
    }
    let offset = scanner.offset_minutes()?;
    scanner.is_at_end().then(|| midnight + Instant::from(minutes - offset) * 60 * NANOS_PER_SECOND + nanos)
}

struct Scanner<'t>(&'t str);

impl<'t> Scanner<'t> {
    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    /// A number of exactly so many digits.
    fn number(&mut self, width: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(width)?;
        if !is_digits(digits) {
            return None;
        }
        self.0 = rest;
        digits.parse().ok()
    }

    fn digits(&mut self) -> &'t str {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    /// `hh:mm`, in minutes.
    fn hours_and_minutes(&mut self) -> Option<i64> {
        let hours = self.number(2).filter(|hours| *hours < 24)?;
        self.expect(':')?;
        let minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        Some(hours * 60 + minutes)
    }

    fn offset_minutes(&mut self) -> Option<i64> {
        if self.expect('Z').is_some() {
            return Some(0);
        }
        let sign = if self.expect('-').is_some() { -1 } else { self.expect('+').map(|()| 1)? };
        Some(sign * self.hours_and_minutes()?)
    }
}

/// The decimals of a second.
fn nanoseconds(digits: &str) -> Option<Instant> {
    if !is_digits(digits) {
        return None;
    }
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |value, digit| value * 10 + Instant::from(digit - b'0')))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. (Years are counted from March, so that the leap day is
/// the last of its year.)
fn days_from_civil(year: i64, month: i64, day: i64) -> Instant {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Instant::from(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const NANOS_PER_SECOND: Instant = 1_000_000_000;
const NANOS_PER_DAY: Instant = 86_400 * NANOS_PER_SECOND;

/// Fits an `i64`; three hundred times the age of the universe.
const MAX_EPOCH_DIGITS: usize = 18;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Spec: POL-55, RUL-52
    #[test]
    fn both_notations_name_the_same_instants() {
        let table = [
            ("1970-01-01", "0"),
            ("2030-01-01T00:00:00Z", "1893456000"),
            ("2030-01", "1893456000"),
            ("2029-12-31T23:59:59Z", "1893455999"),
            ("2030-01-01T02:00+02:00", "1893456000.0"),
            ("2029-12-31T19:30-04:30", "1893456000"),
            ("2018-12-31T11:59:59.5Z", "1546257599.50"),
            ("1969-12-31T23:59:59Z", "-1"),
            ("2024-02-29", "1709164800"),
            ("9999-12-31T23:59:59Z", "253402300799"),
        ];
        for (iso, epoch) in table {
            assert_eq!(parse(iso).unwrap(), parse(epoch).unwrap(), "{iso} {epoch}");
        }
        assert_eq!(parse("2020"), Some(from_seconds(2020)));
        assert_eq!(parse("999999999999999999"), Some(from_seconds(999_999_999_999_999_999)));
    }

    /// Spec: POL-55
    #[test]
    fn any_other_text_is_no_date() {
        for text in [
            "",
            "January 1, 2030",
            "2030-13",
            "2030-02-30",
            "2023-02-29",
            "2030-01-01T00:00:00",
            "2030-01-01T24:00Z",
            "2030-01-01T00:60Z",
            "2030-01-01T00:00:60Z",
            "2030-01-01 00:00Z",
            "2030-1-1",
            "1e9",
            "1.",
            "2030-01-01Z",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00Z",
            "2030-01-01T00:00+0200",
            "2030-*",
            "1893456000 ",
            "1000000000000000000",
            "+",
            ".5",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn days_agree_with_another_calendar() {
        for year in [0, 1600, 1899, 1900, 1969, 1970, 2000, 2024, 2100, 9999] {
            for month in 1..=12 {
                let first = jiff::civil::Date::new(year, month, 1).unwrap();
                let days = first.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
                assert_eq!(days_from_civil(year.into(), month.into(), 1), Instant::from(days), "{first}");
                assert_eq!(days_in_month(year.into(), month.into()), i64::from(first.days_in_month()), "{first}");
            }
        }
    }
}
