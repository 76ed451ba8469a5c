//! `GET …/outboundNetworkDependenciesEndpoints`: what nodes must reach.

use http::Method;
use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use crate::arm::api_versions::MANAGED_CLUSTERS;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::groups::check_scope;
use crate::arm::id::ResourceId;
use crate::arm::version::supported;
use crate::context::RequestContext;

/// Category, names, ports and protocols.
const ENDPOINTS: &[(&str, &[&str], u16, &str)] = &[
    (
        "azure-resource-management",
        &["management.azure.com", "login.microsoftonline.com"],
        443,
        "Https",
    ),
    (
        "images",
        &[
            "mcr.microsoft.com",
            "*.data.mcr.microsoft.com",
            "mcr-0001.mcr-msedge.net",
        ],
        443,
        "Https",
    ),
    (
        "artifacts",
        &[
            "packages.microsoft.com",
            "acs-mirror.azureedge.net",
            "packages.aks.azure.com",
        ],
        443,
        "Https",
    ),
    ("time-sync", &["ntp.ubuntu.com"], 123, "UDP"),
    (
        "ubuntu-optional",
        &[
            "security.ubuntu.com",
            "azure.archive.ubuntu.com",
            "changelogs.ubuntu.com",
        ],
        80,
        "Http",
    ),
];

/// The list for one cluster; the last entry is its own endpoint.
pub(super) fn list(cx: &RequestContext<'_>, id: &ResourceId) -> ArmResult<Reply> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    cx.authorize(
        "Microsoft.ContainerService/managedClusters/outboundNetworkDependenciesEndpoints/read",
        &id.to_string(),
    )?;
    supported(
        cx.request,
        "Microsoft.ContainerService",
        "managedClusters",
        MANAGED_CLUSTERS,
        &cx.environment.options.region,
    )?;
    check_scope(cx, id)?;
    let document = cx.state.documents.document(&id.key()).unwrap_or_default();
    let properties = &document["properties"];
    let mut value: Vec<Value> = ENDPOINTS
        .iter()
        .map(|(category, names, port, protocol)| entry(category, names, *port, protocol))
        .collect();
    // A private endpoint is within the network.
    let private = properties["apiServerAccessProfile"]["enablePrivateCluster"].as_bool() == Some(true);
    if let Some(host) = properties["fqdn"].as_str().filter(|_| !private) {
        value.push(entry("apiserver", &[host], 443, "Https"));
    }
    Ok(Reply::json(200, &json!({ "value": value })))
}

fn entry(category: &str, names: &[&str], port: u16, protocol: &str) -> Value {
    let endpoints: Vec<Value> = names
        .iter()
        .map(
            |name| json!({ "domainName": name, "endpointDetails": [{ "port": port, "protocol": protocol }] }),
        )
        .collect();
    json!({ "category": category, "endpoints": endpoints })
}
