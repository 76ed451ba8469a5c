//! Tags that others have set on what is ours: they stay, ours stay ours, and they are no difference to the configuration.

use kompox_azure_emulator::{FaultAction, FaultRule, RequestKind};
use kompox_domain::ErrorKind;
use kompox_domain::cluster::{ChangeAction, Plan};
use serde_json::{Value, json};

use crate::clusters::{GROUP, Operator, World};

/// A cluster with all that takes tags.
const WHOLE: &[(&str, &str)] = &[("AZURE_APPLICATION_INSIGHTS", "true")];

fn operator(world: &World, more: &[(&str, &str)]) -> Operator {
    let settings: Vec<(&str, &str)> = WHOLE.iter().chain(more).copied().collect();
    world.operator(&settings)
}

/// Everything of the cluster that takes tags: the group and what is in it, and the stack.
async fn holders(world: &World) -> Vec<String> {
    let mut ids = vec![world.group_id(), world.stack_id()];
    for resource in world.emulator.resources(&world.group_id()).await {
        let tagged = resource["tags"]["kompox-cluster"].is_string()
            || resource["properties"]["tags"]["kompox-cluster"].is_string();
        ids.extend(tagged.then(|| resource["id"].as_str().unwrap().to_owned()));
    }
    ids
}

fn tags_of(resource: &mut Value) -> &mut Value {
    if resource["type"]
        .as_str()
        .is_some_and(|kind| kind.to_lowercase().ends_with("/agentpools"))
    {
        &mut resource["properties"]["tags"]
    } else {
        &mut resource["tags"]
    }
}

async fn tag(world: &World, id: &str, change: impl Fn(&mut Value)) {
    world.edit(id, |resource| change(tags_of(resource))).await;
}

/// A provisioned cluster, on everything of which somebody has set tags.
async fn tagged() -> (World, Vec<String>) {
    let world = World::new().await;
    operator(&world, &[]).provision().await.unwrap();
    let ids = holders(&world).await;
    for id in &ids {
        tag(&world, id, |tags| {
            tags["costCenter"] = json!(format!("of {id}"));
            tags["[odd]"] = json!("[resourceGroup().name]");
        })
        .await;
    }
    world.requests();
    (world, ids)
}

#[tokio::test]
async fn tags_of_others_survive_every_put_of_the_stack() {
    let (world, ids) = tagged().await;
    for kind in [
        "vaults",
        "workspaces",
        "dataCollectionRules",
        "components",
        "registries",
        "userAssignedIdentities",
        "managedClusters",
        "agentPools",
        "resourceGroups",
        "deploymentStacks",
    ] {
        assert!(
            ids.iter().any(|id| id.rsplit('/').nth(1) == Some(kind)),
            "{kind}: {ids:#?}"
        );
    }
    let changed = operator(&world, &[("AZURE_AKS_SKU_TIER", "Standard")]);
    changed.provision().await.unwrap();
    changed.force().await.unwrap();
    for id in &ids {
        let mut resource = world.emulator.resource(id).await.unwrap();
        let tags = tags_of(&mut resource);
        assert_eq!(tags["costCenter"], json!(format!("of {id}")));
        assert_eq!(tags["[odd]"], "[resourceGroup().name]", "{id}");
        assert_eq!(tags["kompox-cluster"], "ws1/prv1/c1", "{id}");
    }
    // The system pool is put with the managed cluster, not by itself.
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let pool = &cluster["properties"]["agentPoolProfiles"][0];
    assert_eq!(pool["name"], "system");
    let told = pool["tags"]["costCenter"].as_str().unwrap();
    assert!(told.ends_with("/agentPools/system"), "{told}");
}

#[tokio::test]
async fn tags_of_others_are_no_reason_to_put_the_stack_and_no_difference() {
    let (world, _) = tagged().await;
    let same = operator(&world, &[]);
    assert_eq!(same.plan().await.unwrap(), Plan::default());
    assert_eq!(same.provision().await.unwrap(), Plan::default());
    assert_eq!(world.writes(), Vec::<String>::new());
    let status = same
        .driver
        .clusters()
        .unwrap()
        .status(&same.cx, &same.scope)
        .await
        .unwrap();
    assert!(status.drift.is_empty(), "{:?}", status.drift);
    let plan = operator(&world, &[("AZURE_AKS_SKU_TIER", "Standard")])
        .plan()
        .await
        .unwrap();
    let inputs: Vec<&str> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["skuTier"]);
    assert!(
        plan.of(ChangeAction::Update)
            .all(|change| !change.resource.contains("/vaults/")),
        "{plan:?}"
    );
}

#[tokio::test]
async fn a_tag_of_ours_with_somebodys_value_or_in_another_case_is_ours_again() {
    let (world, ids) = tagged().await;
    let vault = ids.iter().find(|id| id.contains("/vaults/")).unwrap();
    tag(&world, vault, |tags| {
        let created = tags["kompox-created"].clone();
        *tags = json!({"Managed-By": "somebody", "KOMPOX-Cluster": "x/y/z", "kompox-created": created, "theirs": "1"});
    })
    .await;
    operator(&world, &[]).force().await.unwrap();
    let vault = world.emulator.resource(vault).await.unwrap();
    let tags = vault["tags"].as_object().unwrap();
    let of = |name: &str| {
        let found = tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("managed-by"), ["kompox"]);
    assert_eq!(of("kompox-cluster"), ["ws1/prv1/c1"]);
    assert_eq!((tags.len(), of("theirs")), (4, vec!["1"]));
}

#[tokio::test]
async fn a_group_of_somebody_else_is_not_written_and_what_is_in_it_keeps_its_tags() {
    let world = World::new().await;
    world.put_group(json!({"owner": "somebody"})).await;
    let adopting = operator(&world, &[("AZURE_RESOURCE_GROUP_ADOPT", "use")]);
    adopting.provision().await.unwrap();
    let ids = holders(&world).await;
    let vault = ids.iter().find(|id| id.contains("/vaults/")).unwrap();
    tag(&world, vault, |tags| tags["costCenter"] = json!("7")).await;
    adopting.force().await.unwrap();
    let group = world.emulator.resource(&world.group_id()).await.unwrap();
    assert_eq!(group["tags"], json!({"owner": "somebody"}));
    let stack = world.stack().await;
    assert_eq!(
        stack["properties"]["parameters"]["foreignTags"]["value"]["resourceGroup"],
        json!({})
    );
    let vault = world.emulator.resource(vault).await.unwrap();
    assert_eq!(vault["tags"]["costCenter"], "7");
}

/// How often the resources of the group were listed.
fn listings(world: &World) -> usize {
    let requests = world.requests().into_iter();
    requests
        .filter(|request| {
            request
                .path
                .to_lowercase()
                .contains(&format!("/{GROUP}/resources"))
        })
        .count()
}

#[tokio::test]
async fn tags_are_listed_once_and_only_where_something_is_there_and_put() {
    let world = World::new().await;
    let first = operator(&world, &[]);
    first.provision().await.unwrap();
    assert_eq!(listings(&world), 0, "a first creation");
    first.provision().await.unwrap();
    assert_eq!(listings(&world), 0, "nothing to do");
    first.force().await.unwrap();
    assert_eq!(listings(&world), 1);
}

#[tokio::test]
async fn where_tags_of_others_cannot_be_read_nothing_is_written() {
    let (world, _) = tagged().await;
    for (answer, kind) in [
        (
            FaultAction::respond(403, "AuthorizationFailed", "No."),
            ErrorKind::PermissionDenied,
        ),
        (FaultAction::MalformedBody, ErrorKind::Unavailable),
    ] {
        world.fault(FaultRule::new("GET", &format!("**/{GROUP}/resources"), answer));
        let error = operator(&world, &[]).force().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let written = world
            .requests()
            .into_iter()
            .any(|request| request.kind == RequestKind::Write);
        assert!(!written);
    }
}

#[tokio::test]
async fn more_tags_than_fit_beside_ours_are_told_before_anything_is_written() {
    let (world, ids) = tagged().await;
    let vault = ids.iter().find(|id| id.contains("/vaults/")).unwrap();
    tag(&world, vault, |tags| {
        *tags = (0..50).map(|at| (format!("t{at}"), json!("v"))).collect();
    })
    .await;
    world.requests();
    let error = operator(&world, &[]).force().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    assert!(error.to_string().contains("has 50 tags of others"), "{error}");
    assert_eq!(world.writes(), Vec::<String>::new());
}
