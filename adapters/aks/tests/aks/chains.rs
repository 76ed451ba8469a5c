//! How many requests depend on one another: read off the request log, where each takes a while.

use std::time::Duration;

use kompox_azure_emulator::{Emulator, LoggedRequest, RequestKind};

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

/// What `work` asks of Azure while each request takes so long that what this machine does between two of them, however
/// busy it is, is little beside it.
pub(crate) async fn slowly<T>(emulator: &Emulator, work: impl Future<Output = T>) -> (T, Vec<LoggedRequest>) {
    emulator.clear_requests();
    emulator.set_latency(Duration::from_millis(400));
    let done = work.await;
    emulator.set_latency(Duration::ZERO);
    let requests = emulator.requests();
    emulator.clear_requests();
    (done, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_a_disk_takes_four_dependent_requests_at_most() {
    let world = World::new().await;
    for disk in ["one", "two"] {
        let (created, requests) = slowly(&world.emulator, world.create("db", disk)).await;
        created.unwrap();
        assert!(depth(&requests) <= 4, "{disk}: {requests:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_takes_four_dependent_requests_at_most_whatever_the_number_of_disks() {
    let world = World::new().await;
    for index in 0..12 {
        world.create("db", &format!("d{index}")).await.unwrap();
        let id = world.id("disks", "db", &format!("d{index}"));
        let mut raw = world.emulator.resource(&id).await.unwrap();
        raw["tags"]["kompox-disk-assigned"] = serde_json::json!("true");
        world.emulator.put_resource(&id, raw).await.unwrap();
    }
    for (disk, wanted) in [("d7", 12), ("d3", 2)] {
        let (assigned, requests) = slowly(&world.emulator, world.assign("db", disk)).await;
        assigned.unwrap();
        let writes = |request: &&LoggedRequest| request.kind == RequestKind::Write;
        assert_eq!(requests.iter().filter(writes).count(), wanted);
        assert!(depth(&requests) <= 4, "{disk}: {requests:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_a_restore_take_four_dependent_requests_at_most() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    let (taken, requests) = slowly(&world.emulator, world.snapshot("db", "snap")).await;
    taken.unwrap();
    assert!(depth(&requests) <= 4, "{requests:#?}");
    let (restored, requests) = slowly(&world.emulator, world.restore("db", "snap", "two")).await;
    restored.unwrap();
    assert!(depth(&requests) <= 4, "{requests:#?}");
}

#[tokio::test]
async fn listing_is_one_request_also_for_all_volumes() {
    let world = World::new().await;
    world.create("db", "one").await.unwrap();
    world.create("data", "one").await.unwrap();
    world.emulator.clear_requests();
    let volumes = &world.app.app.volumes[..2];
    let disks = world
        .driver
        .volumes()
        .unwrap()
        .disk_list(&world.cx, &world.app, volumes)
        .await
        .unwrap();
    assert_eq!(disks.len(), 2);
    assert_eq!(world.emulator.requests().len(), 1);
}
