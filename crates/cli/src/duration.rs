//! Durations as users write and read them.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// The longest one.
const YEAR: Duration = Duration::from_secs(366 * 86_400);

/// Reads `90s`, `5m`, `1h30m`, `500ms`, `1d`, large units first, also `1.5h` and ISO 8601 (`PT5M`).
///
/// # Errors
/// What is expected instead.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected = |_| "use a number with a unit, such as 90s, 5m or 1h30m".to_owned();
    let span: Span = text.trim().parse().map_err(expected)?;
    let signed = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(expected)?;
    let duration = Duration::try_from(signed).map_err(expected)?;
    match duration {
        Duration::ZERO => Err("a timeout must be more than zero".to_owned()),
        duration if duration > YEAR => Err("that is more than a year".to_owned()),
        duration => Ok(duration),
    }
}

/// Writes a duration for humans: `0.4s`, `12s`, `3m05s`, `1h00m`.
#[must_use]
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_they_are_written_elsewhere() {
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("1h30m", 5400),
            ("2h", 7200),
            ("1m30s", 90),
            ("1.5h", 5400),
            ("1d", 86_400),
            ("PT5M", 300),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn what_is_no_duration_says_what_one_is() {
        for bad in [
            "",
            "90",
            "s",
            "-5s",
            "5m1h",
            "5m5m",
            "1month",
            "99999999999999999999s",
            "٣s",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("0s"), Err("a timeout must be more than zero".to_owned()));
        assert_eq!(parse("400d"), Err("that is more than a year".to_owned()));
    }

    #[test]
    fn durations_are_short_to_read() {
        let shown: Vec<String> = [400, 9_940, 12_000, 185_000, 3_600_000]
            .map(|millis| human(Duration::from_millis(millis)))
            .into();
        assert_eq!(shown, ["0.4s", "9.9s", "12s", "3m05s", "1h00m"]);
    }
}
