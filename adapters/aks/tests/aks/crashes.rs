//! Provisioning broken at each of the requests that matter: the next run converges, and nothing is there twice.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use kompox_azure_emulator::{FaultAction, FaultRule};
use kompox_domain::cluster::Plan;

use crate::clusters::{World, whole};

/// What provisioning asks for: reads before, validation, the write itself, and how it goes on.
const REQUESTS: [(&str, &str); 9] = [
    ("GET", "**/deploymentStacks/*"),
    ("GET", "**/resourceGroups/rg-cluster"),
    ("GET", "**/managedClusters"),
    ("POST", "**/validate"),
    ("GET", "**/operationresults/*"),
    ("PUT", "**/deploymentStacks/*"),
    ("GET", "**/deploymentStackOperationStatus/*"),
    ("GET", "**/deployments/*/operations"),
    ("PUT", "**/managedClusters/*"),
];

/// What there is in the end, and how often: by type and name, without what differs between subscriptions.
async fn contents(world: &World) -> BTreeMap<String, usize> {
    let stack = world.stack().await;
    assert_eq!(stack["properties"]["provisioningState"], "succeeded");
    let id = world.cluster_id().await;
    let token = id.rsplit_once("/aks-").unwrap().1;
    let mut found = BTreeMap::new();
    for resource in world.emulator.resources(&world.group_id()).await {
        let text = |key: &str| resource[key].as_str().unwrap_or_default().to_lowercase();
        let name = match text("type").as_str() {
            // Another run is another deployment.
            "microsoft.resources/deployments" => continue,
            "microsoft.authorization/roleassignments" => String::new(),
            _ => text("name").replace(token, ""),
        };
        *found.entry(format!("{} {name}", text("type"))).or_default() += 1;
    }
    found
}

async fn broken_at(method: &str, path: &str, trouble: FaultAction, kill: bool) -> BTreeMap<String, usize> {
    let point = format!("{method} {path} {trouble:?}");
    let world = World::new().await;
    world.fault(FaultRule::new(method, path, trouble));
    let first = world.operator(&[]);
    // Whoever waits for ever is killed.
    let patience = Duration::from_secs(if kill { 3 } else { 60 });
    let ended = tokio::time::timeout(patience, first.provision()).await;
    world.mend();
    let ulid = world.stack().await["tags"]["kompox-created"].clone();
    let second = world.operator(&[]);
    if let Err(error) = second.provision().await {
        panic!("{point}: {} (the first run gave {ended:?})", whole(&error));
    }
    assert_eq!(second.plan().await.unwrap(), Plan::default(), "{point}");
    if !ulid.is_null() {
        assert_eq!(world.stack().await["tags"]["kompox-created"], ulid, "{point}");
    }
    contents(&world).await
}

async fn everywhere(trouble: FaultAction, kill: bool) {
    let undisturbed = World::new().await;
    undisturbed.operator(&[]).provision().await.unwrap();
    let wanted = contents(&undisturbed).await;
    // What Azure itself asks for is not ours to be killed in.
    let requests = if kill {
        REQUESTS.split_last().unwrap().1
    } else {
        &REQUESTS
    };
    let points = requests
        .iter()
        .map(|(method, path)| broken_at(method, path, trouble.clone(), kill));
    for ((method, path), found) in requests.iter().zip(join_all(points).await) {
        assert_eq!(found, wanted, "{method} {path}");
    }
}

#[tokio::test]
async fn requests_that_are_lost_for_good_leave_nothing_that_the_next_run_does_not_set_right() {
    everywhere(FaultAction::ResetBefore, false).await;
}

#[tokio::test]
async fn answers_that_are_lost_for_good_leave_nothing_that_the_next_run_does_not_set_right() {
    everywhere(FaultAction::ResetAfter, false).await;
}

#[tokio::test]
async fn an_azure_in_trouble_leaves_nothing_that_the_next_run_does_not_set_right() {
    everywhere(FaultAction::respond(500, "InternalServerError", "Oops."), false).await;
}

#[tokio::test]
async fn a_kill_while_waiting_leaves_nothing_that_the_next_run_does_not_set_right() {
    everywhere(FaultAction::Hang, true).await;
}
