//! The node group that a managed cluster brings along and takes along.

use kompox_azure_emulator::Options;
use serde_json::json;

use crate::client::{Azure, cluster, group, small_cluster};

#[tokio::test]
async fn a_cluster_brings_a_node_group_and_takes_it_along() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = small_cluster();
    body["tags"] = json!({ "k": "v" });
    azure.cluster("aks1", body).await;
    let nodes = azure.get(&group("MC_rg_aks1_japaneast")).await.expect(200).body;
    assert_eq!(nodes["managedBy"], azure.cluster_id("aks1"));
    assert_eq!(nodes["tags"]["k"], "v");
    let kinds = azure
        .get("~/resourceGroups/MC_rg_aks1_japaneast/resources?api-version=2024-11-01")
        .await
        .expect(200);
    let mut kinds: Vec<&str> = kinds.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds.iter().map(|kind| kind.to_lowercase()).collect::<Vec<_>>(),
        [
            "microsoft.compute/virtualmachinescalesets",
            "microsoft.managedidentity/userassignedidentities",
            "microsoft.network/loadbalancers",
            "microsoft.network/publicipaddresses",
        ]
    );
    let disk = azure.id("resourceGroups/MC_rg_aks1_japaneast/providers/Microsoft.Compute/disks/pvc-1");
    azure
        .emulator
        .put_resource(&disk, json!({ "location": "japaneast" }))
        .await
        .unwrap();
    // Nobody else makes such a group's contents, or a cluster in a group that is there.
    azure
        .put(
            "~/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/x?api-version=2024-05-01",
            json!({ "location": "japaneast" }),
        )
        .await
        .refused(501, "NotImplemented");
    let mut other = small_cluster();
    other["properties"]["nodeResourceGroup"] = "MC_rg_aks1_japaneast".into();
    azure
        .put(&cluster("aks2"), other)
        .await
        .refused(400, "NodeResourceGroupAlreadyExists");
    azure.delete(&cluster("aks1")).await.expect(202);
    azure
        .get(&group("MC_rg_aks1_japaneast"))
        .await
        .refused(404, "ResourceGroupNotFound");
    assert!(azure.emulator.resource(&disk).await.is_none());
}

#[tokio::test]
async fn a_node_group_that_somebody_deletes_is_gone_and_one_that_is_locked_keeps_its_cluster() {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    let lock = "~/resourceGroups/MC_rg_aks1_japaneast/providers/Microsoft.Authorization/locks/l?api-version=2020-05-01";
    azure
        .put(lock, json!({ "properties": { "level": "CanNotDelete" } }))
        .await
        .expect(201);
    azure.delete(&cluster("aks1")).await.refused(409, "ScopeLocked");
    azure.delete(lock).await;
    azure.delete(&group("MC_rg_aks1_japaneast")).await.expect(202);
    azure
        .get(&group("MC_rg_aks1_japaneast"))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure.cluster("aks1", small_cluster()).await;
    azure
        .get(&group("MC_rg_aks1_japaneast"))
        .await
        .refused(404, "ResourceGroupNotFound");
    azure.delete(&cluster("aks1")).await.expect(202);
    azure.get(&cluster("aks1")).await.expect(404);
}

#[tokio::test]
async fn a_group_that_is_deleted_takes_its_clusters_node_groups_along() {
    let azure = Azure::with_group(Options::default()).await;
    azure.cluster("aks1", small_cluster()).await;
    azure.delete(&group("rg")).await.expect(202);
    azure
        .get(&group("MC_rg_aks1_japaneast"))
        .await
        .refused(404, "ResourceGroupNotFound");
}
