//! Timestamps: range, arithmetic, texts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, SystemTime};

use keystead_types::Timestamp;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// Spec: KEY-37
#[test]
fn instants_have_millisecond_resolution() {
    let instant: jiff::Timestamp = "2017-08-16T19:05:55.475999Z".parse().unwrap();
    assert_eq!(Timestamp::from(instant), at(1_502_910_355_475));
    let before: jiff::Timestamp = "1969-12-31T23:59:59.9995Z".parse().unwrap();
    assert_eq!(Timestamp::from(before), at(-1), "the millisecond that contains the instant, also before the epoch");
    let std = SystemTime::UNIX_EPOCH + Duration::from_micros(1_500);
    assert_eq!(Timestamp::from_std(std), Some(at(1)));
    assert_eq!(SystemTime::from(at(1)), SystemTime::UNIX_EPOCH + Duration::from_millis(1));
}

#[test]
fn the_range_is_closed() {
    assert_eq!(Timestamp::MAX, Timestamp::from(jiff::Timestamp::MAX));
    assert_eq!(Timestamp::MIN, Timestamp::from(jiff::Timestamp::MIN));
    assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.999Z");
    assert_eq!(Timestamp::MIN.to_string(), "-009999-01-02T01:59:59Z");
    for end in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(Timestamp::from_millis(end.as_millis()), Some(end));
    }
    assert_eq!(Timestamp::from_millis(Timestamp::MAX.as_millis() + 1), None);
    assert_eq!(Timestamp::from_millis(Timestamp::MIN.as_millis() - 1), None);
    assert_eq!(Timestamp::from_millis(i64::MAX), None);
    assert_eq!(Timestamp::from_millis(i64::MIN), None);
    if let Some(late) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(253_402_207_201)) {
        assert_eq!(Timestamp::from_std(late), None);
    }
}

#[test]
fn arithmetic_stops_at_the_ends() {
    assert_eq!(at(0).plus_days(1), at(86_400_000));
    assert_eq!(at(0).plus_days(u32::MAX), Timestamp::MAX);
    assert_eq!(at(500).plus(Duration::from_micros(1_999)), at(501));
    assert_eq!(at(500).minus(Duration::from_micros(1_999)), at(499));
    assert_eq!(at(0).plus(Duration::MAX), Timestamp::MAX);
    assert_eq!(at(0).minus(Duration::MAX), Timestamp::MIN);
    assert_eq!(Timestamp::MAX.plus(Duration::from_millis(1)), Timestamp::MAX);
    assert_eq!(at(1_500).duration_since(at(300)), Duration::from_millis(1_200));
    assert_eq!(at(300).duration_since(at(1_500)), Duration::ZERO);
    let span = Timestamp::MAX.duration_since(Timestamp::MIN);
    assert_eq!(Timestamp::MIN.plus(span), Timestamp::MAX);
}

/// Spec: KEY-37
#[test]
fn display_is_rfc_3339() {
    assert_eq!(at(1_502_910_355_475).to_string(), "2017-08-16T19:05:55.475Z");
    assert_eq!(at(1_502_910_355_470).to_string(), "2017-08-16T19:05:55.470Z");
    assert_eq!(at(1_502_910_355_000).to_string(), "2017-08-16T19:05:55Z");
    assert_eq!(format!("{:?}", at(0)), "1970-01-01T00:00:00Z");
}

#[test]
fn event_times_have_whole_seconds() {
    assert_eq!(at(1_502_910_355_999).to_iso_seconds(), "2017-08-16T19:05:55Z");
    assert_eq!(at(-1).to_iso_seconds(), "1969-12-31T23:59:59Z");
}

/// Spec: AUD-16
#[test]
fn dates_inside_audit_records_are_english() {
    let text = |time: &str| Timestamp::from(time.parse::<jiff::Timestamp>().unwrap()).to_audit_text();
    assert_eq!(text("2022-08-10T22:38:27Z"), "Aug 10, 2022, 10:38:27 PM");
    assert_eq!(text("2021-01-01T08:00:00.999Z"), "Jan 1, 2021, 8:00:00 AM");
    assert_eq!(text("2021-12-31T00:05:09Z"), "Dec 31, 2021, 12:05:09 AM");
    assert_eq!(text("2021-12-31T12:05:09Z"), "Dec 31, 2021, 12:05:09 PM");
}
