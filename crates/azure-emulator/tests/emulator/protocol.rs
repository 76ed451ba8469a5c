//! What holds for every request: api-versions, headers, unknown paths, garbage, log and control endpoints.

use kompox_azure_emulator::{Emulator, Options, RequestKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Azure, DISKS, GROUPS, disk, empty_disk, group, http};

#[tokio::test]
async fn an_api_version_is_needed_well_formed_and_one_that_exists() {
    let azure = Azure::with_group(Options::default()).await;
    let disks = "~/resourceGroups/rg/providers/Microsoft.Compute/disks";
    azure.get(disks).await.refused(400, "MissingApiVersionParameter");
    azure
        .get(&format!("{disks}?api-version=newest"))
        .await
        .refused(400, "InvalidApiVersionParameter");
    azure
        .get(&format!("{disks}?api-version=2015-01-01"))
        .await
        .refused(400, "NoRegisteredProviderFound");
    azure
        .get(&format!("{disks}?api-version=2039-01-01-preview"))
        .await
        .refused(400, "NoRegisteredProviderFound");
    azure
        .get("~/resourcegroups?api-version=2014-01-01")
        .await
        .refused(400, "NoRegisteredProviderFound");
}

#[tokio::test]
async fn every_type_takes_the_api_versions_that_it_lists_and_names_them_when_it_refuses_another() {
    let azure = Azure::with_group(Options::default()).await;
    let providers = azure
        .get("~/providers?api-version=2025-04-01")
        .await
        .expect(200)
        .body;
    let mut types = 0;
    for provider in providers["value"].as_array().unwrap() {
        let namespace = provider["namespace"].as_str().unwrap();
        for listed in provider["resourceTypes"].as_array().unwrap() {
            types += 1;
            let names: Vec<String> = listed["resourceType"]
                .as_str()
                .unwrap()
                .split('/')
                .map(|kind| format!("{kind}/x"))
                .collect();
            let at = |version: &str| {
                format!(
                    "~/resourceGroups/rg/providers/{namespace}/{}?api-version={version}",
                    names.join("/")
                )
            };
            let versions = listed["apiVersions"].as_array().unwrap();
            assert!(versions.len() > 2, "{listed}");
            for version in versions {
                azure.get(&at(version.as_str().unwrap())).await.expect(404);
            }
            for absent in ["2039-01-01", "2019-12-24", "2010-01-01-preview"] {
                let answer = azure.get(&at(absent)).await;
                let answer = answer.refused(400, "NoRegisteredProviderFound");
                let all: Vec<&str> = versions.iter().map(|version| version.as_str().unwrap()).collect();
                assert!(answer.message().contains(&all.join(", ")), "{}", answer.message());
            }
        }
    }
    assert!(types > 20, "{types}");
}

#[tokio::test]
async fn what_belongs_to_no_provider_knows_its_api_versions_too() {
    let azure = Azure::with_group(Options::default()).await;
    for (path, exists) in [
        ("/tenants", "2022-12-01"),
        ("/subscriptions", "2022-12-01"),
        ("~/locations", "2022-12-01"),
        ("~/providers", "2025-04-01"),
        ("~/resources", "2024-11-01"),
        ("~/resourcegroups/rg", "2024-11-01"),
        ("~/tagNames", "2024-11-01"),
        ("~/providers/Microsoft.Authorization/permissions", "2022-04-01"),
        (
            "~/providers/Microsoft.Authorization/roleDefinitions",
            "2022-04-01",
        ),
        (
            "~/providers/Microsoft.Authorization/roleAssignments",
            "2022-04-01",
        ),
        ("~/providers/Microsoft.Authorization/locks", "2020-05-01"),
        ("~/providers/Microsoft.Compute/skus", "2021-07-01"),
        (
            "~/providers/Microsoft.Compute/locations/japaneast/usages",
            "2024-11-01",
        ),
        ("~/providers/Microsoft.Resources/deploymentStacks", "2025-07-01"),
        ("~/providers/Microsoft.Resources/deployments", "2025-04-01"),
        (
            "~/resourceGroups/rg/providers/Microsoft.Resources/tags/default",
            "2025-04-01",
        ),
        ("~/providers/Microsoft.KeyVault/deletedVaults", "2026-02-01"),
    ] {
        azure
            .get(&format!("{path}?api-version={exists}"))
            .await
            .expect(200);
        azure
            .get(&format!("{path}?api-version=2019-12-24"))
            .await
            .refused(400, "NoRegisteredProviderFound");
    }
}

#[tokio::test]
async fn what_is_unknown_is_refused_not_faked() {
    let azure = Azure::with_group(Options::default()).await;
    let at = |rest: &str| format!("~/resourceGroups/rg/providers/{rest}?api-version={DISKS}");
    azure
        .put(&at("Microsoft.Nothing/things/x"), json!({}))
        .await
        .refused(404, "InvalidResourceNamespace");
    let answer = azure
        .get(&at("Microsoft.Compute/toasters/x"))
        .await
        .refused(404, "InvalidResourceType");
    assert!(
        answer.message().starts_with(
            "The resource type 'toasters' could not be found in the namespace 'Microsoft.Compute'"
        )
    );
    azure
        .get(&at("Microsoft.Compute/virtualMachines"))
        .await
        .refused(404, "InvalidResourceType");
    azure
        .get("/nowhere?api-version=2020-01-01")
        .await
        .refused(404, "NotFound");
    azure
        .post(&disk("d"))
        .await
        .refused(405, "HttpMethodNotSupported");
}

#[tokio::test]
async fn every_answer_carries_its_ids_and_what_is_left() {
    let azure = Azure::with_group(Options::default()).await;
    let headers = [
        ("x-ms-client-request-id", "client-1"),
        ("x-ms-correlation-request-id", "run-1"),
        ("x-ms-return-client-request-id", "true"),
    ];
    let answer = azure
        .try_send(Method::GET, &group("rg"), None, &headers)
        .await
        .unwrap();
    assert_eq!(answer.header("x-ms-client-request-id"), Some("client-1"));
    assert_eq!(answer.header("x-ms-correlation-request-id"), Some("run-1"));
    assert_eq!(
        answer.header("x-ms-ratelimit-remaining-subscription-reads"),
        Some("249")
    );
    let request_id = answer.header("x-ms-request-id").unwrap();
    assert!(
        answer
            .header("x-ms-routing-request-id")
            .unwrap()
            .ends_with(request_id)
    );
    let answer = azure.delete(&disk("none")).await;
    assert!(
        answer
            .header("x-ms-ratelimit-remaining-subscription-deletes")
            .is_some()
    );
    assert_eq!(answer.header("x-ms-client-request-id"), None);
}

#[tokio::test]
async fn garbage_is_answered_and_changes_nothing() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let deep = "[".repeat(100_000);
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"location\":1}",
        "{\"tags\":[]}",
        "{\"properties\":7}",
        "{\"properties\":{\"creationData\":[]}}",
        "{\"location\":\"japaneast\",\"zones\":{}}",
        "\u{0}\u{1}",
        &deep,
    ];
    for path in [
        disk("d1"),
        disk("d2"),
        group("rg"),
        "~/providers/Microsoft.Resources/tags/default?api-version=2025-04-01".to_owned(),
    ] {
        for method in [Method::PUT, Method::PATCH] {
            for body in bodies {
                let answer = azure
                    .try_send(method.clone(), &path, Some(body.to_owned()), &[])
                    .await
                    .unwrap();
                assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text);
                if serde_json::from_str::<Value>(body).is_err() {
                    assert_eq!(
                        (answer.status, answer.code()),
                        (400, "InvalidRequestContent"),
                        "{path} {body}"
                    );
                }
            }
        }
    }
    for path in [
        "/%ff%fe?api-version=2020-01-01",
        "//?api-version=2020-01-01",
        "/subscriptions//x?api-version=2020-01-01",
        "~/resourcegroups//?api-version=2020-01-01",
        "~/providers?api-version=2020-01-01&$skiptoken=%ff",
        "~/resourceGroups/rg/providers/?api-version=2020-01-01",
        "~/providers/a/b/providers/c/d?api-version=2020-01-01",
    ] {
        let answer = azure.get(path).await;
        assert!(answer.status < 500, "{path}: {}", answer.text);
    }
    assert_eq!(
        azure.get(&disk("d1")).await.body["properties"]["provisioningState"],
        "Succeeded"
    );
    azure
        .put(&disk("d2"), json!({ "x": "y".repeat(5 << 20) }))
        .await
        .refused(413, "RequestEntityTooLarge");
    azure
        .try_send(Method::PUT, &disk("d2"), Some("{".to_owned()), &[])
        .await
        .unwrap()
        .refused(400, "InvalidRequestContent");
}

#[tokio::test]
async fn the_log_tells_what_each_request_was_for() {
    let azure = Azure::with_group(Options::default()).await;
    let accepted = azure.put(&disk("d1"), empty_disk()).await;
    azure.finish(&accepted).await;
    azure.get(&disk("d1")).await.expect(200);
    let log = azure.emulator.requests();
    let kinds: Vec<RequestKind> = log.iter().map(|request| request.kind).collect();
    assert_eq!(
        kinds,
        [
            RequestKind::Token,
            RequestKind::Write,
            RequestKind::Write,
            RequestKind::Poll,
            RequestKind::Read
        ]
    );
    assert_eq!((log[2].method.as_str(), log[2].status), ("PUT", Some(202)));
    assert!(log[2].path.ends_with(&format!("disks/d1?api-version={DISKS}")));
    assert!(
        log.windows(2)
            .all(|pair| pair[0].sequence < pair[1].sequence && !pair[0].overlaps(&pair[1]))
    );
}

#[tokio::test]
async fn the_control_endpoints_work_without_a_token_and_are_not_logged() {
    let azure = Azure::with_group(Options::default()).await;
    azure.disk("d1", empty_disk()).await;
    let endpoint = azure.emulator.connection().arm_endpoint.clone();
    let http = http(&azure.emulator);
    let url = |what: &str| format!("{endpoint}/_emulator/{what}");
    assert_eq!(http.delete(url("requests")).send().await.unwrap().status(), 204);
    azure.get(&group("rg")).await.expect(200);
    let log = http
        .get(url("requests"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!(
        (&log[0]["kind"], &log[0]["status"]),
        (&json!("read"), &json!(200))
    );
    let put = async |what: &str, body: Value| {
        http.put(url(what))
            .body(body.to_string())
            .send()
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        put("attach", json!({ "disk": azure.disk_id("d1"), "vm": "/vm" })).await,
        204
    );
    azure
        .delete(&disk("d1"))
        .await
        .refused(409, "OperationNotAllowed");
    assert_eq!(put("detach", json!({ "disk": azure.disk_id("d1") })).await, 204);
    assert_eq!(put("detach", json!({ "disk": azure.disk_id("none") })).await, 400);
    assert_eq!(put("latency", json!({ "milliseconds": 1 })).await, 204);
    assert_eq!(put("expire-tokens", json!({})).await, 204);
    assert_eq!(put("nothing", json!({})).await, 404);
    azure
        .get(&group("rg"))
        .await
        .refused(401, "ExpiredAuthenticationToken");
}

#[tokio::test]
async fn the_metadata_has_the_shape_its_version_asks_for() {
    let mut azure = Azure::new().await;
    azure.set_token("");
    let endpoint = azure.emulator.connection().arm_endpoint.clone();
    let new = azure
        .get("/metadata/endpoints?api-version=2022-09-01")
        .await
        .expect(200)
        .body;
    assert_eq!(new["resourceManager"], format!("{endpoint}/"));
    assert_eq!(new["authentication"]["identityProvider"], "AAD");
    let old = azure
        .get("/metadata/endpoints?api-version=2019-05-01")
        .await
        .expect(200)
        .body;
    assert_eq!(old[0]["authentication"]["loginEndpoint"], format!("{endpoint}/"));
}

#[tokio::test]
async fn absolute_urls_name_the_host_the_client_used() {
    let azure = Azure::start(Options {
        page_size: 1,
        ..Options::default()
    })
    .await;
    azure.emulator.seed_disks(2).await.unwrap();
    let localhost = azure
        .emulator
        .connection()
        .arm_endpoint
        .replace("127.0.0.1", "localhost");
    let subscription = azure.emulator.connection().subscription_id.clone();
    let list = format!(
        "{localhost}/subscriptions/{subscription}/providers/Microsoft.Compute/disks?api-version={DISKS}"
    );
    let page = azure.get(&list).await.expect(200);
    assert!(page.body["nextLink"].as_str().unwrap().starts_with(&localhost));
}

#[tokio::test]
async fn the_connection_serialises_for_a_provider_and_hides_its_secret() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let connection = emulator.connection();
    let line = serde_json::to_value(connection).unwrap();
    for name in [
        "armEndpoint",
        "authorityHost",
        "caFile",
        "subscriptionId",
        "tenantId",
        "clientId",
        "clientSecret",
    ] {
        assert!(line[name].is_string(), "{name}");
    }
    assert_eq!(line["settings"]["AZURE_CLOUD"], "Custom");
    assert_eq!(line["settings"]["AZURE_CLIENT_SECRET"], connection.client_secret);
    assert!(!format!("{connection:?} {emulator:?}").contains(&connection.client_secret));
    let ca = connection.ca_file.clone();
    assert!(ca.exists());
    drop(emulator);
    assert!(!ca.exists(), "without a state directory nothing stays");
}

#[tokio::test]
async fn a_client_that_does_not_know_the_ca_refuses_the_server() {
    let azure = Azure::new().await;
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!(
        "{}/metadata/endpoints?api-version={GROUPS}",
        azure.emulator.connection().arm_endpoint
    );
    assert!(stranger.get(url).send().await.is_err());
}
