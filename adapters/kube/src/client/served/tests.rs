//! What objects tell of names and addresses.

use serde_json::json;

use super::*;

#[test]
fn an_ingress_is_served_under_the_hosts_of_its_rules_at_the_addresses_of_its_status() {
    let ingress = json!({
        "metadata": {"name": "web"},
        "spec": {
            "rules": [{"host": "a.com"}, {"host": "b.com"}, {"host": "a.com"}, {}, {"host": ""}],
            "tls": [{"hosts": ["only-tls.com"]}]
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.net"}, {}]}}
    });
    let served = of_ingress("shop", &ingress);
    let hosts: Vec<&str> = served.iter().map(|one| one.host.as_str()).collect();
    assert_eq!(hosts, ["a.com", "b.com"]);
    assert_eq!(served[0].addresses, ["192.0.2.1", "lb.net"]);
    assert_eq!(served[0].source, "Ingress shop/web");
    let bare = json!({"metadata": {"name": "bare"}, "spec": {"rules": [{"host": "a.com"}]}});
    assert!(of_ingress("shop", &bare)[0].addresses.is_empty());
}

#[test]
fn an_http_route_tells_its_gateways_and_whatever_is_strange_tells_nothing() {
    let object = |spec: Value| json!({"metadata": {"name": "r"}, "spec": spec});
    let route = of_http_route(
        "shop",
        &object(json!({
            "hostnames": ["a.com", 7],
            "parentRefs": [{"name": "own"}, {"name": "g", "namespace": "infra"}, {"kind": "Service", "name": "s"}, {}]
        })),
    );
    let host = BTreeSet::from(["a.com".to_owned()]);
    assert_eq!(route.hosts, host);
    let at = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    assert_eq!(route.gateways, [at("shop", "own"), at("infra", "g")]);
    let route = of_ingress_route(
        "shop",
        &object(json!({"routes": [{"match": "Host(`a.com`)"}, {"kind": "Rule"}]})),
    );
    assert_eq!(route.hosts, host);
    for strange in [json!("text"), json!({"routes": {}, "hostnames": {}, "rules": 7})] {
        let strange = object(strange);
        assert!(of_http_route("shop", &strange).hosts.is_empty());
        assert!(of_ingress_route("shop", &strange).hosts.is_empty());
        assert!(of_ingress("shop", &strange).is_empty());
    }
}
