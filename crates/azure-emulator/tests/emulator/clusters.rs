//! Managed clusters: what they tell, what changes and what is refused.

use kompox_azure_emulator::Options;
use serde_json::{Value, json};

use crate::client::{Azure, CLUSTERS, below_cluster, cluster, cluster_with, small_cluster};

#[tokio::test]
async fn a_new_cluster_tells_its_names_identities_versions_and_power() {
    let azure = Azure::with_group(Options::default()).await;
    let body = cluster_with(json!({
        "oidcIssuerProfile": { "enabled": true },
        "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true } }
    }));
    let accepted = azure.put(&cluster("aks1"), body).await.expect(201);
    assert_eq!(accepted.body["properties"]["provisioningState"], "Creating");
    let made = azure.get(&cluster("aks1")).await.expect(200).body;
    let properties = &made["properties"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fqdn = text(&properties["fqdn"]);
    let label = fqdn.strip_suffix(".hcp.japaneast.azmk8s.io").unwrap();
    assert_eq!(label.strip_prefix("aks1-").unwrap().len(), 8);
    assert_eq!(
        text(&properties["azurePortalFQDN"]),
        format!("{label}.portal.hcp.japaneast.azmk8s.io")
    );
    assert_eq!(properties.get("privateFQDN"), None);
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["powerState"], json!({ "code": "Running" }));
    assert_eq!(properties["nodeResourceGroup"], "MC_rg_aks1_japaneast");
    assert_eq!(
        properties["kubernetesVersion"],
        properties["currentKubernetesVersion"]
    );
    assert_eq!(properties["maxAgentPools"], 100);
    let issuer = text(&properties["oidcIssuerProfile"]["issuerURL"]);
    assert!(issuer.starts_with("https://japaneast.oic.prod-aks.azure.com/") && issuer.ends_with('/'));
    assert!(made["identity"]["principalId"].is_string() && made["eTag"].is_string());
    for identity in [
        &properties["identityProfile"]["kubeletidentity"],
        &properties["addonProfiles"]["azureKeyvaultSecretsProvider"]["identity"],
    ] {
        let id = text(&identity["resourceId"]);
        assert!(id.contains("/resourceGroups/MC_rg_aks1_japaneast/"), "{id}");
        let stored = azure.emulator.resource(&id).await.unwrap();
        assert_eq!(stored["properties"]["principalId"], identity["objectId"]);
        assert_eq!(stored["properties"]["clientId"], identity["clientId"]);
    }
    let path = "Microsoft.ContainerService/managedClusters?api-version=2026-06-01";
    for list in [
        format!("~/resourceGroups/rg/providers/{path}"),
        format!("~/providers/{path}"),
    ] {
        assert_eq!(azure.get(&list).await.expect(200).names(), ["aks1"]);
    }
}

#[tokio::test]
async fn reading_a_cluster_and_putting_it_back_changes_nothing_but_the_etag_and_when_that_was() {
    let azure = Azure::with_group(Options::default()).await;
    let body = cluster_with(json!({
        "oidcIssuerProfile": { "enabled": true },
        "apiServerAccessProfile": { "enablePrivateCluster": true }
    }));
    let mut before = azure.cluster("aks1", body).await;
    let mut after = azure.cluster("aks1", before.clone()).await;
    assert_ne!(before["eTag"], after["eTag"]);
    for document in [&mut before, &mut after] {
        document["eTag"] = Value::Null;
        document["systemData"]["lastModifiedAt"] = Value::Null;
        document["properties"]["agentPoolProfiles"][0]["eTag"] = Value::Null;
    }
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_a_put_leaves_out_stays() {
    let azure = Azure::with_group(Options::default()).await;
    let mut body = cluster_with(
        json!({ "kubernetesVersion": "1.35.2", "disableLocalAccounts": true, "aadProfile": {},
            "networkProfile": { "podCidr": "10.1.0.0/16" } }),
    );
    body["tags"] = json!({ "a": "1" });
    azure.cluster("aks1", body).await;
    let after = azure.cluster("aks1", json!({ "location": "japaneast", "properties": { "networkProfile": { "outboundType": "managedNATGateway" } } })).await;
    assert_eq!(after["properties"]["networkProfile"]["podCidr"], "10.1.0.0/16");
    assert_eq!(after["tags"], json!({ "a": "1" }));
    assert_eq!(after["properties"]["kubernetesVersion"], "1.35.2");
    assert_eq!(after["properties"]["disableLocalAccounts"], true);
    assert_eq!(after["properties"]["agentPoolProfiles"][0]["count"], 2);
}

#[tokio::test]
async fn a_cluster_goes_from_one_outbound_type_to_another_as_far_as_its_network_allows() {
    let azure = Azure::with_group(Options::default()).await;
    let path = "resourceGroups/rg/providers/Microsoft.";
    let subnet = azure.id(&format!("{path}Network/virtualNetworks/v/subnets/s"));
    let identity = azure.id(&format!("{path}ManagedIdentity/userAssignedIdentities/cp"));
    let given = json!({ "properties": { "principalId": "p", "clientId": "c" } });
    for (id, body) in [(&subnet, json!({})), (&identity, given)] {
        azure.emulator.put_resource(id, body).await.unwrap();
    }
    let of = |own: bool, outbound: &str| {
        let mut body = cluster_with(json!({ "networkProfile": { "outboundType": outbound } }));
        if outbound == "none" {
            body["properties"]["bootstrapProfile"] = json!({ "artifactSource": "Cache" });
        }
        if own {
            body["properties"]["agentPoolProfiles"][0]["vnetSubnetID"] = subnet.clone().into();
            body["identity"] =
                json!({ "type": "UserAssigned", "userAssignedIdentities": { identity.clone(): {} } });
        }
        body
    };
    let managed = ["loadBalancer", "managedNATGateway", "none"];
    let byo = [
        "loadBalancer",
        "userAssignedNATGateway",
        "userDefinedRouting",
        "none",
    ];
    for (own, types, refused) in [
        (false, &managed[..], &[("managedNATGateway", "loadBalancer")][..]),
        (true, &byo[..], &[][..]),
    ] {
        for from in types {
            for to in types.iter().filter(|to| *to != from) {
                let name = format!("c{}", uuid::Uuid::new_v4().simple());
                azure.cluster(&name, of(own, from)).await;
                let answer = azure.put(&cluster(&name), of(own, to)).await;
                if refused.contains(&(from, to)) {
                    answer.refused(400, "PropertyChangeNotAllowed");
                } else {
                    answer.expect(200);
                }
                // The quota leaves room for a few at a time.
                azure
                    .emulator
                    .remove_resource(&azure.cluster_id(&name))
                    .await
                    .unwrap();
            }
        }
    }
    // Between the two kinds of network there is no way, nor into what only a preview has.
    azure.cluster("aks1", of(false, "loadBalancer")).await;
    for other in [
        "userDefinedRouting",
        "userAssignedNATGateway",
        "block",
        "managedNATGatewayV2",
    ] {
        let answer = azure.put(&cluster("aks1"), of(false, other)).await;
        assert_eq!(answer.status, 400, "{other}: {}", answer.text);
    }
    azure.cluster("aks2", of(true, "loadBalancer")).await;
    let answer = azure.put(&cluster("aks2"), of(true, "managedNATGateway")).await;
    answer.refused(400, "PropertyChangeNotAllowed");
    // Without a registry of its own no cluster is without a way out.
    let mut alone = of(false, "none");
    alone["properties"]
        .as_object_mut()
        .unwrap()
        .remove("bootstrapProfile");
    azure
        .put(&cluster("aks3"), alone)
        .await
        .refused(400, "UnsupportedOutboundType");
}

#[tokio::test]
async fn versions_are_listed_and_only_those_are_accepted() {
    let azure = Azure::with_group(Options::default()).await;
    let list = azure
        .get(&format!(
            "~/providers/Microsoft.ContainerService/locations/japaneast/kubernetesVersions?api-version={CLUSTERS}"
        ))
        .await
        .expect(200);
    let values = list.body["values"].as_array().unwrap().clone();
    let of = |minor: &str| values.iter().find(|entry| entry["version"] == minor).unwrap();
    assert_eq!(
        values.iter().filter(|entry| entry["isDefault"] == true).count(),
        1
    );
    assert_eq!(
        of("1.32")["capabilities"]["supportPlan"],
        json!(["AKSLongTermSupport"])
    );
    assert_eq!(
        of("1.36")["patchVersions"]["1.36.2"]["upgrades"],
        json!(["1.37.0", "1.37.1"])
    );
    let ask = async |version: &str| {
        azure
            .put(
                &cluster("aks1"),
                cluster_with(json!({ "kubernetesVersion": version })),
            )
            .await
    };
    for version in ["1.20.7", "1.36.99", "1.99", "latest"] {
        let refused = ask(version).await.refused(400, "K8sVersionNotSupported");
        assert!(refused.message().contains(version), "{}", refused.text);
        assert_eq!(refused.body["subcode"], "");
    }
    let long_term = ask("1.32.11").await.refused(400, "K8sVersionNotSupported");
    assert!(long_term.message().contains("Long-Term Support"));
    let mut premium =
        cluster_with(json!({ "kubernetesVersion": "1.32", "supportPlan": "AKSLongTermSupport" }));
    premium["sku"] = json!({ "name": "Base", "tier": "Premium" });
    let made = azure.cluster("lts", premium).await;
    assert_eq!(made["properties"]["kubernetesVersion"], "1.32");
    assert_eq!(made["properties"]["currentKubernetesVersion"], "1.32.11");
}

#[tokio::test]
async fn a_cluster_moves_up_one_minor_at_a_time_and_never_down() {
    let azure = Azure::with_group(Options::default()).await;
    azure
        .cluster("aks1", cluster_with(json!({ "kubernetesVersion": "1.35.2" })))
        .await;
    let ask =
        |version: &str| json!({ "location": "japaneast", "properties": { "kubernetesVersion": version } });
    for (version, verb) in [("1.34.5", "Downgrading"), ("1.37.0", "Upgrading")] {
        let refused = azure
            .put(&cluster("aks1"), ask(version))
            .await
            .refused(400, "OperationNotAllowed");
        assert!(refused.message().starts_with(verb), "{}", refused.text);
    }
    // The minor that runs already is no change.
    let same = azure.cluster("aks1", ask("1.35")).await;
    assert_eq!(same["properties"]["currentKubernetesVersion"], "1.35.2");
    let up = azure.cluster("aks1", ask("1.36.1")).await;
    assert_eq!(up["properties"]["currentKubernetesVersion"], "1.36.1");
    // The control plane alone.
    assert_eq!(
        up["properties"]["agentPoolProfiles"][0]["currentOrchestratorVersion"],
        "1.35.2"
    );
}

#[tokio::test]
async fn what_cannot_change_is_refused_by_name() {
    let azure = Azure::with_group(Options::default()).await;
    azure.group("other").await;
    azure.cluster("aks1", small_cluster()).await;
    for (change, property) in [
        (json!({ "dnsPrefix": "other" }), "properties.dnsPrefix"),
        (
            json!({ "nodeResourceGroup": "x" }),
            "properties.nodeResourceGroup",
        ),
        (
            json!({ "networkProfile": { "networkPlugin": "azure" } }),
            "properties.networkProfile.networkPlugin",
        ),
        (
            json!({ "apiServerAccessProfile": { "enablePrivateCluster": true } }),
            "properties.apiServerAccessProfile.enablePrivateCluster",
        ),
        (
            json!({ "agentPoolProfiles": [{ "name": "system", "vmSize": "Standard_D2s_v5" }] }),
            "agentPoolProfile.vmSize",
        ),
        (
            json!({ "agentPoolProfiles": [{ "name": "system", "availabilityZones": ["1"] }] }),
            "agentPoolProfile.availabilityZones",
        ),
        (
            json!({ "agentPoolProfiles": [{ "name": "system", "osDiskSizeGB": 64 }] }),
            "agentPoolProfile.osDiskSizeGB",
        ),
    ] {
        let refused = azure
            .put(
                &cluster("aks1"),
                json!({ "location": "japaneast", "properties": change }),
            )
            .await
            .refused(400, "PropertyChangeNotAllowed");
        assert_eq!(refused.body["target"], property);
    }
    azure
        .put(&cluster("aks1"), json!({ "location": "eastus" }))
        .await
        .refused(409, "InvalidResourceLocation");
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let azure = Azure::with_group(Options::default()).await;
    let zone = azure
        .id("resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io");
    let private = |more: Value| {
        let mut access = json!({ "enablePrivateCluster": true });
        for (key, value) in more.as_object().unwrap() {
            access[key] = value.clone();
        }
        cluster_with(json!({ "apiServerAccessProfile": access }))
    };
    let mut no_identity = small_cluster();
    no_identity.as_object_mut().unwrap().remove("identity");
    let mut unknown_identity = small_cluster();
    unknown_identity["identity"] = json!({ "type": "UserAssigned", "userAssignedIdentities": {
        azure.id("resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/none"): {} } });
    for (body, code) in [
        (
            private(json!({ "authorizedIPRanges": ["203.0.113.0/24"] })),
            "InvalidParameter",
        ),
        (
            private(json!({ "privateDNSZone": "none", "enablePrivateClusterPublicFQDN": false })),
            "InvalidParameter",
        ),
        (private(json!({ "privateDNSZone": zone })), "InvalidParameter"),
        (no_identity, "InvalidParameter"),
        (unknown_identity, "FailedIdentityOperation"),
        (cluster_with(json!({ "dnsPrefix": "-x" })), "InvalidParameter"),
        (
            cluster_with(json!({ "agentPoolProfiles": [] })),
            "InvalidParameter",
        ),
        (
            cluster_with(json!({ "agentPoolProfiles": [{ "name": "u", "mode": "User", "count": 1 }] })),
            "MustDefineAtLeastOneSystemPool",
        ),
        (
            cluster_with(json!({ "nodeResourceGroup": "rg" })),
            "NodeResourceGroupSameAsResourceGroup",
        ),
        (cluster_with(json!({ "enableRbac": true })), "UnmarshalError"),
        (
            cluster_with(json!({ "supportPlan": "AKSLongTermSupport" })),
            "InvalidParameter",
        ),
        (
            cluster_with(json!({ "networkProfile": { "outboundType": "userDefinedRouting" } })),
            "UnsupportedOutboundType",
        ),
        (
            cluster_with(json!({ "addonProfiles": { "omsagent": { "enabled": true,
                "config": { "logAnalyticsWorkspaceResourceID": azure.id("resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w") } } } })),
            "LogAnalyticsWorkspaceNotFound",
        ),
    ] {
        azure.put(&cluster("aks1"), body).await.refused(400, code);
    }
    assert!(azure.emulator.resource(&azure.cluster_id("aks1")).await.is_none());
}

#[tokio::test]
async fn a_private_cluster_has_a_private_name_and_hides_the_public_one_when_told_to() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure
        .cluster(
            "aks1",
            cluster_with(json!({ "apiServerAccessProfile": { "enablePrivateCluster": true } })),
        )
        .await;
    let public = made["properties"]["fqdn"].clone();
    let private = made["properties"]["privateFQDN"].as_str().unwrap().to_owned();
    let (label, zone) = private.split_once('.').unwrap();
    assert!(label.starts_with("aks1-"));
    let guid = zone.strip_suffix(".privatelink.japaneast.azmk8s.io").unwrap();
    assert_eq!(guid.len(), 36);
    assert_eq!(
        made["properties"]["apiServerAccessProfile"],
        json!({ "enablePrivateCluster": true, "enablePrivateClusterPublicFQDN": true, "privateDNSZone": "system" })
    );
    let update = |shown: bool| {
        json!({ "location": "japaneast", "properties": { "apiServerAccessProfile":
            { "enablePrivateCluster": true, "enablePrivateClusterPublicFQDN": shown } } })
    };
    let hidden = azure.cluster("aks1", update(false)).await;
    assert_eq!(hidden["properties"].get("fqdn"), None);
    assert_eq!(hidden["properties"]["privateFQDN"], private);
    let shown = azure.cluster("aks1", update(true)).await;
    assert_eq!(shown["properties"]["fqdn"], public);
}

#[tokio::test]
async fn a_zone_of_ones_own_names_the_cluster_and_needs_an_identity_of_ones_own() {
    let azure = Azure::with_group(Options::default()).await;
    let zone = azure
        .id("resourceGroups/rg/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io");
    let identity =
        azure.id("resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/cp");
    azure
        .emulator
        .put_resource(
            &identity,
            json!({ "properties": { "principalId": "p", "clientId": "c" } }),
        )
        .await
        .unwrap();
    let mut body = cluster_with(
        json!({ "apiServerAccessProfile": { "enablePrivateCluster": true, "privateDNSZone": zone } }),
    );
    body["identity"] = json!({ "type": "UserAssigned", "userAssignedIdentities": { identity.clone(): {} } });
    azure
        .put(&cluster("aks1"), body.clone())
        .await
        .refused(404, "LinkedResourceNotFound");
    azure.emulator.put_resource(&zone, json!({})).await.unwrap();
    let made = azure.cluster("aks1", body).await;
    assert_eq!(
        made["identity"]["userAssignedIdentities"][&identity],
        json!({ "principalId": "p", "clientId": "c" })
    );
    let name = made["properties"]["privateFQDN"].as_str().unwrap();
    assert!(
        name.starts_with("aks1-")
            && name.ends_with(".privatelink.japaneast.azmk8s.io")
            && name.matches('.').count() == 4,
        "{name}"
    );
}

#[tokio::test]
async fn the_dependencies_of_the_nodes_name_the_clusters_own_endpoint() {
    let azure = Azure::with_group(Options::default()).await;
    let made = azure.cluster("aks1", small_cluster()).await;
    let list = azure
        .get(&below_cluster("aks1", "/outboundNetworkDependenciesEndpoints"))
        .await
        .expect(200);
    let own = list.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["category"] == "apiserver")
        .unwrap();
    assert_eq!(own["endpoints"][0]["domainName"], made["properties"]["fqdn"]);
    azure
        .get(&below_cluster("none", "/outboundNetworkDependenciesEndpoints"))
        .await
        .refused(404, "ResourceNotFound");
}
