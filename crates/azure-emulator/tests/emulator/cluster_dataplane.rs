//! Data plane and network policy of a cluster.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Answer, Azure, cluster, cluster_with};

const OVERLAY: (&str, &str) = ("azure", "overlay");

fn network(dataplane: &str, policy: &str) -> Value {
    let (plugin, mode) = OVERLAY;
    json!({ "networkPlugin": plugin, "networkPluginMode": mode, "networkDataplane": dataplane,
        "networkPolicy": policy })
}

async fn with_cluster(network: Value) -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .cluster("aks1", cluster_with(json!({ "networkProfile": network })))
        .await;
    azure
}

async fn change(azure: &Azure, network: Value) -> Answer {
    let body = json!({ "location": "japaneast", "properties": { "networkProfile": network } });
    let answer = azure.put(&cluster("aks1"), body).await;
    if answer.status < 300 {
        azure.finish(&answer).await;
    }
    answer
}

async fn told(azure: &Azure) -> (String, String) {
    let body = azure.get(&cluster("aks1")).await.expect(200).body;
    let of = |name: &str| {
        body["properties"]["networkProfile"][name]
            .as_str()
            .unwrap()
            .to_owned()
    };
    (of("networkDataplane"), of("networkPolicy"))
}

fn pair(dataplane: &str, policy: &str) -> (String, String) {
    (dataplane.to_owned(), policy.to_owned())
}

#[tokio::test]
async fn what_is_left_out_is_azures_data_plane_without_a_policy() {
    let (plugin, mode) = OVERLAY;
    let azure = with_cluster(json!({ "networkPlugin": plugin, "networkPluginMode": mode })).await;
    assert_eq!(told(&azure).await, pair("azure", "none"));
}

#[tokio::test]
async fn ciliums_data_plane_and_policy_need_each_other_and_the_plugin_of_azure() {
    let azure = Azure::with_group(Options::default()).await;
    let ask = async |network: Value| {
        azure
            .put(
                &cluster("aks1"),
                cluster_with(json!({ "networkProfile": network })),
            )
            .await
            .refused(400, "BadRequest")
    };
    let refused = ask(network("cilium", "azure")).await;
    assert_eq!(
        refused.message(),
        "Cilium dataplane requires network policy cilium."
    );
    ask(network("cilium", "none")).await;
    ask(network("azure", "cilium")).await;
    ask(json!({ "networkPlugin": "kubenet", "networkPolicy": "azure" })).await;
    azure
        .cluster(
            "aks1",
            cluster_with(json!({ "networkProfile": network("cilium", "cilium") })),
        )
        .await;
    assert_eq!(told(&azure).await, pair("cilium", "cilium"));
}

#[tokio::test]
async fn azures_policy_can_become_ciliums_and_nothing_goes_back_from_there() {
    let azure = with_cluster(network("azure", "azure")).await;
    // The policy that is there does not go with the new data plane: both must be sent.
    change(&azure, json!({ "networkDataplane": "cilium" }))
        .await
        .refused(400, "BadRequest");
    change(&azure, network("cilium", "cilium")).await.expect(200);
    assert_eq!(told(&azure).await, pair("cilium", "cilium"));
    for (dataplane, policy) in [("azure", "azure"), ("azure", "none")] {
        change(&azure, network(dataplane, policy))
            .await
            .refused(400, "PropertyChangeNotAllowed");
    }
    // What is left out stays.
    change(&azure, json!({ "outboundType": "loadBalancer" }))
        .await
        .expect(200);
    assert_eq!(told(&azure).await, pair("cilium", "cilium"));
}

#[tokio::test]
async fn a_policy_is_installed_and_uninstalled_and_azures_is_not_exchanged_for_calico() {
    let azure = with_cluster(network("azure", "azure")).await;
    change(&azure, json!({ "networkPolicy": "calico" }))
        .await
        .refused(400, "PropertyChangeNotAllowed");
    for policy in ["none", "calico", "none", "azure"] {
        change(&azure, json!({ "networkPolicy": policy }))
            .await
            .expect(200);
        assert_eq!(told(&azure).await, pair("azure", policy));
    }
}

#[tokio::test]
async fn the_data_plane_does_not_change_together_with_the_way_addresses_are_given() {
    let azure = with_cluster(json!({ "networkPlugin": "azure" })).await;
    change(&azure, network("cilium", "cilium"))
        .await
        .refused(400, "PropertyChangeNotAllowed");
    change(
        &azure,
        json!({ "networkDataplane": "cilium", "networkPolicy": "cilium" }),
    )
    .await
    .expect(200);
    assert_eq!(told(&azure).await, pair("cilium", "cilium"));
}
