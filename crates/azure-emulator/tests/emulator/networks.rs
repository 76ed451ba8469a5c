//! Networks and DNS zones, as far as others name them.

use kompox_azure_emulator::Options;
use serde_json::json;

use crate::client::Azure;

fn network(rest: &str) -> String {
    let version = match rest.split('/').next() {
        Some("dnsZones") => "2018-05-01",
        Some("privateDnsZones") => "2024-06-01",
        _ => "2024-05-01",
    };
    format!("~/resourceGroups/rg/providers/Microsoft.Network/{rest}?api-version={version}")
}

#[tokio::test]
async fn subnets_are_resources_and_part_of_their_network() {
    let azure = Azure::with_group(Options::default()).await;
    let body = json!({ "location": "japaneast", "properties": {
        "addressSpace": { "addressPrefixes": ["10.0.0.0/8"] },
        "subnets": [{ "name": "nodes", "properties": { "addressPrefix": "10.1.0.0/16" } }]
    } });
    let accepted = azure
        .put(&network("virtualNetworks/v"), body.clone())
        .await
        .expect(201);
    assert_eq!(azure.finish(&accepted).await.body["status"], "Succeeded");
    azure
        .get(&network("virtualNetworks/v/subnets/nodes"))
        .await
        .expect(200);
    let subnet = json!({ "properties": { "addressPrefix": "10.2.0.0/16" } });
    azure
        .put(&network("virtualNetworks/v/subnets/pods"), subnet)
        .await
        .expect(201);
    let whole = azure.get(&network("virtualNetworks/v")).await.expect(200).body;
    let names = |whole: &serde_json::Value| {
        let subnets = whole["properties"]["subnets"].as_array().unwrap();
        subnets
            .iter()
            .map(|subnet| subnet["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&whole), ["nodes", "pods"]);
    // What a body does not name goes; a body that names none lets all be.
    azure
        .put(&network("virtualNetworks/v"), body.clone())
        .await
        .expect(200);
    assert_eq!(
        names(&azure.get(&network("virtualNetworks/v")).await.body),
        ["nodes"]
    );
    let mut silent = body;
    silent["properties"].as_object_mut().unwrap().remove("subnets");
    azure.put(&network("virtualNetworks/v"), silent).await.expect(200);
    assert_eq!(
        names(&azure.get(&network("virtualNetworks/v")).await.body),
        ["nodes"]
    );
    let wrong = json!({ "properties": { "addressPrefix": "10.2.0.0" } });
    azure
        .put(&network("virtualNetworks/v/subnets/x"), wrong)
        .await
        .refused(400, "InvalidAddressPrefixFormat");
    azure
        .put(&network("virtualNetworks/w"), json!({ "location": "japaneast" }))
        .await
        .refused(400, "InvalidRequestFormat");
}

#[tokio::test]
async fn zones_are_global() {
    let azure = Azure::with_group(Options::default()).await;
    for kind in ["dnsZones", "privateDnsZones"] {
        let path = network(&format!("{kind}/example.com"));
        azure
            .put(&path, json!({ "location": "japaneast" }))
            .await
            .refused(400, "LocationNotAvailableForResourceType");
        azure
            .put(
                &network(&format!("{kind}/example")),
                json!({ "location": "global" }),
            )
            .await
            .refused(400, "BadRequest");
        let made = azure.put(&path, json!({ "location": "Global" })).await;
        assert!(matches!(made.status, 201 | 202), "{}", made.text);
        assert_eq!(azure.get(&path).await.expect(200).body["location"], "global");
        azure.delete(&path).await.expect(202);
        azure.get(&path).await.refused(404, "ResourceNotFound");
    }
}

#[tokio::test]
async fn a_private_zone_is_linked_to_networks_that_are_there() {
    let azure = Azure::with_group(Options::default()).await;
    let zone = network("privateDnsZones/example.com");
    azure
        .put(&zone, json!({ "location": "global" }))
        .await
        .expect(202);
    let link = network("privateDnsZones/example.com/virtualNetworkLinks/hub");
    let id = azure.id("resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub");
    let body = json!({ "location": "global", "properties": { "virtualNetwork": { "id": id } } });
    azure.put(&link, body.clone()).await.refused(400, "BadRequest");
    let hub = json!({ "location": "japaneast",
        "properties": { "addressSpace": { "addressPrefixes": ["10.2.0.0/16"] } } });
    azure.put(&network("virtualNetworks/hub"), hub).await.expect(201);
    azure.put(&link, body).await.expect(202);
    let links = azure
        .get(&network("privateDnsZones/example.com/virtualNetworkLinks"))
        .await
        .expect(200);
    assert_eq!(links.body["value"][0]["properties"]["virtualNetwork"]["id"], id);
    assert_eq!(links.body["value"].as_array().unwrap().len(), 1);
    let elsewhere = network("privateDnsZones/other.com/virtualNetworkLinks/hub");
    let body = json!({ "location": "global", "properties": { "virtualNetwork": { "id": id } } });
    azure
        .put(&elsewhere, body)
        .await
        .refused(404, "ParentResourceNotFound");
}
