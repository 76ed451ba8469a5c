//! Durations as users write and read them.

use std::time::Duration;

/// Reads `90s`, `5m`, `1h30m`, `500ms`.
///
/// # Errors
/// What is expected instead.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected = || "use a number with a unit, such as 90s, 5m or 1h30m".to_owned();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(expected());
    }
    let mut total = Duration::ZERO;
    let mut smallest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
        let (number, tail) = rest.split_at(digits);
        let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(expected()),
        };
        // Large to small and each once: `5m1h` is more likely a slip than an intention.
        if millis >= smallest {
            return Err(expected());
        }
        smallest = millis;
        let number: u64 = number.parse().map_err(|_| expected())?;
        let part = number
            .checked_mul(millis)
            .filter(|part| *part <= 366 * 86_400_000)
            .ok_or_else(|| "that is more than a year".to_owned())?;
        total += Duration::from_millis(part);
        rest = tail;
    }
    if total.is_zero() {
        return Err("a timeout must be more than zero".to_owned());
    }
    Ok(total)
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
            "1.5h",
            "5m1h",
            "5m5m",
            "5 m",
            "99999999999999999999s",
            "٣s",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("0s"), Err("a timeout must be more than zero".to_owned()));
        assert_eq!(parse("9999999d"), Err("that is more than a year".to_owned()));
    }

    #[test]
    fn durations_are_short_to_read() {
        let shown: Vec<String> = [400, 9_940, 12_000, 185_000, 3_600_000]
            .map(|millis| human(Duration::from_millis(millis)))
            .into();
        assert_eq!(shown, ["0.4s", "9.9s", "12s", "3m05s", "1h00m"]);
    }
}
