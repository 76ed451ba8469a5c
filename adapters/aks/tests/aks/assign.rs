//! Assigning: one disk at every moment.

use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, Options, Race, RacingWrite, ReplicationLag, RequestKind, Respond,
    Timing, When,
};
use kompox_domain::hint::in_words;
use kompox_domain::{Error, ErrorKind};
use serde_json::json;

use crate::support::World;

async fn three_disks() -> World {
    let world = World::new().await;
    for name in ["one", "two", "three"] {
        world.create("db", name).await.unwrap();
    }
    world.emulator.clear_requests();
    world
}

/// How often something was written.
fn writes(world: &World) -> usize {
    let requests = world.emulator.requests().into_iter();
    requests
        .filter(|request| request.kind == RequestKind::Write)
        .count()
}

#[tokio::test]
async fn another_disk_is_assigned_and_the_first_is_cleared_with_its_time() {
    let world = three_disks().await;
    let disk = world.assign("db", "two").await.unwrap();
    assert!(disk.assigned);
    assert_eq!(world.assigned("db").await, ["two"]);
    let one = world.raw("disks", "db", "one").await.unwrap()["tags"].clone();
    assert_eq!(one["kompox-disk-assigned"], "false");
    assert_eq!(one["kompox-disk-assigned-at"], "");
}

#[tokio::test]
async fn what_is_assigned_already_is_not_written() {
    let world = three_disks().await;
    world.assign("db", "one").await.unwrap();
    assert_eq!(writes(&world), 0);
    world.assign("db", "two").await.unwrap();
    world.emulator.clear_requests();
    world.assign("db", "two").await.unwrap();
    assert_eq!(writes(&world), 0);
}

#[tokio::test]
async fn a_disk_that_is_not_there_is_named_with_those_that_are() {
    let world = three_disks().await;
    let error = world.assign("db", "tow").await.unwrap_err();
    assert_eq!(
        (error.kind(), in_words(error.hints()).as_str()),
        (ErrorKind::NotFound, "did you mean two?")
    );
    let error = world.assign("data", "one").await.unwrap_err();
    assert!(
        in_words(error.hints()).contains("no disk at all"),
        "{:?}",
        error.hints()
    );
}

#[tokio::test]
async fn b10_tags_of_the_user_stay() {
    let world = three_disks().await;
    let id = world.id("disks", "db", "one");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["tags"]["cost-center"] = json!("42");
    world.emulator.put_resource(&id, raw).await.unwrap();
    world.assign("db", "two").await.unwrap();
    world.assign("db", "one").await.unwrap();
    assert_eq!(
        world.raw("disks", "db", "one").await.unwrap()["tags"]["cost-center"],
        "42"
    );
}

#[tokio::test]
async fn b10_after_every_request_that_could_be_the_last_one_disk_is_assigned_and_a_second_run_completes_it() {
    for requests in 0..8 {
        let world = three_disks().await;
        // From this request on nothing gets through: as if the process had been killed there.
        world.fault(
            FaultRule::new(
                "*",
                "**/resourceGroups/**",
                FaultAction::respond(400, "Killed", ""),
            )
            .after(requests),
        );
        let result = world.assign("db", "two").await;
        world.emulator.set_faults(FaultPlan::default()).unwrap();
        assert_eq!(world.assigned("db").await.len(), 1, "after {requests} requests");
        if result.is_err() {
            world.assign("db", "two").await.unwrap();
        }
        assert_eq!(world.assigned("db").await, ["two"]);
    }
}

#[tokio::test]
async fn the_mark_exceeds_one_that_another_clock_set_in_the_future() {
    let world = three_disks().await;
    let id = world.id("disks", "db", "one");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["tags"]["kompox-disk-assigned-at"] = json!("6ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    world.emulator.put_resource(&id, raw).await.unwrap();
    // The other flag stays, so that the times decide.
    let refusal = FaultAction::respond(403, "AuthorizationFailed", "No.");
    world.fault(FaultRule::new("PATCH", "**/db-034d4d-one/**", refusal));
    world.assign("db", "two").await.unwrap_err();
    assert_eq!(world.assigned("db").await, ["two"]);
    world.emulator.set_faults(FaultPlan::default()).unwrap();
    world.assign("db", "two").await.unwrap();
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn another_operator_who_was_faster_is_named() {
    let world = three_disks().await;
    let win = json!({"tags": {"kompox-disk-assigned": "true", "kompox-disk-assigned-at": "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"}});
    let race = Race {
        when: When::Before,
        id: Some(world.id("disks", "db", "three")),
        write: RacingWrite::Merge(win),
    };
    world.fault(FaultRule::new("GET", "**/disks", FaultAction::Race(race)).after(1));
    let error = world.assign("db", "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("three"), "{error}");
    assert_eq!(world.assigned("db").await, ["three"]);
}

/// What a clearing by somebody else writes.
fn clearing(world: &World, disk: &str) -> FaultAction {
    let clear = json!({"tags": {"kompox-disk-assigned": "false", "kompox-disk-assigned-at": ""}});
    FaultAction::Race(Race {
        when: When::Before,
        id: Some(world.id("disks", "db", disk)),
        write: RacingWrite::Merge(clear),
    })
}

#[tokio::test]
async fn two_who_clear_each_others_new_mark_leave_one_assigned() {
    let world = three_disks().await;
    // One is assigned. We assign two. Between our mark and our clearing somebody assigns one again: that marks
    // one, which our clearing then hits, and clears two.
    world.fault(FaultRule::new("PATCH", "**/db-034d4d-one/**", clearing(&world, "two")).times(1));
    world.assign("db", "two").await.unwrap();
    assert_eq!(world.assigned("db").await, ["two"]);
    assert_eq!(writes(&world), 3, "mark, clear, and mark again without clearing");
}

#[tokio::test]
async fn two_flags_of_an_earlier_lost_race_and_two_who_assign_just_those_leave_one_assigned() {
    let world = three_disks().await;
    let id = world.id("disks", "db", "two");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["tags"]["kompox-disk-assigned"] = json!("true");
    world.emulator.put_resource(&id, raw).await.unwrap();
    // One leads, so assigning it only clears two; somebody who assigned two at the same time clears one.
    world.fault(FaultRule::new("PATCH", "**/db-034d4d-two/**", clearing(&world, "one")).times(1));
    world.assign("db", "one").await.unwrap();
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn where_the_target_is_deleted_meanwhile_the_disk_that_was_assigned_stays_so() {
    let world = three_disks().await;
    let race = Race {
        when: When::Before,
        id: Some(world.id("disks", "db", "two")),
        write: RacingWrite::Delete,
    };
    world.fault(FaultRule::new(
        "PATCH",
        "**/db-034d4d-one/**",
        FaultAction::Race(race),
    ));
    let error = world.assign("db", "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.to_string().contains("disk one is the assigned one"),
        "{error}"
    );
    assert_eq!(world.assigned("db").await, ["one"]);
}

#[tokio::test]
async fn a_disk_that_vanishes_while_it_is_cleared_is_no_obstacle() {
    let world = three_disks().await;
    let race = Race {
        when: When::Before,
        id: Some(world.id("disks", "db", "one")),
        write: RacingWrite::Delete,
    };
    world.fault(FaultRule::new(
        "PATCH",
        "**/db-034d4d-one/**",
        FaultAction::Race(race),
    ));
    world.assign("db", "two").await.unwrap();
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn b8_several_flags_are_one_assigned_disk_and_the_next_assignment_clears_them() {
    let world = three_disks().await;
    for name in ["two", "three"] {
        let id = world.id("disks", "db", name);
        let mut raw = world.emulator.resource(&id).await.unwrap();
        raw["tags"]["kompox-disk-assigned"] = json!("true");
        world.emulator.put_resource(&id, raw).await.unwrap();
    }
    assert_eq!(world.assigned("db").await, ["one"]);
    world.assign("db", "one").await.unwrap();
    for name in ["two", "three"] {
        assert_eq!(
            world.raw("disks", "db", name).await.unwrap()["tags"]["kompox-disk-assigned"],
            "false"
        );
    }
}

#[tokio::test]
async fn a_merge_that_takes_its_time_is_followed_to_its_end() {
    let timing = Timing {
        tags: Some(std::time::Duration::ZERO),
        polls: 2,
        ..Timing::zero()
    };
    let world = World::with(Options {
        timing,
        ..Options::default()
    })
    .await;
    world.create("db", "one").await.unwrap();
    world.create("db", "two").await.unwrap();
    world.assign("db", "two").await.unwrap();
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn a_reader_sees_one_assigned_disk_all_the_while() {
    let world = three_disks().await;
    let reader = async {
        let mut looks = 0;
        while looks < 60 {
            assert_eq!(world.assigned("db").await.len(), 1);
            looks += 1;
        }
    };
    let writer = async {
        for name in ["two", "three", "one", "two", "three", "one"] {
            world.assign("db", name).await.unwrap();
        }
    };
    futures::join!(reader, writer);
}

#[tokio::test]
async fn where_none_is_assigned_the_disk_is_marked_and_nothing_is_cleared() {
    let world = three_disks().await;
    let id = world.id("disks", "db", "one");
    let mut raw = world.emulator.resource(&id).await.unwrap();
    raw["tags"]["kompox-disk-assigned"] = json!("false");
    world.emulator.put_resource(&id, raw).await.unwrap();
    assert!(world.assigned("db").await.is_empty());
    world.emulator.clear_requests();
    assert!(world.assign("db", "two").await.unwrap().assigned);
    assert_eq!(world.assigned("db").await, ["two"]);
    assert_eq!(writes(&world), 1);
}

/// Two is being assigned, and whoever clears it in between leaves none; then this happens to its second mark.
async fn marked_again(then: impl FnOnce(&World) -> FaultAction) -> (World, Error) {
    let world = three_disks().await;
    let rules = [
        FaultRule::new("PATCH", "**/db-034d4d-one/**", clearing(&world, "two")).times(1),
        FaultRule::new("PATCH", "**/db-034d4d-two/**", then(&world)).after(1),
    ];
    world.emulator.set_faults(FaultPlan::new(rules)).unwrap();
    let error = world.assign("db", "two").await.unwrap_err();
    (world, error)
}

#[tokio::test]
async fn where_the_disk_that_is_to_be_marked_again_is_deleted_too_none_is_assigned_and_that_is_told() {
    let (world, error) = marked_again(|world| {
        FaultAction::Race(Race {
            when: When::Before,
            id: Some(world.id("disks", "db", "two")),
            write: RacingWrite::Delete,
        })
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.to_string().contains("none is assigned now"), "{error}");
    assert!(world.assigned("db").await.is_empty());
}

#[tokio::test]
async fn where_marking_again_is_refused_the_refusal_is_told() {
    let refusal = FaultAction::respond(403, "AuthorizationFailed", "No.");
    let (_, error) = marked_again(|_| refusal).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
}

#[tokio::test]
async fn a_flag_that_cannot_be_cleared_is_an_error() {
    let world = three_disks().await;
    let refusal = FaultAction::respond(403, "AuthorizationFailed", "No.");
    world.fault(FaultRule::new("PATCH", "**/db-034d4d-one/**", refusal));
    let error = world.assign("db", "two").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert_eq!(world.assigned("db").await, ["two"]);
}

#[tokio::test]
async fn only_what_is_flagged_is_cleared() {
    let world = three_disks().await;
    world.assign("db", "two").await.unwrap();
    assert_eq!(writes(&world), 2, "three was never flagged");
}

#[tokio::test]
async fn a_replica_that_does_not_list_the_disk_yet_is_asked_again_at_the_end() {
    let world = three_disks().await;
    let one = world.raw("disks", "db", "one").await.unwrap();
    let lagging = FaultAction::Respond(Respond {
        status: 200,
        body: Some(json!({ "value": [one] }).to_string()),
        ..Respond::default()
    });
    world.fault(FaultRule::new("GET", "**/disks", lagging).after(1).times(1));
    assert!(world.assign("db", "two").await.unwrap().assigned);
    assert_eq!(writes(&world), 2, "nothing is marked again");
}

#[tokio::test]
async fn a_replica_that_does_not_know_the_group_yet_is_asked_to_merge_again() {
    let world = three_disks().await;
    let lag = FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("PATCH", "**", lag).times(2));
    assert!(world.assign("db", "two").await.unwrap().assigned);
    assert_eq!(world.assigned("db").await, ["two"]);
}
