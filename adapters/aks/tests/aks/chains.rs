//! How many requests depend on one another: read off the request log, where each takes a while.

use std::time::Duration;

use kompox_azure_emulator::{LoggedRequest, Options, RequestKind};

use crate::support::World;

/// The longest chain of requests of which each began after the one before had ended. The token and polls are not
/// counted, and a listing is one request, however many pages it has.
pub(crate) fn depth(requests: &[LoggedRequest]) -> usize {
    let counted = |kind| matches!(kind, RequestKind::Read | RequestKind::Write);
    let requests: Vec<&LoggedRequest> = requests.iter().filter(|request| counted(request.kind)).collect();
    let mut depths: Vec<usize> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let before = requests
            .iter()
            .zip(&depths)
            .take(index)
            .filter(|(earlier, _)| earlier.ended.is_some_and(|ended| ended <= request.started))
            .map(|(_, depth)| *depth)
            .max()
            .unwrap_or(0);
        depths.push(before + 1);
    }
    depths.into_iter().max().unwrap_or(0)
}

async fn slow() -> World {
    World::with(Options {
        latency: Duration::from_millis(25),
        ..Options::default()
    })
    .await
}

fn log(world: &World) -> Vec<LoggedRequest> {
    let requests = world.emulator.requests();
    world.emulator.clear_requests();
    requests
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_disk_takes_four_dependent_requests_at_most() {
    let world = slow().await;
    world.create("db", "one").await.unwrap();
    let first = depth(&log(&world));
    world.create("db", "two").await.unwrap();
    let second = depth(&log(&world));
    assert!(first <= 4 && second <= 4, "{first} {second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_takes_four_dependent_requests_at_most_whatever_the_number_of_disks() {
    let world = slow().await;
    for index in 0..12 {
        world.create("db", &format!("d{index}")).await.unwrap();
        let id = world.id("disks", "db", &format!("d{index}"));
        let mut raw = world.emulator.resource(&id).await.unwrap();
        raw["tags"]["kompox-disk-assigned"] = serde_json::json!("true");
        world.emulator.put_resource(&id, raw).await.unwrap();
    }
    log(&world);
    world.assign("db", "d7").await.unwrap();
    let requests = log(&world);
    let writes = requests
        .iter()
        .filter(|request| request.kind == RequestKind::Write)
        .count();
    assert_eq!(writes, 12);
    assert!(depth(&requests) <= 4, "{requests:#?}");
    world.assign("db", "d3").await.unwrap();
    assert!(depth(&log(&world)) <= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_a_restore_take_four_dependent_requests_at_most() {
    let world = slow().await;
    world.create("db", "one").await.unwrap();
    log(&world);
    world.snapshot("db", "snap").await.unwrap();
    let snapshot = depth(&log(&world));
    world.restore("db", "snap", "two").await.unwrap();
    let restore = depth(&log(&world));
    assert!(snapshot <= 4 && restore <= 4, "{snapshot} {restore}");
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_is_one_request_also_for_all_volumes() {
    let world = slow().await;
    world.create("db", "one").await.unwrap();
    world.create("data", "one").await.unwrap();
    log(&world);
    let volumes = &world.app.app.volumes[..2];
    let disks = world
        .driver
        .disk_list(&world.cx, &world.app, volumes)
        .await
        .unwrap();
    assert_eq!(disks.len(), 2);
    assert_eq!(log(&world).len(), 1);
}
