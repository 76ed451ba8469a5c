//! `GET /metadata/endpoints`: how a client learns where everything is.

use kompox_emulator_core::reply::Reply;
use serde_json::{Value, json};

use super::error::ArmResult;
use crate::context::RequestContext;

/// One object for newer api-versions, a list for older ones; the Azure CLI asks for both shapes.
pub(crate) fn endpoints(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    let version = super::version::well_formed(cx.request)?;
    let cloud = cloud(&cx.request.base, &cx.environment.identity.tenant_id);
    let body = if version >= "2022-01-01" {
        cloud
    } else {
        Value::Array(vec![cloud])
    };
    Ok(Reply::json(200, &body))
}

pub(crate) fn cloud(base: &str, tenant: &str) -> Value {
    json!({
        "name": "KompoxEmulator",
        "portal": base,
        "resourceManager": format!("{base}/"),
        "authentication": {
            "loginEndpoint": format!("{base}/"),
            "audiences": [format!("{base}/"), base],
            "tenant": tenant,
            "identityProvider": "AAD"
        },
        "graph": format!("{base}/graph/"),
        "graphAudience": format!("{base}/graph/"),
        "microsoftGraphResourceId": format!("{base}/graph/"),
        "gallery": format!("{base}/gallery/"),
        "batch": format!("{base}/batch/"),
        "media": format!("{base}/media/"),
        "sqlManagement": format!("{base}/sql/"),
        "vmImageAliasDoc": format!("{base}/aliases.json"),
        "activeDirectoryDataLake": format!("{base}/datalake/"),
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "keyVaultDns": "vault.azure.net",
            "storage": "core.windows.net",
            "sqlServerHostname": "database.windows.net"
        }
    })
}
