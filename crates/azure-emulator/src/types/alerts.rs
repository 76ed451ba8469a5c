//! Smart detector alert rules and action groups: what Application Insights adds to a resource group by itself.

use serde_json::{Value, json};

use super::common::{global, known, properties, tagged};
use super::{End, ResourceType, TypeInfo};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::arm::providers;
use crate::context::RequestContext;

/// `Microsoft.AlertsManagement/smartDetectorAlertRules`.
pub(crate) struct SmartDetectorAlertRules;

/// `Microsoft.Insights/actionGroups`.
pub(crate) struct ActionGroups;

static RULES: TypeInfo = TypeInfo::synchronous(
    "Microsoft.AlertsManagement",
    "smartDetectorAlertRules",
    api_versions::ALERT_RULES,
);

static GROUPS: TypeInfo =
    TypeInfo::synchronous("Microsoft.Insights", "actionGroups", api_versions::ACTION_GROUPS);

impl ResourceType for SmartDetectorAlertRules {
    fn info(&self) -> &'static TypeInfo {
        &RULES
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let required = [
            "state",
            "severity",
            "frequency",
            "detector",
            "scope",
            "actionGroups",
        ];
        let optional = ["description", "throttling"];
        global_put(id, existing, body, "AlertRuleProperties", &required, &optional)
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
}

impl ResourceType for ActionGroups {
    fn info(&self) -> &'static TypeInfo {
        &GROUPS
    }

    fn has_state(&self) -> bool {
        false
    }

    fn put(
        &self,
        _cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let optional = [
            "armRoleReceivers",
            "automationRunbookReceivers",
            "azureAppPushReceivers",
            "azureFunctionReceivers",
            "emailReceivers",
            "eventHubReceivers",
            "itsmReceivers",
            "logicAppReceivers",
            "smsReceivers",
            "voiceReceivers",
            "webhookReceivers",
        ];
        global_put(
            id,
            existing,
            body,
            "ActionGroup",
            &["groupShortName", "enabled"],
            &optional,
        )
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
}

fn global_put(
    id: &ResourceId,
    existing: Option<&Value>,
    body: &Value,
    what: &str,
    required: &[&str],
    optional: &[&str],
) -> ArmResult<Value> {
    global(id, body)?;
    let sent = properties(body)?;
    let all: Vec<&str> = required.iter().chain(optional).copied().collect();
    known(&sent, what, &all)?;
    if let Some(missing) = required.iter().find(|name| !sent.contains_key(**name)) {
        return Err(ArmError::new(
            400,
            "BadRequest",
            format!("The property '{missing}' of '{what}' is required."),
        ));
    }
    let mut document = tagged(existing, body)?;
    document["location"] = "global".into();
    document["properties"] = Value::Object(sent);
    Ok(document)
}

/// What appears beside a new component: an alert rule that names it and, once per resource group, the action group
/// that the rule calls. Nobody's tags are on them, they stay when the component goes, and there is no rule in a
/// subscription that is not registered for rules.
pub(super) fn add_smart_detection(end: &mut End<'_>, component: &ResourceId) {
    let Some(group) = component.group_id() else { return };
    // So these two are written in lists of resources.
    let actions = group.extended(
        "microsoft.insights",
        "actiongroups",
        "Application Insights Smart Detection",
    );
    let receiver =
        |name: &str, role: &str| json!({ "name": name, "roleId": role, "useCommonAlertSchema": true });
    if end.state.documents.get(&actions.key()).is_none() {
        end.put(
            &actions,
            json!({
                "location": "Global",
                "properties": {
                    "groupShortName": "SmartDetect",
                    "enabled": true,
                    "emailReceivers": [],
                    "smsReceivers": [],
                    "webhookReceivers": [],
                    "armRoleReceivers": [
                        receiver("Monitoring Contributor", "749f88d5-cbae-40b8-bcfc-e573ddc772fa"),
                        receiver("Monitoring Reader", "43d0d8ad-25c7-4714-9337-8ba259a9fe05"),
                    ],
                }
            }),
        );
    }
    let rule = group.extended(
        "microsoft.alertsmanagement",
        "smartDetectorAlertRules",
        &format!("Failure Anomalies - {}", component.name()),
    );
    if !providers::is_registered(end.state, RULES.namespace) || end.state.documents.get(&rule.key()).is_some()
    {
        return;
    }
    end.put(
        &rule,
        json!({
            "location": "global",
            "properties": {
                "description": "Failure Anomalies notifies you of an unusual rise in the rate of failed HTTP requests or dependency calls.",
                "state": "Enabled",
                "severity": "Sev3",
                "frequency": "PT1M",
                "detector": { "id": "FailureAnomaliesDetector" },
                "scope": [component.to_string()],
                "actionGroups": { "groupIds": [actions.to_string()] },
            }
        }),
    );
}
