//! Sources, ids, names, sizes and zones: what parses prints as something that parses to the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use kompox_arm::ResourceId;
use kompox_domain::model::AnyId;
use kompox_domain::source::Bare;
use kompox_domain::{ByteSize, DiskName, Label, SnapshotName, Source, VolumeName, Zone};
use libfuzzer_sys::fuzz_target;

fn round<T: FromStr<Err: Display> + Display + PartialEq + Debug>(text: &str, most: usize) {
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            assert!(shown.len() <= most, "{shown:?}");
            assert_eq!(shown.parse::<T>().ok(), Some(value), "{shown:?}");
        }
        Err(error) => bounded(&error.to_string()),
    }
}

fn bounded(message: &str) {
    assert!(message.chars().count() <= 2_000, "{}", message.len());
    assert!(!message.chars().any(char::is_control), "{message:?}");
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for bare in [Bare::Disk, Bare::Snapshot] {
        match Source::parse(text, bare) {
            Ok(source) => assert_eq!(Source::parse(&source.to_string(), bare).ok(), Some(source)),
            Err(error) => bounded(&error.to_string()),
        }
    }
    round::<ResourceId>(text, 6_000);
    round::<AnyId>(text, 400);
    round::<Label>(text, 63);
    round::<VolumeName>(text, 16);
    round::<DiskName>(text, 63);
    round::<SnapshotName>(text, 63);
    round::<ByteSize>(text, 40);
    match Zone::parse(text, "japaneast") {
        Ok(zone) => assert_eq!(Zone::parse(&zone.to_string(), "japaneast").ok(), Some(zone)),
        Err(error) => bounded(&error.to_string()),
    }
});
