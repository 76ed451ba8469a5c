//! The ingress controller: a Traefik that runs tells each Ingress of its classes the addresses of its published service.
//!
//! Only what Traefik does to objects is here; nothing is served. Of its arguments `--providers.kubernetesingress` and
//! the published service count, as they do for Traefik itself. An Ingress keeps what it was told when Traefik is gone.

use serde_json::{Value, json};

use crate::kinds::known;
use crate::objects::{Objects, Scope, is_leaving};

/// What Traefik answers to among IngressClasses.
const CONTROLLER: &str = "traefik.io/ingress-controller";
/// The class of an Ingress as it was said before there were IngressClasses.
const ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
const MANAGER: &str = "traefik";
const PROVIDER: &str = "--providers.kubernetesingress";
const PUBLISHED: &str = "--providers.kubernetesingress.ingressendpoint.publishedservice=";

/// Gives a new Ingress that names no class the default one, the newest where there are several.
pub(crate) fn give_default_class(objects: &Objects<'_>, ingress: &mut Value) {
    let named = ingress["spec"]["ingressClassName"].is_string()
        || ingress["metadata"]["annotations"][ANNOTATION].is_string();
    if named {
        return;
    }
    let mut defaults: Vec<Value> = classes(objects)
        .into_iter()
        .filter(|class| class["metadata"]["annotations"][DEFAULT_CLASS] == "true")
        .collect();
    // As the API server sorts them: the newest first, then by name.
    defaults.sort_by_key(|class| {
        let text = |field: &str| class["metadata"][field].as_str().unwrap_or_default().to_owned();
        (std::cmp::Reverse(text("creationTimestamp")), text("name"))
    });
    if let Some(class) = defaults.first() {
        ingress["spec"]["ingressClassName"] = class["metadata"]["name"].clone();
    }
}

fn classes(objects: &Objects<'_>) -> Vec<Value> {
    objects.all(Scope::of(&known("ingressclasses"), None))
}

/// Tells all Ingresses that a running Traefik serves where they are reached.
pub(super) fn reconcile(objects: &mut Objects<'_>) {
    let ingresses = known("ingresses");
    let all = objects.all(Scope::of(&ingresses, None));
    if all.is_empty() {
        return;
    }
    let Some(addresses) = published(objects) else {
        return;
    };
    let ours: Vec<Value> = classes(objects)
        .into_iter()
        .filter(|class| class["spec"]["controller"] == CONTROLLER)
        .map(|class| class["metadata"]["name"].clone())
        .collect();
    for ingress in all {
        if is_leaving(&ingress) || !serves(&ours, &ingress) {
            continue;
        }
        let mut new = ingress.clone();
        new["status"]["loadBalancer"] = json!({ "ingress": addresses });
        let namespace = ingress["metadata"]["namespace"].as_str();
        objects.write(Scope::of(&ingresses, namespace), &ingress, new, MANAGER, "status");
    }
}

fn serves(ours: &[Value], ingress: &Value) -> bool {
    let class = &ingress["spec"]["ingressClassName"];
    if class.is_string() {
        return ours.contains(class);
    }
    // Traefik takes an Ingress without any class for its own too.
    let annotation = &ingress["metadata"]["annotations"][ANNOTATION];
    annotation.is_null() || annotation == "traefik"
}

/// The addresses of the published service of a Traefik that has a pod which is ready.
fn published(objects: &Objects<'_>) -> Option<Value> {
    let service = objects
        .all(Scope::of(&known("deployments"), None))
        .iter()
        .filter(|deployment| deployment["status"]["readyReplicas"].as_u64() > Some(0))
        .find_map(published_service)?;
    let (namespace, name) = service.split_once('/')?;
    let service = objects.get(Scope::of(&known("services"), Some(namespace)), name)?;
    let points: Vec<Value> = service["status"]["loadBalancer"]["ingress"]
        .as_array()?
        .iter()
        .map(|point| {
            // Of a service's address an Ingress takes over what an Ingress knows.
            let fields = ["ip", "hostname"].into_iter();
            fields
                .filter_map(|field| Some((field.to_owned(), point.get(field)?.clone())))
                .collect::<serde_json::Map<_, _>>()
                .into()
        })
        .collect();
    Some(points.into())
}

fn published_service(deployment: &Value) -> Option<String> {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array()?;
    containers.iter().find_map(|container| {
        let arguments: Vec<&str> = container["args"]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let on = arguments
            .iter()
            .filter_map(|argument| argument.strip_prefix(PROVIDER))
            .any(|rest| rest.is_empty() || rest == "=true");
        let service = arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(PUBLISHED))?;
        on.then(|| service.to_owned())
    })
}
