//! Assigning where Azure does not say what became of a merge of tags: it cannot be followed, or its answer was lost.
//! The disk list tells.

use std::time::{Duration, Instant};

use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, MonitorError, OperationFault, OperationShape, Outcome as Fate, Race,
    RacingWrite, RequestKind, When,
};
use kompox_domain::progress::{Outcome, WarningKind};
use kompox_domain::{Error, ErrorKind, Event, Result, WriteOutcome};
use serde_json::json;

use crate::support::World;

/// The one merge that an assignment consists of here: of disk `two`, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// One is assigned, and two is to be: two is marked, then one is cleared.
    Mark,
    /// One is assigned, two has a flag that is older, and one is to be assigned: two is cleared.
    Clear,
}

const BOTH: [Merge; 2] = [Merge::Mark, Merge::Clear];

/// More than any of it takes, so that waiting for ever is an error.
const LONG: Duration = Duration::from_secs(60);

impl Merge {
    /// A world where it is the next one. What is known of its writes begins here.
    async fn world(self) -> World {
        let mut world = World::new().await;
        for name in ["one", "two"] {
            world.create("db", name).await.unwrap();
        }
        if self == Self::Clear {
            flag(&world, "two").await;
        }
        world.emulator.clear_requests();
        world.told.forget();
        world.cx = world.cx.within().with_deadline(Instant::now() + LONG);
        world
    }

    async fn run(self, world: &World) -> Result<()> {
        let name = match self {
            Self::Mark => "two",
            Self::Clear => "one",
        };
        world.assign("db", name).await.map(|disk| {
            assert!(disk.assigned && disk.record.name.to_string() == name, "{disk:?}");
        })
    }

    /// Two is as it was asked for, and nothing else was written.
    async fn assert_done(self, world: &World, case: &str) {
        let (assigned, flagged) = match self {
            Self::Mark => ("two", "true"),
            Self::Clear => ("one", "false"),
        };
        // Read before anything else: what was not waited for has not taken effect yet.
        let two = world.raw("disks", "db", "two").await.unwrap();
        assert_eq!(two["tags"]["kompox-disk-assigned"], flagged, "{self:?}, {case}");
        assert_eq!(world.assigned("db").await, [assigned], "{self:?}, {case}");
    }

    /// The other disk was not touched, and nothing is said to have taken effect.
    async fn assert_nothing_claimed(self, world: &World, case: &str) {
        assert_eq!(world.cx.outcome(), WriteOutcome::Unknown, "{self:?}, {case}");
        assert!(
            world.told.warnings().is_empty(),
            "{self:?}, {case}: {:?}",
            world.told.warnings()
        );
        assert!(
            written(world).iter().all(|disk| disk == "two"),
            "{self:?}, {case}"
        );
        assert_eq!(world.assigned("db").await, ["one"], "{self:?}, {case}");
    }
}

/// Flags a disk as an earlier lost race would, with no time.
async fn flag(world: &World, disk: &str) {
    let id = world.id("disks", "db", disk);
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["tags"]["kompox-disk-assigned"] = json!("true");
    world.emulator.put_resource(&id, raw).await.unwrap();
}

/// The disks that were written to, one for each attempt.
fn written(world: &World) -> Vec<String> {
    let writes = world.emulator.requests().into_iter();
    let writes = writes.filter(|request| request.kind == RequestKind::Write);
    let disk = |path: &str| {
        let (_, rest) = path.split_once("/db-034d4d-")?;
        rest.split('/').next().map(str::to_owned)
    };
    writes
        .map(|request| disk(&request.path).unwrap_or(request.path))
        .collect()
}

/// How the step of tagging a disk ended.
fn ended(world: &World, disk: &str) -> Vec<Outcome> {
    let events = world.told.events();
    let begun = |wanted: u64| {
        events.iter().any(|event| {
            matches!(event, Event::Started { step, what }
                if *step == wanted && *what == format!("tag disk db-034d4d-{disk}"))
        })
    };
    let ended = events.iter().filter_map(|event| match event {
        Event::Ended { step, outcome } if begun(*step) => Some(*outcome),
        _ => None,
    });
    ended.collect()
}

fn plan(world: &World, rules: impl IntoIterator<Item = FaultRule>) {
    world.emulator.set_faults(FaultPlan::new(rules)).unwrap();
}

fn merging(disk: &str, action: FaultAction) -> FaultRule {
    FaultRule::new("PATCH", &format!("**/db-034d4d-{disk}/**"), action)
}

fn listing(action: FaultAction) -> FaultRule {
    FaultRule::new("GET", "**/Microsoft.Compute/disks", action)
}

fn delete(world: &World, disk: &str) -> FaultAction {
    race(world, disk, RacingWrite::Delete)
}

fn clear(world: &World, disk: &str) -> FaultAction {
    let cleared = json!({"tags": {"kompox-disk-assigned": "false", "kompox-disk-assigned-at": ""}});
    race(world, disk, RacingWrite::Merge(cleared))
}

fn race(world: &World, disk: &str, write: RacingWrite) -> FaultAction {
    FaultAction::Race(Race {
        when: When::Before,
        id: Some(world.id("disks", "db", disk)),
        write,
    })
}

fn unreadable(status: u16) -> OperationFault {
    OperationFault {
        monitor_error: Some(MonitorError {
            status,
            count: u32::MAX,
        }),
        ..OperationFault::default()
    }
}

/// A merge that is accepted, never ends, and cannot be followed.
fn endless() -> FaultAction {
    FaultAction::Operation(OperationFault {
        outcome: Fate::Stuck,
        ..unreadable(403)
    })
}

/// Every way in which an accepted merge cannot be followed.
fn unfollowed() -> Vec<(&'static str, OperationFault)> {
    let shaped = |shape, fault| OperationFault {
        shape: Some(shape),
        ..fault
    };
    let garbage = OperationFault {
        garbage_urls: true,
        ..OperationFault::default()
    };
    vec![
        ("the monitor is forbidden", unreadable(403)),
        ("the monitor is unknown", unreadable(404)),
        ("the monitor is out of order", unreadable(500)),
        (
            "the location is forbidden",
            shaped(OperationShape::Location, unreadable(403)),
        ),
        (
            "the location is unknown",
            shaped(OperationShape::Location, unreadable(404)),
        ),
        ("the monitor has no address", garbage),
        (
            "there is no monitor",
            shaped(OperationShape::Body, OperationFault::default()),
        ),
        (
            "the answer is empty",
            shaped(OperationShape::EmptyOk, OperationFault::default()),
        ),
    ]
}

/// Refusals, and the kind of error that a merge ends with whose first request got no answer: that the disk is gone is
/// not known then.
const REFUSALS: [(u16, &str, ErrorKind); 4] = [
    (429, "TooManyRequests", ErrorKind::Throttled),
    (403, "AuthorizationFailed", ErrorKind::PermissionDenied),
    (404, "ResourceNotFound", ErrorKind::Unavailable),
    (409, "Conflict", ErrorKind::Conflict),
];

fn assert_kind(error: &Error, kind: ErrorKind, case: &str) {
    assert_eq!(error.kind(), kind, "{case}: {error}");
}

#[tokio::test]
async fn a_merge_that_cannot_be_followed_is_waited_for_in_the_disk_list_before_anything_else_is_written() {
    for merge in BOTH {
        for (case, fault) in unfollowed() {
            let world = merge.world().await;
            let late = OperationFault {
                milliseconds: Some(150),
                ..fault
            };
            plan(&world, [merging("two", FaultAction::Operation(late)).times(1)]);
            let reader = async {
                for _ in 0..10 {
                    assert_eq!(world.assigned("db").await.len(), 1, "{merge:?}, {case}");
                }
            };
            let (result, ()) = futures::join!(merge.run(&world), reader);
            result.unwrap();
            merge.assert_done(&world, case).await;
            let expected: &[&str] = match merge {
                Merge::Mark => &["two", "one"],
                Merge::Clear => &["two"],
            };
            assert_eq!(written(&world), expected, "{merge:?}, {case}");
            assert_eq!(ended(&world, "two"), [Outcome::Done], "{merge:?}, {case}");
            // It was answered; nothing was lost.
            assert!(world.told.warnings().is_empty(), "{merge:?}, {case}");
            let requests = world.emulator.requests();
            let mut tagged = requests
                .iter()
                .filter(|request| request.path.contains("/tags/default"));
            assert!(
                tagged.all(|request| request.method == "PATCH"),
                "the tags resource is never read"
            );
        }
    }
}

#[tokio::test]
async fn a_mark_that_cannot_be_followed_on_a_disk_that_is_deleted_meanwhile_ends_with_that() {
    let world = Merge::Mark.world().await;
    // The first listing is the one before the mark.
    plan(
        &world,
        [
            merging("two", endless()),
            listing(delete(&world, "two")).after(3).times(1),
        ],
    );
    let error = Merge::Mark.run(&world).await.unwrap_err();
    assert_kind(&error, ErrorKind::NotFound, "deleted");
    assert_eq!(error.to_string(), "disk two was deleted meanwhile");
    assert_eq!(ended(&world, "two"), [Outcome::Failed]);
    Merge::Mark.assert_nothing_claimed(&world, "deleted").await;
}

#[tokio::test]
async fn a_clearing_that_cannot_be_followed_is_over_when_the_disk_is_deleted_meanwhile() {
    let world = Merge::Clear.world().await;
    plan(
        &world,
        [
            merging("two", endless()),
            listing(delete(&world, "two")).after(3).times(1),
        ],
    );
    Merge::Clear.run(&world).await.unwrap();
    assert_eq!(written(&world), ["two"]);
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn a_merge_that_cannot_be_followed_is_waited_for_until_the_deadline() {
    for merge in BOTH {
        let mut world = merge.world().await;
        plan(&world, [merging("two", endless())]);
        world.cx = world
            .cx
            .with_deadline(Instant::now() + Duration::from_millis(400));
        let error = merge.run(&world).await.unwrap_err();
        assert_kind(&error, ErrorKind::Timeout, "deadline");
        assert_eq!(written(&world), ["two"], "{merge:?}");
        assert_eq!(
            ended(&world, "two"),
            [Outcome::Abandoned],
            "it may still take effect"
        );
        world.cx = world.cx.with_deadline(Instant::now() + LONG);
        merge.assert_nothing_claimed(&world, "deadline").await;
    }
}

#[tokio::test]
async fn a_merge_that_fails_late_is_an_error_and_nothing_is_claimed() {
    for merge in BOTH {
        let world = merge.world().await;
        let fails = FaultAction::fail_late("InternalExecutionError", "Something is broken.");
        plan(&world, [merging("two", fails)]);
        let error = merge.run(&world).await.unwrap_err();
        assert_kind(&error, ErrorKind::Failed, "late");
        assert_eq!(error.code(), Some("InternalExecutionError"));
        assert_eq!(ended(&world, "two"), [Outcome::Failed]);
        merge.assert_nothing_claimed(&world, "late").await;
    }
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_and_that_is_refused_then_is_done_where_the_disk_list_shows_it() {
    for merge in BOTH {
        for (status, code, _) in REFUSALS {
            let world = merge.world().await;
            let refused = FaultAction::respond(status, code, "Not again.");
            plan(
                &world,
                [
                    merging("two", FaultAction::ResetAfter).times(1),
                    merging("two", refused).once_fired(0),
                ],
            );
            merge
                .run(&world)
                .await
                .unwrap_or_else(|error| panic!("{merge:?}, {status}: {error}"));
            merge.assert_done(&world, code).await;
            let warnings = world.told.warnings();
            let [(WarningKind::AnswerLost, text)] = warnings.as_slice() else {
                panic!("{merge:?}, {status}: {warnings:?}");
            };
            assert!(text.contains("the tags of disk two was lost"), "{text}");
            assert_eq!(ended(&world, "two"), [Outcome::Done], "{merge:?}, {status}");
            assert!(written(&world).len() > 1, "it was refused as well");
        }
    }
}

#[tokio::test]
async fn a_merge_that_was_lost_and_is_refused_then_is_an_error_that_claims_nothing() {
    for merge in BOTH {
        for (status, code, kind) in REFUSALS {
            let world = merge.world().await;
            let refused = FaultAction::respond(status, code, "Not again.");
            plan(
                &world,
                [
                    merging("two", FaultAction::ResetBefore).times(1),
                    merging("two", refused).once_fired(0),
                ],
            );
            let error = merge.run(&world).await.unwrap_err();
            assert_kind(&error, kind, code);
            let about_the_tags = error.to_string() == "Azure's answer about the tags of disk two was lost";
            assert_eq!(about_the_tags, status == 404, "{error}");
            assert_eq!(ended(&world, "two"), [Outcome::Failed], "{merge:?}, {status}");
            merge.assert_nothing_claimed(&world, code).await;
        }
    }
}

#[tokio::test]
async fn a_merge_that_is_refused_and_was_never_lost_is_not_done() {
    for (status, code, kind) in [
        (403, "AuthorizationFailed", ErrorKind::PermissionDenied),
        (409, "Conflict", ErrorKind::Conflict),
        (429, "TooManyRequests", ErrorKind::Throttled),
    ] {
        for merge in BOTH {
            let world = merge.world().await;
            plan(
                &world,
                [merging("two", FaultAction::respond(status, code, "No."))],
            );
            assert_kind(&merge.run(&world).await.unwrap_err(), kind, code);
            let outcome = match merge {
                Merge::Mark => WriteOutcome::NotDone,
                // The disk that was asked for is the assigned one all the same.
                Merge::Clear => WriteOutcome::Unknown,
            };
            assert_eq!(world.cx.outcome(), outcome, "{merge:?}, {status}");
            let requests = world.emulator.requests();
            let lists = requests
                .iter()
                .filter(|request| request.kind == RequestKind::Read);
            assert_eq!(
                lists.count(),
                1,
                "{merge:?}, {status}: there is nothing to look for"
            );
        }
    }
}

#[tokio::test]
async fn a_disk_that_is_gone_when_it_is_marked_is_not_found_and_nothing_was_done() {
    let world = Merge::Mark.world().await;
    plan(&world, [merging("two", delete(&world, "two"))]);
    let error = Merge::Mark.run(&world).await.unwrap_err();
    assert_kind(&error, ErrorKind::NotFound, "gone");
    assert_eq!(world.cx.outcome(), WriteOutcome::NotDone);
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn a_disk_that_is_deleted_after_its_merge_was_lost_is_an_error_that_claims_nothing() {
    for merge in BOTH {
        for lost in [FaultAction::ResetAfter, FaultAction::ResetBefore] {
            let world = merge.world().await;
            plan(
                &world,
                [
                    merging("two", lost).times(1),
                    merging("two", delete(&world, "two")).once_fired(0).times(1),
                ],
            );
            let error = merge.run(&world).await.unwrap_err();
            assert_kind(&error, ErrorKind::Unavailable, "deleted");
            merge.assert_nothing_claimed(&world, "deleted").await;
            // Whoever goes on by what is there is right.
            plan(&world, []);
            world.assign("db", "one").await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_until_the_deadline_claims_nothing() {
    for merge in BOTH {
        let mut world = merge.world().await;
        plan(
            &world,
            [
                merging("two", FaultAction::ResetAfter).times(1),
                merging("two", FaultAction::Hang),
            ],
        );
        world.cx = world
            .cx
            .with_deadline(Instant::now() + Duration::from_millis(400));
        assert_kind(
            &merge.run(&world).await.unwrap_err(),
            ErrorKind::Timeout,
            "deadline",
        );
        assert_eq!(world.cx.outcome(), WriteOutcome::Unknown, "{merge:?}");
        assert!(world.told.warnings().is_empty(), "{merge:?}");
        assert_eq!(ended(&world, "two"), [Outcome::Abandoned], "{merge:?}");
    }
}

#[tokio::test]
async fn where_a_clearing_without_an_answer_leaves_none_the_disk_is_marked_again() {
    let late = OperationFault {
        milliseconds: Some(100),
        ..unreadable(403)
    };
    let refused = FaultAction::respond(403, "AuthorizationFailed", "Not again.");
    // The race comes first: a rule that ends the search hides those behind it.
    let ways = [
        vec![merging("one", FaultAction::Operation(late)).times(1)],
        vec![
            merging("one", FaultAction::ResetAfter).times(1),
            merging("one", refused).once_fired(1),
        ],
    ];
    for rules in ways {
        let world = Merge::Mark.world().await;
        let cleared = merging("one", clear(&world, "two")).times(1);
        plan(&world, std::iter::once(cleared).chain(rules));
        Merge::Mark.run(&world).await.unwrap();
        assert_eq!(world.assigned("db").await, ["two"]);
        assert_eq!(written(&world).last().map(String::as_str), Some("two"));
    }
}

#[tokio::test]
async fn a_disk_that_is_the_assigned_one_already_is_never_told_as_not_assigned() {
    let world = Merge::Mark.world().await;
    plan(
        &world,
        [merging("one", FaultAction::respond(409, "Conflict", "No."))],
    );
    let (volume, two) = (world.volume("db"), "two".parse().unwrap());
    for run in 1..=2 {
        let cx = world.cx.within();
        let assigned = world
            .driver
            .volumes()
            .unwrap()
            .disk_assign(&cx, &world.app, volume, &two)
            .await;
        assert_kind(
            &assigned.unwrap_err(),
            ErrorKind::Conflict,
            "refused to clear the other",
        );
        assert_eq!(cx.outcome(), WriteOutcome::Unknown, "{run}");
        assert_eq!(world.assigned("db").await, ["two"], "{run}");
    }
}
