//! Resources as ARM lists them: disks, snapshots, and what a listing glances at.
#![no_main]

use kompox_aks::fuzzing::{copy_failure, disk, glance, snapshot};
use kompox_domain::Error;
use libfuzzer_sys::fuzz_target;

fn bounded(error: &Error) {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        assert!(
            error.to_string().chars().count() <= 1_000,
            "{}",
            error.to_string().len()
        );
        cause = error.source();
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(json) = std::str::from_utf8(data) else {
        return;
    };
    let _ = glance(json);
    match disk(json) {
        Ok(disk) => {
            assert!(disk.size.is_none_or(|size| size.bytes() > 0));
            assert!(disk.zone.is_none_or(|zone| (1..=9).contains(&zone.number())));
            let _ = kompox_domain::volume::arrange(vec![disk]);
        }
        Err(error) => bounded(&error),
    }
    match snapshot(json) {
        Ok(snapshot) => {
            assert!((0.0..=100.0).contains(&snapshot.completion_percent.value()));
            kompox_domain::volume::arrange_snapshots(&mut [snapshot]);
        }
        Err(error) => bounded(&error),
    }
    if let Some((_, message)) = copy_failure(json) {
        assert!(message.chars().count() <= 4_001);
    }
});
