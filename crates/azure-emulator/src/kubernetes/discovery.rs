//! What a client learns about the API: groups, resources, version, health.

use serde_json::{Value, json};

use super::cluster;
use super::kinds::KINDS;
use crate::reply::Reply;

/// Answers a path of discovery; `None` for any other.
pub(super) fn handle(path: &[&str], cluster: &Value) -> Option<Reply> {
    let body = match path {
        [] => json!({ "paths": paths() }),
        ["healthz" | "livez" | "readyz"] => {
            let mut reply = Reply::empty(200).with("Content-Type", "text/plain; charset=utf-8");
            reply.body = bytes::Bytes::from_static(b"ok");
            return Some(reply);
        }
        ["version"] => version(cluster::version(cluster)),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ["apis"] => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["api", "v1"] => resources("", "v1")?,
        ["apis", name] => {
            let name = groups().into_iter().find(|known| known == name)?;
            let mut body = group(name);
            body["kind"] = "APIGroup".into();
            body["apiVersion"] = "v1".into();
            body
        }
        ["apis", name, version] => resources(name, version)?,
        _ => return None,
    };
    Some(Reply::json(200, &body))
}

fn paths() -> Vec<String> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for name in groups() {
        paths.push(format!("/apis/{name}"));
        paths.push(format!("/apis/{name}/v1"));
    }
    paths.extend(["/healthz", "/livez", "/readyz", "/version"].map(str::to_owned));
    paths
}

/// Groups besides the core.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = KINDS
        .iter()
        .map(|kind| kind.group)
        .filter(|group| !group.is_empty())
        .collect();
    groups.dedup();
    groups
}

fn group(name: &str) -> Value {
    let version = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn resources(group: &str, version: &str) -> Option<Value> {
    let kinds: Vec<_> = KINDS
        .iter()
        .filter(|kind| kind.group == group && kind.version == version)
        .collect();
    let first = kinds.first()?;
    let resources: Vec<Value> = kinds.iter().map(|kind| kind.discovery()).collect();
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
