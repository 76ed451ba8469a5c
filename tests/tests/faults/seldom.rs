//! What random scenarios came upon once in a long while, made to happen every time.

use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, Options, Race, RacingWrite, ReplicationLag, Timing, When,
};
use kompox_domain::ErrorKind;
use kompox_tests::crash_points::Cloud;

use kompox_tests::operations::doing::Hands;

#[tokio::test]
async fn a_deletion_that_cannot_be_followed_is_not_over_because_a_replica_does_not_know_the_group() {
    let timing = Timing {
        polls: 3,
        ..Timing::zero()
    };
    let options = Options {
        timing,
        ..Options::default()
    };
    let cloud = Cloud::start(options).await;
    let (world, operator) = (cloud.world(), cloud.operator());
    let hands = Hands {
        world: &world,
        operator: &operator,
    };
    hands.create("db", "one", None).await.unwrap();
    hands.create("db", "two", None).await.unwrap();
    hands.snapshot("snap", None).await.unwrap();
    let refused = || FaultAction::respond(403, "AuthorizationFailed", "No.");
    let lag = || FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    cloud.set_faults(FaultPlan::new([
        FaultRule::new("GET", "**/DiskOperations/*", refused()),
        FaultRule::new("GET", "**/disks/*", lag()).times(1),
        FaultRule::new("GET", "**/snapshots/*", lag()).times(1),
    ]));
    hands.delete("two", false).await.unwrap();
    let disk = world.id("disks", "db", "two");
    assert!(cloud.emulator.resource(&disk).await.is_none(), "{disk}");
    hands.delete_snapshot("snap").await.unwrap();
    let snapshot = world.id("snapshots", "db", "snap");
    assert!(cloud.emulator.resource(&snapshot).await.is_none(), "{snapshot}");
}

#[tokio::test]
async fn where_the_assigned_disk_is_deleted_while_another_flag_is_cleared_that_one_is_assigned_in_the_end() {
    let cloud = Cloud::start(Options::default()).await;
    let (world, operator) = (cloud.world(), cloud.operator());
    let hands = Hands {
        world: &world,
        operator: &operator,
    };
    for name in ["one", "two", "three"] {
        hands.create("db", name, None).await.unwrap();
        // Flags of lost races: that of one is the greatest, and that of three, without a time, the least.
        let at = match name {
            "one" => "03ZZZZZZZZZZZZZZZZZZZZZZZZ",
            "two" => "02ZZZZZZZZZZZZZZZZZZZZZZZZ",
            _ => "",
        };
        let flag = |raw: &mut serde_json::Value| {
            raw["tags"]["kompox-disk-assigned"] = "true".into();
            raw["tags"]["kompox-disk-assigned-at"] = at.into();
        };
        world.edit(&world.id("disks", "db", name), flag).await;
    }
    let race = Race {
        when: When::Before,
        id: Some(world.id("disks", "db", "one")),
        write: RacingWrite::Delete,
    };
    let rule = FaultRule::new("PATCH", "**", FaultAction::Race(race)).times(1);
    cloud.set_faults(FaultPlan::new([rule]));
    let error = hands.assign("one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.to_string().contains("disk two is the assigned one"),
        "{error}"
    );
}
