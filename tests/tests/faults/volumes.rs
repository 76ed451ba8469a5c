//! Every operation on volumes and snapshots, broken at every request in every way.

use std::time::Duration;

use futures::future::join_all;
use kompox_azure_emulator::{Options, Timing};
use kompox_domain::{Error, ErrorKind, Result, Source};
use kompox_tests::crash_points::{Contents, End, Item, break_everywhere};
use kompox_usecase::{disk, snapshot};

use kompox_tests::operations::doing::{Doing, Hands, usual_end};

/// An Azure that must be looked at before anything is done: an operation can also break while it waits.
fn slow() -> Options {
    Options {
        timing: Timing {
            polls: 1,
            tags: Some(Duration::ZERO),
            ..Timing::zero()
        },
        ..Options::default()
    }
}

async fn survive(operations: Vec<Doing>) {
    // Each waits for its own Azure most of the time.
    join_all(operations.iter().map(|operation| survive_in(slow(), operation))).await;
}

async fn survive_in(options: Options, operation: &Doing) {
    let report = break_everywhere(operation, options)
        .await
        .unwrap_or_else(|what| panic!("{what}"));
    // Half of the troubles are more than the client overcomes by itself, wherever an answer is needed.
    let needed = report.crash_points - report.idle;
    assert!(report.failures * 2 >= needed, "{report}");
}

fn disk_of<'a>(contents: &'a Contents, name: &str) -> &'a serde_json::Value {
    let item = Item {
        volume: "db".to_owned(),
        name: name.to_owned(),
    };
    &contents.disks[&item].raw
}

fn copied(contents: &Contents, name: &str, from: &str) -> std::result::Result<(), String> {
    let raw = disk_of(contents, name);
    let source = raw["properties"]["creationData"]["sourceResourceId"].as_str();
    let size = raw["properties"]["diskSizeGB"].as_u64();
    if source.is_some_and(|source| source.ends_with(from)) && size == Some(4) {
        Ok(())
    } else {
        Err(format!("disk {name} is {raw}"))
    }
}

#[tokio::test]
async fn lists_survive_and_change_nothing_and_so_does_signing_in() {
    let list = Doing::new("disk list", |h| Box::pin(h.list()), || usual_end(|_| ()));
    survive(vec![
        Doing {
            signs_in: true,
            ..list
        },
        Doing::new("snapshot list", |h| Box::pin(h.snapshots()), || usual_end(|_| ())),
    ])
    .await;
}

#[tokio::test]
async fn the_first_disk_of_a_volume_and_a_later_one_are_made_once() {
    let first = Doing::new(
        "disk create, the first",
        |h| Box::pin(h.create("db", "new", None)),
        || End {
            disks: vec!["db/new"],
            assigned: vec!["db/new"],
            ..End::default()
        },
    );
    let later = Doing::new(
        "disk create, a later one",
        |h| Box::pin(h.create("db", "new", None)),
        || usual_end(|end| end.disks.push("db/new")),
    );
    survive(vec![
        Doing {
            prepare: |_| Box::pin(async { Ok(()) }),
            ..first.conflicting()
        },
        later.conflicting(),
    ])
    .await;
}

#[tokio::test]
async fn a_disk_from_a_disk_a_snapshot_or_an_id_is_made_once_and_from_that() {
    let create = |name, run, check| {
        let doing = Doing::new(name, run, || usual_end(|end| end.disks.push("db/new")));
        Doing {
            check,
            ..doing.conflicting()
        }
    };
    survive(vec![
        create(
            "disk create from a disk",
            |h| Box::pin(async move { h.create("db", "new", Some(Source::Disk("two".parse()?))).await }),
            |contents| copied(contents, "new", "-two"),
        ),
        create(
            "disk create from a snapshot",
            |h| {
                Box::pin(async move {
                    h.create("db", "new", Some(Source::Snapshot("snap".parse()?)))
                        .await
                })
            },
            |contents| copied(contents, "new", "-snap"),
        ),
        create(
            "disk create from an id",
            |h| {
                Box::pin(async move {
                    let id = h.world.id("disks", "db", "three");
                    h.create("db", "new", Some(Source::Resource(id))).await
                })
            },
            |contents| copied(contents, "new", "-three"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_disk_without_a_name_is_made_at_least_once() {
    survive(vec![Doing::new(
        "disk create without a name",
        |h| Box::pin(create_nameless(h)),
        || usual_end(|end| end.disks.push("db/+")),
    )])
    .await;
}

async fn create_nameless(hands: Hands<'_>) -> Result<()> {
    let (world, operator) = (hands.world, hands.operator);
    let request = disk::Create {
        volume: world.volume("db").name.clone(),
        name: None,
        source: None,
        zone: None,
        options: kompox_domain::VolumeOptions::default(),
    };
    disk::create(operator.driver.as_ref(), &operator.cx, &world.app, &request)
        .await
        .map(drop)
}

#[tokio::test]
async fn an_assignment_among_three_disks_leaves_one_assigned_at_every_moment() {
    let assign = || {
        Doing::new(
            "disk assign",
            |h| Box::pin(h.assign("two")),
            || usual_end(|end| end.assigned = vec!["db/two"]),
        )
    };
    let several = Doing::new(
        "disk assign with old flags on the others",
        |h| Box::pin(h.assign("two")),
        || usual_end(|end| end.assigned = vec!["db/two"]),
    );
    survive_in(Options::default(), &assign()).await;
    survive(vec![
        assign(),
        Doing {
            prepare: |h| Box::pin(flagged_by_older_tools(h)),
            check: |contents| {
                let flags = contents.disks.values().filter(|disk| disk.record.flagged);
                let count = flags.count();
                (count == 1)
                    .then_some(())
                    .ok_or_else(|| format!("{count} disks are flagged"))
            },
            ..several
        },
    ])
    .await;
}

async fn flagged_by_older_tools(hands: Hands<'_>) -> Result<()> {
    for name in ["one", "two", "three"] {
        hands.create("db", name, None).await?;
        let id = hands.world.id("disks", "db", name);
        let flag = |raw: &mut serde_json::Value| {
            raw["tags"]["kompox-disk-assigned"] = "true".into();
        };
        hands.world.edit(&id, flag).await;
    }
    hands.snapshot("snap", None).await
}

#[tokio::test]
async fn a_disk_is_deleted_and_the_assigned_one_only_by_force() {
    let forced = Doing::new(
        "disk delete --force of the assigned one",
        |h| Box::pin(h.delete("one", true)),
        || End {
            disks: vec!["db/two", "db/three"],
            snapshots: vec!["db/snap"],
            ..End::default()
        },
    );
    let refused = Doing::new(
        "disk delete of the assigned one",
        |h| {
            Box::pin(async move {
                match h.delete("one", false).await {
                    Err(error) if error.kind() == ErrorKind::Precondition => Ok(()),
                    Ok(()) => Err(Error::new(ErrorKind::Internal, "the assigned disk was deleted")),
                    Err(error) => Err(error),
                }
            })
        },
        || usual_end(|_| ()),
    );
    survive(vec![
        Doing::new(
            "disk delete",
            |h| Box::pin(h.delete("two", false)),
            || usual_end(|end| end.disks.retain(|disk| *disk != "db/two")),
        ),
        Doing {
            may_leave_none: true,
            ..forced
        },
        Doing {
            // The disk alone tells that it is not deleted. Its cluster is asked at the same time, and which of the two
            // arrives first is chance.
            does_without: |request| request.path.contains("/managedClusters?"),
            ..refused
        },
    ])
    .await;
}

#[tokio::test]
async fn snapshots_are_made_once_and_deleted() {
    let create =
        |name, run| Doing::new(name, run, || usual_end(|end| end.snapshots.push("db/new"))).conflicting();
    survive(vec![
        create("snapshot create", |h| Box::pin(h.snapshot("new", None))),
        create("snapshot create from a disk", |h| {
            Box::pin(async move { h.snapshot("new", Some(Source::Disk("two".parse()?))).await })
        }),
        create("snapshot create from a snapshot", |h| {
            Box::pin(async move { h.snapshot("new", Some(Source::Snapshot("snap".parse()?))).await })
        }),
        Doing::new(
            "snapshot delete",
            |h| Box::pin(h.delete_snapshot("snap")),
            || usual_end(|end| end.snapshots.clear()),
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_snapshot_is_restored_once_and_assigned_where_that_is_asked_for() {
    let restore = Doing::new(
        "snapshot restore",
        |h| Box::pin(h.restore("snap", "back")),
        || usual_end(|end| end.disks.push("db/back")),
    );
    let assign = Doing::new(
        "snapshot restore --assign",
        |h| Box::pin(restore_and_assign(h)),
        || {
            usual_end(|end| {
                end.disks.push("db/back");
                end.assigned = vec!["db/back"];
            })
        },
    );
    survive(vec![
        Doing {
            check: |contents| copied(contents, "back", "-snap"),
            ..restore.conflicting()
        },
        Doing {
            // It goes on with its disk, unless that was marked already: then `disk assign` clears the others.
            again: Some(|h| {
                Box::pin(async move {
                    match restore_and_assign(h).await {
                        Err(error) if was_assigned(&error) => h.assign("back").await,
                        other => other,
                    }
                })
            }),
            check: |contents| copied(contents, "back", "-snap"),
            ..assign
        },
    ])
    .await;
}

/// Whether the disk that a restore would go on with has been assigned, by the run that was broken off.
fn was_assigned(error: &Error) -> bool {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut texts = causes.map(ToString::to_string);
    error.kind() == ErrorKind::Conflict && texts.any(|text| text.ends_with("has been assigned before"))
}

async fn restore_and_assign(hands: Hands<'_>) -> Result<()> {
    let (world, operator) = (hands.world, hands.operator);
    let request = snapshot::Restore {
        volume: world.volume("db").name.clone(),
        snapshot: "snap".parse()?,
        disk: Some("back".parse()?),
        zone: None,
        options: kompox_domain::VolumeOptions::default(),
        assign: true,
    };
    snapshot::restore(operator.driver.as_ref(), &operator.cx, &world.app, &request)
        .await
        .map(drop)
}

#[tokio::test]
async fn bootstrapping_two_volumes_makes_one_disk_of_each() {
    let both = || End {
        disks: vec!["db/*", "data/*"],
        assigned: vec!["db/*", "data/*"],
        ..End::default()
    };
    let doing = Doing::new("disk bootstrap", |h| Box::pin(bootstrap(h)), both);
    survive(vec![Doing {
        prepare: |_| Box::pin(async { Ok(()) }),
        ..doing
    }])
    .await;
}

async fn bootstrap(hands: Hands<'_>) -> Result<()> {
    let (world, operator) = (hands.world, hands.operator);
    let outcomes = disk::bootstrap(operator.driver.as_ref(), &operator.cx, &world.app).await?;
    outcomes
        .into_iter()
        .try_for_each(|outcome| outcome.result.map(drop))
}
