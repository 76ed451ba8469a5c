//! Upgrades that AKS begins by itself: which ones, and when.

use super::reader::Reader;
use super::values::{self, Parsed};

const CHANNEL: &str = "AZURE_AKS_UPGRADE_CHANNEL";
const NODE_OS: &str = "AZURE_AKS_NODE_OS_UPGRADE_CHANNEL";
const WINDOW: &str = "AZURE_AKS_MAINTENANCE_WINDOW";

const CHANNELS: [&str; 5] = ["none", "patch", "stable", "rapid", NODE_IMAGE];
const NODE_OS_CHANNELS: [&str; 4] = ["None", "Unmanaged", "SecurityPatch", NODE_OS_IMAGE];

/// The channel that upgrades images and no versions. It brings the channel of the nodes along.
pub(crate) const NODE_IMAGE: &str = "node-image";
/// The channel of the nodes that goes with it.
pub(crate) const NODE_OS_IMAGE: &str = "NodeImage";

/// What the settings say. Where they say nothing, a new cluster gets what its preset says, and one that is there keeps
/// what it has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Upgrades {
    /// For versions of Kubernetes.
    pub(crate) channel: Option<&'static str>,
    /// For the operating system of the nodes.
    pub(crate) node_os_channel: Option<&'static str>,
    /// When both may work. None: whenever AKS comes to it, or as somebody else has said.
    pub(crate) window: Option<MaintenanceWindow>,
}

/// A time in every week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaintenanceWindow {
    /// In full, as AKS writes it.
    pub(crate) day: &'static str,
    /// `01:00`.
    pub(crate) start: String,
    pub(crate) hours: u32,
    /// `+09:00`.
    pub(crate) utc_offset: String,
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

impl Upgrades {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let upgrades = Self {
            channel: reader.value(CHANNEL, |text| values::one_of(text, &CHANNELS)),
            node_os_channel: reader.value(NODE_OS, |text| values::one_of(text, &NODE_OS_CHANNELS)),
            window: reader.value(WINDOW, window),
        };
        upgrades.together(reader);
        upgrades
    }

    /// Refuses what AKS refuses, and what would have no effect.
    fn together(&self, reader: &mut Reader<'_>) {
        match (self.channel, self.node_os_channel) {
            (Some(NODE_IMAGE), Some(node_os)) if node_os != NODE_OS_IMAGE => reader.problem(
                format!("setting {CHANNEL} {NODE_IMAGE} contradicts {NODE_OS} {node_os}: with it AKS takes {NODE_OS_IMAGE} only"),
                format!("leave {NODE_OS} out, or choose another {CHANNEL}"),
            ),
            // The system of the nodes keeps itself up to date then, whatever the time.
            (Some("none"), Some("None" | "Unmanaged")) if self.window.is_some() => reader.problem(
                format!("setting {WINDOW} has no effect: with {CHANNEL} none and {NODE_OS} None or Unmanaged AKS upgrades nothing"),
                "remove it, or choose a channel",
            ),
            _ => {}
        }
    }
}

/// `Sat 01:00 4h +09:00`.
fn window(text: &str) -> Parsed<MaintenanceWindow> {
    let hint = "write day, start, duration and offset from UTC, for example Sat 01:00 4h +09:00";
    let parts: Vec<&str> = text.split_whitespace().collect();
    let [day, start, duration, utc_offset] = parts.as_slice() else {
        return values::wrong(text, "a weekly window", hint);
    };
    let is_day = |known: &&str| {
        let short = known.get(..3).unwrap_or_default();
        known.eq_ignore_ascii_case(day) || short.eq_ignore_ascii_case(day)
    };
    let Some(day) = DAYS.iter().find(|known| is_day(known)).copied() else {
        return values::wrong(day, "a day of the week", hint);
    };
    if clock(start).is_none_or(|minutes| minutes >= 24 * 60) {
        return values::wrong(start, "a time from 00:00 to 23:59", hint);
    }
    let hours = duration.strip_suffix('h').and_then(|hours| hours.parse().ok());
    // AKS takes no less: upgrades need the time.
    let Some(hours) = hours.filter(|hours| (4..=24).contains(hours)) else {
        return values::wrong(duration, "a duration from 4h to 24h", hint);
    };
    let offset = utc_offset.split_at_checked(1).and_then(|(sign, rest)| {
        let most = match sign {
            "+" => 14 * 60,
            "-" => 12 * 60,
            _ => return None,
        };
        clock(rest).filter(|minutes| *minutes <= most)
    });
    if offset.is_none() {
        return values::wrong(utc_offset, "an offset from -12:00 to +14:00", hint);
    }
    Ok(MaintenanceWindow {
        day,
        start: (*start).to_owned(),
        hours,
        utc_offset: (*utc_offset).to_owned(),
    })
}

/// The minutes that `hh:mm` stands for.
fn clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| -> Option<u32> {
        (text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
    Some(number(hours)? * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_says_day_start_duration_and_offset() {
        let told = window("Sat 01:00 4h +09:00").unwrap();
        assert_eq!(
            told,
            MaintenanceWindow {
                day: "Saturday",
                start: "01:00".to_owned(),
                hours: 4,
                utc_offset: "+09:00".to_owned(),
            }
        );
        assert_eq!(window("saturday  01:00 4h +09:00").unwrap(), told);
        for good in [
            "Sun 00:00 24h +00:00",
            "mon 23:59 4h -12:00",
            "Fri 12:30 8h +14:00",
            "Tue 01:00 4h +05:45",
        ] {
            assert!(window(good).is_ok(), "{good}");
        }
        for bad in [
            "Sat",
            "Sat 01:00 4h",
            "Sat 01:00 4h +09:00 weekly",
            "Sa 01:00 4h +09:00",
            "Satur 01:00 4h +09:00",
            "Sat 24:00 4h +09:00",
            "Sat 1:00 4h +09:00",
            "Sat 01:60 4h +09:00",
            "Sat 01:00 3h +09:00",
            "Sat 01:00 25h +09:00",
            "Sat 01:00 4 +09:00",
            "Sat 01:00 4.5h +09:00",
            "Sat 01:00 4h 09:00",
            "Sat 01:00 4h +9",
            "Sat 01:00 4h +14:01",
            "Sat 01:00 4h -12:01",
            "Sat 01:00 4h Z",
            "Sat 01:00 4h ±09:00",
        ] {
            assert!(window(bad).is_err(), "{bad}");
        }
    }
}
