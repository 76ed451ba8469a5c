//! `Microsoft.Insights/components` (Application Insights), and what Azure makes besides, by itself.

use kompox_emulator_core::json::timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::common::{known, located, properties, string, word};
use super::{End, ResourceType, TypeInfo, alerts, workspaces};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// The type.
pub(crate) struct Components;

static INFO: TypeInfo = TypeInfo::synchronous("Microsoft.Insights", "components", api_versions::COMPONENTS);

const SETTABLE: [&str; 9] = [
    "Flow_Type",
    "Request_Source",
    "HockeyAppId",
    "SamplingPercentage",
    "DisableIpMasking",
    "ImmediatePurgeDataOn30Days",
    "ForceCustomerStorageForProfiler",
    "DisableLocalAuth",
    "RetentionInDays",
];
const OTHERS: [&str; 15] = [
    "Application_Type",
    "WorkspaceResourceId",
    "IngestionMode",
    "publicNetworkAccessForIngestion",
    "publicNetworkAccessForQuery",
    "ApplicationId",
    "AppId",
    "Name",
    "InstrumentationKey",
    "ConnectionString",
    "CreationDate",
    "TenantId",
    "provisioningState",
    "LaMigrationDate",
    "PrivateLinkScopedResources",
];

impl ResourceType for Components {
    fn info(&self) -> &'static TypeInfo {
        &INFO
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        check_name(id.name())?;
        let mut document = located(id, existing, body)?;
        let kind = body["kind"]
            .as_str()
            .ok_or_else(|| bad("The property 'kind' is required for an Application Insights component."))?;
        document["kind"] = kind.into();
        let location = document["location"].as_str().unwrap_or_default().to_owned();
        document["properties"] = settings(cx, id, &location, existing, &properties(body)?)?;
        Ok(document)
    }

    fn patch(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        super::common::tags_patch(existing, body)
    }

    fn settled(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value, created: bool) {
        if created {
            alerts::add_smart_detection(end, id);
        }
    }
}

fn settings(
    cx: &RequestContext<'_>,
    id: &ResourceId,
    location: &str,
    existing: Option<&Value>,
    sent: &Map<String, Value>,
) -> ArmResult<Value> {
    let all: Vec<&str> = SETTABLE.into_iter().chain(OTHERS).collect();
    known(sent, "ApplicationInsightsComponentProperties", &all)?;
    let application = word(sent, "Application_Type", &["web", "other"])?
        .ok_or_else(|| bad("The property 'Application_Type' is required."))?;
    // Components without a workspace cannot be made any more.
    let workspace = string(sent, "WorkspaceResourceId")?
        .ok_or_else(|| bad("The property 'WorkspaceResourceId' is required."))?;
    let workspace = workspaces::find(cx, workspace).ok_or_else(|| {
        bad(&format!(
            "Could not retrieve the Log Analytics workspace from ARM: {workspace}"
        ))
    })?;
    let old = |name: &str| existing.map(|existing| existing["properties"][name].clone());
    let fresh = |name: &str| old(name).unwrap_or_else(|| Uuid::new_v4().to_string().into());
    let (app, key) = (fresh("AppId"), fresh("InstrumentationKey"));
    let connection = format!(
        "InstrumentationKey={};IngestionEndpoint=https://{location}-0.in.applicationinsights.azure.com/;\
         LiveEndpoint=https://{location}.livediagnostics.monitor.azure.com/;ApplicationId={}",
        key.as_str().unwrap_or_default(),
        app.as_str().unwrap_or_default()
    );
    let mut stored = json!({
        "ApplicationId": id.name(),
        "AppId": app,
        "Application_Type": application,
        "Flow_Type": "Redfield",
        "Request_Source": "rest",
        "InstrumentationKey": key,
        "ConnectionString": connection,
        "Name": id.name(),
        "CreationDate": old("CreationDate").unwrap_or_else(|| timestamp(cx.now).into()),
        // So it is called, and it is the subscription.
        "TenantId": cx.subscription(),
        "RetentionInDays": 90,
        "IngestionMode": "LogAnalytics",
        "WorkspaceResourceId": workspace.to_string(),
        "Ver": "v2",
    });
    for name in SETTABLE {
        if let Some(value) = sent.get(name) {
            stored[name] = value.clone();
        }
    }
    if let Some(mode) = string(sent, "IngestionMode")?
        && mode != "LogAnalytics"
    {
        return Err(bad(&format!(
            "The ingestion mode '{mode}' cannot be used with a workspace; only 'LogAnalytics' can."
        )));
    }
    for name in ["publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"] {
        let access = word(sent, name, &["Enabled", "Disabled", "SecuredByPerimeter"])?;
        stored[name] = access.unwrap_or("Enabled").into();
    }
    Ok(stored)
}

fn bad(message: &str) -> Box<ArmError> {
    ArmError::new(400, "BadRequest", message)
}

fn check_name(name: &str) -> ArmResult<()> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    if (1..=260).contains(&name.chars().count()) && name.chars().all(allowed) && !name.ends_with('.') {
        return Ok(());
    }
    Err(ArmError::new(
        400,
        "InvalidResourceName",
        format!(
            "The component name '{name}' is invalid: letters, digits, '-', '.', '(', ')' and '_', and no '.' at the end."
        ),
    ))
}
