//! Encryption of the disks of nodes: where the machines run, and with a key of one's own.

use kompox_domain::ErrorKind;
use kompox_domain::cluster::{Plan, Verdict};
use serde_json::{Value, json};

use crate::clusters::{Operator, World, whole};

const AT_HOST: (&str, &str) = ("AZURE_AKS_ENCRYPTION_AT_HOST", "true");
const SET: &str = "AZURE_AKS_DISK_ENCRYPTION_SET_ID";
const FEATURE: &str = "Microsoft.Compute/EncryptionAtHost";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

async fn checked(operator: &Operator, kind: &str) -> Vec<(Verdict, String)> {
    let checks = operator
        .driver
        .clusters()
        .unwrap()
        .check(&operator.cx, &operator.scope)
        .await;
    let checks = checks.unwrap();
    let of_kind = checks.iter().filter(|check| check.kind == kind);
    of_kind
        .map(|check| (check.verdict, check.message.clone()))
        .collect()
}

async fn refused(operator: &Operator, fragment: &str) {
    for outcome in [operator.plan().await, operator.provision().await] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{}", whole(&error));
        assert!(error.to_string().contains(fragment), "{error}");
    }
}

/// A set in this region.
async fn set(world: &World, name: &str, location: &str) -> String {
    let id = format!(
        "{}/resourceGroups/rg-keys/providers/Microsoft.Compute/diskEncryptionSets/{name}",
        world.subscription()
    );
    let group = format!("{}/resourceGroups/rg-keys", world.subscription());
    let body = json!({ "location": location, "properties": { "provisioningState": "Succeeded" } });
    for id in [&group, &id] {
        world.emulator.put_resource(id, body.clone()).await.unwrap();
    }
    id
}

#[tokio::test]
async fn encryption_at_host_takes_a_registration_and_is_told_with_the_command_for_it() {
    let world = World::new().await;
    let operator = world.operator(&[AT_HOST]);
    let found = checked(&operator, "encryptionAtHost").await;
    assert_eq!(found[0].0, Verdict::Fail, "{found:?}");
    let error = operator.provision().await.unwrap_err();
    assert!(whole(&error).contains("EncryptionAtHost"), "{}", whole(&error));
    assert!(whole(&error).contains("az feature register"), "{}", whole(&error));
    world.emulator.set_feature(FEATURE, true).await.unwrap();
    let found = checked(&operator, "encryptionAtHost").await;
    assert_eq!(found[0].0, Verdict::Pass, "{found:?}");
    assert_eq!(checked(&world.operator(&[]), "encryptionAtHost").await, []);
    let old = world.operator(&[AT_HOST, ("AZURE_AKS_USER_VM_SIZE", "Standard_A2_v2")]);
    let found = checked(&old, "skus").await;
    assert!(
        found
            .iter()
            .any(|(verdict, message)| *verdict == Verdict::Fail && message.contains("encrypt at host")),
        "{found:?}"
    );
}

#[tokio::test]
async fn every_pool_is_encrypted_at_host_from_its_creation_on() {
    let world = World::new().await;
    world.emulator.set_feature(FEATURE, true).await.unwrap();
    let operator = world.operator(&[AT_HOST]);
    operator.provision().await.unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let pools = cluster["properties"]["agentPoolProfiles"].as_array().unwrap();
    assert_eq!(pools.len(), 2);
    for pool in pools {
        assert_eq!(pool["enableEncryptionAtHost"], true, "{pool}");
    }
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    world.requests();
    refused(
        &world.operator(&[]),
        "encryption at host of node pool system is on and would be off",
    )
    .await;
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_without_encryption_at_host_does_not_get_it_later() {
    let world = World::new().await;
    world.emulator.set_feature(FEATURE, true).await.unwrap();
    world.operator(&[]).provision().await.unwrap();
    world.requests();
    refused(
        &world.operator(&[AT_HOST]),
        "encryption at host of node pool user is off and would be on",
    )
    .await;
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn nodes_disks_are_encrypted_with_the_key_of_a_set_that_the_cluster_may_read() {
    let world = World::new().await;
    let id = set(&world, "des1", "japaneast").await;
    let operator = world.operator(&[(SET, &id)]);
    let found = checked(&operator, "diskEncryptionSet").await;
    assert!(
        found.iter().all(|(verdict, _)| *verdict == Verdict::Pass),
        "{found:?}"
    );
    operator.provision().await.unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    assert_eq!(cluster["properties"]["diskEncryptionSetID"], id.as_str());
    let below = world.emulator.resources(&id).await;
    let roles: Vec<&Value> = below.iter().map(|role| &role["properties"]).collect();
    assert_eq!(roles.len(), 1, "{below:?}");
    assert!(
        roles[0]["roleDefinitionId"].as_str().unwrap().ends_with(READER),
        "{roles:?}"
    );
    assert_eq!(roles[0]["principalId"], cluster["identity"]["principalId"]);
    assert_eq!(operator.plan().await.unwrap(), Plan::default());
    world.requests();
    let other = set(&world, "des2", "japaneast").await;
    refused(
        &world.operator(&[(SET, &other)]),
        "the disk encryption set of the nodes is",
    )
    .await;
    refused(&world.operator(&[]), "would be none").await;
    assert_eq!(world.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn an_identity_of_the_stack_may_read_the_set_too() {
    let world = World::new().await;
    let id = set(&world, "des1", "japaneast").await;
    let network = format!(
        "{}/providers/Microsoft.Network/virtualNetworks/v",
        world.group_id().replace("rg-cluster", "rg-net")
    );
    let subnet = format!("{network}/subnets/nodes");
    for (id, body) in [
        (
            world.group_id().replace("rg-cluster", "rg-net"),
            json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}}),
        ),
        (
            network,
            json!({"location": "japaneast", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}}),
        ),
        (
            subnet.clone(),
            json!({"properties": {"addressPrefix": "10.1.0.0/16"}}),
        ),
    ] {
        world.emulator.put_resource(&id, body).await.unwrap();
    }
    world
        .operator(&[(SET, &id), ("AZURE_AKS_VNET_SUBNET_ID", &subnet)])
        .provision()
        .await
        .unwrap();
    let cluster = world.emulator.resource(&world.cluster_id().await).await.unwrap();
    let given = cluster["identity"]["userAssignedIdentities"].as_object().unwrap();
    let principal = &given.values().next().unwrap()["principalId"];
    let below = world.emulator.resources(&id).await;
    assert_eq!(below.len(), 1, "{below:?}");
    assert_eq!(&below[0]["properties"]["principalId"], principal);
}

#[tokio::test]
async fn a_set_that_nodes_cannot_use_is_found_before() {
    let world = World::new().await;
    let far = set(&world, "far", "westeurope").await;
    let none = far.replace("/far", "/none");
    let elsewhere = far.replace(
        &world.subscription(),
        "/subscriptions/00000000-0000-0000-0000-000000000009",
    );
    for (id, fragment) in [
        (&far, "lies in region westeurope"),
        (&none, "there is no disk encryption set none"),
        (
            &elsewhere,
            "lies in subscription 00000000-0000-0000-0000-000000000009",
        ),
    ] {
        let found = checked(&world.operator(&[(SET, id)]), "diskEncryptionSet").await;
        assert!(
            found
                .iter()
                .any(|(verdict, message)| *verdict == Verdict::Fail && message.contains(fragment)),
            "{fragment}: {found:?}"
        );
    }
}
