//! Whether the clock runs on by itself. It is compared with what the machine has counted since it started,
//! asleep or not, which nobody can set.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::ui::event::ClockSaid;

/// A clock that a time server corrects may step by this much, and nobody is told.
const SLIP: TimeDelta = TimeDelta::minutes(5);

/// So long a step is told.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// Watches for steps of the clock.
#[derive(Debug, Default)]
pub struct ClockWatch {
    /// The clock, and what was counted by then.
    last: Option<(DateTime<FixedOffset>, Duration)>,
    step: Option<(ClockSaid, Duration)>,
}

impl ClockWatch {
    /// Hears what the clock says and what the machine has counted; returns the last step if it was within
    /// the hour.
    pub fn hear(&mut self, now: DateTime<FixedOffset>, counted: Duration) -> Option<ClockSaid> {
        if let Some((clock, before)) = self.last.replace((now, counted)) {
            let passed = TimeDelta::from_std(counted.saturating_sub(before)).unwrap_or(TimeDelta::MAX);
            let step = (now - clock) - passed;
            if step.abs() > SLIP {
                let said = if step < TimeDelta::zero() { ClockSaid::Back } else { ClockSaid::Ahead };
                self.step = Some((said, counted));
            }
        }
        self.step.take_if(|(_, since)| counted.saturating_sub(*since) > TOLD_FOR);
        self.step.map(|(said, _)| said)
    }

    /// A person says that the clock is right as it is: its last step is no longer told.
    pub fn settle(&mut self) {
        self.step = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::counted;

    #[test]
    fn steps_are_told_for_an_hour_and_corrections_are_not() {
        let start = DateTime::parse_from_rfc3339("2026-11-29T10:00:00+01:00").unwrap();
        let mut watch = ClockWatch::default();
        // Minutes counted, minutes that the clock shows beside them, what is said.
        for (counted, clock, said) in [
            (0, 0, None),
            (1, 1, None),
            (2, 4, None),
            // Asleep for a weekend.
            (4000, 4002, None),
            (4001, 4003 - 14 * 60, Some(ClockSaid::Back)),
            (4060, 4062 - 14 * 60, Some(ClockSaid::Back)),
            (4062, 4064 - 14 * 60, None),
            (4063, 4065 + 3 * 24 * 60, Some(ClockSaid::Ahead)),
            // Set right again.
            (4064, 4066, Some(ClockSaid::Back)),
            (4200, 4202, None),
        ] {
            let now = start + TimeDelta::minutes(clock);
            assert_eq!(watch.hear(now, Duration::from_secs(60 * counted)), said, "{counted}");
        }
        assert_eq!(watch.hear(start, Duration::from_secs(60 * 4201)), Some(ClockSaid::Back));
        watch.settle();
        assert_eq!(watch.hear(start, Duration::from_secs(60 * 4202)), None);
    }

    #[test]
    fn the_machine_counts() {
        let before = counted();
        assert!(before > Duration::ZERO && counted() >= before);
    }
}
