//! What is repeated, what is not, and for how long.

use kompox_domain::hint::in_words;
use std::time::Duration;

use kompox_arm::{ArmError, ArmRequest};
use kompox_azure_emulator::{FaultAction, FaultRule, ReplicationLag, RequestKind};
use kompox_domain::{Error, ErrorKind, WriteOutcome};

use crate::support::{World, client, state};

#[tokio::test]
async fn trouble_that_passes_is_survived() {
    let world = World::new().await;
    let troubles = [
        FaultAction::respond_retry_after(429, "TooManyRequests", 0),
        FaultAction::respond(500, "InternalServerError", "Oops."),
        FaultAction::respond(503, "ServerBusy", "Busy."),
        FaultAction::respond(408, "RequestTimeout", "Slow."),
        FaultAction::ResetBefore,
        FaultAction::ResetAfter,
        FaultAction::TruncateBody,
    ];
    for (index, trouble) in troubles.into_iter().enumerate() {
        world.fault(FaultRule::new("PUT", "**/disks/*", trouble.clone()).times(2));
        let response = world
            .run(&world.put_disk(&format!("d{index}")))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(state(&response), "Succeeded", "{trouble:?}");
        assert_eq!(world.logged(RequestKind::Write).len(), 3, "{trouble:?}");
        world.emulator.clear_requests();
    }
}

#[tokio::test]
async fn trouble_that_stays_ends_with_its_cause() {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "GET",
        "**/disks/*",
        FaultAction::respond(503, "ServerBusy", "Busy."),
    ));
    let error = world
        .arm
        .send(&world.cx, &ArmRequest::get(world.url(&world.disk_id("d"))))
        .await
        .unwrap_err();
    assert_eq!(world.logged(RequestKind::Read).len(), 5);
    let error = Error::from(error);
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, Some("ServerBusy"))
    );
    assert!(error.correlation_id().is_some());
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "PUT",
        "**/disks/*",
        FaultAction::respond(409, "ScopeLocked", "Locked."),
    ));
    let error = world.run(&world.put_disk("d")).await.unwrap_err();
    assert_eq!(error.code(), Some("ScopeLocked"));
    assert_eq!(world.logged(RequestKind::Write).len(), 1);
}

#[tokio::test]
async fn throttling_beyond_the_deadline_says_how_long_azure_asks_to_wait() {
    let world = World::new().await;
    world.fault(FaultRule::new(
        "GET",
        "**",
        FaultAction::respond_retry_after(429, "TooManyRequests", 3600),
    ));
    let cx = world.deadline(Duration::from_secs(30));
    let error = world
        .arm
        .send(&cx, &ArmRequest::get(world.url(&world.disk_id("d"))))
        .await
        .unwrap_err();
    assert_eq!(world.logged(RequestKind::Read).len(), 1);
    assert_eq!(Error::from(error).kind(), ErrorKind::Throttled);
}

#[tokio::test]
async fn a_group_that_a_replica_does_not_know_yet_is_waited_for_only_where_it_is_known() {
    let world = World::new().await;
    let lag = || FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound);
    world.fault(FaultRule::new("PUT", "**/disks/*", lag()).times(3));
    assert!(world.run(&world.put_disk("d").in_known_group()).await.is_ok());
    world.fault(FaultRule::new("PUT", "**/disks/*", lag()).times(3));
    assert!(
        world
            .run(&world.put_disk("e"))
            .await
            .unwrap_err()
            .is_group_not_found()
    );
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline() {
    let world = World::new().await;
    world.fault(FaultRule::new("GET", "**/disks/*", FaultAction::Hang));
    let cx = world.deadline(Duration::from_millis(200));
    let error = world
        .arm
        .send(&cx, &ArmRequest::get(world.url(&world.disk_id("d"))))
        .await
        .unwrap_err();
    assert!(matches!(error, ArmError::Deadline { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable_with_advice() {
    let world = World::new().await;
    let arm = client(&world.emulator);
    let (url, cx) = (world.url(&world.group), world.cx.clone());
    world.emulator.shutdown().await;
    let error = Error::from(arm.send(&cx, &ArmRequest::get(url)).await.unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(in_words(error.hints()).contains("HTTPS_PROXY"));
}

#[tokio::test]
async fn a_delete_that_is_told_that_nothing_is_there_is_not_done_while_reading_shows_it() {
    let world = World::new().await;
    world.run(&world.put_disk("d")).await.unwrap();
    let delete = ArmRequest::delete(world.url(&world.disk_id("d")));
    let nothing = |code| {
        FaultRule::new(
            "DELETE",
            "**/disks/*",
            FaultAction::respond(404, code, "Nothing."),
        )
    };
    for code in [
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "SubscriptionNotFound",
    ] {
        world.fault(nothing(code));
        let error = world.run(&delete).await.unwrap_err();
        assert!(!error.is_not_found(), "{code}: {error:?}");
        assert_eq!(Error::from(error).kind(), ErrorKind::Unavailable, "{code}");
    }
    // A replica that lags behind learns of it.
    world.fault(nothing("ResourceNotFound").times(2));
    world.run(&delete).await.unwrap();
    assert!(world.emulator.resource(&world.disk_id("d")).await.is_none());
}

#[tokio::test]
async fn a_delete_that_is_told_that_nothing_is_there_says_so_once_reading_agrees() {
    let world = World::new().await;
    let nothing = FaultAction::respond(404, "ResourceNotFound", "Nothing.");
    world.fault(FaultRule::new("DELETE", "**/disks/*", nothing));
    let cx = world.cx.within();
    let delete = ArmRequest::delete(world.url(&world.disk_id("d")));
    let error = world.arm.send(&cx, &delete).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!(cx.outcome(), WriteOutcome::NotDone);
}
