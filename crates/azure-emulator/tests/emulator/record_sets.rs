//! Record sets of DNS zones, public and private.

use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Options, Race, RacingWrite, When};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Azure};

const KINDS: [&str; 2] = ["dnsZones", "privateDnsZones"];

fn zone(kind: &str, rest: &str) -> String {
    let version = if kind == "dnsZones" {
        "2018-05-01"
    } else {
        "2024-06-01"
    };
    let at = rest.find('?').unwrap_or(rest.len());
    let (path, query) = rest.split_at(at);
    let query = query.replace('?', "&");
    format!(
        "~/resourceGroups/rg/providers/Microsoft.Network/{kind}/example.com{path}?api-version={version}{query}"
    )
}

async fn with_zones() -> Azure {
    let azure = Azure::with_group(Options::default()).await;
    for kind in KINDS {
        let made = azure.put(&zone(kind, ""), json!({ "location": "global" })).await;
        assert!(matches!(made.status, 201 | 202), "{}", made.text);
    }
    azure
}

async fn put_if(azure: &Azure, path: &str, body: &Value, condition: (&str, &str)) -> Answer {
    azure
        .try_send(Method::PUT, path, Some(body.to_string()), &[condition])
        .await
        .unwrap()
}

fn a(address: &str) -> Value {
    json!({ "properties": {
        "TTL": 300, "ARecords": [{ "ipv4Address": address }], "metadata": { "managed-by": "me" }
    } })
}

#[tokio::test]
async fn a_record_set_is_made_read_changed_and_deleted_as_each_kind_of_zone_spells_it() {
    let azure = with_zones().await;
    for (kind, ttl, records) in [
        ("dnsZones", "TTL", "ARecords"),
        ("privateDnsZones", "ttl", "aRecords"),
    ] {
        let path = zone(kind, "/A/www");
        azure.get(&path).await.refused(404, "NotFound");
        let made = azure.put(&path, a("192.0.2.1")).await.expect(201).body;
        assert_eq!(made["type"], format!("Microsoft.Network/{kind}/A"));
        assert_eq!(
            (&made["name"], &made["properties"]["fqdn"]),
            (&json!("www"), &json!("www.example.com."))
        );
        assert_eq!(made["properties"][ttl], 300);
        assert_eq!(
            made["properties"][records],
            json!([{ "ipv4Address": "192.0.2.1" }])
        );
        assert_eq!(made["properties"]["metadata"], json!({ "managed-by": "me" }));
        assert_eq!(azure.get(&path).await.expect(200).body, made);
        let changed = azure.put(&path, a("192.0.2.2")).await.expect(200).body;
        assert_ne!(changed["etag"], made["etag"]);
        let patch = json!({ "properties": { "metadata": { "more": "yes" } } });
        let patched = azure.patch(&path, patch).await.expect(200).body;
        assert_eq!(
            patched["properties"]["metadata"],
            json!({ "managed-by": "me", "more": "yes" })
        );
        assert_eq!(
            patched["properties"][records],
            json!([{ "ipv4Address": "192.0.2.2" }])
        );
        azure.delete(&path).await.expect(200);
        azure.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn writes_and_deletes_keep_to_their_conditions() {
    let azure = with_zones().await;
    for kind in KINDS {
        let path = zone(kind, "/A/www");
        let early = put_if(&azure, &path, &a("192.0.2.1"), ("If-Match", "\"none\"")).await;
        early.refused(412, "PreconditionFailed");
        let only_new = ("If-None-Match", "*");
        let made = put_if(&azure, &path, &a("192.0.2.1"), only_new).await.expect(201);
        let again = put_if(&azure, &path, &a("192.0.2.2"), only_new).await;
        assert!(again.message().contains("exists already"), "{}", again.text);
        again.refused(412, "PreconditionFailed");
        let first = made.body["etag"].as_str().unwrap().to_owned();
        put_if(&azure, &path, &a("192.0.2.2"), ("If-Match", &first))
            .await
            .expect(200);
        let stale = put_if(&azure, &path, &a("192.0.2.3"), ("If-Match", &first)).await;
        stale.refused(412, "PreconditionFailed");
        let delete = async |tag: &str| {
            azure
                .try_send(Method::DELETE, &path, None, &[("If-Match", tag)])
                .await
                .unwrap()
        };
        delete(&first).await.refused(412, "PreconditionFailed");
        delete("*").await.expect(200);
    }
}

#[tokio::test]
async fn a_cname_is_alone_at_its_name() {
    let azure = with_zones().await;
    let cname = json!({ "properties": { "ttl": 60, "cnameRecord": { "cname": "elsewhere.example.net" } } });
    for kind in KINDS {
        azure.put(&zone(kind, "/A/www"), a("192.0.2.1")).await.expect(201);
        let path = zone(kind, "/CNAME/www");
        azure.put(&path, cname.clone()).await.refused(409, "Conflict");
        azure.delete(&zone(kind, "/A/www")).await.expect(200);
        azure.put(&path, cname.clone()).await.expect(201);
        azure
            .put(&zone(kind, "/A/WWW"), a("192.0.2.1"))
            .await
            .refused(409, "Conflict");
        // At the apex there always is something.
        azure
            .put(&zone(kind, "/CNAME/@"), cname.clone())
            .await
            .refused(409, "Conflict");
    }
}

#[tokio::test]
async fn a_zone_has_what_azure_makes_at_its_apex_and_lists_what_is_in_it() {
    let azure = with_zones().await;
    for (kind, apex) in [("dnsZones", 2), ("privateDnsZones", 1)] {
        let count =
            async || azure.get(&zone(kind, "")).await.body["properties"]["numberOfRecordSets"].clone();
        assert_eq!(count().await, apex);
        let soa = azure.get(&zone(kind, "/SOA/@")).await.expect(200).body["properties"].clone();
        // The two kinds of zones differ in more than capitals.
        let (record, minimum, state) = match kind {
            "dnsZones" => ("SOARecord", "minimumTTL", json!("Succeeded")),
            _ => ("soaRecord", "minimumTtl", Value::Null),
        };
        assert_eq!(soa[record][minimum], 300, "{soa}");
        assert_eq!(soa["provisioningState"], state, "{soa}");
        azure
            .delete(&zone(kind, "/SOA/@"))
            .await
            .refused(400, "BadRequest");
        for name in ["b", "a.x", "*"] {
            azure
                .put(&zone(kind, &format!("/A/{name}")), a("192.0.2.1"))
                .await
                .expect(201);
        }
        let v6 = json!({ "properties": { "TTL": 60, "AAAARecords": [{ "ipv6Address": "2001:db8::1" }] } });
        azure.put(&zone(kind, "/AAAA/b"), v6).await.expect(201);
        assert_eq!(count().await, apex + 4);
        let listed = azure.get(&zone(kind, "/A")).await.expect(200);
        assert_eq!(listed.names(), ["*", "a.x", "b"]);
        let suffix = azure
            .get(&zone(kind, "/A?$recordsetnamesuffix=x"))
            .await
            .expect(200);
        assert_eq!(suffix.names(), ["a.x"]);
        for every in ["/ALL", "/recordsets"] {
            let mut seen = 0;
            let mut next = Some(zone(kind, &format!("{every}?$top=2")));
            while let Some(path) = next {
                let page = azure.get(&path).await.expect(200);
                assert!(page.names().len() <= 2);
                seen += page.names().len();
                next = page.body["nextLink"].as_str().map(str::to_owned);
            }
            assert_eq!(seen, apex + 4, "{every}");
        }
    }
    azure.delete(&zone("dnsZones", "")).await.expect(202);
    let gone = azure.get(&zone("dnsZones", "/A/b")).await;
    gone.refused(404, "ParentResourceNotFound");
}

#[tokio::test]
async fn what_dns_cannot_hold_is_refused() {
    let azure = with_zones().await;
    let path = zone("dnsZones", "/A/www");
    for (wrong, code) in [
        (a("not an address"), "BadRequest"),
        (json!({ "properties": { "ARecords": [] } }), "BadRequest"),
        (
            json!({ "properties": { "TTL": 0, "ARecords": [] } }),
            "BadRequest",
        ),
        (
            json!({ "properties": { "TTL": 1, "AAAARecords": [] } }),
            "InvalidRequestContent",
        ),
        (
            json!({ "properties": { "TTL": 1, "ARecords": [{ "ipv4Address": "192.0.2.1" }, { "ipv4Address": "192.0.2.1" }] } }),
            "BadRequest",
        ),
        (
            json!({ "properties": { "TTL": 1, "metadata": { "number": 1 } } }),
            "InvalidRequestContent",
        ),
    ] {
        azure.put(&path, wrong).await.refused(400, code);
    }
    azure
        .put(&zone("dnsZones", "/A/a..b"), a("192.0.2.1"))
        .await
        .refused(400, "BadRequest");
    azure
        .put(&zone("dnsZones", "/A/x.*"), a("192.0.2.1"))
        .await
        .refused(400, "BadRequest");
    azure
        .get(&zone("dnsZones", "/MX/www"))
        .await
        .refused(404, "InvalidResourceType");
}

#[tokio::test]
async fn another_writer_and_who_may_not_are_met_as_with_any_resource() {
    let azure = with_zones().await;
    let path = zone("dnsZones", "/A/www");
    let race = Race {
        when: When::Before,
        id: None,
        write: RacingWrite::Put(json!({ "etag": "theirs", "properties": { "TTL": 1 } })),
    };
    let rule = FaultRule::new("PUT", "**/A/www", FaultAction::Race(race));
    azure.emulator.set_faults(FaultPlan::new(vec![rule])).unwrap();
    let lost = put_if(&azure, &path, &a("192.0.2.1"), ("If-None-Match", "*")).await;
    lost.refused(412, "PreconditionFailed");
    azure.emulator.set_faults(FaultPlan::default()).unwrap();
    assert_eq!(azure.get(&path).await.expect(200).body["etag"], "theirs");
    let allowed = ["Microsoft.Network/dnsZones/A/read".to_owned()];
    azure.emulator.restrict_caller(Some(allowed.to_vec()));
    azure.get(&path).await.expect(200);
    azure.get(&zone("dnsZones", "/A")).await.expect(200);
    for refused in [
        azure.get(&zone("dnsZones", "/ALL")).await,
        azure.delete(&path).await,
        azure.put(&path, a("192.0.2.1")).await,
    ] {
        refused.refused(403, "AuthorizationFailed");
    }
}
