//! `volume manifest`: what mounts the volumes.

use kompox_domain::driver::MockProviderDriver;
use kompox_domain::model::VolumeKind;
use kompox_domain::{ErrorKind, Label, Operation, VolumeDisk, VolumeName};
use kompox_usecase::volume::{MountOutcome, mounts};

use crate::support::{chain, context, disk, driver, error, scope};

fn names(names: &[&str]) -> Vec<VolumeName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A driver that lists these disks, once, when it is asked for these volumes.
fn listing(volumes: &'static [&'static str], disks: Vec<VolumeDisk>) -> MockProviderDriver {
    let mut driver = driver(&[Operation::DiskList]);
    driver
        .expect_disk_list()
        .times(1)
        .withf(move |_, _, asked| {
            asked
                .iter()
                .map(|volume| volume.name.as_str())
                .eq(volumes.iter().copied())
        })
        .returning(move |_, _, _| Ok(disks.clone()));
    driver
}

/// `db one kompox-app1-034d4d`, `data error precondition`.
fn words(outcomes: &[MountOutcome]) -> Vec<String> {
    outcomes
        .iter()
        .map(|outcome| match &outcome.result {
            Ok(mount) => format!("{} {} {}", outcome.volume, mount.disk, mount.namespace),
            Err(error) => format!("{} error {}", outcome.volume, error.kind()),
        })
        .collect()
}

fn told(outcome: &MountOutcome) -> (Vec<String>, String) {
    let error = outcome.result.as_ref().unwrap_err();
    (chain(error), error.hint().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn each_volume_is_mounted_by_its_assigned_disk_in_the_order_of_the_app() {
    let (cx, _) = context();
    let disks = vec![
        disk("data", "two", true),
        disk("db", "new", false),
        disk("db", "old", true),
    ];
    let driver = listing(&["db", "data"], disks);
    let app = scope(&["db", "data"]);
    let outcomes = mounts(&driver, &cx, &app, &[], None).await.unwrap();
    let namespace = format!("kompox-{}-{}", app.app.id.app, app.id_hash());
    assert_eq!(
        words(&outcomes),
        [format!("db old {namespace}"), format!("data two {namespace}")]
    );
    let mount = outcomes.first().unwrap().result.as_ref().unwrap();
    let expected =
        kompox_domain::naming::persistent_volume_name(&mount.volume, &app.id_hash(), "/disks/db-old");
    // The name is that of the disk, however the CSI driver wants to be told of it.
    assert_eq!(
        (mount.name.as_str(), mount.disk_mount.handle.as_str()),
        (expected.as_str(), "/DISKS/DB-OLD")
    );
}

#[tokio::test]
async fn only_the_volumes_named_are_listed_and_each_is_told_once() {
    let (cx, _) = context();
    let driver = listing(&["a", "c"], vec![disk("a", "one", true), disk("c", "one", true)]);
    let namespace: Label = "prod".parse().unwrap();
    let asked = names(&["c", "a", "c"]);
    let app = scope(&["a", "b", "c"]);
    let outcomes = mounts(&driver, &cx, &app, &asked, Some(&namespace))
        .await
        .unwrap();
    assert_eq!(words(&outcomes), ["a one prod", "c one prod"]);
}

#[tokio::test]
async fn every_volume_that_cannot_be_mounted_says_why_and_what_to_do() {
    let (cx, _) = context();
    let mut app = scope(&["none", "idle", "twice", "share"]);
    app.app.volumes.last_mut().unwrap().kind = VolumeKind::Files;
    let disks = vec![
        disk("idle", "one", false),
        disk("idle", "two", false),
        disk("twice", "one", true),
        disk("twice", "two", true),
        disk("twice", "three", false),
    ];
    let driver = listing(&["none", "idle", "twice"], disks);
    let asked = names(&["share", "nine", "twice", "idle", "none", "nine"]);
    let outcomes = mounts(&driver, &cx, &app, &asked, None).await.unwrap();
    let [none, idle, twice, share, nine] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert_eq!(
        told(none),
        (
            vec![
                "cannot mount volume none".to_owned(),
                "volume none has no disk".to_owned()
            ],
            "make one with `kompoxops disk create --bootstrap`".to_owned()
        )
    );
    assert_eq!(
        told(idle),
        (
            vec![
                "cannot mount volume idle".to_owned(),
                "volume idle has disks of which none is assigned (disks: one, two)".to_owned()
            ],
            "choose one with `kompoxops disk assign -V idle -N <disk>`".to_owned()
        )
    );
    assert_eq!(
        told(twice).0.last().unwrap(),
        "volume twice has several disks of which each is assigned (disks: one, two)"
    );
    assert_eq!(told(share).0.last().unwrap(), "driver mock has no file shares");
    assert!(told(nine).0.first().unwrap().ends_with("has no volume nine"));
    assert_eq!(
        told(nine).1,
        "did you mean none? volumes: none, idle, twice, share"
    );
    assert_eq!(
        words(&outcomes),
        [
            "none error precondition",
            "idle error precondition",
            "twice error precondition",
            "share error unsupported",
            "nine error notFound"
        ]
    );
}

#[tokio::test]
async fn where_no_volume_can_have_a_disk_nothing_is_listed() {
    let (cx, _) = context();
    // No listing is expected.
    let driver = driver(&[Operation::DiskList]);
    let outcomes = mounts(&driver, &cx, &scope(&["db"]), &names(&["x"]), None).await;
    assert_eq!(words(&outcomes.unwrap()), ["x error notFound"]);
    assert!(
        mounts(&driver, &cx, &scope(&[]), &[], None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_app_whose_name_is_too_long_needs_a_namespace_to_be_named() {
    let (cx, _) = context();
    let mut app = scope(&["db"]);
    app.app.id.app = "a".repeat(50).parse().unwrap();
    let refused = mounts(&driver(&[Operation::DiskList]), &cx, &app, &[], None)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert_eq!(refused.hint(), Some("name one with --namespace"));
    let driver = listing(&["db"], vec![disk("db", "one", true)]);
    let namespace: Label = "prod".parse().unwrap();
    let outcomes = mounts(&driver, &cx, &app, &[], Some(&namespace)).await.unwrap();
    assert_eq!(words(&outcomes), ["db one prod"]);
}

#[tokio::test]
async fn a_listing_that_fails_is_no_missing_disk() {
    let (cx, _) = context();
    let mut failing = driver(&[Operation::DiskList]);
    failing
        .expect_disk_list()
        .times(1)
        .returning(|_, _, _| Err(error(ErrorKind::Unavailable, "no route")));
    let refused = mounts(&failing, &cx, &scope(&["db"]), &[], None)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    let refused = mounts(&driver(&[]), &cx, &scope(&["db"]), &[], None)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
}
