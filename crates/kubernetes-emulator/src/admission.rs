//! What a server decides about an object before it is stored: addresses, protection, what it has from its place.

use kompox_emulator_core::json::object;
use serde_json::{Value, json};

use super::controllers::ingress;
use super::kinds::{Kind, known};
use super::namespaces;
use super::objects::{Objects, Scope, set_finalizer};
use super::status::{Answer, Problem, Status};
use super::storage::{CLAIM_PROTECTION, CLASSES, VOLUME_PROTECTION};

/// Decides, or refuses.
pub(crate) fn admit(
    objects: &Objects<'_>,
    kind: &Kind,
    namespace: Option<&str>,
    live: Option<&Value>,
    document: &mut Value,
) -> Answer<()> {
    match (kind.kind.as_str(), live) {
        ("Namespace", None) => namespaces::complete(document),
        ("Namespace", Some(live)) => {
            document["spec"] = live["spec"].clone();
            namespaces::label(document);
        }
        ("Service", _) => return service(objects, kind, live, document),
        ("PersistentVolume", None) => set_finalizer(document, VOLUME_PROTECTION, true),
        ("PersistentVolumeClaim", None) => {
            set_finalizer(document, CLAIM_PROTECTION, true);
            // None is the default one; an empty one is none.
            let [default, ..] = CLASSES;
            object(document, "spec")
                .entry("storageClassName")
                .or_insert_with(|| default.into());
            document["status"] = json!({ "phase": "Pending" });
        }
        ("Ingress", None) => ingress::give_default_class(objects, document),
        ("Pod", None) => return pod(objects, kind, namespace, document),
        _ => {}
    }
    Ok(())
}

/// A pod runs as somebody.
fn pod(objects: &Objects<'_>, kind: &Kind, namespace: Option<&str>, document: &mut Value) -> Answer<()> {
    let spec = object(document, "spec");
    let account = spec
        .entry("serviceAccountName")
        .or_insert_with(|| "default".into())
        .as_str()
        .unwrap_or_default()
        .to_owned();
    spec.insert("serviceAccount".to_owned(), account.clone().into());
    document["status"] = json!({ "phase": "Pending" });
    let accounts = known("serviceaccounts");
    if objects.get(Scope::of(&accounts, namespace), &account).is_some() {
        return Ok(());
    }
    let name = document["metadata"]["name"].as_str().unwrap_or_default();
    let why = format!(
        "error looking up service account {}/{account}: serviceaccount {account:?} not found",
        namespace.unwrap_or_default()
    );
    Err(Status::forbidden_object(kind, name, &why))
}

/// A service has an address of its own, and ports on the nodes where its type says so. What it has it keeps.
fn service(objects: &Objects<'_>, kind: &Kind, live: Option<&Value>, document: &mut Value) -> Answer<()> {
    if live.is_none() {
        document["status"] = json!({ "loadBalancer": {} });
    }
    let outside = document["spec"]["type"] == "ExternalName";
    let name = document["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let spec = object(document, "spec");
    if outside {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
        return Ok(());
    }
    let services = known("services");
    let others: Vec<Value> = objects
        .all(Scope::of(&services, None))
        .into_iter()
        .filter(|other| live.is_none_or(|live| live["metadata"]["uid"] != other["metadata"]["uid"]))
        .collect();
    let wanted = spec
        .get("clusterIP")
        .and_then(Value::as_str)
        .filter(|ip| !ip.is_empty());
    let had = live.and_then(|live| live["spec"]["clusterIP"].as_str());
    let taken = |address: &str| others.iter().any(|other| other["spec"]["clusterIP"] == address);
    let address = match wanted.or(had) {
        Some(address) if address != "None" && taken(address) => {
            let why = format!("failed to allocate IP {address}: provided IP is already allocated");
            let problem = Problem::value("spec.clusterIPs", &json!([address]), &why);
            return Err(Status::invalid(kind, &name, &[problem]));
        }
        Some(address) => address.to_owned(),
        None => (256_u32..65_000)
            .map(|number| format!("10.0.{}.{}", number >> 8, number & 255))
            .find(|address| !taken(address))
            .unwrap_or_default(),
    };
    spec.insert("clusterIPs".to_owned(), json!([address]));
    spec.insert("clusterIP".to_owned(), address.into());
    node_ports(live, &others, document);
    health_port(live, &others, document);
    Ok(())
}

/// The port at which nodes say whether a pod of a service runs on them: only where that matters.
fn health_port(live: Option<&Value>, others: &[Value], document: &mut Value) {
    const PORT: &str = "healthCheckNodePort";
    let spec = object(document, "spec");
    let is = |spec: &serde_json::Map<String, Value>, field: &str, word: &str| {
        spec.get(field).and_then(Value::as_str) == Some(word)
    };
    if !is(spec, "type", "LoadBalancer") || !is(spec, "externalTrafficPolicy", "Local") {
        spec.remove(PORT);
        return;
    }
    if spec.contains_key(PORT) {
        return;
    }
    let had = live.and_then(|live| live["spec"][PORT].as_u64());
    let used = |number: u64| {
        let ports = |service: &Value| service["spec"]["ports"].as_array().cloned().unwrap_or_default();
        let own = spec.get("ports").and_then(Value::as_array).into_iter().flatten();
        own.cloned()
            .chain(others.iter().flat_map(ports))
            .any(|port| port["nodePort"] == number)
            || others.iter().any(|other| other["spec"][PORT] == number)
    };
    let number = had.or_else(|| (30_000..32_768).find(|number| !used(*number)));
    spec.insert(PORT.to_owned(), number.into());
}

fn node_ports(live: Option<&Value>, others: &[Value], document: &mut Value) {
    let ports = |service: &Value| service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let on_nodes = matches!(
        document["spec"]["type"].as_str(),
        Some("LoadBalancer" | "NodePort")
    );
    let mut taken: Vec<u64> = others
        .iter()
        .chain(live)
        .flat_map(ports)
        .filter_map(|port| port["nodePort"].as_u64())
        .collect();
    let before = live.map(ports).unwrap_or_default();
    let Some(Value::Array(list)) = document["spec"].get_mut("ports") else {
        return;
    };
    for port in list {
        if !on_nodes {
            kompox_emulator_core::json::fields(port).remove("nodePort");
        } else if port.get("nodePort").is_none() {
            let same = before.iter().find(|old| {
                old["port"] == port["port"] && old["protocol"] == port["protocol"] && old["nodePort"].is_u64()
            });
            let number = same.and_then(|old| old["nodePort"].as_u64()).unwrap_or_else(|| {
                (30_000..32_768)
                    .find(|number| !taken.contains(number))
                    .unwrap_or(32_767)
            });
            taken.push(number);
            port["nodePort"] = number.into();
        }
    }
}
