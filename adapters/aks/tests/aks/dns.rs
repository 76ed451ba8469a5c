//! DNS records of an app: what is published where, what is never touched, and what is told when it goes wrong.

use kompox_aks::permissions::actions;
use kompox_azure_emulator::{FaultAction, FaultPlan, FaultRule, Race, RacingWrite, Respond, When};
use kompox_domain::cluster::ChangeAction;
use kompox_domain::dns::{DnsReport, GapReason};
use kompox_domain::driver::{DeprovisionRequest, DnsRequest};
use kompox_domain::hint::in_words;
use kompox_domain::{AppScope, ErrorKind, Mode, Operation, Result};
use serde_json::{Value, json};

use crate::clusters::{Operator, World, whole};
use crate::support::app;

const NAMESPACE: &str = "kompox-app1-034d4d";
const ZONES: &str = "AZURE_AKS_DNS_ZONE_RESOURCE_IDS";

/// A provisioned cluster whose apps may be published in these zones.
struct Dns {
    world: World,
    operator: Operator,
    app: AppScope,
    cluster: String,
}

/// The id of a zone.
fn zone_in(subscription: &str, kind: &str, name: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/dns/providers/Microsoft.Network/{kind}/{name}")
}

impl Dns {
    /// With public zones of these names.
    async fn with(names: &[&str]) -> Self {
        let world = World::new().await;
        let subscription = world.emulator.connection().subscription_id.clone();
        let ids: Vec<String> = names
            .iter()
            .map(|name| zone_in(&subscription, "dnsZones", name))
            .collect();
        Self::on(world, &ids).await
    }

    async fn on(world: World, zones: &[String]) -> Self {
        for id in zones {
            let body = json!({"location": "global", "properties": {}});
            world
                .emulator
                .put_resource(&id.to_lowercase(), body)
                .await
                .unwrap();
            let group = id.split("/providers/").next().unwrap();
            let body = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
            world.emulator.put_resource(group, body).await.unwrap();
        }
        let operator = world.operator(&[(ZONES, &zones.join(","))]);
        operator.provision().await.unwrap();
        let cluster = world.cluster_id().await;
        let app = AppScope {
            cluster: operator.scope.clone(),
            app: app("app1", "rg-app").app,
        };
        let dns = Self {
            world,
            operator,
            app,
            cluster,
        };
        dns.traefik().await;
        dns.world.emulator.clear_requests();
        dns
    }

    /// The cluster's ingress as it runs, with every address that it has in these tests.
    async fn traefik(&self) {
        self.namespace("traefik").await;
        let addresses = [7, 8, 9, 10].map(|last| json!({"ip": format!("192.0.2.{last}")}));
        let mut addresses = addresses.to_vec();
        addresses.extend([
            json!({"ip": "2001:db8::7"}),
            json!({"hostname": "lb.example.net"}),
        ]);
        self.put(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "traefik", "namespace": "traefik"},
            "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": addresses}}}),
        )
        .await;
    }

    async fn put(&self, object: Value) {
        let emulator = &self.world.emulator;
        emulator
            .put_kubernetes_object(&self.cluster, object)
            .await
            .unwrap();
    }

    async fn namespace(&self, name: &str) {
        self.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
            .await;
    }

    /// An Ingress of the app with these hosts and addresses.
    async fn ingress(&self, name: &str, hosts: &[&str], addresses: &[&str]) {
        self.ingress_in(NAMESPACE, name, hosts, addresses).await;
    }

    async fn ingress_in(&self, namespace: &str, name: &str, hosts: &[&str], addresses: &[&str]) {
        self.namespace(namespace).await;
        let rules: Vec<Value> = hosts.iter().map(|host| json!({"host": host})).collect();
        let status: Vec<Value> = addresses
            .iter()
            .map(|address| {
                let is_ip = address.parse::<std::net::IpAddr>().is_ok();
                json!({(if is_ip { "ip" } else { "hostname" }): address})
            })
            .collect();
        self.put(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"rules": rules}, "status": {"loadBalancer": {"ingress": status}}
        }))
        .await;
    }

    /// Routes of every kind: through a gateway of ours, of somebody else's, and through none.
    async fn routes(&self, namespace: &str) {
        let (traefik, gateways) = (("traefik.io", "v1alpha1"), ("gateway.networking.k8s.io", "v1"));
        for (group, kind, plural, scope) in [
            (traefik, "IngressRoute", "ingressroutes", "Namespaced"),
            (gateways, "HTTPRoute", "httproutes", "Namespaced"),
            (gateways, "Gateway", "gateways", "Namespaced"),
            (gateways, "GatewayClass", "gatewayclasses", "Cluster"),
        ] {
            self.put(definition(group, kind, plural, scope)).await;
        }
        for (name, rule) in [("r", "Host(`route.example.com`)"), ("any", "PathPrefix(`/`)")] {
            self.put(
                json!({"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute",
                "metadata": {"name": name, "namespace": namespace}, "spec": {"routes": [{"match": rule}]}}),
            )
            .await;
        }
        let version = "gateway.networking.k8s.io/v1";
        for (name, controller) in [
            ("ours", "traefik.io/gateway-controller"),
            ("theirs", "istio.io/gateway-controller"),
        ] {
            self.put(
                json!({"apiVersion": version, "kind": "GatewayClass", "metadata": {"name": name},
                "spec": {"controllerName": controller}}),
            )
            .await;
        }
        for (name, class, addresses) in [
            (
                "own",
                "ours",
                json!([{"type": "IPAddress", "value": "192.0.2.10"}]),
            ),
            ("bare", "ours", json!([])),
            (
                "gw",
                "theirs",
                json!([{"type": "IPAddress", "value": "203.0.113.9"}]),
            ),
        ] {
            self.put(json!({"apiVersion": version, "kind": "Gateway",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"gatewayClassName": class}, "status": {"addresses": addresses}}))
                .await;
        }
        for (name, parent) in [
            ("own", json!({"name": "own"})),
            ("bare", json!({"name": "bare"})),
            ("gw", json!({"name": "gw"})),
            ("gone", json!({"name": "gone"})),
            ("service", json!({"kind": "Service", "group": "", "name": "own"})),
        ] {
            self.put(json!({"apiVersion": version, "kind": "HTTPRoute",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"hostnames": [format!("{name}.example.com")], "parentRefs": [parent]}}))
                .await;
        }
    }

    /// The ingress of this cluster serves what these providers of it read.
    async fn ingress_reads(&self, args: &[&str]) {
        let labels = json!({"app": "traefik"});
        self.put(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "traefik", "namespace": "traefik"},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [{"name": "t", "image": "t", "args": args}]}}}}))
            .await;
    }

    async fn deploy_as(&self, request: &DnsRequest) -> Result<DnsReport> {
        let Operator { driver, cx, .. } = &self.operator;
        driver
            .dns()
            .unwrap()
            .deploy(cx, &self.app, request, Mode::Apply)
            .await
    }

    async fn plan(&self) -> Result<DnsReport> {
        let Operator { driver, cx, .. } = &self.operator;
        let request = DnsRequest::default();
        driver
            .dns()
            .unwrap()
            .deploy(cx, &self.app, &request, Mode::Plan)
            .await
    }

    async fn deploy(&self) -> Result<DnsReport> {
        self.deploy_as(&DnsRequest::default()).await
    }

    async fn destroy(&self) -> Result<DnsReport> {
        let Operator { driver, cx, .. } = &self.operator;
        driver.dns().unwrap().destroy(cx, &self.app, Mode::Apply).await
    }

    fn zone(&self, kind: &str, name: &str) -> String {
        zone_in(&self.world.emulator.connection().subscription_id, kind, name)
    }

    /// A record set of a public zone in the provider's own subscription.
    async fn record(&self, zone: &str, rest: &str) -> Option<Value> {
        let id = format!("{}/{rest}", self.zone("dnsZones", zone));
        self.world.emulator.resource(&id).await
    }

    /// Puts somebody else's record set.
    async fn foreign(&self, zone: &str, rest: &str, properties: Value) {
        let id = format!("{}/{rest}", self.zone("dnsZones", zone));
        let body = json!({"etag": "theirs", "properties": properties});
        self.world.emulator.put_resource(&id, body).await.unwrap();
    }

    /// The writes to zones since the last time: method, type and name.
    fn writes(&self) -> Vec<String> {
        let mut writes: Vec<String> = self
            .world
            .requests()
            .into_iter()
            .filter(|request| ["PUT", "PATCH", "DELETE"].contains(&request.method.as_str()))
            .map(|request| {
                let path = request.path.split('?').next().unwrap().to_owned();
                let end: Vec<&str> = path.rsplitn(3, '/').collect();
                format!("{} {}/{}", request.method, end[1], end[0])
            })
            .collect();
        writes.sort();
        writes
    }
}

fn a(address: &str) -> Value {
    json!({"TTL": 60, "ARecords": [{"ipv4Address": address}]})
}

fn told(report: &DnsReport) -> Vec<String> {
    report
        .records
        .iter()
        .map(|record| {
            let values = record.values.join(",");
            format!("{} {} {} {values}", record.action, record.kind, record.host)
        })
        .collect()
}

fn marks(record: &Value) -> &Value {
    &record["properties"]["metadata"]
}

#[tokio::test(flavor = "multi_thread")]
async fn b56_each_host_goes_to_the_longest_zone_in_any_case_and_any_subscription_public_and_private() {
    let world = World::new().await;
    let own = world.emulator.connection().subscription_id.clone();
    let other = world.emulator.add_subscription("Shared").await.unwrap();
    let zones = [
        zone_in(&own, "dnsZones", "Example.COM"),
        zone_in(&own, "privateDnsZones", "example.com"),
        zone_in(&other, "dnsZones", "dev.example.com"),
        // Twice in another case is once.
        zone_in(&other, "dnszones", "DEV.example.com"),
    ];
    let dns = Dns::on(world, &zones).await;
    dns.ingress("web", &["WWW.example.com", "*.Dev.Example.com"], &["192.0.2.7"])
        .await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(
        told(&report),
        [
            "create A www.example.com 192.0.2.7",
            "create A www.example.com 192.0.2.7",
            "create A *.dev.example.com 192.0.2.7",
        ]
    );
    assert!(report.is_whole() && report.is_change());
    assert_eq!(dns.writes(), ["PUT A/*", "PUT A/www", "PUT A/www"]);
    let record = dns.record("example.com", "A/www").await.unwrap();
    assert_eq!(record["properties"]["TTL"], 300);
    assert_eq!(
        *marks(&record),
        json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1", "kompox-app": "ws1/prv1/app1"})
    );
    let emulator = &dns.world.emulator;
    let private = format!("{}/A/www", zone_in(&own, "privateDnsZones", "example.com"));
    let private = emulator.resource(&private).await.unwrap();
    assert_eq!(
        private["properties"]["aRecords"],
        json!([{"ipv4Address": "192.0.2.7"}])
    );
    let shared = format!("{}/A/*", zone_in(&other, "dnsZones", "dev.example.com"));
    assert!(emulator.resource(&shared).await.is_some());
    let again = dns.deploy().await.unwrap();
    assert!(!again.is_change(), "{:?}", told(&again));
    assert_eq!(dns.writes(), [""; 0]);
    dns.destroy().await.unwrap();
    assert_eq!(dns.writes(), ["DELETE A/*", "DELETE A/www", "DELETE A/www"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b56_a_record_of_somebody_else_is_never_overwritten_nor_deleted() {
    let dns = Dns::with(&["example.com"]).await;
    dns.foreign("example.com", "A/www", a("192.0.2.99")).await;
    dns.foreign("example.com", "A/same", a("192.0.2.7")).await;
    dns.foreign("example.com", "TXT/api", json!({"TTL": 60})).await;
    let mut theirs = json!({"TTL": 60, "AAAARecords": [{"ipv6Address": "2001:db8::1"}]});
    theirs["metadata"] =
        json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1", "kompox-app": "ws1/prv1/app2"});
    dns.foreign("example.com", "AAAA/api", theirs).await;
    let hosts = ["www.example.com", "same.example.com", "api.example.com"];
    dns.ingress("web", &hosts, &["192.0.2.7"]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(
        told(&report),
        [
            "keep AAAA api.example.com 2001:db8::1",
            "create A api.example.com 192.0.2.7",
            "keep A same.example.com 192.0.2.7",
            "block A www.example.com 192.0.2.7",
        ]
    );
    assert!(!report.is_whole());
    let blocked = report.of(ChangeAction::Block).next().unwrap();
    assert_eq!(blocked.reason, "it is somebody else's, and says 192.0.2.99");
    assert!(report.records[0].reason.contains("app ws1/prv1/app2"));
    assert_eq!(dns.writes(), ["PUT A/api"]);
    let destroyed = dns.destroy().await.unwrap();
    assert_eq!(
        told(&destroyed),
        [
            "delete A api.example.com 192.0.2.7",
            "keep AAAA api.example.com 2001:db8::1"
        ]
    );
    assert_eq!(dns.writes(), ["DELETE A/api"]);
    for left in ["A/www", "A/same", "TXT/api", "AAAA/api"] {
        let record = dns.record("example.com", left).await.unwrap();
        assert_eq!(record["etag"], "theirs", "{left}");
    }
    assert!(dns.destroy().await.unwrap().records.is_empty());
    assert_eq!(dns.writes(), [""; 0]);
}

fn racing(method: &str, write: RacingWrite) -> FaultRule {
    let race = Race {
        when: When::Before,
        id: None,
        write,
    };
    FaultRule::new(method, "**/A/www", FaultAction::Race(race)).times(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn b56_whoever_writes_at_the_same_time_is_found_and_judged_anew() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com"], &["192.0.2.7"]).await;
    let theirs = json!({"etag": "theirs", "properties": a("192.0.2.99")});
    dns.world.fault(racing("PUT", RacingWrite::Put(theirs)));
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["block A www.example.com 192.0.2.7"]);
    let record = dns.record("example.com", "A/www").await.unwrap();
    assert_eq!(record["etag"], "theirs");

    // Another run of ours is not in the way.
    let id = format!("{}/A/www", dns.zone("dnsZones", "example.com"));
    dns.world.emulator.remove_resource(&id).await.unwrap();
    let metadata =
        json!({"managed-by": "kompox", "kompox-cluster": "ws1/prv1/c1", "kompox-app": "ws1/prv1/app1"});
    let mut ours = a("192.0.2.7");
    ours["metadata"] = metadata;
    let ours = json!({"etag": "ours", "properties": ours});
    dns.world.fault(racing("PUT", RacingWrite::Put(ours)));
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["keep A www.example.com 192.0.2.7"]);

    // It was ours when it was read, and is somebody else's when it is to go.
    let taken = json!({"etag": "taken", "properties": {"metadata": {"managed-by": "them"}}});
    dns.world.fault(racing("DELETE", RacingWrite::Merge(taken)));
    dns.destroy().await.unwrap();
    let record = dns.record("example.com", "A/www").await.unwrap();
    assert_eq!(record["etag"], "taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn b56_what_cannot_be_written_or_read_is_an_error_and_the_rest_is_done() {
    let dns = Dns::with(&["example.com", "example.net"]).await;
    let hosts = ["a.example.com", "b.example.com", "c.example.com", "a.example.net"];
    dns.ingress("web", &hosts, &["192.0.2.7"]).await;
    let refuse = |path: &str, status: u16, code: &str| {
        let answer = Respond {
            status,
            code: code.to_owned(),
            message: "not now".to_owned(),
            ..Respond::default()
        };
        FaultRule::new("*", path, FaultAction::Respond(answer))
    };
    let plan = FaultPlan::new([
        refuse("**/A/b", 400, "BadRequest"),
        refuse("**/A/c", 403, "AuthorizationFailed"),
        refuse("**/example.net/recordsets", 403, "AuthorizationFailed"),
    ]);
    dns.world.emulator.set_faults(plan).unwrap();
    let error = dns.deploy().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let named: Vec<&str> = error
        .failures()
        .iter()
        .map(|failed| failed.resource.rsplit_once('/').unwrap().1)
        .collect();
    assert_eq!(named, ["example.net", "b", "c"]);
    assert!(error.failures()[1].message.contains("not now"), "{error:?}");
    assert!(dns.record("example.com", "A/a").await.is_some());

    dns.world.fault(refuse("**/A/b", 403, "AuthorizationFailed"));
    let error = dns.deploy().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        error.to_string(),
        "cannot create A b.example.com in public zone example.com"
    );
    dns.world.mend();
    assert!(dns.deploy().await.unwrap().is_whole());
    dns.world.fault(refuse("**/A/b", 400, "BadRequest"));
    let error = dns.destroy().await.unwrap_err();
    assert!(
        error.to_string().contains("cannot delete A b.example.com"),
        "{error}"
    );
    assert!(dns.record("example.com", "A/a").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_same_and_writes_nothing() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com"], &["192.0.2.7", "2001:db8::7"])
        .await;
    let foretold = dns.plan().await.unwrap();
    assert_eq!(dns.writes(), [""; 0]);
    let done = dns.deploy().await.unwrap();
    assert_eq!(foretold, done);
    assert_eq!(dns.writes(), ["PUT A/www", "PUT AAAA/www"]);
    let Operator { driver, cx, .. } = &dns.operator;
    let foretold = driver
        .dns()
        .unwrap()
        .destroy(cx, &dns.app, Mode::Plan)
        .await
        .unwrap();
    assert_eq!(dns.writes(), [""; 0]);
    assert_eq!(foretold, dns.destroy().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_is_written_and_a_change_of_type_makes_room_first() {
    let dns = Dns::with(&["example.com"]).await;
    let host = ["www.example.com"];
    dns.ingress("web", &host, &["192.0.2.7"]).await;
    dns.deploy().await.unwrap();
    // What somebody notes with it, and how long it may be kept, stays.
    let id = format!("{}/A/www", dns.zone("dnsZones", "example.com"));
    dns.world
        .edit(&id, |record| {
            record["properties"]["TTL"] = 30.into();
            record["properties"]["metadata"]["note"] = "mine".into();
        })
        .await;
    dns.ingress("web", &host, &["192.0.2.8"]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["update A www.example.com 192.0.2.8"]);
    assert_eq!(report.records[0].reason, "was 192.0.2.7");
    let record = dns.record("example.com", "A/www").await.unwrap();
    assert_eq!(record["properties"]["TTL"], 30);
    assert_eq!(marks(&record)["note"], "mine");
    dns.ingress("web", &host, &["lb.example.net"]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(
        told(&report),
        [
            "delete A www.example.com 192.0.2.8",
            "create CNAME www.example.com lb.example.net"
        ]
    );
    dns.ingress("web", &host, &["192.0.2.9"]).await;
    dns.deploy().await.unwrap();
    assert!(dns.record("example.com", "CNAME/www").await.is_none());
    assert!(dns.record("example.com", "A/www").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_served_goes_unless_only_a_part_was_looked_at_or_nothing_is_served() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com"], &["192.0.2.7"]).await;
    dns.ingress("old", &["old.example.com", "soon.example.com"], &["192.0.2.7"])
        .await;
    dns.deploy().await.unwrap();
    dns.ingress("old", &["soon.example.com"], &[]).await;
    let part = DnsRequest {
        namespaces: vec![NAMESPACE.parse().unwrap()],
    };
    let report = dns.deploy_as(&part).await.unwrap();
    assert_eq!(
        told(&report),
        [
            "keep A old.example.com 192.0.2.7",
            "keep A soon.example.com 192.0.2.7",
            "keep A www.example.com 192.0.2.7"
        ]
    );
    assert_eq!(report.gaps.len(), 1);
    assert_eq!(report.gaps[0].reason, GapReason::NoAddress);
    assert_eq!(report.gaps[0].source, format!("Ingress {NAMESPACE}/old"));
    let report = dns.deploy().await.unwrap();
    assert_eq!(report.of(ChangeAction::Delete).count(), 1);
    assert!(dns.record("example.com", "A/soon").await.is_some());
    for name in ["web", "old"] {
        let emulator = &dns.world.emulator;
        emulator
            .remove_kubernetes_object(&dns.cluster, "ingresses.networking.k8s.io", Some(NAMESPACE), name)
            .await
            .unwrap();
    }
    let report = dns.deploy().await.unwrap();
    assert!(!report.is_change(), "{:?}", told(&report));
    assert!(dns.record("example.com", "A/www").await.is_some());
}

/// How Traefik is told to serve the Gateway API.
const GATEWAY_API: &str = "--providers.kubernetesgateway=true";

fn definition((group, version): (&str, &str), kind: &str, plural: &str, scope: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": [{"name": version, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
        "status": {"conditions": [{"type": "Established", "status": "True"}],
            "acceptedNames": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()}}
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_of_traefik_and_the_gateway_api_are_read_where_the_cluster_has_them_in_every_namespace_of_the_app()
 {
    let dns = Dns::with(&["example.com"]).await;
    dns.put(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "traefik", "namespace": "traefik"},
        "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}}),
    )
    .await;
    // Labelled for the app, and for another one of the same name.
    for (name, id) in [
        ("more", "/ws/ws1/prv/prv1/cls/c1/app/app1"),
        ("other", "/ws/ws2/prv/prv1/cls/c1/app/app1"),
    ] {
        let metadata = json!({"name": name, "labels": {"ops.kompox.dev/app": "app1"},
            "annotations": {"ops.kompox.dev/app-id": id}});
        dns.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .await;
    }
    dns.routes("more").await;
    dns.ingress_in("other", "web", &["other.example.com"], &["192.0.2.10"])
        .await;
    let report = dns.deploy().await.unwrap();
    assert!(
        told(&report).is_empty(),
        "the ingress serves no gateway: {:?}",
        told(&report)
    );
    dns.ingress_reads(&[GATEWAY_API]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["create A own.example.com 192.0.2.10"]);
    let gaps: Vec<(&str, GapReason)> = report
        .gaps
        .iter()
        .map(|gap| (gap.host.as_str(), gap.reason))
        .collect();
    assert_eq!(
        gaps,
        [
            ("", GapReason::NoHost),
            ("bare.example.com", GapReason::NotServed),
            ("gone.example.com", GapReason::NotServed),
            ("gw.example.com", GapReason::OtherIngress),
            ("route.example.com", GapReason::NotServed),
            ("service.example.com", GapReason::NotServed),
        ]
    );
    dns.ingress_reads(&[GATEWAY_API, "--providers.kubernetescrd=true"])
        .await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(
        told(&report),
        [
            "keep A own.example.com 192.0.2.10",
            "create A route.example.com 192.0.2.10"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_leads_to_another_gateway_is_not_turned_to_our_ingress_when_that_gateway_goes() {
    let dns = Dns::with(&["example.com"]).await;
    dns.namespace(NAMESPACE).await;
    dns.routes(NAMESPACE).await;
    dns.ingress_reads(&[GATEWAY_API]).await;
    dns.deploy().await.unwrap();
    let own = dns.record("example.com", "A/own").await.unwrap();
    // Published before, when these gateways were ours to publish or had an address.
    let marks = marks(&own).clone();
    for name in ["gw", "bare", "gone"] {
        let mut properties = a("203.0.113.9");
        properties["metadata"] = marks.clone();
        dns.foreign("example.com", &format!("A/{name}"), properties).await;
    }
    let report = dns.deploy().await.unwrap();
    for name in ["bare", "gone", "gw"] {
        let line = format!("keep A {name}.example.com 203.0.113.9");
        assert!(told(&report).contains(&line), "{:?}", told(&report));
        let record = dns.record("example.com", &format!("A/{name}")).await.unwrap();
        assert_eq!(record["properties"]["ARecords"][0]["ipv4Address"], "203.0.113.9");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_below_a_zone_cut_is_refused_with_the_reason_and_the_others_are_published() {
    let dns = Dns::with(&["example.com"]).await;
    let nameservers = json!({"TTL": 3600, "NSRecords": [{"nsdname": "ns1.other.example."}]});
    dns.foreign("example.com", "NS/dev", nameservers).await;
    let hosts = ["www.example.com", "dev.example.com", "a.dev.example.com"];
    dns.ingress("web", &hosts, &["192.0.2.7"]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["create A www.example.com 192.0.2.7"]);
    assert_eq!(dns.writes(), ["PUT A/www"]);
    assert!(!report.is_whole());
    for gap in &report.gaps {
        assert_eq!(gap.reason, GapReason::Delegated);
        assert!(
            gap.message.contains("NS records of dev.example.com"),
            "{}",
            gap.message
        );
        assert_eq!(gap.source, format!("Ingress {NAMESPACE}/web"));
    }
    assert_eq!(report.gaps.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_no_foreign_record_and_no_failure() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com"], &["192.0.2.7"]).await;
    let lost = FaultRule::new("PUT|DELETE", "**/A/www", FaultAction::ResetAfter).times(1);
    dns.world.fault(lost.clone());
    let report = dns.deploy().await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert!(dns.record("example.com", "A/www").await.is_some());
    dns.world.fault(lost);
    dns.destroy().await.unwrap();
    assert!(dns.record("example.com", "A/www").await.is_none());
    let strange = FaultRule::new("PUT", "**/A/www", FaultAction::MalformedBody).times(1);
    dns.world.fault(strange);
    let report = dns.deploy().await.unwrap();
    assert_eq!(told(&report), ["keep A www.example.com 192.0.2.7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_does_not_keep_whose_a_record_is_or_has_no_etags_is_told() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com"], &["192.0.2.7"]).await;
    let forgetful = Respond {
        status: 201,
        body: Some(r#"{"name":"www","type":"Microsoft.Network/dnsZones/A","properties":{}}"#.to_owned()),
        ..Respond::default()
    };
    dns.world
        .fault(FaultRule::new("PUT", "**/A/www", FaultAction::Respond(forgetful)));
    let error = dns.deploy().await.unwrap_err();
    assert!(whole(&error).contains("did not keep the metadata"), "{error:?}");
    dns.world.mend();
    dns.deploy().await.unwrap();
    let id = format!("{}/A/www", dns.zone("dnsZones", "example.com"));
    dns.world.edit(&id, |record| record["etag"] = "".into()).await;
    dns.world.requests();
    let error = dns.destroy().await.unwrap_err();
    assert!(whole(&error).contains("no etag"), "{error:?}");
    assert_eq!(dns.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_or_a_zone_nothing_is_published_and_what_was_can_still_be_destroyed() {
    let dns = Dns::with(&["example.com"]).await;
    dns.ingress("web", &["www.example.com", "elsewhere.net"], &["192.0.2.7"])
        .await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(report.gaps[0].reason, GapReason::NoZone);
    let Operator {
        driver, scope, cx, ..
    } = &dns.operator;
    let request = DeprovisionRequest::default();
    let plan = driver
        .clusters()
        .unwrap()
        .deprovision(cx, scope, &request, Mode::Apply)
        .await
        .unwrap();
    let left: Vec<_> = plan
        .of(ChangeAction::Keep)
        .filter(|change| change.resource.ends_with("/A/www"))
        .collect();
    assert_eq!(left.len(), 1, "{plan:?}");
    assert_eq!(
        left[0].reason,
        "DNS record of ws1/prv1/app1: `kompoxops dns destroy` deletes it"
    );
    let error = dns.deploy().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let plain = dns.world.operator(&[]);
    let app = AppScope {
        cluster: plain.scope.clone(),
        app: dns.app.app.clone(),
    };
    let error = plain
        .driver
        .dns()
        .unwrap()
        .deploy(&plain.cx, &app, &DnsRequest::default(), Mode::Apply)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(in_words(error.hints()).contains(ZONES));
    assert_eq!(
        told(&dns.destroy().await.unwrap()),
        ["delete A www.example.com 192.0.2.7"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn deprovisioning_says_of_which_zones_it_does_not_know_what_stays_and_goes_on() {
    let dns = Dns::with(&["example.com", "gone.com"]).await;
    let gone = dns.zone("dnsZones", "gone.com");
    dns.world.emulator.remove_resource(&gone).await.unwrap();
    let answer = Respond {
        status: 403,
        code: "AuthorizationFailed".to_owned(),
        message: "no".to_owned(),
        ..Respond::default()
    };
    dns.world.fault(FaultRule::new(
        "GET",
        "**/example.com/recordsets",
        FaultAction::Respond(answer),
    ));
    let Operator {
        driver, scope, cx, ..
    } = &dns.operator;
    let request = DeprovisionRequest::default();
    let plan = driver
        .clusters()
        .unwrap()
        .deprovision(cx, scope, &request, Mode::Apply)
        .await
        .unwrap();
    let zone = dns.zone("dnsZones", "example.com");
    let told: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.resource == zone)
        .collect();
    assert_eq!(told.len(), 1, "{plan:?}");
    assert_eq!(told[0].action, ChangeAction::Keep);
    assert!(told[0].reason.contains("not known"), "{}", told[0].reason);
    assert!(!plan.changes.iter().any(|change| change.resource == gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_operations_work_with_exactly_the_permissions_that_are_listed_for_them() {
    let dns = Dns::with(&["example.com"]).await;
    let allow = |operation: Operation, without: Option<&str>| {
        let left = actions(operation, Mode::Apply)
            .iter()
            .filter(|action| Some(**action) != without);
        let left = left.map(|action| (*action).to_owned()).collect();
        dns.world.emulator.restrict_caller(Some(left));
    };
    let hosts = ["www.example.com", "alias.example.com"];
    dns.ingress("web", &hosts[..1], &["192.0.2.7", "2001:db8::7"])
        .await;
    dns.ingress("alias", &hosts[1..], &["lb.example.net"]).await;
    allow(
        Operation::DnsDeploy,
        Some("Microsoft.Network/dnsZones/AAAA/write"),
    );
    let error = dns.deploy().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    allow(Operation::DnsDeploy, None);
    dns.deploy().await.unwrap();
    dns.ingress("web", &hosts[..1], &["lb.example.net"]).await;
    dns.ingress("alias", &hosts[1..], &["192.0.2.7"]).await;
    let report = dns.deploy().await.unwrap();
    assert_eq!(report.of(ChangeAction::Delete).count(), 3);
    allow(Operation::DnsDestroy, None);
    dns.destroy().await.unwrap();
    allow(
        Operation::DnsDestroy,
        Some("Microsoft.Network/dnsZones/recordsets/read"),
    );
    assert!(dns.destroy().await.is_err());
}
