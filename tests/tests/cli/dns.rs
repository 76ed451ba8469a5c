//! `dns deploy` and `dns destroy`.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DIFFERENCE, DONE, FAILED};
use serde_json::{Value, json};

use crate::{members, shop};

const CLUSTER: &str = ".kompox/kom/cluster.yml";
const NAMESPACE: &str = "kompox-shop-9b4aae";

/// A provisioned cluster with the zone `example.com`, and the way to put objects into it.
struct Published {
    env: TestEnvironment,
    cluster: String,
    zone: String,
}

impl Published {
    fn new() -> Self {
        let env = shop();
        let subscription = env.emulator().connection().subscription_id.clone();
        let group = format!("/subscriptions/{subscription}/resourceGroups/dns");
        let zone = format!("{group}/providers/Microsoft.Network/dnsZones/example.com");
        let body = json!({"location": "japaneast", "properties": {"provisioningState": "Succeeded"}});
        env.block_on(env.emulator().put_resource(&group, body)).unwrap();
        env.block_on(env.emulator().put_resource(&zone, json!({"location": "global"})))
            .unwrap();
        env.edit(
            CLUSTER,
            "    AZURE_RESOURCE_GROUP_NAME",
            &format!("    AZURE_AKS_DNS_ZONE_RESOURCE_IDS: {zone}\n    AZURE_RESOURCE_GROUP_NAME"),
        );
        env.run("cluster provision -q").assert_code(DONE);
        let status = env.run("cluster status -o json --progress none").json();
        let cluster = status["handle"].as_str().unwrap().to_owned();
        let published = Self { env, cluster, zone };
        for namespace in [NAMESPACE, "traefik"] {
            published.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        published.put(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "traefik", "namespace": "traefik"},
            "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}),
        );
        published
    }

    fn put(&self, object: Value) {
        let emulator = self.env.emulator();
        self.env
            .block_on(emulator.put_kubernetes_object(&self.cluster, object))
            .unwrap();
    }

    /// An Ingress with these hosts; it has its address unless it says so.
    fn ingress(&self, name: &str, hosts: &[&str], address: Option<&str>) {
        let rules: Vec<Value> = hosts.iter().map(|host| json!({"host": host})).collect();
        let addresses: Vec<Value> = address.iter().map(|ip| json!({"ip": ip})).collect();
        self.put(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"rules": rules},
            "status": {"loadBalancer": {"ingress": addresses}}}));
    }

    fn foreign(&self, record: &str, address: &str) {
        let body =
            json!({"etag": "theirs", "properties": {"TTL": 60, "ARecords": [{"ipv4Address": address}]}});
        let id = format!("{}/{record}", self.zone);
        self.env
            .block_on(self.env.emulator().put_resource(&id, body))
            .unwrap();
    }

    fn record(&self, record: &str) -> Option<Value> {
        let id = format!("{}/{record}", self.zone);
        self.env.block_on(self.env.emulator().resource(&id))
    }
}

#[test]
fn names_are_published_shown_before_left_alone_after_and_taken_back() {
    let world = Published::new();
    world.ingress("web", &["www.example.com", "*.example.com"], Some("192.0.2.7"));
    let run = |line: &str| world.env.run(line);
    assert_snapshot!(run("dns deploy --dry-run -o table --progress none").expect(DIFFERENCE), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    create   *.example.com     A      192.0.2.7   example.com   public    served
    create   www.example.com   A      192.0.2.7   example.com   public    served
    [exit status: 3]
    ");
    assert!(world.record("A/www").is_none());
    assert_snapshot!(run("dns deploy -o table --progress none").expect(DONE), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    create   *.example.com     A      192.0.2.7   example.com   public    served
    create   www.example.com   A      192.0.2.7   example.com   public    served
    ------- stderr -------
    DNS records of app shop: 2 created
    [exit status: 0]
    ");
    assert!(world.record("A/*").is_some());
    assert_snapshot!(run("dns deploy -o table --progress none --strict").expect(DONE), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    keep     *.example.com     A      192.0.2.7   example.com   public    as wanted
    keep     www.example.com   A      192.0.2.7   example.com   public    as wanted
    [exit status: 0]
    ");
    run("dns deploy --dry-run -q --progress none").assert_code(DONE);
    assert_snapshot!(run("dns destroy --dry-run -o name --progress none").expect(DIFFERENCE), @r"
    *.example.com
    www.example.com
    [exit status: 3]
    ");
    assert_snapshot!(run("dns destroy -o table --progress none").expect(DONE), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    delete   *.example.com     A      192.0.2.7   example.com   public    made for this app
    delete   www.example.com   A      192.0.2.7   example.com   public    made for this app
    ------- stderr -------
    DNS records of app shop: 2 deleted
    [exit status: 0]
    ");
    assert!(world.record("A/www").is_none() && world.record("A/*").is_none());
    assert_snapshot!(run("dns destroy -o table --progress none").expect(DONE), @r"
    ------- stderr -------
    no DNS record of app shop is there: nothing to do
    [exit status: 0]
    ");
}

#[test]
fn b56_what_is_not_published_is_a_warning_or_with_strict_an_error_and_never_silent() {
    let world = Published::new();
    world.ingress(
        "web",
        &["www.example.com", "api.example.com", "elsewhere.net"],
        Some("192.0.2.7"),
    );
    world.ingress("new", &["new.example.com"], None);
    world.foreign("A/www", "192.0.2.99");
    let run = |line: &str| world.env.run(line);
    assert_snapshot!(run("dns deploy -o table --progress none").expect(DONE), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    create   api.example.com   A      192.0.2.7   example.com   public    served
    block    www.example.com   A      192.0.2.7   example.com   public    it is somebody else's, and says 192.0.2.99
    ------- stderr -------
    warning: the A record of www.example.com in public zone example.com is in the way: it is somebody else's, and says 192.0.2.99
    warning: elsewhere.net is not published: no configured zone holds this name (Ingress kompox-shop-9b4aae/web)
    warning: new.example.com is not published: it has no address yet (Ingress kompox-shop-9b4aae/new)
    DNS records of app shop: 1 created, 1 in the way
    [exit status: 0]
    ");
    assert_snapshot!(run("dns deploy --strict -o table --progress none").expect(FAILED), @"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    keep     api.example.com   A      192.0.2.7   example.com   public    as wanted
    block    www.example.com   A      192.0.2.7   example.com   public    it is somebody else's, and says 192.0.2.99
    ------- stderr -------
    error: 3 names of app /ws/demo/prv/azure/cls/main/app/shop are not published (conflict)
      in detail:
        www.example.com: foreignRecord: the A record in public zone example.com is in the way: it is somebody else's, and says 192.0.2.99
          hint: delete it where it was made, or leave the name to its owner
        elsewhere.net: noZone: no configured zone holds this name (Ingress kompox-shop-9b4aae/web)
          hint: add its zone to the DNS zones of the cluster
        new.example.com: noAddress: it has no address yet (Ingress kompox-shop-9b4aae/new)
          hint: run it again once the load balancer has an address
    hint: everything else was done all the same
    [exit status: 1]
    ");
    let strict = run("dns deploy --strict -o json --progress none").expect(FAILED);
    let (data, error) = (strict.json(), strict.error());
    assert_eq!(error["kind"], "conflict");
    assert_eq!(error["failures"].as_array().unwrap().len(), 3);
    assert_eq!(
        members(&data),
        ["dryRun", "empty", "id", "name", "notPublished", "records"]
    );
    assert_eq!(world.record("A/www").unwrap()["etag"], "theirs");
    run("dns destroy -q --progress none").assert_code(DONE);
    assert_eq!(world.record("A/www").unwrap()["etag"], "theirs");
    assert!(world.record("A/api").is_none());
}

#[test]
fn what_only_others_serve_is_named_and_an_app_that_is_named_is_not_served_under_no_name() {
    let world = Published::new();
    world.put(
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"}}),
    );
    for (name, host) in [("one", "one.example.com"), ("two", "two.example.com")] {
        world.put(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"ingressClassName": "nginx", "rules": [{"host": host}]},
            "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}}));
    }
    world.put(json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "any", "namespace": NAMESPACE}, "spec": {"rules": [{}]}}));
    assert_snapshot!(world.env.run("dns deploy -o table --progress none").expect(DONE), @r"
    ------- stderr -------
    warning: Ingress kompox-shop-9b4aae/any is not published: it names no host
    warning: one.example.com is not published: its class nginx is that of k8s.io/ingress-nginx (Ingress kompox-shop-9b4aae/one)
    warning: two.example.com is not published: its class nginx is that of k8s.io/ingress-nginx (Ingress kompox-shop-9b4aae/two)
    nothing of app shop can be published now: nothing to do
    [exit status: 0]
    ");
}

#[test]
#[cfg(unix)]
fn on_a_terminal_destroying_shows_what_there_is_before_it_asks_and_asks_for_nothing_where_nothing_is() {
    let world = Published::new();
    world.ingress("web", &["www.example.com", "api.example.com"], Some("192.0.2.7"));
    world.env.run("dns deploy -q --progress none").assert_code(DONE);
    let line = "dns destroy --progress none --color never";
    let mut terminal = world.env.command(line).spawn_on_terminal();
    terminal.wait_for("[y/N] ");
    terminal.type_line("n");
    let (screen, code) = terminal.wait();
    assert_eq!(code, Some(i32::from(FAILED)));
    assert_snapshot!(screen.replace('\r', ""), @r"
    ACTION   HOST              TYPE   VALUE       ZONE          SEEN-BY   REASON
    delete   api.example.com   A      192.0.2.7   example.com   public    made for this app
    delete   www.example.com   A      192.0.2.7   example.com   public    made for this app
    Delete 2 DNS records of app shop? [y/N] n
    error: deleting 2 DNS records of app shop was not confirmed, so nothing was done (declined)
    hint: answer y, or give --yes
    ");
    assert!(world.record("A/www").is_some());
    let mut terminal = world.env.command(line).spawn_on_terminal();
    terminal.wait_for("Delete 2 DNS records of app shop? [y/N] ");
    terminal.type_line("y");
    assert_eq!(terminal.wait().1, Some(i32::from(DONE)));
    assert!(world.record("A/www").is_none() && world.record("A/api").is_none());
    let (screen, code) = world.env.command(line).spawn_on_terminal().wait();
    assert_eq!(code, Some(i32::from(DONE)));
    assert_snapshot!(screen.replace('\r', ""), @"no DNS record of app shop is there: nothing to do");
}

#[test]
fn a_cluster_that_goes_tells_which_records_stay_and_how_they_go() {
    let world = Published::new();
    world.ingress("web", &["www.example.com"], Some("192.0.2.7"));
    world.env.run("dns deploy -q --progress none").assert_code(DONE);
    let done = world
        .env
        .run("cluster deprovision --yes -q -o json --progress none")
        .expect(DONE)
        .json();
    let kept: Vec<&Value> = done["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["resource"].as_str().unwrap().ends_with("/A/www"))
        .collect();
    assert_eq!(kept.len(), 1, "{done}");
    assert_eq!(
        kept[0]["reason"],
        "DNS record of demo/azure/shop: `kompoxops dns destroy` deletes it"
    );
    world.env.run("dns destroy -q --progress none").assert_code(DONE);
    assert!(world.record("A/www").is_none());
}

#[test]
fn without_a_zone_or_a_cluster_the_way_is_told() {
    let env = shop();
    assert_snapshot!(env.run("dns deploy -o table --progress none").expect(FAILED), @r"
    ------- stderr -------
    error: cannot publish what app /ws/demo/prv/azure/cls/main/app/shop is served under (invalidInput)
      caused by: cluster /ws/demo/prv/azure/cls/main has no DNS zone to write to
    hint: name the zones of the app's hosts in AZURE_AKS_DNS_ZONE_RESOURCE_IDS
    [exit status: 1]
    ");
    env.run("dns destroy -q --progress none").assert_code(DONE);
}
