//! The schedule of automatic rotation, against the chapter's own examples.

use keystead_hierarchy::schedule::PeriodOutOfRange;
use keystead_hierarchy::{RotationPeriod, RotationSchedule};
use keystead_types::Timestamp;
use proptest::prelude::*;

use crate::support::{day, seconds};

/// Spec: ROT-15
#[test]
fn periods_have_bounds_and_a_default() {
    assert_eq!(RotationPeriod::default().days(), 365);
    for days in [90, 91, 365, 2559, 2560] {
        assert_eq!(u32::from(RotationPeriod::new(days).unwrap().days()), days);
    }
    for days in [0, 1, 89, 2561, 65_536 + 365, u32::MAX] {
        assert_eq!(RotationPeriod::new(days), Err(PeriodOutOfRange { days, min: 90, max: 2560 }));
    }
}

/// Spec: ROT-21, ROT-22
#[test]
fn the_first_rotation_is_one_period_after_enabling() {
    let schedule = RotationSchedule::enable(None, RotationPeriod::DEFAULT, day(0));
    assert_eq!(schedule.next(), day(365));
    // Across a leap year a day stays 86,400 seconds.
    assert_eq!(schedule.next().duration_since(day(0)), seconds(365 * 86_400));
    assert!(!schedule.is_due(day(365).minus(seconds(1))));
    assert!(schedule.is_due(day(365)));
}

/// Spec: ROT-21
#[test]
fn rotations_follow_each_other_by_one_period() {
    let mut schedule = RotationSchedule::starting(RotationPeriod::DEFAULT, day(0));
    for round in 1..=5 {
        assert_eq!(schedule.next(), day(365 * round));
        schedule = schedule.after_automatic_rotation(schedule.next());
    }
}

/// Spec: ROT-23, RUL-05
#[test]
fn enabling_again_postpones_nothing() {
    let period = RotationPeriod::new(180).unwrap();
    let first = RotationSchedule::enable(None, period, day(0));
    let daily = (1..170).fold(first, |schedule, at| RotationSchedule::enable(Some(schedule), period, day(at)));
    assert_eq!(daily, first);

    let other = RotationSchedule::enable(Some(first), RotationPeriod::new(200).unwrap(), day(50));
    assert_eq!(other.next(), day(250));
    let omitted = RotationSchedule::enable(Some(other), RotationPeriod::default(), day(60));
    assert_eq!((omitted.period().days(), omitted.next()), (365, day(425)));
}

/// Spec: ROT-17, ROT-26
#[test]
fn off_and_on_again_starts_afresh() {
    let on = RotationSchedule::enable(None, RotationPeriod::DEFAULT, day(0));
    assert_eq!(on.next(), day(365));
    // Off at day 300: the schedule is dropped. On at day 310, and in another life at day 400, after the former date.
    assert_eq!(RotationSchedule::enable(None, RotationPeriod::DEFAULT, day(310)).next(), day(675));
    let late = RotationSchedule::enable(None, RotationPeriod::DEFAULT, day(400));
    assert!(!late.is_due(day(400)));
}

/// Spec: ROT-24, STA-21
#[test]
fn a_rotation_missed_while_disabled_happens_once_at_enabling() {
    let schedule = RotationSchedule::starting(RotationPeriod::DEFAULT, day(0));
    // Disabled through the date: from ten days before it to 400 days after.
    let enabled_at = day(365 + 400);
    assert!(schedule.is_due(enabled_at));
    let after = schedule.after_rotation_on_enable(enabled_at);
    assert_eq!(after.next(), day(365 + 400 + 365));
    assert!(!after.is_due(enabled_at));
    // A short delay counts from enabling as well.
    assert_eq!(schedule.after_rotation_on_enable(day(375)).next(), day(375 + 365));
}

/// Spec: ROT-24
#[test]
fn a_date_that_has_not_passed_stays() {
    let schedule = RotationSchedule::starting(RotationPeriod::DEFAULT, day(0));
    assert!(!schedule.is_due(day(364)));
    assert_eq!(schedule.after_rotation_on_enable(day(364)), schedule);
}

/// Spec: ROT-28
#[test]
fn a_late_rotation_keeps_the_rhythm_or_starts_afresh() {
    let schedule = RotationSchedule::starting(RotationPeriod::new(90).unwrap(), day(0));
    assert_eq!(schedule.after_automatic_rotation(day(100)).next(), day(180));
    assert_eq!(schedule.after_automatic_rotation(day(179)).next(), day(180));
    // From one whole period on, the next date would not lie in the future.
    assert_eq!(schedule.after_automatic_rotation(day(180)).next(), day(270));
    assert_eq!(schedule.after_automatic_rotation(day(1000)).next(), day(1090));
}

/// Spec: ROT-31
#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let schedule = RotationSchedule::starting(RotationPeriod::new(90).unwrap(), day(0));
    let after = schedule.after_automatic_rotation(day(90));
    assert!(!after.is_due(day(80)));
    assert_eq!(after.after_automatic_rotation(day(80)), after);
    assert_eq!(after.after_rotation_on_enable(day(80)), after);
}

/// Spec: ROT-27, ROT-36
#[test]
fn on_demand_rotation_collides_with_one_due_within_20_minutes() {
    let schedule = RotationSchedule::starting(RotationPeriod::new(730).unwrap(), day(0));
    assert!(!schedule.conflicts_with_on_demand(day(726)));
    assert!(!schedule.conflicts_with_on_demand(day(730).minus(seconds(20 * 60 + 1))));
    assert!(schedule.conflicts_with_on_demand(day(730).minus(seconds(20 * 60))));
    assert!(schedule.conflicts_with_on_demand(day(730)));
    assert!(schedule.conflicts_with_on_demand(day(731)));
}

/// Spec: ROT-52
#[test]
fn aws_managed_keys_rotate_yearly_from_creation() {
    let created = day(17);
    assert_eq!(RotationSchedule::starting(RotationPeriod::DEFAULT, created).next(), day(17 + 365));
}

/// Spec: ROT-21
#[test]
fn the_end_of_time_is_no_panic() {
    let end = Timestamp::from_millis(i64::MAX).unwrap_or(day(0).plus_days(u32::MAX));
    let schedule = RotationSchedule::starting(RotationPeriod::DEFAULT, end);
    assert!(schedule.conflicts_with_on_demand(end));
    let after = schedule.after_automatic_rotation(end);
    assert_eq!(after.next(), schedule.next());
}

proptest! {
    /// However late, one rotation is enough, and the next date lies in the future, at most a period away.
    ///
    /// Spec: ROT-28
    #[test]
    fn one_rotation_makes_up_for_all(days in 90u32..=2560, late in 0i64..20_000, millis in 0u64..86_400_000) {
        let schedule = RotationSchedule::starting(RotationPeriod::new(days).unwrap(), day(0));
        let actual = schedule.next().plus_days(late as u32).plus(std::time::Duration::from_millis(millis));
        for after in [schedule.after_automatic_rotation(actual), schedule.after_rotation_on_enable(actual)] {
            prop_assert!(!after.is_due(actual));
            prop_assert!(after.next() <= actual.plus_days(days));
            prop_assert_eq!(after.period(), schedule.period());
        }
    }
}
