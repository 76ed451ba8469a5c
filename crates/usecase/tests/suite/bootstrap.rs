//! `disk create --bootstrap`.

use kompox_domain::hint::in_words;
use std::sync::{Arc, Mutex};

use kompox_domain::volume::Creation;
use kompox_domain::{DiskName, ErrorKind, Operation, VolumeDisk, WriteOutcome};
use kompox_usecase::disk::{BootstrapOutcome, Bootstrapped, bootstrap};

use crate::support::{MockDriver, chain, context, disk, driver, error, scope, write};

const NEEDED: &[Operation] = &[Operation::DiskList, Operation::DiskCreate];

fn listing(driver: &mut MockDriver, disks: Vec<VolumeDisk>) {
    driver
        .on_volumes()
        .expect_disk_list()
        .times(1)
        .returning(move |_, _, _| Ok(disks.clone()));
}

/// `db created`, `data unchanged one`, `logs error precondition`.
fn words(outcomes: &[BootstrapOutcome]) -> Vec<String> {
    outcomes
        .iter()
        .map(|outcome| match &outcome.result {
            Ok(Bootstrapped::Created(disk)) if disk.assigned => format!("{} created", outcome.volume),
            Ok(Bootstrapped::Created(_)) => format!("{} created, not assigned", outcome.volume),
            Ok(Bootstrapped::Unchanged(disk)) => {
                format!("{} unchanged {}", outcome.volume, disk.record.name)
            }
            Err(error) => format!("{} error {}", outcome.volume, error.kind()),
        })
        .collect()
}

#[tokio::test]
async fn a_volume_without_a_disk_gets_one_and_one_with_an_assigned_disk_is_left_alone() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    listing(
        &mut driver,
        vec![disk("db", "new", false), disk("db", "old", true)],
    );
    driver
        .on_volumes()
        .expect_disk_create()
        .times(1)
        .withf(|_, _, volume, request| {
            volume.name.as_str() == "data" && request.source.is_none() && request.options.is_empty()
        })
        .returning(|_, _, volume, request| Ok(disk(volume.name.as_str(), &request.name.to_string(), true)));
    let outcomes = bootstrap(&driver, &cx, &scope(&["db", "data"])).await.unwrap();
    assert_eq!(words(&outcomes), ["db unchanged old", "data created"]);
}

#[tokio::test]
async fn disks_of_which_none_is_assigned_are_an_error_of_that_volume_only() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    listing(
        &mut driver,
        vec![disk("db", "one", false), disk("db", "two", false)],
    );
    driver
        .on_volumes()
        .expect_disk_create()
        .times(2)
        .returning(|_, _, volume, request| Ok(disk(volume.name.as_str(), &request.name.to_string(), true)));
    let outcomes = bootstrap(&driver, &cx, &scope(&["a", "db", "z"])).await.unwrap();
    assert_eq!(
        words(&outcomes),
        ["a created", "db error precondition", "z created"]
    );
    let error = outcomes.get(1).unwrap().result.as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        "volume db has disks of which none is assigned (disks: one, two)"
    );
    assert_eq!(
        in_words(error.hints()),
        "choose one: disk assign (volume db, name <disk>)"
    );
}

#[tokio::test]
async fn a_first_disk_whose_creation_failed_is_made_now_and_one_that_is_being_made_is_left_alone() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    let mut failed = disk("a", "one", true);
    failed.record.creation = Creation::Failed;
    let mut coming = disk("b", "one", true);
    coming.record.creation = Creation::UnderWay;
    listing(&mut driver, vec![failed, coming]);
    driver
        .on_volumes()
        .expect_disk_create()
        .times(1)
        .withf(|_, _, volume, request| volume.name.as_str() == "a" && request.name.to_string() == "one")
        .returning(|_, _, _, _| Ok(disk("a", "one", true)));
    let outcomes = bootstrap(&driver, &cx, &scope(&["a", "b"])).await.unwrap();
    assert_eq!(words(&outcomes), ["a created", "b unchanged one"]);
}

#[tokio::test]
async fn a_failed_create_leaves_the_others_done_and_the_next_run_does_the_rest() {
    let world: Arc<Mutex<Vec<VolumeDisk>>> = Arc::default();
    let (cx, _) = context();
    let app = scope(&["a", "b", "c"]);
    let run =
        |failing: Option<&'static str>, creates: usize| {
            let mut driver = driver(NEEDED);
            listing(&mut driver, world.lock().unwrap().clone());
            let world = Arc::clone(&world);
            driver.on_volumes().expect_disk_create().times(creates).returning(
                move |cx, _, volume, request| {
                    if failing == Some(volume.name.as_str()) {
                        write(cx, WriteOutcome::Unknown);
                        return Err(error(ErrorKind::Timeout, "too slow"));
                    }
                    let made = disk(volume.name.as_str(), &request.name.to_string(), true);
                    world.lock().unwrap().push(made.clone());
                    Ok(made)
                },
            );
            driver
        };

    let first = bootstrap(&run(Some("b"), 3), &cx, &app).await.unwrap();
    assert_eq!(words(&first), ["a created", "b error timeout", "c created"]);
    let error = first.get(1).unwrap().result.as_ref().unwrap_err();
    assert!(
        chain(error)
            .first()
            .unwrap()
            .starts_with("cannot tell whether this was done: create disk ")
    );
    assert!(in_words(error.hints()).contains("see whether disk "));

    let second = bootstrap(&run(None, 1), &cx, &app).await.unwrap();
    assert_eq!(words(&second).get(1).unwrap(), "b created");
    // Converged: nothing is written any more.
    let third = bootstrap(&run(None, 0), &cx, &app).await.unwrap();
    assert!(
        third
            .iter()
            .all(|outcome| matches!(outcome.result, Ok(Bootstrapped::Unchanged(_))))
    );
    assert_eq!(world.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_listing_that_fails_makes_nothing() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    driver
        .on_volumes()
        .expect_disk_list()
        .times(1)
        .returning(|_, _, _| Err(error(ErrorKind::Unavailable, "gone")));
    let error = bootstrap(&driver, &cx, &scope(&["db"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        chain(&error),
        ["cannot list the disks of app /ws/w/prv/p/cls/c/app/a", "gone"]
    );
}

#[tokio::test]
async fn a_volume_the_driver_has_no_kind_for_is_an_error_of_that_volume_only() {
    let (cx, _) = context();
    let mut with_disks = driver(NEEDED);
    with_disks
        .on_volumes()
        .expect_disk_list()
        .times(1)
        .withf(|_, _, volumes| volumes.len() == 1)
        .returning(|_, _, _| Ok(vec![]));
    with_disks
        .on_volumes()
        .expect_disk_create()
        .times(1)
        .returning(|_, _, volume, request| Ok(disk(volume.name.as_str(), &request.name.to_string(), true)));
    let outcomes = bootstrap(&with_disks, &cx, &scope(&["files", "db"]))
        .await
        .unwrap();
    assert_eq!(words(&outcomes), ["files error unsupported", "db created"]);
    let error = outcomes.first().unwrap().result.as_ref().unwrap_err();
    assert_eq!(
        chain(error),
        ["cannot bootstrap volume files", "driver mock has no file shares"]
    );

    // With nothing to list there is no listing.
    let outcomes = bootstrap(&driver(NEEDED), &cx, &scope(&["files"])).await.unwrap();
    assert_eq!(words(&outcomes), ["files error unsupported"]);
    assert!(
        bootstrap(&driver(NEEDED), &cx, &scope(&[]))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn names_follow_the_order_of_the_volumes() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    listing(&mut driver, vec![]);
    driver
        .on_volumes()
        .expect_disk_create()
        .times(9)
        .returning(|_, _, volume, request| Ok(disk(volume.name.as_str(), &request.name.to_string(), true)));
    let volumes = ["i", "h", "g", "f", "e", "d", "c", "b", "a"];
    let outcomes = bootstrap(&driver, &cx, &scope(&volumes)).await.unwrap();
    let order: Vec<&str> = outcomes.iter().map(|outcome| outcome.volume.as_str()).collect();
    assert_eq!(order, volumes);
    let names: Vec<DiskName> = outcomes
        .into_iter()
        .map(|outcome| match outcome.result.unwrap() {
            Bootstrapped::Created(disk) | Bootstrapped::Unchanged(disk) => disk.record.name,
        })
        .collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}

#[tokio::test]
async fn a_race_that_was_lost_shows_in_the_disk() {
    let (cx, _) = context();
    let mut driver = driver(NEEDED);
    listing(&mut driver, vec![]);
    driver
        .on_volumes()
        .expect_disk_create()
        .times(1)
        .returning(|_, _, _, _| Ok(disk("db", "loser", false)));
    let outcomes = bootstrap(&driver, &cx, &scope(&["db"])).await.unwrap();
    assert_eq!(words(&outcomes), ["db created, not assigned"]);
}
