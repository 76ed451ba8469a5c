//! `Microsoft.Insights/diagnosticSettings`: where a resource sends its logs. Workspaces are the only destination
//! served.

use serde_json::{Map, Value, json};

use super::common::{known, properties, string, word};
use super::{Placement, ResourceType, TypeInfo, workspaces};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct DiagnosticSettings;

const KIND: &str = "microsoft.insights/diagnosticsettings";
const MOST: usize = 5;

static INFO: TypeInfo = TypeInfo::synchronous(
    "Microsoft.Insights",
    "diagnosticSettings",
    api_versions::DIAGNOSTIC_SETTINGS,
);

/// The log categories of each type that can send logs, and whether it sends metrics.
const CATEGORIES: [(&str, &[&str], bool); 6] = [
    (
        "microsoft.containerregistry/registries",
        &[
            "ContainerRegistryRepositoryEvents",
            "ContainerRegistryLoginEvents",
        ],
        true,
    ),
    (
        "microsoft.keyvault/vaults",
        &["AuditEvent", "AzurePolicyEvaluationDetails"],
        true,
    ),
    (
        "microsoft.containerservice/managedclusters",
        &[
            "kube-apiserver",
            "kube-audit",
            "kube-audit-admin",
            "kube-controller-manager",
            "kube-scheduler",
            "cluster-autoscaler",
            "cloud-controller-manager",
            "guard",
            "csi-azuredisk-controller",
            "csi-azurefile-controller",
            "csi-snapshot-controller",
        ],
        true,
    ),
    (
        "microsoft.operationalinsights/workspaces",
        &["Audit", "SummaryLogs"],
        true,
    ),
    (
        "microsoft.insights/components",
        &["AppTraces", "AppRequests", "AppExceptions"],
        true,
    ),
    ("microsoft.network/virtualnetworks", &["VMProtectionAlerts"], true),
];

impl ResourceType for DiagnosticSettings {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn placement(&self) -> Placement {
        Placement::Extension
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let sent = properties(body)?;
        let target = id.above().unwrap_or_else(|| id.clone());
        let stored = settings(cx, &target, &sent)?;
        if existing.is_none() {
            check_count(cx, &target)?;
        }
        Ok(json!({ "properties": stored }))
    }

    fn patch(
        &self,
        cx: &RequestContext<'_>,
        _id: &ResourceId,
        _existing: &Value,
        _body: &Value,
    ) -> ArmResult<Value> {
        Err(ArmError::method(&cx.request.method))
    }
}

fn bad(message: String) -> Box<ArmError> {
    ArmError::new(400, "BadRequest", message)
}

fn settings(cx: &RequestContext<'_>, target: &ResourceId, sent: &Map<String, Value>) -> ArmResult<Value> {
    let elsewhere = [
        "storageAccountId",
        "serviceBusRuleId",
        "eventHubAuthorizationRuleId",
        "eventHubName",
        "marketplacePartnerId",
    ];
    let here = ["workspaceId", "logs", "metrics", "logAnalyticsDestinationType"];
    let all: Vec<&str> = here.into_iter().chain(elsewhere).collect();
    known(sent, "DiagnosticSettings", &all)?;
    if let Some(name) = elsewhere.into_iter().find(|name| sent.contains_key(*name)) {
        return Err(ArmError::new(
            501,
            "NotImplemented",
            format!("This embedded Azure does not serve '{name}' of diagnostic settings."),
        ));
    }
    let kind = target.kind().to_lowercase();
    let Some((_, logs, metrics)) = CATEGORIES.iter().find(|(known, ..)| *known == kind) else {
        return Err(ArmError::new(
            400,
            "ResourceTypeNotSupported",
            format!("The resource type '{kind}' does not support diagnostic settings."),
        ));
    };
    let workspace = string(sent, "workspaceId")?.ok_or_else(|| {
        bad("At least one data sink needs to be specified for a diagnostic setting.".to_owned())
    })?;
    let workspace = workspaces::find(cx, workspace).ok_or_else(|| missing(workspace))?;
    let logs = entries(sent, "logs", |category| {
        logs.iter().any(|known| known.eq_ignore_ascii_case(category))
    })?;
    let metrics = entries(sent, "metrics", |category| {
        *metrics && category.eq_ignore_ascii_case("AllMetrics")
    })?;
    if logs.is_empty() && metrics.is_empty() {
        return Err(bad(
            "At least one log or metric category needs to be specified for a diagnostic setting.".to_owned(),
        ));
    }
    let mut stored = json!({ "workspaceId": workspace.to_string(), "logs": logs, "metrics": metrics });
    if let Some(kind) = word(
        sent,
        "logAnalyticsDestinationType",
        &["Dedicated", "AzureDiagnostics"],
    )? {
        stored["logAnalyticsDestinationType"] = kind.into();
    }
    Ok(stored)
}

fn missing(id: &str) -> Box<ArmError> {
    ResourceId::parse(id).map_or_else(
        || bad(format!("The workspace id '{id}' is invalid.")),
        |id| ArmError::resource_not_found(&id),
    )
}

fn entries(
    sent: &Map<String, Value>,
    name: &str,
    is_category: impl Fn(&str) -> bool,
) -> ArmResult<Vec<Value>> {
    let list = match sent.get(name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(ArmError::content(&format!("'{name}' must be a list"))),
    };
    for entry in list {
        if !entry["enabled"].is_boolean() {
            return Err(bad(format!(
                "Every entry of '{name}' must say whether it is 'enabled'."
            )));
        }
        let known = match (entry["category"].as_str(), entry["categoryGroup"].as_str()) {
            (Some(category), None) => is_category(category),
            (None, Some(group)) => name == "logs" && matches!(group, "allLogs" | "audit"),
            _ => false,
        };
        if !known {
            let category = entry["category"].as_str().or(entry["categoryGroup"].as_str());
            return Err(bad(format!(
                "Category '{}' is not supported.",
                category.unwrap_or_default()
            )));
        }
    }
    Ok(list.clone())
}

fn check_count(cx: &RequestContext<'_>, target: &ResourceId) -> ArmResult<()> {
    let key = target.key();
    let at = format!("{key}/providers/{KIND}/");
    let count = cx
        .state
        .documents
        .of_type(KIND, &key, None)
        .filter(|(key, _)| key.starts_with(&at))
        .count();
    if count < MOST {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "Conflict",
        format!("The limit of {MOST} diagnostic settings was reached for '{target}'."),
    ))
}
