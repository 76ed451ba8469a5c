//! Credentials: kubeconfigs of the cluster's endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kompox_emulator_core::reply::Reply;
use kompox_kubernetes_emulator::kubeconfig::{Kubeconfig, Login};
use serde_json::{Value, json};

use super::refusal;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// `POST …/listClusterAdminCredential`.
pub(super) fn admin(cx: &RequestContext<'_>, id: &ResourceId, existing: &Value) -> ArmResult<Reply> {
    if existing["properties"]["disableLocalAccounts"].as_bool() == Some(true) {
        return Err(refusal(
            400,
            "BadRequest",
            "Getting static credential is not allowed because this cluster is set to disable local accounts.",
        ));
    }
    answer(cx, id, existing, true, Login::Certificate)
}

/// `POST …/listClusterUserCredential`.
pub(super) fn user(cx: &RequestContext<'_>, id: &ResourceId, existing: &Value) -> ArmResult<Reply> {
    let aad = &existing["properties"]["aadProfile"];
    if !aad.is_object() {
        return answer(cx, id, existing, false, Login::Certificate);
    }
    let legacy = match cx.request.query("format") {
        None | Some("" | "exec") => false,
        Some("azure") => true,
        Some(other) => {
            return Err(ArmError::invalid_parameter(
                "format",
                format!(
                    "The value '{other}' of parameter format is invalid. Allowed values are 'azure', 'exec'."
                ),
            )
            .bare());
        }
    };
    let tenant = aad["tenantID"]
        .as_str()
        .unwrap_or(&cx.environment.identity.tenant_id);
    answer(cx, id, existing, false, Login::Entra { tenant, legacy })
}

fn answer(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    existing: &Value,
    admin: bool,
    login: Login<'_>,
) -> ArmResult<Reply> {
    let properties = &existing["properties"];
    let not_ready = || {
        refusal(
            404,
            "ControlPlaneNotFound",
            format!("Could not find control plane of managed cluster '{}'.", id.name()),
        )
    };
    let uid = properties["resourceUID"].as_str().ok_or_else(not_ready)?;
    let endpoint = kompox_kubernetes_emulator::find(&cx.state.documents, uid).ok_or_else(not_ready)?;
    let (public, private) = (properties["fqdn"].as_str(), properties["privateFQDN"].as_str());
    // The private name is the default where there is one.
    let host = match cx.request.query("server-fqdn") {
        Some(asked) if asked.eq_ignore_ascii_case("public") => public,
        _ => private.or(public),
    };
    let host = host.ok_or_else(|| {
        refusal(
            400,
            "BadRequest",
            "The public FQDN of this cluster is disabled: its kubeconfig cannot have it.",
        )
    })?;
    let kubeconfig = Kubeconfig {
        endpoint: &endpoint,
        base: &cx.environment.endpoint,
        host,
        cluster: id.name(),
        group: id.group.as_deref().unwrap_or_default(),
        admin,
        login,
    };
    let name = if admin { "clusterAdmin" } else { "clusterUser" };
    let value = STANDARD.encode(kubeconfig.yaml());
    Ok(Reply::json(
        200,
        &json!({ "kubeconfigs": [{ "name": name, "value": value }] }),
    ))
}
