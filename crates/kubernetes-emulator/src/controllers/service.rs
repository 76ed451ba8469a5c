//! The load balancer: a service of that type gets an address after a while, and lets go of it before it leaves.

use serde_json::{Value, json};

use super::events;
use crate::kinds::known;
use crate::objects::{Objects, Scope, is_leaving, set_finalizer};

/// A service gets its address.
pub(super) const ADDRESS: &str = "address";
/// A service lets go of it.
pub(super) const RELEASE: &str = "release";
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
const MANAGER: &str = "cloud-controller-manager";
const INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";

fn is_balanced(service: &Value) -> bool {
    service["spec"]["type"] == "LoadBalancer"
}

/// Plans what is to become of a service.
pub(super) fn reconcile(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let services = known("services");
    let scope = Scope::of(&services, Some(namespace));
    let Some(live) = objects.get(scope, name) else {
        return;
    };
    if is_leaving(&live) {
        if is_balanced(&live) {
            objects.plan(RELEASE, Some(namespace), name, objects.pace.load_balancer);
        }
        return;
    }
    let mut new = live.clone();
    let has_address = live["status"]["loadBalancer"]["ingress"].is_array();
    if is_balanced(&live) {
        set_finalizer(&mut new, FINALIZER, true);
        if !has_address {
            objects.plan(ADDRESS, Some(namespace), name, objects.pace.load_balancer);
        }
        objects.write(scope, &live, new, MANAGER, "");
    } else if has_address {
        set_finalizer(&mut new, FINALIZER, false);
        new["status"]["loadBalancer"] = json!({});
        objects.write(scope, &live, new, MANAGER, "status");
    }
}

/// Gives a service the address that it asks for, or one that no other has.
pub(super) fn give_address(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let services = known("services");
    let scope = Scope::of(&services, Some(namespace));
    let Some(live) = objects.get(scope, name) else {
        return;
    };
    if is_leaving(&live) || !is_balanced(&live) {
        return;
    }
    let taken: Vec<Value> = objects
        .all(Scope::of(&services, None))
        .iter()
        .flat_map(|service| {
            service["status"]["loadBalancer"]["ingress"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .map(|ingress| ingress["ip"].clone())
        .collect();
    // Within the cluster's network, or of the addresses that are kept for documentation.
    let range = if live["metadata"]["annotations"][INTERNAL] == "true" {
        "10.224.1"
    } else {
        "203.0.113"
    };
    let free = (1..255)
        .map(|number| format!("{range}.{number}"))
        .find(|address| !taken.iter().any(|there| there == address.as_str()));
    let wanted = live["spec"]["loadBalancerIP"]
        .as_str()
        .filter(|ip| !ip.is_empty());
    let Some(address) = wanted.map(str::to_owned).or(free) else {
        return;
    };
    let mut new = live.clone();
    new["status"]["loadBalancer"] = json!({ "ingress": [{ "ip": address, "ipMode": "VIP" }] });
    objects.write(scope, &live, new, MANAGER, "status");
    let who = ("service-controller", false);
    events::tell(
        objects,
        &live,
        who,
        "EnsuredLoadBalancer",
        "Ensured load balancer",
    );
}

/// The load balancer has forgotten a service.
pub(super) fn release(objects: &mut Objects<'_>, namespace: &str, name: &str) {
    let services = known("services");
    let scope = Scope::of(&services, Some(namespace));
    if let Some(live) = objects.get(scope, name).filter(is_leaving) {
        let mut new = live.clone();
        set_finalizer(&mut new, FINALIZER, false);
        objects.write(scope, &live, new, MANAGER, "");
    }
}
