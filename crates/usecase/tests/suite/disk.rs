//! `disk list`, `create`, `assign`, `delete`.

use kompox_domain::Hint;
use kompox_domain::hint::in_words;
use std::sync::{Arc, Mutex};

use kompox_domain::progress::WarningKind;
use kompox_domain::volume::Deletion;
use kompox_domain::{DiskName, ErrorKind, Operation, Source, VolumeName, VolumeOptions, WriteOutcome};
use kompox_usecase::disk;

use crate::support::{chain, context, disk as a_disk, driver, error, scope, write};

fn request(name: Option<&str>) -> disk::Create {
    disk::Create {
        volume: "db".parse().unwrap(),
        name: name.map(|name| name.parse().unwrap()),
        source: None,
        zone: None,
        options: VolumeOptions::default(),
    }
}

fn names(volume: &str, disk: &str) -> (VolumeName, DiskName) {
    (volume.parse().unwrap(), disk.parse().unwrap())
}

#[tokio::test]
async fn nothing_is_called_that_the_driver_does_not_declare() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    // Without expectations every call of the port would panic.
    let driver = driver(&[]);
    let (volume, name) = names("db", "one");
    let errors = [
        disk::list(&driver, &cx, &app, None).await.err(),
        disk::create(&driver, &cx, &app, &request(None)).await.err(),
        disk::assign(&driver, &cx, &app, &volume, &name).await.err(),
        disk::delete(&driver, &cx, &app, &volume, &name, true).await.err(),
        disk::bootstrap(&driver, &cx, &app).await.err(),
    ];
    let messages: Vec<String> = errors
        .into_iter()
        .map(|error| {
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            error.to_string()
        })
        .collect();
    assert_eq!(
        messages,
        [
            "driver mock does not support disk list",
            "driver mock does not support disk create",
            "driver mock does not support disk assign",
            "driver mock does not support disk delete",
            "driver mock does not support disk list",
        ]
    );
}

#[tokio::test]
async fn an_unknown_volume_names_those_there_are_before_the_driver_is_called() {
    let (cx, _) = context();
    let app = scope(&["data", "db"]);
    let driver = driver(Operation::ALL);
    let (volume, name) = names("dta", "one");
    let mut create = request(None);
    create.volume = volume.clone();
    let errors = [
        disk::list(&driver, &cx, &app, Some(&volume)).await.unwrap_err(),
        disk::create(&driver, &cx, &app, &create).await.unwrap_err(),
        disk::assign(&driver, &cx, &app, &volume, &name)
            .await
            .unwrap_err(),
        disk::delete(&driver, &cx, &app, &volume, &name, false)
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            chain(&error).last().unwrap(),
            "app /ws/w/prv/p/cls/c/app/a has no volume dta"
        );
        assert_eq!(
            error.hints(),
            [Hint::text("did you mean data? volumes: data, db")]
        );
    }
}

#[tokio::test]
async fn an_app_without_volumes_says_so_and_lists_nothing() {
    let (cx, _) = context();
    let app = scope(&[]);
    let driver = driver(Operation::ALL);
    assert!(disk::list(&driver, &cx, &app, None).await.unwrap().is_empty());
    let error = disk::create(&driver, &cx, &app, &request(None))
        .await
        .unwrap_err();
    assert_eq!(error.hints(), [Hint::text("there are no volumes")]);
}

#[tokio::test]
async fn one_listing_covers_all_volumes_or_the_one_that_is_named() {
    let (cx, recorder) = context();
    let app = scope(&["db", "data"]);
    let mut driver = driver(&[Operation::DiskList]);
    let asked = Arc::new(Mutex::new(vec![]));
    let log = Arc::clone(&asked);
    driver
        .on_volumes()
        .expect_disk_list()
        .times(2)
        .returning(move |_, _, volumes| {
            let names: Vec<String> = volumes.iter().map(|volume| volume.name.to_string()).collect();
            log.lock().unwrap().push(names);
            Ok(vec![a_disk("db", "one", true)])
        });
    let volume = "data".parse().unwrap();
    let disks = disk::list(&driver, &cx, &app, None).await.unwrap();
    assert_eq!(disks, [a_disk("db", "one", true)]);
    disk::list(&driver, &cx, &app, Some(&volume)).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), [vec!["db", "data"], vec!["data"]]);
    assert!(recorder.warnings().is_empty());
}

#[tokio::test]
async fn a_volume_the_driver_has_no_kind_for_does_not_hide_the_others() {
    let (cx, recorder) = context();
    let mut driver = driver(&[Operation::DiskList]);
    driver
        .on_volumes()
        .expect_disk_list()
        .times(1)
        .withf(|_, _, volumes| volumes.iter().all(|volume| volume.name.as_str() == "db"))
        .returning(|_, _, _| Ok(vec![]));
    disk::list(&driver, &cx, &scope(&["db", "files"]), None)
        .await
        .unwrap();
    assert_eq!(
        recorder.warnings(),
        ["volume files is left out: driver mock has no file shares"]
    );
    // With no other volume there is nothing to show, and that is an error.
    let error = disk::list(&driver, &cx, &scope(&["files"]), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn whether_a_named_volume_can_be_listed_is_the_drivers_business() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::DiskList]);
    driver
        .on_volumes()
        .expect_disk_list()
        .times(1)
        .returning(|_, _, _| Err(error(ErrorKind::Unsupported, "driver mock has no file shares")));
    let volume = "files".parse().unwrap();
    let error = disk::list(&driver, &cx, &scope(&["db", "files"]), Some(&volume))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        chain(&error),
        [
            "cannot list the disks of volume files",
            "driver mock has no file shares"
        ]
    );
}

#[tokio::test]
async fn a_request_reaches_the_driver_as_it_was_made() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::DiskCreate]);
    driver
        .on_volumes()
        .expect_disk_create()
        .times(1)
        .withf(|_, _, volume, request| {
            volume.name.as_str() == "db"
                && request.name.to_string() == "first"
                && request.source == Some(Source::Resource("/x".to_owned()))
                && request.zone.as_deref() == Some("2")
                && request.options.get("sku").is_some()
        })
        .returning(|_, _, _, _| Ok(a_disk("db", "first", true)));
    let mut create = request(Some("first"));
    create.source = Some(Source::Resource("/x".to_owned()));
    create.zone = Some("2".to_owned());
    create.options = [(
        "sku".to_owned(),
        kompox_domain::options::OptionValue::Text("Premium_ZRS".to_owned()),
    )]
    .into_iter()
    .collect();
    let disk = disk::create(&driver, &cx, &scope(&["db"]), &create)
        .await
        .unwrap();
    assert!(disk.assigned);
}

#[tokio::test]
async fn names_that_are_made_up_only_grow() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::DiskCreate]);
    driver
        .on_volumes()
        .expect_disk_create()
        .times(5)
        .returning(|_, _, _, request| Ok(a_disk("db", &request.name.to_string(), false)));
    let mut names = vec![];
    for _ in 0..5 {
        let disk = disk::create(&driver, &cx, &scope(&["db"]), &request(None)).await;
        names.push(disk.unwrap().record.name.to_string());
    }
    assert!(names.iter().all(|name| name.len() == 26));
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}

#[tokio::test]
async fn an_unclear_end_of_a_create_names_the_disk_and_how_to_look_for_it() {
    let outcomes = [WriteOutcome::NotDone, WriteOutcome::Unknown];
    let cases = ErrorKind::ALL
        .into_iter()
        .flat_map(|kind| outcomes.map(|outcome| (kind, outcome)));
    for (kind, outcome) in cases {
        let (cx, _) = context();
        let mut driver = driver(&[Operation::DiskCreate]);
        let used = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&used);
        driver
            .on_volumes()
            .expect_disk_create()
            .times(1)
            .returning(move |cx, _, _, request| {
                *log.lock().unwrap() = request.name.to_string();
                write(cx, outcome);
                Err(error(kind, "the cloud says no").with_hint("ask again"))
            });
        let error = disk::create(&driver, &cx, &scope(&["db"]), &request(None))
            .await
            .unwrap_err();
        let name = used.lock().unwrap().clone();
        assert_eq!((error.kind(), error.outcome()), (kind, outcome));
        let messages = chain(&error);
        if outcome == WriteOutcome::Unknown {
            // What the cloud itself reports as failed is no open question; what is left of it may be.
            let doubt = match kind {
                ErrorKind::Failed => "cannot ",
                _ => "cannot tell whether this was done: ",
            };
            assert_eq!(
                messages,
                [
                    format!("{doubt}create disk {name} of volume db"),
                    "the cloud says no".to_owned()
                ]
            );
            let hint = format!("ask again; see whether disk {name} exists: disk list (volume db)");
            assert_eq!(in_words(error.hints()), hint);
        } else {
            let message = format!("cannot create disk {name} of volume db");
            assert_eq!(messages, [message, "the cloud says no".to_owned()]);
            assert_eq!(error.hints(), [Hint::text("ask again")]);
        }
    }
}

#[tokio::test]
async fn what_fails_before_the_driver_writes_anything_has_clearly_not_been_done() {
    for kind in ErrorKind::ALL {
        let (cx, recorder) = context();
        let mut driver = driver(&[Operation::DiskCreate, Operation::DiskDelete]);
        driver
            .on_volumes()
            .expect_disk_create()
            .times(1)
            .returning(move |cx, _, _, _| {
                cx.warn(WarningKind::Ignored, "told all the same");
                Err(error(kind, "nobody answers"))
            });
        driver
            .on_volumes()
            .expect_disk_delete()
            .times(1)
            .returning(move |_, _, _, _, _| Err(error(kind, "nobody answers")));
        let app = scope(&["db"]);
        let create = disk::create(&driver, &cx, &app, &request(Some("one")))
            .await
            .unwrap_err();
        assert_eq!(
            chain(&create),
            ["cannot create disk one of volume db", "nobody answers"]
        );
        let (volume, name) = names("db", "one");
        let delete = disk::delete(&driver, &cx, &app, &volume, &name, false)
            .await
            .unwrap_err();
        assert_eq!(
            chain(&delete),
            ["cannot delete disk one of volume db", "nobody answers"]
        );
        assert!(create.hints().is_empty() && delete.hints().is_empty());
        assert_eq!(recorder.warnings(), ["told all the same"]);
    }
}

#[tokio::test]
async fn assign_and_delete_say_what_they_were_doing_and_that_they_can_be_repeated() {
    let (cx, _) = context();
    let app = scope(&["db"]);
    let (volume, name) = names("db", "one");
    for (outcome, prefix, hint) in [
        (WriteOutcome::NotDone, "cannot ", ""),
        (
            WriteOutcome::Unknown,
            "cannot tell whether this was done: ",
            "run the command again: it goes on where it stopped",
        ),
    ] {
        let mut driver = driver(Operation::ALL);
        driver
            .on_volumes()
            .expect_disk_assign()
            .times(1)
            .returning(move |cx, _, _, _| {
                write(cx, outcome);
                Err(error(ErrorKind::Throttled, "refused"))
            });
        driver
            .on_volumes()
            .expect_disk_delete()
            .times(1)
            .returning(move |cx, _, _, _, _| {
                write(cx, outcome);
                Err(error(ErrorKind::Throttled, "refused"))
            });
        let assign = disk::assign(&driver, &cx, &app, &volume, &name)
            .await
            .unwrap_err();
        let delete = disk::delete(&driver, &cx, &app, &volume, &name, false)
            .await
            .unwrap_err();
        assert_eq!(
            chain(&assign),
            [
                format!("{prefix}assign disk one of volume db"),
                "refused".to_owned()
            ]
        );
        assert_eq!(
            chain(&delete),
            [
                format!("{prefix}delete disk one of volume db"),
                "refused".to_owned()
            ]
        );
        assert_eq!(
            (in_words(assign.hints()), in_words(delete.hints())),
            (hint.to_owned(), hint.to_owned())
        );
        assert_eq!((assign.outcome(), delete.outcome()), (outcome, outcome));
    }
}

#[tokio::test]
async fn force_is_passed_on_and_never_assumed() {
    let (cx, _) = context();
    let mut driver = driver(&[Operation::DiskDelete, Operation::DiskAssign]);
    let forced = Arc::new(Mutex::new(vec![]));
    let log = Arc::clone(&forced);
    driver
        .on_volumes()
        .expect_disk_delete()
        .times(2)
        .returning(move |_, _, _, _, force| {
            log.lock().unwrap().push(force);
            Ok(Deletion::Deleted)
        });
    driver
        .on_volumes()
        .expect_disk_assign()
        .times(2)
        .returning(|_, _, volume, disk| Ok(a_disk(volume.name.as_str(), &disk.to_string(), true)));
    let app = scope(&["db"]);
    let (volume, name) = names("db", "one");
    for force in [false, true] {
        disk::delete(&driver, &cx, &app, &volume, &name, force)
            .await
            .unwrap();
        // Repeating it is the driver's to make harmless: nothing here remembers the first call.
        let disk = disk::assign(&driver, &cx, &app, &volume, &name).await.unwrap();
        assert!(disk.assigned);
    }
    assert_eq!(*forced.lock().unwrap(), [false, true]);
}

#[tokio::test]
async fn who_lost_an_assignment_to_somebody_else_is_not_told_to_repeat_it() {
    let (cx, _) = context();
    let mut driver = driver(Operation::ALL);
    driver
        .on_volumes()
        .expect_disk_assign()
        .times(1)
        .returning(|cx, _, _, _| {
            write(cx, WriteOutcome::Unknown);
            Err(error(ErrorKind::Conflict, "disk other is the assigned one now").with_hint("look"))
        });
    let (volume, name) = names("db", "one");
    let lost = disk::assign(&driver, &cx, &scope(&["db"]), &volume, &name)
        .await
        .unwrap_err();
    assert_eq!(lost.outcome(), WriteOutcome::Unknown);
    assert_eq!(
        chain(&lost),
        [
            "cannot tell whether this was done: assign disk one of volume db",
            "disk other is the assigned one now"
        ]
    );
    assert_eq!(lost.hints(), [Hint::text("look")]);
}
