//! The readers by themselves: configuration files, error bodies, ids and names.

use std::time::{Duration, Instant};

use kompox_arm::{ArmError, ResourceId, ServiceError};
use kompox_config::{Sources, load};
use kompox_domain::model::AnyId;
use kompox_domain::source::Bare;
use kompox_domain::{ByteSize, DiskName, Error, Label, SnapshotName, Source, VolumeName, Zone};
use proptest::prelude::*;

use crate::pieces::body;
use crate::world::{check_error, check_text};

const OPS: &str = include_str!("../../../examples/config/kompoxops.yml");
const APP: &str = include_str!("../../../examples/config/kom/kompoxapp.yml");

/// A valid text with a piece of it replaced.
fn damaged(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..12);
    let words = proptest::sample::select(
        &[
            "&a ", "*a", "[", "{", "\t", "\n---\n", "!!int ", "\"", ": ", "<<: ", "? ", "|2-\n", "\u{feff}",
        ][..],
    );
    let piece = prop_oneof![bytes, words.prop_map(|word| word.as_bytes().to_vec())];
    (0..text.len(), 0_usize..60, piece).prop_map(|(start, length, piece)| {
        let bytes = text.as_bytes();
        let end = bytes.len().min(start + length);
        [&bytes[..start], &piece, &bytes[end..]].concat()
    })
}

fn check_load(file: &str, bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(file), bytes).unwrap();
    let sources = Sources {
        current_dir: directory.path().to_owned(),
        ..Sources::default()
    };
    let begun = Instant::now();
    if let Err(errors) = load(&sources, &|_| None) {
        assert!(errors.iter().count() > 0);
        for error in errors.iter() {
            assert!(error.line > 0 && error.column > 0 && error.document > 0);
            check_text(&error.to_string(), 4_000);
        }
        check_error(&Error::from(errors));
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
}

fn round<T>(text: &str)
where
    T: std::str::FromStr<Err: std::fmt::Display> + std::fmt::Display + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => assert!(
            value.to_string().parse::<T>().is_ok_and(|again| again == value),
            "{text:?}"
        ),
        Err(error) => check_text(&error.to_string(), 2_000),
    }
}

fn names(text: &str) {
    for bare in [Bare::Disk, Bare::Snapshot] {
        match Source::parse(text, bare) {
            Ok(source) => assert_eq!(Source::parse(&source.to_string(), bare).unwrap(), source),
            Err(error) => check_error(&error),
        }
    }
    round::<ResourceId>(text);
    round::<AnyId>(text);
    round::<Label>(text);
    round::<VolumeName>(text);
    round::<DiskName>(text);
    round::<SnapshotName>(text);
    round::<ByteSize>(text);
    if let Err(error) = Zone::parse(text, "japaneast") {
        check_text(&error.to_string(), 2_000);
    }
}

#[test]
fn names_of_any_length_are_refused_in_few_words() {
    for piece in ["a", "a-", "a:", "9", "/a", "-1", " ", "\u{1b}[31m", "ä"] {
        let long = piece.repeat(200_000);
        for text in [
            long.clone(),
            format!("disk:{long}"),
            format!("{long}:x"),
            format!("{long}-1"),
            format!("1{long}"),
        ] {
            names(&text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_kompoxops_yml_is_a_catalog_or_errors_with_places(bytes in damaged(OPS)) {
        check_load("kompoxops.yml", &bytes);
    }

    #[test]
    fn a_damaged_kom_file_is_a_catalog_or_errors_with_places(bytes in damaged(APP)) {
        check_load("kompoxapp.yml", &bytes);
    }

    #[test]
    fn any_error_body_is_an_error_that_can_be_shown(status in 0_u16..600, body in body(), late in any::<bool>()) {
        let parsed = Box::new(ServiceError::parse(status, body.as_bytes()));
        let error = if late {
            ArmError::Operation { state: "Failed".to_owned(), error: parsed }
        } else {
            ArmError::Service(parsed)
        };
        check_error(&Error::from(error));
    }

    #[test]
    fn what_parses_prints_as_something_that_parses_to_the_same(
        text in "(disk:|snapshot:|/ws/|/subscriptions/|[a-z0-9]{1,20}|/|-|:|[0-9.]{1,8}|[KMGT]i?|\\PC){0,12}",
    ) {
        names(&text);
    }
}
