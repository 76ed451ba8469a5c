//! Data collection rules and their associations: what a cluster sends to which workspace.

use kompox_emulator_core::store::State;
use serde_json::{Map, Value, json};

use super::common::{known, located, object_member, properties, string, word};
use super::{End, Placement, ResourceType, TypeInfo, workspaces};
use crate::arm::api_versions;
use crate::arm::error::{ArmError, ArmResult};
use crate::arm::id::ResourceId;
use crate::context::RequestContext;

/// `Microsoft.Insights/dataCollectionRules`.
pub(crate) struct Rules;

/// `Microsoft.Insights/dataCollectionRuleAssociations`.
pub(crate) struct Associations;

const RULE_KIND: &str = "microsoft.insights/datacollectionrules";
const ASSOCIATION_KIND: &str = "microsoft.insights/datacollectionruleassociations";

static RULES: TypeInfo = TypeInfo::synchronous(
    "Microsoft.Insights",
    "dataCollectionRules",
    api_versions::DATA_COLLECTION,
);

static ASSOCIATIONS: TypeInfo = TypeInfo {
    kind: "dataCollectionRuleAssociations",
    ..RULES
};

/// Types that data can be collected from, of those that can be here.
const SOURCES: [&str; 1] = ["microsoft.containerservice/managedclusters"];

impl ResourceType for Rules {
    fn info(&self) -> &'static TypeInfo {
        &RULES
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let mut document = located(id, existing, body)?;
        let top = body.as_object().cloned().unwrap_or_default();
        if let Some(kind) = word(&top, "kind", &["Linux", "Windows"])? {
            document["kind"] = kind.into();
        }
        let sent = properties(body)?;
        check_rule(cx, &sent)?;
        let mut stored = Value::Object(sent);
        let number = existing.map_or_else(
            || format!("dcr-{}", uuid::Uuid::new_v4().simple()).into(),
            |existing| existing["properties"]["immutableId"].clone(),
        );
        stored["immutableId"] = number;
        document["properties"] = stored;
        document["etag"] = etag();
        Ok(document)
    }

    fn patch(
        &self,
        _cx: &RequestContext<'_>,
        _id: &ResourceId,
        existing: &Value,
        body: &Value,
    ) -> ArmResult<Value> {
        let mut document = super::common::tags_patch(existing, body)?;
        document["etag"] = etag();
        Ok(document)
    }

    fn check_delete(&self, cx: &RequestContext<'_>, id: &ResourceId, _existing: &Value) -> ArmResult<()> {
        let along = cx
            .request
            .query("deleteAssociations")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if along || associations_of(cx.state, id).is_empty() {
            return Ok(());
        }
        Err(ArmError::new(
            409,
            "ExistingAssociationsPreventDelete",
            format!("Data collection rule '{id}' has associations, which must be deleted before it."),
        ))
    }

    fn deleted(&self, end: &mut End<'_>, id: &ResourceId, _document: &Value) {
        for key in associations_of(end.state, id) {
            end.remove(&key);
        }
    }
}

impl ResourceType for Associations {
    fn info(&self) -> &'static TypeInfo {
        &ASSOCIATIONS
    }

    fn placement(&self) -> Placement {
        Placement::Extension
    }

    fn put(
        &self,
        cx: &RequestContext<'_>,
        id: &ResourceId,
        _existing: Option<&Value>,
        body: &Value,
    ) -> ArmResult<Value> {
        let kind = id.above().map(|source| source.kind()).unwrap_or_default();
        if !SOURCES.contains(&kind.to_lowercase().as_str()) {
            return Err(bad(
                "InvalidResource",
                format!(
                    "Association cannot be created for resource of type '{kind}'. Supported types are: {}.",
                    SOURCES.join(",")
                ),
            ));
        }
        let sent = properties(body)?;
        known(
            &sent,
            "DataCollectionRuleAssociation",
            &["description", "dataCollectionRuleId", "provisioningState"],
        )?;
        let rule = string(&sent, "dataCollectionRuleId")?
            .and_then(ResourceId::parse)
            .ok_or_else(|| {
                bad(
                    "InvalidPayload",
                    "'dataCollectionRuleId' must be the id of a data collection rule.".to_owned(),
                )
            })?;
        if cx
            .state
            .documents
            .get(&rule.key())
            .is_none_or(|resource| &*resource.kind != RULE_KIND)
        {
            return Err(ArmError::resource_not_found(&rule));
        }
        let mut stored = json!({ "dataCollectionRuleId": rule.to_string() });
        if let Some(description) = string(&sent, "description")? {
            stored["description"] = description.into();
        }
        Ok(json!({ "properties": stored, "etag": etag() }))
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

/// Another one with every write, in quotes as Azure has them.
fn etag() -> Value {
    format!("\"{}\"", uuid::Uuid::new_v4()).into()
}

fn bad(code: &str, message: String) -> Box<ArmError> {
    ArmError::new(400, code, message)
}

/// Keys of the associations that name a rule.
fn associations_of(state: &State, rule: &ResourceId) -> Vec<String> {
    let (key, scope) = (
        rule.key(),
        format!("/subscriptions/{}", rule.subscription.to_lowercase()),
    );
    state
        .documents
        .of_type(ASSOCIATION_KIND, &scope, None)
        .filter(|(_, association)| {
            let document = association.document();
            let named = document["properties"]["dataCollectionRuleId"].as_str();
            named.is_some_and(|named| named.eq_ignore_ascii_case(&key))
        })
        .map(|(key, _)| key.to_string())
        .collect()
}

/// Sources, destinations and flows, and that what flows has somewhere to go.
fn check_rule(cx: &RequestContext<'_>, sent: &Map<String, Value>) -> ArmResult<()> {
    known(
        sent,
        "DataCollectionRule",
        &[
            "description",
            "dataSources",
            "destinations",
            "dataFlows",
            "immutableId",
            "provisioningState",
        ],
    )?;
    let whole = Value::Object(sent.clone());
    let invalid = |message: &str| bad("InvalidPayload", message.to_owned());
    object_member(&whole, "dataSources")?.ok_or_else(|| invalid("'dataSources' is required."))?;
    let destinations =
        object_member(&whole, "destinations")?.ok_or_else(|| invalid("'destinations' is required."))?;
    let mut names = Vec::new();
    for (kind, list) in destinations {
        if kind != "logAnalytics" {
            return Err(ArmError::new(
                501,
                "NotImplemented",
                format!(
                    "This embedded Azure does not serve the destination '{kind}' of data collection rules."
                ),
            ));
        }
        for destination in list.as_array().into_iter().flatten() {
            let workspace = destination["workspaceResourceId"].as_str().unwrap_or_default();
            if workspaces::find(cx, workspace).is_none() {
                return Err(bad(
                    "InvalidOutputTable",
                    format!("The workspace '{workspace}' of a destination was not found."),
                ));
            }
            names.push(destination["name"].as_str().unwrap_or_default());
        }
    }
    let flows = whole["dataFlows"]
        .as_array()
        .filter(|flows| !flows.is_empty())
        .ok_or_else(|| invalid("'dataFlows' is required."))?;
    for flow in flows {
        let streams = flow["streams"]
            .as_array()
            .is_some_and(|streams| !streams.is_empty());
        let to = flow["destinations"].as_array().cloned().unwrap_or_default();
        let known = |name: &Value| name.as_str().is_some_and(|name| names.contains(&name));
        if !streams || to.is_empty() || !to.iter().all(known) {
            return Err(invalid(
                "A data flow must have streams, and destinations that the rule has.",
            ));
        }
    }
    Ok(())
}
