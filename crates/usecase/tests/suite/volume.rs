//! `volume manifest`: what mounts the volumes.

use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::hint::in_words;
use kompox_domain::model::VolumeKind;
use kompox_domain::volume::Creation;
use kompox_domain::{ErrorKind, Label, Operation, Result, VolumeDisk, VolumeName};
use kompox_usecase::volume::{ApplyOutcome, MountOutcome, apply, mounts};

use crate::support::{MockDriver, chain, context, disk, driver, error, scope};

fn names(names: &[&str]) -> Vec<VolumeName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A driver that lists these disks, once, when it is asked for these volumes.
fn listing(volumes: &'static [&'static str], disks: Vec<VolumeDisk>) -> MockDriver {
    let mut driver = driver(&[Operation::DiskList]);
    driver
        .on_volumes()
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
    (chain(error), in_words(error.hints()))
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
async fn an_assigned_disk_that_was_never_made_is_mounted_nowhere() {
    let (cx, _) = context();
    for creation in [Creation::Failed, Creation::UnderWay] {
        let mut unmade = disk("db", "one", true);
        unmade.record.creation = creation;
        let driver = listing(&["db"], vec![unmade]);
        let outcomes = mounts(&driver, &cx, &scope(&["db"]), &[], None).await.unwrap();
        let (told, hint) = told(outcomes.first().unwrap());
        assert!(
            told.join(": ")
                .starts_with("cannot mount volume db: disk one of volume db"),
            "{told:?}"
        );
        assert!(!hint.is_empty());
    }
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
            "make one: disk create (bootstrap)".to_owned()
        )
    );
    assert_eq!(
        told(idle),
        (
            vec![
                "cannot mount volume idle".to_owned(),
                "volume idle has disks of which none is assigned (disks: one, two)".to_owned()
            ],
            "choose one: disk assign (volume idle, name <disk>)".to_owned()
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
    assert_eq!(in_words(refused.hints()), "name one with namespace");
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
        .on_volumes()
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

/// A driver that also applies, with this answer, and is asked how often.
fn applying(mut driver: MockDriver, times: usize, answer: fn() -> Result<Plan>) -> MockDriver {
    driver
        .on_mounts()
        .expect_apply()
        .times(times)
        .returning(move |_, _, _| answer());
    driver
}

fn made() -> Result<Plan> {
    let change = Change {
        action: ChangeAction::Create,
        resource: "PersistentVolume v".to_owned(),
        reason: String::new(),
    };
    Ok(Plan {
        changes: vec![change],
        inputs: vec![],
    })
}

/// As [`listing`], of a driver that can apply too.
fn both(volumes: &'static [&'static str], disks: Vec<VolumeDisk>) -> MockDriver {
    let mut driver = driver(&[Operation::DiskList, Operation::VolumeApply]);
    driver
        .on_volumes()
        .expect_disk_list()
        .times(usize::from(!volumes.is_empty()))
        .returning(move |_, _, _| Ok(disks.clone()));
    driver
}

#[tokio::test]
async fn all_mounts_are_applied_at_once_and_what_was_done_comes_back() {
    let (cx, _) = context();
    let disks = vec![disk("db", "one", true), disk("data", "two", true)];
    let mut driver = both(&["db", "data"], disks);
    driver
        .on_mounts()
        .expect_apply()
        .times(1)
        .withf(|_, app, mounts| {
            let names = mounts.iter().map(|mount| mount.disk.to_string());
            app.app.id.app.as_str() == "a"
                && names.eq(["one".to_owned(), "two".to_owned()])
                && mounts.iter().all(|mount| mount.namespace.as_str() == "prod")
        })
        .returning(|_, _, _| made());
    let namespace: Label = "prod".parse().unwrap();
    let app = scope(&["db", "data"]);
    let outcome = apply(&driver, &cx, &app, &[], Some(&namespace)).await.unwrap();
    let ApplyOutcome::Applied {
        namespace: Some(found),
        plan,
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!((found, plan), (namespace, made().unwrap()));
}

#[tokio::test]
async fn nothing_is_applied_where_one_volume_cannot_be_mounted_or_there_is_none() {
    let (cx, _) = context();
    let driver = applying(both(&["db", "data"], vec![disk("db", "one", true)]), 0, made);
    let outcome = apply(&driver, &cx, &scope(&["db", "data"]), &[], None)
        .await
        .unwrap();
    let ApplyOutcome::Unmountable(outcomes) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(words(&outcomes)[1], "data error precondition");
    let driver = applying(both(&[], vec![]), 0, made);
    let outcome = apply(&driver, &cx, &scope(&[]), &[], None).await.unwrap();
    let nothing = matches!(&outcome, ApplyOutcome::Applied { namespace: None, plan } if plan.is_empty());
    assert!(nothing, "{outcome:?}");
}

#[tokio::test]
async fn a_driver_that_does_not_apply_is_not_asked_and_a_refusal_says_what_was_wanted() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    let driver = driver(&[Operation::DiskList]);
    let refused = apply(&driver, &cx, &app, &[], None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(refused.to_string().ends_with("volume apply"), "{refused}");
    let failing = || Err(error(ErrorKind::Precondition, "in the way"));
    let driver = applying(both(&["db"], vec![disk("db", "one", true)]), 1, failing);
    let refused = apply(&driver, &cx, &app, &[], None).await.unwrap_err();
    assert_eq!(
        chain(&refused),
        ["cannot let cluster c mount the volumes of app a", "in the way"]
    );
}
