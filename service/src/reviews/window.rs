//! When approved requests may be released: days of the week and hours of the day, as the policy writes them. Pure.
use tamis_entities::value::Timestamp;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days of the week and minutes of the day, UTC.
pub struct Window {
    days: std::ops::RangeInclusive<usize>,
    minutes: std::ops::Range<i64>,
}

impl Window {
    pub fn parse(text: &str) -> Option<Self> {
        let (days, hours) = text.trim().split_once(' ')?;
        let day = |name: &str| DAYS.iter().position(|d| *d == name);
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, until) = hours.trim().split_once('-')?;
        let minute = |text: &str| -> Option<i64> {
            let (hour, minute) = text.split_once(':')?;
            let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
            let at = hour * 60 + minute;
            ((0..=24).contains(&hour) && (0..60).contains(&minute) && at <= 24 * 60).then_some(at)
        };
        let window = Self { days: day(first)?..=day(last)?, minutes: minute(from)?..minute(until)? };
        (!window.days.is_empty() && !window.minutes.is_empty()).then_some(window)
    }

    pub fn holds(&self, now: Timestamp) -> bool {
        let minutes = now.0.div_euclid(60_000_000);
        // The first of January 1970 was a Thursday.
        let day = usize::try_from((minutes.div_euclid(24 * 60) + 3).rem_euclid(7)).unwrap_or(0);
        self.days.contains(&day) && self.minutes.contains(&minutes.rem_euclid(24 * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_from_its_first_minute_to_before_its_last() {
        let window = Window::parse("mon-fri 08:00-17:00").unwrap();
        // Thursday, 2026-01-01, at midnight.
        let midnight = 1_767_225_600_000_000;
        let at = |minutes: i64| window.holds(Timestamp(midnight + minutes * 60_000_000));
        assert_eq!([at(8 * 60 - 1), at(8 * 60), at(17 * 60 - 1), at(17 * 60)], [false, true, true, false]);
        assert!(!at((2 * 24 + 12) * 60), "Saturday at noon");
        for bad in ["", "mon", "fri-mon 08:00-17:00", "mon 17:00-08:00", "mon 8-9", "mon 08:00-25:00"] {
            assert!(Window::parse(bad).is_none(), "{bad}");
        }
    }
}
