//! `snapshot list`, `create`, `delete`, `restore`.

use kompox_domain::Hint;
use kompox_domain::hint::in_words;
use std::sync::{Arc, Mutex};

use kompox_domain::volume::Deletion;
use kompox_domain::{ErrorKind, Operation, SnapshotName, Source, VolumeName, VolumeOptions, WriteOutcome};
use kompox_usecase::snapshot;

use crate::support::{chain, context, disk, driver, error, scope, snapshot as a_snapshot, write};

fn create(volume: &str, name: Option<&str>) -> snapshot::Create {
    snapshot::Create {
        volume: volume.parse().unwrap(),
        name: name.map(|name| name.parse().unwrap()),
        source: None,
    }
}

fn restore(volume: &str, assign: bool) -> snapshot::Restore {
    snapshot::Restore {
        volume: volume.parse().unwrap(),
        snapshot: "before".parse().unwrap(),
        disk: Some("again".parse().unwrap()),
        zone: None,
        options: VolumeOptions::default(),
        assign,
    }
}

#[tokio::test]
async fn nothing_is_called_that_the_driver_does_not_declare_or_the_app_does_not_have() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    for (driver, volume, kind) in [
        (driver(&[]), "db", ErrorKind::Unsupported),
        (driver(Operation::ALL), "bd", ErrorKind::NotFound),
    ] {
        let name: VolumeName = volume.parse().unwrap();
        let snapshot: SnapshotName = "one".parse().unwrap();
        let errors = [
            snapshot::list(&driver, &cx, &app, Some(&name)).await.err(),
            snapshot::create(&driver, &cx, &app, &create(volume, None))
                .await
                .err(),
            snapshot::delete(&driver, &cx, &app, &name, &snapshot).await.err(),
            snapshot::restore(&driver, &cx, &app, &restore(volume, false))
                .await
                .err(),
            snapshot::restore(&driver, &cx, &app, &restore(volume, true))
                .await
                .err(),
        ];
        for error in errors {
            let error = error.unwrap();
            assert_eq!(error.kind(), kind, "{error}");
            if kind == ErrorKind::NotFound {
                assert_eq!(error.hints(), [Hint::text("volumes: db")]);
            }
        }
    }
}

#[tokio::test]
async fn one_listing_covers_all_volumes() {
    let (cx, recorder) = context();
    let mut driver = driver(&[Operation::SnapshotList]);
    driver
        .on_volumes()
        .expect_snapshot_list()
        .times(1)
        .withf(|_, _, volumes| volumes.len() == 2)
        .returning(|_, _, _| Ok(vec![a_snapshot("db", "one")]));
    let found = snapshot::list(&driver, &cx, &scope(&["db", "files", "data"]), None)
        .await
        .unwrap();
    assert_eq!(found, [a_snapshot("db", "one")]);
    assert_eq!(recorder.warnings().len(), 1);
    assert!(
        snapshot::list(&driver, &cx, &scope(&[]), None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_named_snapshot_is_taken_once_from_what_was_asked_for() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::SnapshotCreate]);
    driver
        .on_volumes()
        .expect_snapshot_create()
        .times(1)
        .withf(|_, _, _, request| {
            request.name.to_string() == "before"
                && matches!(&request.source, Some(Source::Disk(name)) if name.to_string() == "one")
        })
        .returning(|_, _, _, _| Ok(a_snapshot("db", "before")));
    let mut request = create("db", Some("before"));
    request.source = Some(Source::Disk("one".parse().unwrap()));
    let taken = snapshot::create(&driver, &cx, &scope(&["db"]), &request).await;
    assert_eq!(taken.unwrap().name.to_string(), "before");
}

#[tokio::test]
async fn names_that_are_made_up_only_grow_and_an_unclear_end_names_them() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::SnapshotCreate]);
    let names = Arc::new(Mutex::new(vec![]));
    let log = Arc::clone(&names);
    driver
        .on_volumes()
        .expect_snapshot_create()
        .times(3)
        .returning(move |cx, _, _, request| {
            log.lock().unwrap().push(request.name.to_string());
            write(cx, WriteOutcome::Unknown);
            Err(error(ErrorKind::Unavailable, "broken"))
        });
    for _ in 0..3 {
        let error = snapshot::create(&driver, &cx, &scope(&["db"]), &create("db", None))
            .await
            .unwrap_err();
        let name = names.lock().unwrap().last().unwrap().clone();
        assert_eq!(
            chain(&error),
            [
                format!("cannot tell whether this was done: create snapshot {name} of volume db"),
                "broken".to_owned()
            ]
        );
        let hint = format!("see whether snapshot {name} exists: snapshot list (volume db)");
        assert_eq!(in_words(error.hints()), hint);
    }
    assert!(names.lock().unwrap().is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn deleting_says_what_it_was_doing() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::SnapshotDelete]);
    driver
        .on_volumes()
        .expect_snapshot_delete()
        .times(1)
        .returning(|_, _, _, _| Err(error(ErrorKind::PermissionDenied, "refused")));
    driver
        .on_volumes()
        .expect_snapshot_delete()
        .times(1)
        .returning(|_, _, _, _| Ok(Deletion::WasNotThere));
    let (volume, name) = ("db".parse().unwrap(), "one".parse().unwrap());
    let error = snapshot::delete(&driver, &cx, &scope(&["db"]), &volume, &name)
        .await
        .unwrap_err();
    assert_eq!(
        chain(&error),
        ["cannot delete snapshot one of volume db", "refused"]
    );
    let answer = snapshot::delete(&driver, &cx, &scope(&["db"]), &volume, &name).await;
    assert_eq!(answer.unwrap(), Deletion::WasNotThere);
}

#[tokio::test]
async fn only_a_restore_that_is_to_be_assigned_under_a_chosen_name_goes_on_with_a_disk_that_is_there() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    for (assign, named, resumed) in [(true, true, true), (false, true, false), (true, false, false)] {
        let mut driver = driver(&[Operation::SnapshotRestore, Operation::DiskAssign]);
        driver
            .on_volumes()
            .expect_snapshot_restore()
            .times(1)
            .withf(move |_, _, _, request| request.resume == resumed)
            .returning(|_, _, _, _| Ok(disk("db", "again", false)));
        driver
            .on_volumes()
            .expect_disk_assign()
            .times(usize::from(assign))
            .returning(|_, _, _, _| Ok(disk("db", "again", true)));
        let mut request = restore("db", assign);
        if !named {
            request.disk = None;
        }
        snapshot::restore(&driver, &cx, &app, &request).await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_disk_is_assigned_only_when_that_is_asked_for() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    let mut driver = driver(&[Operation::SnapshotRestore, Operation::DiskAssign]);
    driver
        .on_volumes()
        .expect_snapshot_restore()
        .times(2)
        .withf(|_, _, _, request| {
            request.snapshot.to_string() == "before" && request.disk.to_string() == "again"
        })
        .returning(|_, _, _, _| Ok(disk("db", "again", false)));
    let plain = snapshot::restore(&driver, &cx, &app, &restore("db", false)).await;
    assert!(!plain.unwrap().assigned);
    driver
        .on_volumes()
        .expect_disk_assign()
        .times(1)
        .withf(|_, _, _, name| name.to_string() == "again")
        .returning(|_, _, _, _| Ok(disk("db", "again", true)));
    let assigned = snapshot::restore(&driver, &cx, &app, &restore("db", true)).await;
    assert!(assigned.unwrap().assigned);
}

#[tokio::test]
async fn a_restore_that_fails_is_not_followed_by_an_assignment() {
    let (cx, _) = context();
    for (outcome, message) in [
        (
            WriteOutcome::NotDone,
            "cannot restore snapshot before of volume db as disk again",
        ),
        (
            WriteOutcome::Unknown,
            "cannot tell whether this was done: restore snapshot before of volume db as disk again",
        ),
    ] {
        let mut driver = driver(Operation::ALL);
        driver
            .on_volumes()
            .expect_snapshot_restore()
            .times(1)
            .returning(move |cx, _, _, _| {
                write(cx, outcome);
                Err(error(ErrorKind::Conflict, "refused"))
            });
        driver.on_volumes().expect_disk_assign().times(0);
        let error = snapshot::restore(&driver, &cx, &scope(&["db"]), &restore("db", true))
            .await
            .unwrap_err();
        assert_eq!(chain(&error), [message, "refused"]);
        assert_eq!(error.outcome(), outcome);
        assert_eq!(
            in_words(error.hints()),
            match outcome {
                WriteOutcome::Unknown => "see whether disk again exists: disk list (volume db)",
                WriteOutcome::NotDone => "",
            }
        );
    }
}

#[tokio::test]
async fn a_failed_assignment_names_the_restored_disk_and_the_command_that_assigns_it() {
    let (cx, _) = context();
    for (outcome, message) in [
        (
            WriteOutcome::NotDone,
            "disk again of volume db exists and is not assigned",
        ),
        (
            WriteOutcome::Unknown,
            "disk again of volume db exists, but cannot tell whether it is assigned",
        ),
    ] {
        let mut driver = driver(Operation::ALL);
        driver
            .on_volumes()
            .expect_snapshot_restore()
            .times(1)
            .returning(|_, _, _, _| Ok(disk("db", "again", false)));
        driver
            .on_volumes()
            .expect_disk_assign()
            .times(1)
            .returning(move |cx, _, _, _| {
                write(cx, outcome);
                Err(error(ErrorKind::Conflict, "other was assigned"))
            });
        let error = snapshot::restore(&driver, &cx, &scope(&["db"]), &restore("db", true))
            .await
            .unwrap_err();
        // Of what was asked for, the disk was made.
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Conflict, WriteOutcome::Unknown)
        );
        assert_eq!(chain(&error), [message, "other was assigned"]);
        assert_eq!(
            in_words(error.hints()),
            "assign it: disk assign (volume db, name again)"
        );
    }
}
