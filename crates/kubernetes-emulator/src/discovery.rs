//! What a client learns about the API: groups, resources, version, health.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::Documents;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::crds;
use super::kinds::KindRef;
use super::openapi;

/// Answers a path of discovery; `None` for any other.
pub(crate) fn handle(path: &[&str], cluster: &Cluster, documents: &Documents) -> Option<Reply> {
    let body = match path {
        ["healthz" | "livez" | "readyz"] => {
            let mut reply = Reply::empty(200).with("Content-Type", "text/plain; charset=utf-8");
            reply.body = bytes::Bytes::from_static(b"ok");
            return Some(reply);
        }
        ["version"] => version(&cluster.version),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ["openapi", "v3", rest @ ..] => {
            let kinds = crds::all(documents, &cluster.uid);
            match rest {
                [] => openapi::index(&kinds, &hash(&kinds)),
                ["api", version] => openapi::document(&kinds, "", version)?,
                ["apis", group, version] => openapi::document(&kinds, group, version)?,
                _ => return None,
            }
        }
        [] | ["api", _] | ["apis", ..] => {
            let kinds = crds::all(documents, &cluster.uid);
            match path {
                [] => json!({ "paths": paths(&kinds) }),
                ["apis"] => {
                    let groups: Vec<Value> = groups(&kinds)
                        .into_iter()
                        .map(|name| group(&kinds, name))
                        .collect();
                    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
                }
                ["api", version] => resources(&kinds, "", version)?,
                ["apis", name] => {
                    let name = groups(&kinds).into_iter().find(|known| known == name)?;
                    let mut body = group(&kinds, name);
                    body["kind"] = "APIGroup".into();
                    body["apiVersion"] = "v1".into();
                    body
                }
                ["apis", name, version] if !name.is_empty() => resources(&kinds, name, version)?,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Reply::json(200, &body))
}

/// What changes when the kinds do: clients keep a document as long as its address is the same.
fn hash(kinds: &[KindRef]) -> String {
    let mut hasher = DefaultHasher::new();
    for kind in kinds {
        (&kind.group, &kind.version, &kind.kind).hash(&mut hasher);
        kind.custom.as_ref().map(Value::to_string).hash(&mut hasher);
    }
    format!("{:016X}", hasher.finish())
}

fn paths(kinds: &[KindRef]) -> Vec<String> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for name in groups(kinds) {
        paths.push(format!("/apis/{name}"));
        paths.extend(
            versions(kinds, name)
                .into_iter()
                .map(|version| format!("/apis/{name}/{version}")),
        );
    }
    paths.extend(["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    paths
}

/// Groups besides the core, in order of the table.
fn groups(kinds: &[KindRef]) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for kind in kinds {
        let group = kind.group.as_str();
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn versions<'a>(kinds: &'a [KindRef], group: &str) -> Vec<&'a str> {
    let mut versions: Vec<&str> = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group) {
        if !versions.contains(&kind.version.as_str()) {
            versions.push(&kind.version);
        }
    }
    versions.sort_by_key(|version| std::cmp::Reverse(crds::rank(version)));
    versions
}

fn group(kinds: &[KindRef], name: &str) -> Value {
    let versions: Vec<Value> = versions(kinds, name)
        .into_iter()
        .map(|version| json!({ "groupVersion": format!("{name}/{version}"), "version": version }))
        .collect();
    let preferred = versions.first().cloned();
    json!({ "name": name, "versions": versions, "preferredVersion": preferred })
}

fn resources(kinds: &[KindRef], group: &str, version: &str) -> Option<Value> {
    let kinds: Vec<_> = kinds
        .iter()
        .filter(|kind| kind.group == group && kind.version == version)
        .collect();
    let first = kinds.first()?;
    let resources: Vec<Value> = kinds.iter().flat_map(|kind| kind.discovery()).collect();
    Some(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.api_version(),
        "resources": resources
    }))
}

fn version(version: &str) -> Value {
    let mut parts = version.split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "gitVersion": format!("v{version}"),
        "gitTreeState": "clean",
        "compiler": "gc",
        "platform": "linux/amd64"
    })
}
